import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { createBearerCheck } from '../../src/admin/secret.ts'
import { readAddress } from '../../src/door/address.ts'
import { readRequest } from '../../src/okta/read-request.ts'
import { loadRules } from '../../src/rules/load.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { readSettings } from '../../src/settings.ts'
import { prefersOpenMetrics } from '../../src/telemetry/metrics-registry.ts'
import { traceIdOf } from '../../src/telemetry/trace-context.ts'
import { AUTHORIZATION } from '../fixtures/gateway.ts'
import { ADMIN_SECRET, sampleBody, startStack, until, type Stack } from '../fixtures/stack.ts'

// What may come over a socket that is no request of Okta's: bytes, not what a client would write.

/** A request that would send a message, were it read as one. */
function smuggled(): string {
  const body = sampleBody({ phoneNumber: '+33612345678' })
  return `POST /telephonyHook HTTP/1.1\r\nhost: x\r\nauthorization: ${AUTHORIZATION}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

/** The head of a good request, with other lines that say how long its body is. */
function head(...lines: readonly string[]): string {
  return [
    'POST /telephonyHook HTTP/1.1',
    'host: x',
    `authorization: ${AUTHORIZATION}`,
    'content-type: application/json',
    ...lines,
    '',
    ''
  ].join('\r\n')
}

async function open({ gateway }: Stack): Promise<Socket> {
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** Writes bytes, and gives back all that comes until the connection ends or is silent. */
async function exchange(stack: Stack, bytes: string): Promise<string> {
  const socket = await open(stack)
  let got = ''
  let silent: NodeJS.Timeout | undefined
  await new Promise<void>((resolve) => {
    silent = setTimeout(resolve, 3_000)
    socket.on('close', () => resolve())
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      got += chunk
      clearTimeout(silent)
      silent = setTimeout(resolve, 400)
    })
    socket.write(bytes, 'latin1')
  })
  clearTimeout(silent)
  socket.destroy()
  return got
}

const statusesIn = (answer: string): readonly number[] =>
  [...answer.matchAll(/HTTP\/1\.1 (\d{3})/gu)].map(([, status]) => Number(status))

/** Whatever came before: the next good request is answered in time, and is sent once. */
async function stillCarries(t: Test, stack: Stack, name: string): Promise<void> {
  const before = stack.sandbox.inbox().length
  const answer = await stack.send()
  t.match(
    answer.json,
    { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] },
    `${name}: the next one is carried`
  )
  t.equal(stack.sandbox.inbox().length, before + 1, `${name}: once`)
}

const chunked = (body: string): string => `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`

t.test('what could be read as one request or as two is read as none', async (t) => {
  const stack = await startStack(t)
  const body = sampleBody()
  const length = `content-length: ${Buffer.byteLength(body)}`
  const te = 'transfer-encoding: chunked'
  const cases: readonly [string, string][] = [
    ['a length and chunks', `${head(length, te)}0\r\n\r\n${smuggled()}`],
    ['chunks and a length', `${head(te, 'content-length: 4')}${chunked(body)}${smuggled()}`],
    ['two lengths', `${head(length, 'content-length: 4')}${body}${smuggled()}`],
    ['two lengths in one line', `${head(`${length}, 4`)}${body}${smuggled()}`],
    ['a length with a sign', `${head(`content-length: +${Buffer.byteLength(body)}`)}${body}`],
    ['a length in hex', `${head('content-length: 0x10')}${body}`],
    ['a length below 0', `${head('content-length: -1')}${body}`],
    ['a length that overflows', `${head('content-length: 18446744073709551617')}${body}`],
    ['a space in front of the colon', `${head(`content-length : ${Buffer.byteLength(body)}`)}${body}`],
    ['chunks that are something else', `${head('transfer-encoding: xchunked')}${chunked(body)}${smuggled()}`],
    ['chunks and then more', `${head('transfer-encoding: chunked, identity')}${chunked(body)}${smuggled()}`],
    ['chunks by a vertical tab', `${head('transfer-encoding:\u000bchunked')}${chunked(body)}${smuggled()}`],
    ['lines that end in LF alone', head(length).replaceAll('\r\n', '\n') + body],
    ['a header that ends in LF alone', `${head(`x: y\ncontent-length: 0`, length)}${body}`],
    ['a header with a CR in it', `${head('x: y\rz: a', length)}${body}`],
    ['a header with a NUL in it', `${head('x: \u0000', length)}${body}`],
    ['a name with a space in it', `${head('x y: z', length)}${body}`],
    ['a name with nothing', `${head(': z', length)}${body}`],
    ['a chunk that is larger than any', `${head(te)}fffffffffffffffff\r\n${body}`],
    ['a chunk below 0', `${head(te)}-5\r\n${body}`],
    [
      'a chunk that ends in LF alone',
      `${head(te)}${Buffer.byteLength(body).toString(16)}\n${body}\r\n0\r\n\r\n`
    ],
    ['a chunk that is longer than it says', `${head(te)}4\r\n${body}\r\n0\r\n\r\n`],
    ['an extension of a chunk without end', `${head(te)}1;${'x'.repeat(20_000)}\r\n`],
    ['no host', `${head(length).replace('host: x\r\n', '')}${body}`],
    ['the greeting of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['a version that there is not', head(length).replace('HTTP/1.1', 'HTTP/9.9') + body],
    ['no HTTP at all', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
    ['a line break in the path', `POST /telephonyHook\r\nx: y HTTP/1.1\r\n${head(length)}${body}`],
    ['a tunnel', `CONNECT /telephonyHook HTTP/1.1\r\nhost: x\r\n\r\n${smuggled()}`]
  ]
  for (const [name, bytes] of cases) {
    const answer = await exchange(stack, bytes)
    const statuses = statusesIn(answer)
    t.ok(statuses.length <= 1 && statuses.every((status) => status === 400), `${name}: ${statuses.join(' ')}`)
    t.notMatch(answer, /smuggl|Client Error|parse/iu, `${name}: nothing of the parser's words`)
  }
  t.same(stack.sandbox.inbox(), [], 'nothing was sent')
  await stillCarries(t, stack, 'all of them')
  const lines = stack.events('okta.request.refused')
  t.match(lines[0], { reason: 'malformed_http', http_status: 400, source: '127.0.0.1' })
  t.equal(lines.filter(({ reason }) => reason === 'malformed_http').length, 10, 'and what follows is counted')
  t.same(stack.events('gateway.fault'), [])
})

