import type { FailureClass } from '../domain/outcome.ts'

/**
 * What a status says where the provider's own code says nothing, or nothing that we know.
 * RFC 9110, section 15; the statuses that stand here alone are those with a meaning for all three vendors.
 */
const CLASS_BY_STATUS: Readonly<Record<number, FailureClass>> = {
  401: 'credentials',
  402: 'quota',
  403: 'credentials',
  404: 'bad_request',
  405: 'bad_request',
  // The provider gave up waiting for a request that we had written.
  408: 'no_answer',
  415: 'bad_request',
  425: 'no_answer',
  429: 'throttled',
  // The edge in front of a provider says these too, after it has passed the message on.
  500: 'no_answer',
  502: 'no_answer',
  503: 'provider_error',
  504: 'no_answer'
}

/**
 * The class of an answer by its status alone.
 *
 * A redirect is never followed (it would carry the code away) and counts as the provider's fault: it hits
 * every request, so its breaker has to open. Any other 5xx may come from anything on the way: not known.
 *
 * @param hasCode the answer carries a code of the vendor that no table knows.
 */
export function classOfStatus(status: number, hasCode: boolean): FailureClass {
  const known = CLASS_BY_STATUS[status]
  if (known !== undefined) return known
  if (status >= 500) return 'no_answer'
  if (status >= 400) return hasCode ? 'unknown' : 'bad_request'
  return status >= 300 ? 'provider_error' : 'no_answer'
}

/** Longer than this, a pause asked for says nothing to a passcode. */
const RETRY_AFTER_AT_MOST_MS = 60_000

/**
 * Reads `Retry-After`, which holds seconds or an HTTP date (RFC 9110, section 10.2.3).
 *
 * @returns ms from `nowMs`, 0 to {@link RETRY_AFTER_AT_MOST_MS}; null where it is absent or unreadable.
 */
export function readRetryAfterMs(header: string | string[] | undefined, nowMs: number): number | null {
  if (typeof header !== 'string') return null
  const text = header.trim()
  if (/^\d{1,9}$/u.test(text)) return capRetryAfterMs(Number(text) * 1_000)
  // Date.parse() takes far more than HTTP dates for one ("-1").
  const ms = HTTP_DATE.test(text) ? Date.parse(text) - nowMs : Number.NaN
  return Number.isNaN(ms) ? null : capRetryAfterMs(ms)
}

/** All three forms begin with the name of a day. */
const HTTP_DATE = /^[A-Z][a-z]{2,8},? \S/u

export function capRetryAfterMs(ms: number): number {
  return Math.min(Math.max(ms, 0), RETRY_AFTER_AT_MOST_MS)
}
