import http from 'node:http'
import https from 'node:https'
import { generateKeyPairSync } from 'node:crypto'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import type { Outcome } from '../../src/domain/outcome.ts'
import { readRetryAfterMs } from '../../src/providers/http-status.ts'
import { MESSAGEBIRD_BASE_URL } from '../../src/providers/messagebird/messagebird.ts'
import { createProviders } from '../../src/providers/registry.ts'
import { sdkDebugFault } from '../../src/providers/sdk-debug.ts'
import { createTwilio } from '../../src/providers/twilio/twilio.ts'
import { createBearer } from '../../src/providers/vonage/bearer.ts'
import { createVonage } from '../../src/providers/vonage/vonage.ts'
import { PATIENT, sendQuietly } from '../fixtures/provider-contract.ts'
import {
  closedPort,
  dribble,
  hang,
  rawVendor,
  reply,
  reset,
  responseOf,
  type Behaviour,
  type RawVendor
} from '../fixtures/raw-vendor.ts'
import {
  call,
  messageBirdAt,
  NOW_MS,
  NUMBER,
  PRIVATE_KEY,
  SECRETS,
  sms,
  TEXT,
  TWILIO_SID,
  twilioAt,
  VENDOR_CHANNELS,
  vonageAt,
  type Deps
} from '../fixtures/vendors.ts'
import type { Provider } from '../../src/providers/provider.ts'

// The traps of the three SDKs, by the numbers that the decision "SDKs build, our exchange sends" gives them.

type CreateAt = (baseUrl: string, deps?: Deps) => Provider

async function open(t: Test, createAt: CreateAt, behaviour: Behaviour = hang, deps: Deps = {}) {
  const vendor: RawVendor = await rawVendor(t, behaviour)
  const provider = createAt(vendor.baseUrl, deps)
  t.teardown(() => provider.close())
  return { vendor, provider }
}

/** A connection that stands: what follows is written at once, however slow the machine. */
async function warmedUp(t: Test, createAt: CreateAt, behaviour: Behaviour) {
  const opened = await open(t, createAt, reply({ status: 400, body: {} }), { connections: 1 })
  await opened.provider.send(sms(), PATIENT)
  opened.vendor.behave = behaviour
  return opened
}

const impatient = { startWithinMs: 10_000, endWithinMs: 100 }
const messageId = { 'message-id': 'part-1', status: '0' }

t.test('T1: an answer that dribbles past the limit is ended by the limit', async (t) => {
  const { provider } = await warmedUp(t, twilioAt, dribble)
  t.match(await sendQuietly(t, provider, sms(), impatient), { class: 'no_answer', cause: 'timeout' })
})

t.test('T2: 100 messages at once over a slow vendor all leave', async (t) => {
  for (const { title, createAt, message, accepts } of VENDOR_CHANNELS) {
    const { vendor, provider } = await open(t, createAt)
    const waiting: (() => void)[] = []
    vendor.behave = (socket) => {
      // None is answered before all have come: no pool of 20 could do that.
      waiting.push(() => socket.write(responseOf(accepts)))
      if (waiting.length === 100) for (const answer of waiting) answer()
    }
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => provider.send(message, PATIENT)))
    t.ok(
      outcomes.every((outcome: Outcome) => outcome.class === 'accepted'),
      title
    )
    t.equal(vendor.seen.length, 100)
  }
})

t.test('T3: no failure of any kind rejects, and none carries the message or the credentials', async (t) => {
  const refused = await closedPort()
  for (const { createAt, message } of VENDOR_CHANNELS) {
    const provider = createAt(refused)
    t.match(await sendQuietly(t, provider, message), { class: 'not_reached' })
    await provider.close()
    const { provider: broken } = await open(t, createAt, reset)
    t.match(await sendQuietly(t, broken, message), { class: 'no_answer' })
  }
})

t.test('T4: the Retry-After of an error is read', async (t) => {
  const limited = { status: 429, body: { code: 20_429, message: TEXT }, headers: { 'retry-after': '3' } }
  const { provider } = await open(t, twilioAt, reply(limited))
  t.same(await sendQuietly(t, provider, sms()), {
    class: 'throttled',
    cause: 'refused',
    providerCode: '20429',
    httpStatus: 429,
    retryAfterMs: 3_000
  })
})

