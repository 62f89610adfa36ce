import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import type { ReplyPolicy } from '../../src/domain/rules.ts'
import type { Attempt, Delivery, Result } from '../../src/domain/delivery.ts'
import { readRequest, type ReadRequest } from '../../src/okta/read-request.ts'
import { replyTo, replyToMisunderstood, statusOf } from '../../src/okta/reply.ts'

const sample = (name: string): Record<string, any> =>
  JSON.parse(readFileSync(new URL(`../fixtures/okta-samples/${name}.json`, import.meta.url), 'utf8'))

/** Okta's sample with another message profile. */
function profile(over: Record<string, unknown>, top: Record<string, unknown> = {}): unknown {
  const body = sample('request-sms.docs-reference-2024')
  Object.assign(body['data'].messageProfile, { phoneNumber: '+14155550123' }, over)
  return { ...body, ...top }
}

const understood = (read: ReadRequest) => {
  if (read.kind !== 'understood') throw new Error(`Not understood: ${read.reason}.`)
  return read.request
}

t.test('readRequest() understands every published sample', async (t) => {
  const common = {
    eventId: 'uS5871kJThSsU8qlA1LTcg',
    oktaRequestId: 'reqRgSk8IBBRhuo0YdlEDTmUw',
    channel: 'sms',
    locale: 'EN-US',
    code: '11111',
    text: '(HOOK)Your code is 11111',
    userId: '00uyxxSknGtK8022w0g3',
    preview: true
  }
  const cases = [
    ['request-sms.docs-reference-2024', { ...common, flow: 'enrollment', lifeMs: 294_321 }],
    ['request-sms.docs-first-2022-02', { ...common, flow: 'enrollment', lifeMs: 294_321 }],
    ['request-sms.openapi-2026.06.3', { ...common, flow: null, lifeMs: 64_110_278_321 }],
    [
      'request-voice.derived',
      {
        ...common,
        eventId: 'derived-voice-call-sample',
        channel: 'voice',
        flow: 'sign_in',
        text: null,
        preview: false
      }
    ]
  ] as const
  for (const [name, expected] of cases) {
    const request = understood(readRequest(sample(name), 'US'))
    t.match(request, expected, name)
    t.equal(request.phone.e164, name.includes('voice') ? '+15555551212' : '+19876543210')
  }
  t.match(
    readRequest(sample('request-sms.docs-reference-2024'), null),
    { kind: 'not_understood', reason: 'invalid_phone_number', preview: true },
    "without a country the Preview's placeholder is no number"
  )
})

t.test('readRequest() is lenient where Okta is loose', async (t) => {
  for (const channel of ['SMS', 'sms', ' Sms ']) {
    t.equal(understood(readRequest(profile({ deliveryChannel: channel }), null)).channel, 'sms', channel)
  }
  for (const channel of [
    'CALL',
    'voice call',
    'Voice Call',
    'VOICE_CALL',
    'voice',
    'Voice',
    'call',
    'phone'
  ]) {
    t.equal(understood(readRequest(profile({ deliveryChannel: channel }), null)).channel, 'voice', channel)
  }
  for (const channel of ['', 'email', 'push', 'whatsapp', 'sms2', null, 7]) {
    t.match(
      readRequest(profile({ deliveryChannel: channel }), null),
      { reason: 'unknown_channel' },
      `${channel}`
    )
  }
  t.equal(understood(readRequest(profile({ otpCode: '00123' }), null)).code, '00123')
  t.match(readRequest(profile({ otpCode: 123 }), null), { request: { code: '123' }, codeAsNumber: true })
  t.equal(
    understood(
      readRequest(
        profile({ otpCode: 123, msgTemplate: 'Code 00123, ref 4123', deliveryChannel: 'call' }),
        null
      )
    ).code,
    '00123',
    'the text still shows the zeros that the number has lost'
  )
  t.match(understood(readRequest(profile({ locale: null, userProfile: null }), null)), { locale: null })
  t.match(understood(readRequest(profile({ locale: 'pt_BR' }), null)), { locale: 'pt-BR' })
  for (const locale of ['<b>', '12345', 'english', 'e']) {
    t.match(understood(readRequest(profile({ locale }), null)), { locale: null }, locale)
  }
  t.match(understood(readRequest(profile({ locale: 'zh-Hant-TW-x-1' }), null)), { locale: 'zh-Hant-TW' })
  t.match(understood(readRequest(profile({ msgTemplate: null }), null)), { text: null, code: '11111' })
  t.match(understood(readRequest(profile({ otpCode: undefined }), null)), { code: null })
  t.match(understood(readRequest(profile({}, { eventId: undefined }), null)), { eventId: null })
  t.match(understood(readRequest(profile({}, { eventId: 'a'.repeat(200) }), null)), { eventId: null })
  t.match(understood(readRequest(profile({}, { source: 'https://Acme.okta.com/api' }), null)), {
    org: 'acme.okta.com'
  })
  t.match(understood(readRequest(profile({}, { new: { field: [] }, requestType: 'com.new' }), null)), {
    flow: null
  })
  t.match(understood(readRequest(profile({ msgTemplate: 'رمزك\u200f 11111' }), null)), {
    text: 'رمزك\u200f 11111'
  })
  for (const [requestType, flow] of [
    ['pre-enrollment', 'enrollment'],
    ['mfa-verification', 'sign_in'],
    ['account-unlock', 'unlock'],
    ['password-reset', 'password_reset']
  ]) {
    t.match(
      understood(readRequest(profile({}, { requestType: `com.okta.user.telephony.${requestType}` }), null)),
      { flow }
    )
  }
})

