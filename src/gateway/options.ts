import type { CallerTerms } from '../callers/terms.ts'
import type { KeyTimes } from '../callers/issuer-keys.ts'
import type { ReadTls, TlsPair } from '../door/certificate.ts'
import type { DoorSettings } from '../door/door.ts'
import type { ProviderSettings } from '../providers/registry.ts'
import type { ReadSecrets } from '../renewal.ts'
import type { KeeperDependencies } from '../rules/keeper.ts'
import type { SenderCountries } from '../rules/sender-countries.ts'
import type { SandboxOfConsole } from '../sandbox-view.ts'
import type { Settings } from '../settings.ts'
import type { Log } from '../telemetry/log.ts'
import type { Tracing } from '../telemetry/tracing.ts'

export interface GatewayOptions {
  readonly host: string
  /** 0 for any free one. */
  readonly port: number
  readonly mode: 'sandbox' | 'live'
  readonly version: string
  /** What opens for Okta, and for which org. */
  readonly callers: readonly CallerTerms[]
  /** Waits of issuers' keys that differ from the usual ones. */
  readonly keyTimes?: Partial<KeyTimes>
  readonly providers: ProviderSettings
  /** The files, what was read of them, how they are read again, and how often they are looked at. */
  readonly rules: Pick<KeeperDependencies, 'files' | 'initial' | 'load' | 'watchEveryMs'> & {
    /** What carriers do with names as senders; the table that ships where it is left out. */
    readonly senderCountries?: SenderCountries
  }
  /** Keys the hashes in the log and in memory. */
  readonly hashKey: string
  readonly log: Log
  /** Null, or not there: nothing is traced. Whoever gives it closes it, after the gateway has stopped. */
  readonly tracing?: Pick<Tracing, 'report' | 'forRequest' | 'traceOf'> | null
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  /** Codes on their way at once; what comes beyond is refused at once. */
  readonly maxInFlight: number
  /** The door for people who operate it; null: there is none. */
  readonly admin: {
    readonly host: string
    readonly port: number
    readonly secrets: readonly string[]
    /** Open `GET /metrics` and nothing else. */
    readonly metricsSecrets?: readonly string[]
  } | null
  /** The countries that metrics name; all others are counted together. */
  readonly metricsCountries?: readonly string[]
  /** What nodes share; null: each has its own memory. */
  readonly redis: { readonly url: string; readonly keys: readonly Buffer[] } | null
  /** Who may knock, and how often. Everybody, where it is not there. */
  readonly door?: DoorSettings
  /** Where TLS ends here: with what, how that is read again, and which files are looked at how often. */
  readonly tls?: {
    readonly initial: TlsPair
    readonly read: () => ReadTls
    readonly files: readonly string[]
    /** Null: never. */
    readonly watchEveryMs: number | null
    /** What the certificate should be for. */
    readonly publicHost: string | null
  } | null
  /** How the secrets are read again; without it they stay as they are. */
  readonly secrets?: { readonly digests: Settings['digests']; readonly reread: () => ReadSecrets }
  /** Where the providers are played, for the console; null or left out: they are not. */
  readonly sandbox?: SandboxOfConsole | null
}

export interface Clock {
  /** Monotonic, in ms: for every wait and deadline. */
  readonly now: () => number
  /** Ms since 1970: for what vendors ask of the wall clock. */
  readonly epoch: () => number
}
