import { OUTCOME_CLASSES } from '../domain/outcome.ts'
import { keyOf } from './bounded.ts'
import type { BreakerEvent } from './breaker-episodes.ts'
import type { GatewayEvent } from './events.ts'
import { countryIn, hashIn, numberIn, OTHER, remarkIn, textIn, wordIn, type LogLine } from './log-line.ts'
import { PART, type RequestOutcome } from './request-parts.ts'
import { createSummaryCounts, see } from './summary-counts.ts'
import { summaryOf } from './summary-result.ts'
import type { Drain, RulesChange, Summary } from './summary-shape.ts'
import { histogramOf } from './summary-slots.ts'
import { count } from './tally.ts'

export const OUTCOMES = Object.keys(PART) as readonly RequestOutcome[]

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
 * them: {@link createSummaryCounts}.
 *
 * It takes numbers, names of ours, and what people wrote of drains; no number, person or id of a request.
 */
export function createSummarizer({ nowMs, sinceMs, untilMs }: SummaryOptions): Summarizer {
  const lines = { counted: 0, outside: 0, untimed: 0, foreign: 0 }
  let [firstMs, lastMs] = [Infinity, -Infinity]
  const counts = createSummaryCounts()
  const { requests, providers, countries, hashes, slots } = counts

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
    if (durationMs !== null) counts.durations.add(durationMs)
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
    counts.minutes.add(atMs, {
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
    if (result !== 'unknown') return
    counts.unknownCodes.at(keyOf(name, wordIn(line, 'provider_code') ?? '')).count += 1
  }

  function addFailover(line: LogLine, atMs: number): void {
    const [from, to] = [providerIn(line, 'from'), providerIn(line, 'to')]
    const reason = textIn(line, 'reason') ?? OTHER
    providers.at(from).failoversFrom += 1
    providers.at(to).failoversTo += 1
    count(counts.failovers.at(keyOf(from, to)), Object.hasOwn(OUTCOME_CLASSES, reason) ? reason : OTHER)
    count(slots.at(atMs).failoversFrom, from)
  }

  function addBreaker(line: LogLine, atMs: number, kind: BreakerEvent['kind']): void {
    const cause = wordIn(line, 'cause') ?? OTHER
    counts.breakerEvents.add({
      kind,
      provider: providerIn(line, 'provider'),
      channel: channelIn(line),
      atMs,
      cause
    })
  }

  function addAlarm(line: LogLine, atMs: number, isOver: boolean): void {
    const name = textIn(line, 'class') ?? OTHER
    const failure = Object.hasOwn(OUTCOME_CLASSES, name) ? name : OTHER
    counts.alarms.at(keyOf(providerIn(line, 'provider'), channelIn(line), failure)).add({ atMs, isOver })
  }

  function addDrain(line: LogLine, atMs: number, kind: Drain['kind']): void {
    const untilMs = Date.parse(textIn(line, 'until') ?? '')
    counts.drains.add({
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
    counts.rules.add({
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
    counts.resends.at(keyOf(providerIn(line, 'previous_provider'), country)).count += 1
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
      counts.starts.add({
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
      if (TROUBLES.has(event)) see(counts.troubles.at(keyOf(event, reasonIn(line) ?? '')), atMs)
      // A name like "constructor" is an event of nobody.
      if (Object.hasOwn(handlers, event)) handlers[event as GatewayEvent['event']]?.(line, atMs)
    },

    result: () =>
      summaryOf(counts, {
        lines: { ...lines },
        firstMs: lines.counted === 0 ? null : firstMs,
        lastMs: lines.counted === 0 ? null : lastMs
      })
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
