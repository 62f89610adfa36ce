import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import type { Io } from '../../src/commands/command.ts'
import { hookUrl } from '../../src/commands/hook-caller.ts'
import { judgeAnswer } from '../../src/commands/okta-judge.ts'
import { HOOK_PATH } from '../../src/okta/hook-route.ts'
import { runWith, type Ran } from '../fixtures/commands-io.ts'
import { holdToGolden, shownOf } from '../fixtures/golden.ts'
import {
  API_TOKEN,
  CLIENT_ID,
  errorOf,
  startOktaOrg,
  type OktaOrg,
  type OrgFault
} from '../fixtures/okta-org.ts'
import { person } from '../fixtures/person.ts'
import { hang, rawVendor, reply } from '../fixtures/raw-vendor.ts'
import { startStack } from '../fixtures/stack.ts'

const PASSWORD = 'a-password-that-nobody-may-see'
const HEADER_SECRET = 'a-header-secret-that-nobody-may-see'
const CLIENT_SECRET = 'a-client-secret-that-nobody-may-see'
const BASIC = `Basic ${Buffer.from(`okta:${PASSWORD}`).toString('base64')}`
const PUBLIC_URL = 'https://otp.example.com'
const HOOK_URL = 'https://otp.example.com/telephonyHook'

const SECRETS = [
  PASSWORD,
  HEADER_SECRET,
  CLIENT_SECRET,
  API_TOKEN,
  BASIC.slice(6),
  'PRIVATE KEY',
  'the-access-token'
]

/** Everything that any command of these tests said: searched for secrets at the end. */
const said: string[] = []

function oktaOf(org: OktaOrg, env: Record<string, string> = {}, over: Partial<Io> = {}) {
  return async (line: string): Promise<Ran> => {
    const ran = await runWith(['okta', ...line.split(' ')], {
      env: {
        OKTA_ORG_URL: org.url,
        OKTA_API_TOKEN: API_TOKEN,
        OKTA_BASIC_AUTH: `okta:${PASSWORD}`,
        PUBLIC_URL,
        ...env
      },
      now: () => Date.now(),
      ...over
    })
    said.push(ran.out, ran.err)
    return ran
  }
}

/** Without what is another one in each run. */
function steady(text: string, org: OktaOrg): string {
  return text
    .replaceAll(org.url, 'https://example.okta.com')
    .replaceAll(new URL(org.url).host, 'example.okta.com')
    .replaceAll(/\bcal\w{16}\b/gu, 'calaaaaaaaaaaaaaaaaa')
    .replaceAll(/after \d+ ms/gu, 'after 12 ms')
}

t.test('register creates the hook as Okta documents it, and shows it first', async (t) => {
  const org = await startOktaOrg(t)
  const okta = oktaOf(org)
  const nobody = await okta('register')
  t.match(nobody, { status: 2, err: /say --yes/u })
  t.same(org.hooks(), [], 'nobody was asked, and nothing was done')

  const asked: string[] = []
  const no = await oktaOf(org, {}, { questions: person([false], asked) })('register')
  t.match(no, { status: 1, err: 'Nothing was done.\n' })
  t.match(asked, [/^Change it in 127\.0\.0\.1:\d+\?$/u])
  t.same(org.hooks(), [])

  const done = await oktaOf(org, {}, { questions: person([true]) })('register')
  holdToGolden(t, 'okta-register', steady(shownOf('okta register', done), org))
  const [hook] = org.hooks()
  t.match(hook, {
    name: 'Switchboard',
    status: 'ACTIVE',
    type: 'com.okta.telephony.provider',
    version: '1.0.0',
    channel: {
      type: 'HTTP',
      version: '1.0.0',
      config: { uri: HOOK_URL, method: 'POST', authScheme: { type: 'HEADER', key: 'Authorization' } }
    }
  })
  t.equal(org.secretOf(hook.id), BASIC)

  const again = await oktaOf(org, { OKTA_BASIC_AUTH: `okta:OLD okta:${PASSWORD}NEW` })('register --yes')
  holdToGolden(t, 'okta-register-again', steady(shownOf('okta register --yes', again), org))
  t.equal(org.hooks().length, 1)
  t.equal(org.secretOf(hook.id), `Basic ${Buffer.from(`okta:${PASSWORD}NEW`).toString('base64')}`)
  t.equal(hookUrl(PUBLIC_URL).pathname, HOOK_PATH)
})

