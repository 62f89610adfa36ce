import type { ShownAttempt, ShownRequest } from '../shown.ts'

/** Where an attempt stands on a request's time axis, in percent of its width. */
export interface Bar {
  readonly attempt: ShownAttempt
  readonly fromPercent: number
  readonly widthPercent: number
  /** Behind the answer to Okta, where it went on. */
  readonly latePercent: number
  readonly isRunning: boolean
}

export interface Axis {
  readonly endMs: number
  readonly ticksMs: readonly number[]
  readonly bars: readonly Bar[]
  readonly deadlinePercent: number
  /** Null while the request is under way. */
  readonly answerPercent: number | null
}

/** Beyond this a late answer would press all the rest into a corner. */
const LONGEST_IN_DEADLINES = 2.2
const LEAST_BAR_PERCENT = 0.5

/** @param soFarMs since the arrival, for what still runs. */
export function axisOf({ attempts, deadlineAfterMs, end }: ShownRequest, soFarMs: number): Axis {
  const latest = Math.max(
    deadlineAfterMs * 1.06,
    ...attempts.map(({ endedAfterMs }) => (endedAfterMs ?? 0) * 1.04),
    (end?.afterMs ?? 0) * 1.04
  )
  const endMs = Math.max(1, Math.min(latest, deadlineAfterMs * LONGEST_IN_DEADLINES))
  const percent = (ms: number): number => (Math.min(Math.max(0, ms), endMs) / endMs) * 100

  const bars = attempts.map((attempt): Bar => {
    const isRunning = attempt.endedAfterMs === null
    const until = attempt.endedAfterMs ?? Math.max(attempt.startedAfterMs, soFarMs)
    const from = percent(attempt.startedAfterMs)
    const to = percent(until)
    const late = end === null ? 0 : Math.max(0, to - Math.max(from, percent(end.afterMs)))
    const isLate = !attempt.won && end !== null && until > end.afterMs
    return {
      attempt,
      fromPercent: Math.min(from, 100 - LEAST_BAR_PERCENT),
      widthPercent: Math.max(LEAST_BAR_PERCENT, to - from),
      latePercent: isLate ? late : 0,
      isRunning
    }
  })
  return {
    endMs,
    ticksMs: ticksOf(endMs),
    bars,
    deadlinePercent: percent(deadlineAfterMs),
    answerPercent: end === null ? null : percent(end.afterMs)
  }
}

/** Round, and at most six. */
function ticksOf(endMs: number): readonly number[] {
  const step = [100, 250, 500, 1_000, 2_000, 5_000, 10_000].find((ms) => endMs / ms <= 6) ?? 30_000
  return Array.from({ length: Math.floor(endMs / step) + 1 }, (_, index) => index * step)
}
