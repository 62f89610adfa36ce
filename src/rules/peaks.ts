/** How much came within a second, by name. */
export interface Peaks {
  /** @param share of one request. */
  readonly count: (name: string, atMs: number, share: number) => void
  readonly of: (name: string) => Peak
}

export interface Peak {
  /** The most that came within one second. */
  readonly peak: number
  /** Seconds with more than the capacity. */
  readonly secondsOver: number
}

const SECONDS_PER_HOUR = 3_600

/** A month: 14 kB for each of them and each name. Of the oldest beyond that only what it came to is kept. */
const MOST_HOURS = 744

/** Rounding must not make 30 of 30 too many. */
const TOLERANCE = 1e-3

/**
 * Counts by second. Logs of several nodes may come one after another, so that the seconds of an hour stay open
 * while there is room.
 *
 * @param capacityOf messages a second; null for no limit.
 */
export function createPeaks(capacityOf: (name: string) => number | null): Peaks {
  const hours = new Map<number, Map<string, Float32Array>>()
  const closed = new Map<string, Peak>()

  function peakOf(name: string, counts: Float32Array): Peak {
    const capacity = capacityOf(name) ?? Infinity
    let [peak, secondsOver] = [0, 0]
    for (const count of counts) {
      if (count > peak) peak = count
      if (count > capacity + TOLERANCE) secondsOver += 1
    }
    return { peak, secondsOver }
  }

  function closeOldest(): void {
    const oldest = Math.min(...hours.keys())
    for (const [name, counts] of hours.get(oldest) ?? []) {
      closed.set(name, together(closed.get(name), peakOf(name, counts)))
    }
    hours.delete(oldest)
  }

  return {
    count(name, atMs, share) {
      const second = Math.floor(atMs / 1000)
      const hour = Math.floor(second / SECONDS_PER_HOUR)
      let names = hours.get(hour)
      if (names === undefined) {
        names = new Map()
        hours.set(hour, names)
        if (hours.size > MOST_HOURS) closeOldest()
      }
      const counts = names.get(name) ?? new Float32Array(SECONDS_PER_HOUR)
      names.set(name, counts)
      const place = second - hour * SECONDS_PER_HOUR
      counts[place] = (counts[place] as number) + share
    },
    of(name) {
      const open = [...hours.values()].flatMap((names) => names.get(name) ?? [])
      return open.reduce(
        (sum, counts) => together(sum, peakOf(name, counts)),
        together(closed.get(name), NONE)
      )
    }
  }
}

const NONE: Peak = { peak: 0, secondsOver: 0 }

function together(one: Peak = NONE, other: Peak): Peak {
  return { peak: Math.max(one.peak, other.peak), secondsOver: one.secondsOver + other.secondsOver }
}
