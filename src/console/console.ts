import { randomBytes } from 'node:crypto'
import cookie from '@fastify/cookie'
import rateLimit from '@fastify/rate-limit'
import type { FastifyError, FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { refusalOf } from '../admin/refusal.ts'
import { loadAssets, type Asset, type Assets } from './assets.ts'
import { isFromOurPage, isLocalName } from './callers.ts'
import { drainRoutes } from './drain-routes.ts'
import { explainRoutes } from './explain-routes.ts'
import { EVERYWHERE, policyOfPage } from './headers.ts'
import { liveRoutes } from './live-routes.ts'
import type { ConsoleDependencies } from './ports.ts'
import { refuse } from './refuse.ts'
import { rulesRoutes } from './rules-routes.ts'
import { sandboxRoutes } from './sandbox-routes.ts'
import { sessionRoutes } from './session-routes.ts'
import { createSessions, SESSION_COOKIE, type SessionId, type Sessions } from './sessions.ts'
import { valueTopic } from './topics.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who has no session may have it: the page itself, which holds nothing, and the log-in. */
    isOpen?: true
  }
  interface FastifyRequest {
    /** Of the console; null where nobody has logged in. */
    sessionId: SessionId | null
  }
}

/** The page for people who operate the gateway, below `/console` of the admin port. It has a lock of its own. */
export function createConsole(deps: ConsoleDependencies): FastifyPluginAsync {
  const sessions = createSessions({
    now: deps.now,
    newToken: () => randomBytes(32).toString('base64url')
  })

  return async (app) => {
    await app.register(cookie)
    await app.register(rateLimit, { global: false })
    closeAll(app, sessions, deps)
    app.setReplySerializer((payload) => JSON.stringify(payload))
    app.setErrorHandler<FastifyError>(async (error, request, reply) => {
      const { status, refusal } = refusalOf(error, request.routeOptions.bodyLimit)
      if (status === 500) deps.onBug(error)
      return await reply.code(status).send(refusal)
    })
    assetRoutes(app, deps)
    app.register(sessionRoutes, { ...deps, sessions, prefix: API })
    const { sandbox } = deps
    const topics = sandbox === null ? [] : [valueTopic('sandbox', SANDBOX_EVERY_MS, sandbox.read)]
    app.register(liveRoutes, { ...deps, sessions, topics, prefix: API })
    app.register(explainRoutes, { ...deps, prefix: API })
    app.register(rulesRoutes, { ...deps, prefix: API })
    if (sandbox !== null) app.register(sandboxRoutes, { sandbox, prefix: API })
    app.register(drainRoutes, { drains: deps.drains, prefix: API })
    app.all('/*', { config: { isOpen: true } }, async (_request, reply) =>
      refuse(reply, 404, 'There is nothing here.')
    )
  }
}

const API = '/api'

/** How often it is looked at, in ms. */
const SANDBOX_EVERY_MS = 250

/** Whoever adds a route adds it behind the lock. */
function closeAll(app: FastifyInstance, sessions: Sessions, deps: ConsoleDependencies): void {
  app.decorateRequest('sessionId', null)
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, lock: 'console' }
  })
  app.addHook('onRequest', async (request, reply) => {
    void reply.headers(EVERYWHERE).header('cache-control', 'no-store')
    const { routeOptions, headers } = request
    // The secret of a sandbox keeps out no page that has its own name point to this machine.
    if (deps.isSecretKnown() && !isLocalName(headers.host)) {
      return await turnAway(request, reply, 421, 'foreign_name')
    }
    const changes = request.method !== 'GET' && request.method !== 'HEAD'
    if (!isFromOurPage(headers, { changes })) return await turnAway(request, reply, 403, 'other_site')
    const token = request.cookies[SESSION_COOKIE]
    request.sessionId = token === undefined ? null : sessions.use(token)
    if (request.sessionId !== null || routeOptions.config.isOpen === true) return
    return await refuse(reply, 401, 'Log in first.')
  })

  async function turnAway(
    _request: FastifyRequest,
    reply: FastifyReply,
    status: 403 | 421,
    reason: keyof typeof TURNED_AWAY
  ): Promise<FastifyReply> {
    deps.report({ event: 'admin.request.refused', reason, http_status: status })
    return await refuse(reply, status, TURNED_AWAY[reason])
  }
}

const TURNED_AWAY = {
  other_site:
    'This is for the console\'s own page. Requests that change something need the header "x-switchboard-console: 1", and come from the same origin.',
  foreign_name:
    'With the secret of the sandbox the console answers to localhost and to IP addresses only. Set an ADMIN_SECRET of your own.'
} as const

/** The page is read when somebody opens it for the first time. */
function assetRoutes(app: FastifyInstance, { onBug }: ConsoleDependencies): void {
  const open = { config: { isOpen: true } } as const
  let loading: Promise<Assets> | null = null

  async function assets(reply: FastifyReply): Promise<Assets | null> {
    try {
      loading ??= loadAssets()
      return await loading
    } catch (error) {
      loading = null
      onBug(error)
      await refuse(reply, 503, 'The page cannot be read. Try again.')
      return null
    }
  }

  app.get('/', open, async (request, reply) => {
    if (request.url.split('?')[0]?.endsWith('/') === true) return await reply.redirect('/console', 303)
    const found = await assets(reply)
    if (found === null) return reply
    void reply.header('content-security-policy', policyOfPage(found.importMapHash))
    return await sendAsset(request, reply, found.index)
  })
  for (const folder of ['page', 'lib'] as const) {
    app.get<{ Params: { name: string } }>(`/${folder}/:name`, open, async (request, reply) => {
      const found = await assets(reply)
      if (found === null) return reply
      const asset = found.byPath.get(`${folder}/${request.params.name}`)
      return asset === undefined
        ? await refuse(reply, 404, 'There is nothing here.')
        : await sendAsset(request, reply, asset)
    })
  }
}

async function sendAsset(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  { type, body, gzip, etag }: Asset
): Promise<FastifyReply> {
  // Asked for each time, and sent only where it has changed: a page and its gateway are of one version.
  void reply.headers({ etag, 'cache-control': 'no-cache', vary: 'accept-encoding' })
  if (headers['if-none-match'] === etag) return await reply.code(304).send()
  void reply.type(type)
  const mayZip = /\bgzip\b/u.test(headers['accept-encoding'] ?? '')
  return mayZip ? await reply.header('content-encoding', 'gzip').send(gzip) : await reply.send(body)
}
