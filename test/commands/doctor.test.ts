import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { accountFinding, clockFinding } from '../../src/commands/doctor-accounts.ts'
import type { Io } from '../../src/commands/command.ts'
import type { AccountProbe, AccountProbeReading, Probes } from '../../src/commands/probes.ts'
import { createProbes } from '../../src/probes.ts'
import { createAccounts } from '../../src/providers/accounts.ts'
import { createMemoryState } from '../../src/state/memory.ts'
import { createRedisState } from '../../src/state/redis.ts'
import { createSealing } from '../../src/state/sealing.ts'
import { runWith, type Ran } from '../fixtures/commands-io.ts'
import { LOGIN, providersOf } from '../fixtures/gateway.ts'
import { holdToGolden, shownOf } from '../fixtures/golden.ts'
import { closedPort, hang, rawVendor, reply } from '../fixtures/raw-vendor.ts'
import { startIssuer } from '../fixtures/issuer.ts'
import { NO_REDIS, startRedisServer } from '../fixtures/redis-server.ts'
import { startStack, type Stack } from '../fixtures/stack.ts'

const PUBLIC_URL = 'https://otp.example.com'
const RULES = 'config/routing.yaml'

const SOUND_RULES = `
version: 1
providers:
  twilio: { channels: [sms, voice] }
  vonage: { channels: [sms, voice] }
  messagebird: { channels: [sms, voice] }
senders:
  number: { kind: number, value: "+46701740605" }
defaults: { sender: [number] }
otherwise: { send: [twilio, vonage, messagebird] }
`

/** The settings of a live gateway whose providers the sandbox plays. */
function liveEnv({ sandbox }: Stack, rulesFile: string): Record<string, string> {
  const { twilio, vonage, messagebird } = sandbox.credentials
  return {
    OKTA_BASIC_AUTH: `${LOGIN.user}:${LOGIN.password}`,
    ADMIN_SECRET: 'the-admin-secret-of-a-test',
    LOG_HASH_KEY: 'the-hash-key-of-a-test',
    PUBLIC_URL,
    ROUTING_FILE: rulesFile,
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: twilio.authToken,
    TWILIO_BASE_URL: sandbox.twilioUrl,
    VONAGE_API_KEY: vonage.apiKey,
    VONAGE_API_SECRET: vonage.apiSecret,
    VONAGE_REST_URL: sandbox.vonageRestUrl,
    VONAGE_APPLICATION_ID: vonage.applicationId,
    VONAGE_PRIVATE_KEY: vonage.privateKey,
    VONAGE_API_URL: sandbox.vonageApiUrl,
    MESSAGEBIRD_ACCESS_KEY: messagebird.accessKey,
    MESSAGEBIRD_BASE_URL: sandbox.messagebirdUrl
  }
}

/** What the internet would be: PUBLIC_URL leads to the gateway, and shows a certificate. */
function internetOf(stack: Stack, validForDays = 60): Partial<Io> {
  const probes = createProbes({
    readSecretFile: (path) => readFileSync(path, 'utf8'),
    epoch: () => Date.now(),
    now: () => performance.now()
  })
  const certificate: Probes['certificate'] = async () => ({
    validToMs: Date.now() + validForDays * 86_400_000 + 3_600_000
  })
  // Every request takes 12 ms, however much this machine has to do.
  let clockMs = 0
  return {
    now: () => Date.now(),
    monotonic: () => (clockMs += 12),
    probes: async () => ({ ...probes, certificate }),
    fetch: (url, init) => fetch((url as URL).href.replace(PUBLIC_URL, stack.gateway.url), init)
  }
}

const said: string[] = []

async function doctor(env: Record<string, string>, over: Partial<Io> = {}, line = 'doctor'): Promise<Ran> {
  const ran = await runWith(line.split(' '), { env, ...over })
  said.push(ran.out, ran.err)
  return ran
}

const rulesIn = (t: Test, text = SOUND_RULES): string => `${t.testdir({ 'rules.yaml': text })}/rules.yaml`

