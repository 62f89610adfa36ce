import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Ajv, type AnySchema } from 'ajv'
import t from 'tap'
import { parse } from 'yaml'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { SPECS, VONAGE_TALK_LANGUAGES } from '../fixtures/official-specs.ts'
import {
  basic,
  ENDPOINTS,
  FIELDS,
  form,
  jwt,
  NOW_MS,
  NUMBER,
  post,
  postJson,
  prepare,
  TEXT,
  TWIML,
  type EndpointName
} from './requests.ts'

const sandbox = await startSandbox({ now: () => NOW_MS, random: () => 0 })
t.teardown(() => sandbox.close())
t.beforeEach(() => sandbox.clear())

const { credentials } = sandbox
const HEX32 = /^[\da-f]{32}$/u
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/u

interface Spec {
  readonly components: object
  readonly paths: Record<
    string,
    { readonly post: { readonly responses: Record<string, { readonly content: Contents }> } }
  >
}
type Contents = Record<
  'application/json',
  { readonly example?: unknown; readonly examples: Record<string, { readonly value: object }> }
>

function readSpec(file: string): Spec {
  const text = readFileSync(new URL(`../fixtures/provider-specs/${file}`, import.meta.url), 'utf8')
  return (file.endsWith('.json') ? JSON.parse(text) : parse(text)) as Spec
}

/** The official schema of an answer, its formats left aside. */
function answerCheck(file: string, schema: string) {
  const ajv = new Ajv({ strict: false, validateFormats: false })
  const { components } = readSpec(file)
  return ajv.compile({ $ref: `#/components/schemas/${schema}`, components } as AnySchema)
}

const ANSWERS = {
  'twilio sms': answerCheck('twilio-api-v2010.messages-calls.json', 'api.v2010.account.message'),
  'twilio voice': answerCheck('twilio-api-v2010.messages-calls.json', 'api.v2010.account.call'),
  'vonage sms': answerCheck('vonage-sms.1.5.1.extract.yml', 'SMS'),
  'vonage voice': answerCheck('vonage-voice.1.10.0.extract.yml', 'CreateCallResponse')
} as const

const REQUESTS = {
  'twilio sms': SPECS.twilioMessages,
  'twilio voice': SPECS.twilioCalls,
  'vonage sms': SPECS.vonageSms,
  'vonage voice': SPECS.vonageCalls,
  'messagebird sms': SPECS.messageBirdMessages
} as const

t.test('takes a right request as the official specification answers it', async (t) => {
  for (const endpoint of ENDPOINTS) {
    const { status, json } = await postJson(prepare(sandbox, endpoint))
    t.equal(status, endpoint === 'vonage sms' ? 200 : 201, endpoint)

    if (endpoint in REQUESTS) {
      const isRight = REQUESTS[endpoint as keyof typeof REQUESTS]
      t.ok(isRight(structuredClone(FIELDS[endpoint])), `${endpoint}: the request is one of the specification`)
    }
    if (endpoint in ANSWERS) {
      const isRight = ANSWERS[endpoint as keyof typeof ANSWERS]
      t.ok(isRight(json), `${endpoint}: the answer too`)
    }
  }
})