t.test('register takes a header of its own, and both kinds of OAuth 2.0', async (t) => {
  const oauth =
    'register --yes --auth oauth --client-id 0oa1 --token-url https://example.okta.com/oauth2/default/v1/token --scope otp'
  const cases: readonly [string, string, Record<string, string>, object, string | undefined][] = [
    [
      'header',
      'register --yes --auth header',
      { OKTA_HEADER_NAME: 'x-switchboard-key', OKTA_HEADER_SECRETS: `old ${HEADER_SECRET}` },
      { type: 'HTTP', config: { authScheme: { key: 'x-switchboard-key' } } },
      HEADER_SECRET
    ],
    [
      'oauth-secret',
      oauth,
      { OKTA_HOOK_CLIENT_SECRET: CLIENT_SECRET },
      {
        type: 'OAUTH',
        config: { authType: 'client_secret_post', clientId: '0oa1', scope: 'otp', authScheme: null }
      },
      CLIENT_SECRET
    ],
    [
      'oauth-key',
      `${oauth} --hook-key-id HKY1`,
      {},
      { type: 'OAUTH', config: { authType: 'private_key_jwt', hookKeyId: 'HKY1' } },
      undefined
    ]
  ]
  for (const [name, line, env, channel, secret] of cases) {
    const org = await startOktaOrg(t)
    const ran = await oktaOf(org, env)(line)
    holdToGolden(t, `okta-register-${name}`, steady(shownOf(`okta ${line}`, ran), org))
    const [hook] = org.hooks()
    t.match(hook, { status: 'ACTIVE', channel })
    t.equal(org.secretOf(hook.id), secret)
    t.match((await oktaOf(org, env)('status')).out, /codes go through Switchboard, to this gateway/u)
  }
})

t.test('register and preview take OAuth 2.0 from the settings that init has written', async (t) => {
  const issuer = await rawVendor(t, reply({ status: 200, body: { access_token: 'a-token-of-the-hook' } }))
  const gateway = await rawVendor(t, reply({ status: 401, body: { error: {} } }))
  const org = await startOktaOrg(t)
  const settings = {
    OKTA_BASIC_AUTH: '',
    OKTA_HOOK_CLIENT_SECRET: CLIENT_SECRET,
    OKTA_OAUTH_ISSUERS: 'https://old.okta.com/oauth2/default  https://example.okta.com/oauth2/default',
    OKTA_OAUTH_AUDIENCE: 'api://default',
    OKTA_OAUTH_SCOPE: 'otp',
    OKTA_OAUTH_CLIENT_IDS: '0oa0 0oa1'
  }
  t.match(await oktaOf(org, settings)('register --yes'), { status: 0 })
  t.match(org.hooks(), [
    {
      channel: {
        type: 'OAUTH',
        config: {
          clientId: '0oa1',
          tokenUrl: 'https://example.okta.com/oauth2/default/v1/token',
          scope: 'otp'
        }
      }
    }
  ])
  const okta = oktaOf(org, { ...settings, OKTA_OAUTH_ISSUERS: `${issuer.baseUrl}/oauth2/default` })
  t.match(await okta(`preview --url ${gateway.baseUrl}`), { out: /a token of[^]*HTTP 401/u })
  t.equal(issuer.seen[0]?.path, '/oauth2/default/v1/token')
  const noSecret = oktaOf(org, { ...settings, OKTA_HOOK_CLIENT_SECRET: '' })
  t.match(await noSecret('preview'), { status: 1, err: /With OAuth 2\.0 it needs OKTA_HOOK_CLIENT_SECRET/u })
})

