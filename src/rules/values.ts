/** How times and percentages are written, as patterns for the schema. Milliseconds have no fraction. */
export const DURATION = String.raw`^(\d{1,7}ms|\d{1,5}(\.\d{1,3})?(s|m))$`
export const PERCENT = String.raw`^\d{1,3}(\.\d{1,2})?%$`

/** A day, or a moment with its offset. */
export const MOMENT = String.raw`^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$`

const duration = new RegExp(DURATION, 'u')
const percent = new RegExp(PERCENT, 'u')

const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 }

/** Milliseconds of "2500ms", "2.5s" or "10m"; NaN where it is no time. */
export function parseDuration(written: string): number {
  if (!duration.test(written)) return Number.NaN
  const unit = written.replace(/^[\d.]+/u, '')
  return Math.round(Number.parseFloat(written) * (MS_PER_UNIT[unit] ?? Number.NaN))
}

/** 0 to 1 for "0%" to "100%", and more above; NaN where it is no percentage. */
export function parsePercent(written: string): number {
  return percent.test(written) ? Number.parseFloat(written) / 100 : Number.NaN
}

/** In the largest unit that needs no fraction of a thousandth: 2500 is "2500ms", 600000 is "10m". */
export function writeDuration(ms: number): string {
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`
  if (ms >= 1000 && ms % 1000 === 0) return `${ms / 1000}s`
  return `${ms}ms`
}

/** The ways in which a number without a unit may have been meant, within limits: 2500 gives 2500ms and 2.5s. */
export function readingsOf(bare: number, leastMs: number, mostMs: number): readonly string[] {
  const readings = [`${bare}ms`, `${bare / 1000}s`, `${bare}s`, `${bare}m`].filter((written) => {
    const ms = parseDuration(written)
    return ms >= leastMs && ms <= mostMs
  })
  return readings.slice(0, 2)
}

const DAY_MS = 24 * 60 * 60_000

/**
 * The first moment behind "2026-12-31" (the whole day counts, in UTC), or the one that is written, in ms since
 * 1970; NaN where there is no such day or time.
 */
export function parseEnd(written: string): number {
  const [day = '', time] = written.split('T')
  const midnightMs = Date.parse(`${day}T00:00Z`)
  // 30 February becomes the 2nd of March elsewhere.
  const exists = !Number.isNaN(midnightMs) && new Date(midnightMs).toISOString().startsWith(day)
  if (!exists) return Number.NaN
  return time === undefined ? midnightMs + DAY_MS : Date.parse(written)
}
