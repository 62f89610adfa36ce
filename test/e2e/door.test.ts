import { request as plainRequest, type IncomingHttpHeaders } from 'node:http'
import { request as tlsRequest, type RequestOptions } from 'node:https'
import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as tlsConnect } from 'node:tls'
import t, { type Test } from 'tap'
import { readTls, type ReadTls, type TlsPair } from '../../src/door/certificate.ts'
import { OPEN_DOOR } from '../../src/door/door.ts'
import { FEW_FAILURES } from '../../src/door/failures.ts'
import { readNetworks, type Networks } from '../../src/door/networks.ts'
import { createAuthority, issue, type Issued } from '../fixtures/certificates.ts'
import { AUTHORIZATION } from '../fixtures/gateway.ts'
import { ADMIN_SECRET, sampleBody, startStack } from '../fixtures/stack.ts'

interface Got {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** As Okta calls, from an address of loopback that one may choose, over TLS where it is told so. */
async function call(url: string, options: RequestOptions & { readonly body?: string } = {}): Promise<Got> {
  const { body = sampleBody(), headers, ...rest } = options
  const start = url.startsWith('https') ? tlsRequest : plainRequest
  const request = start(url, {
    method: 'POST',
    agent: false,
    ...rest,
    headers: { 'content-type': 'application/json', authorization: AUTHORIZATION, ...headers }
  })
  request.end(rest.method === 'GET' ? undefined : body)
  const [response] = await once(request, 'response')
  return { status: response.statusCode, headers: response.headers, text: await text(response) }
}

const networks = (written: string): Networks => {
  const read = readNetworks(written, { everybody: true })
  if (read.kind === 'fault') throw new Error(read.message)
  return read.networks
}

const hookOf = ({ gateway }: { readonly gateway: { readonly url: string } }) => `${gateway.url}/telephonyHook`

t.test(
  'only networks on the list get as far as their credentials, and health is for everybody',
  async (t) => {
    const stack = await startStack(t, { door: { ...OPEN_DOOR, allowedSources: networks('127.0.0.2/32') } })
    const hook = hookOf(stack)
    const right = await call(hook, { localAddress: '127.0.0.2' })
    t.match(right, { status: 200, text: /SUCCESSFUL/u })

    const wrong = await call(hook, { localAddress: '127.0.0.3' })
    t.match(wrong, { status: 403, headers: { connection: 'close' }, text: /source_not_allowed/u })
    const forged = { 'x-forwarded-for': '127.0.0.2', forwarded: 'for=127.0.0.2', 'x-real-ip': '127.0.0.2' }
    t.equal(
      (await call(hook, { localAddress: '127.0.0.3', headers: forged })).status,
      403,
      'nobody is believed'
    )
    t.equal((await call(`${stack.gateway.url}/nowhere`, { localAddress: '127.0.0.3' })).status, 403)
    for (const path of ['/health/live', '/health/ready']) {
      t.equal(
        (await call(stack.gateway.url + path, { method: 'GET', localAddress: '127.0.0.3' })).status,
        200,
        path
      )
    }
    for (const path of [
      '/health/live/',
      '//health/live',
      '/health/../telephonyHook',
      '/telephonyHook?x=/health/live'
    ]) {
      t.equal((await call(stack.gateway.url + path, { localAddress: '127.0.0.3' })).status, 403, path)
    }
    t.equal(stack.sandbox.inbox().length, 1)
    t.match(stack.events('okta.request.refused')[0], {
      reason: 'source_not_allowed',
      source: '127.0.0.3',
      http_status: 403
    })
  }
)

t.test('whom it turns away it does not listen to: the body stays unread', async (t) => {
  const stack = await startStack(t, { door: { ...OPEN_DOOR, allowedSources: networks('192.0.2.1') } })
  const request = plainRequest(hookOf(stack), {
    method: 'POST',
    agent: false,
    headers: { 'content-type': 'application/json', 'content-length': 60_000, authorization: AUTHORIZATION }
  })
  request.on('error', () => undefined)
  request.write('{')
  const [response] = await once(request, 'response')
  t.equal(response.statusCode, 403, 'answered before the body came')
  request.destroy()
})

t.test(
  'a proxy is believed where it is trusted: of several addresses the last that none of them is',
  async (t) => {
    const door = {
      ...OPEN_DOOR,
      trustedProxies: networks('127.0.0.2 10.0.0.0/8'),
      allowedSources: networks('203.0.113.0/24 2001:db8::/32')
    }
    const stack = await startStack(t, { door })
    const from = async (forwardedFor: string | string[] | undefined, localAddress = '127.0.0.2') =>
      (
        await call(hookOf(stack), {
          localAddress,
          headers: forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor as string }
        })
      ).status
    t.equal(await from('203.0.113.7'), 200)
    t.equal(await from('203.0.113.7:51234'), 200, 'with its port, as Azure writes it')
    t.equal(await from('[2001:db8::7]:51234'), 200)
    t.equal(await from('198.51.100.1, 203.0.113.7, 10.1.2.3'), 200, 'through two proxies')
    t.equal(await from('203.0.113.7, 198.51.100.1'), 403, 'what a caller writes in front is not believed')
    t.equal(await from('203.0.113.7', '127.0.0.3'), 403, 'who is no proxy of ours is not believed')
    t.equal(await from(undefined), 403, 'the proxy itself is not on the list')
    t.equal(await from(' 203.0.113.7 , '), 200)
    for (const odd of ['', 'unknown', '203.0.113.7, _x', '_x', '203.0.113.7\u00e9', ','.repeat(4_000)]) {
      t.equal(await from(odd), 403, JSON.stringify(odd.slice(0, 20)))
    }
    t.equal(stack.sandbox.inbox().length, 5)
    t.match(
      stack.events('okta.request.refused').map(({ source }) => source),
      ['198.51.100.1', '127.0.0.3', '127.0.0.2']
    )
  }
)

