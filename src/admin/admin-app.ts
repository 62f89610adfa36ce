import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyError, type FastifyInstance, type FastifyServerFactory } from 'fastify'
import { Type, type Static } from 'typebox'
import type { BreakerReading } from '../delivery/breakers.ts'
import type { CapacityReading } from '../delivery/capacity.ts'
import { MAX_OVERRIDES, type Overrides } from '../delivery/overrides.ts'
import { CHANNELS, type Channel } from '../domain/message.ts'
import { readOverrideLength, type Override } from '../domain/override.ts'
import { suggest } from '../domain/suggest.ts'
import { isCountry, suggestPlace } from '../rules/countries.ts'
import type { Report } from '../telemetry/events.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { createBearerCheck } from './secret.ts'
import { sendRoute, type SendRouteOptions } from './send-route.ts'
import type { ShownReload, ShownRules } from './shown-rules.ts'

export interface AdminDependencies {
  readonly overrides: Overrides
  /** Any of them opens the door. They may change while it runs. */
  readonly secrets: () => readonly string[]
  /** Any of them reads `GET /metrics`, and does nothing else. */
  readonly metricsSecrets?: () => readonly string[]
  /** Those that have credentials, with what they carry. */
  readonly providers: ReadonlyMap<string, ReadonlySet<string>>
  /** Every name that a rules file may hold, with credentials or without. */
  readonly knownProviders: readonly string[]
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

// One line, as it is printed; what it says is the business of whoever writes it.
const Remark = Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f]+$' })
const Scope = {
  provider: Type.String({ minLength: 1, maxLength: 64 }),
  channel: Type.Optional(Type.Enum([...CHANNELS])),
  country: Type.Optional(Type.String({ minLength: 2, maxLength: 64 }))
}
const Draft = Type.Object(
  { ...Scope, for: Type.String({ minLength: 1, maxLength: 16 }), why: Remark, by: Remark },
  { additionalProperties: false }
)
const Removal = Type.Object({ ...Scope, by: Remark }, { additionalProperties: false })
type Scope = Pick<Static<typeof Removal>, 'provider' | 'channel' | 'country'>

