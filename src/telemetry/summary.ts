import { OUTCOME_CLASSES } from '../domain/outcome.ts'
import { episodesOf, type BreakerEvent, type Episode } from './breaker-episodes.ts'
import type { GatewayEvent } from './events.ts'
import { createHistogram, type Histogram } from './histogram.ts'
import { countryIn, hashIn, numberIn, OTHER, remarkIn, textIn, wordIn, type LogLine } from './log-line.ts'
import { PART, type RequestOutcome } from './request-parts.ts'
import { createSlots, type Slots } from './time-slots.ts'
import { createMinutes, type Window } from './worst-window.ts'

export const OUTCOMES = Object.keys(PART) as readonly RequestOutcome[]

/** What a log came to. Times are ms since 1970; of a share, both numbers are there. */
export interface Summary {
  readonly lines: {
    /** Counted here. */
    readonly counted: number
    /** Before `since` or behind `until`. */
    readonly outside: number
    /** Events of ours whose time cannot be: years away. */
    readonly untimed: number
    /** No events of ours. */
    readonly foreign: number
  }
  readonly firstMs: number | null
  readonly lastMs: number | null
  readonly requests: {
    readonly total: number
    /** Those that a provider was meant to carry: all but `refused`, `blocked`, `expired`, `duplicate`, `not_understood`. */
    readonly wanted: number
    readonly outcomes: readonly Count[]
    /** More than one provider was asked. */
    readonly failedOver: number
    readonly acceptedAfterFailover: number
    readonly lastResort: number
    /** Okta was answered behind the deadline. */
    readonly late: number
    /** More than one message was sent, or may have been. */
    readonly possibleDoubles: number
    /** A provider accepted after Okta had been answered. */
    readonly lateAcceptances: number
    readonly durationMs: Quantiles
  }
  readonly providers: readonly ProviderSummary[]
  readonly failovers: readonly {
    readonly from: string
    readonly to: string
    readonly reasons: readonly Count[]
  }[]
  readonly countries: readonly CountrySummary[]
  readonly worst: { readonly lost: Window | null; readonly failedOver: Window | null }
  readonly breakers: readonly Episode[]
  readonly alarms: readonly Alarm[]
  readonly drains: readonly Drain[]
  /** Vendors' codes that nobody has classified. */
  readonly unknownCodes: readonly {
    readonly provider: string
    readonly code: string
    readonly count: number
  }[]
  readonly resends: readonly {
    readonly provider: string
    readonly country: string | null
    readonly count: number
  }[]
  readonly rules: readonly RulesChange[]
  readonly hashes: readonly (Seen & { readonly hash: string })[]
  readonly starts: readonly Start[]
  /** What else a person has to know of, by event. */
  readonly troubles: readonly (Seen & { readonly event: string; readonly reason: string | null })[]
  /** Over time; each slot that has nothing is null. */
  readonly series: {
    readonly startMs: number
    readonly widthMs: number
    readonly slots: readonly (SlotSummary | null)[]
  }
  /** What tables had no room for, by table. */
  readonly leftOut: readonly Count[]
}

export interface Count {
  readonly name: string
  readonly count: number
}

