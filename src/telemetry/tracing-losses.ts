import type { Report } from './events.ts'

/** Spans that did not reach the collector: said once when it begins, and once when it is over. */
export interface Losses {
  readonly lose: (spans: number, cause: string) => void
  /** Some have reached it. */
  readonly arrived: () => void
  /** Says what has not been said yet. */
  readonly close: () => void
}

/** So long nothing has to be lost before it counts as over, in ms: a collector that is too slow takes some, too. */
const CALM_MS = 10_000

export interface LossesDependencies {
  readonly report: Report
  /** Monotonic, in ms. */
  readonly now: () => number
}

export function createLosses({ report, now }: LossesDependencies): Losses {
  let outage: { sinceMs: number; lastMs: number; spans: number; said: number; cause: string } | null = null

  return {
    lose(spans, cause) {
      if (spans === 0) return
      const nowMs = now()
      if (outage === null) {
        outage = { sinceMs: nowMs, lastMs: nowMs, spans, said: spans, cause }
        report({ event: 'traces.lost', cause, spans })
        return
      }
      outage.spans += spans
      outage.lastMs = nowMs
      outage.cause = cause
    },
    arrived() {
      if (outage === null || now() - outage.lastMs < CALM_MS) return
      const { sinceMs, spans } = outage
      outage = null
      report({ event: 'traces.back', after_ms: Math.round(now() - sinceMs), spans })
    },
    close() {
      if (outage === null || outage.spans === outage.said) return
      const { cause, spans } = outage
      outage = null
      report({ event: 'traces.lost', cause, spans })
    }
  }
}
