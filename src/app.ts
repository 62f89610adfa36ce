import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest
} from 'fastify'
import underPressure from '@fastify/under-pressure'
import { healthRoute, type HealthRouteOptions } from './health-route.ts'
import { HOOK_PATH, hookRoute, newRequestId, type HookRouteOptions } from './okta/hook-route.ts'
import { refusalOf } from './okta/refusal.ts'
import { errorOf } from './okta/reply.ts'
import type { Report } from './telemetry/events.ts'
import { faultOf } from './telemetry/fault.ts'
import { traceIdOf } from './telemetry/trace-context.ts'

export interface AppDependencies {
  readonly hook: HookRouteOptions
  readonly health: HealthRouteOptions
  readonly report: Report
  /** Monotonic, in ms. */
  readonly now: () => number
}

const BODY_LIMIT = 64 * 1024

/** The HTTP face of the gateway. Knows no environment and no global. */
export function buildApp({ hook, health, report, now }: AppDependencies): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    // A body that dribbles is cut off long after Okta has hung up.
    requestTimeout: 10_000,
    keepAliveTimeout: 75_000,
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
  app.addHook('onRequest', (request, _reply, done) => {
    request.arrivedAtMs = now()
    done()
  })

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
    const { reason, summary } = REFUSALS[status] ?? OTHER_REFUSAL
    if (status === 500) report(faultOf('request', error))
    const refusal = refusalOf(error)
    report({
      event: 'okta.request.refused',
      request_id: request.id,
      trace_id: traceIdOf(request.headers['traceparent']),
      reason,
      cause: refusal?.cause ?? null,
      auth: refusal?.auth ?? null,
      org_name: refusal?.org?.name ?? null,
      http_status: status,
      duration_ms: Math.round(now() - request.arrivedAtMs)
    })
    return reply
      .code(status)
      .send({ error: errorOf(summary, reason), debugContext: { requestId: request.id } })
  }

  // It measures; what follows from it is decided where a request enters (delivery/overload.ts).
  void app.register(underPressure, { exposeStatusRoute: false })
  void app.register(hookRoute, hook)
  void app.register(healthRoute, health)
  return app
}

const OTHER_REFUSAL = { reason: 'refused', summary: 'The request could not be handled.' }

/** The words are ours: those of a parser may quote the body. */
const REFUSALS: Readonly<Record<number, { readonly reason: string; readonly summary: string }>> = {
  400: { reason: 'invalid_json', summary: 'The body is not valid JSON.' },
  401: { reason: 'unauthorized', summary: 'Unauthorized.' },
  413: { reason: 'body_too_large', summary: 'The body is larger than 64 KiB.' },
  415: { reason: 'unsupported_media_type', summary: 'The body has to be application/json.' },
  500: { reason: 'internal_error', summary: 'Something went wrong here. Nothing is known to have been sent.' }
}
