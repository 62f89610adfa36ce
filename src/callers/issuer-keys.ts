import type { CryptoKey } from 'jose'
import type { Report } from '../telemetry/events.ts'
import type { JsonFetcher } from './fetch-json.ts'
import { metadataUrls, readMetadata } from './issuer.ts'
import { readKeySet, type KeySet } from './key-set.ts'

/** Every wait of an issuer's keys, in ms. */
export interface KeyTimes {
  /** The whole of one fetch: metadata and keys. No request waits for it, and the start no longer. */
  readonly fetchWithinMs: number
  /** How often keys are fetched anew, give or take a tenth. */
  readonly refreshEveryMs: number
  /** After a failure, the first time; doubled each time. */
  readonly retryAfterMs: number
  readonly retryAtMostMs: number
  /** Keys that are older are used no more: whoever signs with them may have been shut out since. */
  readonly staleAtMostMs: number
  /** Unknown keys cause one fetch in this time, whoever asks. */
  readonly unknownEveryMs: number
  /** So long a request waits for that fetch. */
  readonly unknownWaitMs: number
}

export const KEY_TIMES: KeyTimes = {
  fetchWithinMs: 5_000,
  refreshEveryMs: 10 * 60_000,
  retryAfterMs: 1_000,
  retryAtMostMs: 60_000,
  staleAtMostMs: 24 * 60 * 60_000,
  unknownEveryMs: 10_000,
  unknownWaitMs: 300
}

/** `fresh`: the last fetch succeeded. `stale`: it failed, and older keys serve. `none`: no token can be checked. */
export type KeysCondition = 'fresh' | 'stale' | 'none'

/** The keys of one issuer: fetched at start, kept fresh behind the requests, and kept while the issuer is down. */
export interface IssuerKeys {
  readonly issuer: string
  /** The first fetch. Resolves within `fetchWithinMs`, whatever comes of it. */
  readonly start: () => Promise<void>
  readonly find: (kid: string) => CryptoKey | null
  /**
   * Looks for keys that are new: joins the fetch under way, or begins one if none was begun for this in the last
   * `unknownEveryMs`. Resolves within `unknownWaitMs`, or at once where there is nothing to wait for.
   */
  readonly lookAgain: () => Promise<void>
  readonly condition: () => KeysCondition
  readonly close: () => void
}

export interface IssuerKeysDependencies {
  readonly issuer: string
  readonly fetcher: Pick<JsonFetcher, 'get'>
  readonly report: Report
  /** Monotonic, in ms. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly times: KeyTimes
}

type Trigger = 'start' | 'refresh' | 'unknown_key'
type Fetched =
  | { readonly kind: 'ok'; readonly keys: KeySet }
  | { readonly kind: 'failed'; readonly cause: string }

export function createIssuerKeys(deps: IssuerKeysDependencies): IssuerKeys {
  const { issuer, fetcher, report, now, random, times } = deps
  let keys: KeySet = new Map()
  let jwksUri: string | null = null
  let fetchedAtMs = -Infinity
  let failures = 0
  /** What was said last, so that a state is told of once. */
  let told: KeysCondition | null = null
  let lookedAtMs = -Infinity
  let underWay: Promise<void> | null = null
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const isUsable = (): boolean => keys.size > 0 && now() - fetchedAtMs <= times.staleAtMostMs

  function condition(): KeysCondition {
    if (!isUsable()) return 'none'
    return failures === 0 ? 'fresh' : 'stale'
  }

  function fetchOnce(by: Trigger): Promise<void> {
    underWay ??= fetchAndKeep(by).finally(() => (underWay = null))
    return underWay
  }

  async function fetchAndKeep(by: Trigger): Promise<void> {
    clearTimeout(timer)
    const fetched = await fetchKeys(by, AbortSignal.timeout(times.fetchWithinMs))
    if (closed) return
    if (fetched.kind === 'ok') keep(fetched.keys, by)
    else fail(fetched.cause)
    timer = setTimeout(() => void fetchOnce('refresh'), nextInMs())
    timer.unref()
  }

  function nextInMs(): number {
    if (failures === 0) return times.refreshEveryMs * (0.9 + 0.2 * random())
    return Math.min(times.retryAfterMs * 2 ** (failures - 1), times.retryAtMostMs)
  }

  async function fetchKeys(by: Trigger, signal: AbortSignal): Promise<Fetched> {
    // A person may wait for a key that is new: where they are is known.
    const where = by === 'unknown_key' && jwksUri !== null ? jwksUri : await discover(signal)
    if (typeof where !== 'string') return where
    const fetched = await fetcher.get(where, signal)
    if (fetched.kind === 'failed') return fetched
    const set = await readKeySet(fetched.value, keys)
    if (set === null) return { kind: 'failed', cause: 'wrong_shape' }
    if (set.size === 0) return { kind: 'failed', cause: 'no_usable_keys' }
    jwksUri = where
    return { kind: 'ok', keys: set }
  }

  /** Where its keys are. */
  async function discover(signal: AbortSignal): Promise<string | Extract<Fetched, { kind: 'failed' }>> {
    let cause = 'http_404'
    for (const url of metadataUrls(issuer)) {
      const fetched = await fetcher.get(url, signal)
      if (fetched.kind === 'json') {
        const read = readMetadata(fetched.value, issuer)
        return read.kind === 'ok' ? read.jwksUri : { kind: 'failed', cause: read.cause }
      }
      cause = fetched.cause
      if (cause !== 'http_404') break
    }
    return { kind: 'failed', cause }
  }

  function keep(fetched: KeySet, by: Trigger): void {
    const added = [...fetched].filter(([kid, { modulus }]) => keys.get(kid)?.modulus !== modulus).length
    const removed = [...keys.keys()].filter((kid) => !fetched.has(kid)).length
    keys = fetched
    fetchedAtMs = now()
    failures = 0
    if (told === 'fresh' && added === 0 && removed === 0) return
    told = 'fresh'
    report({ event: 'auth.keys_fetched', issuer, keys: keys.size, added, removed, by })
  }

  function fail(cause: string): void {
    failures += 1
    const now = condition()
    if (told === now) return
    told = now
    report({ event: 'auth.keys_failed', issuer, cause, known_keys: now === 'none' ? 0 : keys.size })
  }

  return {
    issuer,
    start: () => fetchOnce('start'),
    find: (kid) => (isUsable() ? (keys.get(kid)?.key ?? null) : null),
    async lookAgain() {
      if (underWay === null) {
        if (now() - lookedAtMs < times.unknownEveryMs) return
        lookedAtMs = now()
      }
      await within(fetchOnce('unknown_key'), times.unknownWaitMs)
    },
    condition,
    close() {
      closed = true
      clearTimeout(timer)
    }
  }
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([work, limit])
  clearTimeout(timer)
}
