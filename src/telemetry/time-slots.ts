/** A stretch of time, whose ends are round. */
export interface Slots<T> {
  /** What is kept of the slot in which that was. */
  readonly at: (ms: number) => T
  /** From the first to the last, with null where nothing was. */
  readonly all: () => {
    readonly startMs: number
    readonly widthMs: number
    readonly slots: readonly (T | null)[]
  }
}

const MINUTE_MS = 60_000

/** In minutes. Each is so many of the one before; behind the last, each is twice the one before. */
const WIDTHS = [1, 5, 15, 60, 180, 720, 1440, 10_080]

/**
 * Keeps a few hundred slots, whatever the time they cover: when there are more, they become wider, and what is in
 * them is put together.
 *
 * @param merge adds the second to the first.
 */
export function createSlots<T>({
  most,
  make,
  merge
}: {
  readonly most: number
  readonly make: () => T
  readonly merge: (into: T, from: T) => void
}): Slots<T> {
  let slots = new Map<number, T>()
  let widthMs = MINUTE_MS
  let [first, last] = [Infinity, -Infinity]

  function widen(): void {
    const wider =
      (WIDTHS.find((minutes) => minutes * MINUTE_MS > widthMs) ?? (2 * widthMs) / MINUTE_MS) * MINUTE_MS
    const merged = new Map<number, T>()
    for (const [number, slot] of slots) {
      const into = Math.floor((number * widthMs) / wider)
      const existing = merged.get(into)
      if (existing === undefined) merged.set(into, slot)
      else merge(existing, slot)
    }
    slots = merged
    first = Math.floor((first * widthMs) / wider)
    last = Math.floor((last * widthMs) / wider)
    widthMs = wider
  }

  return {
    at(ms) {
      const number = Math.floor(ms / widthMs)
      const existing = slots.get(number)
      if (existing !== undefined) return existing
      first = Math.min(first, number)
      last = Math.max(last, number)
      const slot = make()
      slots.set(number, slot)
      while (last - first >= most) widen()
      return slots.get(Math.floor(ms / widthMs)) ?? slot
    },
    all() {
      if (slots.size === 0) return { startMs: 0, widthMs, slots: [] }
      return {
        startMs: first * widthMs,
        widthMs,
        slots: Array.from({ length: last - first + 1 }, (_, index) => slots.get(first + index) ?? null)
      }
    }
  }
}
