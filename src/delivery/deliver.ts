import type { Attempt, Result, StopClass, Trigger } from '../domain/delivery.ts'
import type { Channel, OutboundMessage } from '../domain/message.ts'
import { failed, OUTCOME_CLASSES, type FailureClass, type Outcome } from '../domain/outcome.ts'
import type { PlannedAttempt } from '../domain/router.ts'
import type { Limits } from '../providers/provider.ts'
import type { Permit } from './breaker.ts'
import type { Breakers } from './breakers.ts'
import { createMailbox } from './mailbox.ts'

/** An attempt left running is heard out so long, and no longer. */
export const HARD_CAP_MS = 10_000

/** Passes over the chain: the second repeats only what surely was not sent. */
const PASSES = 2

/** How long a provider that said "too much" without a time is left alone. */
const DEFAULT_COOLDOWN_MS = 1_000

export interface Job {
  readonly channel: Channel
  readonly chain: readonly PlannedAttempt[]
  readonly lastResort: PlannedAttempt | null
  readonly compose: (planned: PlannedAttempt) => OutboundMessage
  /** On the monotonic clock: Okta is answered by then, whatever happens. */
  readonly answerByMs: number
  /** With less than this left, no new attempt starts. */
  readonly minAttemptMs: number
  readonly report: (event: DeliveryEvent) => void
}

export type DeliveryEvent =
  | {
      readonly kind: 'attempt_started'
      readonly attempt: number
      readonly provider: string
      readonly trigger: Trigger
    }
  | { readonly kind: 'attempt_completed'; readonly attempt: Attempt; readonly leftMs: number }
  | {
      readonly kind: 'failover'
      readonly from: string
      readonly to: string
      /** The class of the failure, or `no_answer` while the first still runs. */
      readonly reason: FailureClass
      readonly attempt: number
    }
  /** It came after Okta was answered. An acceptance here is likely a second message. */
  | { readonly kind: 'late_result'; readonly attempt: Attempt; readonly lateByMs: number }
  | { readonly kind: 'bug'; readonly provider: string; readonly error: unknown }

export interface DeliveryReport {
  readonly result: Extract<Result, { kind: 'accepted' | 'refused' | 'all_failed' | 'undecided' }>
  readonly attempts: readonly Attempt[]
  readonly lastResort: boolean
}

export interface DeliverDependencies {
  /** Never rejects but for a bug, which is taken as an answer that cannot be read. */
  readonly send: (provider: string, message: OutboundMessage, limits: Limits) => Promise<Outcome>
  readonly breakers: Breakers
  /** Monotonic, in ms. */
  readonly now: () => number
}

export type Deliver = (job: Job) => Promise<DeliveryReport>

type Signal =
  | { readonly kind: 'settled'; readonly run: Run; readonly outcome: Outcome }
  | { readonly kind: 'timed_out'; readonly run: Run }
  | { readonly kind: 'deadline' }

/** An attempt from its start to its end, which may come after Okta was answered. */
interface Run {
  readonly number: number
  readonly planned: PlannedAttempt
  readonly trigger: Trigger
  readonly startedAtMs: number
  outcome: Outcome | null
  settledAtMs: number | null
  /** Its timeout has passed, and the loop went on without it. */
  leftBehind: boolean
}

/**
 * The delivery loop: one deadline, one provider after the other, the first acceptance wins.
 *
 * - A failure that another provider may mend starts the next one at once.
 * - A text message that is not answered within its timeout is left running, as cancelling does not
 *   un-send it, and the next provider starts beside it. A call is waited for: a phone that rings twice
 *   is a nuisance.
 * - A failure that speaks of the recipient starts nobody else.
 * - Nothing starts with less than `minAttemptMs` left, and the answer is there by `answerByMs`.
 */