t.test('answers with ids and fields of the right form', async (t) => {
  t.match((await postJson(prepare(sandbox, 'twilio sms'))).json, {
    sid: /^SM[\da-f]{32}$/u,
    status: 'queued',
    direction: 'outbound-api',
    num_segments: '1',
    date_created: 'Thu, 10 Sep 2026 12:00:00 +0000'
  })
  const service = { From: undefined, MessagingServiceSid: `MG${'0'.repeat(32)}` }
  t.match((await postJson(prepare(sandbox, 'twilio sms', service))).json, { status: 'accepted', from: null })
  t.match((await postJson(prepare(sandbox, 'twilio voice'))).json, {
    sid: /^CA[\da-f]{32}$/u,
    status: 'queued'
  })
  t.match((await postJson(prepare(sandbox, 'vonage sms', { 'client-ref': 'a1' }))).json, {
    'message-count': '1',
    messages: [{ to: NUMBER.slice(1), 'message-id': UUID, status: '0', 'client-ref': 'a1' }]
  })
  t.match((await postJson(prepare(sandbox, 'vonage sms', { text: 'a'.repeat(161) }))).json, {
    'message-count': '2',
    messages: [{ status: '0' }, { status: '0' }]
  })
  t.match((await postJson(prepare(sandbox, 'vonage voice'))).json, {
    uuid: UUID,
    status: 'started',
    direction: 'outbound',
    conversation_uuid: /^CON-/u
  })
  const { json: call } = await postJson(prepare(sandbox, 'messagebird voice'))
  t.match(call, { id: HEX32, language: 'de-de', repeat: 2, recipients: { items: [{ status: 'calling' }] } })

  const { json: message } = await postJson(prepare(sandbox, 'messagebird sms'))
  t.match(message, { id: HEX32, createdDatetime: '2026-09-10T12:00:00+00:00' })
  const spec = readSpec('messagebird-sms.openapi.yml').paths['/messages']?.post.responses['201']?.content
  const example = spec?.['application/json'].examples['example-0']?.value ?? {}
  t.same(Object.keys(message), Object.keys(example), 'MessageBird has an example in place of a schema')
})

t.test('shows in the inbox what a phone received', async (t) => {
  for (const endpoint of ENDPOINTS) await post(prepare(sandbox, endpoint))
  const common = { to: NUMBER, at: '2026-09-10T12:00:00.000Z' }
  const sms = {
    ...common,
    channel: 'sms',
    from: 'Acme',
    text: TEXT,
    spoken: null,
    language: null,
    validityMs: 300_000
  }
  const call = { ...common, channel: 'voice', validityMs: null }
  const { ncco } = FIELDS['vonage voice']
  t.match(sandbox.inbox(), [
    { ...sms, provider: 'twilio' },
    {
      ...call,
      provider: 'twilio',
      from: '+4930901820',
      text: 'Your code: 0 4',
      spoken: TWIML,
      language: 'de-DE',
      extension: '12'
    },
    { ...sms, provider: 'vonage' },
    {
      ...call,
      provider: 'vonage',
      from: '4930901820',
      text: 'Your code: 0 4',
      spoken: JSON.stringify(ncco),
      language: 'de-DE',
      extension: '12'
    },
    { ...sms, provider: 'messagebird' },
    { ...call, provider: 'messagebird', text: 'Your code: 0, 4, 2.', language: 'de-de', extension: null }
  ])
})

t.test('keeps no more than the newest 1,000 messages', async (t) => {
  const { url, headers, body } = prepare(sandbox, 'messagebird sms')
  const recipients = Array.from({ length: 50 }, (_, index) => `4915112345${String(index).padStart(3, '0')}`)
  const many = JSON.stringify({ ...(JSON.parse(body) as object), recipients })
  for (let i = 0; i < 21; i++) await post({ url, headers, body: many })
  t.equal(sandbox.inbox().length, 1_000)
})

