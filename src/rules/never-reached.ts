import {
  bitsWhere,
  commonBits,
  countBits,
  hasBit,
  isEmpty,
  isWithin,
  keyOfBits,
  lowestBit,
  setBit,
  type Bits
} from '../domain/bits.ts'
import type { Facts } from '../domain/facts.ts'
import { indexRules, type Lookup } from '../domain/rule-index.ts'
import type { Rule } from '../domain/rules.ts'
import { aliveAt, factsOf, letThrough, spaceOf, type Kind, type Space } from './space.ts'
import { TERRITORIES, type Territory } from './territories.ts'

export type ReachableRule = Pick<Rule, 'when' | 'untilMs' | 'shadow'>

/** Does any request get to a rule? */
export type Reach =
  /** This one does, at the last moment at the latest: by then earlier rules with an end have ended. */
  | { readonly kind: 'reached'; readonly facts: Facts }
  /** These earlier rules, by their numbers, take all that it matches: none of them can be left out of it. */
  | { readonly kind: 'covered'; readonly by: readonly number[] }
  /** It asks for things that no request has together. */
  | { readonly kind: 'impossible' }
  /** It has ended. */
  | { readonly kind: 'ended' }
  /** It was not found out within {@link MOST_STEPS}. */
  | { readonly kind: 'unknown' }

/** Of the search for one rule's request. Files that people write need tens. */
const MOST_STEPS = 20_000

/** What is asked of a number goes together: not every country has every beginning and every type. */
const PHONE_KEYS: ReadonlySet<Lookup['key']> = new Set(['country', 'not_country', 'prefix', 'number_type'])

/**
 * Finds for each rule a request that gets to it, or the earlier rules that together leave it none.
 *
 * Exact: the kinds of requests that rules can tell apart are gone through, country by country, and kinds
 * that the same rules let through are looked at once. A rule with an end covers nothing beyond it, and one
 * in the shadow covers nothing.
 */
export function findReach(rules: readonly ReachableRule[], nowMs: number): readonly Reach[] {
  const axes = axesOf(rules)
  const afterAllEnds = Math.max(nowMs, ...rules.map(({ untilMs }) => untilMs ?? nowMs))
  const permanent = bitsWhere(rules.length, () => false)
  const temporary: { readonly number: number; readonly untilMs: number }[] = []

  /** Earlier rules that live at least as long. */
  function outliving(end: number): Bits {
    const before = permanent.slice()
    for (const { number, untilMs } of temporary) if (untilMs >= end) setBit(before, number)
    return before
  }

  return rules.map((rule, number): Reach => {
    const before = outliving(rule.untilMs ?? Infinity)
    if (!rule.shadow) {
      if (rule.untilMs === null) setBit(permanent, number)
      else temporary.push({ number, untilMs: rule.untilMs })
    }
    if (!aliveAt(rule, nowMs)) return { kind: 'ended' }
    return search(axes, { number, before, atMs: rule.untilMs === null ? afterAllEnds : rule.untilMs - 1 })
  })
}

/** One thing that a request has, in all of its kinds. */
interface Axis {
  readonly classes: readonly Class[]
}

/** Values that the same rules let through. */
interface Class {
  readonly bits: Bits
  readonly territory: Territory
  /** One of them, with what other axes say filled up at will. */
  readonly kind: Kind
}

