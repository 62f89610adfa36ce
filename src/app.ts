import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest
} from 'fastify'
import underPressure from '@fastify/under-pressure'
import type { Refusal as NotAdmittedRefusal } from './domain/admission.ts'
import { readAddress } from './door/address.ts'
import type { Door, DoorRefusal, DoorSettings } from './door/door.ts'
import { hasCertificate, type Listening } from './door/listening.ts'
import { HEALTH_PATHS, healthRoute, type HealthRouteOptions } from './health-route.ts'
import { HOOK_PATH, hookRoute, newRequestId, type HookRouteOptions } from './okta/hook-route.ts'
import { refusalOf } from './okta/refusal.ts'
import { errorOf } from './okta/reply.ts'
import type { Report } from './telemetry/events.ts'
import { faultOf } from './telemetry/fault.ts'
import { traceIdOf } from './telemetry/trace-context.ts'

export interface AppDependencies {
  readonly hook: HookRouteOptions
  readonly health: HealthRouteOptions
  readonly door: Door
  /** Whose word on where a request comes from is believed. */
  readonly trustedProxies: DoorSettings['trustedProxies']
  readonly listening: Pick<Listening, 'serverFactory'>
  readonly report: Report
  /** Monotonic, in ms. */
  readonly now: () => number
}

const BODY_LIMIT = 64 * 1024

/** The HTTP face of the gateway. Knows no environment and no global. */
export function buildApp(deps: AppDependencies): FastifyInstance {
  const { hook, health, door, trustedProxies, report, now } = deps
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    serverFactory: deps.listening.serverFactory,
    clientErrorHandler: (error, socket) => refuseBytes(error, socket),
    trustProxy: trustedProxies === null ? false : (address) => trustedProxies.has(address),
    genReqId: newRequestId,
    requestIdHeader: false,
    // Unknown fields are ignored, whatever their name.
    onProtoPoisoning: 'remove',
    onConstructorPoisoning: 'remove',
    forceCloseConnections: 'idle'
  })

  // Text would be read as a body that says nothing.
  app.removeContentTypeParser('text/plain')
  app.decorateRequest('arrivedAtMs', 0)
  app.decorateRequest('trace', null)
  app.addHook('onRequest', (request, _reply, done) => {
    request.arrivedAtMs = now()
    done()
  })
  // In front of everything, its body unread. Whoever looks after the process has to reach its health.
  app.addHook('onRequest', async (request, reply) => {
    if (HEALTH_PATHS.some((path) => path === request.routeOptions.url)) return
    const refusal = door.refuses({
      address: request.ip,
      hasCertificate: hasCertificate(request.raw.socket)
    })
    return refusal === null ? undefined : await turnAway(refusal, request, reply)
  })

  /** Whose bytes could not be read: the request that they were part of is told of already. */
  const refusedSockets = new WeakSet<Socket>()

  app.setErrorHandler<FastifyError>((error, request, reply) => refuse(error, request, reply))
  app.setNotFoundHandler((request, reply) =>
    reply.code(404).send({
      error: errorOf(
        `There is nothing at this address. Okta's hook belongs to POST ${HOOK_PATH}.`,
        'not_found'
      ),
      debugContext: { requestId: request.id }
    })
  )

  /** A request that was let in by nobody, or whose body could not be read at all. */
  function refuse(error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const status = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 500
    if (refusedSockets.has(request.raw.socket)) return reply.code(status).send()
    if (status === 500) report(faultOf('request', error))
    const cause = refusalOf(error)
    if (status === 401 && door.hasFailedTooOften(request.ip)) {
      void reply.header('connection', 'close')
      return answer(TURNED_AWAY.too_many_failures, cause, request, reply)
    }
    return answer({ status, ...(REFUSALS[status] ?? OTHER_REFUSAL) }, cause, request, reply)
  }

  function turnAway(refusal: DoorRefusal, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    if ('retryAfterMs' in refusal) void reply.header('retry-after', Math.ceil(refusal.retryAfterMs / 1000))
    // What follows on this connection is a body that nobody reads.
    void reply.header('connection', 'close')
    return answer(TURNED_AWAY[refusal.reason], null, request, reply)
  }

  function answer(
    { status, reason, summary }: Refusal & { readonly status: number },
    notAdmitted: NotAdmittedRefusal | null,
    request: FastifyRequest,
    reply: FastifyReply
  ): FastifyReply {
    report({
      event: 'okta.request.refused',
      request_id: request.id,
      trace_id: request.trace?.trace_id ?? traceIdOf(request.headers['traceparent']),
      reason,
      source: readAddress(request.ip),
      cause: notAdmitted?.cause ?? null,
      auth: notAdmitted?.auth ?? null,
      org_name: notAdmitted?.org?.name ?? null,
      http_status: status,
      duration_ms: Math.round(now() - request.arrivedAtMs)
    })
    return reply
      .code(status)
      .send({ error: errorOf(summary, reason), debugContext: { requestId: request.id } })
  }

  /** What came is no request: too slow, too large, or to be read in more ways than one. The connection ends with it. */
  function refuseBytes(error: Error & { readonly code?: string }, socket: Socket): void {
    // Nobody is there any more.
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE' || socket.destroyed) return
    refusedSockets.add(socket)
    const requestId = newRequestId()
    const { status, reason, summary } = UNREADABLE[error.code ?? ''] ?? MALFORMED
    report({
      event: 'okta.request.refused',
      request_id: requestId,
      trace_id: null,
      reason,
      source: readAddress(socket.remoteAddress),
      cause: null,
      auth: null,
      org_name: null,
      http_status: status,
      duration_ms: 0
    })
    const body = JSON.stringify({ error: errorOf(summary, reason), debugContext: { requestId } })
    if (socket.writable) {
      socket.write(
        `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
      )
    }
    socket.destroySoon()
  }

  // It measures; what follows from it is decided where a request enters (delivery/overload.ts).
  void app.register(underPressure, { exposeStatusRoute: false })
  void app.register(hookRoute, hook)
  void app.register(healthRoute, health)
  return app
}

interface Refusal {
  readonly reason: string
  readonly summary: string
}

const OTHER_REFUSAL: Refusal = { reason: 'refused', summary: 'The request could not be handled.' }

/** The words are ours: those of a parser may quote the body. */
const REFUSALS: Readonly<Record<number, Refusal>> = {
  400: { reason: 'invalid_json', summary: 'The body is not valid JSON.' },
  401: { reason: 'unauthorized', summary: 'Unauthorized.' },
  413: { reason: 'body_too_large', summary: 'The body is larger than 64 KiB.' },
  415: { reason: 'unsupported_media_type', summary: 'The body has to be application/json.' },
  500: { reason: 'internal_error', summary: 'Something went wrong here. Nothing is known to have been sent.' }
}

/** At the door: nothing of the request was looked at but who sends it. */
const TURNED_AWAY = {
  source_not_allowed: { status: 403, reason: 'source_not_allowed', summary: 'Not from here.' },
  no_client_certificate: {
    status: 403,
    reason: 'no_client_certificate',
    summary: 'Not without a certificate.'
  },
  too_many_requests: { status: 429, reason: 'too_many_requests', summary: 'Too many requests.' },
  too_many_failures: { status: 429, reason: 'too_many_failures', summary: 'Unauthorized, too often.' }
} as const

const MALFORMED = { status: 400, reason: 'malformed_http', summary: 'This is no HTTP that can be read.' }

/** By the code of Node's parser. */
const UNREADABLE: Readonly<Record<string, typeof MALFORMED>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'too_slow', summary: 'The request did not come in time.' },
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'headers_too_large', summary: 'The headers are too large.' }
}
