import { randomUUID } from 'node:crypto'
import type { SandboxCredentials } from './credentials.ts'
import { countParts, garble } from './gsm.ts'
import { ALPHANUMERIC_SENDER, MSISDN, takesAlphanumericSender } from './numbers.ts'
import {
  isUrl,
  isWithin,
  readBasicAuth,
  readJson,
  refuse,
  type Endpoint,
  type Failure,
  type Vendor,
  type VendorAnswer,
  type VendorRequest,
  type Verdict
} from './vendor.ts'

type Parameters = ReadonlyMap<string, string>

interface Check {
  readonly status: number
  readonly text: string
  readonly holds: (parameters: Parameters) => boolean
}

/**
 * What the API says beside a status.
 * https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms
 */
const ERROR_TEXTS: Readonly<Record<string, string>> = {
  1: 'Throughput Rate Exceeded - please wait [ 250 ] and retry',
  2: 'Missing Parameters',
  3: 'Invalid Parameters',
  4: 'Bad Credentials',
  5: 'Internal Error',
  6: 'Unroutable message - rejected',
  7: 'Number Barred',
  8: 'Partner Account Barred',
  9: 'Quota Exceeded - rejected',
  10: 'Too Many Existing Binds',
  11: 'Account Not Enabled For HTTP',
  12: 'Message Too Long',
  14: 'Invalid Signature',
  15: 'Illegal Sender Address - rejected',
  17: 'Message Blocked by Provider',
  22: 'Invalid Network Code',
  23: 'Invalid Callback Url',
  29: 'Non White-listed Destination - rejected',
  32: 'Signature And API Secret Disallowed',
  33: 'Number De-activated'
}

const CHECKS: readonly Check[] = [
  ...['to', 'from', 'text'].map((name) => ({
    status: 2,
    text: `Missing ${name} param`,
    holds: (parameters: Parameters) => value(parameters, name) === ''
  })),
  invalid('to', (text) => MSISDN.test(text)),
  invalid('type', (text) => ['text', 'unicode', 'binary'].includes(text)),
  invalid('ttl', (text) => isWithin(text, 20_000, 604_800_000)),
  invalid('message-class', (text) => isWithin(text, 0, 3)),
  invalid('client-ref', (text) => text.length <= 100),
  invalid('status-report-req', (text) => ['true', 'false', '1', '0'].includes(text)),
  {
    status: 2,
    text: 'Missing body param',
    holds: (parameters) => value(parameters, 'type') === 'binary' && value(parameters, 'body') === ''
  },
  { status: 12, text: 'Message Too Long', holds: (parameters) => value(parameters, 'text').length > 3_200 },
  {
    status: 23,
    text: 'Invalid Callback Url',
    holds: (parameters) => {
      const callback = parameters.get('callback')
      return callback !== undefined && (callback.length > 100 || !isUrl(callback))
    }
  },
  {
    status: 15,
    text: 'Illegal Sender Address - rejected',
    holds: (parameters) => !isSender(value(parameters, 'from'), value(parameters, 'to'))
  }
]

/** Vonage's REST host: the SMS API, which answers HTTP 200 whatever it has to say. */
export function createVonageSmsVendor(credentials: SandboxCredentials['vonage']): Vendor {
  function judge(request: VendorRequest): Verdict {
    const parameters = readParameters(request)
    const [key, secret] = readBasicAuth(request.headers) ?? [
      parameters.get('api_key'),
      parameters.get('api_secret')
    ]
    if (key === undefined) return refuse(errorOf('2', 'Missing api_key'))
    if (key !== credentials.apiKey || secret !== credentials.apiSecret) return refuse(errorOf('4'))
    const failed = CHECKS.find((check) => check.holds(parameters))
    return failed === undefined ? take(parameters) : refuse(errorOf(String(failed.status), failed.text))
  }

  const endpoint: Endpoint = {
    channel: 'sms',
    path: /^\/sms\/json$/u,
    judge,
    fail,
    throttled: { ...errorOf('1'), status: 429 }
  }
  return {
    provider: 'vonage',
    endpoints: [endpoint],
    readings: [{ path: /^\/account\/get-balance$/u, answer: ({ headers }) => balance(headers) }],
    notFound: () => edgeErrorOf(404)
  }

  /** https://developer.vonage.com/en/api/account#getAccountBalance */
  function balance(headers: VendorRequest['headers']): VendorAnswer {
    const [key, secret] = readBasicAuth(headers) ?? []
    return key === credentials.apiKey && secret === credentials.apiSecret
      ? { status: 200, json: { value: 15.5359, autoReload: false } }
      : edgeErrorOf(401)
  }
}

/** The spec names the form alone; the live API takes JSON too, which is what Vonage's SDKs send. */
function readParameters({ headers, body }: VendorRequest): Parameters {
  if (!(headers['content-type'] ?? '').includes('json')) return new Map(new URLSearchParams(body))
  const json = readJson(body)
  if (typeof json !== 'object' || json === null) return new Map()
  const scalars = Object.entries(json).filter(([, item]) =>
    ['string', 'number', 'boolean'].includes(typeof item)
  )
  return new Map(scalars.map(([name, item]) => [name, String(item)]))
}

function take(parameters: Parameters): Verdict {
  const to = value(parameters, 'to')
  const text = value(parameters, 'text')
  const isUnicode = value(parameters, 'type') === 'unicode'
  const reference = parameters.get('client-ref')
  // One entry, with an id of its own, for each part.
  const messages = Array.from({ length: countParts(text, isUnicode) }, () => ({
    to,
    'message-id': randomUUID(),
    status: '0',
    'remaining-balance': '15.53590000',
    'message-price': '0.03330000',
    network: '12345',
    ...(reference !== undefined && { 'client-ref': reference })
  }))
  const ttl = parameters.get('ttl')
  return {
    answer: { status: 200, json: { 'message-count': String(messages.length), messages } },
    deliveries: [
      {
        id: messages[0]?.['message-id'] ?? '',
        to: `+${to}`,
        from: value(parameters, 'from'),
        // Vonage does not look for other characters unless it is told to: they arrive as question marks.
        text: isUnicode ? text : garble(text),
        spoken: null,
        language: null,
        extension: null,
        validityMs: ttl === undefined ? null : Number(ttl)
      }
    ]
  }
}

function fail({ status, code }: Failure): VendorAnswer {
  if (code === undefined) return edgeErrorOf(status ?? 500)
  return { ...errorOf(code), status: status ?? 200 }
}

function errorOf(status: string, text = ERROR_TEXTS[status] ?? 'Error'): VendorAnswer {
  return { status: 200, json: { 'message-count': '1', messages: [{ status, 'error-text': text }] } }
}

/** What the host says in front of the SMS API. */
function edgeErrorOf(status: number): VendorAnswer {
  return { status, json: { 'error-code': String(status), 'error-code-label': 'error' } }
}

function isSender(from: string, to: string): boolean {
  if (/^\d{3,15}$/u.test(from)) return true
  return ALPHANUMERIC_SENDER.test(from) && takesAlphanumericSender(`+${to}`)
}

function value(parameters: Parameters, name: string): string {
  return parameters.get(name) ?? ''
}

/** A parameter that may be missing, but not wrong. */
function invalid(name: string, isValid: (text: string) => boolean): Check {
  return {
    status: 3,
    text: `Invalid value for param: ${name}`,
    holds: (parameters) => parameters.has(name) && !isValid(value(parameters, name))
  }
}
