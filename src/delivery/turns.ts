import type { Trigger } from '../domain/delivery.ts'
import { OUTCOME_CLASSES, type Outcome } from '../domain/outcome.ts'
import type { PlannedAttempt } from '../domain/router.ts'
import { DEFAULT_COOLDOWN_MS } from './cooldowns.ts'

/** Of one request, however fast they fail. */
export const MAX_ATTEMPTS = 12

/** Before the first repetition of a provider, the second, and so on; the last holds for all that follow. */
const PAUSES_MS = [0, 100, 200, 400, 800] as const

/** An attempt that was made, as far as it matters here. */
export interface Made {
  readonly planned: PlannedAttempt
  readonly outcome: Outcome | null
  readonly settledAtMs: number | null
}

export interface Turn {
  readonly planned: PlannedAttempt
  readonly trigger: Trigger
  /** Not before this reading of the monotonic clock. */
  readonly atMs: number
}

export interface Standing {
  /** In the order of the plan. */
  readonly chain: readonly PlannedAttempt[]
  /** By an open breaker or a cool-down, now. */
  readonly isHeldBack: (planned: PlannedAttempt) => boolean
  readonly nowMs: number
}

/**
 * Whose turn it is after these attempts; null where nobody is left to ask.
 *
 * Everybody who is in service is asked once, in the order of the plan. Then what surely was not sent is
 * repeated, round by round with growing pauses, as three providers that fail half of the time fail together
 * once in eight. Whom the machine holds back is the last resort: better than nobody, and asked after the
 * first repetition of the others. Who may have sent it is never asked again.
 */
export function turnAfter(made: readonly Made[], { chain, isHeldBack, nowMs }: Standing): Turn | null {
  if (made.length >= MAX_ATTEMPTS) return null

  const turns = chain.flatMap((planned) => {
    const own = made.filter((attempt) => attempt.planned === planned)
    const atMs = repeatableAtMs(own)
    if (atMs === null) return []
    const heldBack = isHeldBack(planned)
    const trigger: Trigger = heldBack
      ? 'last_resort'
      : made.length === 0
        ? 'first'
        : own.length === 0
          ? 'failover'
          : 'repeat'
    return [{ planned, trigger, atMs, rank: own.length + (heldBack ? 1.5 : 0) }]
  })
  const due = turns.filter(({ atMs }) => atMs <= nowMs).toSorted((a, b) => a.rank - b.rank)
  return due[0] ?? turns.toSorted((a, b) => a.atMs - b.atMs)[0] ?? null
}

/** When this provider may be asked again; null: never. Only where nothing was sent and the fault may pass. */
function repeatableAtMs(own: readonly Made[]): number | null {
  const pauseMs = own.length === 0 ? 0 : (PAUSES_MS[own.length - 1] ?? 800)
  let atMs = 0
  for (const { outcome, settledAtMs } of own) {
    if (outcome === null || settledAtMs === null || outcome.class === 'accepted') return null
    if (!OUTCOME_CLASSES[outcome.class].again) return null
    const throttledMs = outcome.class === 'throttled' ? (outcome.retryAfterMs ?? DEFAULT_COOLDOWN_MS) : 0
    atMs = Math.max(atMs, settledAtMs + Math.max(pauseMs, throttledMs))
  }
  return atMs
}