export function createDeliver({ send, breakers, now }: DeliverDependencies): Deliver {
  return async function deliver(job) {
    const mailbox = createMailbox<Signal>()
    const deadline = setTimeout(() => mailbox.put({ kind: 'deadline' }), Math.max(0, job.answerByMs - now()))
    const runs: Run[] = []
    let answeredAtMs: number | null = null
    let lastResort = false

    function begin(planned: PlannedAttempt, trigger: Trigger, permit: Permit): void {
      const run: Run = {
        number: runs.length + 1,
        planned,
        trigger,
        startedAtMs: now(),
        outcome: null,
        settledAtMs: null,
        leftBehind: false
      }
      runs.push(run)
      job.report({ kind: 'attempt_started', attempt: run.number, provider: planned.provider, trigger })

      // The breaker hears of a hanging call when its timeout passes, not when it ends, and also where
      // Okta's deadline came first.
      const timeout = setTimeout(() => {
        permit.report('no_answer')
        mailbox.put({ kind: 'timed_out', run })
      }, planned.timeoutMs)

      const startWithinMs = Math.min(planned.timeoutMs, job.answerByMs - run.startedAtMs)
      void outcomeOf(planned, { startWithinMs, endWithinMs: HARD_CAP_MS }).then((outcome) => {
        clearTimeout(timeout)
        permit.report(outcome.class)
        settle(run, outcome)
      })
    }

    async function outcomeOf(planned: PlannedAttempt, limits: Limits): Promise<Outcome> {
      try {
        return await send(planned.provider, job.compose(planned), limits)
      } catch (error) {
        job.report({ kind: 'bug', provider: planned.provider, error })
        // Nobody knows how far it came before it threw.
        return failed('no_answer', 'internal_error')
      }
    }

    function settle(run: Run, outcome: Outcome): void {
      run.outcome = outcome
      run.settledAtMs = now()
      const attempt = describe(run, run.settledAtMs)
      if (answeredAtMs !== null) {
        job.report({ kind: 'late_result', attempt, lateByMs: Math.round(run.settledAtMs - answeredAtMs) })
        return
      }
      job.report({ kind: 'attempt_completed', attempt, leftMs: Math.round(job.answerByMs - run.settledAtMs) })
      mailbox.put({ kind: 'settled', run, outcome })
    }

    /** Starts the next provider that may be tried, and says whether there was one. */
    function beginNext(): boolean {
      if (job.answerByMs - now() < job.minAttemptMs) return false
      for (const [planned, trigger] of candidates(job, runs, now())) {
        const breaker = breakers.of(planned.provider, job.channel)
        const permit = trigger === 'last_resort' ? breaker.admitLastResort() : breaker.admit()
        // It opened since the plan was made, or another request holds its one probe.
        if (permit === null) continue
        const previous = runs.at(-1)
        if (previous !== undefined) reportFailover(previous, planned)
        lastResort ||= trigger === 'last_resort'
        begin(planned, trigger, permit)
        return true
      }
      return false
    }

    function reportFailover(previous: Run, next: PlannedAttempt): void {
      const outcome = previous.outcome
      job.report({
        kind: 'failover',
        from: previous.planned.provider,
        to: next.provider,
        reason: outcome === null || outcome.class === 'accepted' ? 'no_answer' : outcome.class,
        attempt: runs.length + 1
      })
    }

    /** Runs until somebody accepted, nobody is left to ask, or the time is up. */
    async function race(): Promise<Result & { kind: 'accepted' | 'refused' | 'all_failed' | 'undecided' }> {
      let stoppedBy: StopClass | null = null
      let mayStart = true

      for (;;) {
        if (mayStart && stoppedBy === null) {
          mayStart = false
          beginNext()
        }
        if (!runs.some(({ outcome }) => outcome === null)) return conclude(runs, stoppedBy)

        const signal = await mailbox.take()
        switch (signal.kind) {
          case 'deadline':
            return conclude(runs, stoppedBy)
          case 'timed_out':
            if (job.channel === 'voice' || signal.run.outcome !== null) break
            signal.run.leftBehind = true
            mayStart = true
            break
          case 'settled': {
            const { outcome, run } = signal
            // Whoever was left behind has had its successor already: nobody starts while that one is asked.
            const someoneIsAsked = runs.some((other) => other.outcome === null && !other.leftBehind)
            if (outcome.class === 'accepted') {
              return {
                kind: 'accepted',
                provider: run.planned.provider,
                transactionId: outcome.transactionId
              }
            }
            if (isStop(outcome.class)) stoppedBy ??= outcome.class
            else mayStart = !someoneIsAsked
            break
          }
          default:
            signal satisfies never
        }
      }
    }

    try {
      const result = await race()
      return { result, attempts: runs.map((run) => describe(run, now())), lastResort }
    } finally {
      answeredAtMs = now()
      clearTimeout(deadline)
    }
  }
}

