/** A `traceparent`: the trace, the span of whoever called, and whether that trace is kept. */
export interface TraceParent {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

/** The trace that a request belongs to, as it stands on each of its lines. */
export interface TraceIds {
  readonly trace_id: string | null
  /** Only where the trace is exported. */
  readonly span_id?: string
}

/** What came with a request, before anybody has read its body. */
export interface Arrival {
  readonly requestId: string
  /** Monotonic, in ms. */
  readonly arrivedAtMs: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Says to which trace a request belongs, once for each. Never throws. */
export type TraceOf = (arrival: Arrival) => TraceIds

type Header = string | readonly string[] | undefined

/**
 * Version, trace id, the caller's span, flags; what a later version appends, begins with a hyphen. Version `ff` and ids of
 * nothing but zeros are invalid. https://www.w3.org/TR/trace-context/#traceparent-header
 */
const TRACEPARENT =
  /^(?!ff)(?<version>[0-9a-f]{2})-(?!0{32})(?<traceId>[0-9a-f]{32})-(?!0{16})(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?<more>-[^]*)?$/u

const SAMPLED = 0x01

/**
 * The header is a stranger's: nothing of one that is not exactly as it has to be is ever kept, and of one that is, only
 * hexadecimal digits and one flag.
 */
export function parseTraceParent(header: Header): TraceParent | null {
  if (typeof header !== 'string') return null
  const { version, traceId, spanId, flags = '', more } = TRACEPARENT.exec(header)?.groups ?? {}
  if (traceId === undefined || spanId === undefined || (version === '00' && more !== undefined)) return null
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 }
}

/** The trace that a request belongs to, or null. */
export function traceIdOf(traceparent: Header): string | null {
  return parseTraceParent(traceparent)?.traceId ?? null
}

/** Where nothing is traced here: the trace is that of whoever called, if it has one. */
export const traceOfCaller: TraceOf = ({ headers }) => ({ trace_id: traceIdOf(headers['traceparent']) })
