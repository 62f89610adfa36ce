import type { Channel } from '../domain/message.ts'
import type { AttemptDetail, GatewayEvent } from '../telemetry/events.ts'
import { createHistogram, type Histogram } from '../telemetry/histogram.ts'
import { PART } from '../telemetry/request-parts.ts'
import type {
  ShownCounts,
  ShownCountry,
  ShownMinute,
  ShownProviderChannel,
  ShownTransition
} from './shown.ts'
import { createSlidingMinutes, MINUTE_MS } from './sliding-minutes.ts'

type Completed = Extract<GatewayEvent, { event: 'otp.request.completed' }>

export type AttemptCounts = Pick<
  ShownProviderChannel,
  'attempts' | 'accepted' | 'failures' | 'p50Ms' | 'p99Ms'
>

/** What happened lately, in numbers: of bounded size, whatever happens. */
export interface RecentCounts {
  readonly addRequest: (event: Completed) => void
  readonly addAttempt: (attempt: AttemptDetail, channel: Channel, country: string | null) => void
  readonly addFailover: (from: string, country: string | null) => void
  readonly addResend: (previous: string, country: string | null) => void
  readonly addMatch: (rule: string) => void
  readonly addTransition: (
    provider: string,
    channel: Channel,
    transition: Omit<ShownTransition, 'atMs'>
  ) => void
  readonly totals: () => ShownCounts
  readonly minutes: () => readonly ShownMinute[]
  readonly attemptsOf: (provider: string, channel: Channel) => AttemptCounts
  readonly historyOf: (provider: string, channel: Channel) => readonly ShownTransition[]
  readonly countries: () => readonly ShownCountry[]
  /** Requests that each rule decided within the last hour. */
  readonly matches: () => ReadonlyMap<string, number>
  /** Ms since 1970; null where it never matched, as far as that is remembered. */
  readonly lastMatchAtMs: (rule: string) => number | null
}

export interface RecentCountsDependencies {
  /** Every provider that there may be; what has another name is counted as `other`. */
  readonly providers: readonly string[]
  /** Ms since 1970. */
  readonly epoch: () => number
}

/** How far back providers and countries are looked at. */
export const WINDOW_MS = 15 * MINUTE_MS

const WINDOW_MINUTES = WINDOW_MS / MINUTE_MS

const HOUR_MINUTES = 60

/** Changes of one breaker that are remembered. */
export const MOST_TRANSITIONS = 50

/** Countries that are told apart at one time; those that come beyond are counted together. */
export const MOST_COUNTRIES = 60

/** Names of rules that are remembered. A file has at most a thousand. */
const MOST_RULES = 2_000

const OTHER = 'other'

interface Requests {
  requests: number
  wanted: number
  accepted: number
  failedOver: number
  rescued: number
  late: number
  resends: number
  readonly durations: Histogram
}

interface Attempts {
  attempts: number
  accepted: number
  readonly failures: Map<string, number>
  readonly durations: Histogram
}

interface CountryProvider extends Attempts {
  failoversFrom: number
  resendsAfter: number
}

interface Country {
  readonly requests: Requests
  readonly providers: Map<string, CountryProvider>
}

interface Minute {
  readonly attempts: Map<string, Attempts>
  readonly countries: Map<string | null, Country>
}

