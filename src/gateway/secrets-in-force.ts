import type { CallerTerms } from '../callers/terms.ts'
import type { Settings } from '../settings.ts'
import { createSealing, type Sealing } from '../state/sealing.ts'
import type { GatewayOptions } from './options.ts'

/** What was read last: whoever asks, asks each time, and never holds what a renewal has replaced. */
export interface SecretsInForce {
  readonly callers: () => readonly CallerTerms[]
  readonly admin: () => readonly string[]
  readonly metrics: () => readonly string[]
  /** Seals what nodes share; null where they share nothing. */
  readonly sealing: Sealing | null
  readonly useCallers: (callers: readonly CallerTerms[]) => void
  /** Of the settings what the admin port and the shared state need. A door that was not there does not appear. */
  readonly use: (settings: Pick<Settings, 'admin' | 'redis'>) => void
}

export function createSecretsInForce({
  callers: initialCallers,
  admin: initialAdmin,
  redis
}: Pick<GatewayOptions, 'callers' | 'admin' | 'redis'>): SecretsInForce {
  let callers = initialCallers
  let admin = initialAdmin?.secrets ?? []
  let metrics = initialAdmin?.metricsSecrets ?? []
  let sealing = redis === null ? null : createSealing(redis.keys)

  return {
    callers: () => callers,
    admin: () => admin,
    metrics: () => metrics,
    sealing:
      sealing === null
        ? null
        : {
            seal: (text, place) => (sealing as Sealing).seal(text, place),
            open: (sealed, place) => (sealing as Sealing).open(sealed, place)
          },
    useCallers(next) {
      callers = next
    },
    use({ admin: door, redis: shared }) {
      if (door !== null) {
        admin = door.secrets
        metrics = door.metricsSecrets
      }
      if (shared !== null) sealing = createSealing(shared.keys)
    }
  }
}
