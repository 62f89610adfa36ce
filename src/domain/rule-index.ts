import { addBits, bitsWhere, clearBit, lowestInWord, setBit, wordsFor, type Bits } from './bits.ts'
import type { Facts } from './facts.ts'
import type { Rule, When } from './rules.ts'

/** One bit a rule: set where the rule's predicate holds, or where it asks for nothing. */
export interface RuleBits {
  readonly words: Bits
  /** One bit a word: set where the word is not 0. Built last; long files are skipped through by it. */
  readonly summary: Bits
}

/** A predicate, or the end of rules, compiled. */
export interface Lookup {
  readonly key: keyof When | 'until'
  /** The rules that it lets through. */
  readonly bitsFor: (facts: Facts) => RuleBits
}

export type Indexed = Pick<Rule, 'when' | 'untilMs'>

/**
 * Compiles rules so that a decision does not walk them. For each predicate there is a table (for prefixes a
 * trie) from a value to the set of rules that it lets through; a decision takes one set from each, and the
 * first rule in all of them has won. 32 rules are compared by one AND, and 1,024 are skipped by another.
 */
export function indexRules(rules: readonly Indexed[]): readonly Lookup[] {
  const whens = rules.map(({ when }) => when)
  const uses = (key: keyof When): boolean => whens.some((when) => when[key] !== undefined)
  const makers: { readonly [K in keyof Required<When>]: () => Lookup['bitsFor'] } = {
    country: () => exact(whens, 'country', ({ phone }) => phone.routingCountry),
    not_country: () => excluded(whens),
    prefix: () => prefixTrie(whens),
    number_type: () => exact(whens, 'number_type', ({ phone }) => phone.type, readTypes),
    channel: () => exact(whens, 'channel', ({ channel }) => channel),
    flow: () => exact(whens, 'flow', ({ flow }) => flow),
    locale: () => bySubtag(whens),
    org: () => exact(whens, 'org', ({ org }) => org)
  }
  const asked = (Object.keys(makers) as (keyof When)[])
    .filter(uses)
    .map((key): Lookup => ({ key, bitsFor: makers[key]() }))
  const someEnd = rules.some(({ untilMs }) => untilMs !== null)
  return someEnd ? [...asked, { key: 'until', bitsFor: notEnded(rules) }] : asked
}

/** The number of the first rule that every lookup lets through, or -1. */
export function firstCommon(lookups: readonly Lookup[], facts: Facts, ruleCount: number): number {
  const rows = lookups.map(({ bitsFor }) => bitsFor(facts))
  const [first] = rows
  if (first === undefined) return -1

  for (let group = 0; group < wordsFor(wordsFor(ruleCount)); group++) {
    let promising = 0xffffffff
    for (const { summary } of rows) promising &= summary[group] as number
    while (promising !== 0) {
      const lowest = lowestInWord(promising)
      // `x & (x - 1)` takes the lowest bit away.
      promising &= promising - 1
      const word = group * 32 + lowest
      let common = 0xffffffff
      for (const { words } of rows) common &= words[word] as number
      if (common !== 0) return word * 32 + lowestInWord(common)
    }
  }
  return -1
}

/** A US number is mobile or a landline and nobody can tell which: it satisfies a rule for either. */
export function readTypes(asked: string): readonly string[] {
  return asked === 'mobile' || asked === 'fixed_line' ? [asked, 'fixed_line_or_mobile'] : [asked]
}

function exact(
  whens: readonly When[],
  key: keyof When,
  valueOf: (facts: Facts) => string | null,
  expand: (asked: string) => readonly string[] = (asked) => [asked]
): Lookup['bitsFor'] {
  const open = select(whens, (when) => when[key] === undefined)
  const table = new Map<string, Bits>()
  whens.forEach((when, number) => {
    for (const value of (when[key] ?? []).flatMap(expand)) setBit(entry(table, value, open), number)
  })
  const sealed = sealAll(table)
  const otherwise = seal(open)
  return (facts) => sealed.get(valueOf(facts) ?? '') ?? otherwise
}

/** A number whose country is not known is in none of the excluded ones. */
function excluded(whens: readonly When[]): Lookup['bitsFor'] {
  const all = select(whens, () => true)
  const table = new Map<string, Bits>()
  whens.forEach((when, number) => {
    for (const country of when.not_country ?? []) clearBit(entry(table, country, all), number)
  })
  const sealed = sealAll(table)
  const otherwise = seal(all)
  return ({ phone }) => sealed.get(phone.routingCountry ?? '') ?? otherwise
}