function axesOf(rules: readonly ReachableRule[]): readonly Axis[] {
  const router = {
    lookups: indexRules(rules.map(({ when }) => ({ when, untilMs: null }))),
    ruleCount: rules.length
  }
  const space = spaceOf(rules.map(({ when }) => when))
  const [anywhere] = TERRITORIES
  if (anywhere === undefined) throw new Error('There are no countries.')

  const axis = (
    keys: ReadonlySet<Lookup['key']>,
    values: Iterable<{ readonly territory: Territory; readonly kind: Kind }>
  ): Axis => {
    const classes = new Map<string, Class>()
    for (const { territory, kind } of values) {
      const bits = letThrough(router, keys, factsOf(territory, kind, 0))
      const key = keyOfBits(bits)
      if (!classes.has(key)) classes.set(key, { bits, territory, kind })
    }
    return { classes: [...classes.values()] }
  }
  const here = (changed: Partial<Kind>) => ({ territory: anywhere, kind: { ...anyKind(space), ...changed } })
  return [
    axis(PHONE_KEYS, phonesOf(space)),
    axis(
      new Set(['channel']),
      space.channels.map((channel) => here({ channel }))
    ),
    axis(
      new Set(['flow']),
      space.flows.map((flow) => here({ flow }))
    ),
    axis(
      new Set(['locale']),
      space.locales.map((locale) => here({ locale }))
    ),
    axis(
      new Set(['org']),
      space.orgs.map((org) => here({ org }))
    )
  ]
}

function anyKind({ beginningsOf }: Space): Kind {
  const beginning = beginningsOf(TERRITORIES[0] as Territory)[0] as Kind['beginning']
  return { beginning, type: 'unknown', channel: 'sms', flow: null, locale: null, org: null }
}

function* phonesOf(space: Space): Iterable<{ readonly territory: Territory; readonly kind: Kind }> {
  const any = anyKind(space)
  for (const territory of TERRITORIES) {
    for (const beginning of space.beginningsOf(territory)) {
      for (const type of territory.types) yield { territory, kind: { ...any, beginning, type } }
    }
  }
}

interface Question {
  /** Of the rule. */
  readonly number: number
  /** Those that could take its requests. */
  readonly before: Bits
  readonly atMs: number
}

/**
 * Goes along the axes. On each, only those classes are followed in which the fewest earlier rules are left:
 * where those cover all that follows, so do more of them.
 */
function search(axes: readonly Axis[], { number, before, atMs }: Question): Reach {
  const own = axes.map(({ classes }) => classes.filter(({ bits }) => hasBit(bits, number)))
  if (own.some((classes) => classes.length === 0)) return { kind: 'impossible' }

  const covering = new Set<number>()
  let steps = 0

  /** True where a request was found; `chosen` then holds its classes. */
  function follow(axis: number, left: Bits, chosen: Class[]): boolean {
    steps += 1
    const classes = own[axis]
    if (classes === undefined || steps > MOST_STEPS) {
      const first = lowestBit(left)
      if (first !== -1) covering.add(first)
      return first === -1
    }
    for (const { chosen: one, left: rest } of smallest(classes, left)) {
      chosen[axis] = one
      if (follow(axis + 1, rest, chosen)) return true
    }
    return false
  }

  const chosen: Class[] = []
  if (follow(0, before, chosen)) return { kind: 'reached', facts: requestOf(chosen, atMs) }
  if (steps > MOST_STEPS) return { kind: 'unknown' }
  return { kind: 'covered', by: [...covering].toSorted((a, b) => a - b) }
}

/** Those classes whose remaining rules are no others' and more. */
function smallest(classes: readonly Class[], left: Bits): readonly { chosen: Class; left: Bits }[] {
  const branches = classes
    .map((chosen) => ({ chosen, left: commonBits(left, chosen.bits) }))
    .map((branch) => ({ ...branch, size: isEmpty(branch.left) ? 0 : countBits(branch.left) }))
    .toSorted((a, b) => a.size - b.size)
  const kept: typeof branches = []
  for (const branch of branches) {
    if (!kept.some((smaller) => isWithin(smaller.left, branch.left))) kept.push(branch)
  }
  return kept
}

function requestOf(chosen: readonly Class[], atMs: number): Facts {
  const [phone, channel, flow, locale, org] = chosen
  if (!phone || !channel || !flow || !locale || !org) throw new Error('A request has a kind on each axis.')
  return factsOf(
    phone.territory,
    {
      ...phone.kind,
      channel: channel.kind.channel,
      flow: flow.kind.flow,
      locale: locale.kind.locale,
      org: org.kind.org
    },
    atMs
  )
}
