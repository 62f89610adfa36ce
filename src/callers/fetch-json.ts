import { Agent, request } from 'undici'

/** What came of one GET. `cause` is a word: a code of the transport's, or one of ours. */
export type FetchedJson =
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'failed'; readonly cause: string }

export interface JsonFetcher {
  /** Never rejects, follows no redirect, reads no more than 64 KiB, and takes no longer than the signal lets it. */
  readonly get: (url: string, signal: AbortSignal) => Promise<FetchedJson>
  readonly close: () => Promise<void>
}

/** Okta's metadata has 3 KiB, and a set of three keys has less than 2. */
const ANSWER_LIMIT_BYTES = 64 * 1024
const CONNECT_TIMEOUT_MS = 2_000
/** Between two bytes. The whole is bound by the caller's signal. */
const SILENCE_MS = 3_000

export function createJsonFetcher(): JsonFetcher {
  const agent = new Agent({
    connections: 2,
    allowH2: false,
    maxResponseSize: ANSWER_LIMIT_BYTES,
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    connect: { rejectUnauthorized: true, timeout: CONNECT_TIMEOUT_MS }
  })

  async function get(url: string, signal: AbortSignal): Promise<FetchedJson> {
    try {
      const { statusCode, body } = await request(url, {
        dispatcher: agent,
        signal,
        headers: { accept: 'application/json' }
      })
      if (statusCode !== 200) {
        await body.dump({ limit: ANSWER_LIMIT_BYTES, signal })
        const isRedirect = statusCode >= 300 && statusCode < 400
        return { kind: 'failed', cause: isRedirect ? 'redirect' : `http_${statusCode}` }
      }
      return readJson(await body.text())
    } catch (error) {
      return { kind: 'failed', cause: causeOf(error) }
    }
  }

  return { get, close: () => agent.destroy() }
}

function readJson(text: string): FetchedJson {
  try {
    return { kind: 'json', value: JSON.parse(text) as unknown }
  } catch {
    return { kind: 'failed', cause: 'not_json' }
  }
}

const CAUSES: Readonly<Record<string, string>> = {
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'too_large',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  TimeoutError: 'timeout',
  UND_ERR_DESTROYED: 'closed',
  UND_ERR_CLOSED: 'closed'
}

/** The code of an error, and nothing else of it. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown_error'
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return CAUSES[code] ?? (/^\w{1,48}$/u.test(code) ? code : 'unknown_error')
}
