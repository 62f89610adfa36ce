import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { MOST_STREAMS } from '../../src/console/streams.ts'
import { listen, logIn, type Listening } from '../fixtures/console.ts'
import { LOGIN } from '../fixtures/gateway.ts'
import { ADMIN_SECRET, RULES, startStack, until } from '../fixtures/stack.ts'

t.test('a page hears of everything at once, and then of what changes', async (t) => {
  const stack = await startStack(t)
  await stack.send()
  const { cookie, ask } = await logIn(stack)
  const page = await listen(stack, cookie)
  await until(() => page.events().length >= 2)
  t.match(page.events(), [
    {
      name: 'state',
      data: { node: { mode: 'sandbox', state: 'alone' }, totals: { requests: 1, accepted: 1 } }
    },
    { name: 'requests', data: [{ phone: 'DE…89', end: { outcome: 'accepted', provider: 'twilio' } }] }
  ])
  await stack.sandbox.setFault('twilio', { mode: 'status', status: 503 })
  await stack.send()
  await until(() => page.last('requests')[0].end?.provider === 'vonage')
  t.match(page.last('requests')[0], {
    rule: 'otherwise',
    deadlineAfterMs: 2500,
    attempts: [
      { attempt: 1, provider: 'twilio', result: 'provider_error', httpStatus: 503, won: false },
      { attempt: 2, provider: 'vonage', trigger: 'failover', result: 'accepted', won: true }
    ]
  })
  await until(() => page.last('state').totals.failedOver === 1)
  const { json: state } = await ask('GET', '/state')
  t.match(state, {
    totals: { requests: 2, wanted: 2, accepted: 2, failedOver: 1, late: 0 },
    minutes: { 59: { wanted: 2, rescued: 1 } },
    countries: [{ country: 'DE', providers: [{ provider: 'twilio', attempts: 2, failoversFrom: 1 }, {}] }],
    rules: {
      rules: [
        { name: 'premium', does: 'block' },
        { name: 'otherwise', matchedLastHour: 2 }
      ]
    }
  })
  t.equal((await ask('GET', '/requests')).json.length, 2)
  page.stop()
})

t.test('a stop does not wait for those who listen', async (t) => {
  const stack = await startStack(t)
  const { cookie } = await logIn(stack)
  const page = await listen(stack, cookie)
  await stack.gateway.stop()
  await page.ended
})

t.test('a page that was logged out hears nothing more, and there are not more than a few', async (t) => {
  const stack = await startStack(t)
  const caller = await logIn(stack)
  const page = await listen(stack, caller.cookie)
  await until(() => page.last('state') !== undefined)
  await caller.ask('DELETE', '/session')
  await page.ended
  t.equal((await caller.ask('GET', '/events')).status, 401)

  const other = await logIn(stack)
  const pages = await Promise.all(Array.from({ length: MOST_STREAMS }, () => listen(stack, other.cookie)))
  const refused = await other.ask('GET', '/events')
  t.equal(refused.status, 503)
  t.match(refused.json.error, /close some/u)
  pages[0]?.stop()
  await until(() => pages[1]?.last('state') !== undefined)
  let found: Listening | null = null
  await until(() => {
    void listen(stack, other.cookie).then(
      (one) => (found = one),
      () => undefined
    )
    return found !== null
  })
  t.pass('one that was closed makes room for another')
})

t.test('a reader that reads nothing holds nobody up, and is let go by a stop', async (t) => {
  const stack = await startStack(t)
  const { cookie, ask } = await logIn(stack)
  const { hostname, port } = new URL(stack.gateway.adminUrl ?? '')
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  socket.pause()
  socket.write(`GET /console/api/events HTTP/1.1\r\nhost: x\r\ncookie: ${cookie}\r\n\r\n`)
  for (let i = 0; i < 20; i++) await stack.send()
  t.equal((await ask('GET', '/requests')).json.length, 20)
  socket.on('error', () => undefined)
  await stack.gateway.stop()
  socket.destroy()
})

