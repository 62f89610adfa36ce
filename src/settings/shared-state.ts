import { readStateKeys } from '../state/sealing.ts'
import { missing, type SettingFault } from './fault.ts'
import type { Values } from './variables.ts'

/** What nodes share, and the keys that seal it. */
export interface SharedStateSettings {
  readonly url: string
  readonly keys: readonly Buffer[]
}

/** What is wrong with them together. */
export function stateFaults(values: Values): readonly SettingFault[] {
  if (values.REDIS_URL === undefined) return []
  const why = 'REDIS_URL is set, and every node needs the same one'
  return (['STATE_KEY', 'LOG_HASH_KEY'] as const)
    .filter((name) => values[name] === undefined)
    .map((name) => missing(name, why))
}

/** Null: each node has its own memory. */
export function redisOf({ REDIS_URL: redisUrl, STATE_KEY: key = '' }: Values): SharedStateSettings | null {
  const read = readStateKeys(key)
  return redisUrl === undefined || read.kind === 'fault' ? null : { url: redisUrl, keys: read.keys }
}
