import type { ProviderEntry } from '../domain/rules.ts'
import type { State } from '../state/state.ts'

/** What each provider takes, counted over all nodes that share their state. */
export interface Capacity {
  /** May this provider have one message more now? Where it may, that one is counted. */
  readonly take: (provider: string) => Promise<boolean>
}

export interface CapacityDependencies {
  readonly state: State
  /** Of the rules in force. */
  readonly providers: () => ReadonlyMap<string, ProviderEntry>
}

export function createCapacity({ state, providers }: CapacityDependencies): Capacity {
  return {
    async take(provider) {
      const perSecond = providers().get(provider)?.capacityPerSecond ?? null
      return perSecond === null || state.take(`capacity:${provider}`, perSecond)
    }
  }
}
