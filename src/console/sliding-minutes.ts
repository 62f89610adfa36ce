/** What is kept of the last minutes, one value a minute, however long the process runs. */
export interface SlidingMinutes<T> {
  /** Of this minute. */
  readonly now: () => T
  /** Those that are kept and that something was in, oldest first, with the moment at which each began, ms since 1970. */
  readonly all: () => readonly { readonly atMs: number; readonly value: T }[]
}

export const MINUTE_MS = 60_000

/**
 * @param most minutes: this one, and those before it.
 * @param epoch ms since 1970. A clock that jumps loses what lies outside of the minutes before it, and nothing else.
 */
export function createSlidingMinutes<T>({
  most,
  make,
  epoch
}: {
  readonly most: number
  readonly make: () => T
  readonly epoch: () => number
}): SlidingMinutes<T> {
  const slots: ({ readonly minute: number; readonly value: T } | undefined)[] = []

  return {
    now() {
      const minute = Math.floor(epoch() / MINUTE_MS)
      const place = minute % most
      const slot = slots[place]
      if (slot?.minute === minute) return slot.value
      const value = make()
      slots[place] = { minute, value }
      return value
    },
    all() {
      const last = Math.floor(epoch() / MINUTE_MS)
      return Array.from({ length: most }, (_, index) => last - most + 1 + index).flatMap((minute) => {
        const slot = slots[((minute % most) + most) % most]
        return slot?.minute === minute ? [{ atMs: minute * MINUTE_MS, value: slot.value }] : []
      })
    }
  }
}