/** A digit a level. A node lets through what the nodes above it do, and its own rules. */
interface TrieNode {
  bits: RuleBits
  readonly children: (TrieNode | undefined)[]
}

/** Walks down as far as the number agrees: the deepest node has the bits of all beginnings on its way. */
function prefixTrie(whens: readonly When[]): Lookup['bitsFor'] {
  const open = select(whens, (when) => when.prefix === undefined)
  const own = new Map<string, Bits>()
  whens.forEach((when, number) => {
    for (const prefix of when.prefix ?? []) setBit(entry(own, prefix, open), number)
  })
  const root: TrieNode = { bits: seal(open), children: [] }
  // Shorter ones first: a longer one begins with what they let through.
  for (const prefix of [...own.keys()].toSorted((a, b) => a.length - b.length)) {
    let node = root
    for (const digit of digitsOf(prefix)) {
      node.children[digit] ??= { bits: node.bits, children: [] }
      node = node.children[digit]
    }
    const bits = node.bits.words.slice()
    addBits(bits, own.get(prefix) as Bits)
    node.bits = seal(bits)
  }

  return ({ phone: { e164 } }) => {
    let node = root
    for (let place = 1; place < e164.length; place++) {
      const next = node.children[e164.charCodeAt(place) - ZERO]
      if (next === undefined) break
      node = next
    }
    return node.bits
  }
}

const ZERO = 48

/** Of "+441": 4, 4, 1. */
function digitsOf(prefix: string): readonly number[] {
  return Array.from(prefix.slice(1), Number)
}

/** "en" lets "en-us" through, and "en-us" does not let "en" through. */
function bySubtag(whens: readonly When[]): Lookup['bitsFor'] {
  const open = select(whens, (when) => when.locale === undefined)
  const exactly = new Map<string, Bits>()
  whens.forEach((when, number) => {
    for (const value of when.locale ?? []) setBit(entry(exactly, value, open), number)
  })
  const table = new Map<string, Bits>()
  for (const [value, own] of exactly) {
    const bits = own.slice()
    for (const shorter of broaderTags(value)) {
      const asked = exactly.get(shorter)
      if (asked !== undefined) addBits(bits, asked)
    }
    table.set(value, bits)
  }
  const sealed = sealAll(table)
  const otherwise = seal(open)

  return ({ locale }) => {
    const tag = (locale ?? '').toLowerCase()
    for (const asked of [tag, ...broaderTags(tag)]) {
      const bits = sealed.get(asked)
      if (bits !== undefined) return bits
    }
    return otherwise
  }
}

/** Of "zh-hant-tw": "zh-hant" and "zh". */
export function broaderTags(tag: string): readonly string[] {
  const broader: string[] = []
  for (let end = tag.lastIndexOf('-'); end > 0; end = tag.lastIndexOf('-', end - 1)) {
    broader.push(tag.slice(0, end))
  }
  return broader
}

/** Rules with an end leave one by one: between two ends the same rules are alive. */
function notEnded(rules: readonly Indexed[]): Lookup['bitsFor'] {
  const ending = rules
    .flatMap(({ untilMs }, number) => (untilMs === null ? [] : [{ untilMs, number }]))
    .toSorted((a, b) => a.untilMs - b.untilMs)
  const alive = select(rules, () => true)
  const ends: number[] = []
  const spans = [seal(alive.slice())]
  for (const [place, { untilMs, number }] of ending.entries()) {
    clearBit(alive, number)
    if (ending[place + 1]?.untilMs === untilMs) continue
    ends.push(untilMs)
    spans.push(seal(alive.slice()))
  }
  return ({ atMs }) => {
    let [low, high] = [0, ends.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((ends[middle] as number) <= atMs) low = middle + 1
      else high = middle
    }
    return spans[low] as RuleBits
  }
}

function entry(table: Map<string, Bits>, value: string, initial: Bits): Bits {
  const existing = table.get(value)
  if (existing !== undefined) return existing
  const created = initial.slice()
  table.set(value, created)
  return created
}

function select<T>(rules: readonly T[], holds: (rule: T) => boolean): Bits {
  return bitsWhere(rules.length, (number) => holds(rules[number] as T))
}

function seal(words: Bits): RuleBits {
  return { words, summary: bitsWhere(words.length, (place) => words[place] !== 0) }
}

function sealAll(table: ReadonlyMap<string, Bits>): ReadonlyMap<string, RuleBits> {
  return new Map([...table].map(([value, words]) => [value, seal(words)]))
}
