import { createHash, createPrivateKey } from 'node:crypto'
import { resolve } from 'node:path'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { SANDBOX_ADMIN_SECRET } from './admin/secret.ts'
import { readTls, type ReadTls, type TlsMaterial } from './door/certificate.ts'
import type { DoorSettings } from './door/door.ts'
import { readNetworks, type Networks } from './door/networks.ts'
import { readRate } from './door/source-limit.ts'
import { switchFaults } from './node-switches.ts'
import type { BasicPair, HeaderSecrets, TokenTerms } from './callers/terms.ts'
import { issuerFault } from './callers/issuer.ts'
import {
  headerNameFault,
  headerSecretsFault,
  pairsFault,
  pairsOf,
  wordFault,
  wordsOf
} from './callers/written.ts'
import { MESSAGEBIRD_BASE_URL } from './providers/messagebird/messagebird.ts'
import type { ProviderSettings } from './providers/registry.ts'
import { TWILIO_BASE_URL } from './providers/twilio/twilio.ts'
import { isCountry } from './rules/countries.ts'
import { readStateKeys } from './state/sealing.ts'
import { SERVICE_NAME } from './telemetry/foreign-names.ts'
import { LOG_FORMATS, type LogFormatName } from './telemetry/log-format.ts'
import { METRICS_COUNTRIES } from './telemetry/metrics-countries.ts'
import {
  OTLP_PROTOCOL,
  readHeaders,
  readPairs,
  readRatio,
  SAMPLERS,
  tracesUrl,
  type TracingSettings
} from './telemetry/tracing-settings.ts'
import { VONAGE_API_URL, VONAGE_REST_URL } from './providers/vonage/vonage.ts'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** A variable of the environment that is wrong, in words that say what to do. Never holds a value. */
export interface SettingFault {
  readonly name: string
  readonly message: string
}

/** A provider, or a channel of it, that cannot be used for want of credentials. */
export interface Unavailable {
  readonly provider: string
  readonly channels: readonly ('sms' | 'voice')[]
  readonly missing: readonly string[]
}

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
  readonly admin: {
    readonly host: string
    readonly port: number
    readonly secrets: readonly string[]
    /** Open `GET /metrics` and nothing else. */
    readonly metricsSecrets: readonly string[]
  } | null
  /** The countries that metrics name: all others are counted together. */
  readonly metricsCountries: readonly string[]
  /** Where spans go; null: nothing is traced. */
  readonly tracing: TracingSettings | null
  /** What nodes share, and the keys that seal it; null: each node has its own memory. */
  readonly redis: { readonly url: string; readonly keys: readonly Buffer[] } | null
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

type Environment = Readonly<Record<string, string | undefined>>

/** Reads a secret's file; null where it cannot be read. */
export type ReadSecretFile = (path: string) => string | null

/** Each makes time series for every provider, channel and outcome. */
const MOST_METRICS_COUNTRIES = 100

/** A string that holds to a rule; the message never quotes the value, which may be a misplaced secret. */
const text = (holds: (value: string) => boolean, message: string) =>
  Type.Optional(Type.Refine(Type.String({ minLength: 1 }), holds, () => message))

/** The same, where the rule says what it misses. */
const written = (faultOf: (value: string) => string | null) =>
  Type.Optional(
    Type.Refine(
      Type.String({ minLength: 1 }),
      (value) => faultOf(value) === null,
      (value) => faultOf(value) ?? ''
    )
  )

/** The first fault of several words. */
const each = (faultOf: (word: string) => string | null) => (value: string) =>
  wordsOf(value)
    .map(faultOf)
    .find((fault) => fault !== null) ?? null

const anything = Type.Optional(Type.String({ minLength: 1 }))
const secret = text((value) => !/[\s\p{Cc}]/u.test(value), 'must not hold white space or control characters')
const port = text(
  (value) => /^\d{1,5}$/u.test(value) && Number(value) <= 65_535,
  'must be a port number from 0 to 65535'
)
const url = text(
  isSafeUrl,
  'must be an https:// URL without credentials, query or fragment (http:// only to this machine or to a host name without a dot)'
)

