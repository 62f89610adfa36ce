import type { Attempt, Result, StopClass, Trigger } from '../domain/delivery.ts'
import type { Channel, OutboundMessage } from '../domain/message.ts'
import { failed, OUTCOME_CLASSES, type FailureClass, type Outcome } from '../domain/outcome.ts'
import type { PlannedAttempt } from '../domain/router.ts'
import type { Limits } from '../providers/provider.ts'
import type { Alarms } from './alarms.ts'
import type { Permit } from './breaker.ts'
import type { Breakers } from './breakers.ts'
import type { Capacity } from './capacity.ts'
import type { Cooldowns } from './cooldowns.ts'
import type { Hanging } from './hanging.ts'
import { createMailbox } from './mailbox.ts'
import { turnAfter } from './turns.ts'

/** An attempt left running is heard out so long, and no longer. */
export const HARD_CAP_MS = 10_000

/**
 * Of an attempt's timeout. A call that has waited so long for an answer makes its provider suspect, and is all
 * that a provider gets whose breaker is not closed.
 */
const SUSPECT_AFTER = 2 / 3

export interface Job {
  readonly channel: Channel
  /** In the order of the plan: who is ready, and then whom the machine holds back. */
  readonly chain: readonly PlannedAttempt[]
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
  /** A provider's turn came, and it could not be asked. */
  | {
      readonly kind: 'attempt_skipped'
      readonly provider: string
      readonly reason: 'no_capacity' | 'breaker_open'
    }
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
  readonly result: Extract<
    Result,
    { kind: 'accepted' | 'refused' | 'all_failed' | 'undecided' | 'no_capacity' }
  >
  readonly attempts: readonly Attempt[]
  readonly lastResort: boolean
}

export interface DeliverDependencies {
  /** Never rejects but for a bug, which is taken as an answer that cannot be read. */
  readonly send: (provider: string, message: OutboundMessage, limits: Limits) => Promise<Outcome>
  readonly breakers: Breakers
  readonly cooldowns: Cooldowns
  readonly capacity: Capacity
  readonly hanging: Hanging
  readonly alarms: Alarms
  /** Monotonic, in ms. */
  readonly now: () => number
}

export type Deliver = (job: Job) => Promise<DeliveryReport>

type Signal =
  | { readonly kind: 'settled'; readonly run: Run; readonly outcome: Outcome }
  | { readonly kind: 'timed_out'; readonly run: Run }
  | { readonly kind: 'turn' }
  | { readonly kind: 'deadline' }

