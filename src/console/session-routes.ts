import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { SANDBOX_ADMIN_SECRET } from '../admin/secret.ts'
import { readAddress, sourceOf } from '../door/address.ts'
import type { ConsoleDependencies } from './ports.ts'
import { refuse } from './refuse.ts'
import type { ShownSession } from './shown.ts'
import { SESSION_COOKIE, SESSION_LASTS_MS, type Sessions } from './sessions.ts'

interface SessionOptions extends Pick<ConsoleDependencies, 'secrets' | 'isSecretKnown' | 'node' | 'report'> {
  readonly sessions: Sessions
}

/** Failures to log in from one address within a minute, and from all addresses together. */
const MOST_FAILURES = 10
const MOST_FAILURES_OF_ALL = 300

const MINUTE_MS = 60_000

const Login = Type.Object(
  { secret: Type.String({ minLength: 1, maxLength: 1_024 }) },
  { additionalProperties: false }
)

export const sessionRoutes: FastifyPluginAsyncTypebox<SessionOptions> = async (
  app,
  { secrets, isSecretKnown, node, sessions, report }
) => {
  // What is looked at and not counted is refused from one more than `max` on.
  const limits = [
    app.createRateLimit({ max: MOST_FAILURES - 1, timeWindow: MINUTE_MS, keyGenerator: guesserOf }),
    app.createRateLimit({ max: MOST_FAILURES_OF_ALL - 1, timeWindow: MINUTE_MS, keyGenerator: () => 'all' })
  ]

  /** In whole seconds until another try is heard; null where it is heard now. Only failures count. */
  async function waitS(request: FastifyRequest, increment: boolean): Promise<number | null> {
    let waitS: number | null = null
    for (const limit of limits) {
      const state = await limit(request, { increment })
      if (!state.isAllowed && state.isExceeded) waitS = Math.max(waitS ?? 1, state.ttlInSeconds)
    }
    return waitS
  }

  app.post('/session', { config: { isOpen: true }, schema: { body: Login } }, async (request, reply) => {
    const tooMany = await waitS(request, false)
    if (tooMany !== null) {
      report({ event: 'admin.request.refused', reason: 'too_many_log_ins', http_status: 429 })
      void reply.header('retry-after', tooMany)
      return await refuse(reply, 429, `Too many log-ins have failed. Try again in ${tooMany} s.`)
    }
    const key = secrets.find(request.body.secret)
    if (key === null) {
      await waitS(request, true)
      report({ event: 'admin.request.refused', reason: 'wrong_secret', http_status: 401 })
      return await refuse(reply, 401, 'That is not the value of ADMIN_SECRET.')
    }
    return await reply
      .code(204)
      .setCookie(
        SESSION_COOKIE,
        sessions.begin(() => secrets.holds(key)),
        {
          httpOnly: true,
          sameSite: 'strict',
          path: '/console',
          secure: isSafe(request),
          maxAge: SESSION_LASTS_MS / 1_000
        }
      )
      .send()
  })

  // So that a page that nobody has logged in to asks without being refused.
  app.get('/session', { config: { isOpen: true } }, ({ sessionId }): ShownSession => ({
    open: sessionId !== null,
    mode: node.status().mode,
    knownSecret: isSecretKnown() ? SANDBOX_ADMIN_SECRET : null
  }))

  app.delete('/session', async (request, reply) => {
    if (request.sessionId !== null) sessions.end(request.sessionId)
    return await reply.code(204).clearCookie(SESSION_COOKIE, { path: '/console' }).send()
  })
}

/** Whom guesses are counted for: no port of a proxy's, and none of the many addresses of one IPv6 network, begins anew. */
function guesserOf({ ip }: FastifyRequest): string {
  const address = readAddress(ip)
  return address === null ? 'nobody' : sourceOf(address)
}

/** Whoever ends TLS in front of us says so. To believe it costs nothing: a lie keeps only the liar's own cookie. */
function isSafe({ protocol, headers }: FastifyRequest): boolean {
  return (
    protocol === 'https' ||
    headers['x-forwarded-proto'] === 'https' ||
    /proto=https/iu.test(headers.forwarded ?? '')
  )
}
