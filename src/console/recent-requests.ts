import type { Country } from '../domain/phone.ts'
import type { PastRequest } from '../rules/replay.ts'
import type { AttemptDetail, GatewayEvent, RequestContext } from '../telemetry/events.ts'
import type { ShownAttempt, ShownRequest } from './shown.ts'

type EventOf<N extends GatewayEvent['event']> = Extract<GatewayEvent, { event: N }>

/** The story of one request, as it is told. */
export interface Story {
  readonly tell: (event: GatewayEvent) => void
}

/** The last requests, each with its story: a few hundred, whatever comes. */
export interface RecentRequests {
  readonly begin: (context: RequestContext) => Story
  /** Goes up with everything that is told. */
  readonly version: () => number
  /** Newest first: all, or those that something was told of since a version. */
  readonly list: (sinceVersion?: number) => readonly ShownRequest[]
  /** Those of them that were decided, oldest first, for a replay. */
  readonly past: () => readonly PastRequest[]
}

export interface RecentRequestsDependencies {
  /** Monotonic, in ms. */
  readonly now: () => number
  /** Ms since 1970. */
  readonly epoch: () => number
  /** Of the rules in force, in ms: until a request says its own. */
  readonly deadlineMs: () => number
}

export const MOST_REQUESTS = 500

/** More attempts and passings-over than any file allows. */
const MOST_ATTEMPTS = 24

interface Attempt {
  readonly started: EventOf<'otp.attempt.started'>
  readonly startedAtMs: number
  ended: AttemptDetail | null
}

/** Events as they came: they are put into words when somebody asks. No number, text or code is in them. */
interface Entry {
  readonly context: RequestContext
  /** On both clocks: when its first event was on its way. */
  readonly begunAtMs: number
  readonly begunAtEpochMs: number
  version: number
  received: EventOf<'otp.request.received'> | null
  decided: EventOf<'otp.route.decided'> | null
  decidedAtEpochMs: number
  resend: EventOf<'otp.resend.detected'> | null
  completed: EventOf<'otp.request.completed'> | null
  completedAtMs: number
  readonly attempts: Attempt[]
  readonly passedOver: EventOf<'otp.attempt.skipped'>[]
}

export function createRecentRequests({ now, epoch, deadlineMs }: RecentRequestsDependencies): RecentRequests {
  /** Oldest first. */
  const entries = new Set<Entry>()
  let version = 0

  function take(entry: Entry, event: GatewayEvent): boolean {
    switch (event.event) {
      case 'otp.request.received':
        entry.received = event
        return true
      case 'otp.route.decided':
        entry.decided = event
        entry.decidedAtEpochMs = epoch()
        return true
      case 'otp.resend.detected':
        entry.resend = event
        return true
      case 'otp.attempt.started':
        if (entry.attempts.length >= MOST_ATTEMPTS) return false
        entry.attempts.push({ started: event, startedAtMs: now(), ended: null })
        return true
      case 'otp.attempt.skipped':
        if (entry.passedOver.length >= MOST_ATTEMPTS) return false
        entry.passedOver.push(event)
        return true
      case 'otp.attempt.completed':
      case 'otp.attempt.late_result': {
        const attempt = entry.attempts.find(({ started }) => started.attempt === event.attempt)
        if (attempt !== undefined) attempt.ended = event
        return attempt !== undefined
      }
      case 'otp.request.completed':
        entry.completed = event
        entry.completedAtMs = now()
        return true
      default:
        return false
    }
  }

  return {
    begin(context) {
      const entry: Entry = {
        context,
        begunAtMs: now(),
        begunAtEpochMs: epoch(),
        version: ++version,
        received: null,
        decided: null,
        decidedAtEpochMs: 0,
        resend: null,
        completed: null,
        completedAtMs: 0,
        attempts: [],
        passedOver: []
      }
      entries.add(entry)
      if (entries.size > MOST_REQUESTS) {
        const [oldest] = entries
        if (oldest !== undefined) entries.delete(oldest)
      }
      return {
        tell(event) {
          if (take(entry, event)) entry.version = ++version
        }
      }
    },
    version: () => version,
    list: (sinceVersion = 0) =>
      [...entries]
        .filter((entry) => entry.version > sinceVersion)
        .map((entry) => shown(entry, deadlineMs()))
        .toReversed(),
    past: () =>
      [...entries].flatMap((entry) => (entry.decided === null ? [] : [pastOf(entry, entry.decided)]))
  }
}