t.test('an active hook of somebody else is not taken out of use without a word', async (t) => {
  const org = await startOktaOrg(t)
  const other = org.add({ name: 'The old one' })
  const refused = await oktaOf(org)('register --yes')
  holdToGolden(t, 'okta-register-refused', steady(shownOf('okta register --yes', refused), org))
  t.match(org.hooks(), [{ id: other, status: 'ACTIVE' }])

  const replaced = await oktaOf(org)('register --yes --replace')
  t.match(replaced, { status: 0, out: /Switchboard \(cal\w+\) is active/u })
  t.match(
    org.hooks().map(({ name, status }) => [name, status]),
    [
      ['The old one', 'INACTIVE'],
      ['Switchboard', 'ACTIVE']
    ]
  )
  t.match(await oktaOf(org, { PUBLIC_URL: 'https://otp2.example.com' })('register --yes'), {
    status: 1,
    err: /leads elsewhere, and codes go there: --replace moves it/u
  })
})

t.test('what was active comes back where ours does not start', async (t) => {
  const org = await startOktaOrg(t)
  org.add({ name: 'The old one' })
  org.fault = ({ method, path }) =>
    method === 'POST' && path === '/api/v1/inlineHooks'
      ? { status: 500, body: errorOf('E0000009', 'Internal Server Error') }
      : null
  const failed = await oktaOf(org)('register --yes --replace')
  t.match(failed, {
    status: 1,
    err: /"The old one" is active again: nothing has changed for users[^]*Okta is in trouble/u
  })
  t.match(org.hooks(), [{ name: 'The old one', status: 'ACTIVE' }])

  org.fault = ({ method, path }) =>
    method === 'POST' && !path.endsWith('/deactivate')
      ? { status: 500, body: errorOf('E0000009', 'Internal Server Error') }
      : null
  t.match(await oktaOf(org)('register --yes --replace'), {
    status: 1,
    err: /NO HOOK IS ACTIVE\. Do it by hand/u
  })

  const inactive = await startOktaOrg(t)
  inactive.add({ name: 'Switchboard', status: 'INACTIVE' })
  t.match(await oktaOf(inactive)('register --yes'), {
    status: 0,
    out: /- status +INACTIVE\n\+ status +ACTIVE/u
  })
  t.match(inactive.hooks(), [{ status: 'ACTIVE', channel: { config: { uri: HOOK_URL } } }])
})

t.test('what an org has set beside the hook stays', async (t) => {
  const org = await startOktaOrg(t)
  await oktaOf(org)('register --yes')
  const [hook] = org.hooks()
  hook.metadata = { optOutServiceProtectionRateLimit: 'true' }
  hook.channel.config.headers = [{ key: 'X-Region', value: 'eu' }]
  await oktaOf(org)('register --yes')
  t.match(org.hooks()[0], {
    metadata: { optOutServiceProtectionRateLimit: 'true' },
    channel: { config: { headers: [{ key: 'X-Region', value: 'eu' }] } }
  })
})

t.test('status and deactivate', async (t) => {
  const org = await startOktaOrg(t)
  const okta = oktaOf(org)
  holdToGolden(t, 'okta-status-none', steady(shownOf('okta status', await okta('status')), org))
  t.match(await okta('deactivate --yes'), { status: 0, out: /there is nothing to do/u })

  await okta('register --yes')
  org.add({ name: 'The old one', status: 'INACTIVE' })
  holdToGolden(t, 'okta-status', steady(shownOf('okta status', await okta('status')), org))
  t.match(JSON.parse((await okta('status --json')).out), [{ name: 'Switchboard' }, { name: 'The old one' }])
  t.match(await oktaOf(org, { PUBLIC_URL: 'https://another.example.com' })('status'), {
    status: 1,
    out: /and not to this gateway/u
  })

  t.match(await okta('deactivate --yes --name Another'), {
    status: 1,
    err: /is "Switchboard", and not "Another"/u
  })
  t.match(await okta('deactivate'), { status: 2, err: /say --yes/u })
  const [{ status }] = org.hooks() as [{ status: string }]
  t.equal(status, 'ACTIVE')
  const done = await oktaOf(org, {}, { questions: person([true]) })('deactivate')
  holdToGolden(t, 'okta-deactivate', steady(shownOf('okta deactivate', done), org))
  t.match(org.hooks()[0], { status: 'INACTIVE' })
})

