/** Attempts of one provider that nobody waits for any more; see {@link createHanging}. */
export const MAX_HANGING = 128

/**
 * Attempts that were left running, to hear what they come to. Each holds a connection, and a provider that
 * hangs collects them: beyond the limit the oldest is given up, so that those who wait find connections.
 */
export interface Hanging {
  /** @returns to be called when the attempt has ended. */
  readonly add: (provider: string, giveUp: () => void) => () => void
  /** How many there are, of all providers. */
  readonly count: () => number
}

export function createHanging(max: number = MAX_HANGING): Hanging {
  const byProvider = new Map<string, Set<() => void>>()

  return {
    add(provider, giveUp) {
      const attempts = byProvider.get(provider) ?? new Set()
      byProvider.set(provider, attempts)
      attempts.add(giveUp)
      if (attempts.size > max) {
        const [oldest] = attempts
        if (oldest !== undefined) attempts.delete(oldest)
        oldest?.()
      }
      return () => void attempts.delete(giveUp)
    },
    count: () => [...byProvider.values()].reduce((sum, { size }) => sum + size, 0)
  }
}
