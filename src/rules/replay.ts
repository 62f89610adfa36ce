import type { Condition } from '../domain/condition.ts'
import type { Facts } from '../domain/facts.ts'
import type { Channel, Flow } from '../domain/message.ts'
import type { Country, E164, NumberType } from '../domain/phone.ts'
import {
  variantsOf,
  type Draw,
  type Plan,
  type Router,
  type Skipped,
  type Variant
} from '../domain/router.ts'
import { createPeaks } from './peaks.ts'

/** A request that was decided, as the log remembers it: without the number, without the person. */
export interface PastRequest {
  /** Ms since 1970. */
  readonly atMs: number
  readonly channel: Channel
  /** The country that rules matched. */
  readonly country: Country | null
  readonly numberType: NumberType
  /** How the number began, as far as it was said. */
  readonly prefix: string
  readonly flow: Flow | null
  readonly locale: string | null
  readonly org: string | null
  readonly triedLast: string | null
  /** What was decided. */
  readonly rule: string
  readonly blocked: boolean
  /** In the order of asking; last resorts behind. */
  readonly providers: readonly string[]
  readonly skipped: readonly Skipped[]
  /** What is known of the draw of its person; null where nothing drew. */
  readonly drawn: Pick<Draw, 'from' | 'to'> | null
}

/** Price of a message by provider, channel and country; undefined where nobody said it. */
export type PriceOf = (provider: string, channel: Channel, country: Country | null) => number | undefined

/** Counts are expectations: of a person whose draw is known in part, parts are counted. */
export interface ReplayResult {
  readonly requests: number
  /** Ms since 1970; null without a request. */
  readonly firstAtMs: number | null
  readonly lastAtMs: number | null
  /** Of how many requests another provider would be asked first, or nobody, or somebody where nobody was. */
  readonly moved: number
  /** Of how many requests the log does not hold enough of the number: some rule asks for a longer prefix. */
  readonly uncertain: number
  readonly rules: readonly Shift[]
  /** From which rule to which, those with the most first. */
  readonly ruleMoves: readonly Move[]
  /** By who is asked first; "blocked" and "nobody" among them. */
  readonly providers: readonly (Shift & {
    /** What the file says its account takes; null for no limit. */
    readonly capacityPerSecond: number | null
    readonly peakBefore: number
    readonly peakAfter: number
    /** Seconds in which more would be asked of it than it takes. */
    readonly secondsOver: number
  })[]
  /** Those with the most that would move first. */
  readonly countries: readonly (Shift & { readonly moved: number })[]
  /** From whom to whom, those with the most first. */
  readonly moves: readonly Move[]
  readonly neverHit: readonly string[]
  /** `unpriced`: requests of which a message, before or after, has no price and counts as 0. */
  readonly cost: { readonly before: number; readonly after: number; readonly unpriced: number } | null
}

export interface Move {
  readonly from: string
  readonly to: string
  readonly requests: number
}

export interface Shift {
  readonly name: string
  readonly before: number
  readonly after: number
}

export interface Replay {
  readonly add: (past: PastRequest) => void
  readonly result: () => ReplayResult
}

/** Of a calling code that belongs to no country, with its "+". */
const GLOBAL_CODE_LENGTH = 4

/** Nobody is asked, by a rule or because nobody is left. */
const [BLOCKED, NOBODY] = ['blocked', 'nobody'] as const

/**
 * Decides past traffic once more, by another file: `decide()` with what the log says of each request, and of
 * the providers at that moment. A provider that was not looked at then is taken for well.
 *
 * What it remembers does not grow with the traffic.
 */
