import type { ShownRefusal } from '../shown.ts'

export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'refused'; readonly status: number; readonly refusal: ShownRefusal }
  /** The gateway did not answer, or not within 20 s. */
  | { readonly kind: 'silent' }

const LONGEST_WAIT_MS = 20_000

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/** One call of the console's own server. Never rejects. */
export async function call<T>(method: Method, path: string, body?: unknown): Promise<Answer<T>> {
  try {
    const response = await fetch(`/console/api/${path}`, {
      method,
      headers: {
        // Another site's page cannot send it, and so cannot act in the name of whoever is logged in here.
        'x-switchboard-console': '1',
        ...(body === undefined ? {} : { 'content-type': 'application/json' })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      cache: 'no-store',
      redirect: 'error',
      signal: AbortSignal.timeout(LONGEST_WAIT_MS)
    })
    const text = await response.text()
    if (response.ok) return { kind: 'ok', value: (text === '' ? null : JSON.parse(text)) as T }
    return { kind: 'refused', status: response.status, refusal: refusalIn(text, response.status) }
  } catch {
    return { kind: 'silent' }
  }
}

/** Of a proxy in between comes no JSON. */
function refusalIn(text: string, status: number): ShownRefusal {
  try {
    const { error, mistakes } = JSON.parse(text) as Partial<ShownRefusal>
    if (typeof error === 'string') return { error, mistakes: mistakes ?? [] }
  } catch {
    // Said below.
  }
  return { error: `The gateway answered ${status}, in no words that the console knows.`, mistakes: [] }
}

const SILENT: ShownRefusal = {
  error: 'The gateway does not answer. Is it running, and is this machine online? Try again in a moment.',
  mistakes: []
}

/** What was wrong with an answer; null where nothing was. */
export function refusalOf(answer: Answer<unknown>): ShownRefusal | null {
  if (answer.kind === 'ok') return null
  return answer.kind === 'refused' ? answer.refusal : SILENT
}
