import type { State } from '../state/state.ts'

/** What each provider takes, counted over all nodes that share their state. */
export interface Capacity {
  /**
   * May this provider have one message more now? Where it may, that one is counted.
   *
   * @param perSecond what the account takes; null for as much as comes.
   */
  readonly take: (provider: string, perSecond: number | null) => Promise<boolean>
  /** What this node alone has seen. */
  readonly readings: () => readonly CapacityReading[]
}

export interface CapacityReading {
  readonly provider: string
  /** What the account takes, as the rules said last. */
  readonly perSecond: number
  /** Messages that this node gave it within the last second. */
  readonly taken: number
  /** Those for which it had no room within the last second. */
  readonly refused: number
}

export interface CapacityDependencies {
  readonly state: State
  /** Monotonic, in ms. */
  readonly now: () => number
}

/** The second that is being counted, and the one before. */
interface Count {
  perSecond: number
  second: number
  taken: number
  refused: number
  before: { readonly taken: number; readonly refused: number }
}

export function createCapacity({ state, now }: CapacityDependencies): Capacity {
  /** As many as there are providers. */
  const counts = new Map<string, Count>()

  function countOf(provider: string, perSecond: number): Count {
    const second = Math.floor(now() / 1000)
    const count = counts.get(provider) ?? { perSecond, second, taken: 0, refused: 0, before: NOTHING }
    counts.set(provider, count)
    turnTo(count, second)
    count.perSecond = perSecond
    return count
  }

  return {
    async take(provider, perSecond) {
      if (perSecond === null) return true
      const taken = await state.take(`capacity:${provider}`, perSecond)
      const count = countOf(provider, perSecond)
      if (taken) count.taken += 1
      else count.refused += 1
      return taken
    },
    readings: () =>
      [...counts].map(([provider, count]) => {
        turnTo(count, Math.floor(now() / 1000))
        // The second that is over is whole; the one that has begun may already be worse.
        return {
          provider,
          perSecond: count.perSecond,
          taken: Math.max(count.taken, count.before.taken),
          refused: Math.max(count.refused, count.before.refused)
        }
      })
  }
}

const NOTHING = { taken: 0, refused: 0 } as const

function turnTo(count: Count, second: number): void {
  if (count.second === second) return
  const { taken, refused } = count
  count.before = count.second === second - 1 ? { taken, refused } : NOTHING
  Object.assign(count, { second, taken: 0, refused: 0 })
}
