import { InvalidArgumentError, Option } from 'commander'
import { CHANNELS, FLOWS, type Channel, type Flow } from '../domain/message.ts'
import { parsePhone, type Country } from '../domain/phone.ts'
import { compileRouter, stableDraw, type Plan, type PlannedAttempt } from '../domain/router.ts'
import type { RuleSet } from '../domain/rules.ts'
import { isCountry, suggestPlace } from '../rules/countries.ts'
import { explain } from '../rules/explain.ts'
import { routesOf, type RouteRow } from '../rules/routes.ts'
import { TERRITORIES } from '../rules/territories.ts'
import { routeInWords, skippedInWords, TRUNCATED } from '../words/chain-words.ts'
import { conditionsAt, factsOf, printExplanation } from '../words/explain-words.ts'
import { paint } from '../words/paint.ts'
import { adminUrl } from './admin-client.ts'
import { examples, STATUS, type AddCommand, type Io } from './command.ts'
import { readNode } from './node-state.ts'
import { soundRules, usualFile } from './rules-file.ts'

interface Options {
  readonly file?: string
  readonly country?: Country
  readonly channel?: Channel
  readonly flow?: Flow
  readonly locale?: string
  readonly org?: string
  readonly user?: string
  readonly atState?: string | true
  readonly json?: true
}

export const addExplain: AddCommand = (program, io, end) => {
  program
    .command('explain')
    .description(
      'say how a number would be routed, and why: each rule with the first reason it does not match'
    )
    .argument('[number]', 'as Okta would send it; "+" and digits')
    .option(
      '-f, --file <file>',
      'a rules file, or a revision of one (default: ROUTING_FILE, or config/routing.yaml)'
    )
    .option('--country <code>', 'a whole country in place of a number', readCountry)
    .addOption(new Option('--channel <channel>', 'sms, where nothing is said').choices(CHANNELS))
    .addOption(
      new Option('--flow <flow>', 'what the user is doing; sign_in, where nothing is said').choices(FLOWS)
    )
    .option('--locale <tag>', "the user's language, such as en-US")
    .option('--org <domain>', 'the Okta org, such as acme.okta.com')
    .option('--user <id>', "Okta's user id: which arm of a split this person gets")
    .option(
      '--at-state [url]',
      'with the breakers, drains and capacity of a running gateway (default: ADMIN_URL)'
    )
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      examples(
        'explain +447911123456',
        'explain +46701740605 --channel voice --locale sv-SE',
        'explain +46701740605 --at-state',
        'explain --country SE',
        'explain --country SE --file HEAD~1:config/routing.yaml'
      )
    )
    .action(async (number: string | undefined, options: Options) => {
      if ((number === undefined) === (options.country === undefined)) {
        io.complain('Give a number, or --country: one of them.\n')
        return end(STATUS.usage)
      }
      const forNumbers = (['flow', 'locale', 'org', 'user', 'atState'] as const).find(
        (name) => options[name] !== undefined
      )
      if (options.country !== undefined && forNumbers !== undefined) {
        io.complain(
          '--flow, --locale, --org, --user and --at-state are for a number: a country is shown whole.\n'
        )
        return end(STATUS.usage)
      }
      const file = options.file ?? usualFile(io)
      const rules = await soundRules(io, file)
      if (rules === null) return end(STATUS.findings)
      if (options.country !== undefined) return explainCountry(io, rules, file, options.country, options)
      end(await explainNumber(io, { rules, file, number: number ?? '', options }))
    })
}

function readCountry(written: string): Country {
  const code = written.toUpperCase()
  if (isCountry(code)) return code
  const meant = suggestPlace(written, [])
  throw new InvalidArgumentError(
    `It is no ISO country code.${meant === undefined ? '' : ` Did you mean ${meant}?`}`
  )
}

interface Asked {
  readonly rules: RuleSet
  readonly file: string
  readonly number: string
  readonly options: Options
}

