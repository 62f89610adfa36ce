import type { Channel } from '../domain/message.ts'
import type { BreakerSettings } from '../domain/rules.ts'
import { createBreaker, type Breaker, type BreakerState, type Transition } from './breaker.ts'

export interface BreakerReading {
  readonly provider: string
  readonly channel: Channel
  readonly state: BreakerState
  /** How long it has been open or half-open; null while closed. */
  readonly openMs: number | null
  /** Would it let a request through now? */
  readonly isAvailable: boolean
}

/**
 * One breaker for each provider and channel: a provider's calls can be down while its texts go out.
 *
 * Of the usable providers of a channel one always stays closed: what fails everywhere has to be asked of
 * somebody, and is more likely our fault than everybody's.
 */
export interface Breakers {
  readonly of: (provider: string, channel: Channel) => Breaker
  readonly readings: () => readonly BreakerReading[]
  readonly close: () => void
}

export interface BreakersDependencies {
  /** Of the rules in force. */
  readonly settings: () => BreakerSettings
  /** Has it credentials, do the rules list it, and has nobody drained the whole of it? Else it cannot take over. */
  readonly isUsable: (provider: string, channel: Channel) => boolean
  readonly now: () => number
  readonly random: () => number
  readonly onTransition: (provider: string, channel: Channel, transition: Transition) => void
}

interface Entry {
  readonly provider: string
  readonly channel: Channel
  readonly breaker: Breaker
}

export function createBreakers({
  settings,
  isUsable,
  now,
  random,
  onTransition
}: BreakersDependencies): Breakers {
  const entries = new Map<string, Entry>()

  function of(provider: string, channel: Channel): Breaker {
    const key = `${provider}/${channel}`
    let entry = entries.get(key)
    if (entry === undefined) {
      const breaker = createBreaker({
        settings,
        now,
        random,
        mayOpen: () => someoneElseIsIn(provider, channel),
        onTransition: (transition) => onTransition(provider, channel, transition)
      })
      entry = { provider, channel, breaker }
      entries.set(key, entry)
    }
    return entry.breaker
  }

  function someoneElseIsIn(provider: string, channel: Channel): boolean {
    return [...entries.values()].some(
      (other) =>
        other.channel === channel &&
        other.provider !== provider &&
        other.breaker.state() === 'closed' &&
        isUsable(other.provider, channel)
    )
  }

  return {
    of,
    readings: () =>
      [...entries.values()].map(({ provider, channel, breaker }) => {
        const openedAtMs = breaker.openedAtMs()
        return {
          provider,
          channel,
          state: breaker.state(),
          openMs: openedAtMs === null ? null : Math.round(now() - openedAtMs),
          isAvailable: breaker.isAvailable()
        }
      }),
    close: () => {
      for (const { breaker } of entries.values()) breaker.close()
    }
  }
}