t.test('what can be read in one way only is read so, and sent once', async (t) => {
  const stack = await startStack(t)
  const cases: readonly [string, (body: string) => string][] = [
    ['chunks', (body) => head('transfer-encoding: chunked') + chunked(body)],
    [
      'a chunk with an extension',
      (body) =>
        `${head('transfer-encoding: chunked')}${Buffer.byteLength(body).toString(16)};a=b\r\n${body}\r\n0\r\n\r\n`
    ],
    [
      'trailers',
      (body) =>
        `${head('transfer-encoding: chunked')}${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\nauthorization: x\r\n\r\n`
    ],
    ['headers in capitals', (body) => `${head(`CONTENT-LENGTH: ${Buffer.byteLength(body)}`)}${body}`],
    [
      'a question of whether to go on',
      (body) => `${head('expect: 100-continue', `content-length: ${Buffer.byteLength(body)}`)}${body}`
    ],
    [
      'a wish for another protocol',
      (body) =>
        `${head('upgrade: h2c', 'connection: upgrade', `content-length: ${Buffer.byteLength(body)}`)}${body}`
    ]
  ]
  for (const [name, bytes] of cases) {
    const before = stack.sandbox.inbox().length
    const statuses = statusesIn(await exchange(stack, bytes(sampleBody()))).filter((status) => status !== 100)
    t.same(statuses, [200], name)
    t.equal(stack.sandbox.inbox().length, before + 1, name)
  }
  const two = await exchange(stack, smuggled() + smuggled())
  t.same(statusesIn(two), [200, 200], 'two that come together are two')
  const absolute = smuggled().replace(' /telephonyHook ', ' http://elsewhere.example/telephonyHook ')
  t.same(statusesIn(await exchange(stack, absolute)), [200], 'a target in full, as RFC 9112 wants it taken')
  for (const method of ['TRACE', 'OPTIONS', 'PUT', 'GET', 'HEAD']) {
    const answer = await exchange(stack, `${method} /telephonyHook HTTP/1.1\r\nhost: x\r\nx: 738291\r\n\r\n`)
    t.match(statusesIn(answer)[0]?.toString() ?? '', /^40[145]$/u, method)
    t.notMatch(answer, /738291/u, `${method}: nothing is echoed`)
  }
  for (const path of [
    '//telephonyHook',
    '/telephonyHook/../telephonyHook',
    '/%2e%2e/telephonyHook',
    '/telephonyHook%00'
  ]) {
    const answer = await exchange(stack, smuggled().replace(' /telephonyHook ', ` ${path} `))
    t.match(statusesIn(answer)[0]?.toString() ?? '', /^40[04]$/u, path)
  }
  t.equal(stack.sandbox.inbox().length, cases.length + 3)
  await stillCarries(t, stack, 'all of them')
})

