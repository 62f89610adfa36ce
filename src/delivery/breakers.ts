import type { Channel } from '../domain/message.ts'
import type { BreakerSettings } from '../domain/rules.ts'
import { createBreaker, type Breaker, type BreakerState, type Transition } from './breaker.ts'

export interface BreakerReading {
  readonly provider: string
  readonly channel: Channel
  readonly state: BreakerState
  /** How long it has been open or half-open; null while closed. */
  readonly openMs: number | null
}

/** One breaker for each provider and channel: a provider's calls can be down while its texts go out. */
export interface Breakers {
  readonly of: (provider: string, channel: Channel) => Breaker
  readonly readings: () => readonly BreakerReading[]
  readonly close: () => void
}

export interface BreakersDependencies {
  readonly settings: BreakerSettings
  readonly now: () => number
  readonly random: () => number
  readonly onTransition: (provider: string, channel: Channel, transition: Transition) => void
}

export function createBreakers({ settings, now, random, onTransition }: BreakersDependencies): Breakers {
  const breakers = new Map<
    string,
    { readonly provider: string; readonly channel: Channel; readonly breaker: Breaker }
  >()

  function of(provider: string, channel: Channel): Breaker {
    const key = `${provider}/${channel}`
    let entry = breakers.get(key)
    if (entry === undefined) {
      const breaker = createBreaker(settings, {
        now,
        random,
        onTransition: (transition) => onTransition(provider, channel, transition)
      })
      entry = { provider, channel, breaker }
      breakers.set(key, entry)
    }
    return entry.breaker
  }

  return {
    of,
    readings: () =>
      [...breakers.values()].map(({ provider, channel, breaker }) => {
        const openedAtMs = breaker.openedAtMs()
        return {
          provider,
          channel,
          state: breaker.state(),
          openMs: openedAtMs === null ? null : Math.round(now() - openedAtMs)
        }
      }),
    close: () => {
      for (const { breaker } of breakers.values()) breaker.close()
    }
  }
}