t.test(
  'a source gets no more than its limit, is told when to come again, and nobody else feels it',
  async (t) => {
    const stack = await startStack(t, { door: { ...OPEN_DOOR, sourceLimit: { requests: 3, perMs: 60_000 } } })
    const hook = hookOf(stack)
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => call(hook, { localAddress: '127.0.0.2' }))
    )
    t.equal(answers.filter(({ status }) => status === 200).length, 3)
    const refused = answers.find(({ status }) => status === 429)
    t.match(refused, { headers: { 'retry-after': /^\d+$/u }, text: /too_many_requests/u })
    t.equal((await call(hook, { localAddress: '127.0.0.3' })).status, 200)
    t.equal(stack.sandbox.inbox().length, 4)
    t.equal(stack.events('okta.request.refused').length, 3)
  }
)

t.test(
  'who fails again and again is told so, fills no log, and locks nobody out behind the same address',
  async (t) => {
    const stack = await startStack(t)
    const hook = hookOf(stack)
    const secret = 'guess-738291'
    const guess = () =>
      call(hook, { headers: { authorization: `Basic ${Buffer.from(`okta:${secret}`).toString('base64')}` } })
    const statuses = new Map<number, number>()
    for (let i = 0; i < FEW_FAILURES + 30; i++) {
      const { status, text } = await guess()
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      t.notMatch(text, /738291/u)
    }
    t.same(Object.fromEntries(statuses), { 401: FEW_FAILURES, 429: 30 })
    t.equal((await call(hook)).status, 200, 'right credentials are let in all the same')

    const lines = stack.events('okta.request.refused')
    t.equal(lines.filter(({ reason }) => reason === 'unauthorized').length, 10, 'the first in full')
    t.equal(lines.filter(({ reason }) => reason === 'too_many_failures').length, 10)
    const page = await (
      await fetch(`${stack.gateway.adminUrl}/metrics`, {
        headers: { authorization: `Bearer ${ADMIN_SECRET}` }
      })
    ).text()
    t.match(page, `otp_hook_refusals_total{reason="unauthorized"} ${FEW_FAILURES}`, 'metrics count each')
    t.match(page, 'otp_hook_refusals_total{reason="too_many_failures"} 30')

    await stack.gateway.stop()
    t.match(stack.events('door.refusals'), [
      {
        door: 'okta',
        reason: 'unauthorized',
        refused: 10,
        sources: 1,
        busiest_source: '127.0.0.1',
        busiest_refused: 10
      },
      { door: 'okta', reason: 'too_many_failures', refused: 20 }
    ])
    t.notMatch(JSON.stringify(stack.lines()), /738291/u)
  }
)

