/** The state of a provider for one request at the moment of the decision. */
export type Condition =
  | { readonly kind: 'ready' }
  | { readonly kind: 'no_credentials' }
  /** A person has switched it off. That beats whatever the machine thinks. */
  | { readonly kind: 'drained' }
  | HeldBack

/** The machine leaves it alone for a while. `badness` ranks such providers: the least is the least bad to ask. */
export interface HeldBack {
  readonly kind: 'breaker_open' | 'cooling_down'
  /** Any clock's reading, the same for all: the lower, the better a last resort. */
  readonly badness: number
}

/** However long a provider asks to be left alone: it is asked again then, in ms. */
export const LONGEST_COOLDOWN_MS = 60_000

/** What is known of a provider for one use, live or read from a running node. */
export interface ProviderState {
  readonly hasCredentials: boolean
  readonly isDrained: boolean
  /** How long its breaker lets nobody through already; null where it lets a request through. */
  readonly openMs: number | null
  /** How long it still asks to be left alone; null where it does not. */
  readonly coolingMs: number | null
}

export function conditionOf({ hasCredentials, isDrained, openMs, coolingMs }: ProviderState): Condition {
  if (!hasCredentials) return { kind: 'no_credentials' }
  if (isDrained) return { kind: 'drained' }
  // Who fails is worse to ask than who has too much to do; the longer it has failed, the worse.
  if (openMs !== null) return { kind: 'breaker_open', badness: openMs }
  return coolingMs === null
    ? { kind: 'ready' }
    : { kind: 'cooling_down', badness: coolingMs - LONGEST_COOLDOWN_MS }
}
