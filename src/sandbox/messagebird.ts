import { Type, type Static, type TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { Channel } from '../domain/message.ts'
import { randomHex, type SandboxCredentials } from './credentials.ts'
import { countParts, garble, isGsm } from './gsm.ts'
import { ALPHANUMERIC_SENDER, MSISDN } from './numbers.ts'
import {
  isUrl,
  readJson,
  refuse,
  type Endpoint,
  type Failure,
  type Vendor,
  type VendorAnswer,
  type VendorRequest,
  type Verdict
} from './vendor.ts'

/** What `language` takes. https://developers.messagebird.com/api/voice-messaging */
const LANGUAGES =
  'cy-gb da-dk de-de el-gr en-au en-gb en-gb-wls en-in en-us es-es es-mx es-us fr-ca fr-fr id-id is-is it-it ja-jp ko-kr ms-my nb-no nl-nl pl-pl pt-br pt-pt ro-ro ru-ru sv-se ta-in th-th tr-tr vi-vn zh-cn zh-hk'.split(
    ' '
  )

const Recipients = Type.Union([
  Type.String(),
  Type.Array(Type.Union([Type.String(), Type.Integer()]), { maxItems: 50 })
])
const Text = Type.String({ minLength: 1, pattern: '\\S' })
/** The SDK writes null for what was not given. */
const Nullable = <T extends TSchema>(schema: T) => Type.Optional(Type.Union([schema, Type.Null()]))

const CreateMessage = Type.Object({
  originator: Type.String({ minLength: 1 }),
  body: Text,
  recipients: Recipients,
  type: Nullable(Type.Enum(['sms', 'binary', 'flash'])),
  reference: Nullable(Type.String()),
  reportUrl: Nullable(Type.String()),
  validity: Nullable(Type.Integer({ minimum: 1 })),
  gateway: Nullable(Type.Integer()),
  typeDetails: Nullable(Type.Object({})),
  datacoding: Nullable(Type.Enum(['plain', 'unicode', 'auto'])),
  mclass: Nullable(Type.Integer({ minimum: 0, maximum: 3 })),
  scheduledDatetime: Nullable(Type.String())
})
type CreateMessage = Static<typeof CreateMessage>

const CreateVoiceMessage = Type.Object({
  originator: Nullable(Type.String({ pattern: '^\\d{3,15}$' })),
  body: Type.String({ minLength: 1, maxLength: 1_000, pattern: '\\S' }),
  recipients: Recipients,
  reference: Nullable(Type.String()),
  language: Nullable(Type.Enum(LANGUAGES)),
  voice: Nullable(Type.Enum(['male', 'female'])),
  repeat: Nullable(Type.Integer({ minimum: 1, maximum: 10 })),
  ifMachine: Nullable(Type.Enum(['continue', 'delay', 'hangup'])),
  machineTimeout: Nullable(Type.Integer({ minimum: 400, maximum: 10_000 })),
  scheduledDatetime: Nullable(Type.String())
})
type CreateVoiceMessage = Static<typeof CreateVoiceMessage>

/** Characters in nine parts, the most that one SMS may have. */
const BODY_LIMIT = { plain: 1_377, unicode: 603 }

/** HTTP status, text and parameter by code. https://developers.messagebird.com/api/#errors */
const ERRORS: Readonly<
  Record<string, readonly [status: number, description: string, parameter: string | null]>
> = {
  2: [401, 'Request not allowed (incorrect access_key)', 'access_key'],
  9: [422, 'no (correct) recipients found', 'recipient'],
  10: [422, 'invalid params', null],
  20: [404, 'message not found', null],
  21: [400, 'bad request', null],
  25: [422, 'Not enough balance', null],
  98: [404, 'API not found', null],
  99: [500, 'internal error', null]
}

const CODE_BY_STATUS: Readonly<Record<number, string>> = {
  400: '21',
  401: '2',
  402: '25',
  403: '2',
  404: '20',
  422: '10'
}

/** Its documents name the status alone; this one has no `errors`, which readers must bear. */
const THROTTLED: VendorAnswer = { status: 429, json: { message: 'Too Many Requests' } }

export interface MessageBirdDeps {
  readonly credentials: SandboxCredentials['messagebird']
  /** Epoch ms. */
  readonly now: () => number
}

/** MessageBird's classic REST host: SMS, and voice messages that are read aloud. */
export function createMessageBirdVendor({ credentials, now }: MessageBirdDeps): Vendor {
  function endpoint<T extends TSchema>(
    channel: Channel,
    path: RegExp,
    schema: T,
    take: (message: Static<T>, numbers: readonly string[], at: string) => Verdict
  ): Endpoint {
    function judge({ headers, body }: VendorRequest): Verdict {
      if (headers.authorization !== `AccessKey ${credentials.accessKey}`) return refuse(errorOf('2'))
      const message = readJson(body)
      if (typeof message !== 'object' || message === null) return refuse(errorOf('21'))
      if (!Value.Check(schema, message)) return refuse(faultOf(schema, message))
      const numbers = readRecipients(
        (message as { readonly recipients: Static<typeof Recipients> }).recipients
      )
      if (numbers === null) return refuse(errorOf('9'))
      return take(message, numbers, dateOf(now()))
    }
    return { channel, path, judge, fail, throttled: THROTTLED }
  }

  return {
    provider: 'messagebird',
    endpoints: [
      endpoint('sms', /^\/messages\/?$/u, CreateMessage, takeSms),
      endpoint('voice', /^\/voicemessages\/?$/u, CreateVoiceMessage, takeCall)
    ],
    readings: [
      {
        // https://developers.messagebird.com/api/balance
        path: /^\/balance\/?$/u,
        answer: ({ headers }) =>
          headers.authorization === `AccessKey ${credentials.accessKey}`
            ? { status: 200, json: { payment: 'prepaid', type: 'euros', amount: 103 } }
            : errorOf('2')
      }
    ],
    notFound: () => errorOf('98')
  }
}

function takeSms(message: CreateMessage, numbers: readonly string[], at: string): Verdict {
  const { originator, body } = message
  const isUnicode = message.datacoding === 'unicode' || (message.datacoding === 'auto' && !isGsm(body))
  if (!ALPHANUMERIC_SENDER.test(originator) && !/^\+?\d{3,17}$/u.test(originator)) {
    return refuse(errorOf('10', { description: 'originator is invalid', parameter: 'originator' }))
  }
  if (body.length > BODY_LIMIT[isUnicode ? 'unicode' : 'plain']) {
    return refuse(errorOf('10', { description: 'body is too long', parameter: 'body' }))
  }
  if (typeof message.reportUrl === 'string' && !isUrl(message.reportUrl)) {
    return refuse(errorOf('10', { description: 'reportUrl is invalid', parameter: 'reportUrl' }))
  }

  const id = randomHex(16)
  // Without being told, it replaces what the GSM alphabet has not.
  const text = isUnicode ? body : garble(body)
  const json = {
    id,
    href: `https://rest.messagebird.com/messages/${id}`,
    direction: 'mt',
    type: message.type ?? 'sms',
    originator,
    body: text,
    reference: message.reference ?? null,
    validity: message.validity ?? null,
    gateway: message.gateway ?? 10,
    typeDetails: message.typeDetails ?? {},
    datacoding: isUnicode ? 'unicode' : 'plain',
    mclass: message.mclass ?? 1,
    scheduledDatetime: message.scheduledDatetime ?? null,
    createdDatetime: at,
    recipients: recipientsOf(numbers, { status: 'sent', at, parts: countParts(text, isUnicode) })
  }
  return {
    answer: { status: 201, json },
    deliveries: numbers.map((number) => ({
      id,
      to: `+${number}`,
      from: originator,
      text,
      spoken: null,
      language: null,
      extension: null,
      validityMs: typeof message.validity === 'number' ? message.validity * 1_000 : null
    }))
  }
}

function takeCall(message: CreateVoiceMessage, numbers: readonly string[], at: string): Verdict {
  const id = randomHex(16)
  const { body } = message
  const language = message.language ?? 'en-gb'
  const json = {
    id,
    href: `https://rest.messagebird.com/voicemessages/${id}`,
    originator: message.originator ?? null,
    body,
    reference: message.reference ?? null,
    language,
    voice: message.voice ?? 'female',
    repeat: message.repeat ?? 1,
    ifMachine: message.ifMachine ?? 'delay',
    machineTimeout: message.machineTimeout ?? 7_000,
    scheduledDatetime: message.scheduledDatetime ?? null,
    createdDatetime: at,
    recipients: recipientsOf(numbers, { status: 'calling', at })
  }
  return {
    answer: { status: 201, json },
    deliveries: numbers.map((number) => ({
      id,
      to: `+${number}`,
      from: message.originator ?? '',
      // What is heard, as often as it is said.
      text: Array.from({ length: message.repeat ?? 1 }, () => body).join(' '),
      spoken: body,
      language,
      extension: null,
      validityMs: null
    }))
  }
}

/** Null where one of them is no number, or there is none. */
function readRecipients(recipients: Static<typeof Recipients>): readonly string[] | null {
  const numbers = typeof recipients === 'string' ? recipients.split(',') : recipients.map(String)
  return numbers.length > 0 && numbers.every((number) => MSISDN.test(number)) ? numbers : null
}

function recipientsOf(
  numbers: readonly string[],
  { status, at, parts }: { status: string; at: string; parts?: number }
) {
  return {
    totalCount: numbers.length,
    totalSentCount: numbers.length,
    totalDeliveredCount: 0,
    totalDeliveryFailedCount: 0,
    items: numbers.map((number) => ({
      recipient: Number(number),
      status,
      statusDatetime: at,
      ...(parts !== undefined && { messagePartCount: parts })
    }))
  }
}

/** The first fault: what is missing has a code of its own. */
function faultOf(schema: TSchema, message: object): VendorAnswer {
  const [error] = Value.Errors(schema, message)
  const missing = error?.keyword === 'required' ? error.params.requiredProperties[0] : undefined
  const parameter = missing ?? error?.instancePath.split('/')[1] ?? null
  if (parameter === 'recipients') return errorOf('9')
  return missing === undefined
    ? errorOf('10', { description: `${parameter ?? 'body'} is invalid`, parameter })
    : errorOf('9', { description: `${parameter} is required`, parameter })
}

function fail({ status, code }: Failure): VendorAnswer {
  const known = code ?? CODE_BY_STATUS[status ?? 500] ?? '99'
  const answer = errorOf(known)
  return { ...answer, status: status ?? answer.status }
}

function errorOf(
  code: string,
  details?: { readonly description: string; readonly parameter: string | null }
): VendorAnswer {
  const [status, description, parameter] = ERRORS[code] ?? [422, 'error', null]
  return { status, json: { errors: [{ code: Number(code), description, parameter, ...details }] } }
}

/** RFC 3339 in whole seconds, with the offset written out. */
function dateOf(nowMs: number): string {
  return new Date(nowMs).toISOString().replace(/\.\d{3}Z$/u, '+00:00')
}
