import { CHANNELS, type Channel } from '../domain/message.ts'
import type { Override } from '../domain/override.ts'
import type { RuleWords } from './metrics-counts.ts'
import type { MetricsRegistry } from './metrics-registry.ts'

interface Use {
  readonly provider: string
  readonly channel: Channel
}

/** How the gateway stands at this moment. */
export interface MetricsReadings {
  /** Codes on their way. */
  readonly inFlight: number
  /** Attempts that nobody waits for any more. */
  readonly hanging: number
  readonly breakers: readonly (Use & { readonly state: (typeof CIRCUIT_STATES)[number] })[]
  /** Those that have credentials and that the rules list. */
  readonly inService: readonly (Use & { readonly drained: boolean })[]
  /** Those in force on this node. */
  readonly overrides: readonly Pick<Override, 'provider' | 'channel' | 'country' | 'until'>[]
  readonly capacity: readonly {
    readonly provider: string
    readonly perSecond: number
    readonly taken: number
  }[]
  /** The issuers of tokens that may come in. */
  readonly issuers: readonly { readonly issuer: string; readonly keys: (typeof KEYS_STATES)[number] }[]
  readonly state: 'memory' | 'redis' | 'redis_unreachable'
  readonly rules: RuleWords
}

export const CIRCUIT_STATES = ['closed', 'open', 'half_open'] as const

const KEYS_STATES = ['fresh', 'stale', 'none'] as const

/** Where an override holds: which countries they are stands in the log, and in `switchboard overrides`. */
export const SCOPES = ['everywhere', 'some_countries'] as const

/** @returns what makes the gauges show these readings. */
export function createLevels(
  registry: MetricsRegistry,
  { providers }: { readonly providers: readonly string[] }
): (readings: MetricsReadings) => void {
  const inFlight = registry.gauge('otp_hook_in_flight')
  const hanging = registry.gauge('otp_attempts_hanging')
  const circuit = registry.gauge('otp_circuit_state')
  const inService = registry.gauge('otp_provider_in_service')
  const override = registry.gauge('otp_provider_override')
  const overrideUntil = registry.gauge('otp_provider_override_until_timestamp_seconds')
  const capacityUsed = registry.gauge('otp_provider_capacity_used_ratio')
  const issuerKeys = registry.gauge('otp_issuer_keys')
  const reachable = registry.gauge('otp_state_reachable')

  function showOverrides(overrides: MetricsReadings['overrides']): void {
    overrideUntil.clear()
    for (const provider of providers) {
      for (const channel of CHANNELS) {
        for (const scope of SCOPES) {
          const ends = overrides
            .filter(
              (one) =>
                one.provider === provider &&
                (one.channel ?? channel) === channel &&
                (one.country === null) === (scope === 'everywhere')
            )
            .map(({ until }) => until)
          const labels = { provider, channel, scope }
          override.set({ ...labels, state: 'drained' }, ends.length > 0 ? 1 : 0)
          if (ends.length > 0) overrideUntil.set(labels, Math.min(...ends) / 1000)
        }
      }
    }
  }

  return (now) => {
    inFlight.set({}, now.inFlight)
    hanging.set({}, now.hanging)
    circuit.clear()
    for (const { provider, channel, state: current } of now.breakers) {
      for (const state of CIRCUIT_STATES) circuit.set({ provider, channel, state }, state === current ? 1 : 0)
    }
    inService.clear()
    for (const { provider, channel, drained } of now.inService) {
      inService.set({ provider, channel }, drained ? 0 : 1)
    }
    showOverrides(now.overrides)
    capacityUsed.clear()
    for (const { provider, perSecond, taken } of now.capacity) {
      capacityUsed.set({ provider }, taken / perSecond)
    }
    issuerKeys.clear()
    for (const { issuer, keys } of now.issuers) {
      for (const state of KEYS_STATES) issuerKeys.set({ issuer, state }, state === keys ? 1 : 0)
    }
    if (now.state === 'memory') reachable.remove({})
    else reachable.set({}, now.state === 'redis' ? 1 : 0)
  }
}