t.test('delivers text as the vendor would', async (t) => {
  const cases: readonly [EndpointName, Record<string, unknown>, string][] = [
    ['twilio sms', { Body: 'Код 1' }, 'Код 1'],
    ['vonage sms', { text: 'Код 1 €' }, '??? 1 €'],
    ['vonage sms', { text: 'Код 1', type: 'unicode' }, 'Код 1'],
    ['messagebird sms', { body: 'Код 1', datacoding: 'plain' }, '??? 1'],
    ['messagebird sms', { body: 'Код 1', datacoding: undefined }, '??? 1'],
    ['messagebird sms', { body: 'Код 1', datacoding: 'unicode' }, 'Код 1'],
    ['messagebird sms', { body: 'Код 1 🔑' }, 'Код 1 🔑'],
    ['vonage voice', { ncco: [{ action: 'talk', text: 'A & B' }] }, 'A & B'],
    ['vonage voice', { ncco: [{ action: 'talk', text: '<speak>A &amp; &#x42;</speak>' }] }, 'A & B'],
    ['twilio voice', { Twiml: '<Response><Say>A &lt;b&gt;</Say><Say>C</Say></Response>' }, 'A <b> C']
  ]
  for (const [endpoint, changes, text] of cases) {
    await post(prepare(sandbox, endpoint, changes))
    t.equal(sandbox.inbox().at(-1)?.text, text, `${endpoint} ${JSON.stringify(changes)}`)
  }
})

t.test('Vonage SMS takes a form, and credentials in it', async (t) => {
  const { url } = prepare(sandbox, 'vonage sms')
  const { apiKey, apiSecret } = credentials.vonage
  const body = form({ ...FIELDS['vonage sms'], api_key: apiKey, api_secret: apiSecret })
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  t.match((await postJson({ url, headers, body })).json, { messages: [{ status: '0' }] })
})

t.test('Twilio takes an API key', async (t) => {
  const { apiKey = '', apiSecret = '' } = credentials.twilio
  const right = prepare(sandbox, 'twilio sms')
  const headers = { ...right.headers, ...basic(apiKey, apiSecret) }
  t.equal((await post({ ...right, headers })).status, 201)
})

t.test('Vonage speaks every language of the specification, and no other', async (t) => {
  const talk = { action: 'talk', text: 'Hi' }
  for (const language of VONAGE_TALK_LANGUAGES) {
    const { status } = await post(prepare(sandbox, 'vonage voice', { ncco: [{ ...talk, language }] }))
    if (status !== 201) t.fail(language)
  }
  t.equal(sandbox.inbox().length, VONAGE_TALK_LANGUAGES.length)
})

const twilioError = (code: number, status = 400) => ({
  status,
  json: { code, message: String, more_info: `https://www.twilio.com/docs/errors/${code}`, status }
})
const vonageSmsError = (status: string) => ({
  status: 200,
  json: { 'message-count': '1', messages: [{ status, 'error-text': String }] }
})
const problem = (status: number, code: string) => ({
  status,
  json: {
    type: `https://developer.vonage.com/api-errors#${code}`,
    title: String,
    detail: String,
    instance: UUID
  }
})
const messageBirdError = (code: number, parameter: string | null, status = 422) => ({
  status,
  json: { errors: [{ code, description: String, parameter }] }
})
const talking = (changes: Record<string, unknown>) => ({ ncco: [{ action: 'talk', text: 'Hi', ...changes }] })