export interface Quantiles {
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

export interface ProviderSummary {
  readonly name: string
  /** Those that have ended. */
  readonly attempts: number
  /** In time, and after Okta had been answered. */
  readonly accepted: number
  readonly acceptedLate: number
  readonly failures: readonly Count[]
  /** How long it took to accept. */
  readonly durationMs: Quantiles
  readonly failoversFrom: number
  readonly failoversTo: number
}

export interface CountrySummary {
  /** ISO 3166; null for numbers of no country. */
  readonly country: string | null
  readonly requests: number
  readonly wanted: number
  readonly accepted: number
  readonly failedOver: number
  readonly resends: number
}

export interface Alarm {
  readonly provider: string
  readonly channel: string
  readonly class: string
  readonly fromMs: number
  /** Null: nothing says that it is over. */
  readonly toMs: number | null
  readonly count: number
}

export interface Drain {
  readonly atMs: number
  readonly kind: 'set' | 'ended'
  readonly provider: string
  readonly channel: string | null
  readonly country: string | null
  readonly by: string | null
  readonly why: string | null
  readonly untilMs: number | null
  /** Of one that ended. */
  readonly reason: string | null
}

export interface RulesChange {
  readonly atMs: number
  readonly kind: 'loaded' | 'rejected' | 'canary_stopped' | 'candidate_removed'
  readonly role: string
  readonly file: string | null
  readonly hash: string | null
  readonly previousHash: string | null
  /** Rules of a file that was loaded, errors of one that was rejected. */
  readonly count: number | null
  readonly by: string | null
}

export interface Start {
  readonly atMs: number
  readonly node: string
  readonly version: string
  readonly mode: string
}

interface Seen {
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
}

export interface SlotSummary {
  readonly outcomes: readonly Count[]
  readonly wanted: number
  readonly failedOver: number
  readonly acceptedAfterFailover: number
  readonly late: number
  readonly resends: number
  readonly failoversFrom: readonly Count[]
  readonly providers: readonly {
    readonly name: string
    readonly p50: number | null
    readonly p99: number | null
  }[]
}

/** How much of each table is kept. Beyond that things are counted as "other", or as left out. */
const MOST = {
  providers: 16,
  failovers: 500,
  unknownCodes: 500,
  resends: 2_000,
  alarms: 100,
  /** Of each alarm. */
  alarmEvents: 500,
  troubles: 200,
  hashes: 100,
  breakerEvents: 5_000,
  drains: 500,
  rules: 500,
  starts: 500,
  /** More than a chart has room for. */
  slots: 480
}

/** Before it there was no gateway: a clock that was wrong. */
const EARLIEST_MS = Date.UTC(2020, 0)

const DAY_MS = 24 * 60 * 60_000

export interface SummaryOptions {
  readonly nowMs: number
  readonly sinceMs?: number | undefined
  /** The first moment that does not count. */
  readonly untilMs?: number | undefined
}

export interface Summarizer {
  /** @param line null for what is none. */
  readonly add: (line: LogLine | null) => void
  readonly result: () => Summary
}

/**
 * Adds up a log of the gateway: lines of any order, of one node or of several. What it remembers does not grow with
 * them: {@link MOST}, the countries there are, {@link createMinutes}.
 *
 * It takes numbers, names of ours, and what people wrote of drains; no number, person or id of a request.
 */
export function createSummarizer({ nowMs, sinceMs, untilMs }: SummaryOptions): Summarizer {
  const lines = { counted: 0, outside: 0, untimed: 0, foreign: 0 }
  let [firstMs, lastMs] = [Infinity, -Infinity]
  const requests = createRequestCounts()
  const durations = createHistogram()
  const providers = createTable(MOST.providers, createProviderCounts)
  const failovers = createTable(MOST.failovers, createTally)
  const countries = createTable(Infinity, createCountryCounts)
  const unknownCodes = createTable(MOST.unknownCodes, createCount)
  const resends = createTable(MOST.resends, createCount)
  const alarms = createTable(MOST.alarms, () => createList<AlarmEvent>(MOST.alarmEvents))
  const troubles = createTable(MOST.troubles, createSeen)
  const hashes = createTable(MOST.hashes, createSeen)
  const breakerEvents = createList<BreakerEvent>(MOST.breakerEvents)
  const drains = createList<Drain>(MOST.drains)
  const rules = createList<RulesChange>(MOST.rules)
  const starts = createList<Start>(MOST.starts)
  const minutes = createMinutes()
  const slots: Slots<Slot> = createSlots({ most: MOST.slots, make: createSlot, merge: mergeSlots })

  /** A name of a provider, as long as there are not too many. */
  function providerIn(line: LogLine, field: string): string {
    const name = providers.nameOf(wordIn(line, field) ?? OTHER)
    providers.at(name)
    return name
  }

  function addRequest(line: LogLine, atMs: number): void {
    const outcome = outcomeIn(line)
    const isWanted = outcome !== OTHER && PART[outcome] !== 'aside'
    const isAccepted = outcome === 'accepted'
    const failedOver = isWanted && line['failover'] === true
    const deadlineLeftMs = numberIn(line, 'deadline_left_ms')
    const isLate = deadlineLeftMs !== null && deadlineLeftMs < 0
    const slot = slots.at(atMs)

    count(requests.outcomes, outcome)
    count(slot.outcomes, outcome)
    requests.total += 1
    if (line['possible_duplicate'] === true) requests.possibleDoubles += 1
    if (isLate) requests.late += 1
    if (isLate) slot.late += 1
    const hash = hashIn(line, 'rules_hash')
    if (hash !== null) see(hashes.at(hash), atMs)

    const country = countries.at(countryIn(line) ?? '')
    country.requests += 1
    if (!isWanted) return
    const durationMs = numberIn(line, 'duration_ms')
    if (durationMs !== null) durations.add(durationMs)
    requests.wanted += 1
    slot.wanted += 1
    country.wanted += 1
    if (line['last_resort'] === true) requests.lastResort += 1
    if (isAccepted) country.accepted += 1
    if (failedOver) {
      requests.failedOver += 1
      slot.failedOver += 1
      country.failedOver += 1
      if (isAccepted) requests.acceptedAfterFailover += 1
      if (isAccepted) slot.acceptedAfterFailover += 1
    }
    minutes.add(atMs, {
      wanted: 1,
      lost: isAccepted && !isLate ? 0 : 1,
      failedOver: failedOver ? 1 : 0
    })
  }

  function addAttempt(line: LogLine, atMs: number, isLate: boolean): void {
    const name = providerIn(line, 'provider')
    const provider = providers.at(name)
    const result = textIn(line, 'result') ?? OTHER
    provider.attempts += 1
    if (result === 'accepted') {
      if (isLate) requests.lateAcceptances += 1
      if (isLate) provider.acceptedLate += 1
      else provider.accepted += 1
      const durationMs = numberIn(line, 'duration_ms')
      if (durationMs === null) return
      provider.durations.add(durationMs)
      histogramOf(slots.at(atMs), name).add(durationMs)
      return
    }
    count(provider.failures, Object.hasOwn(OUTCOME_CLASSES, result) ? result : OTHER)
    if (result === 'unknown') unknownCodes.at(keyOf(name, wordIn(line, 'provider_code') ?? '')).count += 1
  }

  function addFailover(line: LogLine, atMs: number): void {
    const [from, to] = [providerIn(line, 'from'), providerIn(line, 'to')]
    const reason = textIn(line, 'reason') ?? OTHER
    providers.at(from).failoversFrom += 1
    providers.at(to).failoversTo += 1
    count(failovers.at(keyOf(from, to)), Object.hasOwn(OUTCOME_CLASSES, reason) ? reason : OTHER)
    count(slots.at(atMs).failoversFrom, from)
  }

  function addBreaker(line: LogLine, atMs: number, kind: BreakerEvent['kind']): void {
    const cause = wordIn(line, 'cause') ?? OTHER
    breakerEvents.add({ kind, provider: providerIn(line, 'provider'), channel: channelIn(line), atMs, cause })
  }

  function addAlarm(line: LogLine, atMs: number, isOver: boolean): void {
    const name = textIn(line, 'class') ?? OTHER
    const failure = Object.hasOwn(OUTCOME_CLASSES, name) ? name : OTHER
    alarms.at(keyOf(providerIn(line, 'provider'), channelIn(line), failure)).add({ atMs, isOver })
  }

  function addDrain(line: LogLine, atMs: number, kind: Drain['kind']): void {
    const untilMs = Date.parse(textIn(line, 'until') ?? '')
    drains.add({
      atMs,
      kind,
      provider: providerIn(line, 'provider'),
      channel: line['channel'] === null ? null : channelIn(line),
      country: countryIn(line),
      by: remarkIn(line, kind === 'set' ? 'by' : 'ended_by'),
      why: remarkIn(line, 'why'),
      untilMs: Number.isNaN(untilMs) ? null : untilMs,
      reason: kind === 'set' ? null : wordIn(line, 'reason')
    })
  }

  function addRules(line: LogLine, atMs: number, kind: RulesChange['kind']): void {
    rules.add({
      atMs,
      kind,
      role: kind === 'loaded' || kind === 'rejected' ? (wordIn(line, 'role') ?? OTHER) : 'candidate',
      file: remarkIn(line, 'file'),
      hash: hashIn(line, kind === 'canary_stopped' ? 'candidate_hash' : 'rules_hash'),
      previousHash: hashIn(line, 'previous_hash'),
      count: numberIn(line, kind === 'loaded' ? 'rules_count' : 'errors_count'),
      by: wordIn(line, 'by')
    })
  }

  function addResend(line: LogLine, atMs: number): void {
    const country = countryIn(line) ?? ''
    resends.at(keyOf(providerIn(line, 'previous_provider'), country)).count += 1
    countries.at(country).resends += 1
    slots.at(atMs).resends += 1
  }

  const handlers: Readonly<Partial<Record<GatewayEvent['event'], (line: LogLine, atMs: number) => void>>> = {
    'otp.request.completed': addRequest,
    'otp.attempt.completed': (line, atMs) => addAttempt(line, atMs, false),
    'otp.attempt.late_result': (line, atMs) => addAttempt(line, atMs, true),
    'otp.failover': addFailover,
    'otp.resend.detected': addResend,
    'circuit.opened': (line, atMs) => addBreaker(line, atMs, 'opened'),
    'circuit.closed': (line, atMs) => addBreaker(line, atMs, 'closed'),
    'provider.alarm': (line, atMs) => addAlarm(line, atMs, false),
    'provider.alarm_over': (line, atMs) => addAlarm(line, atMs, true),
    'provider.override_set': (line, atMs) => addDrain(line, atMs, 'set'),
    'provider.override_ended': (line, atMs) => addDrain(line, atMs, 'ended'),
    'rules.loaded': (line, atMs) => addRules(line, atMs, 'loaded'),
    'rules.rejected': (line, atMs) => addRules(line, atMs, 'rejected'),
    'rules.canary_stopped': (line, atMs) => addRules(line, atMs, 'canary_stopped'),
    'rules.candidate_removed': (line, atMs) => addRules(line, atMs, 'candidate_removed'),
    'gateway.started': (line, atMs) =>
      starts.add({
        atMs,
        node: wordIn(line, 'node') ?? OTHER,
        version: wordIn(line, 'version') ?? OTHER,
        mode: wordIn(line, 'mode') ?? OTHER
      })
  }

  return {
    add(line) {
      const event = line === null ? null : textIn(line, 'event')
      if (line === null || event === null || !isOurs(event)) {
        lines.foreign += 1
        return
      }
      const atMs = numberIn(line, 'time')
      if (atMs === null || atMs < EARLIEST_MS || atMs > nowMs + DAY_MS) {
        lines.untimed += 1
        return
      }
      if (atMs < (sinceMs ?? -Infinity) || atMs >= (untilMs ?? Infinity)) {
        lines.outside += 1
        return
      }
      lines.counted += 1
      firstMs = Math.min(firstMs, atMs)
      lastMs = Math.max(lastMs, atMs)
      if (TROUBLES.has(event)) see(troubles.at(keyOf(event, reasonIn(line) ?? '')), atMs)
      // A name like "constructor" is an event of nobody.
      if (Object.hasOwn(handlers, event)) handlers[event as GatewayEvent['event']]?.(line, atMs)
    },

    result() {
      const nodes = new Set(starts.entries.map(({ node }) => node))
      const restarts = nodes.size === 1 ? starts.entries.map(({ atMs }) => atMs) : []
      const { startMs, widthMs, slots: all } = slots.all()
      return {
        lines: { ...lines },
        firstMs: lines.counted === 0 ? null : firstMs,
        lastMs: lines.counted === 0 ? null : lastMs,
        requests: { ...requests, outcomes: countsOf(requests.outcomes), durationMs: quantilesOf(durations) },
        providers: [...providers.entries]
          .map(([name, { durations, failures, ...counts }]) => ({
            name,
            ...counts,
            failures: countsOf(failures),
            durationMs: quantilesOf(durations)
          }))
          .filter(({ attempts, failoversFrom, failoversTo }) => attempts + failoversFrom + failoversTo > 0)
          .toSorted((one, other) => other.attempts - one.attempts || byText(one.name, other.name)),
        failovers: [...failovers.entries]
          .map(([key, reasons]) => {
            const [from = OTHER, to = OTHER] = partsOf(key)
            return { from, to, reasons: countsOf(reasons) }
          })
          .toSorted(
            (one, other) =>
              totalOf(other.reasons) - totalOf(one.reasons) ||
              byText(one.from, other.from) ||
              byText(one.to, other.to)
          ),
        countries: [...countries.entries]
          .map(([country, counts]) => ({ country: country === '' ? null : country, ...counts }))
          .toSorted(
            (one, other) => other.requests - one.requests || byText(one.country ?? '', other.country ?? '')
          ),
        worst: { lost: minutes.worst('lost'), failedOver: minutes.worst('failedOver') },
        breakers: episodesOf(breakerEvents.entries, restarts),
        alarms: [...alarms.entries]
          .flatMap(([key, events]) => {
            const [provider = OTHER, channel = OTHER, name = OTHER] = partsOf(key)
            return alarmsOf(events.entries).map((alarm) => ({ provider, channel, class: name, ...alarm }))
          })
          .toSorted(byTime(({ fromMs }) => fromMs)),
        drains: drains.entries.toSorted(byTime(({ atMs }) => atMs)),
        unknownCodes: byCount(unknownCodes.entries, ([provider = OTHER, code = '']) => ({ provider, code })),
        resends: byCount(resends.entries, ([provider = OTHER, country = '']) => ({
          provider,
          country: country === '' ? null : country
        })),
        rules: rules.entries.toSorted(byTime(({ atMs }) => atMs)),
        hashes: [...hashes.entries]
          .map(([hash, seen]) => ({ hash, ...seen }))
          .toSorted(byTime(({ firstMs }) => firstMs)),
        starts: starts.entries.toSorted(byTime(({ atMs }) => atMs)),
        troubles: [...troubles.entries]
          .map(([key, seen]) => {
            const [event = OTHER, reason = ''] = partsOf(key)
            return { event, reason: reason === '' ? null : reason, ...seen }
          })
          .toSorted(byTime(({ firstMs }) => firstMs)),
        series: { startMs, widthMs, slots: all.map((slot) => (slot === null ? null : slotSummary(slot))) },
        leftOut: Object.entries({
          'breaker openings and closings': breakerEvents.leftOut(),
          alarms: [...alarms.entries.values()].reduce((sum, { leftOut }) => sum + leftOut(), 0),
          drains: drains.leftOut(),
          'changes of rules': rules.leftOut(),
          starts: starts.leftOut(),
          'requests, of the worst ten minutes': minutes.leftOut()
        })
          .filter(([, count]) => count > 0)
          .map(([name, count]) => ({ name, count }))
      }
    }
  }
}

/** Events that are a matter of their own, and have no table of their own. */
const TROUBLES: ReadonlySet<string> = new Set<GatewayEvent['event']>([
  'gateway.fault',
  'gateway.overloaded',
  'state.lost',
  'circuit.kept_closed',
  'provider.cooling',
  'otp.attempt.skipped',
  'okta.request.refused',
  'admin.request.refused'
])

/** One word beside the event: what a person would ask next. */
function reasonIn(line: LogLine): string | null {
  const provider = wordIn(line, 'provider')
  const reason = wordIn(line, 'reason') ?? wordIn(line, 'cause') ?? wordIn(line, 'error')
  const words = [provider, reason].filter((word) => word !== null)
  return words.length === 0 ? null : words.join(', ')
}

const FAMILIES = /^(?:otp|circuit|provider|rules|gateway|okta|admin|state)\.[a-z_.]+$/u

function isOurs(event: string): boolean {
  return FAMILIES.test(event)
}

function outcomeIn(line: LogLine): RequestOutcome | typeof OTHER {
  const outcome = textIn(line, 'outcome')
  return outcome !== null && Object.hasOwn(PART, outcome) ? (outcome as RequestOutcome) : OTHER
}

function channelIn(line: LogLine): string {
  const channel = textIn(line, 'channel')
  return channel === 'sms' || channel === 'voice' ? channel : OTHER
}

interface Table<T> {
  readonly entries: ReadonlyMap<string, T>
  readonly at: (key: string) => T
  /** The key itself, or {@link OTHER} where it is new and the table is full. */
  readonly nameOf: (key: string) => string
}

function createTable<T>(most: number, make: () => T): Table<T> {
  const entries = new Map<string, T>()

  function nameOf(key: string): string {
    return entries.has(key) || entries.size < most ? key : OTHER
  }

  return {
    entries,
    nameOf,
    at(key) {
      const name = nameOf(key)
      const existing = entries.get(name)
      if (existing !== undefined) return existing
      const made = make()
      entries.set(name, made)
      return made
    }
  }
}

/** The first so many that are added. */
function createList<T>(most: number) {
  const entries: T[] = []
  let leftOut = 0
  return {
    entries,
    leftOut: () => leftOut,
    add(entry: T): void {
      if (entries.length < most) entries.push(entry)
      else leftOut += 1
    }
  }
}

/** No word has a line's end in it. */
const keyOf = (...parts: readonly string[]): string => parts.join('\n')
const partsOf = (key: string): readonly string[] => (key === OTHER ? [] : key.split('\n'))

type Tally = Map<string, number>

const createTally = (): Tally => new Map()
const createCount = () => ({ count: 0 })
const createSeen = () => ({ count: 0, firstMs: Infinity, lastMs: -Infinity })
const createCountryCounts = () => ({ requests: 0, wanted: 0, accepted: 0, failedOver: 0, resends: 0 })
const createRequestCounts = () => ({
  total: 0,
  wanted: 0,
  outcomes: createTally(),
  failedOver: 0,
  acceptedAfterFailover: 0,
  lastResort: 0,
  late: 0,
  possibleDoubles: 0,
  lateAcceptances: 0
})
const createProviderCounts = () => ({
  attempts: 0,
  accepted: 0,
  acceptedLate: 0,
  failures: createTally(),
  durations: createHistogram(),
  failoversFrom: 0,
  failoversTo: 0
})

function count(tally: Tally, name: string, more = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + more)
}

