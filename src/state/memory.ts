import { LRUCache } from 'lru-cache'
import type { State } from './state.ts'

/** The most keys, buckets and counters, each. The oldest go first. */
const MAX_KEYS = 50_000

/** The most entries of one collection. */
export const MAX_ENTRIES = 1_000

const MAX_COLLECTIONS = 100

export interface MemoryStateDependencies {
  /** Monotonic, in ms. */
  readonly now: () => number
  readonly maxKeys?: number
}

interface Bucket {
  tokens: number
  atMs: number
}

/** The state of one process: nobody shares it, and it goes with the process. */
export function createMemoryState({ now, maxKeys = MAX_KEYS }: MemoryStateDependencies): State {
  const timed = { max: maxKeys, ttl: 1, ttlResolution: 0, perf: { now } }
  const values = new LRUCache<string, string>(timed)
  const counters = new LRUCache<string, { count: number }>(timed)
  const buckets = new LRUCache<string, Bucket>({ max: maxKeys })
  const collections = new LRUCache<string, LRUCache<string, string>>({ max: MAX_COLLECTIONS })

  function collection(name: string): LRUCache<string, string> {
    const known = collections.get(name) ?? new LRUCache({ ...timed, max: MAX_ENTRIES })
    collections.set(name, known)
    return known
  }

  return {
    async putIfAbsent(key, value, ttlMs) {
      const there = values.get(key)
      if (there !== undefined) return there
      values.set(key, value, { ttl: ttlMs })
      return null
    },
    async put(key, value, ttlMs) {
      values.set(key, value, { ttl: ttlMs })
    },
    async get(key) {
      return values.get(key) ?? null
    },
    async remove(key) {
      values.delete(key)
    },
    async take(name, perSecond) {
      const bucket = buckets.get(name) ?? { tokens: perSecond, atMs: now() }
      const filled = bucket.tokens + ((now() - bucket.atMs) / 1000) * perSecond
      bucket.tokens = Math.min(filled, perSecond)
      bucket.atMs = now()
      buckets.set(name, bucket)
      if (bucket.tokens < 1) return false
      bucket.tokens -= 1
      return true
    },
    async increment(name, ttlMs) {
      const counter = counters.get(name) ?? { count: 0 }
      counter.count += 1
      if (counter.count === 1) counters.set(name, counter, { ttl: ttlMs })
      return counter.count
    },
    async putEntry(name, id, value, ttlMs) {
      collection(name).set(id, value, { ttl: ttlMs })
    },
    async removeEntry(name, id) {
      collection(name).delete(id)
    },
    async entries(name) {
      return new Map(collection(name).entries())
    },
    condition: () => 'memory',
    async close() {
      for (const cache of [values, counters, buckets, collections]) cache.clear()
    }
  }
}