t.test('a gateway that is ready has nothing to mend', async (t) => {
  const stack = await startStack(t, { mode: 'live' })
  const env = liveEnv(stack, rulesIn(t))
  const ran = await doctor(env, internetOf(stack))
  const steady = shownOf('doctor', ran)
    .replaceAll(env['ROUTING_FILE'] ?? '', 'routing.yaml')
    .replaceAll(/\d{4}-\d\d-\d\d/gu, '2027-01-24')
  holdToGolden(t, 'doctor', steady)
  t.equal(ran.status, 0)
  t.same(stack.sandbox.inbox(), [], 'no code was sent')
  t.equal(stack.events('otp.request.completed').length, 10)

  const json = await doctor(env, internetOf(stack), 'doctor --json')
  const { findings } = JSON.parse(json.out)
  t.ok(findings.length > 9)
  t.ok(findings.every(({ level }: any) => level === 'ok'))
  for (const secret of Object.entries(env).flatMap(([name, value]) =>
    /SECRET|TOKEN|KEY$|AUTH/u.test(name) ? [value] : []
  )) {
    t.notOk((ran.out + json.out).includes(secret))
  }
})

t.test('every fault of the settings is said, and nothing else that hangs on them', async (t) => {
  const ran = await doctor({
    PORT: 'what',
    TWILIO_ACCOUNT_SID: 'AC1',
    OKTA_BASIC_AUTH: 'a-secret-without-a-colon',
    ROUTING_FILE: RULES
  })
  holdToGolden(t, 'doctor-settings', shownOf('doctor', ran))
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const key = {
    OKTA_BASIC_AUTH: 'okta:a-secret',
    VONAGE_APPLICATION_ID: '1',
    VONAGE_PRIVATE_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    ROUTING_FILE: RULES
  }
  t.match(await doctor(key), { status: 1, out: /settings +VONAGE_PRIVATE_KEY must be an RSA key/u })
  t.match(await doctor({ ROUTING_FILE: RULES }), {
    status: 1,
    out: /warning +settings +no faults; the sandbox[^]*problem +public url +PUBLIC_URL is not set/u
  })
  t.match(await runWith(['doctor', '--low-balance', 'much']), { status: 2 })
})