/** Who may be tried now, in order: those not asked yet, a second pass, and then the last resort. */
function candidates(
  { chain, lastResort }: Job,
  runs: readonly Run[],
  nowMs: number
): readonly (readonly [PlannedAttempt, Trigger])[] {
  const runsOf = (planned: PlannedAttempt): readonly Run[] => runs.filter((run) => run.planned === planned)
  const nobodyAsked = runs.length === 0

  const untried = chain
    .filter((planned) => runsOf(planned).length === 0)
    .map((planned) => [planned, nobodyAsked ? 'first' : 'failover'] as const)
  const repeats = chain
    .filter((planned) => mayRepeat(runsOf(planned), nowMs))
    .map((planned) => [planned, 'second_pass'] as const)

  // Whom a breaker holds back is better than nobody, once.
  return lastResort === null || runsOf(lastResort).length > 0
    ? [...untried, ...repeats]
    : [...untried, ...repeats, [lastResort, 'last_resort']]
}

/** Only what surely was not sent, and only where the fault may have passed. */
function mayRepeat(runs: readonly Run[], nowMs: number): boolean {
  return (
    runs.length > 0 &&
    runs.length < PASSES &&
    runs.every(({ outcome, settledAtMs }) => {
      if (outcome === null || outcome.class === 'accepted' || settledAtMs === null) return false
      if (!OUTCOME_CLASSES[outcome.class].again) return false
      return (
        outcome.class !== 'throttled' || nowMs >= settledAtMs + (outcome.retryAfterMs ?? DEFAULT_COOLDOWN_MS)
      )
    })
  )
}

/** Nobody accepted in time. What may be on its way is never called failed. */
function conclude(runs: readonly Run[], stoppedBy: StopClass | null): DeliveryReport['result'] {
  const undecided = runs.find(({ outcome }) => certaintyOf(outcome) === 'unknown')
  if (undecided !== undefined) return { kind: 'undecided', provider: undecided.planned.provider }
  return stoppedBy === null ? { kind: 'all_failed' } : { kind: 'refused', class: stoppedBy }
}

function certaintyOf(outcome: Outcome | null) {
  return outcome === null ? 'unknown' : OUTCOME_CLASSES[outcome.class].certainty
}

function isStop(outcomeClass: FailureClass): outcomeClass is StopClass {
  return !OUTCOME_CLASSES[outcomeClass].next
}

function describe(run: Run, nowMs: number): Attempt {
  const { outcome } = run
  const failure = outcome === null || outcome.class === 'accepted' ? null : outcome
  return {
    number: run.number,
    provider: run.planned.provider,
    trigger: run.trigger,
    result: outcome?.class ?? 'in_flight',
    certainty: certaintyOf(outcome),
    cause: failure?.cause ?? null,
    providerCode: failure?.providerCode ?? null,
    httpStatus: failure?.httpStatus ?? null,
    transactionId: outcome?.class === 'accepted' ? outcome.transactionId : null,
    durationMs: Math.round((run.settledAtMs ?? nowMs) - run.startedAtMs)
  }
}
