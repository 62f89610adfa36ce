import type { Report } from '../telemetry/events.ts'

export type OverloadReason = 'in_flight' | 'event_loop' | 'memory'

/** Late by so much on average, the process answers nobody in time, in ms. */
const MAX_EVENT_LOOP_DELAY_MS = 500

/** Of the heap that the process may have: what follows is a crash, which takes everybody along. */
const MAX_HEAP_SHARE = 0.92

/** It is over when as little as this share of the limit is in flight, so that it does not come and go. */
const OVER_AT = 0.8

/** How the process feels, as the HTTP server measures it once a second. */
export interface Pressure {
  readonly eventLoopDelayMs: number
  /** 0 to 1, of what the heap may grow to. */
  readonly heapShare: number
}

/**
 * What cannot be done in time is refused at once: Okta then sends the code itself, or the person tries again,
 * which is better than three seconds of waiting for the same.
 */
export interface Overload {
  /** Null: come in. Then {@link Overload.leave} is owed. */
  readonly enter: () => OverloadReason | null
  readonly leave: () => void
  readonly inFlight: () => number
}

export interface OverloadDependencies {
  readonly maxInFlight: number
  readonly pressure: () => Pressure
  /** Monotonic, in ms. */
  readonly now: () => number
  readonly report: Report
}

export function createOverload({ maxInFlight, pressure, now, report }: OverloadDependencies): Overload {
  let inFlight = 0
  let episode: { readonly sinceMs: number; refused: number } | null = null

  function reasonNow(): OverloadReason | null {
    if (inFlight >= maxInFlight) return 'in_flight'
    const { eventLoopDelayMs, heapShare } = pressure()
    if (eventLoopDelayMs > MAX_EVENT_LOOP_DELAY_MS) return 'event_loop'
    return heapShare > MAX_HEAP_SHARE ? 'memory' : null
  }

  function refuse(reason: OverloadReason): void {
    if (episode === null) {
      episode = { sinceMs: now(), refused: 0 }
      report({ event: 'gateway.overloaded', reason, in_flight: inFlight })
    }
    episode.refused += 1
  }

  return {
    enter() {
      const reason = reasonNow()
      if (reason !== null) {
        refuse(reason)
        return reason
      }
      if (episode !== null && inFlight < maxInFlight * OVER_AT) {
        const { sinceMs, refused } = episode
        episode = null
        report({ event: 'gateway.overload_over', after_ms: Math.round(now() - sinceMs), refused })
      }
      inFlight += 1
      return null
    },
    leave() {
      inFlight -= 1
    },
    inFlight: () => inFlight
  }
}