const bearerSecrets = text(
  (value) => value.split(/\s+/u).every(({ length }) => length >= 16),
  'must be one or several secrets of at least 16 characters, separated by white space'
)
const endpoint = text(isEndpoint, 'must be an http:// or https:// URL without credentials, query or fragment')
const networks = (everybody: boolean) =>
  Type.Optional(
    Type.Refine(
      Type.String({ minLength: 1 }),
      (value) => readNetworks(value, { everybody }).kind === 'networks',
      (value) => {
        const read = readNetworks(value, { everybody })
        return read.kind === 'fault' ? read.message : ''
      }
    )
  )

/** Every variable that is read. The names are a contract with whoever deploys. */
const Variables = Type.Object({
  HOST: anything,
  PORT: port,
  LOG_LEVEL: text(
    (value) => LOG_LEVELS.some((level) => level === value),
    `must be one of ${LOG_LEVELS.join(', ')}`
  ),
  LOG_FORMAT: text(
    (value) => LOG_FORMATS.some((format) => format === value),
    `must be one of ${LOG_FORMATS.join(', ')}`
  ),
  LOG_HASH_KEY: text((value) => value.length >= 16, 'must be at least 16 characters long'),
  ROUTING_FILE: anything,
  ROUTING_SHADOW_FILE: anything,
  SENDER_COUNTRIES_FILE: anything,
  SANDBOX: text((value) => /^(auto|on|off)$/u.test(value), 'must be auto, on or off'),
  SANDBOX_PORT: port,
  PUBLIC_URL: url,
  TLS_CERT: anything,
  TLS_KEY: anything,
  TLS_CLIENT_CA: anything,
  TRUSTED_PROXIES: networks(false),
  ALLOWED_SOURCES: networks(true),
  SOURCE_LIMIT: text(
    (value) => readRate(value) !== null,
    'must be requests a second or a minute, such as 100/s or 6000/m'
  ),
  MAX_IN_FLIGHT: text(
    (value) => /^\d{1,6}$/u.test(value) && Number(value) >= 1 && Number(value) <= 100_000,
    'must be a whole number from 1 to 100000'
  ),
  ADMIN_HOST: anything,
  ADMIN_PORT: port,
  ADMIN_SECRET: bearerSecrets,
  METRICS_SECRET: bearerSecrets,
  METRICS_COUNTRIES: text(
    (value) => countriesOf(value).length <= MOST_METRICS_COUNTRIES && countriesOf(value).every(isCountry),
    'must be at most 100 countries by their ISO codes, such as "US,SE,BR"'
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_PROTOCOL: anything,
  OTEL_EXPORTER_OTLP_HEADERS: text(
    (value) => readHeaders(value) !== null,
    'must be name=value pairs of HTTP headers, separated by commas, values percent-encoded'
  ),
  OTEL_SERVICE_NAME: anything,
  OTEL_RESOURCE_ATTRIBUTES: text(
    (value) => readPairs(value) !== null,
    'must be name=value pairs, separated by commas, values percent-encoded'
  ),
  OTEL_TRACES_SAMPLER: text(
    (value) => SAMPLERS.some((sampler) => sampler === value),
    `must be one of ${SAMPLERS.join(', ')}`
  ),
  OTEL_TRACES_SAMPLER_ARG: text((value) => readRatio(value) !== null, 'must be a number from 0 to 1'),
  REDIS_URL: text(
    (value) => URL.canParse(value) && /^rediss?:$/u.test(new URL(value).protocol),
    'must be a redis:// or rediss:// URL'
  ),
  STATE_KEY: text(
    (value) => readStateKeys(value).kind === 'keys',
    'must be one or two keys of 32 bytes in base64 or hex, the current one first ("openssl rand -base64 32" makes one)'
  ),
  OKTA_BASIC_AUTH: written(pairsFault),
  OKTA_HEADER_NAME: written(headerNameFault),
  OKTA_HEADER_SECRETS: written(headerSecretsFault),
  OKTA_OAUTH_ISSUERS: written(each(issuerFault)),
  OKTA_OAUTH_AUDIENCE: written(wordFault),
  OKTA_OAUTH_SCOPE: written(wordFault),
  OKTA_OAUTH_CLIENT_IDS: written(each(wordFault)),
  ORGS_FILE: anything,
  TWILIO_ACCOUNT_SID: text(
    (value) => /^AC\w+$/u.test(value),
    'must begin with "AC" (an API key, "SK...", goes into TWILIO_API_KEY)'
  ),
  TWILIO_AUTH_TOKEN: secret,
  TWILIO_API_KEY: text((value) => /^SK\w+$/u.test(value), 'must begin with "SK"'),
  TWILIO_API_SECRET: secret,
  TWILIO_BASE_URL: url,
  VONAGE_API_KEY: secret,
  VONAGE_API_SECRET: secret,
  VONAGE_APPLICATION_ID: secret,
  VONAGE_PRIVATE_KEY: text(
    isPrivateKey,
    'must be a private key in PEM form (VONAGE_PRIVATE_KEY_FILE takes the name of its file)'
  ),
  VONAGE_REST_URL: url,
  VONAGE_API_URL: url,
  MESSAGEBIRD_ACCESS_KEY: secret,
  MESSAGEBIRD_BASE_URL: url
})

type Values = Static<typeof Variables>
type Name = keyof Values

/** Every name that the environment may set: what `.env.example` has to hold. */
export const SETTING_NAMES = Object.keys(Variables.properties) as readonly Name[]

/** Those that may also come as `NAME_FILE`, the path of a file that holds the value. */
export const SECRET_NAMES = [
  'TLS_CERT',
  'TLS_KEY',
  'TLS_CLIENT_CA',
  'LOG_HASH_KEY',
  'ADMIN_SECRET',
  'METRICS_SECRET',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'REDIS_URL',
  'STATE_KEY',
  'OKTA_BASIC_AUTH',
  'OKTA_HEADER_SECRETS',
  'TWILIO_ACCOUNT_SID',
  'TWILIO_AUTH_TOKEN',
  'TWILIO_API_KEY',
  'TWILIO_API_SECRET',
  'VONAGE_API_KEY',
  'VONAGE_API_SECRET',
  'VONAGE_APPLICATION_ID',
  'VONAGE_PRIVATE_KEY',
  'MESSAGEBIRD_ACCESS_KEY'
] as const satisfies readonly Name[]

/** Read by themselves: they are renewed by a machine, and are watched. */
const TLS_NAMES = ['TLS_CERT', 'TLS_KEY', 'TLS_CLIENT_CA'] as const satisfies readonly Name[]

/** Their old value is woven into what is remembered, or a connection hangs on it. */
export const NAMES_UNTIL_RESTART = ['LOG_HASH_KEY', 'REDIS_URL'] as const satisfies readonly Name[]

const CREDENTIALS = SECRET_NAMES.filter((name) => /^(TWILIO|VONAGE|MESSAGEBIRD)_/u.test(name))
const BASE_URLS = [
  'TWILIO_BASE_URL',
  'VONAGE_REST_URL',
  'VONAGE_API_URL',
  'MESSAGEBIRD_BASE_URL'
] as const satisfies readonly Name[]

const compiled = Compile(Variables)

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
  const faults: SettingFault[] = [...fileFaults]
  for (const { instancePath, message } of compiled.Errors(values)) {
    faults.push({ name: instancePath.slice(1), message })
  }
  faults.push(...switchFaults(env, nodeFlags), ...tlsFaults(values), ...mixedUpFiles(env))

  const sandbox =
    values.SANDBOX === 'on' ||
    (values.SANDBOX !== 'off' && CREDENTIALS.every((name) => values[name] === undefined))
  faults.push(
    ...(sandbox ? sandboxFaults(values) : liveFaults(values)),
    ...stateFaults(values),
    ...tracingFaults(values),
    ...doorFaults(values)
  )
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

/**
 * Reads the certificate and its key alone, and holds them against each other and the clock; null where none is set.
 *
 * @param nowMs since 1970.
 */
export function readTlsSettings(
  env: Environment,
  readSecretFile: ReadSecretFile,
  nowMs: number
): ReadTls | null {
  const { values, faults } = collect(onlyTls(env), readSecretFile)
  // A file that is empty is said, and not also that there is nothing.
  const own = faults.length > 0 ? faults : tlsFaults(values)
  if (own.length > 0) return { kind: 'faulty', faults: own }
  const material = tlsOf(values)
  return material === null ? null : readTls(material, nowMs)
}

/** The files that hold the certificate and what belongs to it. */
export function tlsFilesOf(env: Environment): readonly string[] {
  return TLS_NAMES.map((name) => env[`${name}_FILE`]).filter(isSet)
}

/** The environment without what {@link readTlsSettings} reads. */
export function withoutTls(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isTls(name)))
}

