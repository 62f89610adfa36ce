import { getHeapStatistics } from 'node:v8'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { createAuthenticator } from './callers/authenticator.ts'
import { createCanaries } from './delivery/canaries.ts'
import type { Pressure } from './delivery/overload.ts'
import { createOverrides } from './delivery/overrides.ts'
import { createDoor, OPEN_DOOR } from './door/door.ts'
import { buildAdminSide } from './gateway/admin-side.ts'
import { createCarrying } from './gateway/carrying.ts'
import { eventOfRules } from './gateway/events.ts'
import { openHearing } from './gateway/hearing.ts'
import { openState } from './gateway/open-state.ts'
import type { GatewayOptions } from './gateway/options.ts'
import { createReadings } from './gateway/readings.ts'
import { createListenings, openRim, urlOf, type Rim } from './gateway/rim.ts'
import { createSecretsInForce } from './gateway/secrets-in-force.ts'
import type { Provider, ProviderName } from './providers/provider.ts'
import { createProviders } from './providers/registry.ts'
import { createReplaceable, type Replaceable } from './providers/replaceable.ts'
import { createRenewal } from './renewal.ts'
import { createRulesKeeper, type Reload, type Trigger } from './rules/keeper.ts'
import type { Report } from './telemetry/events.ts'
import { createMasking } from './telemetry/masking.ts'
import { traceOfCaller } from './telemetry/trace-context.ts'

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

/** Builds the parts, joins them, opens connections, and listens. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { clock, tracing = null, door = OPEN_DOOR, tls = null } = options
  const live = () => rules.current().live
  const deadlineMs = () => live().defaults.deadlineMs

  const secrets = createSecretsInForce(options)
  const hearing = await openHearing(options, {
    orgs: () => secrets.callers().flatMap(({ org }) => org?.name ?? []),
    readings: () => readings.metrics(),
    deadlineMs
  })
  const { report, forRequest } = hearing
  const rules = createRulesKeeper({
    ...options.rules,
    epoch: clock.epoch,
    onEvent: (event) => report(eventOfRules(event))
  })
  const canaries = createCanaries({ report })
  const providerDeps = { now: clock.epoch }
  const providers: ReadonlyMap<ProviderName, Replaceable> = new Map(
    [...createProviders(options.providers, providerDeps)].map(([name, one]) => [name, createReplaceable(one)])
  )
  const warm = (): Promise<unknown> => Promise.all([...providers.values()].map((provider) => provider.warm()))
  const { state, shared } = await openState({
    redis: options.redis,
    sealing: secrets.sealing,
    now: clock.now,
    report
  })
  const overrides = createOverrides({ state, epoch: clock.epoch, report })
  const carrying = createCarrying({
    ...options,
    providers,
    live,
    overrides,
    canaries,
    state,
    shared,
    pressure: () => pressureOf(app),
    report
  })
  const authenticator = createAuthenticator({
    callers: options.callers,
    report,
    now: clock.now,
    epoch: clock.epoch,
    random: options.random,
    times: options.keyTimes ?? {}
  })
  const readings = createReadings({
    ...options,
    rules,
    canaries,
    providers,
    carrying,
    overrides,
    state,
    callers: authenticator.condition
  })

  let rim: Rim | null = null
  const listenings = createListenings(options)
  const masking = createMasking(options.hashKey)
  const app = buildApp({
    door: createDoor({
      ...door,
      needsCertificate: tls !== null && tls.initial.clientCa !== null,
      now: clock.now
    }),
    trustedProxies: door.trustedProxies,
    listening: listenings.hook,
    hook: {
      dispatch: carrying.dispatch,
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
        ready: rim?.isOpen() === true && authenticator.condition().open,
        ...readings.health()
      })
    },
    report,
    now: clock.now
  })
  const adminApp = buildAdminSide({
    options,
    hearing,
    secrets,
    rules,
    overrides,
    providers,
    readings,
    dispatch: carrying.dispatch,
    masking,
    serverFactory: listenings.admin.serverFactory,
    hookUrl: () => urlOf(app)
  })
  const renew =
    options.secrets === undefined
      ? null
      : createRenewal({
          ...options.secrets,
          providerSettings: options.providers,
          accounts: providers,
          providerDeps,
          callers: options.callers,
          prepareCallers: authenticator.prepare,
          use(settings, next) {
            authenticator.use(next)
            secrets.useCallers(next)
            secrets.use(settings)
          },
          report
        })

  // What people have drained is known before the first code comes.
  const learn = async (): Promise<void> => {
    await shared?.start()
    await overrides.start()
    await rules.start()
  }
  await Promise.all([warm(), learn(), authenticator.start()])
  const open = await openRim({
    options,
    app,
    adminApp,
    listenings,
    warm,
    deadlineMs,
    report
  })
  rim = open

  return {
    app,
    url: open.url,
    adminUrl: open.adminUrl,
    adminApp,
    inFlight: carrying.inFlight,
    report,
    hanging: carrying.hanging.count,
    reloadRules: rules.reload,
    async renewSecrets() {
      open.renewCertificate()
      await renew?.()
    },
    providers,
    async stop() {
      await open.close()
      await carrying.settled()
      carrying.close()
      rules.close()
      overrides.close()
      await authenticator.close()
      await state.close()
      await Promise.all([...providers.values()].map((provider) => provider.close()))
      hearing.close()
    }
  }
}

function pressureOf(app: FastifyInstance): Pressure {
  const { eventLoopDelay, heapUsed } = app.memoryUsage()
  return { eventLoopDelayMs: eventLoopDelay, heapShare: heapUsed / getHeapStatistics().heap_size_limit }
}
