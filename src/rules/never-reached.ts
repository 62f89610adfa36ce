import type { When } from '../domain/rules.ts'
import { COUNTRIES } from './countries.ts'

export interface Condition {
  readonly name: string
  readonly when: When
}

/** A rule that nothing gets to; `by` is the earlier rule that takes all of it, null where nothing matches it at all. */
export interface Unreached {
  readonly index: number
  readonly by: string | null
}

/** One of the things that a rule asks for. */
interface Dimension {
  /** The values that a rule lets through; undefined where it does not ask. */
  readonly allows: (when: When) => readonly string[] | undefined
  /** The values that let this one through too: "+44" does so for "+441". */
  readonly within: (value: string) => readonly string[]
}

const NO_COUNTRY = '-'

const DIMENSIONS: readonly Dimension[] = [
  { allows: allowedCountries, within: itself },
  { allows: ({ prefix }) => prefix, within: (value) => beginnings(value) },
  { allows: ({ locale }) => locale, within: (value) => beginnings(value, '-') },
  { allows: ({ number_type }) => number_type?.flatMap(matchedTypes), within: itself },
  { allows: ({ channel }) => channel, within: itself },
  { allows: ({ flow }) => flow, within: itself },
  { allows: ({ org }) => org, within: itself }
]

/**
 * Finds rules of which one earlier rule takes everything: it lets through at least the same values of each
 * key. A rule covered only by several others together is not found.
 */
export function findUnreached(rules: readonly Condition[]): readonly Unreached[] {
  const indexes = DIMENSIONS.map((dimension) => indexDimension(dimension, rules))
  const unreached: Unreached[] = []

  rules.forEach(({ when }, index) => {
    if (allowedCountries(when)?.length === 0) {
      unreached.push({ index, by: null })
      return
    }
    const wider = indexes.map((widerThan) => widerThan(when))
    const first = firstCommon(wider)
    if (first < index) unreached.push({ index, by: rules[first]?.name ?? null })
  })
  return unreached
}

/** One bit a rule. */
type Bits = Uint32Array

/** Gives, for one dimension, the rules that let through all that a rule lets through. */
function indexDimension({ allows, within }: Dimension, rules: readonly Condition[]): (when: When) => Bits {
  const empty = new Uint32Array(Math.ceil(rules.length / 32))
  const open = empty.slice()
  const byValue = new Map<string, Bits>()

  rules.forEach(({ when }, index) => {
    const values = allows(when)
    if (values === undefined) set(open, index)
    for (const value of values ?? []) {
      const bits = byValue.get(value) ?? empty.slice()
      set(bits, index)
      byValue.set(value, bits)
    }
  })

  const known = new Map<string, Bits>()
  function lettingThrough(value: string): Bits {
    const bits =
      known.get(value) ?? unite([open, ...within(value).flatMap((wider) => byValue.get(wider) ?? [])])
    known.set(value, bits)
    return bits
  }

  return (when) => {
    const [first, ...rest] = allows(when) ?? []
    if (first === undefined) return open
    const common = lettingThrough(first).slice()
    for (const value of rest) keepCommon(common, lettingThrough(value))
    return common
  }
}

/** Undefined where a rule takes all of them, those without a country included. */
function allowedCountries({ country, not_country: excluded = [] }: When): readonly string[] | undefined {
  if (country === undefined && excluded.length === 0) return undefined
  const out: ReadonlySet<string> = new Set(excluded)
  return (country ?? [...COUNTRIES, NO_COUNTRY]).filter((code) => !out.has(code))
}

/** As `decide()` reads them: a number of which nobody knows which of the two it is satisfies both. */
function matchedTypes(asked: string): readonly string[] {
  return asked === 'mobile' || asked === 'fixed_line' ? [asked, 'fixed_line_or_mobile'] : [asked]
}

function itself(value: string): readonly string[] {
  return [value]
}

/** A value and its beginnings, whole parts only where there is a separator. */
function beginnings(value: string, separator = ''): readonly string[] {
  const parts = value.split(separator)
  return parts.map((_, index) => parts.slice(0, index + 1).join(separator))
}

function set(bits: Bits, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] ?? 0) | (1 << (index & 31))
}

function unite(sets: readonly [Bits, ...Bits[]]): Bits {
  const [first, ...rest] = sets
  const united = first.slice()
  for (const bits of rest) united.forEach((word, i) => (united[i] = word | (bits[i] ?? 0)))
  return united
}

function keepCommon(bits: Bits, other: Bits): void {
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] ?? 0) & (other[i] ?? 0)
}

/** The lowest bit that all have; Infinity where there is none. */
function firstCommon(sets: readonly Bits[]): number {
  const [first = new Uint32Array(), ...rest] = sets
  for (let i = 0; i < first.length; i++) {
    const common = rest.reduce((word, bits) => word & (bits[i] ?? 0), first[i] ?? 0)
    // `x & -x` keeps the lowest bit alone.
    if (common !== 0) return i * 32 + 31 - Math.clz32(common & -common)
  }
  return Infinity
}
