import { LRUCache } from 'lru-cache'
import type { Delivery } from '../domain/delivery.ts'

/** The most deliveries remembered: 5 minutes at 66 a second, some 60 MB. The oldest goes first. */
export const MAX_ANSWERS = 20_000

/** No answer is remembered longer, however long a code claims to live. */
const LONGEST_LIFE_MS = 60 * 60_000

export interface Answers {
  /**
   * Runs `deliver`, or joins the run under way for the same key, or gives back what it came to.
   *
   * @param key says what makes two requests the same.
   * @param lifeMs how long the answer is remembered.
   */
  readonly once: (key: string, lifeMs: number, deliver: () => Promise<Delivery>) => Answer
}

export interface Answer {
  readonly delivery: Promise<Delivery>
  /** Null for the first; else how the first was found. */
  readonly duplicate: { readonly ageMs: number; readonly joined: boolean } | null
}

interface Entry {
  readonly delivery: Promise<Delivery>
  readonly sinceMs: number
  settled: boolean
}

/** Answers in the memory of this process. `now` is monotonic, in ms. */
export function createAnswers(now: () => number, max: number = MAX_ANSWERS): Answers {
  const entries = new LRUCache<string, Entry>({ max, ttl: LONGEST_LIFE_MS, ttlResolution: 0, perf: { now } })

  return {
    once(key, lifeMs, deliver) {
      const known = entries.get(key)
      if (known !== undefined) {
        return {
          delivery: known.delivery,
          duplicate: { ageMs: Math.round(now() - known.sinceMs), joined: !known.settled }
        }
      }
      const delivery = deliver()
      const entry: Entry = { delivery, sinceMs: now(), settled: false }
      entries.set(key, entry, { ttl: Math.max(1, Math.min(lifeMs, LONGEST_LIFE_MS)) })
      delivery.then(
        () => {
          entry.settled = true
        },
        // A bug is no answer: the same request may be tried again.
        () => entries.delete(key)
      )
      return { delivery, duplicate: null }
    }
  }
}
