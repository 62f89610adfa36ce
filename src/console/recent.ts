import type { GatewayEvent } from '../telemetry/events.ts'
import type { Listener } from '../telemetry/listener.ts'
import { createRecentCounts, type RecentCounts } from './recent-counts.ts'
import { createRecentRequests, type RecentRequests } from './recent-requests.ts'

/** What the console remembers: told of events as the log is, it holds what they hold, and nothing of a person. */
export interface Recent extends Listener {
  readonly requests: RecentRequests
  readonly counts: RecentCounts
}

export interface RecentDependencies {
  /** Every provider that there may be. */
  readonly providers: readonly string[]
  /** Monotonic, in ms. */
  readonly now: () => number
  /** Ms since 1970. */
  readonly epoch: () => number
  /** Of the rules in force, in ms. */
  readonly deadlineMs: () => number
  /** What cannot be remembered costs nobody a code. */
  readonly onBug: (error: unknown) => void
}

export function createRecent({ onBug, ...deps }: RecentDependencies): Recent {
  const requests = createRecentRequests(deps)
  const counts = createRecentCounts(deps)

  function count(event: GatewayEvent, country: string | null): void {
    switch (event.event) {
      case 'otp.request.completed':
        return counts.addRequest(event)
      case 'otp.attempt.completed':
      case 'otp.attempt.late_result':
        return counts.addAttempt(event, event.channel, event.country)
      case 'otp.failover':
        return counts.addFailover(event.from, country)
      case 'otp.resend.detected':
        return counts.addResend(event.previous_provider, event.country)
      case 'otp.route.decided':
        return counts.addMatch(event.rule)
      case 'circuit.opened':
        return counts.addTransition(event.provider, event.channel, { to: 'open', cause: event.cause })
      case 'circuit.half_opened':
        return counts.addTransition(event.provider, event.channel, { to: 'half_open', cause: null })
      case 'circuit.closed':
        return counts.addTransition(event.provider, event.channel, { to: 'closed', cause: null })
      case 'circuit.kept_closed':
        return counts.addTransition(event.provider, event.channel, { to: 'kept_closed', cause: event.cause })
      default:
    }
  }

  return {
    requests,
    counts,
    report(event: GatewayEvent) {
      try {
        count(event, null)
      } catch (error) {
        onBug(error)
      }
    },
    forRequest(context) {
      const story = requests.begin(context)
      let country: string | null = null
      return (event: GatewayEvent) => {
        try {
          if (event.event === 'otp.request.received') ({ country } = event)
          story.tell(event)
          count(event, country)
        } catch (error) {
          onBug(error)
        }
      }
    }
  }
}