function see(seen: ReturnType<typeof createSeen>, atMs: number): void {
  seen.count += 1
  seen.firstMs = Math.min(seen.firstMs, atMs)
  seen.lastMs = Math.max(seen.lastMs, atMs)
}

interface Slot {
  readonly outcomes: Tally
  wanted: number
  failedOver: number
  acceptedAfterFailover: number
  late: number
  resends: number
  readonly failoversFrom: Tally
  readonly durations: Map<string, Histogram>
}

function createSlot(): Slot {
  return {
    outcomes: createTally(),
    wanted: 0,
    failedOver: 0,
    acceptedAfterFailover: 0,
    late: 0,
    resends: 0,
    failoversFrom: createTally(),
    durations: new Map()
  }
}

function mergeSlots(into: Slot, from: Slot): void {
  into.wanted += from.wanted
  into.failedOver += from.failedOver
  into.acceptedAfterFailover += from.acceptedAfterFailover
  into.late += from.late
  into.resends += from.resends
  for (const [name, some] of from.outcomes) count(into.outcomes, name, some)
  for (const [name, some] of from.failoversFrom) count(into.failoversFrom, name, some)
  for (const [name, histogram] of from.durations) histogramOf(into, name).merge(histogram)
}

function histogramOf({ durations }: Slot, provider: string): Histogram {
  const existing = durations.get(provider)
  if (existing !== undefined) return existing
  const made = createHistogram()
  durations.set(provider, made)
  return made
}

