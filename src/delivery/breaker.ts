import CircuitBreaker from 'opossum'
import { OUTCOME_CLASSES, type OutcomeClass } from '../domain/outcome.ts'
import type { BreakerSettings } from '../domain/rules.ts'

export type BreakerState = 'closed' | 'open' | 'half_open'

/** `silent`: calls that wait for an answer for long, one after another, and none that got one. */
export type OpenCause = 'failure_rate' | 'in_a_row' | 'silent' | 'probe_failed' | OutcomeClass

export type Transition =
  | {
      readonly to: 'open'
      readonly cause: OpenCause
      /** Failures and calls in the window when it opened. */
      readonly failures: number
      readonly calls: number
      /** Until a probe is let through. */
      readonly openForMs: number
    }
  | { readonly to: 'half_open' }
  | { readonly to: 'closed' }
  /** It ought to open, and is the last that is not out. Told once, until it opens or a call succeeds. */
  | { readonly to: 'kept_closed'; readonly cause: OpenCause }

/** The right to make one attempt, and the duty to say what came of it: once, by the attempt's timeout. */
export interface Permit {
  readonly report: (result: OutcomeClass) => void
  /** It has had no answer for most of its timeout. Says nothing final: a provider may be slow. */
  readonly suspect: () => void
  /** What it came to after its timeout was reported: a key or an account that is dead opens it then. */
  readonly reportLate: (result: OutcomeClass) => void
}

export interface Breaker {
  readonly state: () => BreakerState
  /** When it last opened, on the clock that was given; null while closed. */
  readonly openedAtMs: () => number | null
  /** Would {@link Breaker.admit} give a permit now? */
  readonly isAvailable: () => boolean
  /** Null while open, and while the one probe of the half-open state is out. */
  readonly admit: () => Permit | null
  /** A permit whatever the state: for the last resort. Its success closes the breaker. */
  readonly admitLastResort: () => Permit
  readonly close: () => void
}

export interface BreakerDependencies {
  /** Read anew each time: a reload of the rules changes them, and nothing is forgotten. */
  readonly settings: () => BreakerSettings
  readonly now: () => number
  /** In [0, 1): spreads the reopening of many nodes. */
  readonly random: () => number
  /** May it leave the closed state? Not where nobody else would be left. */
  readonly mayOpen: () => boolean
  readonly onTransition: (transition: Transition) => void
}

/** Never leaves this file: opossum counts throws. */
const FAILURE = new Error('The provider failed.')

/**
 * A breaker over opossum, which keeps the states, the rolling window and the reset timer.
 *
 * opossum wraps a call and counts when it ends. Here a verdict is fired into it instead, so that a call
 * counts as failed at its timeout while it still hangs, a recipient's fault does not count at all, and
 * only the probe's own verdict can move the half-open state. When to open is decided here as well, as
 * opossum knows no failures in a row, and no neighbours. docs/decisions/0004-breakers.md
 */
