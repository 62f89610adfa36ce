import type { Report, RequestContext } from './events.ts'

/** Somebody who hears what happens: the log, the metrics. It never throws, and nobody waits for it. */
export interface Listener {
  readonly report: Report
  /** For what happens with one request. */
  readonly forRequest: (context: RequestContext) => Report
}

/** The port by which the gateway tells what happens: each listener hears it, in this order. */
export function toAll(listeners: readonly Listener[]): Listener {
  return {
    report(event) {
      for (const { report } of listeners) report(event)
    },
    forRequest(context) {
      const reports = listeners.map(({ forRequest }) => forRequest(context))
      return (event) => {
        for (const report of reports) report(event)
      }
    }
  }
}
