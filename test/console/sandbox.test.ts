import { readFileSync } from 'node:fs'
import t from 'tap'
import { sampleRequest } from '../../src/okta/sample-request.ts'
import { askConsole, listen, logIn } from '../fixtures/console.ts'
import { startStack, until } from '../fixtures/stack.ts'

const SAMPLE = JSON.parse(
  readFileSync(
    new URL('../fixtures/okta-samples/request-sms.docs-reference-2024.json', import.meta.url),
    'utf8'
  )
)

t.test(
  'the sample is the one that Okta has published, with a number, a person and a code of its own',
  async (t) => {
    const { eventId, source, data } = sampleRequest({
      number: '+46701740605',
      channel: 'sms',
      userId: 'somebody',
      code: '012345'
    })
    t.match(eventId, /^[\w-]{36}$/u)
    t.match(source, /^https:\/\/example\.okta\.com\//u)
    t.same(
      {
        ...sampleRequest({ number: '', channel: 'sms', userId: '', code: '' }),
        eventId: '',
        source: '',
        data: null
      },
      { ...SAMPLE, eventId: '', source: '', data: null }
    )
    t.same(data, {
      ...SAMPLE.data,
      userProfile: { ...SAMPLE.data.userProfile, userId: 'somebody' },
      messageProfile: {
        ...SAMPLE.data.messageProfile,
        msgTemplate: '(HOOK)Your code is 012345',
        phoneNumber: '+46701740605',
        otpCode: '012345'
      }
    })
  }
)

t.test('the tour happens on one page: a code, a fault, a failover, and all is well again', async (t) => {
  const stack = await startStack(t)
  const { ask, cookie } = await logIn(stack)
  const page = await listen(stack, cookie)
  const { json: before } = await ask('GET', '/sandbox')
  t.match(before.faults, [
    { provider: 'twilio', fault: null },
    { provider: 'vonage' },
    { provider: 'messagebird' }
  ])
  const [first] = before.samples

  const sent = await ask('POST', '/sandbox/send', { number: first.number, channel: 'sms' })
  t.match(sent.json, { httpStatus: 200, body: /SUCCESSFUL.*TWILIO/u, requestId: /^[\w-]{36}$/u })
  await until(() => page.last('sandbox')?.inbox.length === 1)
  t.match(page.last('sandbox').inbox[0], {
    to: first.number,
    provider: 'twilio',
    text: /Your code is \d{6}$/u
  })

  t.match((await ask('PUT', '/sandbox/faults/twilio', { mode: 'status_503' })).json.faults[0], {
    mode: 'status_503',
    fault: 'says that it is in trouble (503)'
  })
  const over = await ask('POST', '/sandbox/send', { number: first.number, channel: 'sms' })
  t.match(over.json.body, /VONAGE/u, 'somebody else asks, and Twilio is asked first')
  t.match(stack.events('otp.failover'), [{ from: 'twilio', to: 'vonage' }])
  t.same(stack.events('otp.resend.detected'), [])
  t.match((await ask('DELETE', '/sandbox/faults/twilio')).json.faults[0], { fault: null, mode: null })
  await ask('POST', '/sandbox/send', { number: first.number, channel: 'sms', again: true })
  t.match(stack.events('otp.resend.detected'), [{ previous_provider: 'vonage' }])
  t.same((await ask('DELETE', '/sandbox/inbox')).json.inbox, [])
  page.stop()
})

t.test('each fault can be set, is said in words, and is taken back', async (t) => {
  const stack = await startStack(t)
  const { ask } = await logIn(stack)
  for (const { mode, words } of (await ask('GET', '/sandbox')).json.modes) {
    const { status, json } = await ask('PUT', '/sandbox/faults/vonage', { mode })
    t.match([status, json.faults[1]], [200, { mode, fault: words }])
  }
  await ask('DELETE', '/sandbox/faults/vonage')
  await stack.sandbox.setFault('vonage', { mode: 'html', status: 504 }, { channel: 'sms' })
  t.match((await ask('GET', '/sandbox')).json.faults[1], { mode: null, fault: 'html (sms only)' })
  for (const [method, path, body] of [
    ['PUT', '/sandbox/faults/nobody', { mode: 'slow' }],
    ['PUT', '/sandbox/faults/__proto__', { mode: 'slow' }],
    ['PUT', '/sandbox/faults/twilio', { mode: 'constructor' }],
    ['PUT', '/sandbox/faults/twilio', {}],
    ['DELETE', '/sandbox/faults/nobody', undefined],
    ['POST', '/sandbox/send', { number: '', channel: 'sms' }],
    ['POST', '/sandbox/send', { number: '+1', channel: 'fax' }]
  ] as const) {
    const answer = await ask(method, path, body)
    t.equal(answer.status, 400, `${method} ${path}`)
    t.ok(answer.json.mistakes.length > 0)
  }
})

t.test('a live gateway has no sandbox to show', async (t) => {
  const stack = await startStack(t, { mode: 'live' })
  const { ask } = await logIn(stack)
  for (const [method, path] of [
    ['GET', '/sandbox'],
    ['DELETE', '/sandbox/inbox'],
    ['PUT', '/sandbox/faults/twilio'],
    ['DELETE', '/sandbox/faults/twilio'],
    ['POST', '/sandbox/send']
  ] as const) {
    t.equal((await ask(method, path, method === 'GET' ? undefined : {})).status, 404, path)
  }
  t.equal((await askConsole(stack, 'GET', '/console/api/nothing')).status, 404)
})