t.test('a drain is made, said, and taken back, with the words of the command', async (t) => {
  const stack = await startStack(t)
  const { ask, cookie } = await logIn(stack)
  const page = await listen(stack, cookie)
  const drain = { provider: 'twilio', channel: 'sms', country: 'SE', for: '30m', why: 'INC-1', by: 'ada' }
  const { status, json } = await ask('POST', '/drains', drain)
  t.equal(status, 201)
  t.match(json, {
    drain: { provider: 'twilio', channel: 'sms', country: 'SE', why: 'INC-1', by: 'ada' },
    warnings: []
  })
  t.equal(json.drain.untilMs - json.drain.setAtMs, 30 * 60_000)
  await until(() => page.last('state')?.overrides.length === 1)
  t.match(page.last('state').providers[0], {
    name: 'twilio',
    channels: [{ channel: 'sms', isDrained: false }, {}]
  })
  await ask('POST', '/drains', { provider: 'twilio', for: '1h', why: 'all of it', by: 'ada' })
  await until(() => page.last('state').providers[0].channels[0].isDrained)
  t.match((await ask('POST', '/drains', { ...drain, provider: 'twillio', country: 'UK', for: '2y' })).json, {
    error: 'The request is not as it should be.',
    mistakes: [/did you mean twilio/u, /did you mean GB/u, /write 30m, 2h or 3d/u]
  })
  for (const provider of ['vonage', 'messagebird']) {
    const answer = await ask('POST', '/drains', { ...drain, provider, channel: undefined })
    if (provider === 'messagebird') t.match(answer.json.warnings, [/nobody is left for sms to SE/u, /voice/u])
  }
  const undone = await ask('DELETE', '/drains?provider=twilio&country=SE&channel=sms&by=bob')
  t.match(undone.json, { removed: [{ country: 'SE' }], still: [{ country: null }] })
  t.match(stack.events('provider.override_ended'), [{ ended_by: 'bob', reason: 'removed' }])
  t.match((await ask('DELETE', '/drains?provider=twilio')).json.mistakes, [/by/u])
  page.stop()
})

t.test('breakers tell their history', async (t) => {
  const stack = await startStack(t)
  const { ask } = await logIn(stack)
  await stack.sandbox.setFault('twilio', { mode: 'status', status: 401 })
  await stack.send()
  const [twilio] = (await ask('GET', '/state')).json.providers
  t.match(twilio.channels[0], {
    channel: 'sms',
    breaker: 'open',
    sinceMs: Number,
    history: [{ to: 'open', cause: 'credentials' }],
    attempts: 1,
    accepted: 0,
    failures: [{ class: 'credentials', count: 1 }],
    isInRules: true
  })
  t.match(twilio.channels[1], { channel: 'voice', breaker: 'closed', sinceMs: null, history: [] })
})

t.test(
  'nothing that the console of a live gateway ever says holds a code, a text, a number or a secret',
  async (t) => {
    const stack = await startStack(t, { mode: 'live' })
    const { ask, cookie } = await logIn(stack)
    const page = await listen(stack, cookie)
    const said: string[] = []
    const listenTo = async (method: string, path: string, body?: unknown) => {
      const { text, headers } = await ask(method, path, body)
      said.push(text, JSON.stringify([...headers]))
    }
    const numbers = ['+4915123456789', '+46701740605', '+12125550100', '+442079460123', '+8821612345678']
    const codes: string[] = []
    for (const [i, phoneNumber] of numbers.entries()) {
      const otpCode = `83${i}17${i}`
      codes.push(otpCode)
      await stack.send({ phoneNumber, otpCode, msgTemplate: `Geheim ${otpCode} fuer Erika` })
      await stack.send({ phoneNumber, otpCode, deliveryChannel: 'voice call', msgTemplate: null })
    }
    await stack.sandbox.setFault('twilio', { mode: 'status', status: 401 })
    await stack.sandbox.setFault('vonage', { mode: 'hang_after_read' })
    await stack.send({ phoneNumber: numbers[0], otpCode: '835175' })
    await stack.send({ phoneNumber: 'nobody +49151555', otpCode: '835175' })
    await stack.post('{')
    for (const number of numbers) {
      await listenTo('POST', '/explain', { number, channel: 'sms' })
      await listenTo('POST', '/explain', { number: `${number}x`, channel: 'voice' })
    }
    await listenTo('POST', '/drains', { provider: 'vonage', for: '1h', why: 'x', by: 'y' })
    await listenTo('POST', '/candidate', { text: RULES })
    for (const path of ['/state', '/requests', '/rules/text', '/session']) await listenTo('GET', path)
    await until(() => page.events().length > 3)
    said.push(JSON.stringify(page.events()))
    page.stop()
    const all = said.join('\n')
    t.ok(all.length > 20_000, 'a lot was said')
    t.match(all, /DE…89/u, 'of these requests')
    const { twilio, vonage, messagebird } = stack.sandbox.credentials
    const secrets = [
      ...codes,
      '835175',
      'Geheim',
      'Erika',
      ...numbers.flatMap((number) => [number.slice(3), number.slice(1, -2)]),
      'test.user@okta.com',
      ADMIN_SECRET,
      LOGIN.password,
      cookie.split('=')[1] ?? '',
      twilio.authToken,
      vonage.apiSecret,
      messagebird.accessKey,
      'PRIVATE KEY',
      'the key of a test'
    ]
    for (const secret of secrets) t.notOk(all.includes(secret), secret)
  }
)