/** The same without its secrets: what may be left where children and reports of crashes find it. */
export function secretNamesIn(env: Environment): readonly string[] {
  return SECRET_NAMES.filter((name) => isSet(env[name]))
}

function onlyTls(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => isTls(name)))
}

function isTls(name: string): boolean {
  return TLS_NAMES.some((known) => name === known || name === `${known}_FILE`)
}

function tlsOf({ TLS_CERT: cert, TLS_KEY: key, TLS_CLIENT_CA: clientCa }: Values): TlsMaterial | null {
  return cert === undefined || key === undefined ? null : { cert, key, clientCa: clientCa ?? null }
}

function tlsFaults({
  TLS_CERT: cert,
  TLS_KEY: key,
  TLS_CLIENT_CA: clientCa
}: Values): readonly SettingFault[] {
  if (cert !== undefined && key === undefined) {
    return [missing('TLS_KEY', 'TLS_CERT is set, and TLS needs both')]
  }
  if (cert !== undefined) return []
  if (key !== undefined) return [missing('TLS_CERT', 'TLS_KEY is set, and TLS needs both')]
  return clientCa === undefined
    ? []
    : [missing('TLS_CERT', 'TLS_CLIENT_CA is set, and callers show their certificates where TLS ends')]
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

function collect(
  env: Environment,
  readSecretFile: ReadSecretFile
): { readonly values: Values; readonly faults: readonly SettingFault[] } {
  const values: Values = {}
  const faults: SettingFault[] = []
  for (const name of SETTING_NAMES) {
    if (isSet(env[name])) values[name] = env[name]
  }
  for (const name of SECRET_NAMES) {
    const path = env[`${name}_FILE`]
    if (!isSet(path)) continue
    const content = readSecretFile(path)?.trim()
    if (values[name] !== undefined) {
      faults.push({ name, message: `is set, and so is ${name}_FILE: give one of them` })
    } else if (!isSet(content)) {
      faults.push({ name: `${name}_FILE`, message: 'names a file that cannot be read or is empty' })
    } else {
      values[name] = content
    }
  }
  // Many tools can pass a key only on one line.
  const key = values.VONAGE_PRIVATE_KEY
  if (key !== undefined) values.VONAGE_PRIVATE_KEY = key.replaceAll('\\n', '\n')
  return { values, faults }
}

/** A report of what is wrong with a file of rules shows lines of it. */
function mixedUpFiles(env: Environment): readonly SettingFault[] {
  const secrets = new Map(
    SECRET_NAMES.flatMap((name) => {
      const path = env[`${name}_FILE`]
      return isSet(path) ? [[resolve(path), `${name}_FILE`] as const] : []
    })
  )
  return (['ROUTING_FILE', 'ROUTING_SHADOW_FILE', 'SENDER_COUNTRIES_FILE'] as const).flatMap((name) => {
    const path = env[name]
    const same = isSet(path) ? secrets.get(resolve(path)) : undefined
    return same === undefined
      ? []
      : [{ name, message: `names the same file as ${same}, which holds a secret` }]
  })
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}

function sandboxFaults(values: Values): readonly SettingFault[] {
  const why = 'has no place in the sandbox, which plays the providers itself'
  return [
    ...CREDENTIALS.filter((name) => values[name] !== undefined).map((name) => ({
      name,
      message: `${why}: remove it, or set SANDBOX=off to send real messages`
    })),
    ...BASE_URLS.filter((name) => values[name] !== undefined).map((name) => ({
      name,
      message: `${why}: remove it, or give that provider's credentials as well`
    }))
  ]
}

function missing(name: Name, message: string): SettingFault {
  return { name, message: `is missing: ${message}` }
}

function stateFaults(values: Values): readonly SettingFault[] {
  if (values.REDIS_URL === undefined) return []
  const why = 'REDIS_URL is set, and every node needs the same one'
  return (['STATE_KEY', 'LOG_HASH_KEY'] as const)
    .filter((name) => values[name] === undefined)
    .map((name) => missing(name, why))
}

const HEADER = ['OKTA_HEADER_NAME', 'OKTA_HEADER_SECRETS'] as const satisfies readonly Name[]
const OAUTH = [
  'OKTA_OAUTH_ISSUERS',
  'OKTA_OAUTH_AUDIENCE',
  'OKTA_OAUTH_SCOPE',
  'OKTA_OAUTH_CLIENT_IDS'
] as const satisfies readonly Name[]

/** What opens for every org. */
const CALLERS = ['OKTA_BASIC_AUTH', ...HEADER, ...OAUTH] as const satisfies readonly Name[]

function doorFaults(values: Values): readonly SettingFault[] {
  const isSetHere = (name: Name): boolean => values[name] !== undefined
  if (values.ORGS_FILE !== undefined) {
    return CALLERS.filter(isSetHere).map((name) => ({
      name,
      message:
        'would open for every org of ORGS_FILE: remove it, and give each org its own secret in that file'
    }))
  }
  return [
    [HEADER, 'a header needs its name and its secrets'],
    [OAUTH, 'tokens are checked for all of them: any client of the issuer could call otherwise']
  ].flatMap(([names, why]) => {
    const group = names as readonly Name[]
    const present = group.find(isSetHere)
    if (present === undefined) return []
    return group
      .filter((name) => !isSetHere(name))
      .map((name) => missing(name, `${present} is set, and ${String(why)}`))
  })
}

function headerOf({ OKTA_HEADER_NAME: name, OKTA_HEADER_SECRETS: secrets }: Values): Settings['oktaHeader'] {
  return name === undefined || secrets === undefined
    ? null
    : { name: name.toLowerCase(), secrets: wordsOf(secrets) }
}

function oauthOf(values: Values): Settings['oktaOauth'] {
  const {
    OKTA_OAUTH_ISSUERS: issuers = '',
    OKTA_OAUTH_AUDIENCE: audience = '',
    OKTA_OAUTH_SCOPE: scope = '',
    OKTA_OAUTH_CLIENT_IDS: clientIds = ''
  } = values
  return wordsOf(issuers).map((issuer) => ({ issuer, audience, scope, clientIds: wordsOf(clientIds) }))
}

function adminOf(values: Values, sandbox: boolean): Settings['admin'] {
  const secrets = values.ADMIN_SECRET?.split(/\s+/u) ?? (sandbox ? [SANDBOX_ADMIN_SECRET] : null)
  if (secrets === null) return null
  return {
    host: values.ADMIN_HOST ?? '127.0.0.1',
    port: Number(values.ADMIN_PORT ?? 3002),
    secrets,
    metricsSecrets: values.METRICS_SECRET?.split(/\s+/u) ?? []
  }
}

function tracesUrlOf({
  OTEL_EXPORTER_OTLP_ENDPOINT: forAll,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: forTraces
}: Values): string | null {
  return forTraces ?? (forAll === undefined ? null : tracesUrl(forAll))
}

function tracingFaults(values: Values): readonly SettingFault[] {
  const target = tracesUrlOf(values)
  if (target === null) return []
  const { OTEL_EXPORTER_OTLP_PROTOCOL: protocol = OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_HEADERS: headers } =
    values
  const faults: SettingFault[] = []
  if (protocol !== OTLP_PROTOCOL) {
    const message = `must be ${OTLP_PROTOCOL}, the one form that is spoken here: a collector takes it at its port for HTTP, most often 4318`
    faults.push({ name: 'OTEL_EXPORTER_OTLP_PROTOCOL', message })
  }
  // They are secrets.
  if (headers !== undefined && !isSafeUrl(target)) {
    const message =
      'would go there unencrypted: give an https:// endpoint (http:// only to this machine or to a host name without a dot)'
    faults.push({ name: 'OTEL_EXPORTER_OTLP_HEADERS', message })
  }
  return faults
}

function tracingOf(values: Values): TracingSettings | null {
  const target = tracesUrlOf(values)
  if (target === null) return null
  const resource = readPairs(values.OTEL_RESOURCE_ATTRIBUTES ?? '') ?? {}
  return {
    url: target,
    headers: readHeaders(values.OTEL_EXPORTER_OTLP_HEADERS ?? '') ?? {},
    serviceName: values.OTEL_SERVICE_NAME ?? resource['service.name'] ?? SERVICE_NAME,
    resource,
    sampler: {
      kind: SAMPLERS.find((sampler) => sampler === values.OTEL_TRACES_SAMPLER) ?? 'parentbased_always_on',
      ratio: readRatio(values.OTEL_TRACES_SAMPLER_ARG ?? '') ?? 1
    }
  }
}

function redisOf({ REDIS_URL: redisUrl, STATE_KEY: key = '' }: Values): Settings['redis'] {
  const read = readStateKeys(key)
  return redisUrl === undefined || read.kind === 'fault' ? null : { url: redisUrl, keys: read.keys }
}

function liveFaults(values: Values): readonly SettingFault[] {
  const faults: SettingFault[] = []

  if ([...CALLERS, 'ORGS_FILE' as const].every((name) => values[name] === undefined)) {
    const others = 'or OKTA_HEADER_NAME, OKTA_OAUTH_ISSUERS or ORGS_FILE'
    faults.push(missing('OKTA_BASIC_AUTH', `set user:password, the pair that Okta will send (${others})`))
  }
  const adminName = (['ADMIN_PORT', 'ADMIN_HOST', 'METRICS_SECRET'] as const).find(
    (name) => values[name] !== undefined
  )
  if (adminName !== undefined && values.ADMIN_SECRET === undefined) {
    faults.push(missing('ADMIN_SECRET', `${adminName} is set, and nobody gets in there without a secret`))
  }
  if (values.ADMIN_SECRET?.split(/\s+/u).includes(SANDBOX_ADMIN_SECRET) === true) {
    const message = "holds the sandbox's secret, which everybody knows: make one (openssl rand -hex 24)"
    faults.push({ name: 'ADMIN_SECRET', message })
  }
  if (CREDENTIALS.every((name) => values[name] === undefined)) {
    const message =
      'no provider has credentials. Give those of Twilio, Vonage (VONAGE_API_KEY and so on) or MessageBird (MESSAGEBIRD_ACCESS_KEY)'
    faults.push(missing('TWILIO_ACCOUNT_SID', message))
  }
  faults.push(...twilioFaults(values))
  for (const [one, other, what] of PAIRS) {
    if ((values[one] === undefined) === (values[other] === undefined)) continue
    const [present, absent] = values[one] === undefined ? [other, one] : [one, other]
    faults.push(missing(absent, `${present} is set, and ${what} needs both`))
  }
  return faults
}

const PAIRS = [
  ['TWILIO_API_KEY', 'TWILIO_API_SECRET', 'an API key of Twilio'],
  ['VONAGE_API_KEY', 'VONAGE_API_SECRET', 'SMS by Vonage'],
  ['VONAGE_APPLICATION_ID', 'VONAGE_PRIVATE_KEY', 'voice by Vonage']
] as const

function twilioFaults(values: Values): readonly SettingFault[] {
  const {
    TWILIO_ACCOUNT_SID: sid,
    TWILIO_AUTH_TOKEN: token,
    TWILIO_API_KEY: key,
    TWILIO_API_SECRET: secretOfKey
  } = values
  if (sid === undefined && (token ?? key ?? secretOfKey) !== undefined) {
    return [missing('TWILIO_ACCOUNT_SID', 'other credentials of Twilio are set, and none works without it')]
  }
  if (sid !== undefined && (token ?? key ?? secretOfKey) === undefined) {
    return [
      missing('TWILIO_AUTH_TOKEN', 'TWILIO_ACCOUNT_SID needs it, or TWILIO_API_KEY and TWILIO_API_SECRET')
    ]
  }
  return []
}

function providersOf(values: Values): {
  readonly providers: ProviderSettings
  readonly unavailable: readonly Unavailable[]
} {
  const {
    TWILIO_ACCOUNT_SID: accountSid,
    TWILIO_AUTH_TOKEN: authToken,
    TWILIO_API_KEY: apiKey,
    TWILIO_API_SECRET: apiSecret,
    VONAGE_API_KEY: vonageKey,
    VONAGE_API_SECRET: vonageSecret,
    VONAGE_APPLICATION_ID: applicationId,
    VONAGE_PRIVATE_KEY: privateKey,
    MESSAGEBIRD_ACCESS_KEY: accessKey
  } = values
  const unavailable: Unavailable[] = []

  const twilioKey = apiKey !== undefined && apiSecret !== undefined ? { apiKey, apiSecret } : null
  const twilioAuth = twilioKey ?? (authToken === undefined ? null : { authToken })
  const twilio =
    accountSid === undefined || twilioAuth === null
      ? null
      : { accountSid, ...twilioAuth, baseUrl: values.TWILIO_BASE_URL ?? TWILIO_BASE_URL }
  if (twilio === null) {
    unavailable.push({ provider: 'twilio', channels: ['sms', 'voice'], missing: ['TWILIO_ACCOUNT_SID'] })
  }

  const sms =
    vonageKey !== undefined && vonageSecret !== undefined
      ? { apiKey: vonageKey, apiSecret: vonageSecret }
      : null
  const voice = applicationId !== undefined && privateKey !== undefined ? { applicationId, privateKey } : null
  const restUrl = values.VONAGE_REST_URL ?? VONAGE_REST_URL
  const apiUrl = values.VONAGE_API_URL ?? VONAGE_API_URL
  const vonage = sms === null && voice === null ? null : { sms, voice, restUrl, apiUrl }
  if (sms === null) unavailable.push({ provider: 'vonage', channels: ['sms'], missing: ['VONAGE_API_KEY'] })
  if (voice === null) {
    unavailable.push({ provider: 'vonage', channels: ['voice'], missing: ['VONAGE_APPLICATION_ID'] })
  }

  const messagebird =
    accessKey === undefined
      ? null
      : { accessKey, baseUrl: values.MESSAGEBIRD_BASE_URL ?? MESSAGEBIRD_BASE_URL }
  if (messagebird === null) {
    unavailable.push({
      provider: 'messagebird',
      channels: ['sms', 'voice'],
      missing: ['MESSAGEBIRD_ACCESS_KEY']
    })
  }
  return { providers: { twilio, vonage, messagebird }, unavailable }
}

function countriesOf(value: string): readonly string[] {
  return value.split(/[\s,]+/u).filter((code) => code !== '')
}

function isEndpoint(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, search, hash } = new URL(value)
  return /^https?:$/u.test(protocol) && `${username}${password}${search}${hash}` === ''
}

/** Codes and credentials travel there: only over TLS, unless they stay on this machine or in its private network. */
function isSafeUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, username, password, search, hash } = new URL(value)
  if (`${username}${password}${search}${hash}` !== '') return false
  if (protocol === 'https:') return true
  return (
    protocol === 'http:' &&
    (/^127(?:\.\d{1,3}){3}$|^\[::1\]$/u.test(hostname) ||
      (!hostname.includes('.') && !hostname.includes(':')))
  )
}

function isPrivateKey(value: string): boolean {
  try {
    createPrivateKey(value)
    return true
  } catch {
    return false
  }
}
