import type { ShownProviderChannel } from '../shown.ts'

export interface OfStrip {
  readonly channel: Pick<ShownProviderChannel, 'breaker' | 'history'>
  readonly nowMs: number
  readonly windowMs: number
}

export interface Stretch {
  readonly state: 'closed' | 'open' | 'half_open'
  readonly fromMs: number
  readonly toMs: number
}

/** How a breaker stood within the window, oldest first. What came before the first transition is its opposite. */
export function stretchesOf({ channel: { breaker, history }, nowMs, windowMs }: OfStrip): readonly Stretch[] {
  const startMs = nowMs - windowMs
  const changes = history.flatMap(({ atMs, to }) => (to === 'kept_closed' ? [] : [{ atMs, state: to }]))
  const first = changes[0]
  const before =
    changes.findLast(({ atMs }) => atMs <= startMs)?.state ??
    (first === undefined ? breaker : first.state === 'open' ? 'closed' : 'open')
  const within = changes.filter(({ atMs }) => atMs > startMs && atMs < nowMs)
  return [{ atMs: startMs, state: before }, ...within].map(({ atMs, state }, index) => ({
    state,
    fromMs: atMs,
    toMs: within[index]?.atMs ?? nowMs
  }))
}
