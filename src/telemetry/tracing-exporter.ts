import { setTimeout as sleep } from 'node:timers/promises'
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'

/** What became of some spans. */
export type Exported =
  /** The collector may have taken all but a few. */
  | { readonly kind: 'taken'; readonly rejected: number }
  /** In one word: the transport's code, `timeout`, `http_503`, `stopped`. */
  | { readonly kind: 'lost'; readonly cause: string }

export interface ExporterOptions {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Monotonic, in ms. */
  readonly now: () => number
  /** Told of each batch, when it came to its end. */
  readonly onEnd: (spans: number, exported: Exported) => void
  readonly onBug: (error: unknown) => void
}

export interface Exporter extends SpanExporter {
  /** Gives up what is under way. */
  readonly cut: () => void
  /** Resolves when nothing is under way. */
  readonly settled: () => Promise<void>
}

/** So long a batch is tried, with all its repetitions, and one request of it, in ms. */
const BATCH_WITHIN_MS = 10_000
const REQUEST_WITHIN_MS = 5_000

const FIRST_PAUSE_MS = 500

/** Of an answer no more is read. */
const MOST_ANSWERED = 16 * 1024

/** https://opentelemetry.io/docs/specs/otlp/#retryable-response-codes */
const AGAIN = new Set([429, 502, 503, 504])

/** What `SpanExporter` calls success and failure; its own words for them are an enum of a package that is not ours. */
const DONE = { taken: { code: 0 }, lost: { code: 1 } } as const

/**
 * Posts spans as JSON. Unlike the SDK's own exporter it looks at no environment, has a limit for the whole of a batch
 * and not for the silence between two bytes, and can be cut.
 */
export function createExporter({ url, headers, now, onEnd, onBug }: ExporterOptions): Exporter {
  const cut = new AbortController()
  const underWay = new Set<Promise<void>>()

  async function post(body: Uint8Array, withinMs: number): Promise<Exported & { againInMs?: number }> {
    const limit = AbortSignal.timeout(Math.ceil(Math.min(withinMs, REQUEST_WITHIN_MS)))
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: body as Uint8Array<ArrayBuffer>,
        redirect: 'manual',
        signal: AbortSignal.any([limit, cut.signal])
      })
      const answer = await readBegin(response)
      if (response.ok) return { kind: 'taken', rejected: rejectedIn(answer) }
      const cause = `http_${response.status}`
      if (!AGAIN.has(response.status)) return { kind: 'lost', cause }
      return { kind: 'lost', cause, againInMs: retryAfterMs(response) }
    } catch (error) {
      if (cut.signal.aborted) return { kind: 'lost', cause: 'stopped' }
      return { kind: 'lost', cause: limit.aborted ? 'timeout' : causeOf(error), againInMs: 0 }
    }
  }

  async function send(body: Uint8Array): Promise<Exported> {
    const endMs = now() + BATCH_WITHIN_MS
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
      const { againInMs, ...exported } = await post(body, Math.max(1, endMs - now()))
      if (againInMs === undefined) return exported
      const waitMs = Math.max(pauseMs, againInMs)
      if (now() + waitMs >= endMs) return exported
      try {
        await sleep(waitMs, undefined, { signal: cut.signal, ref: false })
      } catch {
        return { kind: 'lost', cause: 'stopped' }
      }
    }
  }

  async function exportAll(spans: readonly ReadableSpan[]): Promise<Exported> {
    const body = JsonTraceSerializer.serializeRequest([...spans])
    return body === undefined ? { kind: 'lost', cause: 'internal_error' } : await send(body)
  }

  async function run(spans: readonly ReadableSpan[], done: (result: { code: 0 | 1 }) => void): Promise<void> {
    let exported: Exported = { kind: 'lost', cause: 'internal_error' }
    try {
      exported = await exportAll(spans)
    } catch (error) {
      onBug(error)
    }
    onEnd(spans.length, exported)
    done(DONE[exported.kind])
  }

  return {
    export(spans, done) {
      const running = run(spans, done).finally(() => underWay.delete(running))
      underWay.add(running)
    },
    async shutdown() {},
    cut: () => cut.abort(),
    async settled() {
      await Promise.all(underWay)
    }
  }
}

async function readBegin({ body }: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let length = 0
  // Leaving the loop ends the answer, too.
  for await (const part of body ?? []) {
    parts.push(part as Uint8Array)
    length += (part as Uint8Array).length
    if (length > MOST_ANSWERED) return ''
  }
  return Buffer.concat(parts).toString('utf8')
}

/** https://opentelemetry.io/docs/specs/otlp/#partial-success-1. A number of 64 bits is a text in OTLP's JSON. */
function rejectedIn(answer: string): number {
  try {
    const { partialSuccess } = JSON.parse(answer) as { partialSuccess?: { rejectedSpans?: unknown } }
    const rejected = Number(partialSuccess?.rejectedSpans ?? 0)
    return Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0
  } catch {
    return 0
  }
}

function retryAfterMs({ headers }: Response): number {
  const seconds = headers.get('retry-after') ?? ''
  return /^\d{1,6}$/u.test(seconds) ? Number(seconds) * 1_000 : 0
}

/** Its words may hold the address, and are left out. */
function causeOf(error: unknown): string {
  const { cause } = error as { cause?: unknown }
  const { code } = (cause ?? error) as { code?: unknown }
  return typeof code === 'string' && /^\w{1,64}$/u.test(code) ? code : 'unreachable'
}
