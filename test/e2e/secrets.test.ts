import { request } from 'node:https'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import t from 'tap'
import type { Outcome } from '../../src/domain/outcome.ts'
import type { OutboundMessage } from '../../src/domain/message.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { createReplaceable } from '../../src/providers/replaceable.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { LOGIN, callerTerms } from '../fixtures/gateway.ts'
import type { ReadSecrets } from '../../src/renewal.ts'
import { readSettings } from '../../src/settings.ts'
import { switchFaults } from '../../src/node-switches.ts'
import { createAuthority, issue } from '../fixtures/certificates.ts'
import { linesOf, run, runGateway, urlOf } from '../fixtures/process.ts'
import { secretFiles } from '../fixtures/secret-files.ts'
import { NO_REDIS, startRedisServer } from '../fixtures/redis-server.ts'
import { RULES, sampleBody, startStack, until, type Stack } from '../fixtures/stack.ts'

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`

t.test('SIGHUP puts new secrets in force, all or none, and says which by name', async (t) => {
  const sandbox = await startSandbox({ now: () => Date.now(), random: Math.random })
  t.teardown(() => sandbox.close())
  const { twilio, messagebird } = sandbox.credentials
  const files = secretFiles(t)
  const gateway = runGateway(t, {
    SANDBOX: 'off',
    ROUTING_FILE: files.write('routing.yaml', RULES),
    OKTA_BASIC_AUTH_FILE: files.write('okta', 'okta:the-old-password'),
    ADMIN_SECRET_FILE: files.write('admin', 'the-old-admin-secret'),
    LOG_HASH_KEY_FILE: files.write('hash', 'the-old-key-of-hashes'),
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN_FILE: files.write('twilio', 'a-token-that-is-over'),
    TWILIO_BASE_URL: sandbox.twilioUrl,
    MESSAGEBIRD_ACCESS_KEY: messagebird.accessKey,
    MESSAGEBIRD_BASE_URL: sandbox.messagebirdUrl
  })
  const url = await urlOf(gateway)
  const { admin } = linesOf(gateway).find(({ event }) => event === 'gateway.started')
  const events = (name: string) => linesOf(gateway).filter(({ event }) => event === name)
  const post = async (pair: string) => {
    const answer = await fetch(`${url}/telephonyHook`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: basic(pair) },
      body: sampleBody({ phoneNumber: '+12025550188' })
    })
    return { status: answer.status, json: (await answer.json()) as any }
  }
  const asAdmin = async (secret: string) =>
    (await fetch(`${admin}/status`, { headers: { authorization: `Bearer ${secret}` } })).status
  const hangUp = async (): Promise<any> => {
    const before = events('secrets.reloaded').length + events('secrets.rejected').length
    gateway.child.kill('SIGHUP')
    const after = () => [...events('secrets.reloaded'), ...events('secrets.rejected')]
    await until(() => after().length > before)
    return after()
      .toSorted((one, other) => one.time - other.time)
      .at(-1)
  }

  /** A process that has just started may have too much to do on a busy machine. */
  const carriedBy = async (pair: string, provider: string): Promise<boolean> => {
    for (let tries = 0; tries < 300; tries++) {
      const { json } = await post(pair)
      if (json.commands?.[0].value[0].provider === provider) return true
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return false
  }

  t.ok(await carriedBy('okta:the-old-password', 'MESSAGEBIRD'))
  await until(() => events('provider.alarm').length === 1)

  files.write('okta', 'okta:the-old-password okta:the-next-password')
  files.write('admin', 'the-next-admin-secret')
  files.write('twilio', twilio.authToken)
  files.write('hash', 'the-next-key-of-hashes')
  t.match(await hangUp(), {
    event: 'secrets.reloaded',
    changed: ['ADMIN_SECRET', 'OKTA_BASIC_AUTH', 'TWILIO_AUTH_TOKEN'],
    until_restart: ['LOG_HASH_KEY']
  })
  t.equal((await post('okta:the-old-password')).status, 200)
  t.equal((await post('okta:the-next-password')).status, 200)
  t.same([await asAdmin('the-old-admin-secret'), await asAdmin('the-next-admin-secret')], [401, 200])
  // Its breaker was opened by the old token, and is closed by the first that the new one carries.
  t.ok(await carriedBy('okta:the-next-password', 'TWILIO'))
  await until(() => events('provider.alarm_over').length === 1)

  files.write('okta', 'okta:the-last-password')
  files.write('admin', 'short')
  t.match(await hangUp(), {
    event: 'secrets.rejected',
    level: 50,
    settings: [{ setting: 'ADMIN_SECRET', problem: /at least 16 characters/u }]
  })
  t.equal((await post('okta:the-next-password')).status, 200, 'nothing has changed')
  t.equal((await post('okta:the-last-password')).status, 401)

  files.write('admin', 'the-next-admin-secret')
  t.match(await hangUp(), { changed: ['OKTA_BASIC_AUTH'], until_restart: ['LOG_HASH_KEY'] })
  t.equal((await post('okta:the-next-password')).status, 401, 'the old one is out')
  t.equal((await post('okta:the-last-password')).status, 200)
  t.match(await hangUp(), { changed: [], until_restart: ['LOG_HASH_KEY'] }, 'what waits is said again')

  // The rules are read as well, each by itself.
  await until(() => events('rules.unchanged').length > 0)
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
  const output = gateway.stdout() + gateway.stderr()
  for (const word of ['password', 'admin-secret', 'a-token', twilio.authToken, 'key-of-hashes', 'short']) {
    t.notOk(output.includes(word), word)
  }
})

t.test('a renewed certificate is in force without a restart, and a half-written pair is not', async (t) => {
  const authority = createAuthority('An authority of the test')
  const first = issue(authority, {
    name: 'localhost',
    hosts: ['127.0.0.1'],
    until: Date.now() + 5 * 86_400_000
  })
  const second = issue(authority, { name: 'localhost', hosts: ['127.0.0.1'] })
  const files = secretFiles(t)
  const gateway = runGateway(t, {
    TLS_CERT_FILE: files.write('tls.crt', first.cert),
    TLS_KEY_FILE: files.write('tls.key', first.key),
    PUBLIC_URL: 'https://otp.example.com'
  })
  const url = await urlOf(gateway)
  t.match(url, /^https:/u)
  const events = (name: string) => linesOf(gateway).filter(({ event }) => event === name)
  t.match(events('tls.loaded'), [{ days_left: 4, covers_public_url: false, by: 'start' }])
  t.match(events('tls.expiring'), [{ days_left: 4, level: 50 }])

  const post = async (): Promise<any> => {
    const asked = request(`${url}/telephonyHook`, {
      method: 'POST',
      ca: authority.pem,
      agent: false,
      headers: { 'content-type': 'application/json', authorization: basic('okta:sandbox') }
    })
    asked.end(sampleBody())
    const [response] = await once(asked, 'response')
    return JSON.parse(await text(response))
  }
  t.match(await post(), { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] })

  files.write('tls.crt', second.cert)
  await until(() => events('tls.rejected').length > 0)
  t.match(events('tls.rejected'), [
    { settings: [{ setting: 'TLS_KEY', problem: /not the key/u }], by: 'watch' }
  ])
  t.match(await post(), { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] })
  files.write('tls.key', second.key)
  await until(() => events('tls.loaded').length > 1)
  t.match(events('tls.loaded').at(-1), { days_left: 89, by: 'watch' })
  t.match(await post(), { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] })
  t.equal(events('tls.rejected').length, 1)
  t.notMatch(gateway.stdout() + gateway.stderr(), /BEGIN|tls\.(?:crt|key)/u)
})

t.test('what is on its way ends with the old account, what comes is carried by the new one', async (t) => {
  let read: ReadSecrets
  const stack = await startStack(t, { secrets: { digests: new Map(), reread: () => read } })
  const { sandbox, gateway, send, events } = stack
  const { twilio, vonage, messagebird } = sandbox.credentials
  const env = {
    SANDBOX: 'off',
    OKTA_BASIC_AUTH: 'okta:an-okta-secret',
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: twilio.authToken,
    TWILIO_BASE_URL: sandbox.twilioUrl,
    VONAGE_API_KEY: vonage.apiKey,
    VONAGE_API_SECRET: vonage.apiSecret,
    VONAGE_APPLICATION_ID: vonage.applicationId,
    VONAGE_PRIVATE_KEY: vonage.privateKey,
    VONAGE_REST_URL: sandbox.vonageRestUrl,
    VONAGE_API_URL: sandbox.vonageApiUrl,
    MESSAGEBIRD_ACCESS_KEY: messagebird.accessKey,
    MESSAGEBIRD_BASE_URL: sandbox.messagebirdUrl
  }
  const rereadAs = async (over: Record<string, string | undefined>): Promise<any> => {
    const settings = readSettings({ ...env, ...over }, () => null)
    read = settings.kind === 'ok' ? { ...settings, callers: [callerTerms({ basic: [LOGIN] })] } : settings
    await gateway.renewSecrets()
    return stack.lines().findLast(({ event }) => event.startsWith('secrets.'))
  }
  const carrier = ({ json }: Awaited<ReturnType<typeof send>>) => json.commands[0].value[0].provider

  await sandbox.setFault('twilio', { mode: 'slow', delay_ms: 200 })
  const underWay = Array.from({ length: 5 }, () => send())
  await until(() => events('otp.attempt.started').length === 5)
  t.match(await rereadAs({ TWILIO_AUTH_TOKEN: 'a-token-that-is-wrong' }), { event: 'secrets.reloaded' })
  for (const answer of await Promise.all(underWay)) t.equal(carrier(answer), 'TWILIO', 'with the old one')
  await sandbox.setFault('twilio', null)
  t.equal(carrier(await send()), 'VONAGE')
  t.match(events('provider.alarm'), [{ provider: 'twilio', class: 'credentials' }], 'with the new one')

  for (const [over, problem] of [
    [{ MESSAGEBIRD_ACCESS_KEY: undefined }, /needs a restart/u],
    [{ VONAGE_APPLICATION_ID: undefined, VONAGE_PRIVATE_KEY: undefined }, /needs a restart/u],
    [{ TWILIO_AUTH_TOKEN: undefined }, /is missing/u],
    [{ OKTA_BASIC_AUTH: 'nonsense' }, /must be/u]
  ] as const) {
    t.match(await rereadAs(over), { event: 'secrets.rejected', settings: [{ problem }] })
  }
  t.equal(carrier(await send()), 'VONAGE', 'nothing has changed')
  const collector = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example.com',
    OTEL_EXPORTER_OTLP_HEADERS: 'key=x'
  }
  t.match(await rereadAs(collector), {
    event: 'secrets.reloaded',
    until_restart: ['OTEL_EXPORTER_OTLP_HEADERS']
  })
  t.same(events('gateway.fault'), [])
})

t.test(
  'the key of the shared state changes by a signal, with a real Redis',
  { skip: NO_REDIS },
  async (t) => {
    const { url } = await startRedisServer(t)
    const [old, next] = [randomBytes(32), randomBytes(32)]
    const base = readSettings({ SANDBOX: 'on' }, () => null)
    if (base.kind !== 'ok') throw new Error('The sandbox needs no settings.')
    const node = async (keys: readonly Buffer[]) => {
      let current = keys
      const reread = (): ReadSecrets => ({
        kind: 'ok',
        settings: { ...base.settings, redis: { url, keys: current } },
        callers: [callerTerms({ basic: [LOGIN] })]
      })
      const stack = await startStack(t, { redis: { url, keys }, secrets: { digests: new Map(), reread } })
      return {
        ...stack,
        async changeTo(after: readonly Buffer[]): Promise<void> {
          current = after
          await stack.gateway.renewSecrets()
        }
      }
    }
    /** Sent by one node, is it known at the other? */
    const isShared = async (from: Stack, to: Stack): Promise<boolean> => {
      const body = sampleBody({ phoneNumber: '+12025550188' })
      t.equal((await from.post(body)).status, 200)
      const before = to.events('otp.request.completed').length
      await to.post(body)
      await until(() => to.events('otp.request.completed').length > before)
      return to.events('otp.request.completed').at(-1).outcome === 'duplicate'
    }
    const [a, b] = [await node([old]), await node([old])]
    t.ok(await isShared(a, b))
    for (const keys of [[old, next], [next, old], [next]]) {
      await a.changeTo(keys)
      t.ok(await isShared(a, b), 'between two that differ by a step')
      t.ok(await isShared(b, a))
      await b.changeTo(keys)
      t.ok(await isShared(a, b))
    }
    t.notOk(await isShared(a, await node([old])), 'the old key reads nothing any more')
  }
)

t.test('createReplaceable() closes the one before when nothing of it is on its way', async (t) => {
  const closed: string[] = []
  const answers = new Map<string, (outcome: Outcome) => void>()
  const account = (id: string, over: Partial<Provider> = {}): Provider => ({
    name: 'twilio',
    channels: new Set(['sms']),
    send: () => new Promise((resolve) => void answers.set(id, resolve)),
    warm: async () => undefined,
    close: async () => void closed.push(id),
    ...over
  })
  const message = {} as OutboundMessage
  const limits = { startWithinMs: 1, endWithinMs: 1 }
  const provider = createReplaceable(account('a'))
  const first = provider.send(message, limits)
  provider.replaceBy(account('b'))
  t.same(closed, [], 'one is on its way')
  const second = provider.send(message, limits)
  provider.replaceBy(account('c'))
  answers.get('a')?.({ class: 'accepted', transactionId: 'of a' })
  t.match(await first, { transactionId: 'of a' })
  t.same(closed, ['a'])
  provider.replaceBy(account('d'))
  t.same(closed, ['a', 'c'], 'nothing was')
  await provider.close()
  t.same(
    closed.toSorted((x, y) => x.localeCompare(y)),
    ['a', 'b', 'c', 'd'],
    'a stop leaves none'
  )
  answers.get('b')?.({ class: 'accepted', transactionId: 'of b' })
  t.match(await second, { transactionId: 'of b' })
  t.throws(() => provider.replaceBy(account('e', { channels: new Set(['sms', 'voice']) })), RangeError)
  t.throws(() => provider.replaceBy(account('e', { name: 'vonage' })), RangeError)
})

t.test('switches that would put secrets on disk or on a screen are faults, by name', async (t) => {
  const faulty: readonly [Record<string, string>, readonly string[], string][] = [
    [{ NODE_OPTIONS: '--heapsnapshot-near-heap-limit=3' }, [], 'NODE_OPTIONS'],
    [{ NODE_OPTIONS: '--max-old-space-size=512 --heapsnapshot_signal=SIGUSR2' }, [], 'NODE_OPTIONS'],
    [{ NODE_OPTIONS: '"--tls-keylog=/tmp/keys"' }, [], 'NODE_OPTIONS'],
    [{}, ['--abort-on-uncaught-exception'], 'node'],
    [{}, ['--trace-tls'], 'node'],
    [{ SSLKEYLOGFILE: '/tmp/keys' }, [], 'SSLKEYLOGFILE'],
    [{ NODE_DEBUG_NATIVE: 'http2' }, [], 'NODE_DEBUG_NATIVE'],
    [{ NODE_TLS_REJECT_UNAUTHORIZED: '0' }, [], 'NODE_TLS_REJECT_UNAUTHORIZED'],
    [{ NODE_DEBUG: 'http2' }, [], 'NODE_DEBUG'],
    [{ DEBUG: '*' }, [], 'DEBUG']
  ]
  for (const [env, flags, name] of faulty) {
    t.match(switchFaults(env, flags), [{ name }], `${JSON.stringify(env)} ${flags.join(' ')}`)
    t.match(
      readSettings(env, () => null, flags),
      { kind: 'faulty' }
    )
  }
  const fine = {
    NODE_OPTIONS: '--max-old-space-size=512 --report-on-fatalerror',
    NODE_TLS_REJECT_UNAUTHORIZED: '1'
  }
  t.same(switchFaults(fine, ['--enable-source-maps', '--report-uncaught-exception']), [])

  const started = run(t, process.execPath, ['--heapsnapshot-signal=SIGUSR2', 'bin/switchboard.js'])
  t.equal(await started.ended, 1)
  t.match(started.stderr(), /^ {2}node must not have --heapsnapshot-signal/mu)
})
