import { createHmac } from 'node:crypto'
import { createAlarms } from '../delivery/alarms.ts'
import { createAnswers } from '../delivery/answers.ts'
import { createBreakers, type Breakers } from '../delivery/breakers.ts'
import type { Canaries } from '../delivery/canaries.ts'
import { createCapacity, type Capacity } from '../delivery/capacity.ts'
import { createCooldowns, type Cooldowns } from '../delivery/cooldowns.ts'
import { createDeliver } from '../delivery/deliver.ts'
import { createDispatch, type Dispatch } from '../delivery/dispatch.ts'
import { createHanging, type Hanging } from '../delivery/hanging.ts'
import { createOverload, type Pressure } from '../delivery/overload.ts'
import type { Overrides } from '../delivery/overrides.ts'
import { createResends } from '../delivery/resends.ts'
import type { Router } from '../domain/router.ts'
import type { ProviderName } from '../providers/provider.ts'
import type { Replaceable } from '../providers/replaceable.ts'
import type { RedisState } from '../state/redis.ts'
import type { State } from '../state/state.ts'
import type { Report } from '../telemetry/events.ts'
import { eventOfBreaker } from './events.ts'
import type { GatewayOptions } from './options.ts'

export interface CarryingDependencies extends Pick<
  GatewayOptions,
  'clock' | 'random' | 'hashKey' | 'maxInFlight'
> {
  readonly providers: ReadonlyMap<ProviderName, Replaceable>
  /** The rules in force. */
  readonly live: () => Router
  readonly overrides: Overrides
  readonly canaries: Canaries
  readonly state: State
  /** Null where nodes share nothing. */
  readonly shared: RedisState | null
  readonly pressure: () => Pressure
  readonly report: Report
}

/** All that a code goes through between the request that was understood and the provider. */
export interface Carrying {
  readonly dispatch: Dispatch
  readonly breakers: Pick<Breakers, 'readings'>
  readonly cooldowns: Pick<Cooldowns, 'leftMs'>
  readonly capacity: Pick<Capacity, 'readings'>
  readonly hanging: Pick<Hanging, 'count'>
  /** Codes on their way. */
  readonly inFlight: () => number
  /** Resolves when those that are on their way now have come to their end. */
  readonly settled: () => Promise<unknown>
  readonly close: () => void
}

export function createCarrying(deps: CarryingDependencies): Carrying {
  const { clock, providers, live, overrides, state, report } = deps
  const breakers = createBreakers({
    settings: () => live().defaults.breaker,
    isUsable: (name, channel) =>
      providers.get(name as ProviderName)?.channels.has(channel) === true &&
      live().providers.get(name)?.channels.includes(channel) === true &&
      overrides.drainedBy({ provider: name, channel, country: null }) === null,
    now: clock.now,
    random: deps.random,
    onTransition: (provider, channel, transition) => report(eventOfBreaker(provider, channel, transition))
  })
  for (const { name, channels } of providers.values()) {
    for (const channel of channels) breakers.of(name, channel)
  }
  const cooldowns = createCooldowns({
    now: clock.now,
    onBegin: (provider, channel, forMs) =>
      report({ event: 'provider.cooling', provider, channel, for_ms: Math.round(forMs) })
  })
  const hanging = createHanging()
  const capacity = createCapacity({ state, now: clock.now })
  const digest = (text: string): string => createHmac('sha256', deps.hashKey).update(text).digest('base64url')
  const carry = createDispatch({
    providers,
    breakers,
    cooldowns,
    overload: createOverload({
      maxInFlight: deps.maxInFlight,
      pressure: deps.pressure,
      now: clock.now,
      report
    }),
    drainedBy: overrides.drainedBy,
    deliver: createDeliver({
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
    }),
    answers: createAnswers({ shared: deps.shared, now: clock.now }),
    resends: createResends({ state, digest, epoch: clock.epoch }),
    canaries: deps.canaries,
    digest,
    now: clock.now,
    epoch: clock.epoch
  })

  // Counted here and not by connection: a code is carried to its end, also when Okta has hung up.
  const inFlight = new Set<Promise<unknown>>()

  return {
    dispatch(...request) {
      const dispatched = carry(...request)
      inFlight.add(dispatched)
      const forget = (): unknown => inFlight.delete(dispatched)
      dispatched.then(forget, forget)
      return dispatched
    },
    breakers,
    cooldowns,
    capacity,
    hanging,
    inFlight: () => inFlight.size,
    settled: () => Promise.allSettled(inFlight),
    close: breakers.close
  }
}
