import { EventEmitter } from 'node:events'
import https from 'node:https'
import { mock } from 'node:test'
import messagebird from 'messagebird'
import t, { type Test } from 'tap'
import RequestClient from 'twilio/lib/base/RequestClient.js'
import type { CallScript, OutboundMessage } from '../../src/domain/message.ts'
import { PHRASES } from '../../src/domain/phrases.ts'
import { callScript } from '../../src/domain/texts.ts'
import { MESSAGEBIRD_LANGUAGES } from '../../src/providers/messagebird/languages.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { chooseSpeech } from '../../src/providers/speech.ts'
import { formBody } from '../../src/providers/twilio/http-client.ts'
import { codeTwiml } from '../../src/providers/twilio/twiml.ts'
import { TWILIO_VOICES } from '../../src/providers/twilio/voices.ts'
import { VONAGE_LANGUAGES } from '../../src/providers/vonage/languages.ts'
import { codeSsml } from '../../src/providers/vonage/voice.ts'
import { SPECS, VONAGE_TALK_LANGUAGES, type SpecCheck } from '../fixtures/official-specs.ts'
import { PATIENT } from '../fixtures/provider-contract.ts'
import { rawVendor, reply, type SeenRequest } from '../fixtures/raw-vendor.ts'
import {
  call,
  messageBirdAt,
  NUMBER,
  SCRIPT,
  SECRETS,
  sms,
  TEXT,
  TWILIO_SID,
  twilioAt,
  vonageAt,
  type Deps
} from '../fixtures/vendors.ts'

type CreateAt = (baseUrl: string, deps?: Deps) => Provider

const number = { name: 'line', kind: 'number', value: '+447700900123' } as const
const service = { name: 'pool', kind: 'messaging_service', value: `MG${'c'.repeat(32)}` } as const
const shortCode = { name: 'short', kind: 'short_code', value: '81234' } as const

/** What leaves for these messages. The vendor refuses them all, which is of no interest here. */
async function leaves(t: Test, createAt: CreateAt, ...messages: OutboundMessage[]): Promise<SeenRequest[]> {
  const vendor = await rawVendor(t, reply({ status: 400, body: {} }))
  const provider = createAt(vendor.baseUrl)
  t.teardown(() => provider.close())
  for (const message of messages) await provider.send(message, PATIENT)
  return vendor.seen
}

function formOf(request: SeenRequest | undefined): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(request?.body))
}

function jsonOf(request: SeenRequest | undefined): unknown {
  return JSON.parse(request?.body ?? '')
}

function meets(t: Test, check: SpecCheck, body: unknown): void {
  t.ok(check(structuredClone(body)), JSON.stringify(check.errors))
}

const variants = {
  sms: [
    sms(),
    sms({ sender: number }),
    sms({ sender: shortCode }),
    sms({ text: '481516 ist dein Code. ☃' }),
    sms({ validityMs: 1 }),
    sms({ validityMs: 999_999_999 })
  ],
  voice: [
    call(),
    call({ script: callScript('A1b2C3d4E5f6G7h8', 'hi') }),
    call({ script: callScript('0123', 'ar') })
  ]
}

t.test('Twilio: a message', async (t) => {
  const seen = await leaves(t, twilioAt, ...variants.sms, sms({ sender: service }))
  for (const request of seen) {
    t.equal(request.method, 'POST')
    t.equal(request.path, `/2010-04-01/Accounts/${TWILIO_SID}/Messages.json`)
    t.equal(request.headers['content-type'], 'application/x-www-form-urlencoded')
    t.equal(
      request.headers['authorization'],
      `Basic ${Buffer.from(`${TWILIO_SID}:${SECRETS.twilioToken}`).toString('base64')}`
    )
    meets(t, SPECS.twilioMessages, formOf(request))
  }
  t.same(formOf(seen[0]), { To: NUMBER, From: 'Acme', Body: TEXT, ValidityPeriod: '300' })
  t.match(formOf(seen[1]), { From: '+447700900123' })
  t.match(formOf(seen[3]), { Body: '481516 ist dein Code. ☃' })
  t.match(formOf(seen[4]), { ValidityPeriod: '1' })
  t.match(formOf(seen[5]), { ValidityPeriod: '36000' })
  t.same(formOf(seen[6]), {
    To: NUMBER,
    MessagingServiceSid: service.value,
    Body: TEXT,
    ValidityPeriod: '300'
  })
})