export function createRecentCounts({ providers, epoch }: RecentCountsDependencies): RecentCounts {
  const known = new Set(providers)
  const hour = createSlidingMinutes({ most: HOUR_MINUTES, make: noRequests, epoch })
  const matches = createSlidingMinutes({
    most: HOUR_MINUTES,
    make: () => new Map<string, number>(),
    epoch
  })
  const window = createSlidingMinutes<Minute>({
    most: WINDOW_MINUTES,
    make: () => ({ attempts: new Map(), countries: new Map() }),
    epoch
  })
  const lastMatches = new Map<string, number>()
  const transitions = new Map<string, ShownTransition[]>()
  const places = createPlaces(epoch)

  const nameOf = (provider: string): string => (known.has(provider) ? provider : OTHER)

  function countryOf(code: string | null): Country {
    return upsert(window.now().countries, code === null ? null : places.nameOf(code), noCountry)
  }

  function inCountry(provider: string, country: string | null): CountryProvider {
    return upsert(countryOf(country).providers, nameOf(provider), nothingOfProvider)
  }

  return {
    addRequest(event) {
      for (const counts of [hour.now(), countryOf(event.country).requests]) countRequest(counts, event)
    },
    addAttempt(attempt, channel, country) {
      const key = keyOf(nameOf(attempt.provider), channel)
      countAttempt(upsert(window.now().attempts, key, noAttempts), attempt)
      countAttempt(inCountry(attempt.provider, country), attempt)
    },
    addFailover(from, country) {
      inCountry(from, country).failoversFrom += 1
    },
    addResend(previous, country) {
      hour.now().resends += 1
      countryOf(country).requests.resends += 1
      inCountry(previous, country).resendsAfter += 1
    },
    addMatch(rule) {
      if (lastMatches.size >= MOST_RULES && !lastMatches.has(rule)) {
        const [oldest] = lastMatches.keys()
        if (oldest !== undefined) lastMatches.delete(oldest)
      }
      // Those that were met last stand last.
      lastMatches.delete(rule)
      lastMatches.set(rule, epoch())
      const minute = matches.now()
      if (minute.has(rule) || minute.size < MOST_RULES) minute.set(rule, (minute.get(rule) ?? 0) + 1)
    },
    addTransition(provider, channel, transition) {
      const history = upsert(transitions, keyOf(nameOf(provider), channel), () => [])
      history.push({ atMs: epoch(), ...transition })
      if (history.length > MOST_TRANSITIONS) history.shift()
    },
    totals: () => shownCounts(lastOf(hour.all(), epoch() - WINDOW_MS)),
    minutes: () => shownMinutes(hour.all(), epoch()),
    attemptsOf(provider, channel) {
      const sum = noAttempts()
      for (const { value } of window.all()) {
        const some = value.attempts.get(keyOf(provider, channel))
        if (some !== undefined) mergeAttempts(sum, some)
      }
      return shownAttempts(sum)
    },
    historyOf: (provider, channel) => transitions.get(keyOf(provider, channel)) ?? [],
    countries: () => shownCountries(window.all().map(({ value }) => value.countries)),
    matches() {
      const sums = new Map<string, number>()
      for (const { value } of matches.all()) {
        for (const [rule, count] of value) sums.set(rule, (sums.get(rule) ?? 0) + count)
      }
      return sums
    },
    lastMatchAtMs: (rule) => lastMatches.get(rule) ?? null
  }
}

/** Which countries have a line of their own: at most so many at one time. One that rests for a window gives its place. */
function createPlaces(epoch: () => number) {
  /** In the order of their last use. */
  const usedAtMs = new Map<string, number>()
  return {
    nameOf(code: string): string {
      if (!usedAtMs.has(code) && usedAtMs.size >= MOST_COUNTRIES) {
        const [oldest] = usedAtMs
        if (oldest === undefined || epoch() - oldest[1] < WINDOW_MS) return OTHER
        usedAtMs.delete(oldest[0])
      }
      usedAtMs.delete(code)
      usedAtMs.set(code, epoch())
      return code
    }
  }
}

function countRequest(counts: Requests, event: Completed): void {
  counts.requests += 1
  if (event.deadline_left_ms < 0) counts.late += 1
  if (PART[event.outcome] === 'aside') return
  counts.wanted += 1
  counts.durations.add(event.duration_ms)
  if (event.outcome === 'accepted') counts.accepted += 1
  if (event.failover) counts.failedOver += 1
  if (event.failover && event.outcome === 'accepted') counts.rescued += 1
}

function countAttempt(counts: Attempts, { result, duration_ms: durationMs }: AttemptDetail): void {
  counts.attempts += 1
  if (result === 'accepted') {
    counts.accepted += 1
    counts.durations.add(durationMs)
  } else counts.failures.set(result, (counts.failures.get(result) ?? 0) + 1)
}

