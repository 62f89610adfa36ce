/** How often which duration came, in little memory: each value is kept to within one percent. */
export interface Histogram {
  /** @param ms from 0; a fraction is cut off, and what is longer than half an hour counts as that. */
  readonly add: (ms: number) => void
  readonly merge: (other: Histogram) => void
  readonly count: () => number
  /** The least value that a share of all do not exceed, in ms; null of nothing. */
  readonly quantile: (share: number) => number | null
  /** For {@link merge}. */
  readonly bins: () => Uint32Array
}

/** So many steps in each doubling: half a step is 0.8 % at most. */
const STEPS_BITS = 6
const STEPS = 2 ** STEPS_BITS

const MOST_MS = 2 ** 21 - 1

export function createHistogram(): Histogram {
  let bins = new Uint32Array(0)
  let count = 0

  function reserve(length: number): void {
    if (length <= bins.length) return
    const larger = new Uint32Array(Math.ceil(length / STEPS) * STEPS)
    larger.set(bins)
    bins = larger
  }

  return {
    add(ms) {
      const bin = binOf(ms)
      reserve(bin + 1)
      bins[bin] = (bins[bin] ?? 0) + 1
      count += 1
    },
    merge(other) {
      const added = other.bins()
      reserve(added.length)
      // By place: an iterator takes ten times as long, and the console adds up thousands of these.
      for (let bin = 0; bin < added.length; bin++) bins[bin] = (bins[bin] ?? 0) + (added[bin] ?? 0)
      count += other.count()
    },
    count: () => count,
    quantile(share) {
      if (count === 0) return null
      let left = Math.max(1, Math.ceil(share * count))
      for (let bin = 0; bin < bins.length; bin++) {
        left -= bins[bin] ?? 0
        if (left <= 0) return valueOf(bin)
      }
      return null
    },
    bins: () => bins
  }
}

/** Exact below two times the steps; above, the top bits of the value and their place. */
function binOf(ms: number): number {
  const value = Math.min(MOST_MS, Math.max(0, Math.trunc(ms)))
  const shift = Math.max(0, 31 - Math.clz32(value) - STEPS_BITS)
  return (shift << STEPS_BITS) + (value >> shift)
}

/** The middle of a bin. */
function valueOf(bin: number): number {
  const shift = Math.max(0, (bin >> STEPS_BITS) - 1)
  return ((bin - (shift << STEPS_BITS)) << shift) + ((1 << shift) >> 1)
}