const authority = createAuthority('An authority of the test')
const own = issue(authority, { name: 'localhost', hosts: ['localhost', '127.0.0.1'] })

function pairOf({ cert, key }: Issued, clientCa: string | null = null): TlsPair {
  const read = readTls({ cert, key, clientCa }, Date.now())
  if (read.kind === 'faulty') throw new Error(JSON.stringify(read.faults))
  return read.pair
}

async function startTls(t: Test, initial: TlsPair, over: Record<string, unknown> = {}) {
  let files: ReadTls = { kind: 'ok', pair: initial }
  const stack = await startStack(t, {
    tls: { initial, read: () => files, files: [], watchEveryMs: null, publicHost: 'localhost' },
    ...over
  })
  return {
    stack,
    write: (next: ReadTls) => void (files = next)
  }
}

t.test('TLS ends here: 1.2 and 1.3, with the whole chain, and never less', async (t) => {
  const between = createAuthority('One in between', authority)
  const chained = issue(between, { name: 'localhost', hosts: ['127.0.0.1'] })
  const { stack } = await startTls(t, pairOf({ cert: chained.cert + between.pem, key: chained.key }))
  t.match(stack.gateway.url, /^https:\/\/127\.0\.0\.1:\d+$/u)
  t.match(await call(hookOf(stack), { ca: authority.pem }), { status: 200, text: /SUCCESSFUL/u })
  t.equal((await call(hookOf(stack), { ca: authority.pem, maxVersion: 'TLSv1.2' })).status, 200)
  await t.rejects(call(hookOf(stack), { ca: authority.pem, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1' }))
  await t.rejects(call(hookOf(stack).replace('https', 'http'), { ca: authority.pem }), 'no plain HTTP')
  t.match(stack.events('tls.loaded'), [{ chain: 2, days_left: 89, covers_public_url: false, by: 'start' }])
  t.match(stack.gateway.adminUrl, /^http:/u, 'on loopback nobody listens in')
  t.equal((await call(hookOf(stack), { ca: authority.pem })).status, 200)
})

t.test('the admin port speaks TLS as well where it leaves this machine', async (t) => {
  const { stack } = await startTls(t, pairOf(own), { adminHost: '0.0.0.0' })
  const url = (stack.gateway.adminUrl ?? '').replace('0.0.0.0', '127.0.0.1')
  t.match(url, /^https:/u)
  const answer = await call(`${url}/status`, {
    method: 'GET',
    ca: authority.pem,
    headers: { authorization: `Bearer ${ADMIN_SECRET}` }
  })
  t.equal(answer.status, 200)
  const login = await call(`${url}/console/api/session`, {
    ca: authority.pem,
    headers: { 'x-switchboard-console': '1' },
    body: JSON.stringify({ secret: ADMIN_SECRET })
  })
  t.equal(login.status, 204)
  t.match(login.headers['set-cookie']?.[0], /; HttpOnly; Secure; SameSite=Strict$/u)
})

t.test('a renewed certificate is shown to whoever comes, and a faulty one changes nothing', async (t) => {
  const { stack, write } = await startTls(t, pairOf(own))
  const socket = tlsConnect({
    port: Number(new URL(stack.gateway.url).port),
    host: '127.0.0.1',
    ca: authority.pem
  })
  await once(socket, 'secureConnect')
  const shown = async (): Promise<string> => {
    const one = tlsConnect({
      port: Number(new URL(stack.gateway.url).port),
      host: '127.0.0.1',
      ca: authority.pem
    })
    await once(one, 'secureConnect')
    const { fingerprint256 } = one.getPeerX509Certificate() ?? {}
    one.destroy()
    return (fingerprint256 ?? '').replaceAll(':', '').toLowerCase()
  }
  const before = pairOf(own)
  t.equal(await shown(), before.fingerprint)

  write({
    kind: 'faulty',
    faults: [{ name: 'TLS_KEY', message: 'is not the key of the first certificate in TLS_CERT' }]
  })
  await stack.gateway.renewSecrets()
  t.equal(await shown(), before.fingerprint)
  t.match(stack.events('tls.rejected'), [{ level: 50, settings: [{ setting: 'TLS_KEY' }], by: 'signal' }])
  t.match(await call(hookOf(stack), { ca: authority.pem }), { status: 200 })

  const next = pairOf(issue(authority, { name: 'localhost', hosts: ['127.0.0.1'] }))
  write({ kind: 'ok', pair: next })
  await stack.gateway.renewSecrets()
  t.equal(await shown(), next.fingerprint)
  t.match(stack.events('tls.loaded').at(-1), { fingerprint: next.fingerprint.slice(0, 16), by: 'signal' })
  t.match(await call(hookOf(stack), { ca: authority.pem }), { status: 200 })
  t.notOk(socket.destroyed, 'connections that are open stay')
  socket.destroy()
})

t.test('with an authority for clients nobody without its certificate is heard, and probes are', async (t) => {
  const clients = createAuthority('An authority for clients')
  const strangers = createAuthority('An authority for clients')
  const { stack, write } = await startTls(t, pairOf(own, clients.pem))
  const ca = authority.pem
  const hook = hookOf(stack)
  const certified = issue(clients, { name: 'proxy' })
  t.match(await call(hook, { ca, ...certified }), { status: 200, text: /SUCCESSFUL/u })
  t.match(await call(hook, { ca }), { status: 403, text: /no_client_certificate/u })
  t.match(await call(hook, { ca, ...issue(strangers, { name: 'proxy' }) }), { status: 403 })
  const ended = issue(clients, { name: 'proxy', from: Date.now() - 9e8, until: Date.now() - 1e8 })
  t.match(await call(hook, { ca, ...ended }), { status: 403 })
  t.equal((await call(`${stack.gateway.url}/health/ready`, { ca, method: 'GET' })).status, 200)
  t.equal(stack.sandbox.inbox().length, 1)

  // Who had a session under the old authority has to show a certificate anew.
  const port = Number(new URL(stack.gateway.url).port)
  const first = tlsConnect({ port, host: '127.0.0.1', ca, ...certified })
  const [session] = (await once(first, 'session')) as [Buffer]
  first.destroy()
  write({ kind: 'ok', pair: pairOf(own, strangers.pem) })
  await stack.gateway.renewSecrets()
  t.match(await call(hook, { ca, ...certified, session } as RequestOptions), { status: 403 })
})

t.test('a port scanner, a plain greeting and a broken handshake cost nobody anything', async (t) => {
  const { stack } = await startTls(t, pairOf(own))
  const port = Number(new URL(stack.gateway.url).port)
  for (const bytes of [
    'GET / HTTP/1.1\r\n\r\n',
    '\u0016\u0003\u0001\u0000\u0005hello',
    '',
    '\u0000'.repeat(5_000)
  ]) {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    socket.resume().end(bytes)
    await once(socket, 'close')
  }
  t.match(await call(hookOf(stack), { ca: authority.pem }), { status: 200 })
  t.same(stack.events('gateway.fault'), [])
})
