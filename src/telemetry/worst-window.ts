/** Ten minutes of traffic. */
export interface Window {
  /** Ms since 1970. */
  readonly fromMs: number
  readonly toMs: number
  readonly counts: WindowCounts
}

export interface WindowCounts {
  /** Codes that a provider was meant to carry. */
  readonly wanted: number
  /** Those of them that nobody accepted in time. */
  readonly lost: number
  readonly failedOver: number
}

export interface Minutes {
  readonly add: (atMs: number, counts: WindowCounts) => void
  /** The ten minutes with the largest share of it; null where there is none with enough requests. */
  readonly worst: (what: 'lost' | 'failedOver') => Window | null
  /** Requests in minutes for which there was no room. */
  readonly leftOut: () => number
}

const MINUTE_MS = 60_000

export const WINDOW_MINUTES = 10

/** With fewer requests, a share says nothing. */
const LEAST_WANTED = 20

/** Minutes with traffic, in the order they are read: four months without a pause, and some 20 MB. */
const MOST_MINUTES = 180_000

/**
 * Looks for the worst ten minutes. They slide by the minute, and lines may come in any order, as those of several
 * nodes do.
 */
export function createMinutes(most = MOST_MINUTES): Minutes {
  const minutes = new Map<number, { wanted: number; lost: number; failedOver: number }>()
  let leftOut = 0

  return {
    add(atMs, { wanted, lost, failedOver }) {
      const minute = Math.floor(atMs / MINUTE_MS)
      let counts = minutes.get(minute)
      if (counts === undefined) {
        if (minutes.size === most) {
          leftOut += wanted
          return
        }
        counts = { wanted: 0, lost: 0, failedOver: 0 }
        minutes.set(minute, counts)
      }
      counts.wanted += wanted
      counts.lost += lost
      counts.failedOver += failedOver
    },
    worst(what) {
      const [first, last] = endsOf(minutes.keys())
      const sum = { wanted: 0, lost: 0, failedOver: 0 }
      const move = (minute: number, sign: 1 | -1): void => {
        const counts = minutes.get(minute)
        if (counts === undefined) return
        sum.wanted += sign * counts.wanted
        sum.lost += sign * counts.lost
        sum.failedOver += sign * counts.failedOver
      }
      let [worst, worstRank] = [null as Window | null, 0]
      for (let minute = first; minute <= last; minute++) {
        move(minute, 1)
        move(minute - WINDOW_MINUTES, -1)
        // Before the first ten minutes are full, there are no ten.
        if (minute < Math.min(last, first + WINDOW_MINUTES - 1) || sum.wanted < LEAST_WANTED) continue
        const rank = surelyAtLeast(sum[what], sum.wanted)
        if (rank <= worstRank) continue
        worstRank = rank
        const toMs = (Math.max(minute, first + WINDOW_MINUTES - 1) + 1) * MINUTE_MS
        worst = { fromMs: toMs - WINDOW_MINUTES * MINUTE_MS, toMs, counts: { ...sum } }
      }
      return worst
    },
    leftOut: () => leftOut
  }
}

/** The least and the largest; of none, an end before the beginning. */
function endsOf(numbers: Iterable<number>): readonly [number, number] {
  let [first, last] = [Infinity, -Infinity]
  for (const number of numbers) {
    first = Math.min(first, number)
    last = Math.max(last, number)
  }
  return [first, last]
}

/** For 95 of 100. */
const Z = 1.96

/**
 * The lower end of Wilson's interval: what a share is at least, as far as so few can tell. So 3 of 20 are no worse
 * than 300 of 2500.
 */
export function surelyAtLeast(part: number, whole: number): number {
  if (part === 0) return 0
  const share = part / whole
  const margin = Z * Math.sqrt((share * (1 - share)) / whole + Z ** 2 / (4 * whole ** 2))
  return (share + Z ** 2 / (2 * whole) - margin) / (1 + Z ** 2 / whole)
}
