import { createMemoryState } from '../state/memory.ts'
import type { RedisState } from '../state/redis.ts'
import type { Sealing } from '../state/sealing.ts'
import type { State } from '../state/state.ts'
import type { Report } from '../telemetry/events.ts'
import { eventOfState } from './events.ts'
import type { GatewayOptions } from './options.ts'

export interface OpenStateDependencies {
  readonly redis: GatewayOptions['redis']
  /** Null where nodes share nothing. */
  readonly sealing: Sealing | null
  /** Monotonic, in ms. */
  readonly now: () => number
  readonly report: Report
}

/** Where things are remembered: here, or with the other nodes, which is `shared` as well. Redis is loaded only then. */
export async function openState({ redis, sealing, now, report }: OpenStateDependencies): Promise<{
  readonly state: State
  readonly shared: RedisState | null
}> {
  const memory = createMemoryState({ now })
  if (redis === null || sealing === null) return { state: memory, shared: null }
  const { createRedisState } = await import('../state/redis.ts')
  const shared = createRedisState({
    url: redis.url,
    sealing,
    memory,
    now,
    onEvent: (event) => report(eventOfState(event))
  })
  return { state: shared, shared }
}