t.test('the file of orgs and the certificate are settings, too', async (t) => {
  const folder = t.testdir({
    'rules.yaml': SOUND_RULES,
    'orgs.yaml': 'version: 1\norgs:\n  acme.okta.com: { basics: x }\n'
  })
  const stack = await startStack(t, { mode: 'live' })
  const { OKTA_BASIC_AUTH: _, ...live } = liveEnv(stack, `${folder}/rules.yaml`)
  t.match(await doctor({ ...live, ORGS_FILE: `${folder}/orgs.yaml` }), {
    status: 1,
    out: /problem +settings +ORGS_FILE names \S+orgs\.yaml, where line 3 is wrong \(/u
  })
  t.match(await doctor({ ...live, ORGS_FILE: `${folder}/nowhere.yaml` }), {
    status: 1,
    out: /ORGS_FILE names \S+nowhere\.yaml, which cannot be read/u
  })
  const tls = { TLS_CERT: 'no certificate', TLS_KEY: 'no key' }
  t.match(await doctor({ ...live, ...tls, OKTA_BASIC_AUTH: 'okta:a-secret' }), {
    status: 1,
    out: /problem +settings +TLS_/u
  })
})

t.test('an authorization server is asked for its keys, as the gateway would', async (t) => {
  const issuer = await startIssuer(t)
  const stack = await startStack(t, { mode: 'live' })
  const { OKTA_BASIC_AUTH: _, ...live } = liveEnv(stack, rulesIn(t))
  const env = (issuers: string): Record<string, string> => ({
    ...live,
    OKTA_OAUTH_ISSUERS: issuers,
    OKTA_OAUTH_AUDIENCE: issuer.terms.audience,
    OKTA_OAUTH_SCOPE: issuer.terms.scope,
    OKTA_OAUTH_CLIENT_IDS: '0oa1'
  })
  const over = internetOf(stack)
  const ran = await doctor(env(`${issuer.issuer} ${issuer.origin}/oauth2/none`), over)
  t.match(ran.out, `ok       issuer       ${issuer.issuer} has 1 key to check tokens by`)
  t.match(ran.out, /problem +issuer +\S+\/oauth2\/none: there is no authorization server\. No token/u)
  t.match(ran.out, /is a Switchboard, and lets nobody in without credentials/u)
  issuer.publish([])
  t.match(await doctor(env(issuer.issuer), over), { status: 1, out: /publishes no RSA key/u })
  await issuer.close()
  t.match(await doctor(env(issuer.issuer), over), {
    status: 1,
    out: /issuer +\S+: nobody listens there\. No token[^]*Compare OKTA_OAUTH_ISSUERS/u
  })
  // Each run asks ten times without credentials: by now that is too often, and no fault of anybody.
  t.match(
    (await doctor(env(issuer.issuer), over)).out,
    /is a Switchboard, and lets nobody in without credentials/u
  )
  t.match(stack.events('okta.request.refused').at(-1), { reason: 'too_many_failures' })
})

t.test('rules and senders are held against the accounts', async (t) => {
  const stack = await startStack(t, { mode: 'live' })
  const live = liveEnv(stack, rulesIn(t))
  const over = internetOf(stack)
  const shipped = await doctor({ ...live, ROUTING_FILE: RULES }, over)
  t.match(shipped, { status: 1, out: /problem +senders +"twilio_number" is made up/u })
  t.match(await doctor({ ...live, ROUTING_FILE: 'nowhere.yaml' }, over), {
    status: 1,
    out: /problem +rules +The rules file nowhere\.yaml cannot be read[^]*switchboard init/u
  })
  t.match(await doctor({ ...live, ROUTING_FILE: 'test/fixtures/rules/design-example.yaml' }, over), {
    status: 1,
    out: /problem +rules +\S+ has 4 errors, the first in line \d+ \(E\d+\)/u
  })
  t.match(await doctor({ ...live, ROUTING_FILE: 'test/fixtures/rules/W208-registration.yaml' }, over), {
    out: /warning +senders +line \d+: .*Register it/su
  })
  t.match(await doctor({ ...live, VONAGE_APPLICATION_ID: '', VONAGE_PRIVATE_KEY: '' }, over), {
    status: 0,
    out: /warning +vonage +the rules send voice by vonage, which has no credentials for it/u
  })
  t.match(await doctor({ ...live, SENDER_COUNTRIES_FILE: 'nowhere.json' }, over), {
    status: 1,
    out: /problem +rules +nowhere\.json \(SENDER_COUNTRIES_FILE\) cannot be read/u
  })
})

t.test('credentials that are refused, vendors that hang, lie or are not there', async (t) => {
  const stack = await startStack(t, { mode: 'live' })
  const live = liveEnv(stack, rulesIn(t))
  const over = internetOf(stack)
  const another = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const wrong = await doctor(
    {
      ...live,
      TWILIO_AUTH_TOKEN: 'a-wrong-secret-of-a-test',
      VONAGE_API_SECRET: 'a-wrong-secret-of-a-test',
      VONAGE_PRIVATE_KEY: another.export({ type: 'pkcs8', format: 'pem' }),
      MESSAGEBIRD_ACCESS_KEY: 'a-wrong-secret-of-a-test'
    },
    over
  )
  t.equal(wrong.status, 1)
  t.equal(wrong.out.match(/refuses the credentials \(HTTP 401\)/gu)?.length, 4)
  t.match(wrong.out, /Compare TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN with what/u)

  const html = await rawVendor(t, reply({ status: 200, body: '<html>Hello</html>' }))
  const gone = await closedPort()
  const forbidden = await rawVendor(t, reply({ status: 403, body: { code: 20403 } }))
  const ran = await doctor(
    {
      ...live,
      TWILIO_BASE_URL: html.baseUrl,
      VONAGE_REST_URL: gone,
      MESSAGEBIRD_BASE_URL: forbidden.baseUrl
    },
    over
  )
  t.match(ran, { status: 1 })
  t.match(ran.out, /warning +twilio +.*HTTP 200, and nothing that is understood/u)
  t.match(ran.out, /problem +vonage +vonage for sms: nobody listens there/u)
  t.match(ran.out, /warning +messagebird +.*tells this key nothing of the account \(HTTP 403\)/u)
})

t.test('each vendor is asked what its documents say, and nothing that costs', async (t) => {
  const stack = await startStack(t)
  const body = {
    balance: '-0.50',
    currency: 'usd',
    value: 10.28,
    autoReload: true,
    count: 7,
    payment: 'postpaid',
    type: 'euros',
    amount: 0
  }
  const vendor = await rawVendor(t, reply({ status: 200, body }))
  const { twilio, vonage, messagebird } = providersOf(stack.sandbox)
  const accounts = createAccounts(
    {
      twilio: twilio && { ...twilio, baseUrl: vendor.baseUrl },
      vonage: vonage && { ...vonage, restUrl: vendor.baseUrl, apiUrl: vendor.baseUrl },
      messagebird: messagebird && { ...messagebird, baseUrl: vendor.baseUrl }
    },
    { now: () => Date.now() }
  )
  const readings = []
  for (const account of accounts) readings.push(await account.read({ withinMs: 5_000 }))
  const sid = stack.sandbox.credentials.twilio.accountSid
  t.same(
    vendor.seen.map(({ method, path }) => `${method} ${path}`),
    [
      `GET /2010-04-01/Accounts/${sid}/Balance.json`,
      'GET /account/get-balance',
      'GET /v1/calls?page_size=1',
      'GET /balance'
    ]
  )
  t.match(readings, [
    { balance: { amount: -0.5, currency: 'USD', isEndless: false }, skewMs: null },
    { balance: { amount: 10.28, currency: 'EUR', isEndless: true } },
    { kind: 'signed_in', balance: null },
    { balance: { isEndless: true } }
  ])
  t.same(
    vendor.seen.map(({ body: sent }) => sent),
    ['', '', '', '']
  )

  vendor.behave = hang
  const [twilioAccount] = accounts
  t.match(await twilioAccount?.read({ withinMs: 100 }), { kind: 'no_answer', cause: 'timeout' })
  t.ok(vendor.seen.every(({ headers }) => headers['authorization'] !== undefined))
})

t.test('balance and clock in words', async (t) => {
  const account: AccountProbe = {
    provider: 'twilio',
    channels: ['sms'],
    variables: ['TWILIO_AUTH_TOKEN'],
    read: () => Promise.reject(new Error('Nobody asks.'))
  }
  const withMoney = (amount: number, isEndless = false, skewMs: number | null = 0): AccountProbeReading => ({
    kind: 'signed_in',
    balance: { amount, currency: 'USD', isEndless },
    skewMs
  })
  const level = (reading: AccountProbeReading): string => accountFinding({ account, reading }, 10).level
  t.equal(level(withMoney(10)), 'ok')
  t.equal(level(withMoney(9.99)), 'warning')
  t.equal(level(withMoney(0)), 'problem')
  t.equal(level(withMoney(-3, true)), 'ok')

  const clock = (...skews: (number | null)[]) =>
    clockFinding(skews.map((skewMs) => ({ account, reading: withMoney(20, false, skewMs) })))
  t.equal(clock(null), null)
  t.match(clock(4_999), { level: 'ok' })
  t.match(clock(-7_000, 90_000), { level: 'warning', what: /7 s behind/u })
  t.match(clock(61_000), { level: 'problem', what: /61 s ahead of.*Vonage refuses calls/u })

  const stack = await startStack(t, { mode: 'live' })
  const ahead = createAccounts(providersOf(stack.sandbox), { now: () => Date.now() + 40_000 })
  const reading = await ahead[0]?.read({ withinMs: 5_000 })
  t.match(reading, { kind: 'signed_in' })
  const skewMs = reading?.kind === 'signed_in' ? (reading.skewMs ?? 0) : 0
  t.ok(skewMs > 35_000 && skewMs < 60_000, `the Date header of a vendor is read: ${skewMs}`)
})

t.test('PUBLIC_URL: who answers there, and how', async (t) => {
  const stack = await startStack(t, { mode: 'live' })
  const live = liveEnv(stack, rulesIn(t))
  const over = internetOf(stack)
  const instead = (answer: (url: string, init?: RequestInit) => Promise<Response>): Partial<Io> => ({
    ...over,
    fetch: ((url: URL, init?: RequestInit) => answer(String(url), init)) as typeof fetch
  })
  const failing = (code: string) =>
    instead(() =>
      Promise.reject(
        Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error('x'), { code }) })
      )
    )
  const refusal = (status: number): Response =>
    Response.json({ error: { errorCauses: [{ domain: 'switchboard' }] } }, { status })
  const cases: readonly [Partial<Io>, Record<string, string>, RegExp][] = [
    [
      over,
      { OKTA_BASIC_AUTH: 'okta:another-secret-of-a-test' },
      /does not take the credentials of this environment/u
    ],
    [
      instead(async () => Response.redirect('https://www.example.com/', 308)),
      {},
      /sends elsewhere \(HTTP 308\)/u
    ],
    [instead(async () => refusal(403)), {}, /HTTP 403[^]*ALLOWED_SOURCES keeps this machine out/u],
    [instead(async () => refusal(429)), {}, /HTTP 429[^]*SOURCE_LIMIT/u],
    [instead(async () => Response.json({ hello: 'world' })), {}, /HTTP 200, and it is not this gateway/u],
    [
      instead(async () => new Response('<html>', { status: 502 })),
      {},
      /HTTP 502, and it is not this gateway/u
    ],
    [failing('CERT_HAS_EXPIRED'), {}, /its certificate has expired[^]*certificates that the public trusts/u],
    [failing('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), {}, /without the intermediate one/u],
    [failing('ERR_TLS_CERT_ALTNAME_INVALID'), {}, /for another host name/u],
    [failing('ENOTFOUND'), {}, /no such host name[^]*known to the DNS/u],
    [failing('ECONNREFUSED'), {}, /nobody listens there[^]*POST \/telephonyHook/u]
  ]
  for (const [io, env, what] of cases) {
    const ran = await doctor({ ...live, ...env }, io)
    t.equal(ran.status, 1)
    t.match(ran.out.slice(ran.out.indexOf('problem ')), what)
  }
  t.match(await doctor(live, internetOf(stack, 5)), {
    status: 0,
    out: /warning +certificate +it expires in 5 days/u
  })
  t.match(await doctor(live, internetOf(stack, -2)), {
    status: 1,
    out: /problem +certificate +it has expired/u
  })
  t.match(await doctor({ ...live, PUBLIC_URL: stack.gateway.url }, over), {
    status: 1,
    out: /problem +certificate +\S+ has none: Okta calls https/u
  })
})

