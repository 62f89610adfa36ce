import { failed, type Failure, type FailureClass } from '../domain/outcome.ts'
import type { Answered, HttpAnswer } from './exchange.ts'
import { classOfStatus, readRetryAfterMs } from './http-status.ts'

/** A vendor's codes. A key may be narrower than a code where a vendor needs it ("9:recipient"). */
export type CodeTable = Readonly<Record<string, FailureClass>>

export interface VendorError {
  readonly code: string
  /** Keys of the table to look under, the narrowest first; the code alone where absent. */
  readonly keys?: readonly string[]
  /** Where the vendor says it in its text and not in a header. */
  readonly retryAfterMs?: number | null
}

/**
 * The failure that an answer stands for: the status first where it is 429, then the vendor's code, then
 * the status.
 *
 * @param error what the vendor says is wrong; null where the body holds no code.
 */
export function readRefusal(
  answer: Answered,
  error: VendorError | null,
  table: CodeTable,
  nowMs: number
): Failure {
  const failureClass = classOf(answer.status, error, table)
  const isPause = failureClass === 'throttled' || failureClass === 'provider_error'
  return failed(failureClass, error === null ? `http_${answer.status}` : 'refused', {
    httpStatus: answer.status,
    providerCode: error === null ? null : cleanCode(error.code),
    retryAfterMs: isPause
      ? (error?.retryAfterMs ?? readRetryAfterMs(answer.headers['retry-after'], nowMs))
      : null
  })
}

function classOf(status: number, error: VendorError | null, table: CodeTable): FailureClass {
  if (status === 429) return 'throttled'
  if (error === null) return classOfStatus(status, false)
  for (const key of error.keys ?? [error.code]) {
    const known = Object.hasOwn(table, key) ? table[key] : undefined
    if (known !== undefined) return known
  }
  // A 200 with an error inside and a code of no table: refused, and nobody knows why.
  return status < 300 ? 'unknown' : classOfStatus(status, true)
}

/** A 2xx without what proves a message: it may have been sent. */
export function unreadable(answer: Answered): Failure {
  return failed('no_answer', 'unreadable_answer', { httpStatus: answer.status })
}

/** An exchange that brought no answer. Null: the vendor's SDK failed before it asked for one. */
export function withoutAnswer(answer: Exclude<HttpAnswer, Answered> | null): Failure {
  return answer === null ? failed('bad_request', 'not_built') : failed(answer.kind, answer.cause)
}

/** A vendor's code goes to logs and metrics: what does not look like a code is dropped. */
function cleanCode(code: string): string | null {
  return /^[A-Za-z0-9_.-]{1,32}$/u.test(code) ? code : null
}

/** Is it an id that can be kept, logged, and given to Okta? */
export function isTransactionId(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.:-]{1,128}$/u.test(value)
}

/** The parsed body; undefined where it is no JSON. Proxies in front of a vendor answer with HTML. */
export function readJson(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}