function shown(entry: Entry, usualDeadlineMs: number): ShownRequest {
  const { context, received, decided, resend, completed, attempts, passedOver } = entry
  const leadMs = leadOf(entry)
  return {
    id: context.request_id,
    traceId: context.trace_id,
    oktaEventId: context.okta_event_id,
    arrivedAtMs: Math.round(entry.begunAtEpochMs - leadMs),
    channel: received?.channel ?? completed?.channel ?? null,
    flow: received?.flow ?? null,
    country: received?.country ?? null,
    phone: received?.phone ?? null,
    preview: received?.preview ?? completed?.preview ?? false,
    org: received?.org ?? null,
    rulesHash: context.rules_hash,
    rule: decided?.rule ?? completed?.rule ?? null,
    candidates: (decided?.candidates ?? []).map(
      ({ provider, sender_kind: senderKind, timeout_ms: timeoutMs }) => ({
        provider,
        senderKind,
        timeoutMs
      })
    ),
    skipped: [...(decided?.skipped ?? []), ...passedOver].map(({ provider, reason }) => ({
      provider,
      reason
    })),
    resend:
      resend === null ? null : { count: resend.resend_count, previousProvider: resend.previous_provider },
    deadlineAfterMs:
      completed === null ? usualDeadlineMs : completed.duration_ms + completed.deadline_left_ms,
    attempts: attempts.map((attempt) =>
      shownAttempt(attempt, attempt.startedAtMs - entry.begunAtMs + leadMs, completed)
    ),
    end: completed === null ? null : endOf(completed)
  }
}

/** How long before its first event a request had arrived: known when it has ended, in ms. */
function leadOf({ completed, completedAtMs, begunAtMs }: Entry): number {
  return completed === null ? 0 : Math.max(0, completed.duration_ms - (completedAtMs - begunAtMs))
}

function shownAttempt(
  { started, ended }: Attempt,
  startedAfterMs: number,
  completed: Entry['completed']
): ShownAttempt {
  const { attempt, provider, trigger } = started
  const transactionId = ended?.provider_message_id ?? null
  return {
    attempt,
    provider,
    trigger,
    startedAfterMs: Math.round(startedAfterMs),
    endedAfterMs: ended === null ? null : Math.round(startedAfterMs + ended.duration_ms),
    result: ended?.result ?? null,
    providerCode: ended?.provider_code ?? null,
    httpStatus: ended?.http_status ?? null,
    transactionId,
    won: transactionId !== null && transactionId === completed?.provider_message_id
  }
}

function endOf(event: EventOf<'otp.request.completed'>): NonNullable<ShownRequest['end']> {
  return {
    afterMs: event.duration_ms,
    outcome: event.outcome,
    reason: event.reason,
    oktaStatus: event.okta_status,
    provider: event.provider,
    transactionId: event.provider_message_id,
    failover: event.failover,
    lastResort: event.last_resort,
    possibleDuplicate: event.possible_duplicate
  }
}

function pastOf({ decidedAtEpochMs }: Entry, event: EventOf<'otp.route.decided'>): PastRequest {
  return {
    atMs: decidedAtEpochMs,
    channel: event.channel,
    country: event.routing_country as Country | null,
    numberType: event.number_type,
    prefix: event.number_prefix,
    flow: event.flow,
    locale: event.locale,
    org: event.org,
    triedLast: event.tried_last,
    rule: event.rule,
    blocked: event.blocked,
    providers: [...event.candidates.map(({ provider }) => provider), ...event.last_resorts],
    skipped: event.skipped,
    drawn: event.split
  }
}