function noRequests(): Requests {
  const none = { requests: 0, wanted: 0, accepted: 0, failedOver: 0, rescued: 0, late: 0, resends: 0 }
  return { ...none, durations: createHistogram() }
}

function noAttempts(): Attempts {
  return { attempts: 0, accepted: 0, failures: new Map(), durations: createHistogram() }
}

function noCountry(): Country {
  return { requests: noRequests(), providers: new Map() }
}

function nothingOfProvider(): CountryProvider {
  return { ...noAttempts(), failoversFrom: 0, resendsAfter: 0 }
}

function mergeRequests(into: Requests, from: Requests): void {
  for (const field of [
    'requests',
    'wanted',
    'accepted',
    'failedOver',
    'rescued',
    'late',
    'resends'
  ] as const) {
    into[field] += from[field]
  }
  into.durations.merge(from.durations)
}

function mergeAttempts(into: Attempts, from: Attempts): void {
  into.attempts += from.attempts
  into.accepted += from.accepted
  for (const [name, count] of from.failures) into.failures.set(name, (into.failures.get(name) ?? 0) + count)
  into.durations.merge(from.durations)
}

function lastOf(
  minutes: readonly { readonly atMs: number; readonly value: Requests }[],
  sinceMs: number
): Requests {
  const sum = noRequests()
  // As many whole minutes as the window of providers has, this one among them.
  for (const { atMs, value } of minutes) if (atMs > sinceMs) mergeRequests(sum, value)
  return sum
}

function shownCounts({ durations, ...counts }: Requests): ShownCounts {
  return { ...counts, p50Ms: durations.quantile(0.5), p99Ms: durations.quantile(0.99) }
}

function shownAttempts({ attempts, accepted, failures, durations }: Attempts): AttemptCounts {
  return {
    attempts,
    accepted,
    failures: [...failures]
      .map(([name, count]) => ({ class: name, count }))
      .toSorted((one, other) => other.count - one.count),
    p50Ms: durations.quantile(0.5),
    p99Ms: durations.quantile(0.99)
  }
}

function shownMinutes(
  minutes: readonly { readonly atMs: number; readonly value: Requests }[],
  nowMs: number
): readonly ShownMinute[] {
  const found = new Map(minutes.map(({ atMs, value }) => [atMs, value]))
  const lastMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS
  return Array.from({ length: HOUR_MINUTES }, (_, index) => {
    const atMs = lastMs - (HOUR_MINUTES - 1 - index) * MINUTE_MS
    const { wanted, accepted, failedOver, rescued, durations } = found.get(atMs) ?? noRequests()
    return { atMs, wanted, accepted, failedOver, rescued, p99Ms: durations.quantile(0.99) }
  })
}

function shownCountries(minutes: readonly Minute['countries'][]): readonly ShownCountry[] {
  const sums = new Map<string | null, Country>()
  for (const minute of minutes) {
    for (const [code, { requests, providers }] of minute) {
      const sum = upsert(sums, code, noCountry)
      mergeRequests(sum.requests, requests)
      for (const [name, some] of providers) {
        const into = upsert(sum.providers, name, nothingOfProvider)
        mergeAttempts(into, some)
        into.failoversFrom += some.failoversFrom
        into.resendsAfter += some.resendsAfter
      }
    }
  }
  return [...sums]
    .map(([country, { requests, providers }]) => ({
      country,
      counts: shownCounts(requests),
      providers: [...providers]
        .map(([provider, { attempts, accepted, durations, failoversFrom, resendsAfter }]) => ({
          provider,
          attempts,
          accepted,
          failoversFrom,
          resendsAfter,
          p50Ms: durations.quantile(0.5),
          p99Ms: durations.quantile(0.99)
        }))
        .toSorted((one, other) => other.attempts - one.attempts)
    }))
    .toSorted((one, other) => other.counts.requests - one.counts.requests)
}

function keyOf(provider: string, channel: Channel): string {
  return `${provider}/${channel}`
}

function upsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const existing = map.get(key)
  if (existing !== undefined) return existing
  const value = make()
  map.set(key, value)
  return value
}
