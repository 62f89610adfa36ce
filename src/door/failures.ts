import { LRUCache } from 'lru-cache'

/** Wrong credentials that a source may send in a window before it is answered otherwise. */
export const FEW_FAILURES = 20

export const FAILURE_WINDOW_MS = 60_000

const MOST_SOURCES = 10_000

/** Counts who sends wrong credentials. @returns whether they are too many for this window. */
export type CountFailure = (source: string) => boolean

/** @param now monotonic, in ms. */
export function createFailures(now: () => number, mostSources = MOST_SOURCES): CountFailure {
  const windows = new LRUCache<string, { count: number; readonly sinceMs: number }>({ max: mostSources })

  return (source) => {
    const known = windows.get(source)
    const isOver = known === undefined || now() - known.sinceMs >= FAILURE_WINDOW_MS
    const window = isOver ? { count: 0, sinceMs: now() } : known
    window.count += 1
    windows.set(source, window)
    return window.count > FEW_FAILURES
  }
}
