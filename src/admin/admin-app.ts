import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyServerFactory
} from 'fastify'
import type { BreakerReading } from '../delivery/breakers.ts'
import type { CapacityReading } from '../delivery/capacity.ts'
import type { Channel } from '../domain/message.ts'
import type { Override } from '../domain/override.ts'
import type { Report } from '../telemetry/events.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { DrainDraft, DrainRemoval, type Drains } from './drains.ts'
import { refusalOf } from './refusal.ts'
import { createBearerCheck } from './secret.ts'
import { sendRoute, type SendRouteOptions } from './send-route.ts'
import type { ShownReload, ShownRules } from './shown-rules.ts'

export interface AdminDependencies {
  readonly drains: Drains
  /** Any of them opens the door. They may change while it runs. */
  readonly secrets: () => readonly string[]
  /** Any of them reads `GET /metrics`, and does nothing else. */
  readonly metricsSecrets?: () => readonly string[]
  readonly status: () => AdminStatus
  readonly rules: () => ShownRules
  readonly reloadRules: () => Promise<readonly ShownReload[]>
  readonly metrics: Pick<Metrics, 'page'>
  readonly testSends: SendRouteOptions
  readonly report: Report
  /** Makes its servers, with TLS or without. */
  readonly serverFactory: FastifyServerFactory
  /** Whose word is believed on where a request comes from, and by which protocol. */
  readonly trustsProxy: (address: string) => boolean
  /** The page for people, below `/console`. It lets nobody in whom it does not know by itself. */
  readonly console: FastifyPluginAsync
}

export interface AdminStatus {
  readonly version: string
  readonly mode: 'sandbox' | 'live'
  readonly rules: ShownRules
  /** Those that have credentials, with what they carry. */
  readonly providers: readonly { readonly name: string; readonly channels: readonly Channel[] }[]
  readonly breakers: readonly BreakerReading[]
  /** Who asks to be left alone, and for how long yet. */
  readonly cooldowns: readonly {
    readonly provider: string
    readonly channel: Channel
    readonly leftMs: number
  }[]
  /** Of this node alone. */
  readonly capacity: readonly CapacityReading[]
  readonly state: string
  /** How Okta may come in, and how old the keys are by which tokens of each issuer are checked. */
  readonly callers: {
    readonly schemes: readonly string[]
    readonly issuers: readonly { readonly issuer: string; readonly keys: string }[]
  }
  /** Codes on their way, and attempts that nobody waits for any more. */
  readonly inFlight: number
  readonly hanging: number
}

/** An override as people read it: times in ISO 8601. */
export type ShownOverride = Omit<Override, 'setAt' | 'until'> & {
  readonly setAt: string
  readonly until: string
}

const BODY_LIMIT = 8 * 1024

/** The door for people who operate it, on a port of its own: an API for commands, and the console. */
export function buildAdminApp(deps: AdminDependencies): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    serverFactory: deps.serverFactory,
    trustProxy: deps.trustsProxy,
    forceCloseConnections: 'idle',
    // What is misspelt is said, not dropped.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: true } }
  })
  app.removeContentTypeParser('text/plain')
  app.setReplySerializer((payload) => `${JSON.stringify(payload, null, 2)}\n`)
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    const { status, refusal } = refusalOf(error, request.routeOptions.bodyLimit)
    return await reply.code(status).send(refusal)
  })
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({
      error:
        'There is nothing here. Try GET /status, GET /overrides, POST /overrides, DELETE /overrides, GET /rules, POST /rules/reload, POST /send, GET /metrics; people go to /console.',
      mistakes: []
    })
  )
  // All but the console is closed by it, whoever adds a route: the console says of its own that it closes them itself.
  lockWithBearer(app, deps)
  void app.register(deps.console, { prefix: CONSOLE_PATH })
  void app.register(adminApi, deps)
  return app
}

/** Where the console is. */
const CONSOLE_PATH = '/console'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who lets people in: the console by sessions of its own; where it is not said, a bearer secret. */
    lock?: 'console'
  }
}

function lockWithBearer(
  app: FastifyInstance,
  { secrets, metricsSecrets = () => [], report }: AdminDependencies
): void {
  const mayCall = createBearerCheck(secrets)
  const mayScrape = createBearerCheck(metricsSecrets)
  app.addHook('onRequest', async (request, reply) => {
    if (request.routeOptions.config.lock === 'console') return
    if (mayCall(request.headers.authorization)) return
    if (request.routeOptions.url === '/metrics' && mayScrape(request.headers.authorization)) return
    report({ event: 'admin.request.refused', reason: 'unauthorized', http_status: 401 })
    return await reply.code(401).header('www-authenticate', 'Bearer').send({
      error: 'Unauthorized: send "Authorization: Bearer" with the value of ADMIN_SECRET.',
      mistakes: []
    })
  })
}

/** For commands and scrapers. Its answers are for machines and for eyes. */
const adminApi: FastifyPluginAsyncTypebox<AdminDependencies> = async (app, deps) => {
  const { drains } = deps

  app.get('/status', () => ({ ...deps.status(), overrides: drains.list().map(shownOverride) }))
  app.get('/rules', () => deps.rules())
  app.post('/rules/reload', async () => {
    const reloads = await deps.reloadRules()
    return { ...deps.rules(), reloads }
  })
  app.get('/metrics', async ({ headers }, reply) => {
    const { contentType, text } = await deps.metrics.page(headers.accept)
    return await reply
      .type(contentType)
      .serializer((page: string) => page)
      .send(text)
  })

  sendRoute(app, deps.testSends)

  app.get('/overrides', () => ({ overrides: drains.list().map(shownOverride) }))

  app.post('/overrides', { schema: { body: DrainDraft } }, async ({ body }, reply) => {
    const drained = await drains.drain(body)
    if (drained.kind === 'refused') return await reply.code(drained.status).send(drained.refusal)
    const { override, replaced, warnings } = drained
    return await reply.code(201).send({
      override: shownOverride(override),
      replaced: replaced === null ? null : shownOverride(replaced),
      warnings
    })
  })

  app.delete('/overrides', { schema: { querystring: DrainRemoval } }, async ({ query }, reply) => {
    const undrained = await drains.undrain(query)
    if (undrained.kind === 'refused') return await reply.code(undrained.status).send(undrained.refusal)
    return { removed: undrained.removed.map(shownOverride), still: undrained.still.map(shownOverride) }
  })
}

export function shownOverride(override: Override): ShownOverride {
  const { setAt, until } = override
  return { ...override, setAt: new Date(setAt).toISOString(), until: new Date(until).toISOString() }
}