t.test('Twilio: a call', async (t) => {
  const seen = await leaves(t, twilioAt, ...variants.voice, call({ extension: '42' }))
  for (const request of seen) {
    t.equal(request.path, `/2010-04-01/Accounts/${TWILIO_SID}/Calls.json`)
    meets(t, SPECS.twilioCalls, formOf(request))
    t.ok((formOf(request)['Twiml'] ?? '').length < 4_000)
  }
  const form = formOf(seen[0])
  t.match(form, { To: NUMBER, From: '+447700900123', Timeout: '30', TimeLimit: '120' })
  t.notOk('SendDigits' in form)
  t.match(formOf(seen[3]), { SendDigits: 'wwww42' })
})

t.test('Twilio: the body is byte for byte what the SDK itself would send', async (t) => {
  const client = new RequestClient()
  let sent: unknown
  client.axios.defaults.adapter = async (config) => {
    sent = config.data
    return { data: '', status: 200, statusText: '', headers: {}, config }
  }
  const data = {
    To: NUMBER,
    Body: `a b+c&d=e%f "quoted" 'single' !*() ~ -_. äöü ☃ 😀 \n€`,
    StatusCallbackEvent: ['initiated', 'answered'],
    ValidityPeriod: 300,
    Empty: '',
    Absent: undefined
  }
  await client.request({
    method: 'post',
    uri: 'https://api.twilio.com/x',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    data
  })
  t.equal(formBody(data), sent)
  t.equal(formBody({ Body: 'broken \ud800' }), 'Body=broken%20%EF%BF%BD', 'half a character harms nothing')
})

t.test('Vonage: a message', async (t) => {
  const seen = await leaves(t, vonageAt, ...variants.sms)
  for (const request of seen) {
    t.equal(request.method, 'POST')
    t.equal(request.path, '/sms/json')
    t.equal(request.headers['content-type'], 'application/json')
    t.equal(
      request.headers['authorization'],
      `Basic ${Buffer.from(`abcd1234:${SECRETS.vonageSecret}`).toString('base64')}`
    )
    meets(t, SPECS.vonageSms, jsonOf(request))
    t.match(jsonOf(request), { to: /^\d{7,15}$/u })
  }
  t.same(jsonOf(seen[0]), { to: NUMBER.slice(1), from: 'Acme', text: TEXT, ttl: 300_000 })
  t.match(jsonOf(seen[1]), { from: '447700900123' })
  t.match(jsonOf(seen[2]), { from: '81234' })
  t.match(jsonOf(seen[3]), { type: 'unicode', text: '481516 ist dein Code. ☃' })
  t.match(jsonOf(seen[4]), { ttl: 20_000 })
  t.match(jsonOf(seen[5]), { ttl: 604_800_000 })
})

t.test('Vonage: a call', async (t) => {
  const seen = await leaves(t, vonageAt, ...variants.voice, call({ extension: '42' }))
  for (const request of seen) {
    t.equal(request.path, '/v1/calls')
    t.match(request.headers['authorization'], /^Bearer [\w-]+\.[\w-]+\.[\w-]+$/u)
    meets(t, SPECS.vonageCalls, jsonOf(request))
  }
  t.same(jsonOf(seen[0]), {
    to: [{ type: 'phone', number: NUMBER.slice(1) }],
    from: { type: 'phone', number: '447700900123' },
    ncco: [{ action: 'talk', text: codeSsml(SCRIPT), language: 'en-GB', loop: 1 }],
    ringing_timer: 30,
    length_timer: 120
  })
  t.match(jsonOf(seen[3]), { to: [{ dtmfAnswer: 'pppp42' }] })
})

