import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { createExchange, type Exchange, type HttpRequest } from '../../src/providers/exchange.ts'
import {
  blackHole,
  closedPort,
  dribble,
  hang,
  rawVendor,
  reply,
  reset,
  responseOf
} from '../fixtures/raw-vendor.ts'

const post: HttpRequest = {
  method: 'POST',
  path: '/send?x=1',
  headers: { 'content-type': 'application/json' },
  body: '{"code":"481516"}'
}
const patient = { startWithinMs: 10_000, endWithinMs: 20_000 }
const ok = reply({ status: 200, body: { ok: true } })

function opened(t: Test, exchange: Exchange): Exchange {
  t.teardown(() => exchange.close())
  return exchange
}

t.test('an exchange sends the request as given and hands back status, headers and body', async (t) => {
  const vendor = await rawVendor(t, reply({ status: 422, body: { a: 'ä' }, headers: { 'retry-after': '7' } }))
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl }))

  t.match(await exchange.request(post, patient), {
    kind: 'answered',
    status: 422,
    headers: { 'retry-after': '7' },
    body: '{"a":"ä"}'
  })
  t.match(vendor.seen, [{ method: 'POST', path: '/send?x=1', body: post.body }])
  t.equal(vendor.seen[0]?.headers['content-length'], String(post.body.length))
  t.equal(vendor.seen[0]?.headers['content-type'], 'application/json')
})

t.test('an exchange puts the path of its base URL in front', async (t) => {
  const vendor = await rawVendor(t, ok)
  const exchange = opened(t, createExchange({ baseUrl: `${vendor.baseUrl}/proxy/twilio/` }))
  await exchange.request(post, patient)
  t.equal(vendor.seen[0]?.path, '/proxy/twilio/send?x=1')
})

t.test('an exchange keeps its connection, also over a warm()', async (t) => {
  const vendor = await rawVendor(t, ok)
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl, connections: 1 }))
  vendor.behave = (socket, { method }) => {
    socket.write(
      method === 'HEAD'
        ? 'HTTP/1.1 404 No\r\ncontent-length: 9\r\n\r\n'
        : responseOf({ status: 200, body: {} })
    )
  }
  await exchange.warm()
  await exchange.request(post, patient)
  await exchange.request(post, patient)
  t.equal(vendor.connections(), 1)
  t.same(
    vendor.seen.map(({ method }) => method),
    ['HEAD', 'HEAD', 'POST', 'POST']
  )
})

t.test('warm() never rejects, and carries no credentials', async (t) => {
  const exchange = opened(t, createExchange({ baseUrl: await closedPort() }))
  await t.resolves(exchange.warm())
})

t.test('a refused connection is not_reached', async (t) => {
  const exchange = opened(t, createExchange({ baseUrl: await closedPort() }))
  t.same(await exchange.request(post, patient), { kind: 'not_reached', cause: 'ECONNREFUSED' })
})

t.test('a host that does not exist is not_reached', async (t) => {
  const exchange = opened(t, createExchange({ baseUrl: 'http://no-such-host.invalid' }))
  t.match(await exchange.request(post, patient), { kind: 'not_reached', cause: /^E(NOTFOUND|AI_AGAIN)$/u })
})

t.test('a TLS handshake that fails is not_reached', async (t) => {
  const server = createServer((socket) => socket.on('error', () => undefined).end('no TLS'))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const exchange = opened(t, createExchange({ baseUrl: `https://127.0.0.1:${port}` }))
  t.match(await exchange.request(post, patient), { kind: 'not_reached', cause: /^E[A-Z_]+/u })
})

t.test(
  'a connection that cannot be opened in time is not_reached, and the caller does not wait for it',
  async (t) => {
    const exchange = opened(t, createExchange({ baseUrl: await blackHole(t) }))
    t.same(await exchange.request(post, { startWithinMs: 30, endWithinMs: 20_000 }), {
      kind: 'not_reached',
      cause: 'not_started'
    })
  }
)

t.test('nothing is sent where no time is left to start', async (t) => {
  const vendor = await rawVendor(t, ok)
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl }))
  t.same(await exchange.request(post, { startWithinMs: 0, endWithinMs: 1_000 }), {
    kind: 'not_reached',
    cause: 'not_started'
  })
  t.same(vendor.seen, [])
})

t.test(
  'a request that waited too long for a connection is never written later, and spares the connection',
  async (t) => {
    let release: (() => void) | undefined
    const vendor = await rawVendor(t, (socket) => {
      release = () => socket.write(responseOf({ status: 200, body: {} }))
    })
    const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl, connections: 1 }))

    const first = exchange.request({ ...post, path: '/first' }, patient)
    const late = await exchange.request(
      { ...post, path: '/late' },
      { startWithinMs: 20, endWithinMs: 20_000 }
    )
    t.same(late, { kind: 'not_reached', cause: 'not_started' })

    while (vendor.seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
    vendor.behave = ok
    release?.()
    t.match(await first, { kind: 'answered' })
    t.match(await exchange.request({ ...post, path: '/next' }, patient), { kind: 'answered' })
    t.same(
      vendor.seen.map(({ path }) => path),
      ['/first', '/next']
    )
    t.equal(vendor.connections(), 1)
  }
)

