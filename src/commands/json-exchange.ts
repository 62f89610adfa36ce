import type { Io } from './command.ts'

/** What came of one request. No words of an error are in it: they may hold the URL, and that a secret. */
export type JsonAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: Headers
      /** Undefined where it is no JSON. */
      readonly json: unknown
      readonly text: string
      /** Until its last byte, in ms of the monotonic clock. */
      readonly elapsedMs: number
    }
  /** A code of the transport's ("ECONNREFUSED", "CERT_HAS_EXPIRED"), or "timeout", "too_large". */
  | { readonly kind: 'no_answer'; readonly cause: string; readonly elapsedMs: number }

export interface JsonRequest {
  readonly method: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly withinMs?: number
}

const WITHIN_MS = 15_000
const MOST_BYTES = 2 ** 20

/** Sends one request, once, follows no redirect, and reads 1 MiB at most. Never rejects. */
export async function exchangeJson(
  { fetch: fetchIt, monotonic }: Pick<Io, 'fetch' | 'monotonic'>,
  url: URL,
  { method, headers = {}, body, withinMs = WITHIN_MS }: JsonRequest
): Promise<JsonAnswer> {
  const startedAtMs = monotonic()
  const elapsed = (): number => Math.round(monotonic() - startedAtMs)
  try {
    const response = await fetchIt(url, {
      method,
      headers: { accept: 'application/json', ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(withinMs)
    })
    const text = await readText(response)
    if (text === null) return { kind: 'no_answer', cause: 'too_large', elapsedMs: elapsed() }
    const { status } = response
    return {
      kind: 'answered',
      status,
      headers: response.headers,
      json: parsed(text),
      text,
      elapsedMs: elapsed()
    }
  } catch (error) {
    return { kind: 'no_answer', cause: causeOf(error), elapsedMs: elapsed() }
  }
}

async function readText(response: Response): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown_error'
  if (error.name === 'TimeoutError') return 'timeout'
  const { cause } = error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return /^[A-Z][A-Z0-9_]{1,47}$/u.test(code) ? code : 'unknown_error'
}

/** What a code of the transport's means, and what to do. */
const TRANSPORT_IN_WORDS: Readonly<Record<string, string>> = {
  timeout: 'it did not answer in time',
  too_large: 'its answer is larger than 1 MiB',
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was cut',
  UND_ERR_SOCKET: 'the connection was cut',
  ENOTFOUND: 'there is no such host name',
  EAI_AGAIN: 'the name could not be looked up',
  UND_ERR_CONNECT_TIMEOUT: 'the connection was not made in time',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that the public does not trust',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes without the intermediate one that signed it',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes without the intermediate one that signed it',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host name',
  EPROTO: 'it does not speak TLS there',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there'
}

export function transportInWords(cause: string): string {
  return TRANSPORT_IN_WORDS[cause] ?? `it could not be reached (${cause})`
}