export function createReplay(router: Router, { priceOf }: { readonly priceOf?: PriceOf } = {}): Replay {
  const prefixes = [...new Set(router.rules.flatMap(({ when }) => when.prefix ?? []))]
  const rules = createShifts()
  const providers = createShifts()
  const countries = createShifts()
  const movedOf = new Map<string, number>()
  const moves = createMoves()
  const ruleMoves = createMoves()
  const capacityOf = (name: string) => router.providers.get(name)?.capacityPerSecond ?? null
  const before = createPeaks(capacityOf)
  const after = createPeaks(capacityOf)
  const cost = { before: 0, after: 0, unpriced: 0 }
  let [requests, moved, uncertain] = [0, 0, 0]
  let [firstAtMs, lastAtMs] = [Infinity, -Infinity]

  /** Undefined where nobody said it. */
  function price(provider: string, { channel, country }: PastRequest): number | undefined {
    if (priceOf === undefined || provider === BLOCKED || provider === NOBODY) return 0
    return priceOf(provider, channel, country)
  }

  return {
    add(past) {
      requests += 1
      firstAtMs = Math.min(firstAtMs, past.atMs)
      lastAtMs = Math.max(lastAtMs, past.atMs)
      const asksForMore = (prefix: string) =>
        prefix.length > past.prefix.length && prefix.startsWith(past.prefix)
      if (prefixes.some(asksForMore)) uncertain += 1

      const place = past.country ?? past.prefix.slice(0, GLOBAL_CODE_LENGTH)
      const from = past.blocked ? BLOCKED : (past.providers[0] ?? NOBODY)
      rules.count(past.rule, 1, 0)
      providers.count(from, 1, 0)
      before.count(from, past.atMs, 1)
      const was = price(from, past)
      cost.before += was ?? 0
      let isPriced = was !== undefined
      countries.count(place, 1, 0)

      for (const { share, plan } of decideAgain(router, past)) {
        const to = firstOf(plan)
        rules.count(plan.rule, 0, share)
        providers.count(to, 0, share)
        after.count(to, past.atMs, share)
        const is = price(to, past)
        cost.after += share * (is ?? 0)
        isPriced &&= is !== undefined
        countries.count(place, 0, share)
        if (plan.rule !== past.rule) ruleMoves.count(past.rule, plan.rule, share)
        if (to === from) continue
        moved += share
        movedOf.set(place, (movedOf.get(place) ?? 0) + share)
        moves.count(from, to, share)
      }
      if (!isPriced) cost.unpriced += 1
    },
    result: () => ({
      requests,
      firstAtMs: requests === 0 ? null : firstAtMs,
      lastAtMs: requests === 0 ? null : lastAtMs,
      moved,
      uncertain,
      rules: rules.list(),
      providers: providers.list().map((shift) => ({
        ...shift,
        capacityPerSecond: capacityOf(shift.name),
        peakBefore: before.of(shift.name).peak,
        peakAfter: after.of(shift.name).peak,
        secondsOver: after.of(shift.name).secondsOver
      })),
      countries: countries
        .list()
        .map((shift) => ({ ...shift, moved: movedOf.get(shift.name) ?? 0 }))
        .toSorted((a, b) => b.moved - a.moved || b.before - a.before),
      moves: moves.list(),
      ruleMoves: ruleMoves.list(),
      neverHit: router.rules.map(({ name }) => name).filter((name) => !rules.has(name)),
      cost: priceOf === undefined ? null : cost
    })
  }
}

/** Every plan that the file makes for the people whom the log leaves possible. */
export function decideAgain(router: Router, past: PastRequest): readonly Variant[] {
  const { atMs, channel, country, numberType, prefix, flow, locale, org, triedLast } = past
  const facts: Facts = {
    channel,
    phone: {
      // As much of it as there is. No longer prefix holds then.
      e164: prefix as E164,
      country,
      routingCountry: country,
      callingCode: '',
      type: numberType,
      extension: null
    },
    flow,
    locale,
    org,
    atMs,
    person: '',
    triedLast
  }
  return variantsOf(router, facts, (provider) => conditionThen(past, provider), past.drawn ?? undefined)
}

function conditionThen({ providers, skipped }: PastRequest, provider: string): Condition {
  const reason = skipped.find((one) => one.provider === provider)?.reason
  switch (reason) {
    case 'no_credentials':
    case 'drained':
      return { kind: reason }
    case 'breaker_open':
    case 'cooling_down':
      // Last resorts stand in the order of asking; who is not among them was worse.
      return { kind: reason, badness: providers.includes(provider) ? providers.indexOf(provider) : Infinity }
    default:
      return { kind: 'ready' }
  }
}

function firstOf(plan: Plan): string {
  if (plan.kind === 'block') return BLOCKED
  return (plan.chain[0] ?? plan.lastResorts[0])?.provider ?? NOBODY
}

/** Counts before and after by name. As many as there are rules, providers and countries. */
function createShifts() {
  const shifts = new Map<string, { name: string; before: number; after: number }>()
  return {
    count(name: string, before: number, after: number): void {
      const shift = shifts.get(name) ?? { name, before: 0, after: 0 }
      shift.before += before
      shift.after += after
      shifts.set(name, shift)
    },
    has: (name: string): boolean => (shifts.get(name)?.after ?? 0) > 0,
    list: (): readonly Shift[] =>
      [...shifts.values()].toSorted((a, b) => b.before + b.after - a.before - a.after)
  }
}

/** Counts by from where to where. Names hold no space. */
function createMoves() {
  const moves = new Map<string, number>()
  return {
    count(from: string, to: string, share: number): void {
      const move = `${from} ${to}`
      moves.set(move, (moves.get(move) ?? 0) + share)
    },
    list: (): readonly Move[] =>
      [...moves]
        .map(([move, requests]) => {
          const [from = '', to = ''] = move.split(' ')
          return { from, to, requests }
        })
        .toSorted((a, b) => b.requests - a.requests)
  }
}