t.test('T5: an API key signs in, for the account that it belongs to', async (t) => {
  const vendor = await rawVendor(t, reply({ status: 400, body: {} }))
  const keys = { apiKey: `SK${'d'.repeat(32)}`, apiSecret: SECRETS.twilioToken }
  const provider = createTwilio(
    { accountSid: TWILIO_SID, ...keys, baseUrl: vendor.baseUrl },
    { now: () => NOW_MS }
  )
  t.teardown(() => provider.close())
  await provider.send(sms(), PATIENT)
  t.match(vendor.seen[0]?.path, new RegExp(`^/2010-04-01/Accounts/${TWILIO_SID}/`, 'u'))
  const basic = Buffer.from(`${keys.apiKey}:${keys.apiSecret}`).toString('base64')
  t.equal(vendor.seen[0]?.headers['authorization'], `Basic ${basic}`)
})

// T6 is about types with skipLibCheck off. Ours is on.

t.test('T7: no SDK sends by a client of its own: not axios, not fetch, not node:https', async (t) => {
  const others = [
    mock.method(http, 'request', () => t.fail('http.request')),
    mock.method(https, 'request', () => t.fail('https.request')),
    mock.method(globalThis, 'fetch', () => t.fail('fetch'))
  ]
  t.teardown(() => others.forEach((other) => other.mock.restore()))
  for (const { createAt, message, accepts } of VENDOR_CHANNELS) {
    const { provider } = await open(t, createAt, reply(accepts))
    t.match(await provider.send(message, PATIENT), { class: 'accepted' })
  }
})

t.test('the environment does not turn Twilio to another edge or region', async (t) => {
  process.env['TWILIO_EDGE'] = 'sydney'
  process.env['TWILIO_REGION'] = 'au1'
  t.teardown(() => {
    delete process.env['TWILIO_EDGE']
    delete process.env['TWILIO_REGION']
  })
  const { vendor, provider } = await open(t, twilioAt, reply({ status: 400, body: {} }))
  await provider.send(sms(), PATIENT)
  t.equal(vendor.seen[0]?.headers['host'], vendor.baseUrl.replace('http://', ''))
})

t.test('V1: an answer that breaks off, or is empty, is not a success', async (t) => {
  const { vendor, provider } = await warmedUp(t, vonageAt, dribble)
  t.match(await sendQuietly(t, provider, sms(), impatient), { class: 'no_answer', cause: 'timeout' })
  t.match(await sendQuietly(t, provider, call(), impatient), { class: /^no_answer|not_reached$/u })
  for (const body of ['', '{}', '{"message-count":"0","messages":[]}']) {
    vendor.behave = reply({ status: 200, body, headers: { 'content-type': 'application/json' } })
    t.match(await sendQuietly(t, provider, sms()), { class: 'no_answer', cause: 'unreadable_answer' })
    t.match(await sendQuietly(t, provider, call()), { class: 'no_answer', cause: 'unreadable_answer' })
  }
})

t.test('V2: a whole refusal with its count as text is read by its status', async (t) => {
  const messages = [{ status: '4', 'error-text': 'Bad Credentials' }]
  const { provider } = await open(
    t,
    vonageAt,
    reply({ status: 200, body: { 'message-count': '1', messages } })
  )
  t.match(await sendQuietly(t, provider, sms()), { class: 'credentials', providerCode: '4', httpStatus: 200 })
})

t.test('V3: HTTP 200 with an error inside is an error, and several parts count together', async (t) => {
  const { vendor, provider } = await open(t, vonageAt)
  const say = (...messages: unknown[]) => {
    vendor.behave = reply({ status: 200, body: { 'message-count': String(messages.length), messages } })
    return sendQuietly(t, provider, sms())
  }
  const throttled = { status: '1', 'error-text': 'Throughput Rate Exceeded - please wait [ 250 ] and retry' }
  t.match(await say(throttled), { class: 'throttled', retryAfterMs: 250 })
  t.match(await say({ status: '3', 'error-text': 'Invalid value for param: to' }), {
    class: 'recipient_refused'
  })
  t.match(await say({ status: '3', 'error-text': `Invalid value for param: ttl, to ${NUMBER}` }), {
    class: 'bad_request'
  })
  t.same(await say(messageId, { ...messageId, 'message-id': 'part-2' }), {
    class: 'accepted',
    transactionId: 'part-1'
  })
  t.match(await say(messageId, throttled), { class: 'no_answer', cause: 'partly_sent', providerCode: '1' })
  t.match(await say(throttled, messageId), { class: 'no_answer', cause: 'partly_sent', providerCode: '1' })
  t.match(await say(throttled, { status: '9' }), { class: 'throttled' }, 'the first refusal speaks for all')
  t.match(await say({ status: 0 }), { class: 'no_answer' }, 'a number is no status of theirs')
})

