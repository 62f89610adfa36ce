import type { Facts } from './facts.ts'
import { prefixFitToLog } from './phone.ts'
import { broaderTags, readTypes } from './rule-index.ts'
import type { Rule, When } from './rules.ts'

/** The first reason for which a rule does not match. */
export interface Mismatch {
  readonly key: keyof When | 'until'
  /** What the request has; null where it has none. For `until` the moment, in ISO 8601. */
  readonly found: string | null
  /** What the rule asks for, as the file says it. For `until` when the rule ended. */
  readonly asked: readonly string[]
}

/** A predicate by itself: what {@link decide} compiles into tables, said once more for people. */
type Test = (
  facts: Facts,
  asked: readonly string[]
) => { readonly holds: boolean; readonly found: string | null }

const oneOf =
  (valueOf: (facts: Facts) => string | null): Test =>
  (facts, asked) => {
    const found = valueOf(facts)
    return { holds: found !== null && asked.includes(found), found }
  }

/** In the order in which reasons are looked for. */
const TESTS: { readonly [K in keyof Required<When>]: Test } = {
  country: oneOf(({ phone }) => phone.routingCountry),
  not_country: ({ phone: { routingCountry: found } }, asked) => ({
    holds: found === null || !asked.includes(found),
    found
  }),
  channel: oneOf(({ channel }) => channel),
  number_type: ({ phone: { type } }, asked) => ({
    holds: asked.flatMap(readTypes).includes(type),
    found: type
  }),
  prefix: ({ phone }, asked) => ({
    holds: asked.some((prefix) => phone.e164.startsWith(prefix)),
    // What is explained is passed on to others.
    found: prefixFitToLog(phone)
  }),
  flow: oneOf(({ flow }) => flow),
  locale: ({ locale }, asked) => {
    const tag = (locale ?? '').toLowerCase()
    return { holds: [tag, ...broaderTags(tag)].some((broader) => asked.includes(broader)), found: locale }
  },
  org: oneOf(({ org }) => org)
}

/**
 * Why a rule does not match; null where it does. Walks what {@link decide} looks up: a test holds the two
 * equal.
 */
export function mismatchOf(
  { when, untilMs, written }: Pick<Rule, 'when' | 'untilMs' | 'written'>,
  facts: Facts
): Mismatch | null {
  if (untilMs !== null && untilMs <= facts.atMs) {
    return {
      key: 'until',
      found: new Date(facts.atMs).toISOString(),
      asked: [new Date(untilMs).toISOString()]
    }
  }
  for (const key of Object.keys(TESTS) as (keyof When)[]) {
    const asked = when[key]
    if (asked === undefined) continue
    const { holds, found } = TESTS[key](facts, asked)
    if (holds) continue
    const named = key === 'country' || key === 'not_country' ? written[key] : undefined
    return { key, found, asked: named ?? asked }
  }
  return null
}

/** "country GG is not in nordics", without a full stop. */
export function mismatchInWords({ key, found, asked }: Mismatch): string {
  const list = asked.join(', ')
  switch (key) {
    case 'until':
      return `it ended at ${list}`
    case 'country': {
      const groups = asked.some((name) => !/^[A-Z]{2}$/u.test(name))
      return found === null
        ? `no country, and it asks for ${list}`
        : `country ${found} is not ${groups ? 'in ' : ''}${list}`
    }
    case 'not_country':
      return `country ${found} is excluded by ${list}`
    case 'prefix':
      return `it does not begin with ${list}`
    case 'number_type':
    case 'channel':
    case 'flow':
    case 'locale':
    case 'org':
      return found === null
        ? `no ${key}, and it asks for ${list}`
        : `${key} ${found} is not ${asked.length > 1 ? 'one of ' : ''}${list}`
    default:
      return key satisfies never
  }
}