/** An attempt from its start to its end, which may come after Okta was answered. */
export interface Run {
  readonly number: number
  readonly planned: PlannedAttempt
  readonly trigger: Trigger
  readonly startedAtMs: number
  /** Ends it: it comes to `no_answer` then. */
  readonly giveUp: () => void
  /** Takes it off the list of those that nobody waits for. */
  forget: () => void
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
 *   un-send it, and the next provider starts beside it; after two thirds of it where the provider is known
 *   to be out. A call is waited for, unless the rule says otherwise: a phone that rings twice is a nuisance.
 * - A failure that speaks of the recipient starts nobody else.
 * - What surely was not sent is tried again while there is time: see {@link turnAfter}.
 * - Nothing starts with less than `minAttemptMs` left, and the answer is there by `answerByMs`.
 */
export function createDeliver(deps: DeliverDependencies): Deliver {
  const { send, breakers, cooldowns, capacity, hanging, alarms, now } = deps

  return async function deliver(job) {
    const mailbox = createMailbox<Signal>()
    const deadline = setTimeout(() => mailbox.put({ kind: 'deadline' }), Math.max(0, job.answerByMs - now()))
    let turn: NodeJS.Timeout | undefined
    const runs: Run[] = []
    const full = new Set<PlannedAttempt>()
    let answeredAtMs: number | null = null
    let lastResort = false

    function begin(planned: PlannedAttempt, trigger: Trigger, permit: Permit): void {
      const cut = new AbortController()
      const run: Run = {
        number: runs.length + 1,
        planned,
        trigger,
        startedAtMs: now(),
        giveUp: () => cut.abort(),
        forget: () => {},
        outcome: null,
        settledAtMs: null,
        leftBehind: false
      }
      runs.push(run)
      job.report({ kind: 'attempt_started', attempt: run.number, provider: planned.provider, trigger })

      const suspicion = afterReading(planned.timeoutMs * SUSPECT_AFTER, () => {
        permit.suspect()
        // Of one that is out already, or is just being tried, little is to be hoped for: no more is waited.
        if (breakers.of(planned.provider, job.channel).state() !== 'closed') {
          mailbox.put({ kind: 'timed_out', run })
        }
      })
      // The breaker hears of a hanging call when its timeout passes, not when it ends, and also where
      // Okta's deadline came first.
      const timeout = afterReading(planned.timeoutMs, () => {
        permit.report('no_answer')
        mailbox.put({ kind: 'timed_out', run })
      })

      const startWithinMs = Math.min(planned.timeoutMs, job.answerByMs - run.startedAtMs)
      void outcomeOf(planned, { startWithinMs, endWithinMs: HARD_CAP_MS, signal: cut.signal }).then(
        (outcome) => {
          suspicion.cancel()
          timeout.cancel()
          permit.report(outcome.class)
          permit.reportLate(outcome.class)
          settle(run, outcome)
        }
      )
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
      run.forget()
      hear(run.planned.provider, outcome)
      const attempt = describe(run, run.settledAtMs)
      if (answeredAtMs !== null) {
        job.report({ kind: 'late_result', attempt, lateByMs: Math.round(run.settledAtMs - answeredAtMs) })
        return
      }
      job.report({ kind: 'attempt_completed', attempt, leftMs: Math.round(job.answerByMs - run.settledAtMs) })
      mailbox.put({ kind: 'settled', run, outcome })
    }

    function leaveRunning(run: Run): void {
      run.forget()
      run.forget = hanging.add(run.planned.provider, run.giveUp)
    }

    /** What holds beyond this request. */
    function hear(provider: string, outcome: Outcome): void {
      alarms.hear(provider, job.channel, outcome)
      if (outcome.class === 'throttled') cooldowns.begin(provider, job.channel, outcome.retryAfterMs)
      if (outcome.class === 'accepted') cooldowns.end(provider, job.channel)
    }

    function isHeldBack({ provider }: PlannedAttempt): boolean {
      return (
        cooldowns.leftMs(provider, job.channel) !== null || !breakers.of(provider, job.channel).isAvailable()
      )
    }

    /**
     * Starts whose turn it is, or says when the next turn comes; null where nobody is left to ask.
     * `news` has to be heard first: while the capacity was asked for, somebody may have accepted.
     */
    async function beginNext(): Promise<'begun' | 'news' | { readonly atMs: number } | null> {
      for (;;) {
        const askable = job.chain.filter((planned) => !full.has(planned))
        const next = turnAfter(runs, { chain: askable, isHeldBack, nowMs: now() })
        const atMs = Math.max(next?.atMs ?? 0, now())
        if (next === null || job.answerByMs - atMs < job.minAttemptMs) return null
        if (next.atMs > now()) return { atMs }

        const { planned } = next
        if (!(await capacity.take(planned.provider, planned.capacityPerSecond))) {
          full.add(planned)
          job.report({ kind: 'attempt_skipped', provider: planned.provider, reason: 'no_capacity' })
          continue
        }
        if (mailbox.hasMail()) return 'news'
        const permit = permitFor(planned, next.trigger)
        if (permit === null) continue
        const previous = runs.at(-1)
        if (previous !== undefined && previous.planned !== planned) reportFailover(previous, planned)
        lastResort ||= next.trigger === 'last_resort'
        begin(planned, next.trigger, permit)
        return 'begun'
      }
    }

    function permitFor({ provider }: PlannedAttempt, trigger: Trigger): Permit | null {
      // The state may have taken its time to say that there is room.
      if (job.answerByMs - now() < job.minAttemptMs) return null
      const breaker = breakers.of(provider, job.channel)
      if (trigger === 'last_resort') return breaker.admitLastResort()
      const permit = breaker.admit()
      // Another request took its one probe in the meantime.
      if (permit === null) job.report({ kind: 'attempt_skipped', provider, reason: 'breaker_open' })
      return permit
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
    async function race(): Promise<DeliveryReport['result']> {
      let stoppedBy: StopClass | null = null

      for (;;) {
        clearTimeout(turn)
        // Whoever was left behind has had its successor already: nobody starts while that one is asked.
        const someoneIsAsked = runs.some(({ outcome, leftBehind }) => outcome === null && !leftBehind)
        if (!someoneIsAsked && !mailbox.hasMail()) {
          const next = stoppedBy === null ? await beginNext() : null
          const isOver = next === null && !runs.some(({ outcome }) => outcome === null)
          if (isOver && !mailbox.hasMail()) return conclude(runs, stoppedBy, full.size > 0)
          if (next !== null && typeof next === 'object') {
            turn = setTimeout(() => mailbox.put({ kind: 'turn' }), Math.max(0, next.atMs - now()))
          }
        }

        const signal = await mailbox.take()
        switch (signal.kind) {
          case 'deadline':
            return conclude(runs, stoppedBy, full.size > 0)
          case 'turn':
            break
          case 'timed_out':
            if (signal.run.outcome !== null || signal.run.leftBehind) break
            if (signal.run.planned.onNoAnswer === 'wait') break
            signal.run.leftBehind = true
            leaveRunning(signal.run)
            break
          case 'settled': {
            const { outcome, run } = signal
            if (outcome.class === 'accepted') {
              return {
                kind: 'accepted',
                provider: run.planned.provider,
                transactionId: outcome.transactionId
              }
            }
            if (isStop(outcome.class)) stoppedBy ??= outcome.class
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
      clearTimeout(turn)
      for (const run of runs) if (run.outcome === null && !run.leftBehind) leaveRunning(run)
    }
  }
}

/** Nobody accepted in time. What may be on its way is never called failed. */
function conclude(
  runs: readonly Run[],
  stoppedBy: StopClass | null,
  someoneIsFull: boolean
): DeliveryReport['result'] {
  const undecided = runs.find(({ outcome }) => certaintyOf(outcome) === 'unknown')
  if (undecided !== undefined) return { kind: 'undecided', provider: undecided.planned.provider }
  if (stoppedBy !== null) return { kind: 'refused', class: stoppedBy }
  return { kind: runs.length === 0 && someoneIsFull ? 'no_capacity' : 'all_failed' }
}

function certaintyOf(outcome: Outcome | null) {
  return outcome === null ? 'unknown' : OUTCOME_CLASSES[outcome.class].certainty
}

function isStop(outcomeClass: FailureClass): outcomeClass is StopClass {
  return !OUTCOME_CLASSES[outcomeClass].next
}

/**
 * A timer that lets answers which have come be read first. After a pause of the whole process every timer
 * is due at once, and would call providers silent that have answered long ago.
 */
function afterReading(ms: number, act: () => void): { readonly cancel: () => void } {
  let immediate: NodeJS.Immediate | undefined
  const timer = setTimeout(() => {
    immediate = setImmediate(act)
  }, ms)
  return {
    cancel() {
      clearTimeout(timer)
      clearImmediate(immediate)
    }
  }
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