function slotSummary({ outcomes, failoversFrom, durations, ...counts }: Slot): SlotSummary {
  return {
    ...counts,
    outcomes: countsOf(outcomes),
    failoversFrom: countsOf(failoversFrom),
    providers: [...durations]
      .map(([name, histogram]) => ({ name, p50: histogram.quantile(0.5), p99: histogram.quantile(0.99) }))
      .toSorted((one, other) => byText(one.name, other.name))
  }
}

function quantilesOf(histogram: Histogram): Quantiles {
  return { p50: histogram.quantile(0.5), p95: histogram.quantile(0.95), p99: histogram.quantile(0.99) }
}

function countsOf(tally: Tally): readonly Count[] {
  return [...tally]
    .map(([name, count]) => ({ name, count }))
    .toSorted((one, other) => other.count - one.count || byText(one.name, other.name))
}

export function totalOf(counts: readonly Count[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0)
}

function byCount<T>(
  entries: ReadonlyMap<string, { readonly count: number }>,
  read: (parts: readonly string[]) => T
): readonly (T & { readonly count: number })[] {
  return [...entries]
    .toSorted(([one, { count: few }], [other, { count: many }]) => many - few || byText(one, other))
    .map(([key, { count }]) => ({ ...read(partsOf(key)), count }))
}

function byTime<T>(timeOf: (entry: T) => number): (one: T, other: T) => number {
  return (one, other) => timeOf(one) - timeOf(other)
}

function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}

interface AlarmEvent {
  readonly atMs: number
  readonly isOver: boolean
}

/** An alarm is said again each hour, and by each node: it is one until it is over. */
function alarmsOf(events: readonly AlarmEvent[]): readonly Pick<Alarm, 'fromMs' | 'toMs' | 'count'>[] {
  const alarms: { fromMs: number; toMs: number | null; count: number }[] = []
  for (const { atMs, isOver } of events.toSorted(byTime(({ atMs }) => atMs))) {
    const current = alarms.at(-1)
    if (isOver) {
      if (current !== undefined) current.toMs = atMs
    } else if (current !== undefined && current.toMs === null) current.count += 1
    else alarms.push({ fromMs: atMs, toMs: null, count: 1 })
  }
  return alarms
}
