import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { shownOverride } from '../admin/admin-app.ts'
import { CHANNELS } from '../domain/message.ts'
import { mismatchInWords } from '../domain/mismatch.ts'
import { parsePhone } from '../domain/phone.ts'
import type { Variant } from '../domain/router.ts'
import { explain, type RuleVerdict } from '../rules/explain.ts'
import { conditionsAt, factsOf, printExplanation } from '../words/explain-words.ts'
import { nodeStateOf } from '../words/node-words.ts'
import { gathering } from '../words/printer.ts'
import type { ConsoleDependencies } from './ports.ts'
import { refuse } from './refuse.ts'
import type { ShownExplanation } from './shown.ts'

type ExplainOptions = Pick<ConsoleDependencies, 'node' | 'mask' | 'epoch'>

const Asked = Type.Object(
  {
    number: Type.String({ minLength: 1, maxLength: 64 }),
    channel: Type.Enum([...CHANNELS]),
    locale: Type.Optional(Type.String({ maxLength: 64 })),
    org: Type.Optional(Type.String({ maxLength: 255 }))
  },
  { additionalProperties: false }
)

/**
 * How a number would be routed now: what `switchboard explain --at-state` says, with the rules and the state of this
 * node. The number goes nowhere but into the decision.
 */
export const explainRoutes: FastifyPluginAsyncTypebox<ExplainOptions> = async (
  app,
  { node, mask, epoch }
) => {
  app.post('/explain', { schema: { body: Asked } }, async ({ body }, reply) => {
    const { rules } = node.liveRules()
    const { file } = node.rulesStatus()
    const { channel, locale = null, org = null } = body
    const read = parsePhone(body.number, rules.defaults.country)
    if (read === undefined) {
      const hint =
        rules.defaults.country === null
          ? ' Without "+" it needs "country" under "defaults" of the rules.'
          : ''
      return await refuse(reply, 400, `That cannot be read as a phone number.${hint}`)
    }
    // What is dialled behind a number is a part of it, and no rule looks at it.
    const phone = { ...read, extension: null }
    const facts = factsOf({ phone, channel, flow: 'sign_in', locale, org, atMs: epoch() })
    const state = nodeStateOf({ ...node.status(), overrides: node.overrides().map(shownOverride) })
    const explanation = explain(rules, facts, conditionsAt(state))
    const page = gathering()
    const shownAs = mask(phone)
    printExplanation(page, { rules, file, facts, node: state, explanation, shownAs })
    const shown: ShownExplanation = {
      phone: shownAs,
      country: phone.routingCountry,
      numberType: phone.type,
      report: page.text(),
      winner: explanation.winner,
      rules: explanation.rules.map(shownVerdict),
      variants: explanation.variants.map(shownVariant)
    }
    return await reply.send(shown)
  })
}

function shownVerdict({ rule, verdict }: RuleVerdict): ShownExplanation['rules'][number] {
  return {
    name: rule.name,
    verdict: verdict.kind,
    because:
      verdict.kind === 'no' ? mismatchInWords(verdict.mismatch) : verdict.kind === 'matches' ? rule.why : null
  }
}

function shownVariant({ share, plan }: Variant): ShownExplanation['variants'][number] {
  if (plan.kind === 'block') return { share, blocked: plan.reason, chain: [], skipped: [] }
  const { chain, lastResorts, skipped } = plan
  return {
    share,
    blocked: null,
    chain: [...chain, ...lastResorts].map(({ provider, sender, timeoutMs }, place) => ({
      provider,
      sender: sender.name,
      timeoutMs,
      isLastResort: place >= chain.length
    })),
    skipped: skipped.map(({ provider, reason }) => ({ provider, reason }))
  }
}
