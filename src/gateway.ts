import { createHmac } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import { getHeapStatistics } from 'node:v8'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { createAlarms } from './delivery/alarms.ts'
import { createAnswers } from './delivery/answers.ts'
import { createBreakers } from './delivery/breakers.ts'
import { buildAdminApp, type AdminStatus } from './admin/admin-app.ts'
import { createDrains } from './admin/drains.ts'
import { createSecretCheck, SANDBOX_ADMIN_SECRET } from './admin/secret.ts'
import { shownReload, shownRules } from './admin/shown-rules.ts'
import { createTestSends } from './admin/test-send.ts'
import type { SandboxView } from './console/ports.ts'
import { createCanaries } from './delivery/canaries.ts'
import { createCapacity } from './delivery/capacity.ts'
import { createCooldowns } from './delivery/cooldowns.ts'
import { createDeliver } from './delivery/deliver.ts'
import { createDispatch, type Dispatch } from './delivery/dispatch.ts'
import { createHanging } from './delivery/hanging.ts'
import { createOverload, type Pressure } from './delivery/overload.ts'
import { createOverrides } from './delivery/overrides.ts'
import { createResends } from './delivery/resends.ts'
import type { ReadTls, TlsPair } from './door/certificate.ts'
import { isLoopback } from './door/address.ts'
import { createDoor, OPEN_DOOR, type DoorSettings } from './door/door.ts'
import { createListening } from './door/listening.ts'
import { createTlsKeeper } from './door/tls-keeper.ts'
import type { RulesInForce } from './domain/in-force.ts'
import { createAuthenticator, type CallersCondition } from './callers/authenticator.ts'
import type { CallerTerms } from './callers/terms.ts'
import type { KeysCondition, KeyTimes } from './callers/issuer-keys.ts'
import type { Readiness } from './health-route.ts'
import { createSampleSender } from './okta/sample-request.ts'
import { PROVIDER_NAMES, type Provider, type ProviderName } from './providers/provider.ts'
import { createProviders, type ProviderSettings } from './providers/registry.ts'
import { createReplaceable, type Replaceable } from './providers/replaceable.ts'
import { createRenewal, type ReadSecrets } from './renewal.ts'
import { createRulesKeeper, type KeeperDependencies, type Reload, type Trigger } from './rules/keeper.ts'
import type { SandboxOfConsole } from './sandbox-view.ts'
import type { SenderCountries } from './rules/sender-countries.ts'
import { watchFiles } from './rules/watch.ts'
import type { Settings } from './settings.ts'
import { eventOfBreaker, eventOfRules, eventOfState, eventOfTls } from './gateway-events.ts'
import { createMemoryState } from './state/memory.ts'
import { createSealing, type Sealing } from './state/sealing.ts'
import type { Report } from './telemetry/events.ts'
import { faultOf } from './telemetry/fault.ts'
import type { Log } from './telemetry/log.ts'
import { createMasking } from './telemetry/masking.ts'
import { METRICS_COUNTRIES } from './telemetry/metrics-countries.ts'
import type { MetricsReadings } from './telemetry/metrics-levels.ts'
import { toAll } from './telemetry/listener.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { quietLog } from './telemetry/quiet.ts'
import { traceOfCaller } from './telemetry/trace-context.ts'
import type { Tracing } from './telemetry/tracing.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly mode: 'sandbox' | 'live'
  readonly version: string
  /** What opens for Okta, and for which org. */
  readonly callers: readonly CallerTerms[]
  /** Waits of issuers' keys that differ from the usual ones. */
  readonly keyTimes?: Partial<KeyTimes>
  readonly providers: ProviderSettings
  /** The files, what was read of them, how they are read again, and how often they are looked at. */
  readonly rules: Pick<KeeperDependencies, 'files' | 'initial' | 'load' | 'watchEveryMs'> & {
    /** What carriers do with names as senders; the table that ships where it is left out. */
    readonly senderCountries?: SenderCountries
  }
  /** Keys the hashes in the log and in memory. */
  readonly hashKey: string
  readonly log: Log
  /** Null, or not there: nothing is traced. Whoever gives it closes it, after the gateway has stopped. */
  readonly tracing?: Pick<Tracing, 'report' | 'forRequest' | 'traceOf'> | null
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** Codes on their way at once; what comes beyond is refused at once. */
  readonly maxInFlight: number
  /** The door for people who operate it; null: there is none. */
  readonly admin: {
    readonly host: string
    readonly port: number
    readonly secrets: readonly string[]
    /** Open `GET /metrics` and nothing else. */
    readonly metricsSecrets?: readonly string[]
  } | null
  /** The countries that metrics name; all others are counted together. */
  readonly metricsCountries?: readonly string[]
  /** What nodes share; null: each has its own memory. */
  readonly redis: { readonly url: string; readonly keys: readonly Buffer[] } | null
  /** Who may knock, and how often. Everybody, where it is not there. */
  readonly door?: DoorSettings
  /** Where TLS ends here: with what, how that is read again, and which files are looked at how often. */
  readonly tls?: {
    readonly initial: TlsPair
    readonly read: () => ReadTls
    readonly files: readonly string[]
    /** Null: never. */
    readonly watchEveryMs: number | null
    /** What the certificate should be for. */
    readonly publicHost: string | null
  } | null
  /** How the secrets are read again; without it they stay as they are. */
  readonly secrets?: { readonly digests: Settings['digests']; readonly reread: () => ReadSecrets }
  /** Where the providers are played, for the console; null or left out: they are not. */
  readonly sandbox?: SandboxOfConsole | null
}

