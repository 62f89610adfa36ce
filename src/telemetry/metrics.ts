import type { GatewayEvent } from './events.ts'
import type { Listener } from './listener.ts'
import { createCounts, type Handlers } from './metrics-counts.ts'
import { createLevels, type MetricsReadings } from './metrics-levels.ts'
import { createMetricsRegistry, type Exemplar, type MetricsPage } from './metrics-registry.ts'

/**
 * What Prometheus reads. Told of events as the log is; levels are read when somebody asks. No label ever holds a
 * number, a person, a code, or a word that a caller chose.
 */
export interface Metrics extends Listener {
  readonly page: (accept: string | undefined) => Promise<MetricsPage>
}

export interface MetricsDependencies {
  /** Every provider that there may be; what has another name is counted as `other`. */
  readonly providers: readonly string[]
  /** ISO 3166-1 alpha-2. All others are counted together. */
  readonly countries: readonly string[]
  /** The orgs of the file of orgs as it is now. All others are counted together. */
  readonly orgs: () => readonly string[]
  readonly readings: () => MetricsReadings
  /** Ms since 1970. */
  readonly epoch: () => number
  /** A figure that cannot be counted costs nobody a code. */
  readonly onBug: (error: unknown) => void
}

export function createMetrics({ readings, onBug, ...bounds }: MetricsDependencies): Metrics {
  const registry = createMetricsRegistry()
  const { handlers, keepRules } = createCounts(registry, bounds)
  const showLevels = createLevels(registry, bounds)

  function count(event: GatewayEvent, exemplar?: Exemplar): void {
    try {
      for (const table of handlers) handle(table, event, exemplar)
      // The first time nobody is there yet who could be asked.
      if (event.event === 'rules.loaded' && event.previous_hash !== null) keepRules(readings().rules)
    } catch (error) {
      onBug(error)
    }
  }

  return {
    report: (event) => count(event),
    forRequest({ request_id, trace_id }) {
      const exemplar = trace_id === null ? { request_id } : { trace_id, request_id }
      return (event) => count(event, exemplar)
    },
    async page(accept) {
      const now = readings()
      keepRules(now.rules)
      showLevels(now)
      return await registry.page(accept)
    }
  }
}

function handle(table: Handlers, event: GatewayEvent, exemplar?: Exemplar): void {
  // TypeScript does not see that the handler under an event's name is the one for that event.
  const handler = table[event.event] as ((event: GatewayEvent, exemplar?: Exemplar) => void) | undefined
  handler?.(event, exemplar)
}
