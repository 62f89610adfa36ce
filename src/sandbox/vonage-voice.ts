import { randomUUID } from 'node:crypto'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { SandboxCredentials } from './credentials.ts'
import {
  readJson,
  refuse,
  type Endpoint,
  type Failure,
  type Vendor,
  type VendorAnswer,
  type VendorRequest,
  type Verdict
} from './vendor.ts'
import { isValidJwt } from './vonage-jwt.ts'
import { parseXml } from './xml.ts'

/** `TalkLanguage` of the official spec 1.10.0. */
const TALK_LANGUAGES =
  'ar ca-ES cmn-CN cmn-TW cs-CZ cy-GB da-DK de-DE el-GR en-AU en-GB en-GB-WLS en-IN en-US en-ZA es-ES es-MX es-US eu-ES fi-FI fil-PH fr-CA fr-FR he-IL hi-IN hu-HU id-ID is-IS it-IT ja-JP ko-KR nb-NO nl-NL no-NO pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK sv-SE th-TH tr-TR uk-UA vi-VN yue-CN'.split(
    ' '
  )

const DIGITS = '^\\d{7,15}$'
const Url = Type.String({ pattern: '^https?://' })

/** The spec leaves actions open. https://developer.vonage.com/en/voice/voice-api/ncco-reference */
const Talk = Type.Object(
  {
    action: Type.Literal('talk'),
    text: Type.String({ minLength: 1, pattern: '\\S' }),
    language: Type.Optional(Type.Enum(TALK_LANGUAGES)),
    style: Type.Optional(Type.Integer({ minimum: 0 })),
    premium: Type.Optional(Type.Boolean()),
    // 0 speaks until somebody hangs up.
    loop: Type.Optional(Type.Integer({ minimum: 0 })),
    level: Type.Optional(Type.Number({ minimum: -1, maximum: 1 })),
    bargeIn: Type.Optional(Type.Boolean())
  },
  { additionalProperties: false }
)
type Talk = Static<typeof Talk>

const OtherAction = Type.Object({
  action: Type.Enum([
    'connect',
    'conversation',
    'input',
    'notify',
    'pay',
    'record',
    'stream',
    'transfer',
    'wait'
  ])
})

const CreateCall = Type.Object({
  // The API takes one endpoint. It may be of other kinds, but the sandbox has nothing but phones.
  to: Type.Array(
    Type.Object({
      type: Type.Literal('phone'),
      number: Type.String({ pattern: DIGITS }),
      dtmfAnswer: Type.Optional(Type.String({ pattern: '^[\\d*#p]+$' }))
    }),
    { minItems: 1, maxItems: 1 }
  ),
  from: Type.Optional(
    Type.Object({ type: Type.Literal('phone'), number: Type.String({ pattern: '^\\d{3,15}$' }) })
  ),
  random_from_number: Type.Optional(Type.Boolean()),
  ncco: Type.Optional(Type.Array(Type.Union([Talk, OtherAction]), { minItems: 1 })),
  answer_url: Type.Optional(Type.Array(Url, { minItems: 1 })),
  answer_method: Type.Optional(Type.Enum(['GET', 'POST'])),
  event_url: Type.Optional(Type.Array(Url, { minItems: 1 })),
  event_method: Type.Optional(Type.Enum(['GET', 'POST'])),
  machine_detection: Type.Optional(Type.Enum(['continue', 'hangup'])),
  advanced_machine_detection: Type.Optional(
    Type.Object({
      behavior: Type.Optional(Type.Enum(['continue', 'hangup'])),
      mode: Type.Optional(Type.Enum(['default', 'detect', 'detect_beep'])),
      beep_timeout: Type.Optional(Type.Integer({ minimum: 30, maximum: 120 }))
    })
  ),
  length_timer: Type.Optional(Type.Integer({ minimum: 1, maximum: 86_400 })),
  ringing_timer: Type.Optional(Type.Integer({ minimum: 1, maximum: 120 }))
})
type CreateCall = Static<typeof CreateCall>

/** What a schema cannot say. */
const RULES: readonly {
  readonly name: string
  readonly reason: string
  readonly holds: (call: CreateCall) => boolean
}[] = [
  {
    name: 'ncco',
    reason: 'one of ncco and answer_url is required',
    holds: ({ ncco, answer_url }) => (ncco === undefined) === (answer_url === undefined)
  },
  {
    name: 'from',
    reason: 'from and random_from_number exclude each other',
    holds: ({ from, random_from_number }) => (from === undefined) !== (random_from_number === true)
  },
  {
    name: 'ncco',
    reason: 'text is no well-formed SSML',
    holds: (call) => talksOf(call).some(({ text }) => speechOf(text) === null)
  },
  {
    name: 'ncco',
    reason: 'text is longer than 1500 characters without its tags',
    holds: (call) => talksOf(call).some(({ text }) => (speechOf(text)?.length ?? 0) > 1_500)
  }
]