t.test('MessageBird: a message', async (t) => {
  const seen = await leaves(t, messageBirdAt, ...variants.sms)
  for (const request of seen) meets(t, SPECS.messageBirdMessages, jsonOf(request))
  t.same(jsonOf(seen[0]), {
    originator: 'Acme',
    recipients: [NUMBER.slice(1)],
    body: TEXT,
    datacoding: 'auto',
    validity: 300
  })
  t.match(jsonOf(seen[1]), { originator: '447700900123' })
  t.match(jsonOf(seen[4]), { validity: 1 })
})

t.test('MessageBird: a call', async (t) => {
  const seen = await leaves(t, messageBirdAt, ...variants.voice)
  t.same(jsonOf(seen[0]), {
    originator: '447700900123',
    recipients: [NUMBER.slice(1)],
    body: 'Your code is: 4, 8, 1, 5, 1, 6.',
    language: 'en-gb',
    repeat: 2,
    ifMachine: 'continue'
  })
  for (const request of seen) t.ok(request.body.length < 1_000)
})

/** Lets the SDK build a request, and keeps it from sending. */
function capture(send: (client: ReturnType<typeof messagebird.initClient>) => void) {
  let body = ''
  const request = mock.method(https, 'request', () =>
    Object.assign(new EventEmitter(), { end: (text: string) => (body = text) })
  )
  send(messagebird.initClient(SECRETS.messageBirdKey))
  const [options = {}] = (request.mock.calls[0]?.arguments ?? []) as Record<string, unknown>[]
  request.mock.restore()
  return { options, body: JSON.parse(body) as Record<string, unknown> }
}

t.test('MessageBird: our requests equal those of its SDK', async (t) => {
  const [ownSms, ownCall] = await leaves(t, messageBirdAt, sms(), call())
  const theirs = {
    sms: capture((client) => client.messages.create(jsonOf(ownSms) as never, () => undefined)),
    call: capture((client) => client.voice_messages.create(jsonOf(ownCall) as never, () => undefined))
  }
  const pairs = [
    [ownSms, theirs.sms],
    [ownCall, theirs.call]
  ] as const
  for (const [own, { options, body }] of pairs) {
    t.equal(options['hostname'], 'rest.messagebird.com')
    t.equal(own?.method, options['method'])
    t.equal(own?.path, options['path'])
    const headers = options['headers'] as Record<string, string>
    t.equal(own?.headers['authorization'], headers['Authorization'])
    t.equal(own?.headers['content-type'], headers['Content-Type'])
    // The SDK writes the list of recipients as one text with commas (M5); the specification says a list.
    const { recipients, ...rest } = jsonOf(own) as { recipients: string[] }
    t.same(body, { ...rest, recipients: recipients.join(',') })
  }
})

t.test('what a vendor cannot do is refused before anything leaves', async (t) => {
  const cases: readonly (readonly [CreateAt, OutboundMessage, string])[] = [
    [twilioAt, call({ sender: sms().sender }), 'sender_kind'],
    [twilioAt, call({ sender: service }), 'sender_kind'],
    [vonageAt, sms({ sender: service }), 'sender_kind'],
    [vonageAt, call({ sender: sms().sender }), 'sender_kind'],
    [messageBirdAt, sms({ sender: service }), 'sender_kind'],
    [messageBirdAt, call({ sender: shortCode }), 'sender_kind'],
    [messageBirdAt, call({ extension: '42' }), 'extension_not_dialled']
  ]
  const vendor = await rawVendor(t, reply({ status: 201, body: {} }))
  for (const [createAt, message, cause] of cases) {
    const provider = createAt(vendor.baseUrl)
    t.match(await provider.send(message, PATIENT), { class: 'sender_refused', cause })
    await provider.close()
  }
  t.same(vendor.seen, [])
})

