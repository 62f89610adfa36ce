import { createHmac } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { SignJWT, UnsecuredJWT } from 'jose'
import t, { type Test } from 'tap'
import type { RefusalCause } from '../../src/domain/admission.ts'
import { createAuthenticator } from '../../src/callers/authenticator.ts'
import type { KeyTimes } from '../../src/callers/issuer-keys.ts'
import { OPEN_DOOR } from '../../src/door/door.ts'
import { readNetworks } from '../../src/door/networks.ts'
import { readSettings } from '../../src/settings.ts'
import type { GatewayEvent } from '../../src/telemetry/events.ts'
import { AUTHORIZATION, LOGIN, callerTerms } from '../fixtures/gateway.ts'
import { AUDIENCE, CLIENT_ID, newKey, SCOPE, startIssuer, type IssuerUnderTest } from '../fixtures/issuer.ts'
import { runWith } from '../fixtures/commands-io.ts'
import { ADMIN_SECRET, sampleBody, startStack, until, type Stack } from '../fixtures/stack.ts'

interface Knock {
  readonly status: number
  /** Each `WWW-Authenticate` that came. */
  readonly challenges: readonly string[]
  readonly text: string
  readonly json: any
}

type HeaderList = readonly (readonly [string, string])[]

let knocks = 0

/** Posts Okta's sample with these headers, as they are: several of one name, in any form. Each time from somewhere else. */
async function knock(
  { gateway }: Pick<Stack, 'gateway'>,
  headers: HeaderList,
  body = sampleBody()
): Promise<Knock> {
  knocks += 1
  const all = [
    ['host', 'otp.example.com'],
    ['content-type', 'application/json'],
    ['x-forwarded-for', `198.51.${knocks >> 8}.${knocks & 255}`],
    ...headers
  ]
  return await new Promise((resolve, reject) => {
    const request = httpRequest(
      `${gateway.url}/telephonyHook`,
      { method: 'POST', headers: [...all, ['content-length', String(Buffer.byteLength(body))]].flat() },
      (response) =>
        void text(response).then((answer) =>
          resolve({
            status: response.statusCode ?? 0,
            challenges: response.headersDistinct['www-authenticate'] ?? [],
            text: answer,
            json: JSON.parse(answer)
          })
        )
    )
    request.on('error', reject)
    request.end(body)
  })
}

