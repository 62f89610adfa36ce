import { LONGEST_COOLDOWN_MS } from '../domain/condition.ts'
import type { Channel } from '../domain/message.ts'

/** How long a provider that said "too much" without a time is left alone, in ms. */
export const DEFAULT_COOLDOWN_MS = 1_000

/** Providers that have asked to be left alone for a while. That says nothing about their health. */
export interface Cooldowns {
  /** Null: as it named no time. */
  readonly begin: (provider: string, channel: Channel, retryAfterMs: number | null) => void
  /** It took a message: whatever it said before is over. */
  readonly end: (provider: string, channel: Channel) => void
  /** How long it still lasts, in ms; null where it is not cooling down. */
  readonly leftMs: (provider: string, channel: Channel) => number | null
}

export interface CooldownsDependencies {
  /** Monotonic, in ms. */
  readonly now: () => number
  /** Told when one begins, and not again for each refusal while it lasts. */
  readonly onBegin: (provider: string, channel: Channel, forMs: number) => void
}

export function createCooldowns({ now, onBegin }: CooldownsDependencies): Cooldowns {
  /** As many as there are providers and channels. */
  const until = new Map<string, number>()

  function untilMs(provider: string, channel: Channel): number | null {
    const end = until.get(`${provider}/${channel}`)
    return end === undefined || end <= now() ? null : end
  }

  return {
    begin(provider, channel, retryAfterMs) {
      const forMs = Math.min(retryAfterMs ?? DEFAULT_COOLDOWN_MS, LONGEST_COOLDOWN_MS)
      const before = untilMs(provider, channel)
      until.set(`${provider}/${channel}`, Math.max(before ?? 0, now() + forMs))
      if (before === null && forMs > 0) onBegin(provider, channel, forMs)
    },
    end: (provider, channel) => void until.delete(`${provider}/${channel}`),
    leftMs(provider, channel) {
      const end = untilMs(provider, channel)
      return end === null ? null : end - now()
    }
  }
}
