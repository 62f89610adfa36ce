/** Where spans go, and which. All of it is handed in: nothing here or in the SDK looks at the environment. */
export interface TracingSettings {
  /** Spans are posted there as JSON. */
  readonly url: string
  /** Secrets: they are sent and never said. */
  readonly headers: Readonly<Record<string, string>>
  readonly serviceName: string
  /** Of the node: where it runs, for whom. */
  readonly resource: Readonly<Record<string, string>>
  readonly sampler: Sampler
}

/** What becomes of a request that comes without a `traceparent`; one that comes with it keeps the caller's decision. */
export interface Sampler {
  readonly kind: SamplerName
  /** 0 to 1: the share of traces that is kept, where it is the ratio that decides. */
  readonly ratio: number
}

/** Of OpenTelemetry's names those that keep to the caller's decision. */
export const SAMPLERS = [
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio'
] as const
export type SamplerName = (typeof SAMPLERS)[number]

/** The one form of OTLP that is spoken here. */
export const OTLP_PROTOCOL = 'http/json'

/** Below the endpoint of all signals. https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp */
const TRACES_PATH = 'v1/traces'

export function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/$/u, '')}/${TRACES_PATH}`
}

/** Null: it is no number from 0 to 1. */
export function readRatio(value: string): number | null {
  return /^(?:\d*\.)?\d+$/u.test(value) && Number(value) <= 1 ? Number(value) : null
}

/**
 * `name=value` pairs, separated by commas, values percent-encoded; null where they are not.
 * https://opentelemetry.io/docs/specs/otel/resource/sdk/#specifying-resource-information-via-an-environment-variable
 */
export function readPairs(text: string): Readonly<Record<string, string>> | null {
  const pairs: [string, string][] = []
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const equals = part.indexOf('=')
    const name = part.slice(0, Math.max(0, equals)).trim()
    const value = decoded(part.slice(equals + 1).trim())
    if (name === '' || value === null) return null
    pairs.push([name, value])
  }
  return Object.fromEntries(pairs)
}

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/u
const HEADER_VALUE = /^[\t\u0020-\u007e]*$/u

/** The same, of what may be sent as headers; those that make the message itself are not among them. */
export function readHeaders(text: string): Readonly<Record<string, string>> | null {
  const pairs = readPairs(text)
  const mayBeSent = Object.entries(pairs ?? {}).every(
    ([name, value]) => HEADER_NAME.test(name) && HEADER_VALUE.test(value) && !OF_THE_MESSAGE.test(name)
  )
  return mayBeSent ? pairs : null
}

const OF_THE_MESSAGE = /^(?:host|connection|content-.*|transfer-encoding|expect|upgrade|keep-alive)$/iu

function decoded(value: string): string | null {
  try {
    return decodeURIComponent(value)
  } catch {
    return null
  }
}