export interface Clock {
  /** Monotonic, in ms: for every wait and deadline. */
  readonly now: () => number
  /** Ms since 1970: for what vendors ask of the wall clock. */
  readonly epoch: () => number
}

export interface Gateway {
  readonly app: FastifyInstance
  /** Where it listens. */
  readonly url: string
  /** Where commands are taken. */
  readonly adminUrl: string | null
  readonly adminApp: FastifyInstance | null
  /** Codes on their way. */
  readonly inFlight: () => number
  /** For what happens to the process: the log hears it, and the metrics. */
  readonly report: Report
  /** Attempts that nobody waits for any more, and that are still heard out. */
  readonly hanging: () => number
  /** Reads the rules anew. Requests under way keep theirs; breakers and all that is known stay. Never rejects. */
  readonly reloadRules: (by: Trigger) => Promise<readonly Reload[]>
  /** Reads the secrets and the certificate anew, each by itself. What is under way ends with the old ones. Never rejects. */
  readonly renewSecrets: () => Promise<void>
  readonly providers: ReadonlyMap<ProviderName, Provider>
  /** Takes no new request, answers those in flight, hears out nobody else. Never rejects. */
  readonly stop: () => Promise<void>
}

/** How often connections to providers are kept from falling asleep, in ms: they close after 30 s of rest. */
const WARM_EVERY_MS = 20_000

/** How often the end of the certificate is looked at, in ms. */
const EXPIRY_EVERY_MS = 60 * 60_000

/** How long after the deadline of the last request a stop waits for connections, in ms. */
const CUT_AFTER_MS = 500