t.test('what is lost on the way of the three seconds is weighed', async (t) => {
  const stack = await startStack(t, { mode: 'live' })
  const live = liveEnv(stack, rulesIn(t))
  for (const [stepMs, level, remedy] of [
    [290, 'ok', ''],
    [400, 'warning', 'lost before a provider is asked'],
    [3_100, 'problem', 'Okta hangs up before']
  ] as const) {
    let clockMs = 0
    const ran = await doctor(live, { ...internetOf(stack), monotonic: () => (clockMs += stepMs) })
    t.match(ran.out, new RegExp(`${level} +answer time +10 requests[^]*${remedy}`, 'u'))
  }
})

t.test('a real certificate is looked at, and one that nobody signed is refused', async (t) => {
  const folder = t.testdir()
  execFileSync(
    'openssl',
    `req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=localhost -keyout ${folder}/key.pem -out ${folder}/cert.pem`.split(
      ' '
    ),
    { stdio: 'ignore' }
  )
  const server = createServer(
    { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(`${folder}/cert.pem`) },
    (_request, response) => response.end('{}')
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const env = { PUBLIC_URL: `https://localhost:${port}`, ROUTING_FILE: RULES }
  const ran = await doctor(env, { now: () => Date.now() })
  t.match(ran.out, /warning +certificate +it expires in [89] days/u)
  t.match(
    ran.out,
    /problem +public url +https:\/\/localhost:\d+\/telephonyHook: its certificate is self-signed/u
  )
  const gone = await doctor({ ...env, PUBLIC_URL: (await closedPort()).replace('http:', 'https:') })
  t.match(gone.out, /problem +certificate +nobody at 127\.0\.0\.1:\d+ shows one/u)
})

t.test('Redis: reached, gone, sealed with another key', { skip: NO_REDIS }, async (t) => {
  const redis = await startRedisServer(t)
  const stack = await startStack(t, { mode: 'live' })
  const key = Buffer.alloc(32, 1)
  const live = {
    ...liveEnv(stack, rulesIn(t)),
    REDIS_URL: redis.url,
    STATE_KEY: key.toString('base64')
  }
  const over = internetOf(stack)
  t.match(await doctor(live, over), { status: 0, out: /redis +it answers after \d+ ms, and what nodes/u })

  const state = createRedisState({
    url: redis.url,
    sealing: createSealing([key]),
    memory: createMemoryState({ now: () => performance.now() }),
    now: () => performance.now(),
    onEvent: () => undefined
  })
  await state.start()
  await state.putEntry('overrides', 'x', 'a drain', 60_000)
  await state.close()
  t.match(await doctor(live, over), { status: 0 })
  t.match(await doctor({ ...live, STATE_KEY: Buffer.alloc(32, 2).toString('base64') }, over), {
    status: 1,
    out: /problem +redis +what is in it was sealed with another key[^]*same STATE_KEY/u
  })
  t.match(await doctor({ ...live, REDIS_URL: (await closedPort()).replace('http:', 'redis:') }, over), {
    status: 1,
    out: /problem +redis +nobody listens there/u
  })
})

t.test('no secret is in anything that doctor has said', async (t) => {
  t.ok(said.join('').length > 5_000)
  for (const secret of [
    LOGIN.password,
    'secret-of-a-test',
    'the-hash-key',
    'PRIVATE KEY',
    'a-secret-without'
  ]) {
    t.notOk(
      said.some((text) => text.includes(secret)),
      secret
    )
  }
})
