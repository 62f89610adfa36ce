import { bitsWhere, commonBits, type Bits } from '../domain/bits.ts'
import type { Facts } from '../domain/facts.ts'
import { CHANNELS, FLOWS, type Channel, type Flow } from '../domain/message.ts'
import type { E164, NumberType } from '../domain/phone.ts'
import type { Lookup } from '../domain/rule-index.ts'
import type { Router } from '../domain/router.ts'
import type { Rule, When } from '../domain/rules.ts'
import type { Territory } from './territories.ts'

/**
 * Everything that rules can tell apart. Of endless many requests there are only so many kinds: a rule
 * that asks for "+441" and for nobody else's numbers parts a country's numbers in two. What is shown of a
 * country, compared between two files, or searched for a rule's first request goes through these kinds.
 */
export interface Space {
  /** The ways in which a territory's numbers can begin. */
  readonly beginningsOf: (territory: Territory) => readonly Beginning[]
  readonly channels: readonly Channel[]
  readonly flows: readonly (Flow | null)[]
  /** Those that rules name, and null for all others. */
  readonly locales: readonly (string | null)[]
  readonly orgs: readonly (string | null)[]
}

/** Numbers that no rule tells apart by how they begin. */
export interface Beginning {
  /** The longest prefix of a rule that they begin with; null: none but such as hold for the whole territory. */
  readonly prefix: string | null
  /** One of them, which may belong to nobody. */
  readonly e164: E164
}

/** One kind of request, of a territory. */
export interface Kind {
  readonly beginning: Beginning
  readonly type: NumberType
  readonly channel: Channel
  readonly flow: Flow | null
  readonly locale: string | null
  readonly org: string | null
}

export function spaceOf(whens: readonly When[]): Space {
  const prefixes = distinct(whens, 'prefix').toSorted()
  /** Countries of one calling code have the same ones. */
  const known = new Map<string, readonly Beginning[]>()
  return {
    beginningsOf({ callingCode }) {
      const beginnings = known.get(callingCode) ?? beginningsOf(`+${callingCode}`, prefixes)
      known.set(callingCode, beginnings)
      return beginnings
    },
    channels: CHANNELS,
    flows: [...FLOWS, null],
    locales: [...distinct(whens, 'locale'), null],
    orgs: [...distinct(whens, 'org'), null]
  }
}

/** A request of that kind, for `decide()` and for look-ups. */
export function factsOf(territory: Territory, kind: Kind, atMs: number): Facts {
  const { country, callingCode } = territory
  const { beginning, type, channel, flow, locale, org } = kind
  return {
    channel,
    phone: { e164: beginning.e164, country, routingCountry: country, callingCode, type, extension: null },
    flow,
    locale,
    org,
    atMs,
    person: '',
    triedLast: null
  }
}

/** The rules that all of the look-ups with these keys let through; all rules where there is none. */
export function letThrough(
  { lookups, ruleCount }: Pick<Router, 'lookups' | 'ruleCount'>,
  keys: ReadonlySet<Lookup['key']>,
  facts: Facts
): Bits {
  const [first, ...rest] = lookups.filter(({ key }) => keys.has(key))
  if (first === undefined) return bitsWhere(ruleCount, () => true)
  return rest.reduce(
    (common, { bitsFor }) => commonBits(common, bitsFor(facts).words),
    first.bitsFor(facts).words
  )
}

/** Rules that are alive, as far as a file's own rules say. */
export function aliveAt({ untilMs }: Pick<Rule, 'untilMs'>, atMs: number): boolean {
  return untilMs === null || untilMs > atMs
}

function distinct(whens: readonly When[], key: 'prefix' | 'locale' | 'org'): readonly string[] {
  return [...new Set(whens.flatMap((when) => when[key] ?? []))]
}

/** @param prefixes in the order of their digits: those that a prefix begins follow it. */
function beginningsOf(callingCode: string, prefixes: readonly string[]): readonly Beginning[] {
  const longer = prefixes.filter((prefix) => prefix.startsWith(callingCode) && prefix !== callingCode)
  const own = longer.map((prefix, place): Beginning | null => {
    let end = place + 1
    while (longer[end]?.startsWith(prefix) === true) end++
    const number = escape(prefix, longer.slice(place + 1, end))
    return number === null ? null : { prefix, e164: number as E164 }
  })
  const rest = escape(callingCode, longer)
  return [
    ...(rest === null ? [] : [{ prefix: null, e164: rest as E164 }]),
    ...own.filter((beginning) => beginning !== null)
  ]
}

/** As long as numbers are, where nothing asks for more. */
const USUAL_LENGTH = '+'.length + 11
const LONGEST = '+'.length + 15

/** A number that begins so and with none of the longer prefixes; null where they leave none. */
function escape(start: string, longer: readonly string[]): string | null {
  if (longer.includes(start)) return null
  if (longer.length === 0) return start.padEnd(USUAL_LENGTH, '0')
  if (start.length >= LONGEST) return null
  for (const digit of '0123456789') {
    const next = start + digit
    const found = escape(
      next,
      longer.filter((prefix) => prefix.startsWith(next))
    )
    if (found !== null) return found
  }
  return null
}