t.test("readRequest() counts a code's life by Okta's clock alone", async (t) => {
  const life = (otpExpires: unknown, eventTime: unknown) =>
    understood(readRequest(profile({ otpExpires }, { eventTime }), null)).lifeMs
  t.equal(life('2031-01-01T00:05:00Z', '2031-01-01T00:00:00Z'), 300_000)
  t.equal(life('2031-01-01T00:00:00Z', '2031-01-01T00:00:01Z'), -1000)
  t.equal(life(undefined, '2031-01-01T00:00:01Z'), 300_000)
  t.equal(life('2031-01-01T00:00:01Z', undefined), 300_000)
  t.equal(life('soon', 'now'), 300_000)
})

t.test('readRequest() refuses what it would have to guess', async (t) => {
  const cases: readonly [string, unknown, string][] = [
    ['no object', 'hello', 'wrong_shape'],
    ['null', null, 'wrong_shape'],
    ['an array', [], 'wrong_shape'],
    ['no data', {}, 'wrong_shape'],
    ['a profile of the wrong type', { data: { messageProfile: 'x' } }, 'wrong_shape'],
    ['a number in a list', profile({ phoneNumber: ['+14155550123'] }), 'wrong_shape'],
    ['a code in an object', profile({ otpCode: { code: '11111' } }), 'wrong_shape'],
    ['a boolean for a code', profile({ otpCode: true }), 'wrong_shape'],
    ['a number too long for its type', profile({ phoneNumber: 1e300 }), 'invalid_phone_number'],
    ['letters', profile({ phoneNumber: 'not a number' }), 'invalid_phone_number'],
    ['an empty number', profile({ phoneNumber: '' }), 'invalid_phone_number'],
    ['no country code', profile({ phoneNumber: '9876543210' }), 'invalid_phone_number'],
    ['a header in the number', profile({ phoneNumber: '+14155550123\r\nX: y' }), 'invalid_phone_number'],
    ['a fraction', profile({ phoneNumber: 1415555.01 }), 'invalid_phone_number'],
    ['markup in the code', profile({ otpCode: '<Say>' }), 'invalid_code'],
    ['white space in the code', profile({ otpCode: '1 2' }), 'invalid_code'],
    ['a code that is too long', profile({ otpCode: '1'.repeat(17) }), 'invalid_code'],
    ['a call without a code', profile({ otpCode: null, deliveryChannel: 'voice' }), 'missing_code'],
    ['neither code nor text', profile({ otpCode: null, msgTemplate: '' }), 'missing_code'],
    ['control characters in the text', profile({ msgTemplate: 'Code\u0000 11111' }), 'invalid_text'],
    ['an escape sequence in the text', profile({ msgTemplate: '\u001b[31m11111' }), 'invalid_text'],
    ['a text that runs backwards', profile({ msgTemplate: '\u202e11111' }), 'invalid_text'],
    ['a text that is too long', profile({ msgTemplate: 'x'.repeat(1531) }), 'invalid_text']
  ]
  for (const [name, body, reason] of cases) {
    t.match(readRequest(body, null), { kind: 'not_understood', reason }, name)
  }
})

t.test('readRequest() never throws', async (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (a, b, c) => {
      readRequest(a, 'US')
      readRequest(profile({ phoneNumber: a, otpCode: b, msgTemplate: c }), 'US')
      readRequest(
        profile({ deliveryChannel: a, locale: b, otpExpires: c }, { eventTime: a, source: b, eventId: c }),
        'US'
      )
    }),
    { numRuns: 1000 }
  )
  t.pass('1000 random bodies')
})