t.test('V4: debug output that would print the private key is found', (t) => {
  const bad = [
    'vonage:jwt',
    'vonage:*',
    '*',
    'vonage*',
    'express,vo*',
    'VONAGE:auth',
    'a b vonage:jwt:tokenGenerate'
  ]
  const expected = { name: 'DEBUG', message: /private key/u }
  for (const DEBUG of bad) t.match(sdkDebugFault({ DEBUG }), expected, DEBUG)
  for (const DEBUG of ['', 'express:*', '-vonage:*', 'fastify', undefined]) {
    t.equal(sdkDebugFault({ DEBUG }), null, String(DEBUG))
  }
  for (const NODE_DEBUG of ['http', 'net,tls', 'HTTP', 'undici', '*']) {
    t.match(sdkDebugFault({ NODE_DEBUG }), { name: 'NODE_DEBUG' }, NODE_DEBUG)
  }
  t.equal(sdkDebugFault({ NODE_DEBUG: 'timer' }), null)
  t.equal(sdkDebugFault({}), null)
  t.end()
})

// V5 (the SDK renders every answer for a log that is off) is in the part of the SDK that we replace.

t.test('V6: long bodies of errors are read, so that their connection serves again', async (t) => {
  const { vendor, provider } = await open(t, vonageAt, reply({ status: 400, body: 'x'.repeat(60_000) }), {
    connections: 1
  })
  for (let sent = 0; sent < 20; sent++) await provider.send(sms(), PATIENT)
  t.equal(vendor.seen.length, 20)
  t.equal(vendor.connections(), 1)
})

t.test('V7: no deprecated call where there is no private key, and no key is taken for a path', async (t) => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))

  const urls = { restUrl: 'http://127.0.0.1:9', apiUrl: 'http://127.0.0.1:9' }
  const account = { apiKey: 'abcd1234', apiSecret: SECRETS.vonageSecret }
  const onlySms = createVonage({ sms: account, voice: null, ...urls }, { now: () => NOW_MS })
  t.same([...onlySms.channels], ['sms'])
  t.match(await onlySms.send(call(), PATIENT), { class: 'bad_request', cause: 'no_channel' })
  await onlySms.close()
  await new Promise((resolve) => setImmediate(resolve))
  t.same(warnings, [])

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const faulty = {
    [import.meta.filename]: /no private key in PEM/u,
    '': /no private key in PEM/u,
    [ec.export({ type: 'pkcs8', format: 'pem' })]: /must be an RSA key/u
  }
  for (const [privateKey, message] of Object.entries(faulty)) {
    const voice = { applicationId: 'app', privateKey }
    t.throws(() => createVonage({ sms: null, voice, ...urls }, { now: () => NOW_MS }), { message })
  }
})

function claimsOf(header: string): { iat: number; exp: number; application_id: string } {
  return JSON.parse(Buffer.from(header.split('.')[1] ?? '', 'base64url').toString('utf8'))
}

t.test(
  'V8: every token lives for 900 s, is signed once in ten minutes, and early where nobody waits',
  async (t) => {
    let nowMs = NOW_MS
    const bearer = createBearer({ applicationId: 'app', privateKey: PRIVATE_KEY }, () => nowMs)
    const header = () => bearer.auth.createBearerHeader()

    const first = await header()
    t.match(claimsOf(first), { application_id: 'app' })
    nowMs += 599_000
    t.equal(await header(), first)
    nowMs += 1_000
    const second = await header()
    t.not(second, first)

    nowMs += 299_000
    await bearer.renew()
    t.equal(await header(), second, 'still young')
    nowMs += 1_000
    await bearer.renew()
    const third = await header()
    t.not(third, second, 'renewed before a request had to')

    nowMs -= 5_000
    t.not(await header(), third, 'a clock that was set back')
    for (const token of [first, second, third]) t.equal(claimsOf(token).exp - claimsOf(token).iat, 900)
  }
)

t.test('V8: calls share a token', async (t) => {
  const { vendor, provider } = await open(t, vonageAt, reply({ status: 400, body: {} }))
  await provider.send(call(), PATIENT)
  await provider.send(call(), PATIENT)
  t.equal(vendor.seen[0]?.headers['authorization'], vendor.seen[1]?.headers['authorization'])
})