t.test('headers that are too large or too many are refused, and those at the border are not', async (t) => {
  const stack = await startStack(t)
  const body = sampleBody()
  const length = `content-length: ${Buffer.byteLength(body)}`
  const large = await exchange(stack, `${head(`x: ${'y'.repeat(17_000)}`, length)}${body}`)
  t.same(statusesIn(large), [431])
  t.match(large, /headers_too_large/u)
  const many = Array.from({ length: 4_000 }, (_, i) => `x${i}: y`)
  t.same(statusesIn(await exchange(stack, `${head(...many, length)}${body}`)), [431])
  t.same(stack.sandbox.inbox(), [])
  const some = Array.from({ length: 900 }, (_, i) => `x${i}: y`)
  t.same(statusesIn(await exchange(stack, `${head(...some, length)}${body}`)), [200])
  t.equal(stack.sandbox.inbox().length, 1)
  await stillCarries(t, stack, 'large headers')
})

t.test('who sends slowly is cut off, and no code waits for that', async (t) => {
  const stack = await startStack(t)
  const beginnings = [
    'POST /telephonyHook HTTP/1.1\r\nhost: x\r\n',
    `${head('content-length: 500')}{`,
    `${head('transfer-encoding: chunked')}1\r\n{\r\n`,
    'P'
  ]
  const slow = await Promise.all(Array.from({ length: 120 }, () => open(stack)))
  let cut = 0
  for (const [i, socket] of slow.entries()) {
    socket.resume().on('close', () => (cut += 1))
    socket.write(beginnings[i % beginnings.length] ?? '')
  }
  const drip = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write('x')
  }, 500)
  t.teardown(() => {
    clearInterval(drip)
    for (const socket of slow) socket.destroy()
  })
  for (let i = 0; i < 5; i++) await stillCarries(t, stack, `beside 120 slow ones, ${i}`)
  await until(() => cut === slow.length, 60_000)
  const page = await fetch(`${stack.gateway.adminUrl}/metrics`, {
    headers: { authorization: `Bearer ${ADMIN_SECRET}` }
  })
  const counts = (await page.text()).matchAll(/^otp_hook_refusals_total\{[^}]*\} (\d+)$/gmu)
  const counted = Array.from(counts, ([, count]) => Number(count)).reduce((sum, count) => sum + count, 0)
  t.equal(counted, slow.length, 'all of them are gone, and each is counted once')
  t.match(
    stack.events('okta.request.refused').find(({ reason }) => reason === 'too_slow'),
    { http_status: 408 }
  )
  await stillCarries(t, stack, 'after them')
})

