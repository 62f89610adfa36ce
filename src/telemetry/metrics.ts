import { Counter, Gauge, Registry } from 'prom-client'
import type { GatewayEvent } from './events.ts'

/** What Prometheus reads. Told of events as the log is; no label ever holds a number, a person or a code. */
export interface Metrics {
  readonly record: (event: GatewayEvent) => void
  /** In Prometheus' text form. */
  readonly text: () => Promise<string>
  readonly contentType: string
}

/** @param epoch ms since 1970. */
export function createMetrics(epoch: () => number): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const info = new Gauge({
    name: 'otp_rules_info',
    help: '1 for the rules in force and for the candidate that is tried beside them, by their hash.',
    labelNames: ['role', 'hash'],
    registers
  })
  const reloads = new Counter({
    name: 'otp_rules_reloads_total',
    help: 'Readings of a rules file, by what came of them: loaded, unchanged, rejected.',
    labelNames: ['role', 'result'],
    registers
  })
  const succeeded = new Gauge({
    name: 'otp_rules_last_reload_successful',
    help: '1 where the file as it is now is in force, 0 where it was rejected.',
    labelNames: ['role'],
    registers
  })
  const loadedAt = new Gauge({
    name: 'otp_rules_last_reload_success_timestamp_seconds',
    help: 'When the rules in force were loaded.',
    labelNames: ['role'],
    registers
  })
  const rejectedAt = new Gauge({
    name: 'otp_rules_last_rejection_timestamp_seconds',
    help: 'When a file was last rejected; not there if none was.',
    labelNames: ['role'],
    registers
  })
  const canaryStops = new Counter({
    name: 'otp_rules_canary_stops_total',
    help: 'Candidates that were stopped because more people got no code by them.',
    registers
  })

  function showHash(role: string, hash: string, previous: string | null): void {
    if (previous !== null) info.remove({ role, hash: previous })
    info.set({ role, hash }, 1)
  }

  return {
    contentType: registry.contentType,
    text: () => registry.metrics(),
    record(event) {
      switch (event.event) {
        case 'rules.loaded':
          showHash(event.role, event.rules_hash, event.previous_hash)
          reloads.inc({ role: event.role, result: 'loaded' })
          succeeded.set({ role: event.role }, 1)
          loadedAt.set({ role: event.role }, epoch() / 1000)
          return
        case 'rules.unchanged':
          reloads.inc({ role: event.role, result: 'unchanged' })
          succeeded.set({ role: event.role }, 1)
          return
        case 'rules.rejected':
          reloads.inc({ role: event.role, result: 'rejected' })
          succeeded.set({ role: event.role }, 0)
          rejectedAt.set({ role: event.role }, epoch() / 1000)
          return
        case 'rules.candidate_removed':
          info.remove({ role: 'candidate', hash: event.rules_hash })
          // A file that is gone has neither failed nor succeeded: an alert on it would never end.
          succeeded.remove({ role: 'candidate' })
          loadedAt.remove({ role: 'candidate' })
          return
        case 'rules.canary_stopped':
          canaryStops.inc()
          return
        default:
      }
    }
  }
}