const bearer = (token: string): HeaderList => [['authorization', `Bearer ${token}`]]
const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`

/** What Okta gets, to the letter: the same for whatever was wrong. */
function isTurnedAway(
  t: Test,
  { status, json, challenges }: Knock,
  expected: readonly string[],
  name: string
): void {
  t.equal(status, 401, name)
  const { requestId } = json.debugContext
  t.same(
    json,
    {
      error: {
        errorSummary: 'Unauthorized.',
        errorCauses: [{ errorSummary: 'Unauthorized.', reason: 'unauthorized', domain: 'switchboard' }]
      },
      debugContext: { requestId }
    },
    `${name}: nobody is told what was wrong`
  )
  t.same(challenges, expected, `${name}: WWW-Authenticate`)
}

const INVALID_TOKEN = ['Bearer realm="okta", error="invalid_token"']

const causesOf = (stack: Stack): readonly RefusalCause[] =>
  stack.events('okta.request.refused').map(({ cause }) => cause)

/** Keys that never have to be waited for long. */
const QUICK = {
  fetchWithinMs: 3_000,
  retryAfterMs: 20,
  retryAtMostMs: 50,
  unknownEveryMs: 200,
  unknownWaitMs: 2_000
}

/** Where who fails comes from many places: nobody fails too often. */
async function startBehindProxy(
  t: Test,
  options: NonNullable<Parameters<typeof startStack>[1]>
): Promise<Stack> {
  const read = readNetworks('127.0.0.1', { everybody: false })
  if (read.kind === 'fault') throw new Error(read.message)
  return await startStack(t, { door: { ...OPEN_DOOR, trustedProxies: read.networks }, ...options })
}

async function startWithIssuers(
  t: Test,
  issuers: readonly IssuerUnderTest[],
  keyTimes: Partial<KeyTimes> = QUICK
): Promise<Stack> {
  return await startBehindProxy(t, {
    callers: [callerTerms({ oauth: issuers.map(({ terms }) => terms) })],
    keyTimes
  })
}

t.test('a token opens, and every other does not, without a word of why to the caller', async (t) => {
  const issuer = await startIssuer(t)
  const stranger = await startIssuer(t)
  const stack = await startWithIssuers(t, [issuer])
  const nowS = Math.floor(Date.now() / 1000)
  const { sign } = issuer
  const short = await newKey('short', 1_024)
  const mine = await newKey(issuer.key().kid)
  const publicPem = issuer.key().publicKey.export({ type: 'spki', format: 'pem' })
  const [head = '', claims = '', signature = ''] = (await sign()).split('.')
  const recoded = (part: string, change: (value: any) => unknown): string =>
    Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(part, 'base64url').toString())))).toString(
      'base64url'
    )

  const good: readonly (readonly [string, string])[] = [
    ['as Okta issues it', await sign()],
    ['expired a moment ago, by another clock', await sign({ exp: nowS - 30 })],
    ['of a moment from now, by another clock', await sign({ iat: nowS + 30, nbf: nowS + 30 })],
    ['for several audiences', await sign({ aud: ['api://other', AUDIENCE] })],
    ['with more scopes', await sign({ scp: ['other', SCOPE] })],
    ['with scopes as RFC 9068 has them', await sign({ scp: undefined, scope: `other ${SCOPE}` })],
    ['with the client as RFC 9068 has it', await sign({ cid: undefined, client_id: CLIENT_ID })],
    ['with the client as the party that it was issued to', await sign({ cid: undefined, azp: CLIENT_ID })],
    ['with the client as its subject alone', await sign({ cid: undefined })],
    ['with the type of RFC 9068', await sign({}, { header: { typ: 'at+JWT' } })],
    ['with the old type', await sign({}, { header: { typ: 'JWT' } })],
    // What leads to another key is not followed.
    ['with a foreign key in its header', await sign({}, { header: { jwk: mine.jwk, jku: stranger.origin } })]
  ]
  const bad: readonly (readonly [string, string, RefusalCause])[] = [
    ['forged: another key under the same name', await sign({}, { key: mine.privateKey }), 'bad_signature'],
    [
      'another claim under the same signature',
      `${head}.${recoded(claims, (c) => ({ ...c, sub: 'x' }))}.${signature}`,
      'bad_signature'
    ],
    ['without its signature', `${head}.${claims}.`, 'bad_signature'],
    ['with half of its signature', `${head}.${claims}.${signature.slice(0, 100)}`, 'bad_signature'],
    ['expired', await sign({ exp: nowS - 120 }), 'expired'],
    ['without an end', await sign({ exp: undefined }), 'malformed_token'],
    ['with an end that is no time', await sign({ exp: 'never' }), 'malformed_token'],
    ['not yet valid', await sign({ nbf: nowS + 300 }), 'not_yet_valid'],
    ['issued tomorrow', await sign({ iat: nowS + 86_400, exp: nowS + 90_000 }), 'not_yet_valid'],
    ['for somebody else', await sign({ aud: 'api://default' }), 'wrong_audience'],
    ['for nobody', await sign({ aud: undefined }), 'wrong_audience'],
    ['for something like us', await sign({ aud: `${AUDIENCE}/` }), 'wrong_audience'],
    ['of a stranger', await stranger.sign(), 'wrong_issuer'],
    ['of a stranger who says that he is ours', await stranger.sign({ iss: issuer.issuer }), 'unknown_key'],
    ['ours, who says to be a stranger', await sign({ iss: stranger.issuer }), 'wrong_issuer'],
    ['of nobody', await sign({ iss: undefined }), 'wrong_issuer'],
    ['of an issuer that is a list', await sign({ iss: [issuer.issuer] }), 'wrong_issuer'],
    ['with another scope', await sign({ scp: ['otp.read'] }), 'wrong_scope'],
    ['with a scope that begins alike', await sign({ scp: [`${SCOPE}.more`] }), 'wrong_scope'],
    ['without a scope', await sign({ scp: undefined }), 'wrong_scope'],
    ['of another client', await sign({ cid: '0oaanother', sub: '0oaanother' }), 'wrong_client'],
    ['of another client with our subject', await sign({ cid: '0oaanother' }), 'wrong_client'],
    ['of two clients, one of them ours', await sign({ azp: '0oaanother' }), 'wrong_client'],
    ['of no client', await sign({ cid: undefined, sub: undefined }), 'wrong_client'],
    ['of a client that is a list', await sign({ cid: [CLIENT_ID] }), 'wrong_client'],
    ['alg: none', new UnsecuredJWT(payloadOf(claims)).encode(), 'wrong_algorithm'],
    [
      'alg: NONE, with our signature',
      `${recoded(head, (h) => ({ ...h, alg: 'NONE' }))}.${claims}.${signature}`,
      'wrong_algorithm'
    ],
    [
      'HS256 with the public key as its secret',
      await hs256(payloadOf(claims), publicPem, issuer.key().kid),
      'wrong_algorithm'
    ],
    ['RS384', await sign({}, { header: { alg: 'RS384' } }), 'wrong_algorithm'],
    ['PS256', await sign({}, { header: { alg: 'PS256' } }), 'wrong_algorithm'],
    ['an id token by its type', await sign({}, { header: { typ: 'id_token+jwt' } }), 'wrong_type'],
    ['without a kid', await sign({}, { header: { kid: undefined as any } }), 'unknown_key'],
    [
      'with a kid that is no text',
      `${recoded(head, (h) => ({ ...h, kid: 7 }))}.${claims}.${signature}`,
      'unknown_key'
    ],
    ['with a kid that is a path', await sign({}, { header: { kid: '../../../dev/null' } }), 'unknown_key'],
    ['with a kid of the object', await sign({}, { header: { kid: '__proto__' } }), 'unknown_key'],
    [
      'with the kid of another key',
      await sign({}, { header: { kid: 'key-0' }, key: short.privateKey }).catch(
        () => `${recoded(head, (h) => ({ ...h, kid: 'key-0' }))}.${claims}.${signature}`
      ),
      'unknown_key'
    ],
    [
      'with a header that must be understood',
      await sign({}, { header: { crit: ['exp'], exp: 1 } as any }).catch(
        () => `${recoded(head, (h) => ({ ...h, crit: ['b64'], b64: false }))}.${claims}.${signature}`
      ),
      'malformed_token'
    ],
    ['too large', await sign({ groups: ['x'.repeat(8_200)] }), 'malformed_token'],
    ['of two parts', `${head}.${claims}`, 'malformed_token'],
    ['of five parts', `${head}.${claims}.${signature}.x.x`, 'malformed_token'],
    ['opaque', 'a-token-that-says-nothing', 'malformed_token'],
    ['no JSON', 'e30.e30', 'malformed_token'],
    ['two tokens', `${head}.${claims}.${signature} ${head}.${claims}.${signature}`, 'malformed_token'],
    ['empty', '', 'malformed_token']
  ]

  for (const [name, token] of good) {
    const { status, json } = await knock(stack, bearer(token))
    t.equal(status, 200, name)
    // What became of the code is not asked here: a slow machine may call it too much.
    t.match(json, { commands: [{ type: 'com.okta.telephony.action' }] }, name)
  }
  t.equal(
    (await knock(stack, [['authorization', `bearer   ${good[0]?.[1]}  `]])).status,
    200,
    'in any case, with white space'
  )
  t.match(stack.events('otp.request.received'), [
    { auth: 'oauth', auth_issuer: issuer.issuer, org_name: null }
  ])
  t.same(causesOf(stack), [])
  const sent = stack.sandbox.inbox().length

  const answers: string[] = []
  for (const [name, token, cause] of bad) {
    const answer = await knock(stack, bearer(token))
    answers.push(answer.text)
    isTurnedAway(t, answer, INVALID_TOKEN, name)
    t.equal(causesOf(stack).at(-1), cause, name)
  }
  t.match(stack.events('okta.request.refused'), [{ reason: 'unauthorized', auth: 'oauth', http_status: 401 }])
  t.equal(stack.sandbox.inbox().length, sent, 'nothing was sent')
  t.same(stranger.asked(), [], 'no header of a token led anywhere')

  const said = [JSON.stringify(stack.lines()), ...answers].join('\n')
  for (const [name, token] of [...good, ...bad]) {
    for (const part of token.split('.').filter((one) => one.length > 40)) {
      t.notOk(said.includes(part), `${name}: no part of it is in the log or in an answer`)
    }
  }
})

function payloadOf(claims: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(claims, 'base64url').toString())
}

/** As an attacker would, who has no library that stops him. */
async function hs256(claims: Record<string, unknown>, secret: string, kid: string): Promise<string> {
  const signed = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid })
    .sign(Buffer.from('x'.repeat(32)))
  const input = signed.slice(0, signed.lastIndexOf('.'))
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

t.test('a key that is new is fetched once, and a flood of unknown ones fetches no more', async (t) => {
  const issuer = await startIssuer(t)
  const stack = await startWithIssuers(t, [issuer], { ...QUICK, unknownEveryMs: 60_000 })
  const old = await issuer.sign()
  t.equal((await knock(stack, bearer(old))).status, 200)
  t.equal(issuer.askedForKeys(), 1, 'at start, and not for a request')

  await issuer.rotate()
  const fresh = await issuer.sign()
  const together = await Promise.all(Array.from({ length: 10 }, () => knock(stack, bearer(fresh))))
  t.same(
    together.map(({ status }) => status),
    Array.from({ length: 10 }, () => 200),
    'rotation needs nobody'
  )
  t.equal(issuer.askedForKeys(), 2, 'one fetch for all of them')
  t.match(stack.events('auth.keys_fetched'), [
    { issuer: issuer.issuer, keys: 1, added: 1, removed: 0, by: 'start' },
    { keys: 1, added: 1, removed: 1, by: 'unknown_key' }
  ])

  isTurnedAway(t, await knock(stack, bearer(old)), INVALID_TOKEN, 'a verified token goes with its key')
  const flood = await Promise.all(
    Array.from({ length: 50 }, async (_, i) =>
      knock(stack, bearer(await issuer.sign({}, { header: { kid: `made-up-${i}` } })))
    )
  )
  t.ok(flood.every(({ status }) => status === 401))
  t.equal(issuer.askedForKeys(), 2, 'within the time of one fetch there is one')
  t.same(new Set(causesOf(stack)), new Set(['unknown_key']))
  t.equal((await knock(stack, bearer(fresh))).status, 200)
})

t.test('no request waits for an issuer that hangs', async (t) => {
  const issuer = await startIssuer(t)
  const stack = await startWithIssuers(t, [issuer], {
    fetchWithinMs: 60_000,
    unknownEveryMs: 0,
    unknownWaitMs: 300
  })
  issuer.behave({ metadata: 'hangs', keys: 'hangs' })
  const token = await issuer.sign({}, { header: { kid: 'unheard-of' } })
  const answers = await Promise.all(Array.from({ length: 5 }, () => knock(stack, bearer(token))))
  for (const answer of answers) isTurnedAway(t, answer, INVALID_TOKEN, 'hanging')
  const longest = Math.max(...stack.events('okta.request.refused').map(({ duration_ms: ms }) => ms))
  t.ok(longest >= 250 && longest < 3_000, `${longest} ms`)
  t.equal(issuer.askedForKeys(), 2, 'one fetch is under way, whoever asks')
})

t.test('keys from before serve while the issuer is down, and no longer than they may', async (t) => {
  const issuer = await startIssuer(t)
  const stack = await startWithIssuers(t, [issuer], { ...QUICK, refreshEveryMs: 20 })
  for (const keys of [
    'down',
    'hangs',
    'dribbles',
    'huge',
    'html',
    'redirect',
    { status: 500 },
    { json: {} }
  ] as const) {
    const before = stack.events('auth.keys_failed').length
    issuer.behave({ keys })
    await until(() => stack.events('auth.keys_failed').length > before)
    t.equal((await knock(stack, bearer(await issuer.sign()))).status, 200, JSON.stringify(keys))
    const fetched = stack.events('auth.keys_fetched').length
    issuer.behave({ keys: 'well' })
    await until(() => stack.events('auth.keys_fetched').length > fetched)
  }
  t.same(
    stack.events('auth.keys_failed').map(({ cause, known_keys: known }) => [cause, known]),
    [
      'UND_ERR_SOCKET',
      'timeout',
      'timeout',
      'too_large',
      'not_json',
      'redirect',
      'http_500',
      'wrong_shape'
    ].map((cause) => [cause, 1])
  )
  t.ok(
    issuer.asked().every((url) => !url.includes('moved')),
    'no redirect was followed'
  )
})

t.test('keys that nobody could renew for too long are used no more', async (t) => {
  const issuer = await startIssuer(t)
  const stack = await startWithIssuers(t, [issuer], { ...QUICK, refreshEveryMs: 20, staleAtMostMs: 200 })
  await issuer.close()
  await until(() => stack.events('auth.keys_failed').at(-1)?.known_keys === 0)
  isTurnedAway(t, await knock(stack, bearer(await issuer.sign())), INVALID_TOKEN, 'keys that are too old')
  t.equal(causesOf(stack).at(-1), 'keys_unavailable')
  const ready = await fetch(`${stack.gateway.url}/health/ready`)
  t.equal(ready.status, 503, 'nobody could be let in')
  t.match(await ready.json(), {
    status: 'not_ready',
    callers: { schemes: ['oauth'], issuer_keys: { fresh: 0, stale: 0, none: 1 } }
  })
  const { out } = await runWith(['status'], {
    env: { ADMIN_SECRET, ADMIN_URL: stack.gateway.adminUrl ?? '' }
  })
  t.match(
    out,
    `Okta comes in by oauth\n${issuer.issuer}: it does not answer, and none of its tokens is let in\n`
  )
})

t.test(
  'an issuer that cannot be used at start keeps nobody waiting, and is used as soon as it can be',
  async (t) => {
    const short = await newKey('short', 1_024)
    const cases = [
      ['down', { keys: 'down' }, 'UND_ERR_SOCKET'],
      ['without metadata', { metadata: { status: 404 } }, 'http_404'],
      ['a page for people', { metadata: 'html' }, 'not_json'],
      ['a redirect', { metadata: 'redirect' }, 'redirect'],
      ['too much', { metadata: 'huge' }, 'too_large'],
      ['slow', { metadata: 'dribbles' }, 'timeout'],
      [
        'no key that is fit',
        { keys: { json: { keys: [short.jwk, { kty: 'EC', kid: 'x' }] } } },
        'no_usable_keys'
      ],
      [
        'a key for encryption',
        { keys: { json: { keys: [{ ...(await newKey('e')).jwk, use: 'enc' }] } } },
        'no_usable_keys'
      ],
      [
        'a hundred keys',
        { keys: { json: { keys: Array.from({ length: 100 }, () => short.jwk) } } },
        'wrong_shape'
      ]
    ] as const
    for (const [name, behaviour, cause] of cases) {
      const issuer = await startIssuer(t)
      issuer.behave(behaviour)
      const stack = await startWithIssuers(t, [issuer])
      t.match(
        stack.events('auth.keys_failed'),
        [{ level: 50, issuer: issuer.issuer, cause, known_keys: 0 }],
        name
      )
      t.equal((await fetch(`${stack.gateway.url}/health/ready`)).status, 503, name)
      t.equal((await fetch(`${stack.gateway.url}/health/live`)).status, 200, name)
      isTurnedAway(t, await knock(stack, bearer(await issuer.sign())), INVALID_TOKEN, name)
      issuer.behave({ metadata: 'well', keys: 'well' })
      await until(() => stack.events('auth.keys_fetched').length > 0)
      t.equal((await knock(stack, bearer(await issuer.sign()))).status, 200, `${name}, and then well`)
      t.equal((await fetch(`${stack.gateway.url}/health/ready`)).status, 200, name)
      await stack.gateway.stop()
    }
  }
)

t.test('metadata leads nowhere else', async (t) => {
  const elsewhere = await startIssuer(t)
  const issuer = await startIssuer(t)
  const { issuer: name, origin } = issuer
  const cases = [
    [{ issuer: elsewhere.issuer, jwks_uri: `${name}/v1/keys` }, 'issuer_mismatch'],
    [{ issuer: `${name}/`, jwks_uri: `${name}/v1/keys` }, 'issuer_mismatch'],
    [{ issuer: name, jwks_uri: `${elsewhere.issuer}/v1/keys` }, 'foreign_jwks_uri'],
    [{ issuer: name, jwks_uri: 'http://169.254.169.254/latest/meta-data' }, 'foreign_jwks_uri'],
    [{ issuer: name, jwks_uri: 'file:///etc/passwd' }, 'foreign_jwks_uri'],
    [{ issuer: name, jwks_uri: `${origin.replace('//', '//user:secret@')}/keys` }, 'foreign_jwks_uri'],
    [{ issuer: name, jwks_uri: `${origin}.example.com/keys` }, 'foreign_jwks_uri'],
    [{ issuer: name, jwks_uri: '/v1/keys' }, 'foreign_jwks_uri'],
    [
      { issuer: name, jwks_uri: `${origin}/oauth2/v1/keys`, token_endpoint: `${origin}/oauth2/v1/token` },
      'org_authorization_server'
    ],
    [{ issuer: name }, 'wrong_shape'],
    [[], 'wrong_shape']
  ] as const
  for (const [json, cause] of cases) {
    issuer.behave({ metadata: { json } })
    const events: GatewayEvent[] = []
    const authenticator = createAuthenticator({
      callers: [callerTerms({ oauth: [issuer.terms] })],
      report: (event) => void events.push(event),
      now: () => performance.now(),
      epoch: () => Date.now(),
      random: Math.random
    })
    await authenticator.start()
    t.match(events, [{ event: 'auth.keys_failed', cause }], cause)
    t.match(
      await authenticator.authenticate(new Map([['authorization', [`Bearer ${await issuer.sign()}`]]])),
      {
        cause: 'keys_unavailable'
      }
    )
    await authenticator.close()
  }
  t.same(elsewhere.asked(), [])
  t.equal(issuer.askedForKeys(), 0)
})

t.test('several issuers: each vouches for its own, and the trouble of one is not the other’s', async (t) => {
  const [one, two] = [await startIssuer(t), await startIssuer(t)]
  two.behave({ metadata: 'down' })
  const stack = await startWithIssuers(t, [one, two])
  t.equal((await fetch(`${stack.gateway.url}/health/ready`)).status, 200, 'some can be let in')
  t.equal((await knock(stack, bearer(await one.sign()))).status, 200)
  t.equal((await knock(stack, bearer(await two.sign()))).status, 401)
  t.equal(causesOf(stack).at(-1), 'keys_unavailable')
  two.behave({ metadata: 'well' })
  await until(() => stack.events('auth.keys_fetched').length === 2)
  t.equal((await knock(stack, bearer(await two.sign()))).status, 200)
  t.same(
    stack.events('otp.request.received').map(({ auth_issuer }) => auth_issuer),
    [one.issuer, two.issuer]
  )
  t.equal(
    (await knock(stack, bearer(await one.sign({ iss: two.issuer })))).status,
    401,
    'signed by one in the name of two'
  )
})

const HEADER = 'x-otp-gateway-key'
const [OLD, NEXT] = ['the-old-secret-of-the-header', 'the-next-secret-of-the-header'] as const

t.test("a header of the admin's choice opens with any of its secrets, and with nothing else", async (t) => {
  const stack = await startBehindProxy(t, {
    callers: [callerTerms({ header: { name: HEADER, secrets: [OLD, NEXT] } })]
  })
  const open: readonly HeaderList[] = [
    [[HEADER, OLD]],
    [[HEADER, NEXT]],
    [['X-OTP-Gateway-Key', ` \t${OLD} \t `]],
    [
      [HEADER, OLD],
      ['authorization', AUTHORIZATION]
    ],
    [
      [HEADER, OLD],
      ['authorization', 'Bearer x']
    ]
  ]
  for (const headers of open) t.equal((await knock(stack, headers)).status, 200, JSON.stringify(headers))
  t.match(
    stack.events('otp.request.received'),
    open.map(() => ({ auth: 'header', auth_issuer: null }))
  )

  const closed: readonly (readonly [HeaderList, RefusalCause])[] = [
    [[], 'no_credentials'],
    [[[HEADER, '']], 'no_credentials'],
    [[[HEADER, '   ']], 'no_credentials'],
    [[[HEADER, OLD.toUpperCase()]], 'wrong_secret'],
    [[[HEADER, OLD.slice(0, -1)]], 'wrong_secret'],
    [[[HEADER, `${OLD} ${NEXT}`]], 'wrong_secret'],
    [[[HEADER, `${OLD},${NEXT}`]], 'wrong_secret'],
    [[[HEADER, `Bearer ${OLD}`]], 'wrong_secret'],
    [[[HEADER, 'x'.repeat(4_000)]], 'wrong_secret'],
    [
      [
        [HEADER, OLD],
        [HEADER, OLD]
      ],
      'several_credentials'
    ],
    [
      [
        [HEADER, 'wrong'],
        [HEADER, OLD]
      ],
      'several_credentials'
    ],
    [[['x-otp-gateway-keys', OLD]], 'no_credentials'],
    [[['x_otp_gateway_key', OLD]], 'no_credentials'],
    [[['authorization', OLD]], 'scheme_not_accepted'],
    [[['authorization', AUTHORIZATION]], 'scheme_not_accepted'],
    [[['authorization', 'Bearer x']], 'scheme_not_accepted'],
    [[['cookie', `${HEADER}=${OLD}`]], 'no_credentials']
  ]
  const answers: string[] = []
  for (const [headers, cause] of closed) {
    const answer = await knock(stack, headers)
    answers.push(answer.text)
    isTurnedAway(t, answer, ['Header realm="okta"'], JSON.stringify(headers).slice(0, 80))
    t.equal(causesOf(stack).at(-1), cause, JSON.stringify(headers).slice(0, 80))
  }
  const said = [JSON.stringify(stack.lines()), ...answers].join('\n')
  for (const secret of [OLD, NEXT, OLD.toUpperCase(), OLD.slice(0, -1), LOGIN.password]) {
    t.notOk(said.includes(secret))
  }
})

t.test('the header may be Authorization, with a word in front of the secret or without', async (t) => {
  const stack = await startBehindProxy(t, {
    callers: [callerTerms({ basic: [LOGIN], header: { name: 'authorization', secrets: [OLD] } })]
  })
  for (const [value, auth] of [
    [OLD, 'header'],
    [`Bearer ${OLD}`, 'header'],
    [`ApiKey  ${OLD} `, 'header'],
    [AUTHORIZATION, 'basic']
  ] as const) {
    t.equal((await knock(stack, [['authorization', value]])).status, 200, value.slice(0, 8))
    t.equal(stack.events('otp.request.received').at(-1).auth, auth)
  }
  for (const [value, cause] of [
    [`${OLD}x`, 'wrong_secret'],
    [`Bearer Bearer ${OLD}`, 'wrong_secret'],
    [basic(OLD), 'malformed_credentials'],
    [basic(`okta:${OLD}`), 'wrong_secret']
  ] as const) {
    const answer = await knock(stack, [['authorization', value]])
    isTurnedAway(t, answer, ['Basic realm="okta", charset="UTF-8"'], value.slice(0, 8))
    t.equal(causesOf(stack).at(-1), cause)
  }
})

t.test('any of the schemes opens, whatever came along with it', async (t) => {
  const issuer = await startIssuer(t)
  const stack = await startBehindProxy(t, {
    callers: [
      callerTerms({ basic: [LOGIN], header: { name: HEADER, secrets: [OLD] }, oauth: [issuer.terms] })
    ]
  })
  const token = await issuer.sign()
  for (const [headers, auth] of [
    [[['authorization', AUTHORIZATION]], 'basic'],
    [[['authorization', ` ${AUTHORIZATION} `]], 'basic'],
    [[['authorization', AUTHORIZATION.replace('Basic', 'basic')]], 'basic'],
    [
      [
        ['authorization', AUTHORIZATION],
        [HEADER, 'wrong']
      ],
      'basic'
    ],
    [
      [
        ['authorization', 'Basic !!!'],
        [HEADER, OLD]
      ],
      'header'
    ],
    [bearer(token), 'oauth'],
    [[...bearer(token), [HEADER, 'wrong']], 'oauth']
  ] as const) {
    t.equal((await knock(stack, headers as HeaderList)).status, 200)
    t.equal(stack.events('otp.request.received').at(-1).auth, auth)
  }
  const all = ['Basic realm="okta", charset="UTF-8"', 'Bearer realm="okta"']
  const allAfterToken = ['Basic realm="okta", charset="UTF-8"', 'Bearer realm="okta", error="invalid_token"']
  for (const [headers, cause, challenges] of [
    [[], 'no_credentials', all],
    [[['authorization', 'Basic']], 'malformed_credentials', all],
    [[['authorization', 'Basic !!!']], 'malformed_credentials', all],
    [[['authorization', basic('no-colon')]], 'malformed_credentials', all],
    [[['authorization', basic('okta:wrong')]], 'wrong_secret', all],
    [[['authorization', `Basic ${LOGIN.user}:${LOGIN.password}`]], 'malformed_credentials', all],
    [[['authorization', `Digest username="${LOGIN.user}"`]], 'scheme_not_accepted', all],
    [[['proxy-authorization', AUTHORIZATION]], 'no_credentials', all],
    [
      [
        ['authorization', 'Bearer x'],
        [HEADER, 'wrong']
      ],
      'malformed_token',
      allAfterToken
    ],
    [
      [
        ['authorization', AUTHORIZATION],
        ['authorization', AUTHORIZATION]
      ],
      'several_credentials',
      all
    ],
    [
      [
        ['authorization', 'Basic eDp5'],
        ['Authorization', AUTHORIZATION]
      ],
      'several_credentials',
      all
    ],
    [[...bearer(token), ['authorization', AUTHORIZATION]], 'several_credentials', all],
    [[['authorization', `${AUTHORIZATION}, Bearer ${token}`]], 'malformed_credentials', all]
  ] as const) {
    const name = JSON.stringify(headers).slice(0, 60)
    isTurnedAway(t, await knock(stack, headers as HeaderList), challenges, name)
    t.equal(causesOf(stack).at(-1), cause, name)
  }
  t.match(await (await fetch(`${stack.gateway.url}/health/ready`)).json(), {
    callers: { schemes: ['basic', 'header', 'oauth'], issuer_keys: { fresh: 1, stale: 0, none: 0 } }
  })
})

t.test('secrets are exchanged while it runs', async (t) => {
  const [one, two] = [await startIssuer(t), await startIssuer(t)]
  let callers = [callerTerms({ header: { name: HEADER, secrets: [OLD] }, oauth: [one.terms] })]
  const settings = readSettings({ SANDBOX: 'on' }, () => null)
  if (settings.kind !== 'ok') throw new Error('The sandbox needs no settings.')
  const stack = await startBehindProxy(t, {
    callers,
    secrets: { digests: settings.settings.digests, reread: () => ({ ...settings, callers }) }
  })
  const exchange = async (next: typeof callers): Promise<void> => {
    callers = next
    await stack.gateway.renewSecrets()
  }
  const tokens = { one: await one.sign(), two: await two.sign() }
  const statuses = async (): Promise<readonly number[]> =>
    await Promise.all(
      [[[HEADER, OLD]], [[HEADER, NEXT]], bearer(tokens.one), bearer(tokens.two)].map(
        async (headers) => (await knock(stack, headers as unknown as HeaderList)).status
      )
    )
  t.same(await statuses(), [200, 401, 200, 401])
  await exchange([
    callerTerms({ header: { name: HEADER, secrets: [OLD, NEXT] }, oauth: [one.terms, two.terms] })
  ])
  t.same(await statuses(), [200, 200, 200, 200])
  const asked = one.askedForKeys()
  await exchange([callerTerms({ header: { name: HEADER, secrets: [NEXT] }, oauth: [two.terms] })])
  t.same(await statuses(), [401, 200, 401, 200])
  t.equal(one.askedForKeys(), asked, 'its keys stayed known while it was')
})

t.test('a new issuer that hangs keeps no other secret from being exchanged', async (t) => {
  const issuer = await startIssuer(t)
  issuer.behave({ metadata: 'hangs' })
  let callers = [callerTerms({ header: { name: HEADER, secrets: [OLD] } })]
  const settings = readSettings({ SANDBOX: 'on' }, () => null)
  if (settings.kind !== 'ok') throw new Error('The sandbox needs no settings.')
  const stack = await startBehindProxy(t, {
    callers,
    keyTimes: { fetchWithinMs: 600_000 },
    secrets: { digests: settings.settings.digests, reread: () => ({ ...settings, callers }) }
  })
  callers = [callerTerms({ header: { name: HEADER, secrets: [NEXT] }, oauth: [issuer.terms] })]
  // Several signals at once: each waits for the one before.
  await Promise.all(Array.from({ length: 3 }, () => stack.gateway.renewSecrets()))
  t.equal((await knock(stack, [[HEADER, OLD]])).status, 401, 'what has leaked is out')
  t.equal((await knock(stack, [[HEADER, NEXT]])).status, 200)
  t.equal((await knock(stack, bearer(await issuer.sign()))).status, 401)
  t.equal(causesOf(stack).at(-1), 'keys_unavailable')
  t.equal(stack.events('secrets.reloaded').length, 3)

  // What is taken out again while it hangs is forgotten, and nobody is turned away for it.
  callers = [callerTerms({ header: { name: HEADER, secrets: [NEXT] } })]
  await stack.gateway.renewSecrets()
  t.equal((await knock(stack, [[HEADER, NEXT]])).status, 200)
  t.match(await (await fetch(`${stack.gateway.url}/health/ready`)).json(), {
    callers: { schemes: ['header'], issuer_keys: { fresh: 0, stale: 0, none: 0 } }
  })
})

t.test("one org's secret never opens another's door", async (t) => {
  const [issuer, shared] = [await startIssuer(t), await startIssuer(t)]
  const acme = { name: 'acme', domains: ['acme.okta.com', 'login.acme.com'] }
  const bolt = { name: 'bolt', domains: ['bolt.okta.com'] }
  const stack = await startBehindProxy(t, {
    callers: [
      callerTerms({
        org: acme,
        basic: [{ user: 'okta', password: 'acme-secret' }],
        header: { name: HEADER, secrets: [OLD] },
        oauth: [issuer.terms, { ...shared.terms, clientIds: ['acme-app'] }]
      }),
      callerTerms({
        org: bolt,
        basic: [{ user: 'okta', password: 'bolt-secret' }],
        header: { name: 'x-bolt', secrets: [NEXT] },
        oauth: [{ ...shared.terms, clientIds: ['bolt-app'] }]
      })
    ],
    rules: RULES_BY_ORG
  })
  const source = (host: string): string => `https://${host}/api/v1/inlineHooks/calz6lVQA77AwFeEe0g3`
  const acmes: readonly HeaderList[] = [
    [['authorization', basic('okta:acme-secret')]],
    [[HEADER, OLD]],
    bearer(await issuer.sign()),
    bearer(await shared.sign({ cid: 'acme-app' }))
  ]
  const bolts: readonly HeaderList[] = [
    [['authorization', basic('okta:bolt-secret')]],
    [['x-bolt', NEXT]],
    bearer(await shared.sign({ cid: 'bolt-app' }))
  ]
  for (const headers of acmes) {
    for (const host of ['acme.okta.com', 'ACME.okta.com', 'login.acme.com']) {
      const { status, json } = await knock(stack, headers, sampleBody({}, { source: source(host) }))
      t.equal(status, 200)
      t.match(json, { commands: [{ value: [{ provider: 'TWILIO' }] }] }, 'by the rule of its org')
    }
    for (const host of [
      'bolt.okta.com',
      'acme.okta.com.evil.example',
      'acme.okta.com@bolt.okta.com',
      'other.okta.com'
    ]) {
      isTurnedAwayAsWrongOrg(t, await knock(stack, headers, sampleBody({}, { source: source(host) })), host)
      t.match(stack.events('okta.request.refused').at(-1), { cause: 'wrong_org', org_name: 'acme' })
    }
  }
  for (const headers of bolts) {
    const { status, json } = await knock(stack, headers, sampleBody({}, { source: source('bolt.okta.com') }))
    t.equal(status, 200)
    t.match(json, { commands: [{ value: [{ provider: 'VONAGE' }] }] })
    isTurnedAwayAsWrongOrg(
      t,
      await knock(stack, headers, sampleBody({}, { source: source('acme.okta.com') })),
      'bolt as acme'
    )
  }
  for (const headers of [
    [[HEADER, NEXT]],
    [['x-bolt', OLD]],
    bearer(await shared.sign()),
    bearer(await issuer.sign({ cid: 'bolt-app' }))
  ]) {
    t.equal(
      (await knock(stack, headers as HeaderList)).status,
      401,
      'the secret of one at the door of the other'
    )
  }

  // Where Okta names no org that can be read, as in its own samples, it is the one whose secret it is.
  for (const top of [
    { source: undefined },
    { source: null },
    { source: 'https://${yourOktaDomain}/x' },
    { source: 7 }
  ]) {
    const { status, json } = await knock(stack, bolts[0] ?? [], sampleBody({}, top))
    t.equal(status, 200)
    t.match(json, { commands: [{ value: [{ provider: 'VONAGE' }] }] })
    t.match(stack.events('otp.request.received').at(-1), { org: 'bolt.okta.com', org_name: 'bolt' })
  }
  const nonsense = await knock(stack, bolts[0] ?? [], '{"source":"https://acme.okta.com","data":7}')
  isTurnedAwayAsWrongOrg(t, nonsense, 'a body that says nothing but another org')
  t.match((await knock(stack, bolts[0] ?? [], '{"data":7}')).status, 200)
  t.match(stack.events('otp.request.completed').at(-1), { outcome: 'not_understood', org_name: 'bolt' })

  const page = await (
    await fetch(`${stack.gateway.adminUrl}/metrics`, {
      headers: { authorization: 'Bearer the-admin-secret-of-a-test' }
    })
  ).text()
  t.match(page, /otp_org_requests_total\{org="acme",channel="sms",outcome="accepted"\} 12/u)
  t.match(page, /otp_org_requests_total\{org="bolt",channel="sms",outcome="accepted"\} 7/u)
  t.match(page, /otp_org_refusals_total\{org="acme"\} 16/u)
  t.match(page, /otp_org_refusals_total\{org="bolt"\} 4/u)
  t.match(page, /otp_hook_unauthorized_total\{cause="wrong_org"\} 20/u)
  t.match(page, new RegExp(`otp_issuer_keys\\{issuer="${issuer.issuer}",state="fresh"\\} 1`, 'u'))
})

function isTurnedAwayAsWrongOrg(t: Test, answer: Knock, name: string): void {
  const token = answer.challenges.some((challenge) => challenge.includes('invalid_token'))
  isTurnedAway(
    t,
    answer,
    ['Basic realm="okta", charset="UTF-8"', `Bearer realm="okta"${token ? ', error="invalid_token"' : ''}`],
    name
  )
}

const RULES_BY_ORG = `
version: 1
providers:
  twilio: { channels: [sms, voice] }
  vonage: { channels: [sms, voice] }
senders:
  name: { kind: alphanumeric, value: ACME }
defaults: { sender: name }
rules:
  - name: acme
    when: { org: [acme.okta.com, login.acme.com] }
    send: [twilio, vonage]
  - name: bolt
    when: { org: bolt.okta.com }
    send: [vonage, twilio]
otherwise: { block: { reason: no_org } }
`
