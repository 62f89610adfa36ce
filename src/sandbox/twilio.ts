import type { SandboxCredentials } from './credentials.ts'
import { randomHex } from './credentials.ts'
import { countParts, isGsm } from './gsm.ts'
import type { Delivery } from './inbox.ts'
import { ALPHANUMERIC_SENDER, E164, takesAlphanumericSender } from './numbers.ts'
import {
  isUrl,
  isWithin,
  readBasicAuth,
  refuse,
  type Endpoint,
  type Failure,
  type Reading,
  type Vendor,
  type VendorAnswer,
  type VendorRequest,
  type Verdict
} from './vendor.ts'
import { parseXml, type XmlDocument } from './xml.ts'

type Form = URLSearchParams

/** A reason for a no. The first that holds is the answer. */
interface Check {
  readonly code: number
  readonly holds: (form: Form) => boolean
}

/**
 * HTTP statuses of codes; 400 is all others'.
 * https://www.twilio.com/docs/api/errors
 */
const STATUS_BY_CODE: Readonly<Record<number, number>> = {
  20003: 401,
  20404: 404,
  20429: 429,
  20500: 500,
  20503: 503
}

const CODE_BY_STATUS: Readonly<Record<number, number>> = {
  400: 20001,
  401: 20003,
  403: 20006,
  404: 20404,
  429: 20429,
  500: 20500,
  503: 20503
}

/** The real API repeats the number in some of these; {To} and {From} stand for it. */
const MESSAGES: Readonly<Record<number, string>> = {
  12100: 'Document parse failure',
  20003: 'Authenticate',
  20404: 'The requested resource was not found',
  20422: 'Invalid parameter',
  20429: 'Too Many Requests',
  20500: 'Internal Server Error',
  20503: 'Service Unavailable',
  21201: "No 'To' number is specified",
  21205: "Url parameter is required, or 'Twiml'",
  21206: 'SendDigits is invalid',
  21207: 'MachineDetection is invalid',
  21208: 'Timeout is invalid',
  21211: "The 'To' number {To} is not a valid phone number.",
  21212: "The 'From' number {From} is not a valid phone number, shortcode, or alphanumeric sender ID.",
  21213: "A 'From' phone number is required.",
  21214: "'To' phone number {To} cannot be reached",
  21215: 'Account not authorized to call {To}.',
  21216: 'Account not allowed to call {To}.',
  21217: 'Phone number {To} does not appear to be valid',
  21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {To}.",
  21602: 'Message body is required.',
  21603: "A 'From' phone number is required.",
  21604: "A 'To' phone number is required.",
  21606: "The 'From' phone number {From} is not a valid, message-capable Twilio phone number for {To}.",
  21609: "The 'StatusCallback' URL is not a valid URL.",
  21610: 'Attempt to send to unsubscribed recipient',
  21611: "This 'From' number {From} has exceeded the maximum number of queued messages",
  21612:
    "Message cannot be sent with the current combination of 'To' ({To}) and/or 'From' ({From}) parameters",
  21614: "'To' number {To} is not a valid mobile number",
  21617: 'The concatenated message body exceeds the 1600 character limit.',
  21624: 'ValidityPeriod is invalid: it must be between 1 and 36000 seconds.',
  21705: 'The Messaging Service Sid is invalid.'
}

/**
 * Numbers that fail as with Twilio's test credentials.
 * https://www.twilio.com/docs/iam/test-credentials
 */
const TWILIO_MAGIC_NUMBERS = {
  sms: {
    To: {
      '+15005550001': 21211,
      '+15005550002': 21612,
      '+15005550003': 21408,
      '+15005550004': 21610,
      '+15005550009': 21614
    },
    From: { '+15005550001': 21212, '+15005550007': 21606, '+15005550008': 21611 }
  },
  voice: {
    To: { '+15005550001': 21217, '+15005550002': 21214, '+15005550003': 21215, '+15005550004': 21216 },
    From: { '+15005550001': 21212 }
  }
} as const