t.test('a service app signs in by its key, and proves possession where Okta asks for it', async (t) => {
  for (const requiresDpop of [false, true]) {
    for (const form of ['pem', 'jwk'] as const) {
      const org = await startOktaOrg(t)
      org.requiresDpop = requiresDpop
      const env = { OKTA_API_TOKEN: '', OKTA_CLIENT_ID: CLIENT_ID, OKTA_PRIVATE_KEY: org.key[form] }
      t.match(await oktaOf(org, env)('register --yes'), { status: 0 }, `${form}, DPoP ${requiresDpop}`)
      t.match(await oktaOf(org, env)('status'), { status: 0 })
      const another = await startOktaOrg(t)
      const wrong = await oktaOf(org, { ...env, OKTA_PRIVATE_KEY: another.key.pem })('status')
      t.match(wrong, { status: 1, err: /gives no token to the service app 0oa[^]*invalid_client/u })
      org.now = () => Date.now() + 3_600_000
      t.match(await oktaOf(org, env)('status'), { status: 1, err: /does this machine's clock go right/u })
    }
  }
})

t.test('what is missing in the environment is said before anything is asked of Okta', async (t) => {
  const org = await startOktaOrg(t)
  const cases: readonly [string, Record<string, string>, RegExp][] = [
    ['status', { OKTA_API_TOKEN: '' }, /Nothing says who you are at Okta\. Give an API token/u],
    ['status', { OKTA_API_TOKEN: '', OKTA_CLIENT_ID: '0oa1' }, /OKTA_PRIVATE_KEY is missing/u],
    ['status', { OKTA_CLIENT_ID: '0oa1' }, /give one of them/u],
    ['status', { OKTA_API_TOKEN: '', OKTA_CLIENT_ID: '0oa1', OKTA_PRIVATE_KEY: 'hello' }, /is no RSA key/u],
    ['status', { OKTA_API_TOKEN_FILE: '/nowhere' }, /OKTA_API_TOKEN is set, and so is/u],
    ['status', { OKTA_API_TOKEN: '', OKTA_API_TOKEN_FILE: '/nowhere' }, /cannot be read or is empty/u],
    ['status', { OKTA_ORG_URL: '' }, /OKTA_ORG_URL is missing/u],
    ['status', { OKTA_ORG_URL: 'http://example.okta.com' }, /no https:\/\/ address/u],
    ['status', { OKTA_ORG_URL: 'http://127.0.0.1.example.com' }, /no https:\/\/ address/u],
    ['status', { OKTA_ORG_URL: 'https://dev-1-admin.okta.com/admin' }, /own is https:\/\/dev-1\.okta\.com/u],
    ['register', { PUBLIC_URL: '' }, /PUBLIC_URL is missing/u],
    ['register', { PUBLIC_URL: 'http://otp.example.com' }, /Okta calls https:\/\/ only/u],
    ['register', { OKTA_BASIC_AUTH: '' }, /OKTA_BASIC_AUTH is missing/u],
    ['register --auth header', {}, /OKTA_HEADER_NAME and OKTA_HEADER_SECRETS/u],
    ['register --auth oauth', {}, /--client-id, --token-url/u],
    [
      'register --auth oauth --client-id a --scope b --token-url https://a.okta.com/oauth2/v1/token',
      {},
      /org authorization server/u
    ],
    [
      'register --auth oauth --client-id a --scope b --token-url https://a.okta.com/oauth2/default/v1/token',
      {},
      /needs a client secret .* or a hook key/u
    ],
    ['preview', { OKTA_BASIC_AUTH: '' }, /OKTA_BASIC_AUTH is missing/u],
    ['preview --url http://otp.example.com', {}, /over https:\/\/ only/u],
    ['preview --url http://127.0.0.1.example.com', {}, /over https:\/\/ only/u],
    ['preview --auth oauth', {}, /hook key \(private_key_jwt\) can be tried by Okta alone/u],
    ['status --env-file /nowhere', {}, /--env-file\) cannot be read/u]
  ]
  for (const [line, env, message] of cases) {
    const ran = await oktaOf(org, env)(line)
    t.match(ran, { status: 1, out: '', err: message }, line)
  }
  t.same(org.seen, [])
  const folder = t.testdir({ '.env': `OKTA_BASIC_AUTH=okta:${PASSWORD}\nPUBLIC_URL=${PUBLIC_URL}\n` })
  const read = await runWith(['okta', 'register', '--yes', '--env-file', `${folder}/.env`], {
    env: { OKTA_ORG_URL: org.url, OKTA_API_TOKEN: API_TOKEN, OKTA_BASIC_AUTH: '' }
  })
  t.match(read, { status: 0 })
})

t.test('what Okta refuses is said in words, and nothing is repeated', async (t) => {
  const org = await startOktaOrg(t)
  const reset = Math.floor(Date.UTC(2026, 10, 25, 12) / 1_000)
  const cases: readonly [OrgFault, RegExp][] = [
    [
      { status: 401, body: errorOf('E0000011', 'Invalid token provided') },
      /does not know the API token[^]*E0000011/u
    ],
    [
      {
        status: 403,
        body: errorOf('E0000006', 'You do not have permission to perform the requested action')
      },
      /^The API token may not do that[^]*HTTP 403, E0000006/u
    ],
    [{ status: 404, body: errorOf('E0000007', 'Not found') }, /no such hook any more/u],
    [{ status: 409, body: errorOf('E0000112', 'Conflict') }, /Somebody else changed it/u],
    [
      {
        status: 429,
        body: errorOf('E0000047', 'API call exceeded rate limit due to too many requests.'),
        headers: { 'x-rate-limit-reset': String(reset) }
      },
      /Too many requests to Okta's API until 2026-11-25T12:00:00\.000Z/u
    ],
    [{ status: 500, body: errorOf('E0000009', 'Internal Server Error') }, /Okta is in trouble/u],
    [
      {
        status: 400,
        body: errorOf('E0000001', 'Api validation failed', [{ errorSummary: 'uri: not reachable' }])
      },
      /does not take it as it is[^]*uri: not reachable/u
    ],
    [
      { status: 302, body: {}, headers: { location: 'https://evil.example.com' } },
      /sends elsewhere \(HTTP 302\)/u
    ],
    [{ status: 200, body: { hello: 'world' } }, /something that is no inline hook/u],
    [{ status: 200, body: [{ id: '../../evil', name: 'x' }] }, /something that is no inline hook/u],
    ['html', /HTTP 502, and not as Okta does/u],
    [
      { status: 400, body: errorOf('E0000001', `You sent ${API_TOKEN} and ${BASIC}\u001b[2J`) },
      /You sent •+ and •+ \[2J$/mu
    ]
  ]
  for (const [fault, message] of cases) {
    const before = org.seen.length
    org.fault = () => fault
    const ran = await oktaOf(org)('register --yes')
    t.match(ran, { status: 1, err: message }, String(message))
    t.notOk(ran.err.includes('\u001b'))
    t.equal(org.seen.length, before + 1)
  }
  t.match(await oktaOf(org, { OKTA_API_TOKEN: 'another' })('status'), {
    status: 1,
    err: /mistyped, revoked/u
  })
  const gone = await oktaOf(org, { OKTA_ORG_URL: 'http://127.0.0.1:1' })('status')
  t.match(gone, { status: 1, err: /^127\.0\.0\.1:1: (?:nobody listens|it could not be reached)/u })

  org.fault = () => 'hang'
  const hangs = await oktaOf(
    org,
    {},
    { fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(50) }) }
  )('status')
  t.match(hangs, { status: 1, err: /it did not answer in time/u })
})