t.test('TwiML says the code slowly, twice, and escapes', (t) => {
  const twiml = codeTwiml({ ...SCRIPT, characters: ['4', 'B'], intro: 'Your <code> & "more" is:' })
  t.equal(
    twiml.replace(/^<\?xml[^>]*\?>/u, ''),
    '<Response><Say language="en-GB" voice="Polly.Amy-Neural">Your &lt;code&gt; &amp; "more" is: ' +
      '<prosody rate="slow"><say-as interpret-as="digits">4</say-as><break time="400ms"/>' +
      '<say-as interpret-as="characters">B</say-as><break time="400ms"/></prosody></Say><Pause length="1"/>' +
      '<Say language="en-GB" voice="Polly.Amy-Neural">Once more: ' +
      '<prosody rate="slow"><say-as interpret-as="digits">4</say-as><break time="400ms"/>' +
      '<say-as interpret-as="characters">B</say-as><break time="400ms"/></prosody></Say></Response>'
  )
  t.end()
})

t.test('SSML for Vonage says the code slowly, twice, and escapes', (t) => {
  t.equal(
    codeSsml({ ...SCRIPT, characters: ['4', '<'], intro: `It's <"&>:` }),
    "<speak>It&apos;s &lt;&quot;&amp;&gt;: <prosody rate='slow'><say-as interpret-as='digits'>4</say-as>" +
      "<break time='400ms'/><say-as interpret-as='characters'>&lt;</say-as><break time='400ms'/></prosody>" +
      "<break time='1s'/>Once more: <prosody rate='slow'><say-as interpret-as='digits'>4</say-as>" +
      "<break time='400ms'/><say-as interpret-as='characters'>&lt;</say-as><break time='400ms'/></prosody></speak>"
  )
  t.end()
})

t.test('every language of our texts is spoken by a voice of it, or not at all', (t) => {
  const lacking = { twilio: TWILIO_VOICES, vonage: VONAGE_LANGUAGES, messagebird: MESSAGEBIRD_LANGUAGES }
  const unspoken = Object.entries(lacking).map(([name, voices]) => [
    name,
    Object.values(PHRASES)
      .map(({ language }) => language)
      .filter((language) => !Object.hasOwn(voices, language))
  ])
  t.same(Object.fromEntries(unspoken), {
    twilio: [],
    vonage: [],
    messagebird: ['ar', 'cs', 'fi', 'he', 'hi', 'hu', 'uk']
  })
  t.same(
    Object.values(VONAGE_LANGUAGES).filter((language) => !VONAGE_TALK_LANGUAGES.includes(language)),
    []
  )
  t.end()
})

t.test(
  'chooseSpeech() takes the region where there is a voice of it, else the language, else English',
  (t) => {
    const voices = { en: 'English', 'en-gb': 'British', pt: 'Brazilian', 'pt-pt': 'Portuguese', cy: 'Welsh' }
    const spoken = (language: string, locale: string): readonly [string, string] => {
      const script: CallScript = { ...SCRIPT, language, locale, intro: `in ${language}` }
      const speech = chooseSpeech(script, voices)
      return [speech.voice, speech.script.intro]
    }
    t.same(spoken('pt', 'pt-PT'), ['Portuguese', 'in pt'])
    t.same(spoken('pt', 'pt-AO'), ['Brazilian', 'in pt'])
    t.same(spoken('en', 'en-GB'), ['British', 'in en'])
    t.same(spoken('en', 'cy-GB'), ['English', 'in en'], 'an English text for a Welsh user')
    t.same(spoken('ar', 'ar-EG'), ['English', callScript('481516', 'en').intro])
    t.same(spoken('constructor', 'constructor'), ['English', callScript('481516', 'en').intro])
    t.end()
  }
)
