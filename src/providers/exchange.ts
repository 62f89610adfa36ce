import { Pool, type Dispatcher } from 'undici'
import type { Limits } from './provider.ts'

export interface HttpRequest {
  readonly method: 'POST' | 'HEAD' | 'GET'
  /** Path and query below the base URL. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** An answer that was read to its end. */
export interface Answered {
  readonly kind: 'answered'
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export type HttpAnswer =
  | Answered
  /** It failed before the request was written: surely nothing was sent. */
  | { readonly kind: 'not_reached'; readonly cause: string }
  /** The request left; what came of it is not known. */
  | { readonly kind: 'no_answer'; readonly cause: string }

export interface Exchange {
  /**
   * Sends one request, once. Never rejects, follows no redirect, repeats nothing. `cause` is a short code
   * ("ECONNREFUSED", "timeout", "answer_too_large"): no text of an error, which may hold the URL.
   */
  readonly request: (request: HttpRequest, limits: Limits) => Promise<HttpAnswer>
  /** Opens connections or keeps them open: a few HEAD requests without credentials. Never rejects. */
  readonly warm: () => Promise<void>
  /** Ends what is in flight as `no_answer`, what still waits as `not_reached`, and closes every connection. */
  readonly close: () => Promise<void>
}

export interface ExchangeSettings {
  /** Scheme, host, and where needed a port and a path in front of every request's. */
  readonly baseUrl: string
  /** Connections at most; above what a failover can push onto one provider. */
  readonly connections?: number
  readonly connectTimeoutMs?: number
}

const CONNECTIONS = 256
const CONNECT_TIMEOUT_MS = 3_000

/** An answer of a provider to one message has less than 2 KiB. */
const ANSWER_LIMIT_BYTES = 64 * 1024

/**
 * How long an idle connection is kept where the provider names no time of its own. Shorter than the 60 s
 * after which load balancers close theirs: a request that meets a closing connection is lost.
 */
const KEEP_ALIVE_MS = 30_000
const KEEP_ALIVE_MAX_MS = 60_000

const WARM_CONNECTIONS = 2
const WARM_LIMITS: Limits = { startWithinMs: CONNECT_TIMEOUT_MS, endWithinMs: 5_000 }
const WARM_REQUEST: HttpRequest = { method: 'HEAD', path: '/', headers: {}, body: '' }

/** The one way out to a provider: a pool of connections to one origin, kept alive. */
export function createExchange(settings: ExchangeSettings): Exchange {
  const base = new URL(settings.baseUrl)
  const prefix = base.pathname.replace(/\/+$/u, '')
  const connections = settings.connections ?? CONNECTIONS
  const pool = new Pool(base.origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    useMilo: false,
    connect: { rejectUnauthorized: true, timeout: settings.connectTimeoutMs ?? CONNECT_TIMEOUT_MS },
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    maxResponseSize: ANSWER_LIMIT_BYTES,
    // Every request has limits of its own, which count from its start and not from the last byte.
    headersTimeout: 0,
    bodyTimeout: 0
  })

  // Requests that undici still holds, also those whose caller has been answered.
  let held = 0

  function send(request: HttpRequest, limits: Limits): Promise<HttpAnswer> {
    if (limits.startWithinMs <= 0) return Promise.resolve(notReached('not_started'))
    // Whatever waits for a connection keeps its body in memory: no more may wait than may run.
    if (held >= connections * 2) return Promise.resolve(notReached('pool_full'))

    return new Promise((resolve) => {
      held += 1
      const attempt = new Attempt(limits, resolve, () => (held -= 1))
      pool.dispatch(dispatchOptions(prefix, request), attempt)
    })
  }

  async function warm(): Promise<void> {
    await Promise.all(Array.from({ length: WARM_CONNECTIONS }, () => send(WARM_REQUEST, WARM_LIMITS)))
  }

  return { request: send, warm, close: () => pool.destroy() }
}

function dispatchOptions(prefix: string, request: HttpRequest): Dispatcher.DispatchOptions {
  return {
    method: request.method,
    path: prefix + request.path,
    headers: request.headers,
    body: request.body,
    // undici closes the connection after a HEAD, which is the opposite of warming it.
    ...(request.method === 'HEAD' && { reset: false })
  }
}

/** Told to undici in the place of an error; nobody reads it. */
const GIVEN_UP = new Error('The request was given up.')

/** One request as undici sees it. It knows whether the request was put on the wire. */
class Attempt implements Dispatcher.DispatchHandler {
  readonly #limits: Limits
  readonly #resolve: (answer: HttpAnswer) => void
  readonly #onGone: () => void
  readonly #createdAtMs = performance.now()
  readonly #chunks: Buffer[] = []
  #timer: NodeJS.Timeout | undefined
  #controller: Dispatcher.DispatchController | undefined
  #settled = false
  #status = 0
  #headers: Answered['headers'] = {}

  constructor(limits: Limits, resolve: (answer: HttpAnswer) => void, onGone: () => void) {
    this.#limits = limits
    this.#resolve = resolve
    this.#onGone = onGone
    const startWithinMs = Math.min(limits.startWithinMs, limits.endWithinMs)
    this.#timer = setTimeout(() => this.#onStartLimit(startWithinMs), startWithinMs)
    limits.signal?.addEventListener('abort', this.#onCut)
  }

  /** Called in the same turn in which the request is written. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    // By the clock too: a busy process may come here before its own timer.
    const isLate = performance.now() - this.#createdAtMs > this.#limits.startWithinMs
    // A second start would be a repetition, which nothing in undici does today.
    const isSecond = this.#controller !== undefined
    // What is thrown here keeps the request from the wire and spares the connection; abort() would close it.
    if (this.#settled || isLate || isSecond) throw GIVEN_UP
    this.#controller = controller
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Answered['headers']
  ): void {
    // An interim answer (103) is followed by the real one.
    if (status < 200) return
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#onGone()
    const body = Buffer.concat(this.#chunks).toString('utf8')
    this.#settle({ kind: 'answered', status: this.#status, headers: this.#headers, body })
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#onGone()
    this.#settle(this.#failure(error === GIVEN_UP ? 'not_started' : causeOf(error)))
  }

  #onStartLimit(elapsedMs: number): void {
    if (this.#controller === undefined) {
      this.#settle(notReached('not_started'))
      return
    }
    this.#timer = setTimeout(() => this.#onEndLimit(), this.#limits.endWithinMs - elapsedMs)
  }

  #onEndLimit(): void {
    this.#giveUp('timeout')
  }

  readonly #onCut = (): void => this.#giveUp('given_up')

  #giveUp(cause: string): void {
    this.#settle(this.#failure(cause))
    this.#controller?.abort(GIVEN_UP)
  }

  #failure(cause: string): HttpAnswer {
    return this.#controller === undefined ? notReached(cause) : { kind: 'no_answer', cause }
  }

  #settle(answer: HttpAnswer): void {
    if (this.#settled) return
    this.#settled = true
    clearTimeout(this.#timer)
    this.#limits.signal?.removeEventListener('abort', this.#onCut)
    this.#resolve(answer)
  }
}

function notReached(cause: string): HttpAnswer {
  return { kind: 'not_reached', cause }
}

/** Our names for what undici's codes say less plainly. */
const CAUSES: Readonly<Record<string, string>> = {
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'answer_too_large',
  UND_ERR_DESTROYED: 'closed',
  UND_ERR_CLOSED: 'closed'
}

/** The code of an error and nothing else of it. */
function causeOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
  return CAUSES[code] ?? (/^\w{1,48}$/u.test(code) ? code : 'unknown_error')
}
