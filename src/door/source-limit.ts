import { LRUCache } from 'lru-cache'

/** So many sources are remembered; who is forgotten begins with a full bucket. */
const MOST_SOURCES = 10_000

export interface Rate {
  readonly requests: number
  readonly perMs: number
}

export interface SourceLimitOptions extends Rate {
  /** Monotonic, in ms. */
  readonly now: () => number
  readonly mostSources?: number
}

/** Takes one request of a source. @returns null where there is room, else how long until there is, in ms. */
export type SourceLimit = (source: string) => number | null

/** "100/s", "6000/m"; null for what is none. */
export function readRate(text: string): Rate | null {
  const [, amount = '', unit] = /^(\d{1,6})\/([sm])$/u.exec(text) ?? []
  const requests = Number(amount)
  return requests === 0 ? null : { requests, perMs: unit === 's' ? 1_000 : 60_000 }
}

/** A bucket for each source: it holds what may come at once, and fills evenly. */
export function createSourceLimit({ requests, perMs, now, mostSources }: SourceLimitOptions): SourceLimit {
  const buckets = new LRUCache<string, { left: number; atMs: number }>({ max: mostSources ?? MOST_SOURCES })
  const msEach = perMs / requests

  return (source) => {
    const nowMs = now()
    const bucket = buckets.get(source) ?? { left: requests, atMs: nowMs }
    const left = Math.min(requests, bucket.left + (nowMs - bucket.atMs) / msEach)
    const hasRoom = left >= 1
    buckets.set(source, { left: hasRoom ? left - 1 : left, atMs: nowMs })
    return hasRoom ? null : Math.ceil((1 - left) * msEach)
  }
}
