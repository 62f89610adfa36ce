import {
  bitsWhere,
  commonBits,
  countBits,
  hasBit,
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
  /** These earlier rules, by their numbers, together take all that it matches. */
  | { readonly kind: 'covered'; readonly by: readonly number[] }
  /** It asks for things that no request has together. */
  | { readonly kind: 'impossible' }
  /** It has ended. */
  | { readonly kind: 'ended' }
  /** It was not found out within {@link MOST_STEPS}. */
  | { readonly kind: 'unknown' }

/** Of the search for one rule's request. Files that people write need tens. */
const MOST_STEPS = 20_000

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

  /** Of values those that different rules let through. */
  function classesOf(keys: readonly Lookup['key'][], values: readonly Value[]): readonly Class[] {
    const asked: ReadonlySet<Lookup['key']> = new Set(keys)
    return distinctOf(
      values.map(({ territory, kind }) => ({
        bits: letThrough(router, asked, factsOf(territory, kind, 0)),
        territory,
        kind
      }))
    )
  }
  const any = anyKind(space)
  const here = (changed: Partial<Kind>): Value => ({ territory: anywhere, kind: { ...any, ...changed } })
  return [
    { classes: phoneClasses(space, any, classesOf) },
    {
      classes: classesOf(
        ['channel'],
        space.channels.map((channel) => here({ channel }))
      )
    },
    {
      classes: classesOf(
        ['flow'],
        space.flows.map((flow) => here({ flow }))
      )
    },
    {
      classes: classesOf(
        ['locale'],
        space.locales.map((locale) => here({ locale }))
      )
    },
    {
      classes: classesOf(
        ['org'],
        space.orgs.map((org) => here({ org }))
      )
    }
  ]
}

type Value = Pick<Class, 'territory' | 'kind'>

/**
 * What is asked of a number goes together: not every country has every beginning and every type. Of the
 * territories of one calling code, which have the same, only those are gone through that rules tell apart.
 */
function phoneClasses(
  space: Space,
  any: Kind,
  classesOf: (keys: readonly Lookup['key'][], values: readonly Value[]) => readonly Class[]
): readonly Class[] {
  const byCode = Map.groupBy(TERRITORIES, ({ callingCode }) => callingCode)
  const phones = [...byCode.values()].flatMap((territories) => {
    const [first] = territories
    if (first === undefined) return []
    const of = (changed: Partial<Kind>): Value => ({ territory: first, kind: { ...any, ...changed } })
    const places = classesOf(
      ['country', 'not_country'],
      territories.map((territory) => ({ territory, kind: any }))
    )
    const types = classesOf(
      ['number_type'],
      first.types.map((type) => of({ type }))
    )
    const beginnings = classesOf(
      ['prefix'],
      space.beginningsOf(first).map((beginning) => of({ beginning }))
    )
    return places.flatMap(({ territory, bits: placeBits }) =>
      types.flatMap(({ bits: typeBits, kind: { type } }) => {
        const both = commonBits(placeBits, typeBits)
        return beginnings.map(({ bits, kind: { beginning } }) => ({
          bits: commonBits(both, bits),
          territory,
          kind: { ...any, type, beginning }
        }))
      })
    )
  })
  return distinctOf(phones)
}

function distinctOf(classes: readonly Class[]): readonly Class[] {
  const byBits = new Map<string, Class>()
  for (const one of classes) {
    const key = keyOfBits(one.bits)
    if (!byBits.has(key)) byBits.set(key, one)
  }
  return [...byBits.values()]
}

function anyKind({ beginningsOf }: Space): Kind {
  const beginning = beginningsOf(TERRITORIES[0] as Territory)[0] as Kind['beginning']
  return { beginning, type: 'unknown', channel: 'sms', flow: null, locale: null, org: null }
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
  const alone = [...covering].find((one) =>
    own.every((classes) => classes.every(({ bits }) => hasBit(bits, one)))
  )
  return { kind: 'covered', by: alone === undefined ? [...covering].toSorted((a, b) => a - b) : [alone] }
}

/** Those classes whose remaining rules are no others' and more. */
function smallest(classes: readonly Class[], left: Bits): readonly { chosen: Class; left: Bits }[] {
  const branches = classes
    .map((chosen) => ({ chosen, left: commonBits(left, chosen.bits) }))
    .map((branch) => ({ ...branch, size: countBits(branch.left) }))
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
