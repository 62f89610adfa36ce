import type { Channel } from '../domain/message.ts'
import { OUTCOME_CLASSES, type FailureClass, type Outcome } from '../domain/outcome.ts'
import type { Report } from '../telemetry/events.ts'

/** While it lasts it is told again so often, in ms: an alert that somebody closed by mistake comes back. */
export const REPEAT_ALARM_MS = 60 * 60_000

/**
 * Dead credentials and an empty account: failover hides them, and only a person can mend them. One event
 * when it begins, and not one for each request.
 */
export interface Alarms {
  /** Of each attempt, what it came to, also when it came late. */
  readonly hear: (provider: string, channel: Channel, outcome: Outcome) => void
}

export interface AlarmsDependencies {
  /** Monotonic, in ms. */
  readonly now: () => number
  readonly report: Report
}

interface Raised {
  readonly class: FailureClass
  readonly sinceMs: number
  toldAtMs: number
}

export function createAlarms({ now, report }: AlarmsDependencies): Alarms {
  /** As many as there are providers and channels. */
  const raised = new Map<string, Raised>()

  return {
    hear(provider, channel, outcome) {
      const key = `${provider}/${channel}`
      const known = raised.get(key)
      if (outcome.class === 'accepted') {
        if (known === undefined) return
        raised.delete(key)
        const afterMs = Math.round(now() - known.sinceMs)
        report({ event: 'provider.alarm_over', provider, channel, class: known.class, after_ms: afterMs })
        return
      }
      if (OUTCOME_CLASSES[outcome.class].breaker !== 'open_now') return
      const isNew = known === undefined || known.class !== outcome.class
      if (!isNew && now() - known.toldAtMs < REPEAT_ALARM_MS) return

      const sinceMs = isNew ? now() : known.sinceMs
      raised.set(key, { class: outcome.class, sinceMs, toldAtMs: now() })
      report({
        event: 'provider.alarm',
        provider,
        channel,
        class: outcome.class,
        cause: outcome.cause,
        provider_code: outcome.providerCode,
        http_status: outcome.httpStatus
      })
    }
  }
}
