import { createHmac } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { buildApp } from './app.ts'
import { createAnswers } from './delivery/answers.ts'
import type { Transition } from './delivery/breaker.ts'
import { createBreakers } from './delivery/breakers.ts'
import { createDeliver } from './delivery/deliver.ts'
import { createDispatch } from './delivery/dispatch.ts'
import type { Channel } from './domain/message.ts'
import { compileRouter } from './domain/router.ts'
import type { RuleSet } from './domain/rules.ts'
import { createCredentialsCheck, type BasicPair } from './okta/credentials.ts'
import type { Provider, ProviderName } from './providers/provider.ts'
import { createProviders, type ProviderSettings } from './providers/registry.ts'
import type { GatewayEvent } from './telemetry/events.ts'
import type { Log } from './telemetry/log.ts'
import { createMasking } from './telemetry/masking.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly mode: 'sandbox' | 'live'
  readonly version: string
  readonly oktaBasicAuth: readonly BasicPair[]
  readonly providers: ProviderSettings
  readonly rules: RuleSet
  /** Keys the hashes in the log and in memory. */
  readonly hashKey: string
  readonly log: Log
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
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
  /** Requests that have not been answered. */
  readonly inFlight: () => number
  readonly providers: ReadonlyMap<ProviderName, Provider>
  /** Takes no new request, answers those in flight, hears out nobody else. Never rejects. */
  readonly stop: () => Promise<void>
}

/** How often connections to providers are kept from falling asleep, in ms. */
const WARM_EVERY_MS = 25_000

/** Builds the parts, joins them, opens connections, and listens. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { log, clock, rules } = options
  const router = compileRouter(rules)
  const providers = createProviders(options.providers, { now: clock.epoch })
  const breakers = createBreakers({
    settings: rules.defaults.breaker,
    now: clock.now,
    random: options.random,
    onTransition: (provider, channel, transition) =>
      log.report(breakerEvent(provider, channel, transition))
  })
  const deliver = createDeliver({
    breakers,
    now: clock.now,
    send: (name, message, limits) => {
      const provider = providers.get(name as ProviderName)
      if (provider === undefined) throw new Error('A plan names a provider that does not exist.')
      return provider.send(message, limits)
    }
  })
  const dispatch = createDispatch({
    router,
    providers,
    breakers,
    deliver,
    answers: createAnswers(clock.now),
    digest: (text) => createHmac('sha256', options.hashKey).update(text).digest('base64url'),
    now: clock.now
  })

  const inFlight = new Set<string>()
  let ready = false
  const app = buildApp({
    hook: {
      dispatch,
      mayCall: createCredentialsCheck(options.oktaBasicAuth),
      defaults: router.defaults,
      reply: router.reply,
      rulesHash: router.hash,
      forRequest: log.forRequest,
      masking: createMasking(options.hashKey),
      now: clock.now
    },
    health: {
      readiness: () => ({
        ready,
        mode: options.mode,
        version: options.version,
        rules: { hash: router.hash, count: router.ruleCount },
        providers: [...providers.values()].map(({ name, channels }) => ({ name, channels: [...channels] })),
        breakers: breakers.readings()
      })
    },
    report: log.report,
    now: clock.now
  })
  app.addHook('onRequest', (request, _reply, done) => {
    inFlight.add(request.id)
    done()
  })
  app.addHook('onResponse', (request, _reply, done) => {
    inFlight.delete(request.id)
    done()
  })

  const warm = (): Promise<unknown> => Promise.all([...providers.values()].map((provider) => provider.warm()))
  await Promise.all([warm(), app.listen({ host: options.host, port: options.port })])
  const warming = setInterval(() => void warm(), WARM_EVERY_MS)
  warming.unref()
  ready = true

  return {
    app,
    url: urlOf(app),
    inFlight: () => inFlight.size,
    providers,
    async stop() {
      ready = false
      clearInterval(warming)
      await app.close()
      breakers.close()
      await Promise.all([...providers.values()].map((provider) => provider.close()))
    }
  }
}

function urlOf(app: FastifyInstance): string {
  const { address, family, port } = app.server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function breakerEvent(provider: string, channel: Channel, transition: Transition): GatewayEvent {
  switch (transition.to) {
    case 'open': {
      const { cause, failures, calls, openForMs } = transition
      return { event: 'circuit.opened', provider, channel, cause, failures, window_n: calls, open_ms: openForMs }
    }
    case 'half_open':
      return { event: 'circuit.half_opened', provider, channel }
    case 'closed':
      return { event: 'circuit.closed', provider, channel }
    default:
      return transition satisfies never
  }
}