t.test("V9: the SDK's odd user agent is one legal header", async (t) => {
  const { vendor, provider } = await open(t, vonageAt, reply({ status: 400, body: {} }))
  await provider.send(sms(), PATIENT)
  t.match(vendor.seen[0]?.headers['user-agent'], /^@vonage\/server-sdk\/3\.0\.0[\u0020-\u007e]*$/u)
})

// V10 is about types with skipLibCheck off. Ours is on.

t.test('M1: JSON without `errors` is no success, whatever its status', async (t) => {
  const { vendor, provider } = await open(t, messageBirdAt)
  const recipients = { totalCount: 0, items: [] }
  const cases = [
    [429, { code: 20_429 }, 'throttled'],
    [500, { message: 'no' }, 'no_answer'],
    [200, { message: 'fine' }, 'no_answer'],
    [201, { id: 'abc' }, 'no_answer'],
    [201, { id: 'abc', recipients }, 'no_answer'],
    [200, { errors: [{ code: 25, description: 'Not enough balance' }] }, 'quota']
  ] as const
  for (const [status, body, expected] of cases) {
    vendor.behave = reply({ status, body })
    t.match(await sendQuietly(t, provider, sms()), { class: expected }, JSON.stringify(body))
  }
})

// M2 (its webhook middleware verifies nothing) matters to receipts, which are not taken yet.
// M3 (a call form that kills the process) cannot happen: the SDK is not called.

t.test('M4: a connection that serves many messages gathers no listeners', async (t) => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  t.teardown(() => process.off('warning', onWarning))
  const { vendor, provider } = await open(t, messageBirdAt, reply({ status: 400, body: {} }), {
    connections: 1
  })
  for (let sent = 0; sent < 30; sent++) await provider.send(sms(), PATIENT)
  t.equal(vendor.connections(), 1)
  t.same(warnings, [])
})

t.test('M5: the message handed in is left as it was, and recipients are a list', async (t) => {
  const { vendor, provider } = await open(t, messageBirdAt, reply({ status: 400, body: {} }))
  const message = sms()
  const before = structuredClone(message)
  await provider.send(message, PATIENT)
  t.same(message, before)
  t.match(JSON.parse(vendor.seen[0]?.body ?? ''), { recipients: [NUMBER.slice(1)] })
})

t.test('M6: an answer that is cut short may stand for a message that was sent', async (t) => {
  const { provider } = await open(t, messageBirdAt, (socket) => {
    socket.end('HTTP/1.1 201 Created\r\ncontent-length: 99\r\n\r\n{"id":')
  })
  t.match(await sendQuietly(t, provider, sms()), { class: 'no_answer' })
})

t.test('M7: an error with `message` in the place of `description` is read by its code', async (t) => {
  const errors = [{ code: 2, message: 'Request not allowed', parameter: 'access_key' }]
  const { provider } = await open(t, messageBirdAt, reply({ status: 401, body: { errors } }))
  t.match(await sendQuietly(t, provider, call()), { class: 'credentials', providerCode: '2' })
})

t.test("a vendor's code that does not look like one is dropped", async (t) => {
  const { provider } = await open(t, twilioAt, reply({ status: 400, body: { code: `to ${NUMBER}` } }))
  t.match(await sendQuietly(t, provider, sms()), { class: 'unknown', cause: 'refused', providerCode: null })
})

t.test('readRetryAfterMs() takes what RFC 9110 allows', (t) => {
  const cases: readonly (readonly [string | string[] | undefined, number | null])[] = [
    ['0', 0],
    [' 5 ', 5_000],
    ['120', 60_000],
    ['Tue, 24 Nov 2026 08:00:07 GMT', 7_000],
    ['Tuesday, 24-Nov-26 08:00:07 GMT', 7_000],
    ['Tue, 24 Nov 2026 07:00:00 GMT', 0],
    ['1.5', null],
    ['2026', 60_000],
    ['soon', null],
    ['', null],
    [undefined, null],
    [['1', '2'], null]
  ]
  for (const [header, expected] of cases) {
    t.equal(readRetryAfterMs(header, NOW_MS), expected, JSON.stringify(header))
  }
  t.end()
})

t.test('createProviders() makes those that have settings', async (t) => {
  const messagebird = { accessKey: SECRETS.messageBirdKey, baseUrl: MESSAGEBIRD_BASE_URL }
  const providers = createProviders({ twilio: null, vonage: null, messagebird }, { now: () => NOW_MS })
  t.same([...providers.keys()], ['messagebird'])
  await providers.get('messagebird')?.close()
})