t.test('no key, depth or number of a body does anything but be read or not', async (t) => {
  const stack = await startStack(t)
  const good = JSON.parse(sampleBody())
  const within = (text: string): string => JSON.stringify(good).replace('{', `{${text},`)
  const poison = [
    '"__proto__":{"polluted":1,"toString":1}',
    '"constructor":{"prototype":{"polluted":1}}',
    '"\\u005f\\u005fproto\\u005f\\u005f":{"polluted":1}',
    '"prototype":{"polluted":1}',
    '"hasOwnProperty":1,"toString":null,"valueOf":{},"then":1'
  ]
  for (const [i, text] of poison.entries()) {
    const body = within(text).replace(/"eventId":"[^"]*"/u, `"eventId":"poison-${i}"`)
    const answer = await stack.post(body)
    t.match(answer.json, { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] }, text)
    const inside = body
      .replace('"messageProfile":{', `"messageProfile":{${text},`)
      .replace('poison', 'inside')
    t.equal((await stack.post(inside)).status, 200, `${text} inside`)
  }
  t.equal(({} as any).polluted, undefined)
  t.equal(Object.prototype.hasOwnProperty.name, 'hasOwnProperty')

  const deep = `"x":${'['.repeat(20_000)}${']'.repeat(20_000)}`
  t.equal((await stack.post(within(deep))).status, 200, 'deep where nobody looks')
  t.match((await stack.post('['.repeat(30_000) + ']'.repeat(30_000))).json, { error: {} }, 'deep alone')
  t.equal((await stack.post('['.repeat(60_000))).status, 400, 'deep and broken off')
  const objects = `${'{"x":'.repeat(8_000)}1${'}'.repeat(8_000)}`
  t.match((await stack.post(objects)).json, { error: { errorCauses: [{ reason: 'wrong_shape' }] } })

  const numbers = [
    '1e400',
    '-1e400',
    '1e21',
    '9007199254740993',
    '0.1',
    '-0',
    `1${'0'.repeat(3_000)}`,
    `1e${'9'.repeat(300)}`
  ]
  for (const number of numbers) {
    const sent = stack.sandbox.inbox().length
    for (const field of ['phoneNumber', 'otpCode']) {
      const body = sampleBody({ [field]: 'HERE', msgTemplate: null }).replace('"HERE"', number)
      const { status, json } = await stack.post(body)
      t.equal(status, 200)
      if (field === 'phoneNumber') t.ok(json.error, `${field} ${number}`)
    }
    t.ok(stack.sandbox.inbox().length - sent <= 1)
  }
  t.match((await stack.post(sampleBody().replace('"eventId"', '"data":null,"eventId"'))).status, 200)
  await stillCarries(t, stack, 'all of them')
  t.same(stack.events('gateway.fault'), [])
})

/** Ms that the fastest of some runs takes. */
function timeOf(work: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const startedAt = performance.now()
    work()
    return performance.now() - startedAt
  })
  return Math.min(...times)
}

t.test('no input of a caller makes a pattern work more than in proportion to its length', async (t) => {
  const fillings = [
    ' ',
    'a',
    '1',
    '+',
    '-',
    '_',
    '.',
    ',',
    '(',
    '1 ',
    '+1',
    '1-',
    'a-',
    'a_',
    ';ext=',
    'x1',
    '\t ',
    '١',
    '\u202e',
    '😀',
    '1.2.3.4, ',
    ':',
    '::',
    '='
  ]
  const profile = (field: string, value: string): unknown => {
    const body = JSON.parse(sampleBody({ deliveryChannel: 'voice call' }))
    if (field in body) body[field] = value
    else body.data.messageProfile[field] = value
    return body
  }
  const mayCall = createBearerCheck(() => ['a-secret-of-the-test'])
  const readers: readonly [string, number, (text: string) => unknown][] = [
    ...[
      'phoneNumber',
      'otpCode',
      'msgTemplate',
      'locale',
      'otpExpires',
      'deliveryChannel',
      'eventId',
      'eventTime',
      'source',
      'requestType'
    ].map((field): [string, number, (text: string) => unknown] => [
      field,
      4_000,
      (text) => readRequest(profile(field, text), 'US')
    ]),
    ['traceparent', 16_000, (text) => traceIdOf(text)],
    ['authorization', 16_000, (text) => mayCall(text)],
    ['bearer', 16_000, (text) => mayCall(`bearer ${text}`)],
    ['accept', 16_000, (text) => prefersOpenMetrics(text)],
    ['x-forwarded-for', 16_000, (text) => readAddress(text)]
  ]
  for (const [name, most, read] of readers) {
    for (const filling of fillings) {
      for (const ending of ['', '!', '\u0000']) {
        const text = (size: number): string =>
          filling.repeat(Math.ceil(size / filling.length)).slice(0, size) + ending
        const long = timeOf(() => read(text(most)))
        // Four times as long may take four times as long; what is squared would take sixteen times. What is over
        // in a moment is too short to compare.
        if (long < 10) continue
        const short = timeOf(() => read(text(most / 4)))
        t.ok(long / short < 10, `${name} of ${JSON.stringify(filling)}: ${short} ms, ${long} ms`)
      }
    }
  }
  t.pass(`${readers.length * fillings.length * 3} inputs`)
})

