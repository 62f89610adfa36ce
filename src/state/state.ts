/**
 * What the nodes of one gateway know together. It speaks of keys and short texts; what they mean is the
 * caller's business.
 *
 * Every call is answered within tens of milliseconds and never rejects. What can be reached says who is
 * told what: an implementation that has lost its server answers from the memory of this node.
 *
 * Keys hold hashes and fixed words, never a number, a user or a code. Values may hold what must not be
 * read by others: an implementation that lets them leave the process encrypts them. Everything expires.
 */
export interface State {
  /**
   * Puts the value where there is none. Of two callers at once, on any node, one is told null.
   *
   * @returns null where the value was put, else the value that is there.
   */
  readonly putIfAbsent: (key: string, value: string, ttlMs: number) => Promise<string | null>
  readonly put: (key: string, value: string, ttlMs: number) => Promise<void>
  readonly get: (key: string) => Promise<string | null>
  readonly remove: (key: string) => Promise<void>

  /**
   * Takes one token from a bucket that fills with `perSecond` tokens a second up to `perSecond`.
   *
   * @returns false where the bucket is empty.
   */
  readonly take: (bucket: string, perSecond: number) => Promise<boolean>

  /** Adds one. The count begins anew `ttlMs` after its first one. */
  readonly increment: (counter: string, ttlMs: number) => Promise<number>

  /** A small set of values by id, read as a whole. */
  readonly putEntry: (collection: string, id: string, value: string, ttlMs: number) => Promise<void>
  readonly removeEntry: (collection: string, id: string) => Promise<void>
  readonly entries: (collection: string) => Promise<ReadonlyMap<string, string>>

  /** Says in one word for `/health/ready` where the state is: "memory", "redis", "redis_unreachable". */
  readonly condition: () => StateCondition
  readonly close: () => Promise<void>
}

export type StateCondition = 'memory' | 'redis' | 'redis_unreachable'

/** Told once when the server is lost and once when it is back. */
export type StateEvent =
  | { readonly kind: 'lost'; readonly cause: string }
  | { readonly kind: 'back'; readonly afterMs: number }
