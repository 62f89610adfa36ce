import type { FastifyPluginAsync } from 'fastify'
import type { Recent } from '../console/recent.ts'
import type { ConsoleDependencies } from '../console/ports.ts'
import { PROVIDER_NAMES } from '../providers/provider.ts'
import { faultOf } from '../telemetry/fault.ts'
import { toAll, type Listener } from '../telemetry/listener.ts'
import { METRICS_COUNTRIES } from '../telemetry/metrics-countries.ts'
import type { MetricsReadings } from '../telemetry/metrics-levels.ts'
import { createMetrics, type Metrics } from '../telemetry/metrics.ts'
import { quietLog } from '../telemetry/quiet.ts'
import type { GatewayOptions } from './options.ts'

/** What is heard by whoever is told of events, and what people ask of those who listen. */
export interface Hearing extends Listener {
  /** Null where there is no admin port: nobody could read it, and it costs nothing. */
  readonly forPeople: {
    readonly metrics: Metrics
    readonly recent: Recent
    readonly createConsole: (deps: ConsoleDependencies) => FastifyPluginAsync
  } | null
  /** Says what the log still held back. */
  readonly close: () => void
}

/** What those who listen ask of the gateway in their turn. None is called before the gateway stands. */
export interface HearingAsks {
  readonly orgs: () => readonly string[]
  readonly readings: () => MetricsReadings
  /** Of the rules in force. */
  readonly deadlineMs: () => number
}

/** The log, and with an admin port the metrics and what the console remembers; traces where somebody takes them. */
export async function openHearing(options: GatewayOptions, asks: HearingAsks): Promise<Hearing> {
  const { clock, tracing = null } = options
  const log = quietLog(options.log, { now: clock.now })
  const forPeople = options.admin === null ? null : await listenForPeople({ ...options, log }, asks)
  const listeners = [log, forPeople?.metrics ?? null, tracing, forPeople?.recent ?? null]
  return {
    ...toAll(listeners.filter((listener) => listener !== null)),
    forPeople,
    close: log.close
  }
}

async function listenForPeople(
  {
    clock,
    log,
    metricsCountries
  }: Pick<GatewayOptions, 'clock' | 'metricsCountries'> & { readonly log: Listener },
  asks: HearingAsks
) {
  const { orgs, readings, deadlineMs } = asks
  const { createConsole, createRecent } = await loadConsole()
  return {
    createConsole,
    metrics: createMetrics({
      providers: PROVIDER_NAMES,
      countries: metricsCountries ?? METRICS_COUNTRIES,
      orgs,
      readings,
      epoch: clock.epoch,
      onBug: (error) => log.report(faultOf('metrics', error))
    }),
    recent: createRecent({
      providers: PROVIDER_NAMES,
      now: clock.now,
      epoch: clock.epoch,
      deadlineMs,
      onBug: (error) => log.report(faultOf('console', error))
    })
  }
}

/** Whoever has no admin port pays nothing for it. */
async function loadConsole() {
  const [{ createConsole }, { createRecent }] = await Promise.all([
    import('../console/console.ts'),
    import('../console/recent.ts')
  ])
  return { createConsole, createRecent }
}