/** Builds the parts, joins them, opens connections, and listens. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { clock, tracing = null, door = OPEN_DOOR, tls = null } = options
  const log = quietLog(options.log, { now: clock.now })
  let { callers } = options
  // Without the admin port nobody can read them, and they cost nothing.
  const metrics =
    options.admin === null
      ? null
      : createMetrics({
          providers: PROVIDER_NAMES,
          countries: options.metricsCountries ?? METRICS_COUNTRIES,
          orgs: () => callers.flatMap(({ org }) => org?.name ?? []),
          readings: () => readingsNow(),
          epoch: clock.epoch,
          onBug: (error) => log.report(faultOf('metrics', error))
        })
  const consoleParts = options.admin === null ? null : await loadConsole()
  const recent =
    consoleParts === null
      ? null
      : consoleParts.createRecent({
          providers: PROVIDER_NAMES,
          now: clock.now,
          epoch: clock.epoch,
          deadlineMs: () => live().defaults.deadlineMs,
          onBug: (error) => log.report(faultOf('console', error))
        })
  const { report, forRequest } = toAll(
    [log, metrics, tracing, recent].filter((listener) => listener !== null)
  )
  const rules = createRulesKeeper({
    ...options.rules,
    epoch: clock.epoch,
    onEvent: (event) => report(eventOfRules(event))
  })
  const live = () => rules.current().live
  const canaries = createCanaries({ report })
  const providerDeps = { now: clock.epoch }
  const providers: ReadonlyMap<ProviderName, Replaceable> = new Map(
    [...createProviders(options.providers, providerDeps)].map(([name, one]) => [name, createReplaceable(one)])
  )
  const breakers = createBreakers({
    settings: () => live().defaults.breaker,
    isUsable: (name, channel) =>
      providers.get(name as ProviderName)?.channels.has(channel) === true &&
      live().providers.get(name)?.channels.includes(channel) === true &&
      overrides.drainedBy({ provider: name, channel, country: null }) === null,
    now: clock.now,
    random: options.random,
    onTransition: (provider, channel, transition) => report(eventOfBreaker(provider, channel, transition))
  })
  for (const { name, channels } of providers.values()) {
    for (const channel of channels) breakers.of(name, channel)
  }
  let adminSecrets = options.admin?.secrets ?? []
  let metricsSecrets = options.admin?.metricsSecrets ?? []
  let sealing = options.redis === null ? null : createSealing(options.redis.keys)
  const memory = createMemoryState({ now: clock.now })
  const redis =
    options.redis === null || sealing === null
      ? null
      : (await import('./state/redis.ts')).createRedisState({
          url: options.redis.url,
          sealing: {
            seal: (text, place) => (sealing as Sealing).seal(text, place),
            open: (sealed, place) => (sealing as Sealing).open(sealed, place)
          },
          memory,
          now: clock.now,
          onEvent: (event) => report(eventOfState(event))
        })
  const state = redis ?? memory
  const overrides = createOverrides({ state, epoch: clock.epoch, report })
  const digest = (text: string): string =>
    createHmac('sha256', options.hashKey).update(text).digest('base64url')
  const cooldowns = createCooldowns({
    now: clock.now,
    onBegin: (provider, channel, forMs) =>
      report({ event: 'provider.cooling', provider, channel, for_ms: Math.round(forMs) })
  })
  const hanging = createHanging()
  const capacity = createCapacity({ state, now: clock.now })
  const deliver = createDeliver({
    breakers,
    cooldowns,
    capacity,
    hanging,
    alarms: createAlarms({ now: clock.now, report }),
    now: clock.now,
    send: (name, message, limits) => {
      const provider = providers.get(name as ProviderName)
      if (provider === undefined) throw new Error('A plan names a provider that does not exist.')
      return provider.send(message, limits)
    }
  })
  const carry = createDispatch({
    providers,
    breakers,
    cooldowns,
    overload: createOverload({
      maxInFlight: options.maxInFlight,
      pressure: () => pressureOf(app),
      now: clock.now,
      report
    }),
    drainedBy: overrides.drainedBy,
    deliver,
    answers: createAnswers({ shared: redis, now: clock.now }),
    resends: createResends({ state, digest, epoch: clock.epoch }),
    canaries,
    digest,
    now: clock.now,
    epoch: clock.epoch
  })

  // Counted here and not by connection: a code is carried to its end, also when Okta has hung up.
  const inFlight = new Set<Promise<unknown>>()
  const dispatch: Dispatch = (...request) => {
    const dispatched = carry(...request)
    inFlight.add(dispatched)
    const forget = (): unknown => inFlight.delete(dispatched)
    dispatched.then(forget, forget)
    return dispatched
  }

  const readingsNow = (): MetricsReadings => ({
    inFlight: inFlight.size,
    hanging: hanging.count(),
    breakers: breakers.readings(),
    inService: [...providers.values()].flatMap(({ name: provider, channels }) =>
      [...channels]
        .filter((channel) => live().providers.get(provider)?.channels.includes(channel) === true)
        .map((channel) => ({
          provider,
          channel,
          drained: overrides.drainedBy({ provider, channel, country: null }) !== null
        }))
    ),
    overrides: overrides.list(),
    capacity: capacity.readings(),
    issuers: authenticator.condition().issuers,
    state: state.condition(),
    rules: wordsOf(rules.current())
  })
  const rulesNow = () => shownRules(rules.status(), canaries.reading(rules.current()), clock.epoch())
  const coolingNow = () =>
    [...providers.values()].flatMap(({ name, channels }) =>
      [...channels].flatMap((channel) => {
        const leftMs = cooldowns.leftMs(name, channel)
        return leftMs === null ? [] : [{ provider: name, channel, leftMs: Math.round(leftMs) }]
      })
    )

  const authenticator = createAuthenticator({
    callers,
    report,
    now: clock.now,
    epoch: clock.epoch,
    random: options.random,
    times: options.keyTimes ?? {}
  })

  const masking = createMasking(options.hashKey)
  let ready = false
  let stopping = false
  const listening = createListening(tls?.initial ?? null)
  // On loopback nobody listens in, and no certificate of ours is for it.
  const adminListening = createListening(isLoopback(options.admin?.host) ? null : (tls?.initial ?? null))
  const app = buildApp({
    door: createDoor({
      ...door,
      needsCertificate: tls !== null && tls.initial.clientCa !== null,
      now: clock.now
    }),
    trustedProxies: door.trustedProxies,
    listening,
    hook: {
      dispatch,
      callers: authenticator,
      rules: rules.current,
      choose: canaries.choose,
      forRequest,
      traceOf: tracing?.traceOf ?? traceOfCaller,
      masking,
      now: clock.now
    },
    health: {
      readiness: () => ({
        // Without a key no token can be checked: better nobody asks here than that everybody is turned away.
        ready: ready && authenticator.condition().open,
        mode: options.mode,
        version: options.version,
        rules: rulesNow(),
        providers: [...providers.values()].map(({ name, channels }) => ({ name, channels: [...channels] })),
        breakers: breakers.readings(),
        state: state.condition(),
        callers: shownCallers(authenticator.condition())
      })
    },
    report,
    now: clock.now
  })
  // A connection that was busy when the stop began would be kept alive after its answer.
  app.addHook('onSend', async (_request, reply) => {
    if (stopping) void reply.header('connection', 'close')
  })

  const warm = (): Promise<unknown> => Promise.all([...providers.values()].map((provider) => provider.warm()))
  const drains = createDrains({
    overrides,
    providers: new Map([...providers.values()].map(({ name, channels }) => [name, channels])),
    knownProviders: PROVIDER_NAMES
  })
  const statusNow = (): AdminStatus => ({
    version: options.version,
    mode: options.mode,
    rules: rulesNow(),
    providers: [...providers.values()].map(({ name, channels }) => ({ name, channels: [...channels] })),
    breakers: breakers.readings(),
    cooldowns: coolingNow(),
    capacity: capacity.readings(),
    state: state.condition(),
    inFlight: inFlight.size,
    hanging: hanging.count()
  })
  /** Somebody may send himself codes there, as Okta would. */
  function sandboxNow(): SandboxView | null {
    const [login] = callers.flatMap(({ basic }) => basic)
    if (options.sandbox == null || login === undefined) return null
    const send = createSampleSender({ url: () => urlOf(app), login, now: clock.now })
    return { ...options.sandbox, send }
  }

  const startedAtMs = clock.epoch()
  const admin =
    options.admin === null || metrics === null || consoleParts === null || recent === null
      ? null
      : buildAdminApp({
          drains,
          secrets: () => adminSecrets,
          metricsSecrets: () => metricsSecrets,
          serverFactory: adminListening.serverFactory,
          trustsProxy: (address) => door.trustedProxies?.has(address) === true,
          status: statusNow,
          rules: rulesNow,
          reloadRules: async () => (await rules.reload('admin')).map(shownReload),
          metrics,
          testSends: {
            sendTest: createTestSends({
              mode: options.mode,
              dispatch,
              rules: rules.current,
              forRequest,
              masking,
              now: clock.now
            }),
            now: clock.now
          },
          report,
          console: consoleParts.createConsole({
            isSecret: createSecretCheck(() => adminSecrets),
            isSecretKnown: options.admin.secrets.includes(SANDBOX_ADMIN_SECRET),
            node: {
              startedAtMs,
              status: statusNow,
              rulesStatus: rules.status,
              liveRules: rules.live,
              overrides: overrides.list
            },
            recent,
            drains,
            sandbox: sandboxNow(),
            mask: masking.phone,
            senderCountries: options.rules.senderCountries,
            report,
            onBug: (error) => report(faultOf('console', error)),
            now: clock.now,
            epoch: clock.epoch
          })
        })
  // What people have drained is known before the first code comes.
  const learn = async (): Promise<void> => {
    await redis?.start()
    await overrides.start()
    await rules.start()
  }
  await Promise.all([warm(), learn(), authenticator.start()])
  await Promise.all([
    app.listen({ host: options.host, port: options.port }),
    admin?.listen({ host: options.admin?.host ?? '127.0.0.1', port: options.admin?.port ?? 0 })
  ])
  const certificate =
    tls === null
      ? null
      : createTlsKeeper({
          initial: tls.initial,
          read: tls.read,
          use(pair) {
            listening.renew(pair)
            adminListening.renew(pair)
          },
          epoch: clock.epoch,
          onEvent: (event) => report(eventOfTls(event, tls.publicHost))
        })
  const unwatch =
    certificate === null || tls === null || tls.watchEveryMs === null || tls.files.length === 0
      ? null
      : watchFiles(tls.files, { everyMs: tls.watchEveryMs, onChange: () => certificate.reload('watch') })
  const expiry = setInterval(() => certificate?.look(), EXPIRY_EVERY_MS)
  expiry.unref()
  const renew =
    options.secrets === undefined
      ? null
      : createRenewal({
          ...options.secrets,
          providerSettings: options.providers,
          accounts: providers,
          providerDeps,
          callers,
          async useCallers(next) {
            await authenticator.use(next)
            callers = next
          },
          use({ admin: door, redis: shared }) {
            if (door !== null) {
              adminSecrets = door.secrets
              metricsSecrets = door.metricsSecrets ?? []
            }
            if (shared !== null) sealing = createSealing(shared.keys)
          },
          report
        })
  const warming = setInterval(() => void warm(), WARM_EVERY_MS)
  warming.unref()
  ready = true

  return {
    app,
    url: urlOf(app),
    adminUrl: admin === null ? null : urlOf(admin),
    adminApp: admin,
    inFlight: () => inFlight.size,
    report,
    hanging: hanging.count,
    reloadRules: rules.reload,
    async renewSecrets() {
      certificate?.reload('signal')
      await renew?.()
    },
    providers,
    async stop() {
      ready = false
      stopping = true
      clearInterval(warming)
      clearInterval(expiry)
      unwatch?.()
      // Whoever is still sending a request by then gets no answer any more.
      const cut = setTimeout(
        () => app.server.closeAllConnections(),
        live().defaults.deadlineMs + CUT_AFTER_MS
      )
      await Promise.all([app.close(), admin?.close()])
      clearTimeout(cut)
      await Promise.allSettled(inFlight)
      breakers.close()
      rules.close()
      overrides.close()
      await authenticator.close()
      await state.close()
      await Promise.all([...providers.values()].map((provider) => provider.close()))
      log.close()
    }
  }
}