t.test('no more wait for a connection than there are connections', async (t) => {
  const vendor = await rawVendor(t, hang)
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl, connections: 1 }))
  const held = [exchange.request(post, patient), exchange.request(post, patient)]
  t.same(await exchange.request(post, patient), { kind: 'not_reached', cause: 'pool_full' })
  await exchange.close()
  await Promise.all(held)
})

t.test('silence after the request was written is no_answer', async (t) => {
  const vendor = await rawVendor(t, ok)
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl, connections: 1 }))
  await exchange.request(post, patient)
  vendor.behave = hang
  t.same(await exchange.request(post, { startWithinMs: 10_000, endWithinMs: 80 }), {
    kind: 'no_answer',
    cause: 'timeout'
  })
  t.equal(vendor.seen.length, 2)
})

t.test('a body that dribbles on is ended by the limit', async (t) => {
  const vendor = await rawVendor(t, ok)
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl, connections: 1 }))
  await exchange.request(post, patient)
  vendor.behave = dribble
  t.same(await exchange.request(post, { startWithinMs: 10_000, endWithinMs: 120 }), {
    kind: 'no_answer',
    cause: 'timeout'
  })
})

t.test('a reset after the request was written is no_answer', async (t) => {
  const vendor = await rawVendor(t, reset)
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl }))
  const answer = await exchange.request(post, patient)
  t.match(answer, { kind: 'no_answer', cause: /^(ECONNRESET|UND_ERR_SOCKET)$/u })
  t.equal(vendor.seen.length, 1, 'and it is not sent again')
})

t.test('an answer that is cut short or no HTTP is no_answer', async (t) => {
  const vendor = await rawVendor(t, (socket) =>
    socket.end('HTTP/1.1 201 Created\r\ncontent-length: 50\r\n\r\n{"sid":')
  )
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl }))
  t.match(await exchange.request(post, patient), { kind: 'no_answer' })
  vendor.behave = (socket) => socket.end('220 smtp.example ESMTP\r\n')
  t.match(await exchange.request(post, patient), { kind: 'no_answer' })
})

t.test('an answer over 64 KiB is no_answer, with its length in the head or without', async (t) => {
  const huge = 'x'.repeat(70_000)
  const vendor = await rawVendor(t, reply({ status: 200, body: huge }))
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl }))
  t.same(await exchange.request(post, patient), { kind: 'no_answer', cause: 'answer_too_large' })

  const chunk = 'y'.repeat(16_384)
  vendor.behave = (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${`4000\r\n${chunk}\r\n`.repeat(5)}`)
  }
  t.same(await exchange.request(post, patient), { kind: 'no_answer', cause: 'answer_too_large' })
})

t.test('an interim answer is not taken for the answer', async (t) => {
  const vendor = await rawVendor(t, (socket) => {
    socket.write(
      `HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n${responseOf({ status: 201, body: { id: 1 } })}`
    )
  })
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl }))
  t.match(await exchange.request(post, patient), { kind: 'answered', status: 201, body: '{"id":1}' })
})

t.test('a redirect is not followed', async (t) => {
  const other = await rawVendor(t, ok)
  const vendor = await rawVendor(
    t,
    reply({ status: 308, body: '', headers: { location: `${other.baseUrl}/steal` } })
  )
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl }))
  t.match(await exchange.request(post, patient), { kind: 'answered', status: 308 })
  t.same(other.seen, [])
})

t.test('close() ends what hangs and what waits, and does not hang itself', async (t) => {
  const vendor = await rawVendor(t, hang)
  const exchange = createExchange({ baseUrl: vendor.baseUrl, connections: 1 })
  const hanging = exchange.request(post, patient)
  const waiting = exchange.request(post, patient)
  while (vendor.seen.length === 0) await new Promise((resolve) => setImmediate(resolve))

  await exchange.close()
  t.same(await hanging, { kind: 'no_answer', cause: 'closed' })
  t.same(await waiting, { kind: 'not_reached', cause: 'closed' })
  t.same(await exchange.request(post, patient), { kind: 'not_reached', cause: 'closed' })
})

t.test('T2: 100 requests at once over a slow vendor all leave', async (t) => {
  const vendor = await rawVendor(t, hang)
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl }))
  const waiting: (() => void)[] = []
  vendor.behave = (socket) => {
    // None is answered before all have come: no pool of 20 could do that.
    waiting.push(() => socket.write(responseOf({ status: 200, body: {} })))
    if (waiting.length === 100) for (const answer of waiting) answer()
  }
  const answers = await Promise.all(Array.from({ length: 100 }, () => exchange.request(post, patient)))
  t.ok(answers.every(({ kind }) => kind === 'answered'))
  t.equal(vendor.seen.length, 100)
})

t.test('an exchange gives up a request when it is told to, and says whether it had left', async (t) => {
  const vendor = await rawVendor(t, hang)
  const exchange = opened(t, createExchange({ baseUrl: vendor.baseUrl, connections: 1 }))
  const [left, waiting] = [new AbortController(), new AbortController()]
  const first = exchange.request(post, { ...patient, signal: left.signal })
  const second = exchange.request(post, { ...patient, signal: waiting.signal })
  while (vendor.seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  waiting.abort()
  t.same(await second, { kind: 'not_reached', cause: 'given_up' })
  left.abort()
  t.same(await first, { kind: 'no_answer', cause: 'given_up' })
  vendor.behave = ok
  t.match(await exchange.request(post, patient), { kind: 'answered' }, 'its connection is free again')
  t.equal(vendor.seen.length, 2, 'what was given up in time was never sent')
})