const SMS_CHECKS: readonly Check[] = [
  { code: 21604, holds: (form) => value(form, 'To') === '' },
  { code: 21211, holds: (form) => !E164.test(value(form, 'To')) },
  { code: 21603, holds: (form) => value(form, 'From') === '' && value(form, 'MessagingServiceSid') === '' },
  { code: 21212, holds: (form) => form.has('From') && !isSmsSender(value(form, 'From')) },
  {
    code: 21705,
    holds: (form) => isGiven(form, 'MessagingServiceSid', (sid) => !/^MG[\da-f]{32}$/iu.test(sid))
  },
  {
    code: 21602,
    holds: (form) => ['Body', 'MediaUrl', 'ContentSid'].every((name) => value(form, name) === '')
  },
  { code: 21617, holds: (form) => value(form, 'Body').length > 1_600 },
  { code: 21624, holds: (form) => isGiven(form, 'ValidityPeriod', (text) => !isWithin(text, 1, 36_000)) },
  { code: 21609, holds: (form) => isGiven(form, 'StatusCallback', (text) => !isUrl(text)) },
  ...oneOf('RiskCheck', ['enable', 'disable']),
  ...oneOf('ContentRetention', ['retain', 'discard']),
  ...oneOf('AddressRetention', ['retain', 'obfuscate']),
  ...['ProvideFeedback', 'ForceDelivery', 'SmartEncoded', 'ShortenUrls', 'SendAsMms'].flatMap((name) =>
    oneOf(name, ['true', 'false'])
  ),
  { code: 20422, holds: (form) => isGiven(form, 'Attempt', (text) => !isWithin(text, 0, 1_000)) },
  ...magic('sms'),
  {
    code: 21612,
    holds: (form) => /[a-z]/iu.test(value(form, 'From')) && !takesAlphanumericSender(value(form, 'To'))
  }
]