/** The door for people who operate it, on a port of its own. Its answers are for machines and for eyes. */
export function buildAdminApp(deps: AdminDependencies): FastifyInstance {
  const { overrides, report } = deps
  const mayCall = createBearerCheck(deps.secrets)
  const mayScrape = createBearerCheck(deps.metricsSecrets ?? (() => []))
  const app = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT,
    serverFactory: deps.serverFactory,
    trustProxy: deps.trustsProxy,
    forceCloseConnections: 'idle',
    // What is misspelt is said, not dropped.
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false, allErrors: true } }
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setReplySerializer((payload) => `${JSON.stringify(payload, null, 2)}\n`)
  app.removeContentTypeParser('text/plain')

  app.addHook('onRequest', async (request, reply) => {
    if (mayCall(request.headers.authorization)) return
    if (request.routeOptions.url === '/metrics' && mayScrape(request.headers.authorization)) return
    report({ event: 'admin.request.refused', reason: 'unauthorized', http_status: 401 })
    return await reply.code(401).header('www-authenticate', 'Bearer').send({
      error: 'Unauthorized: send "Authorization: Bearer" with the value of ADMIN_SECRET.',
      mistakes: []
    })
  })
  app.setErrorHandler<FastifyError>(async (error, _request, reply) => {
    const status = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 500
    const mistakes = (error.validation ?? []).map(({ instancePath, message, params }) => {
      const field = instancePath.slice(1)
      const what = field === '' ? 'the body' : field
      const { additionalProperty: extra, allowedValues: allowed } = params
      if (Array.isArray(allowed)) return `${what} must be one of ${allowed.join(', ')}`
      return `${what} ${message ?? 'is wrong'}${typeof extra === 'string' ? ` (${extra})` : ''}`
    })
    return await reply
      .code(status)
      .send({ error: ERRORS[status] ?? 'The request could not be handled.', mistakes })
  })
  app.setNotFoundHandler(async (_request, reply) =>
    reply.code(404).send({
      error:
        'There is nothing here. Try GET /status, GET /overrides, POST /overrides, DELETE /overrides, GET /rules, POST /rules/reload, POST /send, GET /metrics.',
      mistakes: []
    })
  )

  app.get('/status', () => ({ ...deps.status(), overrides: overrides.list().map(shown) }))
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

  app.get('/overrides', () => ({ overrides: overrides.list().map(shown) }))

  app.post('/overrides', { schema: { body: Draft } }, async ({ body }, reply) => {
    const { why, by } = body
    const forMs = readOverrideLength(body.for)
    const mistakes = [
      ...mistakesIn(body, deps.knownProviders),
      ...(forMs === null ? ['for is no length of time: write 30m, 2h or 3d; 1m to 7d'] : [])
    ]
    if (mistakes.length > 0 || forMs === null) return await reply.code(400).send(wrong(mistakes))
    const set = await overrides.set({ ...scopeOf(body), why, by, forMs })
    if (set.kind === 'too_many') {
      const error = `There are ${MAX_OVERRIDES} overrides already. Remove some, or write a rule.`
      return await reply.code(409).send({ error, mistakes: [] })
    }
    return await reply.code(201).send({
      override: shown(set.override),
      replaced: set.replaced === null ? null : shown(set.replaced),
      warnings: warningsOf(set.override)
    })
  })

  app.delete('/overrides', { schema: { querystring: Removal } }, async ({ query }, reply) => {
    const mistakes = mistakesIn(query, deps.knownProviders)
    if (mistakes.length > 0) return await reply.code(400).send(wrong(mistakes))
    const removed = await overrides.remove(scopeOf(query), query.by)
    const still = overrides.list().filter(({ provider }) => provider === query.provider)
    return { removed: removed.map(shown), still: still.map(shown) }
  })

  /** A person may switch everything off, and should know it. */
  function warningsOf({ provider, country }: Override): readonly string[] {
    const warnings: string[] = []
    if (!deps.providers.has(provider)) {
      warnings.push(`${provider} has no credentials here, so that it is not used anyway`)
    }
    for (const channel of CHANNELS) {
      const carriers = [...deps.providers].filter(([, channels]) => channels.has(channel))
      const left = carriers.filter(
        ([name]) => overrides.drainedBy({ provider: name, channel, country }) === null
      )
      if (carriers.length > 0 && left.length === 0) {
        warnings.push(
          `nobody is left for ${channel}${country === null ? '' : ` to ${country}`}: every provider is drained`
        )
      }
    }
    return warnings
  }

  return app
}

const ERRORS: Readonly<Record<number, string>> = {
  400: 'The request is not as it should be.',
  413: 'The body is larger than 8 KiB.',
  415: 'The body has to be application/json.',
  500: 'Something went wrong here.'
}

function wrong(mistakes: readonly string[]) {
  return { error: ERRORS[400], mistakes }
}

function mistakesIn({ provider, country }: Scope, known: readonly string[]): readonly string[] {
  const mistakes: string[] = []
  if (!known.includes(provider)) {
    mistakes.push(
      `provider "${provider}" is unknown${didYouMean(suggest(provider, known) ?? known.join(', '))}`
    )
  }
  if (country !== undefined && !isCountry(country)) {
    mistakes.push(`country "${country}" is no ISO code${didYouMean(suggestPlace(country, []))}`)
  }
  return mistakes
}

function didYouMean(meant: string | undefined): string {
  return meant === undefined ? '' : `: did you mean ${meant}?`
}

function scopeOf({ provider, channel, country }: Scope): Pick<Override, 'provider' | 'channel' | 'country'> {
  return {
    provider,
    channel: channel ?? null,
    country: country !== undefined && isCountry(country) ? country : null
  }
}

function shown(override: Override): ShownOverride {
  const { setAt, until } = override
  return { ...override, setAt: new Date(setAt).toISOString(), until: new Date(until).toISOString() }
}