t.test('refuses what the vendor would refuse, in its words', async (t) => {
  const cases: readonly [EndpointName, Record<string, unknown>, object][] = [
    ['twilio sms', { To: undefined }, twilioError(21604)],
    ['twilio sms', { To: '4915112345678' }, twilioError(21211)],
    ['twilio sms', { To: '+0123456789' }, twilioError(21211)],
    ['twilio sms', { From: undefined }, twilioError(21603)],
    ['twilio sms', { From: 'Longer than eleven' }, twilioError(21212)],
    ['twilio sms', { From: undefined, MessagingServiceSid: 'MG1' }, twilioError(21705)],
    ['twilio sms', { Body: undefined }, twilioError(21602)],
    ['twilio sms', { Body: '' }, twilioError(21602)],
    ['twilio sms', { Body: 'a'.repeat(1_601) }, twilioError(21617)],
    ['twilio sms', { ValidityPeriod: '0' }, twilioError(21624)],
    ['twilio sms', { ValidityPeriod: '36001' }, twilioError(21624)],
    ['twilio sms', { ValidityPeriod: '1.5' }, twilioError(21624)],
    ['twilio sms', { StatusCallback: 'example.com' }, twilioError(21609)],
    ['twilio sms', { RiskCheck: 'maybe' }, twilioError(20422)],
    ['twilio sms', { To: '+14155552671' }, twilioError(21612)],
    ['twilio voice', { To: undefined }, twilioError(21201)],
    ['twilio voice', { To: 'sip:a' }, twilioError(21211)],
    ['twilio voice', { From: undefined }, twilioError(21213)],
    ['twilio voice', { From: 'Acme' }, twilioError(21212)],
    ['twilio voice', { Twiml: undefined }, twilioError(21205)],
    ['twilio voice', { SendDigits: '12a' }, twilioError(21206)],
    ['twilio voice', { Timeout: '601' }, twilioError(21208)],
    ['twilio voice', { MachineDetection: 'Yes' }, twilioError(21207)],
    ['twilio voice', { Twiml: `<Response><Say>${'a'.repeat(4_000)}</Say></Response>` }, twilioError(20422)],
    ['vonage sms', { to: undefined }, vonageSmsError('2')],
    ['vonage sms', { from: undefined }, vonageSmsError('2')],
    ['vonage sms', { text: '' }, vonageSmsError('2')],
    ['vonage sms', { to: NUMBER }, vonageSmsError('3')],
    ['vonage sms', { to: '123456' }, vonageSmsError('3')],
    ['vonage sms', { ttl: 19_999 }, vonageSmsError('3')],
    ['vonage sms', { ttl: 604_800_001 }, vonageSmsError('3')],
    ['vonage sms', { type: 'utf8' }, vonageSmsError('3')],
    ['vonage sms', { text: 'a'.repeat(3_201) }, vonageSmsError('12')],
    ['vonage sms', { callback: 'x' }, vonageSmsError('23')],
    ['vonage sms', { from: 'Longer than eleven' }, vonageSmsError('15')],
    ['vonage sms', { to: '14155552671' }, vonageSmsError('15')],
    ['vonage voice', { to: undefined }, problem(400, 'bad-request')],
    ['vonage voice', { to: [{ type: 'phone', number: NUMBER }] }, problem(400, 'bad-request')],
    ['vonage voice', { from: undefined }, problem(400, 'bad-request')],
    ['vonage voice', { ncco: undefined }, problem(400, 'bad-request')],
    ['vonage voice', { ncco: [] }, problem(400, 'bad-request')],
    ['vonage voice', talking({ text: ' ' }), problem(400, 'bad-request')],
    ['vonage voice', talking({ text: '<speak>1 < 2</speak>' }), problem(400, 'bad-request')],
    ['vonage voice', talking({ text: 'a'.repeat(1_501) }), problem(400, 'bad-request')],
    ['vonage voice', talking({ language: 'en-us' }), problem(400, 'bad-request')],
    ['vonage voice', talking({ loop: -1 }), problem(400, 'bad-request')],
    ['vonage voice', talking({ voice: 'Amy' }), problem(400, 'bad-request')],
    ['vonage voice', { ringing_timer: 121 }, problem(400, 'bad-request')],
    ['messagebird sms', { recipients: undefined }, messageBirdError(9, 'recipient')],
    ['messagebird sms', { recipients: [] }, messageBirdError(9, 'recipient')],
    ['messagebird sms', { recipients: [NUMBER] }, messageBirdError(9, 'recipient')],
    ['messagebird sms', { recipients: '49151,' }, messageBirdError(9, 'recipient')],
    ['messagebird sms', { originator: undefined }, messageBirdError(9, 'originator')],
    ['messagebird sms', { originator: 'Longer than eleven' }, messageBirdError(10, 'originator')],
    ['messagebird sms', { body: undefined }, messageBirdError(9, 'body')],
    ['messagebird sms', { body: 'a'.repeat(1_378) }, messageBirdError(10, 'body')],
    ['messagebird sms', { body: 'я'.repeat(604) }, messageBirdError(10, 'body')],
    ['messagebird sms', { datacoding: 'utf8' }, messageBirdError(10, 'datacoding')],
    ['messagebird sms', { validity: 0 }, messageBirdError(10, 'validity')],
    ['messagebird voice', { recipients: 'x' }, messageBirdError(9, 'recipient')],
    ['messagebird voice', { body: 'a'.repeat(1_001) }, messageBirdError(10, 'body')],
    ['messagebird voice', { originator: 'Acme' }, messageBirdError(10, 'originator')],
    ['messagebird voice', { language: 'fi-fi' }, messageBirdError(10, 'language')],
    ['messagebird voice', { language: 'de-DE' }, messageBirdError(10, 'language')],
    ['messagebird voice', { repeat: 11 }, messageBirdError(10, 'repeat')],
    ['messagebird voice', { ifMachine: 'wait' }, messageBirdError(10, 'ifMachine')]
  ]
  for (const [endpoint, changes, refusal] of cases) {
    const sentence = `${endpoint} ${JSON.stringify(changes)?.slice(0, 80)}`
    t.match(await postJson(prepare(sandbox, endpoint, changes)), refusal, sentence)
  }
  t.same(sandbox.inbox(), [], 'nothing arrived')
})

