import type { Facts } from './facts.ts'
import type { When } from './rules.ts'

/** One bit a rule: set where the rule's predicate holds, or where it asks for nothing. */
type Bits = Uint32Array

/** Gives the rules that one predicate lets through. */
export type Lookup = (facts: Facts) => Bits

/**
 * Compiles rules so that a decision does not walk them. For each predicate there is a table from a
 * value to the set of rules that it lets through; a decision takes one set from each table, and the
 * first rule in all of them has won. 32 rules are compared by one AND.
 */
export function indexRules(whens: readonly When[]): readonly Lookup[] {
  const uses = (key: keyof When): boolean => whens.some((when) => when[key] !== undefined)
  const lookups: { readonly [K in keyof Required<When>]: () => Lookup } = {
    country: () => exact(whens, 'country', ({ phone }) => phone.routingCountry),
    not_country: () => excluded(whens),
    prefix: () => longestPrefix(whens),
    number_type: () => exact(whens, 'number_type', ({ phone }) => phone.type, readTypes),
    channel: () => exact(whens, 'channel', ({ channel }) => channel),
    flow: () => exact(whens, 'flow', ({ flow }) => flow),
    locale: () => bySubtag(whens),
    org: () => exact(whens, 'org', ({ org }) => org)
  }
  return (Object.keys(lookups) as (keyof When)[]).filter(uses).map((key) => lookups[key]())
}

/** The number of the first rule that every lookup lets through, or -1. */
export function firstCommon(lookups: readonly Lookup[], facts: Facts, ruleCount: number): number {
  if (lookups.length === 0) return -1
  const rows = lookups.map((lookup) => lookup(facts))
  const words = wordsFor(ruleCount)
  for (let word = 0; word < words; word++) {
    let common = 0xffffffff
    for (const row of rows) common &= row[word] as number
    // `x & -x` keeps the lowest bit alone.
    if (common !== 0) return word * 32 + 31 - Math.clz32(common & -common)
  }
  return -1
}

/** A US number is mobile or a landline and nobody can tell which: it satisfies a rule for either. */
function readTypes(asked: string): readonly string[] {
  return asked === 'mobile' || asked === 'fixed_line' ? [asked, 'fixed_line_or_mobile'] : [asked]
}

function exact(
  whens: readonly When[],
  key: keyof When,
  valueOf: (facts: Facts) => string | null,
  expand: (asked: string) => readonly string[] = (asked) => [asked]
): Lookup {
  const open = select(whens, (when) => when[key] === undefined)
  const table = new Map<string, Bits>()
  whens.forEach((when, number) => {
    for (const value of (when[key] ?? []).flatMap(expand)) set(entry(table, value, open), number)
  })
  return (facts) => table.get(valueOf(facts) ?? '') ?? open
}

/** A number whose country is not known is in none of the excluded ones. */
function excluded(whens: readonly When[]): Lookup {
  const all = select(whens, () => true)
  const table = new Map<string, Bits>()
  whens.forEach((when, number) => {
    for (const country of when.not_country ?? []) clear(entry(table, country, all), number)
  })
  return ({ phone }) => table.get(phone.routingCountry ?? '') ?? all
}

function longestPrefix(whens: readonly When[]): Lookup {
  const { table, open } = nested(whens, 'prefix', () => true)
  const longest = Math.max(...[...table.keys()].map(({ length }) => length))

  return ({ phone }) => {
    for (let length = Math.min(longest, phone.e164.length); length > 1; length--) {
      const bits = table.get(phone.e164.slice(0, length))
      if (bits !== undefined) return bits
    }
    return open
  }
}

/** "en" lets "en-us" through, and "en-us" does not let "en" through. */
function bySubtag(whens: readonly When[]): Lookup {
  const { table, open } = nested(whens, 'locale', (value, asked) => value[asked.length] === '-')

  return ({ locale }) => {
    let tag = (locale ?? '').toLowerCase()
    while (tag !== '') {
      const bits = table.get(tag)
      if (bits !== undefined) return bits
      tag = tag.slice(0, Math.max(0, tag.lastIndexOf('-')))
    }
    return open
  }
}

/** A table in which a longer value lets through what the shorter ones that it begins with do. */
function nested(
  whens: readonly When[],
  key: 'prefix' | 'locale',
  continues: (value: string, asked: string) => boolean
): { readonly table: ReadonlyMap<string, Bits>; readonly open: Bits } {
  const open = select(whens, (when) => when[key] === undefined)
  const exactly = new Map<string, Bits>()
  whens.forEach((when, number) => {
    for (const value of when[key] ?? []) set(entry(exactly, value, open), number)
  })
  const table = new Map<string, Bits>()
  for (const [value, own] of exactly) {
    const bits = own.slice()
    for (let length = 1; length < value.length; length++) {
      const asked = value.slice(0, length)
      const shorter = exactly.get(asked)
      if (shorter !== undefined && continues(value, asked)) add(bits, shorter)
    }
    table.set(value, bits)
  }
  return { table, open }
}

function entry(table: Map<string, Bits>, value: string, initial: Bits): Bits {
  const existing = table.get(value)
  if (existing !== undefined) return existing
  const created = initial.slice()
  table.set(value, created)
  return created
}

function select(whens: readonly When[], holds: (when: When) => boolean): Bits {
  const bits = new Uint32Array(wordsFor(whens.length))
  whens.forEach((when, number) => {
    if (holds(when)) set(bits, number)
  })
  return bits
}

function set(bits: Bits, number: number): void {
  bits[number >>> 5] = (bits[number >>> 5] as number) | (1 << (number & 31))
}

function clear(bits: Bits, number: number): void {
  bits[number >>> 5] = (bits[number >>> 5] as number) & ~(1 << (number & 31))
}

function add(bits: Bits, more: Bits): void {
  for (let word = 0; word < bits.length; word++) bits[word] = (bits[word] as number) | (more[word] as number)
}

function wordsFor(count: number): number {
  return Math.ceil(count / 32)
}
