import { createHmac } from 'node:crypto'
import type { AddressInfo } from 'node:net'
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
import type { RulesInForce } from './domain/in-force.ts'
import { createCredentialsCheck, type BasicPair } from './okta/credentials.ts'
import { createSampleSender } from './okta/sample-request.ts'
import { PROVIDER_NAMES, type Provider, type ProviderName } from './providers/provider.ts'
import { createProviders, type ProviderSettings } from './providers/registry.ts'
import { createRulesKeeper, type KeeperDependencies, type Reload, type Trigger } from './rules/keeper.ts'
import type { SandboxOfConsole } from './sandbox-view.ts'
import type { SenderCountries } from './rules/sender-countries.ts'
import { eventOfBreaker, eventOfRules, eventOfState } from './gateway-events.ts'
import { createMemoryState } from './state/memory.ts'
import { createSealing } from './state/sealing.ts'
import { faultOf } from './telemetry/fault.ts'
import type { Log } from './telemetry/log.ts'
import { createMasking } from './telemetry/masking.ts'
import { METRICS_COUNTRIES } from './telemetry/metrics-countries.ts'
import type { MetricsReadings } from './telemetry/metrics-levels.ts'
import { toAll } from './telemetry/listener.ts'
import { createMetrics } from './telemetry/metrics.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly mode: 'sandbox' | 'live'
  readonly version: string
  readonly oktaBasicAuth: readonly BasicPair[]
  readonly providers: ProviderSettings
  /** The files, what was read of them, how they are read again, and how often they are looked at. */
  readonly rules: Pick<KeeperDependencies, 'files' | 'initial' | 'load' | 'watchEveryMs'> & {
    /** What carriers do with names as senders; the table that ships where it is left out. */
    readonly senderCountries?: SenderCountries
  }
  /** Keys the hashes in the log and in memory. */
  readonly hashKey: string
  readonly log: Log
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** Codes on their way at once; what comes beyond is refused at once. */
  readonly maxInFlight: number
  /** The door for people who operate it; null: there is none. */
  readonly admin: { readonly host: string; readonly port: number; readonly secrets: readonly string[] } | null
  /** The countries that metrics name; all others are counted together. */
  readonly metricsCountries?: readonly string[]
  /** What nodes share; null: each has its own memory. */
  readonly redis: { readonly url: string; readonly keys: readonly Buffer[] } | null
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
  /** Attempts that nobody waits for any more, and that are still heard out. */
  readonly hanging: () => number
  /** Reads the rules anew. Requests under way keep theirs; breakers and all that is known stay. Never rejects. */
  readonly reloadRules: (by: Trigger) => Promise<readonly Reload[]>
  readonly providers: ReadonlyMap<ProviderName, Provider>
  /** Takes no new request, answers those in flight, hears out nobody else. Never rejects. */
  readonly stop: () => Promise<void>
}

/** How often connections to providers are kept from falling asleep, in ms: they close after 30 s of rest. */
const WARM_EVERY_MS = 20_000

/** How long after the deadline of the last request a stop waits for connections, in ms. */
const CUT_AFTER_MS = 500

/** Builds the parts, joins them, opens connections, and listens. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log, clock } = options
  // Without the admin port nobody can read them, and they cost nothing.
  const metrics =
    options.admin === null
      ? null
      : createMetrics({
          providers: PROVIDER_NAMES,
          countries: options.metricsCountries ?? METRICS_COUNTRIES,
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
  const { report, forRequest } = toAll([log, ...[metrics, recent].filter((one) => one !== null)])
  const rules = createRulesKeeper({
    ...options.rules,
    epoch: clock.epoch,
    onEvent: (event) => report(eventOfRules(event))
  })
  const live = () => rules.current().live
  const canaries = createCanaries({ report })
  const providers = createProviders(options.providers, { now: clock.epoch })
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
  const memory = createMemoryState({ now: clock.now })
  const redis =
    options.redis === null
      ? null
      : (await import('./state/redis.ts')).createRedisState({
          url: options.redis.url,
          sealing: createSealing(options.redis.keys),
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

  const masking = createMasking(options.hashKey)
  let ready = false
  let stopping = false
  const app = buildApp({
    hook: {
      dispatch,
      mayCall: createCredentialsCheck(options.oktaBasicAuth),
      rules: rules.current,
      choose: canaries.choose,
      forRequest,
      masking,
      now: clock.now
    },
    health: {
      readiness: () => ({
        ready,
        mode: options.mode,
        version: options.version,
        rules: rulesNow(),
        providers: [...providers.values()].map(({ name, channels }) => ({ name, channels: [...channels] })),
        breakers: breakers.readings(),
        state: state.condition()
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
    const [login] = options.oktaBasicAuth
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
          secrets: options.admin.secrets,
          status: statusNow,
          rules: rulesNow,
          reloadRules: async () => (await rules.reload('admin')).map(shownReload),
          metrics,
          report,
          console: consoleParts.createConsole({
            isSecret: createSecretCheck(options.admin.secrets),
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
  await Promise.all([warm(), learn()])
  await Promise.all([
    app.listen({ host: options.host, port: options.port }),
    admin?.listen({ host: options.admin?.host ?? '127.0.0.1', port: options.admin?.port ?? 0 })
  ])
  const warming = setInterval(() => void warm(), WARM_EVERY_MS)
  warming.unref()
  ready = true

  return {
    app,
    url: urlOf(app),
    adminUrl: admin === null ? null : urlOf(admin),
    adminApp: admin,
    inFlight: () => inFlight.size,
    hanging: hanging.count,
    reloadRules: rules.reload,
    providers,
    async stop() {
      ready = false
      stopping = true
      clearInterval(warming)
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
      await state.close()
      await Promise.all([...providers.values()].map((provider) => provider.close()))
    }
  }
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
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