t.test('Twilio refuses TwiML that its parser would', async (t) => {
  const cases = [
    'Hi',
    '<Response><Say>Hi</Response>',
    '<Say>Hi</Say>',
    '<Response><Shout>Hi</Shout></Response>',
    '<Response><Say></Say></Response>',
    '<Response><Say>Fish & chips</Say></Response>',
    '<Response><Say a="1" a="2">Hi</Say></Response>',
    '<Response><Say>Hi</Say></Response><Response/>',
    '<Response><Say>\u0001</Say></Response>',
    '<Response><Say voice=woman>Hi</Say></Response>'
  ]
  for (const Twiml of cases) {
    t.match(await postJson(prepare(sandbox, 'twilio voice', { Twiml })), twilioError(12_100), Twiml)
  }
})

t.test('knows the magic numbers of Twilio', async (t) => {
  const cases: readonly [EndpointName, Record<string, unknown>, number][] = [
    ['twilio sms', { To: '+15005550001' }, 21211],
    ['twilio sms', { To: '+15005550002' }, 21612],
    ['twilio sms', { To: '+15005550003' }, 21408],
    ['twilio sms', { To: '+15005550004' }, 21610],
    ['twilio sms', { To: '+15005550009' }, 21614],
    ['twilio sms', { From: '+15005550001' }, 21212],
    ['twilio sms', { From: '+15005550007' }, 21606],
    ['twilio sms', { From: '+15005550008' }, 21611],
    ['twilio voice', { To: '+15005550001' }, 21217],
    ['twilio voice', { To: '+15005550002' }, 21214],
    ['twilio voice', { To: '+15005550003' }, 21215],
    ['twilio voice', { To: '+15005550004' }, 21216]
  ]
  for (const [endpoint, changes, code] of cases) {
    t.match(await postJson(prepare(sandbox, endpoint, changes)), twilioError(code), String(code))
  }
  const right = prepare(sandbox, 'twilio sms', { From: '+15005550006' })
  t.equal((await post(right)).status, 201)
})