const CALL_CHECKS: readonly Check[] = [
  { code: 21201, holds: (form) => value(form, 'To') === '' },
  { code: 21211, holds: (form) => !E164.test(value(form, 'To')) },
  { code: 21213, holds: (form) => value(form, 'From') === '' },
  { code: 21212, holds: (form) => !E164.test(value(form, 'From')) },
  {
    code: 21205,
    holds: (form) => ['Url', 'Twiml', 'ApplicationSid'].every((name) => value(form, name) === '')
  },
  { code: 21205, holds: (form) => isGiven(form, 'Url', (text) => !isUrl(text)) },
  { code: 21609, holds: (form) => isGiven(form, 'StatusCallback', (text) => !isUrl(text)) },
  { code: 21206, holds: (form) => isGiven(form, 'SendDigits', (text) => !/^[\d#*wW]{1,32}$/u.test(text)) },
  { code: 21208, holds: (form) => isGiven(form, 'Timeout', (text) => !isWithin(text, 1, 600)) },
  { code: 20422, holds: (form) => isGiven(form, 'TimeLimit', (text) => !isWithin(text, 1, 86_400)) },
  {
    code: 21207,
    holds: (form) =>
      isGiven(form, 'MachineDetection', (text) => !/^(?:Enable|DetectMessageEnd)$/iu.test(text))
  },
  { code: 20422, holds: (form) => value(form, 'Twiml').length > 4_000 },
  { code: 12100, holds: (form) => isGiven(form, 'Twiml', (text) => !isTwiml(parseXml(text))) },
  ...magic('voice')
]

/** https://www.twilio.com/docs/voice/twiml: the verbs that may stand in a `<Response>`. */
const VERBS: ReadonlySet<string> = new Set(
  'Connect Dial Echo Enqueue Gather Hangup Leave Pause Pay Play Prompt Record Redirect Refer Reject Say Siprec Start Stop Stream'.split(
    ' '
  )
)

export interface TwilioDeps {
  readonly credentials: SandboxCredentials['twilio']
  /** Epoch ms. */
  readonly now: () => number
}

/** Twilio's API of 2010-04-01, as far as it sends messages and places calls. */
export function createTwilioVendor({ credentials, now }: TwilioDeps): Vendor {
  function judge(request: VendorRequest, checks: readonly Check[], take: (form: Form) => Verdict): Verdict {
    if (!isSignedIn(request, credentials)) return refuse(errorOf(20003))
    if (!request.path.startsWith(`/2010-04-01/Accounts/${credentials.accountSid}/`)) {
      return refuse(errorOf(20404))
    }
    const form = new URLSearchParams(request.body)
    const failed = checks.find((check) => check.holds(form))
    return failed === undefined ? take(form) : refuse(errorOf(failed.code, form))
  }

  function takeSms(form: Form): Verdict {
    const sid = `SM${randomHex(16)}`
    const json = messageResource(sid, form, { accountSid: credentials.accountSid, at: now() })
    return { answer: { status: 201, json }, deliveries: [smsOf(sid, form)] }
  }

  function takeCall(form: Form): Verdict {
    const sid = `CA${randomHex(16)}`
    const json = callResource(sid, form, { accountSid: credentials.accountSid })
    return { answer: { status: 201, json }, deliveries: [callOf(sid, form)] }
  }

  const shared = { fail, throttled: errorOf(20429) }
  /** https://www.twilio.com/docs/usage/api/usage-balance */
  const balance: Reading = {
    path: /^\/2010-04-01\/Accounts\/[^/]+\/Balance\.json$/u,
    answer({ path, headers }) {
      if (!isSignedIn({ headers }, credentials)) return errorOf(20003)
      const { accountSid } = credentials
      if (!path.includes(`/${accountSid}/`)) return errorOf(20404)
      return { status: 200, json: { account_sid: accountSid, balance: '84.36', currency: 'USD' } }
    }
  }
  const endpoints: readonly Endpoint[] = [
    {
      ...shared,
      channel: 'sms',
      path: /^\/2010-04-01\/Accounts\/[^/]+\/Messages\.json$/u,
      judge: (request) => judge(request, SMS_CHECKS, takeSms)
    },
    {
      ...shared,
      channel: 'voice',
      path: /^\/2010-04-01\/Accounts\/[^/]+\/Calls\.json$/u,
      judge: (request) => judge(request, CALL_CHECKS, takeCall)
    }
  ]
  return { provider: 'twilio', endpoints, readings: [balance], notFound: () => errorOf(20404) }
}

function isSignedIn(
  { headers }: Pick<VendorRequest, 'headers'>,
  credentials: TwilioDeps['credentials']
): boolean {
  const [user, password] = readBasicAuth(headers) ?? []
  if (user === undefined || password === undefined) return false
  return (
    (user === credentials.accountSid && password === credentials.authToken) ||
    (user === credentials.apiKey && password === credentials.apiSecret)
  )
}

function fail({ status, code }: Failure): VendorAnswer {
  const number = code === undefined ? CODE_BY_STATUS[status ?? 500] : Number(code)
  return errorOf(number, new URLSearchParams(), status)
}

function errorOf(
  code: number | undefined,
  form: Form = new URLSearchParams(),
  forced?: number
): VendorAnswer {
  const status = forced ?? STATUS_BY_CODE[code ?? 0] ?? 400
  const message = (MESSAGES[code ?? 0] ?? 'Error').replace(/\{(To|From)\}/gu, (_, name: string) =>
    value(form, name)
  )
  if (code === undefined) return { status, json: { message, status } }
  return {
    status,
    json: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
  }
}

function messageResource(sid: string, form: Form, { accountSid, at }: { accountSid: string; at: number }) {
  const service = value(form, 'MessagingServiceSid')
  const body = value(form, 'Body')
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${sid}`
  const date = new Date(at).toUTCString().replace('GMT', '+0000')
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    body,
    date_created: date,
    date_sent: null,
    date_updated: date,
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from: value(form, 'From') || null,
    messaging_service_sid: service || null,
    num_media: '0',
    // A messaging service chooses the sender later, and only then counts.
    num_segments: service === '' ? String(countParts(body, !isGsm(body))) : '0',
    price: null,
    price_unit: service === '' ? 'USD' : null,
    sid,
    status: service === '' ? 'queued' : 'accepted',
    subresource_uris: { media: `${uri}/Media.json` },
    to: value(form, 'To'),
    uri: `${uri}.json`
  }
}

function callResource(sid: string, form: Form, { accountSid }: { accountSid: string }) {
  const uri = `/2010-04-01/Accounts/${accountSid}/Calls/${sid}`
  return {
    account_sid: accountSid,
    annotation: null,
    answered_by: null,
    api_version: '2010-04-01',
    caller_name: null,
    // Both dates are null until the call has been placed.
    date_created: null,
    date_updated: null,
    direction: 'outbound-api',
    duration: null,
    end_time: null,
    forwarded_from: null,
    from: value(form, 'From'),
    from_formatted: value(form, 'From'),
    group_sid: null,
    parent_call_sid: null,
    phone_number_sid: null,
    price: null,
    price_unit: 'USD',
    queue_time: '0',
    sid,
    start_time: null,
    status: 'queued',
    subresource_uris: { notifications: `${uri}/Notifications.json`, recordings: `${uri}/Recordings.json` },
    to: value(form, 'To'),
    to_formatted: value(form, 'To'),
    trunk_sid: null,
    uri: `${uri}.json`
  }
}

function smsOf(sid: string, form: Form): Delivery {
  const validity = value(form, 'ValidityPeriod')
  return {
    id: sid,
    to: value(form, 'To'),
    from: value(form, 'From') || value(form, 'MessagingServiceSid'),
    text: value(form, 'Body'),
    spoken: null,
    language: null,
    extension: null,
    validityMs: validity === '' ? null : Number(validity) * 1_000
  }
}

function callOf(sid: string, form: Form): Delivery {
  const twiml = value(form, 'Twiml')
  // `Url` wins over `Twiml`, and is not fetched here: nobody hears it.
  const document = value(form, 'Url') === '' ? parseXml(twiml) : null
  const says = document?.elements.filter(({ name }) => name === 'Say') ?? []
  return {
    id: sid,
    to: value(form, 'To'),
    from: value(form, 'From'),
    text: says.map(({ text }) => text).join(' '),
    spoken: twiml,
    language: says[0]?.attributes.get('language') ?? null,
    extension: value(form, 'SendDigits').replace(/w/giu, '') || null,
    validityMs: null
  }
}

function isTwiml(document: XmlDocument | null): boolean {
  if (document?.root !== 'Response') return false
  const verbs = document.elements.filter(({ parent }) => parent === 'Response')
  return verbs.every(({ name, text }) => VERBS.has(name) && (name !== 'Say' || text !== ''))
}

function isSmsSender(from: string): boolean {
  return E164.test(from) || /^\d{3,15}$/u.test(from) || ALPHANUMERIC_SENDER.test(from)
}

/** Empty where it is missing: the API makes no difference. */
function value(form: Form, name: string): string {
  return form.get(name) ?? ''
}

function isGiven(form: Form, name: string, test: (text: string) => boolean): boolean {
  return form.has(name) && test(value(form, name))
}

function oneOf(name: string, values: readonly string[]): readonly Check[] {
  return [
    { code: 20422, holds: (form) => isGiven(form, name, (text) => !values.includes(text.toLowerCase())) }
  ]
}

function magic(channel: keyof typeof TWILIO_MAGIC_NUMBERS): readonly Check[] {
  return Object.entries(TWILIO_MAGIC_NUMBERS[channel]).flatMap(([name, numbers]) =>
    Object.entries<number>(numbers).map(([number, code]) => ({
      code,
      holds: (form: Form) => value(form, name) === number
    }))
  )
}