const attempt: Attempt = {
  number: 1,
  provider: 'vonage',
  trigger: 'first',
  result: 'provider_error',
  certainty: 'not_sent',
  cause: 'http_503',
  providerCode: '5',
  httpStatus: 503,
  transactionId: null,
  durationMs: 120
}
const policy: ReplyPolicy = { allFailed: 'failed', undecided: 'failed', blocked: 'error' }
const delivery = (result: Result, over: Partial<Delivery> = {}): Delivery => ({
  result,
  attempts: [attempt, { ...attempt, number: 2, provider: 'twilio' }],
  rule: 'nordics-sms',
  rulesHash: '3f9a1c2',
  policy,
  lastResort: false,
  durationMs: 1227,
  ...over
})
const told = { channel: 'sms', requestId: 'r1' } as const

t.test('replyTo() tells Okta the truth in its own words', async (t) => {
  const accepted = replyTo(delivery({ kind: 'accepted', provider: 'vonage', transactionId: 'abc-1' }), told)
  t.same(accepted, {
    commands: [
      {
        type: 'com.okta.telephony.action',
        value: [
          {
            status: 'SUCCESSFUL',
            provider: 'VONAGE',
            transactionId: 'abc-1',
            transactionMetadata: 'attempts=2,duration=1227ms,rule=nordics-sms'
          }
        ]
      }
    ],
    debugContext: {
      requestId: 'r1',
      outcome: 'accepted',
      rule: 'nordics-sms',
      rules: '3f9a1c2',
      attempts: [
        { provider: 'vonage', result: 'provider_error', ms: 120, code: '5' },
        { provider: 'twilio', result: 'provider_error', ms: 120, code: '5' }
      ]
    }
  })

  const statuses: readonly [string, Result, Partial<ReplyPolicy>, string][] = [
    ['all failed', { kind: 'all_failed' }, {}, 'FAILED'],
    ['all failed, as an error', { kind: 'all_failed' }, { allFailed: 'error' }, 'ERROR'],
    ['undecided', { kind: 'undecided', provider: 'twilio' }, {}, 'FAILED'],
    [
      'undecided, successful',
      { kind: 'undecided', provider: 'twilio' },
      { undecided: 'successful' },
      'SUCCESSFUL'
    ],
    ['undecided, pending', { kind: 'undecided', provider: 'twilio' }, { undecided: 'pending' }, 'PENDING'],
    ['blocked', { kind: 'blocked', reason: 'premium_number' }, {}, 'ERROR'],
    ['blocked, failed', { kind: 'blocked', reason: 'x' }, { blocked: 'failed' }, 'FAILED'],
    ['recipient', { kind: 'refused', class: 'recipient_refused' }, {}, 'ERROR'],
    ['opted out', { kind: 'refused', class: 'opted_out' }, {}, 'ERROR'],
    ['fraud', { kind: 'refused', class: 'fraud_blocked' }, {}, 'ERROR'],
    ['expired', { kind: 'expired' }, {}, 'ERROR']
  ]
  for (const [name, result, over, status] of statuses) {
    const reply = replyTo(delivery(result, { policy: { ...policy, ...over } }), told)
    t.equal(statusOf(reply), status, name)
    if ('error' in reply) {
      t.notMatch(
        reply.error.errorSummary,
        /twilio|vonage|messagebird|\d/iu,
        `${name}: nothing for the user to puzzle over`
      )
    }
  }
  t.match(replyTo(delivery({ kind: 'all_failed' }, { attempts: [] }), told), {
    commands: [
      { value: [{ status: 'FAILED', transactionMetadata: 'attempts=0,duration=1227ms,rule=nordics-sms' }] }
    ]
  })
})

t.test("every answer has the shape of Okta's own schema and samples", async (t) => {
  const schema = sample('telephony-response.openapi-2026.06.3')['TelephonyResponse']
  const check = new Ajv({ strict: false }).compile(schema)
  const errors = [
    replyToMisunderstood('unknown_channel', 'r1'),
    replyTo(delivery({ kind: 'expired' }), told)
  ] as unknown as Record<string, any>[]
  const documented = sample('response-error.docs')
  for (const error of errors) {
    t.same(Object.keys(error), ['error', 'debugContext'])
    t.same(Object.keys(error['error']), Object.keys(documented['error']))
    t.ok(Array.isArray(error['error'].errorCauses))
  }
  const documentedSuccess = sample('response-successful.docs')
  const success = replyTo(delivery({ kind: 'accepted', provider: 'vonage', transactionId: 'x' }), told)
  t.ok(check(success))
  t.same(
    Object.keys((success as any).commands[0].value[0]),
    Object.keys(documentedSuccess['commands'][0].value[0])
  )
  t.ok(check(replyTo(delivery({ kind: 'undecided', provider: 'x' }), told)))
})
