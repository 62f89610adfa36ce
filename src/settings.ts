import { createHash } from 'node:crypto'
import type { BasicPair, HeaderSecrets, TokenTerms } from './callers/terms.ts'
import { pairsOf } from './callers/written.ts'
import type { TlsMaterial } from './door/certificate.ts'
import type { DoorSettings } from './door/door.ts'
import { readNetworks, type Networks } from './door/networks.ts'
import { readRate } from './door/source-limit.ts'
import { switchFaults } from './node-switches.ts'
import type { ProviderSettings } from './providers/registry.ts'
import { adminFaults, adminOf, type AdminSettings } from './settings/admin.ts'
import { callerFaults, headerOf, nobodyFaults, oauthOf } from './settings/callers.ts'
import { collect, mixedUpFiles, type Environment, type ReadSecretFile } from './settings/environment.ts'
import type { SettingFault } from './settings/fault.ts'
import {
  credentialFaults,
  isSandbox,
  providersOf,
  sandboxFaults,
  type Unavailable
} from './settings/providers.ts'
import { redisOf, stateFaults, type SharedStateSettings } from './settings/shared-state.ts'
import { isTls, tlsFaults, tlsOf } from './settings/tls.ts'
import { tracingFaults, tracingOf } from './settings/tracing.ts'
import { countriesOf, LOG_LEVELS, SECRET_NAMES, variableFaults, type Values } from './settings/variables.ts'
import { LOG_FORMATS, type LogFormatName } from './telemetry/log-format.ts'
import { METRICS_COUNTRIES } from './telemetry/metrics-countries.ts'
import type { TracingSettings } from './telemetry/tracing-settings.ts'

export interface Settings {
  readonly host: string
  readonly port: number
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** In whose names it is written. */
  readonly logFormat: LogFormatName
  /** Key of the hashes in the log; null: a random one for each start. */
  readonly logHashKey: string | null
  readonly routingFile: string
  /** Tried beside it; null: nothing is. */
  readonly routingShadowFile: string | null
  /** What carriers do with names as senders; null: the table that ships. */
  readonly senderCountriesFile: string | null
  readonly publicUrl: string | null
  /** Who may knock, and how often. */
  readonly door: DoorSettings
  /** What TLS is ended with here; null: a proxy in front does that. */
  readonly tls: TlsMaterial | null
  /** What stands for the value of each secret that is set, by its name: to see which has changed. */
  readonly digests: ReadonlyMap<string, string>
  readonly sandboxPort: number
  /** Codes on their way at once. */
  readonly maxInFlight: number
  /** Null: no commands are taken. */
  readonly admin: AdminSettings | null
  /** The countries that metrics name: all others are counted together. */
  readonly metricsCountries: readonly string[]
  /** Where spans go; null: nothing is traced. */
  readonly tracing: TracingSettings | null
  /** What nodes share, and the keys that seal it; null: each node has its own memory. */
  readonly redis: SharedStateSettings | null
  /** Null in the sandbox where nobody set it: then it makes up its own. */
  readonly oktaBasicAuth: readonly BasicPair[] | null
  /** A header of the admin's choice; null: none. */
  readonly oktaHeader: HeaderSecrets | null
  /** Tokens of OAuth 2.0 that open; none where there are no issuers. */
  readonly oktaOauth: readonly TokenTerms[]
  /** Orgs with secrets of their own; null: all that is above opens for any org. */
  readonly orgsFile: string | null
  readonly mode:
    | { readonly kind: 'sandbox' }
    | { readonly kind: 'live'; readonly providers: ProviderSettings }
  readonly unavailable: readonly Unavailable[]
}

export type ReadSettings =
  | { readonly kind: 'ok'; readonly settings: Settings }
  | { readonly kind: 'faulty'; readonly faults: readonly SettingFault[] }

/**
 * Reads the settings from the environment, and reports every fault of it at once.
 *
 * An empty variable counts as not set, as a compose file passes on what is not there.
 */
export function readSettings(
  env: Environment,
  readSecretFile: ReadSecretFile,
  nodeFlags: readonly string[] = []
): ReadSettings {
  const { values, faults: fileFaults } = collect(env, readSecretFile)
  const sandbox = isSandbox(values)
  const faults: readonly SettingFault[] = [
    ...fileFaults,
    ...variableFaults(values),
    ...switchFaults(env, nodeFlags),
    ...tlsFaults(values),
    ...mixedUpFiles(env),
    ...(sandbox
      ? sandboxFaults(values)
      : [...nobodyFaults(values), ...adminFaults(values), ...credentialFaults(values)]),
    ...stateFaults(values),
    ...tracingFaults(values),
    ...callerFaults(values)
  ]
  // One fault a variable is enough: the first is the root, and that of its file stands for its absence.
  const first = faults.filter(
    ({ name }, i) => faults.findIndex((fault) => fault.name === name || fault.name === `${name}_FILE`) === i
  )
  if (first.length > 0) return { kind: 'faulty', faults: first }

  const { providers, unavailable } = providersOf(values)
  return {
    kind: 'ok',
    settings: {
      host: values.HOST ?? '127.0.0.1',
      port: Number(values.PORT ?? 3000),
      logLevel: LOG_LEVELS.find((level) => level === values.LOG_LEVEL) ?? 'info',
      logFormat: LOG_FORMATS.find((format) => format === values.LOG_FORMAT) ?? 'native',
      logHashKey: values.LOG_HASH_KEY ?? null,
      routingFile: values.ROUTING_FILE ?? 'config/routing.yaml',
      routingShadowFile: values.ROUTING_SHADOW_FILE ?? null,
      senderCountriesFile: values.SENDER_COUNTRIES_FILE ?? null,
      publicUrl: values.PUBLIC_URL ?? null,
      door: {
        trustedProxies: networksIn(values.TRUSTED_PROXIES),
        allowedSources: networksIn(values.ALLOWED_SOURCES),
        sourceLimit: values.SOURCE_LIMIT === undefined ? null : readRate(values.SOURCE_LIMIT)
      },
      tls: tlsOf(values),
      digests: digestsOf(values),
      sandboxPort: Number(values.SANDBOX_PORT ?? 3001),
      maxInFlight: Number(values.MAX_IN_FLIGHT ?? 1_000),
      admin: adminOf(values, sandbox),
      metricsCountries:
        values.METRICS_COUNTRIES === undefined ? METRICS_COUNTRIES : countriesOf(values.METRICS_COUNTRIES),
      tracing: tracingOf(values),
      redis: redisOf(values),
      oktaBasicAuth: values.OKTA_BASIC_AUTH === undefined ? null : pairsOf(values.OKTA_BASIC_AUTH),
      oktaHeader: headerOf(values),
      oktaOauth: oauthOf(values),
      orgsFile: values.ORGS_FILE ?? null,
      mode: sandbox ? { kind: 'sandbox' } : { kind: 'live', providers },
      unavailable: sandbox ? [] : unavailable
    }
  }
}

function networksIn(text: string | undefined): Networks | null {
  const read = text === undefined ? null : readNetworks(text, { everybody: true })
  return read?.kind === 'networks' ? read.networks : null
}

function digestsOf(values: Values): ReadonlyMap<string, string> {
  return new Map(
    SECRET_NAMES.filter((name) => !isTls(name)).flatMap((name) => {
      const value = values[name]
      return value === undefined ? [] : [[name, createHash('sha256').update(value).digest('hex')] as const]
    })
  )
}
