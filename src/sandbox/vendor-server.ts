import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import type { Channel } from '../domain/message.ts'
import { drawDelay, type Delay, type Fault } from './fault.ts'
import type { Delivery } from './inbox.ts'
import { magicFault } from './magic-numbers.ts'
import type { Endpoint, Vendor, VendorAnswer, Verdict } from './vendor.ts'

const HOST = '127.0.0.1'
/** Far above any message; a body that is longer is cut off. */
const BODY_LIMIT_BYTES = 256 * 1024
const KEEP_ALIVE_MS = 75_000
const HUGE_BODY_BYTES = 10 * 1024 * 1024
const CHUNK = Buffer.alloc(64 * 1024, 'x')
/** Between two drops of a dribbling body. */
const DROP_EVERY_MS = 10

export interface VendorServerDeps {
  /** The fault that this request meets. */
  readonly draw: (channel: Channel) => Fault | null
  readonly deliver: (channel: Channel, deliveries: readonly Delivery[]) => void
  /** How long a healthy answer takes, in ms; null: no time. */
  readonly latency: Delay | null
  /** Epoch ms. */
  readonly now: () => number
  readonly random: () => number
}

export interface VendorServer {
  readonly url: string
  readonly channels: readonly Channel[]
  /** Closes the listener, or opens it again on the same port. Resolves when that is done. */
  readonly setRefusing: (isRefusing: boolean) => Promise<void>
  readonly close: () => Promise<void>
}

interface Exchange {
  readonly endpoint: Endpoint
  readonly verdict: Verdict
  readonly response: ServerResponse
}

/** Plays one host of a vendor on a loopback port of its own. */
export async function startVendorServer(vendor: Vendor, deps: VendorServerDeps): Promise<VendorServer> {
  const { draw, deliver, now, random } = deps
  const timers = new Set<NodeJS.Timeout>()
  // No limit of Node's ends a request that hangs on purpose.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    receive(request, response).catch((error: unknown) => {
      // A fault of the sandbox itself: it must be seen, and must not end the process.
      if (!response.headersSent) response.writeHead(500).end(String(error))
    })
  })

  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A client that opens its connections early. No fault holds for it.
    if (request.method === 'HEAD' && request.url === '/') return void response.writeHead(404).end()

    const [pathname = ''] = (request.url ?? '').split('?')
    const reading = vendor.readings.find(({ path }) => request.method === 'GET' && path.test(pathname))
    if (reading !== undefined) {
      request.resume()
      return send(response, reading.answer({ path: pathname, headers: request.headers }))
    }
    const endpoint = vendor.endpoints.find(({ path }) => request.method === 'POST' && path.test(pathname))
    if (endpoint === undefined) {
      request.resume()
      return send(response, vendor.notFound(pathname))
    }

    const fault = draw(endpoint.channel)
    // Nobody reads on: what is on its way stays in the socket.
    if (fault?.mode === 'hang_before_read') return
    if (fault?.mode === 'reset_before_read') return void request.socket.resetAndDestroy()
    const { socket } = request
    const body = await readBody(request)
    if (body === null) return void socket.destroy()
    const verdict = endpoint.judge({ path: pathname, headers: request.headers, body })
    perform(fault ?? magicOf(verdict), { endpoint, verdict, response })
  }

  function magicOf({ deliveries }: Verdict): Fault | null {
    const [delivery] = deliveries
    return delivery === undefined ? null : magicFault(vendor.provider, delivery.to)
  }

  function perform(fault: Fault | null, exchange: Exchange): void {
    const { endpoint, response } = exchange
    if (fault === null) {
      return accept(exchange, (answer) =>
        deps.latency === null
          ? send(response, answer)
          : after(drawDelay(deps.latency, random), () => send(response, answer))
      )
    }
    switch (fault.mode) {
      case 'status':
        return send(response, failureOf(endpoint, fault))
      case 'accept_then_hang':
        return accept(exchange, () => undefined)
      case 'accept_then_reset':
        return accept(exchange, () => response.socket?.resetAndDestroy())
      case 'reset_before_read':
      case 'reset_after_read':
        return void response.socket?.resetAndDestroy()
      case 'dribble':
        return accept(exchange, (answer) => dribble(response, answer, fault.over_ms))
      case 'slow':
        return accept(exchange, (answer) =>
          after(drawDelay(fault.delay_ms, random), () => send(response, answer))
        )
      case 'html':
        return sendHtml(response, fault.status ?? 502)
      case 'empty_200':
        return void response.writeHead(200, { 'content-length': 0 }).end()
      case 'throttle':
        return send(response, { ...endpoint.throttled, headers: retryAfter(fault, now()) })
      case 'redirect':
        return redirect(response, fault)
      case 'huge_body':
        return sendHugeBody(response, fault.bytes ?? HUGE_BODY_BYTES)
      case 'hang_before_read':
      case 'hang_after_read':
      // The listener was closed while this request was on its way.
      case 'refuse':
        return
      default:
        return fault satisfies never
    }
  }

  /** Delivers what the vendor takes; what it refuses it refuses at once. */
  function accept({ endpoint, verdict, response }: Exchange, answer: (answer: VendorAnswer) => void): void {
    if (verdict.deliveries.length === 0) return send(response, verdict.answer)
    deliver(endpoint.channel, verdict.deliveries)
    answer(verdict.answer)
  }

  function redirect(response: ServerResponse, fault: Extract<Fault, { mode: 'redirect' }>): void {
    const location = fault.location ?? `${url}/elsewhere`
    response.writeHead(fault.status ?? 308, { location, 'content-length': 0 }).end()
  }

  function dribble(response: ServerResponse, answer: VendorAnswer, overMs: number): void {
    const body = writeHead(response, answer)
    response.flushHeaders()
    const size = Math.ceil(body.length / Math.max(Math.floor(overMs / DROP_EVERY_MS), 1))
    const everyMs = overMs / Math.ceil(body.length / size)

    function drop(from: number): void {
      const to = from + size
      if (response.destroyed) return
      response.write(body.subarray(from, to))
      if (to >= body.length) response.end()
      else after(everyMs, () => drop(to))
    }

    after(everyMs, () => drop(0))
  }

  function after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      act()
    }, ms)
    timers.add(timer)
  }

  async function listen(port: number): Promise<number> {
    server.listen(port, HOST)
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  async function stop(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }

  const port = await listen(0)
  const url = `http://${HOST}:${port}`
  // One change after the other: opening and closing both take a turn of the loop.
  let settled: Promise<unknown> = Promise.resolve()
  let isClosed = false

  async function change(before: Promise<unknown>, isRefusing: boolean): Promise<void> {
    await before
    if (isRefusing || isClosed) await stop()
    else if (!server.listening) await listen(port)
  }

  function setRefusing(isRefusing: boolean): Promise<void> {
    const changed = change(settled, isRefusing)
    settled = changed.catch(() => undefined)
    return changed
  }

  async function close(): Promise<void> {
    isClosed = true
    for (const timer of timers) clearTimeout(timer)
    await setRefusing(true)
  }

  return { url, channels: vendor.endpoints.map(({ channel }) => channel), setRefusing, close }
}

