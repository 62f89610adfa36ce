import CircuitBreaker from 'opossum'
import { OUTCOME_CLASSES, type OutcomeClass } from '../domain/outcome.ts'
import type { BreakerSettings } from '../domain/rules.ts'

export type BreakerState = 'closed' | 'open' | 'half_open'

export type OpenCause = 'failure_rate' | 'in_a_row' | 'probe_failed' | OutcomeClass

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

/** The right to make one attempt, and the duty to say what came of it: once, by the attempt's timeout. */
export interface Permit {
  readonly report: (result: OutcomeClass) => void
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
  readonly now: () => number
  /** In [0, 1): spreads the reopening of many nodes. */
  readonly random: () => number
  readonly onTransition: (transition: Transition) => void
}

/** Never leaves this file: opossum counts throws. */
const FAILURE = new Error('The provider failed.')

/**
 * A breaker over opossum, which keeps the states, the rolling window and the reset timer.
 *
 * opossum wraps a call and counts when it ends. Here a verdict is fired into it instead, so that a call
 * counts as failed at its timeout while it still hangs, a recipient's fault does not count at all, and
 * only the probe's own verdict can move the half-open state. docs/decisions/0004-breakers.md
 */
export function createBreaker(settings: BreakerSettings, deps: BreakerDependencies): Breaker {
  const options = {
    timeout: false as const,
    volumeThreshold: settings.minCalls,
    // opossum opens above the threshold, the rules file says "at".
    errorThresholdPercentage: settings.failureRate * 100 - 0.001,
    rollingCountTimeout: settings.windowMs,
    rollingPercentilesEnabled: false,
    resetTimeout: 0
  }
  let circuit = createCircuit()
  let probing = false
  let failuresInARow = 0
  let halfFailures = 0
  let reopened = 0
  let openedAtMs: number | null = null
  let cause: OpenCause = 'failure_rate'

  function createCircuit(): CircuitBreaker<[boolean], void> {
    const created: CircuitBreaker<[boolean], void> = new CircuitBreaker((succeeded: boolean) => {
      if (!succeeded) throw FAILURE
      return Promise.resolve()
    }, options)
    created.on('open', opened)
    created.on('halfOpen', () => deps.onTransition({ to: 'half_open' }))
    created.on('close', closed)
    return created
  }

  function setWait(): void {
    const doubled = Math.min(settings.openForMs * 2 ** reopened, settings.openAtMostMs)
    options.resetTimeout = Math.round(doubled * (1 - deps.random() / 5))
  }

  function opened(): void {
    openedAtMs = deps.now()
    const { failures, fires } = circuit.stats
    deps.onTransition({ to: 'open', cause, failures, calls: fires, openForMs: options.resetTimeout })
  }

  function closed(): void {
    // What failed before the outage ended must not open the breaker again: a new circuit, an empty window.
    circuit.shutdown()
    openedAtMs = null
    failuresInARow = 0
    halfFailures = 0
    reopened = 0
    setWait()
    circuit = createCircuit()
    deps.onTransition({ to: 'closed' })
  }

  /** The state changes at once on a failure, and a microtask later on a success. */
  function fire(succeeded: boolean): void {
    circuit.fire(succeeded).catch(() => undefined)
  }

  function open(why: OpenCause): void {
    cause = why
    circuit.open()
  }

  function countWhileClosed(result: OutcomeClass): void {
    switch (OUTCOME_CLASSES[result].breaker) {
      case 'success':
        failuresInARow = 0
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
        return
      default:
        OUTCOME_CLASSES[result] satisfies never
    }
  }

  function countFailure(): void {
    failuresInARow += 1
    cause = 'failure_rate'
    fire(false)
    if (failuresInARow >= settings.inARow && circuit.closed) open('in_a_row')
  }

  /** A provider that answers a probe in time is alive, even where its answer is about the recipient. */
  function concludeProbe(result: OutcomeClass): void {
    const { breaker } = OUTCOME_CLASSES[result]
    if (breaker === 'success' || breaker === 'neutral') {
      circuit.close()
      return
    }
    reopened += 1
    setWait()
    open('probe_failed')
  }

  function isAvailable(): boolean {
    return circuit.closed || (circuit.halfOpen && !probing)
  }

  function admit(): Permit | null {
    if (circuit.closed) {
      const admittedBy = circuit
      // A verdict that arrives after the breaker opened or was renewed is about a time gone by.
      return once((result) => {
        if (circuit === admittedBy && circuit.closed) countWhileClosed(result)
      })
    }
    if (!isAvailable()) return null
    probing = true
    return once((result) => {
      probing = false
      if (circuit.halfOpen) concludeProbe(result)
    })
  }

  function admitLastResort(): Permit {
    return (
      admit() ??
      once((result) => {
        if (OUTCOME_CLASSES[result].breaker === 'success' && !circuit.closed) circuit.close()
      })
    )
  }

  setWait()

  return {
    state: () => (circuit.closed ? 'closed' : circuit.halfOpen ? 'half_open' : 'open'),
    openedAtMs: () => openedAtMs,
    isAvailable,
    admit,
    admitLastResort,
    close: () => circuit.shutdown()
  }
}

function once(report: (result: OutcomeClass) => void): Permit {
  let reported = false
  return {
    report: (result) => {
      if (reported) return
      reported = true
      report(result)
    }
  }
}
