import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { drawDelay, readFault, type Fault } from '../../src/sandbox/fault.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import {
  ENDPOINTS,
  NOW_MS,
  NUMBER,
  post,
  postJson,
  prepare,
  type EndpointName,
  type Prepared
} from './requests.ts'

const clock = { nowMs: NOW_MS }
const dice = { next: 0 }
const sandbox = await startSandbox({ now: () => clock.nowMs, random: () => dice.next })
t.teardown(() => sandbox.close())
t.beforeEach(async () => {
  clock.nowMs = NOW_MS
  dice.next = 0
  await sandbox.clear()
})

const PROVIDERS = ['twilio', 'vonage', 'messagebird'] as const

async function setEverywhere(fault: Fault): Promise<void> {
  for (const provider of PROVIDERS) await sandbox.setFault(provider, fault)
}

/** The request on a connection of its own, byte by byte as it comes back. */
async function open({ url, headers, body }: Prepared): Promise<Socket> {
  const { hostname, port, pathname } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const lines = Object.entries({ host: 'sandbox', 'content-length': Buffer.byteLength(body), ...headers })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  socket.write(`POST ${pathname} HTTP/1.1\r\n${head}\r\n${body}`)
  return socket
}

/** Nothing comes back, and nothing closes, for as long as a test can wait. */
async function isSilent(socket: Socket): Promise<boolean> {
  let isNoisy = false
  for (const event of ['data', 'end', 'error', 'close']) socket.on(event, () => (isNoisy = true))
  await setTimeout(30)
  const wasSilent = !isNoisy
  socket.destroy()
  return wasSilent
}

/** The inbox is filled a moment after the request has left. */
async function whenArrived(inbox: Sandbox['inbox'], count: number): Promise<number> {
  for (let tries = 0; tries < 500 && inbox().length < count; tries++) await setTimeout(10)
  return inbox().length
}

async function errorOf(socket: Socket): Promise<string | undefined> {
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  return error.code
}