/** Null where it is too long, or the client went away. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > BODY_LIMIT_BYTES) return null
      chunks.push(chunk)
    }
  } catch {
    return null
  }
  return Buffer.concat(chunks).toString()
}

function send(response: ServerResponse, answer: VendorAnswer): void {
  response.end(writeHead(response, answer))
}

/** @returns the body that has to follow. */
function writeHead(response: ServerResponse, { status, headers, json }: VendorAnswer): Buffer {
  const body = Buffer.from(JSON.stringify(json))
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    ...headers
  })
  return body
}

function sendHtml(response: ServerResponse, status: number): void {
  const body = `<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center></body></html>\n`
  response.writeHead(status, { 'content-type': 'text/html', 'content-length': body.length }).end(body)
}

function sendHugeBody(response: ServerResponse, bytes: number): void {
  const [head, tail] = ['{"padding":"', '"}']
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })

  function* chunks(): Generator<Buffer | string> {
    yield head
    for (let left = bytes - head.length - tail.length; left > 0; left -= CHUNK.length) {
      yield CHUNK.subarray(0, left)
    }
    yield tail
  }

  const source = Readable.from(chunks())
  response.on('close', () => source.destroy())
  source.pipe(response)
}

function failureOf(endpoint: Endpoint, fault: Extract<Fault, { mode: 'status' }>): VendorAnswer {
  const { status, code } = fault
  if (code === undefined && status !== undefined && status < 300) return { status, json: {} }
  return endpoint.fail({ status, code: code === undefined ? undefined : String(code) })
}

function retryAfter(fault: Extract<Fault, { mode: 'throttle' }>, nowMs: number): Record<string, string> {
  const { retry_after_s: seconds, retry_after_form: form } = fault
  if (seconds === undefined) return {}
  return {
    'retry-after': form === 'date' ? new Date(nowMs + seconds * 1_000).toUTCString() : String(seconds)
  }
}