async function explainNumber(io: Io, { rules, file, number, options }: Asked) {
  const phone = parsePhone(number, rules.defaults.country)
  if (phone === undefined) {
    const hint = rules.defaults.country === null ? ' Without "+" it needs "country" under "defaults".' : ''
    io.complain(`That cannot be read as a phone number.${hint}\n`)
    return STATUS.usage
  }
  const node = options.atState === undefined ? null : await readNode(io, urlOf(io, options.atState))
  if (options.atState !== undefined && node === null) return STATUS.findings

  const { channel = 'sms', flow = 'sign_in', locale = null, org = null } = options
  const facts = factsOf({ phone, channel, flow, locale, org, atMs: io.now() })
  const draw = options.user === undefined ? null : stableDraw(`${options.user}/${phone.e164}`)
  const people = draw === null ? undefined : { from: draw, to: draw + Number.EPSILON }
  const explanation = explain(rules, facts, conditionsAt(node), people)
  if (options.json === true) {
    const { e164: _number, ...read } = phone
    const nodeSaid = node === null ? {} : { node: { hash: node.rulesHash, canary: node.canary } }
    const { channel, flow, locale, org } = facts
    const asked = { ...read, channel, flow, locale, org }
    const variants = explanation.variants.map(({ share, plan }) => ({ share, plan: plainPlan(plan) }))
    io.print(
      `${JSON.stringify({ file, hash: rules.hash, ...nodeSaid, asked, ...explanation, variants }, null, 2)}\n`
    )
    return STATUS.fine
  }
  printExplanation(io, { rules, file, facts, node, explanation, shownAs: phone.e164 })
  return STATUS.fine
}

function urlOf(io: Io, atState: string | true): string {
  return atState === true ? adminUrl(io) : atState
}

/** Without the sender's tables, which are the same for all. */
function plainPlan(plan: Plan): unknown {
  if (plan.kind === 'block') return plan
  return { ...plan, chain: plan.chain.map(plainAttempt), lastResorts: plan.lastResorts.map(plainAttempt) }
}

function plainAttempt({ sender: { name, kind, value }, ...rest }: PlannedAttempt): unknown {
  return { ...rest, sender: { name, kind, value } }
}

function explainCountry(io: Io, rules: RuleSet, file: string, country: Country, options: Options): void {
  const territories = TERRITORIES.filter((territory) => territory.country === country)
  const channels = options.channel === undefined ? CHANNELS : [options.channel]
  const router = compileRouter(rules, { shadows: false })
  const { rows, truncated } = routesOf(router, io.now(), { territories, channels })
  if (options.json === true) {
    io.print(`${JSON.stringify({ file, hash: rules.hash, country, rows, truncated }, null, 2)}\n`)
    return
  }
  const { bold, dim } = paint(io.colour)
  const name = new Intl.DisplayNames('en', { type: 'region' }).of(country)
  io.print(
    `${bold(country)}  ${name} (calling code ${territories[0]?.callingCode})  ${dim(`rules ${rules.hash} of ${file}`)}\n`
  )
  for (const channel of channels) {
    io.print(`\n${channel}\n`)
    const here = rows.filter((one) => one.channel === channel)
    for (const row of here) printRow(io, row, here.length === 1 ? 'all' : 'all others')
  }
  if (truncated) io.complain(TRUNCATED)
}

function printRow(io: Io, row: RouteRow, rest: string): void {
  const { conditions, rule, chains, skipped } = row
  const which = conditions.length === 0 ? rest : conditions.join('; or ')
  io.print(`  ${which}\n    ${routeInWords(row)}  (rule ${rule})\n`)
  const senders = new Map(chains.flatMap(({ steps }) => steps.map((step) => [step.provider, step] as const)))
  const details = [...senders.values()].map(
    ({ provider, sender, timeoutMs }) => `${provider} from ${sender}, ${timeoutMs} ms`
  )
  if (details.length > 0) io.print(`    ${details.join('; ')}\n`)
  if (skipped.length > 0) io.print(`    passed over: ${skippedInWords(skipped)}\n`)
}