t.test('status: any status and code, in the shape of the vendor', async (t) => {
  const cases: readonly [EndpointName, Partial<Fault>, number, object][] = [
    ['twilio sms', { status: 503 }, 503, { code: 20503, status: 503 }],
    ['twilio sms', { status: 500 }, 500, { code: 20500, status: 500 }],
    ['twilio sms', { status: 418 }, 418, { status: 418 }],
    ['twilio sms', { code: 21610 }, 400, { code: 21610, more_info: /21610$/u, status: 400 }],
    ['twilio sms', { code: 20003 }, 401, { code: 20003 }],
    ['twilio voice', { status: 403, code: 99_999 }, 403, { code: 99_999, status: 403 }],
    ['twilio sms', { status: 200 }, 200, {}],
    ['vonage sms', { code: '9' }, 200, { 'message-count': '1', messages: [{ status: '9' }] }],
    ['vonage sms', { code: 77 }, 200, { messages: [{ status: '77' }] }],
    ['vonage sms', { status: 500 }, 500, { 'error-code': '500' }],
    ['vonage voice', { status: 402 }, 402, { type: /#low-balance$/u, title: String, detail: String }],
    ['vonage voice', { status: 400, code: 'x-y' }, 400, { type: /#x-y$/u }],
    ['messagebird sms', { code: 25 }, 422, { errors: [{ code: 25, description: 'Not enough balance' }] }],
    ['messagebird sms', { status: 500 }, 500, { errors: [{ code: 99 }] }],
    ['messagebird voice', { code: 2 }, 401, { errors: [{ code: 2, parameter: 'access_key' }] }],
    ['messagebird voice', { code: 9 }, 422, { errors: [{ code: 9, parameter: 'recipient' }] }]
  ]
  for (const [endpoint, fields, status, json] of cases) {
    await setEverywhere({ mode: 'status', ...fields } as Fault)
    t.match(
      await postJson(prepare(sandbox, endpoint)),
      { status, json },
      `${endpoint} ${JSON.stringify(fields)}`
    )
  }
  t.same(sandbox.inbox(), [], 'nothing arrived')
})

t.test('hang: never answers, and delivers only where its name says so', async (t) => {
  const modes = { hang_before_read: 0, hang_after_read: 0, accept_then_hang: 1 } as const
  for (const [mode, arrived] of Object.entries(modes)) {
    for (const endpoint of ENDPOINTS) {
      await sandbox.clear()
      await setEverywhere({ mode: mode as keyof typeof modes })
      t.ok(await isSilent(await open(prepare(sandbox, endpoint))), `${endpoint} ${mode}`)
      t.equal(await whenArrived(sandbox.inbox, arrived), arrived)
    }
  }
})

t.test('hang_before_read leaves the body in the socket', async (t) => {
  await setEverywhere({ mode: 'hang_before_read' })
  const body = 'a'.repeat(32 * 1024 * 1024)
  const socket = await open({ ...prepare(sandbox, 'twilio sms'), body })
  t.ok(await isSilent(socket))
  t.ok(socket.bytesWritten >= body.length && socket.writableLength > 0, 'most of it never left')
})

t.test('reset: cuts the connection hard, and delivers only where its name says so', async (t) => {
  const modes = { reset_before_read: 0, reset_after_read: 0, accept_then_reset: 1 } as const
  for (const [mode, arrived] of Object.entries(modes)) {
    for (const endpoint of ENDPOINTS) {
      await sandbox.clear()
      await setEverywhere({ mode: mode as keyof typeof modes })
      t.equal(await errorOf(await open(prepare(sandbox, endpoint))), 'ECONNRESET', `${endpoint} ${mode}`)
      t.equal(await whenArrived(sandbox.inbox, arrived), arrived)
    }
  }
})

t.test('accept_then_hang refuses at once what the vendor would refuse', async (t) => {
  await sandbox.setFault('messagebird', { mode: 'accept_then_hang' })
  t.equal((await post(prepare(sandbox, 'messagebird sms', { body: undefined }))).status, 422)
})

t.test('dribble: the head at once, the body in drops', async (t) => {
  await setEverywhere({ mode: 'dribble', over_ms: 50 })
  for (const endpoint of ENDPOINTS) {
    const socket = await open(prepare(sandbox, endpoint))
    const chunks: string[] = []
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      chunks.push(chunk)
      const [head = '', body = ''] = chunks.join('').split('\r\n\r\n')
      const [, length] = /content-length: (\d+)/iu.exec(head) ?? []
      if (Buffer.byteLength(body) >= Number(length)) socket.end()
    })
    await once(socket, 'close')
    t.match(chunks[0], /^HTTP\/1\.1 20[01] /u, `${endpoint}: the head comes first`)
    t.ok(chunks.length > 2, `${endpoint}: the body comes in ${chunks.length - 1} pieces`)
    t.ok(JSON.parse(chunks.join('').split('\r\n\r\n')[1] ?? ''))
  }
  t.equal(sandbox.inbox().length, ENDPOINTS.length)
})

t.test('slow: delivers at once, answers late', async (t) => {
  await sandbox.setFault('twilio', { mode: 'slow', delay_ms: 60_000 })
  const socket = await open(prepare(sandbox, 'twilio sms'))
  t.equal(await whenArrived(sandbox.inbox, 1), 1)
  t.ok(await isSilent(socket))

  await sandbox.setFault('twilio', { mode: 'slow', delay_ms: { min: 1, max: 20 } })
  t.equal((await post(prepare(sandbox, 'twilio sms'))).status, 201)
})

t.test('drawDelay() keeps to its distribution', async (t) => {
  t.equal(
    drawDelay(300, () => 0.9),
    300
  )
  t.equal(
    drawDelay({ min: 100, max: 300 }, () => 0),
    100
  )
  t.equal(
    drawDelay({ min: 100, max: 300 }, () => 0.5),
    200
  )
  t.equal(
    drawDelay({ median: 260, p99: 1_100 }, () => 0),
    260
  )

  // A seeded generator (Park and Miller), so that the quantiles are the same on every run.
  let seed = 7
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  const delays = Array.from({ length: 10_000 }, () => drawDelay({ median: 260, p99: 1_100 }, random))
  delays.sort((a, b) => a - b)
  const [median = 0, p99 = 0] = [delays[5_000], delays[9_900]]
  t.ok(median > 245 && median < 275, `a median of ${median}`)
  t.ok(p99 > 950 && p99 < 1_250, `a 99th percentile of ${p99}`)
})

t.test('html, empty_200, throttle, redirect: answers that are no answer', async (t) => {
  const vendorThrottles: Record<EndpointName, RegExp> = {
    'twilio sms': /"code":20429/u,
    'twilio voice': /"code":20429/u,
    'vonage sms': /"status":"1"/u,
    'vonage voice': /#throttled/u,
    'messagebird sms': /Too Many Requests/u,
    'messagebird voice': /Too Many Requests/u
  }
  for (const endpoint of ENDPOINTS) {
    const prepared = prepare(sandbox, endpoint)

    await setEverywhere({ mode: 'html' })
    const page = await post(prepared)
    t.match(page, { status: 502, text: /^<html>/u }, `${endpoint} html`)
    t.equal(page.headers.get('content-type'), 'text/html')

    await setEverywhere({ mode: 'html', status: 200 })
    t.equal((await post(prepared)).status, 200)

    await setEverywhere({ mode: 'empty_200' })
    t.match(await post(prepared), { status: 200, text: '' }, `${endpoint} empty_200`)

    await setEverywhere({ mode: 'throttle' })
    const throttled = await post(prepared)
    t.match(throttled, { status: 429, text: vendorThrottles[endpoint] }, `${endpoint} throttle`)
    t.equal(throttled.headers.get('retry-after'), null)

    await setEverywhere({ mode: 'throttle', retry_after_s: 2 })
    t.equal((await post(prepared)).headers.get('retry-after'), '2')

    await setEverywhere({ mode: 'throttle', retry_after_s: 2, retry_after_form: 'date' })
    t.equal((await post(prepared)).headers.get('retry-after'), 'Thu, 10 Sep 2026 12:00:02 GMT')

    await setEverywhere({ mode: 'redirect' })
    const elsewhere = await post(prepared)
    t.equal(elsewhere.status, 308)
    t.match(elsewhere.headers.get('location'), /^http:\/\/127\.0\.0\.1:\d+\/elsewhere$/u)

    await setEverywhere({ mode: 'redirect', status: 302, location: 'https://example.com/' })
    t.equal((await post(prepared)).headers.get('location'), 'https://example.com/')
  }
  t.same(sandbox.inbox(), [], 'nothing arrived')
})

t.test('huge_body: more than anybody should read', async (t) => {
  await setEverywhere({ mode: 'huge_body', bytes: 1_000_000 })
  const { status, text } = await post(prepare(sandbox, 'vonage voice'))
  t.equal(status, 200)
  t.equal(text.length, 1_000_000)
  t.ok(JSON.parse(text))
})

t.test('refuse: closes the listener, cuts what is open, and comes back on the same port', async (t) => {
  const prepared = prepare(sandbox, 'messagebird sms')
  await sandbox.setFault('messagebird', { mode: 'hang_after_read' })
  const hanging = await open(prepared)
  const cut = text(hanging).catch(() => 'reset')

  await sandbox.setFault('messagebird', { mode: 'refuse' })
  t.not(await cut, undefined, 'the open connection ended')
  await t.rejects(open(prepared), { code: 'ECONNREFUSED' })
  await sandbox.setFault('messagebird', null)
  t.equal((await post(prepared)).status, 201)

  await sandbox.setFault('vonage', { mode: 'refuse' }, { channel: 'sms' })
  await t.rejects(open(prepare(sandbox, 'vonage sms')), { code: 'ECONNREFUSED' })
  t.equal((await post(prepare(sandbox, 'vonage voice'))).status, 201, 'the other host is up')
  await t.rejects(sandbox.setFault('twilio', { mode: 'refuse', channel: 'sms' }), TypeError)
})

t.test('refuse comes back by itself after its time', async (t) => {
  await sandbox.setFault('twilio', { mode: 'refuse', duration_ms: 150 })
  await t.rejects(open(prepare(sandbox, 'twilio sms')), { code: 'ECONNREFUSED' })
  t.equal(await whenUp(prepare(sandbox, 'twilio sms')), 201)
})

async function whenUp(prepared: Prepared): Promise<number> {
  for (let tries = 0; tries < 200; tries++) {
    const answer = await post(prepared).catch(() => null)
    if (answer !== null) return answer.status
    await setTimeout(10)
  }
  throw new Error('It stayed away.')
}

t.test('a fault holds for its channel, share, count and time alone', async (t) => {
  const statusOf = async (endpoint: EndpointName) => (await post(prepare(sandbox, endpoint))).status
  const fault: Fault = { mode: 'html' }

  await sandbox.setFault('twilio', fault, { channel: 'voice' })
  t.same([await statusOf('twilio voice'), await statusOf('twilio sms')], [502, 201], 'channel')
  t.equal(await statusOf('messagebird voice'), 201, 'another vendor')

  await sandbox.setFault('twilio', fault, { share: 0.25 })
  dice.next = 0.2499
  t.equal(await statusOf('twilio sms'), 502, 'below its share')
  dice.next = 0.25
  t.equal(await statusOf('twilio sms'), 201, 'from its share on')

  await sandbox.setFault('twilio', fault, { count: 2 })
  t.same(
    [await statusOf('twilio sms'), await statusOf('twilio voice'), await statusOf('twilio sms')],
    [502, 502, 201],
    'a count is for both channels together'
  )

  await sandbox.setFault('twilio', fault, { duration_ms: 1_000 })
  clock.nowMs += 999
  t.equal(await statusOf('twilio sms'), 502, 'before its end')
  clock.nowMs += 1
  t.equal(await statusOf('twilio sms'), 201, 'at its end')

  await sandbox.setFault('twilio', fault)
  await sandbox.setFault('twilio', null, { channel: 'sms' })
  t.same(
    [await statusOf('twilio sms'), await statusOf('twilio voice')],
    [201, 502],
    'cleared for one channel'
  )
  t.equal((await fetch(sandbox.twilioUrl, { method: 'HEAD' })).status, 404, 'no fault holds for a warm-up')
})

t.test('a number that ends in 990PF brings its fault along', async (t) => {
  const send = (endpoint: EndpointName, to: string) => {
    const fields = {
      'twilio sms': { To: `+${to}` },
      'vonage sms': { to },
      'messagebird sms': { recipients: to }
    }
    return prepare(sandbox, endpoint, fields[endpoint as keyof typeof fields])
  }
  const statusOf = async (endpoint: EndpointName, to: string) => (await post(send(endpoint, to))).status

  t.equal(await statusOf('twilio sms', '4915112399011'), 500)
  t.equal(await statusOf('vonage sms', '4915112399011'), 200, 'the digit before names the vendor')
  t.equal(await statusOf('messagebird sms', '81312399031'), 500, 'in any country')
  t.equal(await statusOf('twilio sms', '4915112399003'), 429, '0 is every vendor')
  t.equal(await statusOf('messagebird sms', '4915112399003'), 429)
  t.equal(await statusOf('twilio sms', '4915112399017'), 502)
  t.equal(await statusOf('twilio sms', '4915112399019'), 201, 'an unused digit is healthy')

  await sandbox.clear()
  t.ok(await isSilent(await open(send('twilio sms', '4915112399012'))), 'hangs')
  t.equal(sandbox.inbox().length, 0)
  t.equal(await errorOf(await open(send('twilio sms', '4915112399014'))), 'ECONNRESET')
  t.ok(await isSilent(await open(send('vonage sms', '4915112399025'))), 'delivers, then hangs')
  t.equal(await whenArrived(sandbox.inbox, 1), 1)
  t.ok(await isSilent(await open(send('vonage sms', '4915112399026'))), 'slow')

  await sandbox.setFault('twilio', { mode: 'throttle' })
  t.equal(await statusOf('twilio sms', '4915112399011'), 429, 'a fault that was set wins')
})

t.test('readFault() names every mistake', async (t) => {
  const cases: readonly [unknown, RegExp][] = [
    [null, /^mode must be one of status, hang_before_read/u],
    [{ mode: 'explode' }, /^mode must be one of/u],
    [{ mode: 'toString' }, /^mode must be one of/u],
    [{ mode: 'status' }, /status or code is missing/u],
    [{ mode: 'status', status: 99 }, /status must be >= 200/u],
    [{ mode: 'status', status: 500, code: {} }, /code must be a number or a word/u],
    [{ mode: 'dribble' }, /over_ms is missing/u],
    [{ mode: 'dribble', over_ms: '5' }, /over_ms must be integer/u],
    [{ mode: 'slow', delay_ms: { min: 5 } }, /delay_ms must be a number, \{"min", "max"\}/u],
    [{ mode: 'slow', delay_ms: { min: 5, max: 4 } }, /delay_ms ends below its beginning/u],
    [{ mode: 'html', colour: 'red' }, /colour is not a field of this mode, which has mode, status, channel/u],
    [{ mode: 'html', channel: 'fax' }, /channel must be one of sms, voice/u],
    [{ mode: 'html', share: 1.1 }, /share must be <= 1/u],
    [{ mode: 'refuse', share: 0.5 }, /share is not a field of this mode/u],
    [{ mode: 'html', count: 0, share: 2 }, /share.*\n?.*count|count.*\n?.*share/u]
  ]
  for (const [input, mistake] of cases) {
    const reading = readFault(input)
    t.match(reading.kind === 'mistakes' && reading.mistakes.join('\n'), mistake, JSON.stringify(input))
  }
})

async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(sandbox.url + path, init)
  return { status: response.status, headers: response.headers, text: await response.text() }
}

t.test('faults are set, shown and cleared over HTTP', async (t) => {
  const put = (provider: string, fault: unknown, type = 'application/json') =>
    ask(`/faults/${provider}`, {
      method: 'PUT',
      headers: { 'content-type': type },
      body: typeof fault === 'string' ? fault : JSON.stringify(fault)
    })
  const set = await put('twilio', { mode: 'status', status: 503, count: 3 })
  t.equal(set.status, 200)
  t.match(set.text, /^\{\n {2}"twilio": \[/u, 'for human eyes')
  t.same(JSON.parse((await ask('/faults')).text), {
    twilio: [
      {
        channels: ['sms', 'voice'],
        fault: { mode: 'status', status: 503, count: 3 },
        left: 3,
        until: null
      }
    ],
    vonage: [],
    messagebird: []
  })
  t.equal((await post(prepare(sandbox, 'twilio sms'))).status, 503)

  await put('vonage', { mode: 'html', channel: 'sms', duration_ms: 5_000 })
  t.match(JSON.parse((await ask('/faults')).text), {
    twilio: [{ left: 2 }],
    vonage: [{ channels: ['sms'], until: '2026-09-10T12:00:05.000Z' }]
  })
  t.equal(
    (await put('messagebird', { mode: 'html' }, 'application/x-www-form-urlencoded')).status,
    200,
    'curl -d'
  )

  t.equal((await ask('/faults/twilio?channel=sms', { method: 'DELETE' })).status, 204)
  t.equal((await post(prepare(sandbox, 'twilio sms'))).status, 201)
  t.equal((await post(prepare(sandbox, 'twilio voice'))).status, 503)
  t.equal((await ask('/faults', { method: 'DELETE' })).status, 204)
  t.equal((await post(prepare(sandbox, 'twilio voice'))).status, 201)

  t.match(await put('twilio', { mode: 'html', colour: 1 }), { status: 400, text: /colour is not a field/u })
  t.match(await put('twilio', { mode: 'refuse', channel: 'sms' }), { status: 400, text: /takes no channel/u })
  t.match(await put('nobody', { mode: 'html' }), { status: 400, text: /twilio, vonage, messagebird/u })
  t.match(await put('twilio', '{'), { status: 400 })
  t.match(await put('twilio', '{', 'application/x-www-form-urlencoded'), { status: 400, text: /no JSON/u })
  t.equal((await ask('/faults/twilio?chanel=sms', { method: 'DELETE' })).status, 400)
})

t.test('the inbox is served as JSON, whole, by number and by time', async (t) => {
  await post(prepare(sandbox, 'twilio sms'))
  clock.nowMs += 1_000
  await post(prepare(sandbox, 'vonage sms', { to: '33612345678' }))

  const all = await ask('/inbox')
  t.match(all.headers.get('content-type'), /^application\/json/u)
  t.match(all.text, /^\{\n {2}"messages": \[\n/u)
  t.match(JSON.parse(all.text), { messages: [{ provider: 'twilio' }, { provider: 'vonage' }] })
  for (const number of [NUMBER, NUMBER.slice(1), encodeURIComponent(NUMBER)]) {
    const { text } = await ask(`/inbox/${number}`)
    t.match(JSON.parse(text), { messages: [{ to: NUMBER, provider: 'twilio' }] }, number)
  }
  const recent = await ask('/inbox?since=2026-09-10T12:00:00.500Z')
  t.same(
    (JSON.parse(recent.text) as { messages: { provider: string }[] }).messages.map(
      ({ provider }) => provider
    ),
    ['vonage']
  )
  t.equal((await ask('/inbox?since=yesterday')).status, 400)
  t.match(JSON.parse((await ask('/health')).text), {
    status: 'ok',
    vendors: { twilioUrl: sandbox.twilioUrl }
  })

  t.equal((await ask('/inbox', { method: 'DELETE' })).status, 204)
  t.same(JSON.parse((await ask('/inbox')).text), { messages: [] })
})

t.test('the inbox is a page for a browser, and shows markup as text', async (t) => {
  const html = { headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } }
  t.match((await ask('/', html)).text, /Nothing yet/u)

  await post(prepare(sandbox, 'messagebird sms', { body: `<script>"1" & '2'</script>` }))
  await post(prepare(sandbox, 'twilio voice', { To: '+33612345678' }))
  const page = await ask('/inbox', html)
  t.match(page.headers.get('content-type'), /^text\/html/u)
  t.match(page.headers.get('content-security-policy'), "default-src 'none'")
  t.match(page.text, /codes are shown here on purpose/u)
  t.match(page.text, '&lt;script&gt;&quot;1&quot; &amp; &#39;2&#39;&lt;/script&gt;')
  t.notMatch(page.text, /<script/u)
  t.match(page.text, /<h2>\+33612345678<\/h2>[^]*<h2>\+4915112345678<\/h2>/u, 'the newest phone first')
  t.match(page.text, 'Call in de-DE from +4930901820, extension 12')

  const one = (await ask(`/inbox/${NUMBER}`, html)).text
  t.match(one, /<h2>\+4915112345678<\/h2>/u)
  t.notMatch(one, '+33612345678')
})

t.test('startSandbox() takes credentials and a port, and close() cuts what hangs', async (t) => {
  const { credentials } = sandbox
  const other = await startSandbox({ credentials, port: 0, now: () => NOW_MS, random: () => 0 })
  t.equal(other.credentials, credentials)
  const { port } = new URL(other.url)
  await t.rejects(startSandbox({ credentials, port: Number(port), now: () => NOW_MS, random: () => 0 }), {
    code: 'EADDRINUSE'
  })

  const sockets = []
  for (const mode of ['hang_before_read', 'accept_then_hang'] as const) {
    await other.setFault('twilio', { mode })
    sockets.push(await open(prepare(other, 'twilio sms')))
  }
  await other.setFault('twilio', { mode: 'slow', delay_ms: 600_000 })
  sockets.push(await open(prepare(other, 'twilio sms')))
  await other.setFault('vonage', { mode: 'refuse', duration_ms: 600_000 })
  t.equal(await whenArrived(other.inbox, 2), 2)
  const ended = Promise.all(sockets.map((socket) => text(socket).catch(() => 'reset')))
  await other.close()
  t.equal((await ended).length, 3)
})

t.test('a healthy answer takes as long as the sandbox is told, and each message is told of', async (t) => {
  const received: string[] = []
  const sandbox = await startSandbox({
    now: () => Date.now(),
    random: Math.random,
    latency: 150,
    onMessage: ({ to }) => received.push(to)
  })
  t.teardown(sandbox.close)
  const { accountSid, authToken } = sandbox.credentials.twilio
  const send = (): Promise<Response> =>
    fetch(`${sandbox.twilioUrl}/2010-04-01/Accounts/${accountSid}/Messages.json`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` },
      body: new URLSearchParams({ To: '+4915123456789', From: '+12025550123', Body: 'x' })
    })
  const beganMs = performance.now()
  t.equal((await send()).status, 201)
  t.ok(performance.now() - beganMs >= 140)
  await sandbox.setFault('twilio', { mode: 'status', status: 503 })
  t.equal((await send()).status, 503)
  t.same(received, ['+4915123456789'])
})