t.test('preview sends what Okta would to the gateway, and judges what comes back', async (t) => {
  const stack = await startStack(t)
  const org = await startOktaOrg(t)
  const url = stack.gateway.url
  const okta = oktaOf(org, { OKTA_BASIC_AUTH: 'okta:an-okta-secret' })
  const sent = await okta(`preview --url ${url} --to +46701740605 --yes`)
  const steadyRan = (ran: Ran): string =>
    steady(shownOf('okta preview', ran), org)
      .replaceAll(url, PUBLIC_URL)
      .replaceAll(/SM[0-9a-f]{32}/gu, 'SM0123')
      .replaceAll(/\d+ bytes/gu, '420 bytes')
      .replaceAll(/duration=\d+ms/gu, 'duration=12ms')
  holdToGolden(t, 'okta-preview', steadyRan(sent))
  t.match(stack.inboxOf('+46701740605'), [{ text: '(HOOK)Your code is 11111' }])
  t.match(stack.events('otp.request.received'), [{ preview: true, flow: 'sign_in', locale: 'EN-US' }])

  const call = await okta(
    `preview --url ${url} --to +442079460123 --channel voice --flow password_reset --yes --json`
  )
  t.match(JSON.parse(call.out), { channel: 'voice', findings: [{ check: 'status', level: 'ok' }] })
  t.match(stack.events('otp.request.received').at(-1), { channel: 'voice', flow: 'password_reset' })
  t.match(await okta(`preview --url ${url}`), { status: 0 }, "Okta's placeholder needs no question")
  t.match(await okta(`preview --url ${url} --to +46701740605`), { status: 2, err: /say --yes/u })

  const stranger = await oktaOf(org)(`preview --url ${url}`)
  t.match(stranger, { status: 1, out: /problem +status +HTTP 401: it does not let this caller in/u })
  t.match(await okta('preview --url http://127.0.0.1:1'), { status: 1, out: /problem +reach/u })

  for (const provider of ['twilio', 'vonage', 'messagebird'] as const) {
    await stack.sandbox.setFault(provider, { mode: 'status', status: 503 })
  }
  const failed = await okta(`preview --url ${url} --to +46701740606 --yes`)
  t.match(failed, { status: 0, out: /warning +outcome +FAILED \(MESSAGEBIRD, attempts=\d/u })
})

t.test('preview gets a token as Okta would', async (t) => {
  const issuer = await rawVendor(
    t,
    reply({ status: 200, body: { access_token: 'the-access-token-of-the-hook' } })
  )
  const gateway = await rawVendor(
    t,
    reply({ status: 401, body: { error: { errorSummary: 'the-access-token-of-the-hook' } } })
  )
  const org = await startOktaOrg(t)
  const okta = oktaOf(org, { OKTA_HOOK_CLIENT_SECRET: CLIENT_SECRET })
  const flags = `--auth oauth --client-id 0oa1 --scope otp --token-url ${issuer.baseUrl}/oauth2/default/v1/token`
  t.match(await okta(`preview --url ${gateway.baseUrl} ${flags}`), { status: 1, out: /HTTP 401/u })
  t.equal(
    issuer.seen[0]?.body,
    `grant_type=client_credentials&scope=otp&client_id=0oa1&client_secret=${CLIENT_SECRET}`
  )
  t.equal(gateway.seen[0]?.headers['authorization'], 'Bearer the-access-token-of-the-hook')
  issuer.behave = reply({ status: 400, body: { error: 'invalid_client', error_description: CLIENT_SECRET } })
  t.match(await okta(`preview --url ${gateway.baseUrl} ${flags}`), {
    status: 1,
    err: /gives no token: it answered with HTTP 400/u
  })
})

const JSON_TYPE = 'application/json; charset=utf-8'
const judged = (over: object | string, rest: object = {}) =>
  judgeAnswer({
    status: 200,
    contentType: JSON_TYPE,
    text: typeof over === 'string' ? over : JSON.stringify(over),
    elapsedMs: 20,
    ...rest
  })
const problemsIn = (...args: Parameters<typeof judged>): string[] =>
  judged(...args).flatMap(({ level, what }) => (level === 'problem' ? [what] : []))

t.test('judgeAnswer() takes what Okta documents', async (t) => {
  const sample = (name: string): any =>
    JSON.parse(readFileSync(new URL(`../fixtures/okta-samples/${name}.json`, import.meta.url), 'utf8'))
  for (const name of [
    'response-successful.docs',
    'response-successful.openapi-2026.06.3',
    'response-minimal.derived',
    'response-pending.derived',
    'response-failed-command.derived',
    'response-error.docs',
    'preview-response-as-okta-shows-it.8x8'
  ]) {
    t.same(problemsIn(sample(name)), [], name)
  }
  t.match(problemsIn(sample('response-error.openapi-2026.06.3')), [/"error" is a list/u])
})

t.test('judgeAnswer() finds what public implementations of this hook get wrong', async (t) => {
  const action = { type: 'com.okta.telephony.action', value: [{ status: 'SUCCESSFUL' }] }
  const cases: readonly [RegExp, object | string, object?][] = [
    [/HTTP 400/u, { error: { errorSummary: 'No' } }, { status: 400 }],
    [/HTTP 204/u, '', { status: 204 }],
    [/sends elsewhere/u, '', { status: 301 }],
    [/the hook is not there/u, '<html>', { status: 404 }],
    [/HTTP 502/u, '<html>', { status: 502 }],
    [/it is no JSON/u, '<html>'],
    [/content type text\/html/u, { commands: [action] }, { contentType: 'text/html' }],
    [/no content type/u, { commands: [action] }, { contentType: null }],
    [/hung up after 3000/u, { commands: [action] }, { elapsedMs: 3_001 }],
    [/less than 256 KiB/u, { commands: [action], padding: 'x'.repeat(256 * 1024) }],
    [/it is no JSON object/u, [action]],
    [/"commands" is no list/u, { commands: action }],
    [/holds 2/u, { commands: [action, action] }],
    [/not of the type/u, { commands: [{ ...action, type: 'com.okta.action' }] }],
    [/"value" is no list/u, { commands: [{ ...action, value: { status: 'SUCCESSFUL' } }] }],
    [/has to hold one object/u, { commands: [{ ...action, value: [] }] }],
    [/the status "SUCCESS" is none/u, { commands: [{ ...action, value: [{ status: 'SUCCESS' }] }] }],
    [/the status undefined is none/u, { commands: [{ ...action, value: [{}] }] }],
    [
      /transactionId: no text/u,
      { commands: [{ ...action, value: [{ status: 'FAILED', transactionId: 7 }] }] }
    ],
    [/no errorSummary/u, { error: { errorCauses: [] } }]
  ]
  for (const [what, body, rest] of cases) {
    t.ok(
      problemsIn(body, rest).some((one) => what.test(one)),
      String(what)
    )
  }
  t.match(judged({ commands: [action] }, { elapsedMs: 2_800 }), [{}, { level: 'warning' }])
})

t.test('a gateway that hangs is told from one that is late', async (t: Test) => {
  const org = await startOktaOrg(t)
  const gateway = await rawVendor(t, hang)
  const ran = await oktaOf(
    org,
    {},
    { fetch: (url, init) => fetch(url, { ...init, signal: AbortSignal.timeout(50) }) }
  )(`preview --url ${gateway.baseUrl}`)
  t.match(ran, { status: 1, out: /problem +reach +no answer within 10000 ms: Okta has hung up after 3000/u })
})

t.test('no secret is in anything that these commands have said', async (t) => {
  t.ok(said.join('').length > 5_000)
  for (const secret of SECRETS) {
    t.notOk(
      said.some((text) => text.includes(secret)),
      secret.slice(0, 12)
    )
  }
})
