import type { AdminStatus } from '../admin/admin-app.ts'
import { shownRules, type ShownRules } from '../admin/shown-rules.ts'
import type { CallersCondition } from '../callers/authenticator.ts'
import type { KeysCondition } from '../callers/issuer-keys.ts'
import type { Canaries } from '../delivery/canaries.ts'
import type { Overrides } from '../delivery/overrides.ts'
import type { RulesInForce } from '../domain/in-force.ts'
import type { Readiness } from '../health-route.ts'
import type { Provider, ProviderName } from '../providers/provider.ts'
import type { RulesKeeper } from '../rules/keeper.ts'
import type { State } from '../state/state.ts'
import type { MetricsReadings } from '../telemetry/metrics-levels.ts'
import type { Carrying } from './carrying.ts'
import type { GatewayOptions } from './options.ts'

export interface ReadingsDependencies extends Pick<GatewayOptions, 'clock' | 'mode' | 'version'> {
  readonly rules: Pick<RulesKeeper, 'current' | 'status'>
  readonly canaries: Pick<Canaries, 'reading'>
  readonly providers: ReadonlyMap<ProviderName, Provider>
  readonly carrying: Carrying
  readonly overrides: Pick<Overrides, 'drainedBy' | 'list'>
  readonly state: Pick<State, 'condition'>
  readonly callers: () => CallersCondition
}

/** The gateway as it stands at this moment, for each of those who look at it. */
export interface Readings {
  /** `GET /rules`. */
  readonly rules: () => ShownRules
  /** `GET /status`, and the console. */
  readonly status: () => AdminStatus
  /** `GET /health/ready`, but for whether it is. */
  readonly health: () => Omit<Readiness, 'ready'>
  /** What metrics ask when somebody reads them. */
  readonly metrics: () => MetricsReadings
}

export function createReadings(deps: ReadingsDependencies): Readings {
  const { mode, version, canaries, overrides, state } = deps
  const { breakers, cooldowns, capacity, hanging, inFlight } = deps.carrying
  const providers = [...deps.providers.values()]
  const uses = providers.flatMap(({ name: provider, channels }) =>
    [...channels].map((channel) => ({ provider, channel }))
  )
  const rules = (): ShownRules =>
    shownRules(deps.rules.status(), canaries.reading(deps.rules.current()), deps.clock.epoch())
  const shownProviders = () => providers.map(({ name, channels }) => ({ name, channels: [...channels] }))

  return {
    rules,
    health: () => ({
      mode,
      version,
      rules: rules(),
      providers: shownProviders(),
      breakers: breakers.readings(),
      state: state.condition(),
      callers: shownCallers(deps.callers())
    }),
    status: () => ({
      version,
      mode,
      rules: rules(),
      providers: shownProviders(),
      breakers: breakers.readings(),
      cooldowns: uses.flatMap(({ provider, channel }) => {
        const leftMs = cooldowns.leftMs(provider, channel)
        return leftMs === null ? [] : [{ provider, channel, leftMs: Math.round(leftMs) }]
      }),
      capacity: capacity.readings(),
      state: state.condition(),
      callers: { schemes: deps.callers().schemes, issuers: deps.callers().issuers },
      inFlight: inFlight(),
      hanging: hanging.count()
    }),
    metrics() {
      const inForce = deps.rules.current()
      return {
        inFlight: inFlight(),
        hanging: hanging.count(),
        breakers: breakers.readings(),
        inService: uses
          .filter(
            ({ provider, channel }) =>
              inForce.live.providers.get(provider)?.channels.includes(channel) === true
          )
          .map((use) => ({ ...use, drained: overrides.drainedBy({ ...use, country: null }) !== null })),
        overrides: overrides.list(),
        capacity: capacity.readings(),
        issuers: deps.callers().issuers,
        state: state.condition(),
        rules: wordsOf(inForce)
      }
    }
  }
}

/** What the door itself shows says nothing of whose it is. */
function shownCallers({ schemes, issuers }: CallersCondition): Readiness['callers'] {
  const count = (state: KeysCondition): number => issuers.filter(({ keys }) => keys === state).length
  return { schemes, issuer_keys: { fresh: count('fresh'), stale: count('stale'), none: count('none') } }
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
