import { hasBit } from '../domain/bits.ts'
import type { Facts } from '../domain/facts.ts'
import type { Country } from '../domain/phone.ts'
import { compileRouter, planAttempt, type Router } from '../domain/router.ts'
import type { Action, Rule, RuleSet } from '../domain/rules.ts'
import { factsOf, letThrough, spaceOf } from './space.ts'
import { TERRITORIES } from './territories.ts'

/**
 * Names of alphanumeric senders, with the countries in which texts would come from them, carriers take only
 * registered names, and the file does not say that it is registered.
 *
 * @param registration countries whose carriers ask for it.
 */
export function findUnregistered(
  rules: RuleSet,
  registration: readonly Country[],
  nowMs: number
): ReadonlyMap<string, readonly Country[]> {
  const router = compileRouter(rules, { shadows: false })
  const found = new Map<string, Country[]>()
  for (const territory of TERRITORIES) {
    const { country } = territory
    if (country === null || !registration.includes(country)) continue
    const [beginning] = spaceOf([]).beginningsOf(territory)
    if (beginning === undefined) throw new Error('A country has numbers.')
    const text = { beginning, type: 'mobile', channel: 'sms', flow: null, locale: null, org: null } as const
    const facts = factsOf(territory, text, nowMs)
    const names = new Set(actionsFor(router, facts).flatMap((action) => namesOf(router, action, facts)))
    for (const name of names) {
      const registered = rules.senders.get(name)?.registeredIn.includes(country) ?? false
      if (!registered) found.set(name, [...(found.get(name) ?? []), country])
    }
  }
  return found
}

/** What rules do with texts to a country, down to the first that takes all that is left of them. */
function actionsFor(router: Router, facts: Facts): readonly Action[] {
  const matching = letThrough(router, new Set(['country', 'not_country', 'channel', 'until']), facts)
  const actions: Action[] = []
  for (const [number, rule] of router.rules.entries()) {
    if (!hasBit(matching, number)) continue
    actions.push(rule.action)
    if (takesAll(rule)) return actions
  }
  return [...actions, router.otherwise]
}

function takesAll({
  when: { country: _country, not_country: _excluded, channel: _channel, ...finer }
}: Rule): boolean {
  return Object.keys(finer).length === 0
}

function namesOf(router: Router, action: Action, facts: Facts): readonly string[] {
  if (action.kind === 'block') return []
  return action.steps.flatMap((step) => {
    const providers = step.kind === 'split' ? step.arms.map(({ provider }) => provider) : [step.provider]
    return providers.flatMap((provider) => {
      const planned = planAttempt(router, provider, step, facts)
      const isName = typeof planned !== 'string' && planned.sender.kind === 'alphanumeric'
      return isName ? [planned.sender.name] : []
    })
  })
}