/** What the door itself shows says nothing of whose it is. */
function shownCallers({ schemes, issuers }: CallersCondition): Readiness['callers'] {
  const count = (state: KeysCondition): number => issuers.filter(({ keys }) => keys === state).length
  return { schemes, issuer_keys: { fresh: count('fresh'), stale: count('stale'), none: count('none') } }
}

/** Whoever has no admin port pays nothing for it. */
async function loadConsole() {
  const [{ createConsole }, { createRecent }] = await Promise.all([
    import('./console/console.ts'),
    import('./console/recent.ts')
  ])
  return { createConsole, createRecent }
}

/** What a decision may be called, and what may be blocked: by the rules, and by those that a canary tries. */
function wordsOf({ live, candidate }: RulesInForce): MetricsReadings['rules'] {
  const routers = candidate === null ? [live] : [live, candidate.router]
  const actions = routers.flatMap(({ rules, otherwise }) => [...rules.map(({ action }) => action), otherwise])
  return {
    names: [...routers.flatMap(({ rules }) => rules.map(({ name }) => name)), 'otherwise'],
    blockReasons: actions.flatMap((action) => (action.kind === 'block' ? [action.reason] : []))
  }
}

function pressureOf(app: FastifyInstance): Pressure {
  const { eventLoopDelay, heapUsed } = app.memoryUsage()
  return { eventLoopDelayMs: eventLoopDelay, heapShare: heapUsed / getHeapStatistics().heap_size_limit }
}

function urlOf(app: FastifyInstance): string {
  const { address, family, port } = app.server.address() as AddressInfo
  const protocol = app.server instanceof TlsServer ? 'https' : 'http'
  return `${protocol}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
