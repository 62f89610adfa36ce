import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { issuerFault } from '../callers/issuer.ts'
import { headerNameFault, headerSecretsFault, pairsFault, wordFault } from '../callers/written.ts'
import { readRate } from '../door/source-limit.ts'
import { isCountry } from '../rules/countries.ts'
import { readStateKeys } from '../state/sealing.ts'
import { LOG_FORMATS } from '../telemetry/log-format.ts'
import { readHeaders, readPairs, readRatio, SAMPLERS } from '../telemetry/tracing-settings.ts'
import type { SettingFault } from './fault.ts'
import {
  anything,
  bearerSecrets,
  each,
  endpoint,
  isPrivateKey,
  networks,
  port,
  secret,
  text,
  url,
  written
} from './forms.ts'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

/** Each makes time series for every provider, channel and outcome. */
const MOST_METRICS_COUNTRIES = 100

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

export type Values = Static<typeof Variables>
export type SettingName = keyof Values

/** Every name that the environment may set: what `.env.example` has to hold. */
export const SETTING_NAMES = Object.keys(Variables.properties) as readonly SettingName[]

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
] as const satisfies readonly SettingName[]

/** Their old value is woven into what is remembered, or a connection hangs on it. */
export const NAMES_UNTIL_RESTART = [
  'LOG_HASH_KEY',
  'REDIS_URL',
  'OTEL_EXPORTER_OTLP_HEADERS'
] as const satisfies readonly SettingName[]

const compiled = Compile(Variables)

/** What is wrong with each by itself. What is wrong with several together stands with their subject. */
export function variableFaults(values: Values): readonly SettingFault[] {
  return compiled
    .Errors(values)
    .map(({ instancePath, message }) => ({ name: instancePath.slice(1), message }))
}

export function countriesOf(value: string): readonly string[] {
  return value.split(/[\s,]+/u).filter((code) => code !== '')
}