t.test('refuses a stranger', async (t) => {
  const wrong = {
    'twilio sms': [
      {},
      basic(credentials.twilio.accountSid, 'wrong'),
      basic('AC1', credentials.twilio.authToken)
    ],
    'twilio voice': [{}, { authorization: 'Bearer x' }],
    'vonage sms': [basic(credentials.vonage.apiKey, 'wrong'), basic('wrong', credentials.vonage.apiSecret)],
    'messagebird sms': [{}, { authorization: 'AccessKey wrong' }],
    'messagebird voice': [{}, { authorization: credentials.messagebird.accessKey }]
  }
  const refusals = {
    'twilio sms': twilioError(20003, 401),
    'twilio voice': twilioError(20003, 401),
    'vonage sms': vonageSmsError('4'),
    'messagebird sms': messageBirdError(2, 'access_key', 401),
    'messagebird voice': messageBirdError(2, 'access_key', 401)
  }
  for (const endpoint of Object.keys(wrong) as (keyof typeof wrong)[]) {
    for (const headers of wrong[endpoint]) {
      const { url, body } = prepare(sandbox, endpoint)
      t.match(await postJson({ url, body, headers: headers }), refusals[endpoint], endpoint)
    }
  }
  const { url, body } = prepare(sandbox, 'vonage sms')
  t.match(await postJson({ url, body, headers: {} }), vonageSmsError('2'), 'Vonage misses the key')
})

t.test('Vonage refuses a token that is not of this application and this hour', async (t) => {
  const nowS = NOW_MS / 1_000
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const stranger = { ...credentials.vonage, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
  const [header, , signature] = jwt(credentials.vonage).split('.')
  const claims = Buffer.from(
    JSON.stringify({ application_id: credentials.vonage.applicationId, iat: nowS, jti: 'x' })
  ).toString('base64url')
  const cases: Record<string, string> = {
    'no token': '',
    'no JWT': 'x',
    'the key of another': jwt(stranger),
    'other claims under the same signature': [header, claims, signature].join('.'),
    'no signature asked for': jwt(credentials.vonage, { header: { alg: 'none' } }),
    'another application': jwt(credentials.vonage, { claims: { application_id: 'x' } }),
    'a token that is over': jwt(credentials.vonage, { claims: { exp: nowS } }),
    'a token without an end, 15 minutes old': jwt(credentials.vonage, {
      claims: { exp: undefined, iat: nowS - 900 }
    }),
    'a token of the future': jwt(credentials.vonage, { claims: { iat: nowS + 120 } }),
    'a token without an id': jwt(credentials.vonage, { claims: { jti: undefined } })
  }
  const right = prepare(sandbox, 'vonage voice')
  for (const [name, token] of Object.entries(cases)) {
    const headers = { ...right.headers, authorization: `Bearer ${token}` }
    t.match(await postJson({ ...right, headers }), problem(401, 'unauthorized'), name)
  }
})

t.test('answers what is no endpoint, and bodies that cannot be read', async (t) => {
  const twilio = prepare(sandbox, 'twilio sms')
  const elsewhere = {
    ...twilio,
    url: twilio.url.replace(credentials.twilio.accountSid, `AC${'0'.repeat(32)}`)
  }
  t.match(await postJson(elsewhere), twilioError(20404, 404), 'the account of another')
  for (const [url, refusal] of [
    [sandbox.twilioUrl, twilioError(20404, 404)],
    [sandbox.vonageRestUrl, { status: 404 }],
    [sandbox.vonageApiUrl, problem(404, 'not-found')],
    [sandbox.messagebirdUrl, messageBirdError(98, null, 404)]
  ] as const) {
    t.match(await postJson({ url: `${url}/nowhere`, headers: {}, body: '{}' }), refusal)
    t.equal((await fetch(url, { method: 'HEAD' })).status, 404, 'a client that warms up')
  }

  const broken = (endpoint: EndpointName) => postJson({ ...prepare(sandbox, endpoint), body: '{"' })
  t.match(await broken('twilio sms'), twilioError(21604))
  t.match(await broken('vonage sms'), vonageSmsError('2'))
  t.match(await broken('vonage voice'), problem(400, 'bad-request'))
  t.match(await broken('messagebird sms'), messageBirdError(21, null, 400))
  await t.rejects(
    post({ ...prepare(sandbox, 'twilio sms'), body: `Body=${'a'.repeat(300_000)}` }),
    'too long'
  )
})