export function createBreaker(deps: BreakerDependencies): Breaker {
  const { settings } = deps
  const options = {
    timeout: false as const,
    // It never opens by itself.
    volumeThreshold: Number.MAX_SAFE_INTEGER,
    rollingCountTimeout: 0,
    rollingPercentilesEnabled: false,
    resetTimeout: 0
  }
  let probing = false
  let probedAtMs = 0
  let failuresInARow = 0
  let silentInARow = 0
  let halfFailures = 0
  let reopened = 0
  let keptClosed = false
  let openedAtMs: number | null = null
  let cause: OpenCause = 'failure_rate'
  let circuit = createCircuit()

  function createCircuit(): CircuitBreaker<[boolean], void> {
    options.rollingCountTimeout = settings().windowMs
    const created: CircuitBreaker<[boolean], void> = new CircuitBreaker((succeeded: boolean) => {
      if (!succeeded) throw FAILURE
      return Promise.resolve()
    }, options)
    created.on('open', opened)
    created.on('halfOpen', () => deps.onTransition({ to: 'half_open' }))
    created.on('close', closed)
    return created
  }

  /** What was counted is about a time, or a window, gone by. */
  function renewCircuit(): void {
    circuit.shutdown()
    failuresInARow = 0
    silentInARow = 0
    halfFailures = 0
    circuit = createCircuit()
  }

  /** After a probe it runs from the probe's start: one that hangs must not put off the next one. */
  function waitMs(why: OpenCause): number {
    const { openForMs, openAtMostMs } = settings()
    const doubled = Math.min(openForMs * 2 ** reopened, openAtMostMs)
    const wait = doubled * (1 - deps.random() / 5)
    const passedMs = why === 'probe_failed' ? deps.now() - probedAtMs : 0
    return Math.round(Math.max(wait - passedMs, wait / 2))
  }

  function opened(): void {
    openedAtMs = deps.now()
    const { failures, fires } = circuit.stats
    deps.onTransition({ to: 'open', cause, failures, calls: fires, openForMs: options.resetTimeout })
  }

  function closed(): void {
    openedAtMs = null
    reopened = 0
    renewCircuit()
    deps.onTransition({ to: 'closed' })
  }

  /** opossum changes its state at once on a failure, and a microtask later on a success. */
  function fire(succeeded: boolean): void {
    circuit.fire(succeeded).catch(() => undefined)
  }

  function open(why: OpenCause): void {
    if (circuit.closed && !deps.mayOpen()) {
      if (!keptClosed) deps.onTransition({ to: 'kept_closed', cause: why })
      keptClosed = true
      return
    }
    keptClosed = false
    cause = why
    options.resetTimeout = waitMs(why)
    circuit.open()
  }

  function countWhileClosed(result: OutcomeClass): void {
    const verdict = OUTCOME_CLASSES[result].breaker
    switch (verdict) {
      case 'success':
        failuresInARow = 0
        silentInARow = 0
        keptClosed = false
        fire(true)
        return
      case 'half_failure':
        halfFailures += 1
        if (halfFailures % 2 === 0) countFailure()
        return
      case 'failure':
        countFailure()
        return
      case 'open_now':
        open(result)
        return
      case 'neutral':
        // Whoever refuses a number has answered.
        silentInARow = 0
        return
      default:
        verdict satisfies never
    }
  }

  function countFailure(): void {
    const { inARow, minCalls, failureRate } = settings()
    failuresInARow += 1
    fire(false)
    const { failures, fires } = circuit.stats
    if (failuresInARow >= inARow) open('in_a_row')
    else if (fires >= minCalls && failures >= fires * failureRate) open('failure_rate')
  }

  /** A provider that answers a probe in time is alive, even where its answer is about the recipient. */
  function concludeProbe(result: OutcomeClass): void {
    const { breaker } = OUTCOME_CLASSES[result]
    if (breaker === 'success' || breaker === 'neutral') {
      circuit.close()
      return
    }
    reopened += 1
    open('probe_failed')
  }

  function isAvailable(): boolean {
    return circuit.closed || (circuit.halfOpen && !probing)
  }

  function admit(): Permit | null {
    if (circuit.closed) {
      if (options.rollingCountTimeout !== settings().windowMs) renewCircuit()
      const admittedBy = circuit
      // A verdict that arrives after the breaker opened or was renewed is about a time gone by.
      const stillCounts = (): boolean => circuit === admittedBy && circuit.closed
      return permit({
        report: (result) => {
          if (stillCounts()) countWhileClosed(result)
        },
        suspect: () => {
          if (!stillCounts()) return
          silentInARow += 1
          if (silentInARow >= settings().inARow) open('silent')
        },
        reportLate: (result) => {
          if (stillCounts() && OUTCOME_CLASSES[result].breaker === 'open_now') open(result)
        }
      })
    }
    if (!isAvailable()) return null
    probing = true
    probedAtMs = deps.now()
    return permit({
      report: (result) => {
        probing = false
        if (circuit.halfOpen) concludeProbe(result)
      }
    })
  }

  function admitLastResort(): Permit {
    return (
      admit() ??
      permit({
        report: (result) => {
          if (OUTCOME_CLASSES[result].breaker === 'success' && !circuit.closed) circuit.close()
        }
      })
    )
  }

  return {
    state: () => (circuit.closed ? 'closed' : circuit.halfOpen ? 'half_open' : 'open'),
    openedAtMs: () => openedAtMs,
    isAvailable,
    admit,
    admitLastResort,
    close: () => circuit.shutdown()
  }
}

const nothing = (): void => {}

/** A permit reports once, and is suspected before or never. */
function permit({
  report,
  suspect = nothing,
  reportLate = nothing
}: Pick<Permit, 'report'> & Partial<Permit>): Permit {
  let reported = false
  return {
    report: (result) => {
      if (reported) return
      reported = true
      report(result)
    },
    suspect: () => {
      if (!reported) suspect()
    },
    reportLate
  }
}