/** Codes of the platform's errors, by status. https://developer.vonage.com/en/api-errors */
const PROBLEMS: Readonly<Record<number, readonly [code: string, title: string]>> = {
  400: ['bad-request', 'Bad Request'],
  401: ['unauthorized', 'Unauthorized'],
  402: ['low-balance', 'Low balance'],
  403: ['forbidden', 'Forbidden'],
  404: ['not-found', 'Not Found'],
  422: ['invalid-params', 'Invalid params'],
  429: ['throttled', 'Rate limit hit'],
  500: ['internal-error', 'Internal Server Error'],
  503: ['unavailable', 'Service Unavailable']
}

export interface VonageVoiceDeps {
  readonly credentials: SandboxCredentials['vonage']
  /** Epoch ms. */
  readonly now: () => number
}

/** Vonage's API host: the Voice API. */
export function createVonageVoiceVendor({ credentials, now }: VonageVoiceDeps): Vendor {
  function isSignedIn({ headers }: Pick<VendorRequest, 'headers'>): boolean {
    const [, token] = /^Bearer (\S+)$/iu.exec(headers.authorization ?? '') ?? []
    return token !== undefined && isValidJwt(token, credentials, now())
  }

  function judge({ headers, body }: VendorRequest): Verdict {
    if (!isSignedIn({ headers })) return refuse(problem(401))
    const call = readJson(body)
    if (!Value.Check(CreateCall, call)) return refuse(invalid(faultsOf(call)))
    const broken = RULES.filter((rule) => rule.holds(call))
    return broken.length === 0 ? take(call) : refuse(invalid(broken))
  }

  const endpoint: Endpoint = {
    channel: 'voice',
    path: /^\/v1\/calls\/?$/u,
    judge,
    fail,
    throttled: problem(429)
  }
  return {
    provider: 'vonage',
    endpoints: [endpoint],
    readings: [
      {
        path: /^\/v1\/calls\/?$/u,
        answer: (request) => (isSignedIn(request) ? { status: 200, json: NO_CALLS } : problem(401))
      }
    ],
    notFound: () => problem(404)
  }
}

/** The phones of the sandbox hang up and forget. https://developer.vonage.com/en/api/voice#getCalls */
const NO_CALLS = {
  count: 0,
  page_size: 1,
  record_index: 0,
  _embedded: { calls: [] },
  _links: { self: { href: '/v1/calls?page_size=1&record_index=0' } }
}

function take(call: CreateCall): Verdict {
  const uuid = randomUUID()
  const talks = talksOf(call)
  const [to] = call.to
  const json = {
    uuid,
    status: 'started',
    direction: 'outbound',
    conversation_uuid: `CON-${randomUUID()}`
  }
  return {
    answer: { status: 201, json },
    deliveries: [
      {
        id: uuid,
        to: `+${to?.number ?? ''}`,
        from: call.from?.number ?? '',
        text: talks.map(({ text }) => speechOf(text) ?? '').join(' '),
        spoken: JSON.stringify(call.ncco ?? call.answer_url),
        language: talks[0] === undefined ? null : (talks[0].language ?? 'en-US'),
        // Each "p" is a pause of half a second.
        extension: to?.dtmfAnswer?.replaceAll('p', '') || null,
        validityMs: null
      }
    ]
  }
}

function talksOf({ ncco = [] }: CreateCall): readonly Talk[] {
  return ncco.filter((action): action is Talk => action.action === 'talk')
}

/** What a text sounds like. Null where it is SSML that is not well-formed. */
function speechOf(text: string): string | null {
  if (!text.trimStart().startsWith('<speak')) return text
  const document = parseXml(text.trim())
  return document?.root === 'speak' ? (document.elements[0]?.text ?? null) : null
}

interface InvalidParameter {
  readonly name: string
  readonly reason: string
}

function faultsOf(call: unknown): readonly InvalidParameter[] {
  return Value.Errors(CreateCall, call).map(({ instancePath, message }) => ({
    name: instancePath.slice(1).replaceAll('/', '.') || 'body',
    reason: message
  }))
}

function invalid(parameters: readonly InvalidParameter[]): VendorAnswer {
  const answer = problem(400)
  return {
    ...answer,
    json: { ...answer.json, invalid_parameters: parameters.map(({ name, reason }) => ({ name, reason })) }
  }
}

function fail({ status = 400, code }: Failure): VendorAnswer {
  return problem(status, code)
}

/** An error as RFC 7807 words it. */
function problem(status: number, code?: string) {
  const [known, title] = PROBLEMS[status] ?? ['error', 'Error']
  return {
    status,
    headers: { 'content-type': 'application/problem+json' },
    json: {
      type: `https://developer.vonage.com/api-errors#${code ?? known}`,
      title,
      detail: status === 401 ? 'You did not provide correct credentials.' : `The request failed: ${title}.`,
      instance: randomUUID()
    }
  }
}