t.test('no file of rules and no base URL leads where it should not', async (t) => {
  const laughs = `version: 1\na: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefghij'
    .split('')
    .map(
      (name, i) => `${name}: &${name} [${Array.from({ length: 9 }, () => `*${'abcdefghij'[i]}`).join(', ')}]`
    )
    .join('\n')}\n`
  const startedAt = performance.now()
  t.match(parseRules(laughs, 'bomb.yaml', { nowMs: 0 }), { kind: 'faulty' })
  t.match(parseRules(`version: 1\n${'a: {'.repeat(5_000)}`, 'deep.yaml', { nowMs: 0 }), { kind: 'faulty' })
  t.match(parseRules(`? ${'['.repeat(10_000)}`, 'deep.yaml', { nowMs: 0 }), { kind: 'faulty' })
  t.match(
    parseRules('version: !!js/function "x"\n<<: {}\n__proto__: { polluted: 1 }\n', 'odd.yaml', { nowMs: 0 }),
    { kind: 'faulty' }
  )
  t.ok(performance.now() - startedAt < 20_000)
  t.equal(({} as any).polluted, undefined)

  for (const path of [
    '/proc/self/environ',
    '/dev/zero',
    '/dev/stdin',
    '/etc',
    '../../../../../../proc/self/environ'
  ]) {
    const loaded = await loadRules(path, { nowMs: 0 })
    t.match(loaded, { kind: 'unreadable' }, path)
    t.notMatch(JSON.stringify(loaded), /PATH=/u, path)
  }
  t.match(
    readSettings(
      { ROUTING_FILE: 'secrets/../secrets/okta', OKTA_BASIC_AUTH_FILE: './secrets/okta' },
      () => 'okta:a-password'
    ),
    { faults: [{ name: 'ROUTING_FILE', message: /same file as OKTA_BASIC_AUTH_FILE/u }] },
    'a report would show lines of it'
  )

  const live = { SANDBOX: 'off', OKTA_BASIC_AUTH: 'okta:a-password', MESSAGEBIRD_ACCESS_KEY: 'a-key' }
  for (const url of [
    'http://169.254.169.254/latest/meta-data',
    'http://metadata.google.internal/',
    'http://[::ffff:169.254.169.254]/',
    'http://2852039166/',
    'http://10.0.0.1/',
    'http://127.0.0.1.evil.example/',
    'https://user@rest.messagebird.com/',
    'https://rest.messagebird.com/?x=',
    'https://rest.messagebird.com/#x',
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'javascript:1',
    'data:,x'
  ]) {
    t.match(
      readSettings({ ...live, MESSAGEBIRD_BASE_URL: url }, () => null),
      { kind: 'faulty', faults: [{ name: 'MESSAGEBIRD_BASE_URL' }] },
      url
    )
  }
})

t.test('no text is so written that reading it takes longer than its length asks for', async (t) => {
  const stack = await startStack(t)
  const length = 50_000
  const evil = ['1', ' ', '-', '+1', '1 ', 'a-', '(', '{}', 'a@', '\u0130', '%3a', 'https://', '1.'].map(
    (part) => part.repeat(length / Buffer.byteLength(part))
  )
  const fields = ['phoneNumber', 'otpCode', 'msgTemplate', 'locale', 'deliveryChannel', 'otpExpires'] as const
  const begun = performance.now()
  for (const text of evil) {
    for (const field of fields) {
      const { status, json } = await stack.send({ [field]: text })
      t.ok(status === 200 && (json.error ?? json.commands) !== undefined, `${field}: ${text.slice(0, 6)}`)
    }
    const { status } = await stack.post(sampleBody({}, { source: text }))
    t.equal(status, 200, `source: ${text.slice(0, 6)}`)
  }
  // Some hundreds of ms; a text that is gone through once for each of its characters would take minutes.
  t.ok(performance.now() - begun < 60_000)
})
