/**
 * Version, trace id, the caller's span, flags; what a later version appends, begins with a hyphen. Version `ff` and ids of
 * nothing but zeros are invalid. https://www.w3.org/TR/trace-context/#traceparent-header
 */
const TRACEPARENT =
  /^(?!ff)(?<version>[0-9a-f]{2})-(?!0{32})(?<traceId>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?<more>-[^]*)?$/u

/**
 * The trace that a request belongs to, or null. The header is a stranger's: nothing of one that is not exactly as it
 * has to be is ever kept, and of one that is, only 32 hexadecimal digits.
 */
export function traceIdOf(traceparent: string | readonly string[] | undefined): string | null {
  if (typeof traceparent !== 'string') return null
  const { version, traceId, more } = TRACEPARENT.exec(traceparent)?.groups ?? {}
  if (traceId === undefined || (version === '00' && more !== undefined)) return null
  return traceId
}
