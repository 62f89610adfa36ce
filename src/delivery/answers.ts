import { LRUCache } from 'lru-cache'
import type { Delivery } from '../domain/delivery.ts'
import type { State } from '../state/state.ts'

/** The most deliveries remembered: 5 minutes at 66 a second, some 60 MB. The oldest goes first. */
const MAX_ANSWERS = 20_000

/** No answer is remembered longer, however long a code claims to live. */
const LONGEST_LIFE_MS = 60 * 60_000

/** How often another node is asked what became of a request that it has, in ms. */
const ASK_EVERY_MS = 50

/** What stands in the shared state: a delivery, or that a node is at it. Another form is another version's. */
const FORM = 2
const PENDING = JSON.stringify({ form: FORM, delivery: null })

export interface Answers {
  /**
   * Runs `deliver`, or joins the run under way for the same key, or gives back what it came to: on this
   * node, or on another one that shares its state.
   */
  readonly once: (request: OnceRequest, deliver: () => Promise<Delivery>) => Promise<Answer>
  /** Has this node had it? */
  readonly knows: (key: string) => boolean
}

export interface OnceRequest {
  /** Says what makes two requests the same: a digest. */
  readonly key: string
  /** How long the answer is remembered. */
  readonly lifeMs: number
  /** On the monotonic clock: so long another node that has the request is waited for. */
  readonly answerByMs: number
}

export interface Answer {
  /** Null where another node has the request, and nothing was heard of it in time. */
  readonly delivery: Delivery | null
  /** Null for the first; else how the first was found. */
  readonly duplicate: { readonly ageMs: number | null; readonly joined: boolean } | null
}

export interface AnswersDependencies {
  /** What other nodes know; null where there is no other. */
  readonly shared: State | null
  /** Monotonic, in ms. */
  readonly now: () => number
  readonly max?: number
}

interface Entry {
  readonly answer: Promise<Answer>
  readonly sinceMs: number
  settled: boolean
}

export function createAnswers({ shared: state, now, max = MAX_ANSWERS }: AnswersDependencies): Answers {
  const entries = new LRUCache<string, Entry>({ max, ttl: LONGEST_LIFE_MS, ttlResolution: 0, perf: { now } })

  /** The first one on this node: on another it may have been seen before. */
  async function claim(request: OnceRequest, deliver: () => Promise<Delivery>): Promise<Answer> {
    if (state === null) return { delivery: await deliver(), duplicate: null }
    const key = `answer:${request.key}`
    const lifeMs = within(request.lifeMs)
    const there = await state.putIfAbsent(key, PENDING, lifeMs)
    if (there !== null) return await elsewhere(state, key, there, request.answerByMs)
    try {
      const delivery = await deliver()
      // Nobody here waits for it.
      void state.put(key, JSON.stringify({ form: FORM, delivery }), lifeMs)
      return { delivery, duplicate: null }
    } catch (error) {
      // A bug is no answer: the same request may be tried again.
      void state.remove(key)
      throw error
    }
  }

  /** Another node has it. If that node has died, nobody knows how far it came. */
  async function elsewhere(state: State, key: string, first: string, answerByMs: number): Promise<Answer> {
    let value: string | null = first
    let joined = false
    for (;;) {
      const delivery = value === null ? null : readDelivery(value)
      if (delivery !== null) return { delivery, duplicate: { ageMs: null, joined } }
      const waitMs = Math.min(ASK_EVERY_MS, answerByMs - now())
      if (waitMs <= 0) return { delivery: null, duplicate: { ageMs: null, joined } }
      joined = true
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      value = await state.get(key)
    }
  }

  return {
    async once(request, deliver) {
      const known = entries.get(request.key)
      if (known !== undefined) {
        const duplicate = { ageMs: Math.round(now() - known.sinceMs), joined: !known.settled }
        const { delivery } = await known.answer
        return { delivery, duplicate }
      }
      const entry: Entry = { answer: claim(request, deliver), sinceMs: now(), settled: false }
      entries.set(request.key, entry, { ttl: within(request.lifeMs) })
      try {
        const answer = await entry.answer
        entry.settled = true
        // Nothing is known: the next one may ask again.
        if (answer.delivery === null) entries.delete(request.key)
        return answer
      } catch (error) {
        entries.delete(request.key)
        throw error
      }
    },
    knows: (key) => entries.has(key)
  }
}

function within(lifeMs: number): number {
  return Math.max(1, Math.min(Math.round(lifeMs), LONGEST_LIFE_MS))
}

/** The state's values are sealed with our own key, so that only their form is looked at. */
function readDelivery(text: string): Delivery | null {
  const value = JSON.parse(text) as { readonly form: number; readonly delivery: Delivery | null }
  return value.form === FORM ? value.delivery : null
}
