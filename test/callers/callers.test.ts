import fc from 'fast-check'
import type { CryptoKey } from 'jose'
import t, { type Test } from 'tap'
import { mayActFor, REFUSAL_CAUSES } from '../../src/domain/admission.ts'
import { createAuthenticator } from '../../src/callers/authenticator.ts'
import { issuerFault, metadataUrls } from '../../src/callers/issuer.ts'
import { createIssuerKeys, KEY_TIMES, type IssuerKeys } from '../../src/callers/issuer-keys.ts'
import type { FetchedJson } from '../../src/callers/fetch-json.ts'
import { readKeySet } from '../../src/callers/key-set.ts'
import { createSecretCheck, pairOfHeader, secretOfPair } from '../../src/callers/secrets.ts'
import { createTokenCheck, SKEW_S } from '../../src/callers/tokens.ts'
import { headerNameFault, headerSecretsFault } from '../../src/callers/written.ts'
import { callerTerms } from '../fixtures/gateway.ts'
import { newKey, startIssuer } from '../fixtures/issuer.ts'
import { until } from '../fixtures/stack.ts'

t.test('createSecretCheck() finds whose secret it is, and nobody for anything else', async (t) => {
  const find = createSecretCheck([
    [secretOfPair({ user: 'okta', password: 'old:secret' }), 'a'],
    [secretOfPair({ user: 'okta', password: 'new-secret' }), 'b']
  ])
  const ownerOf = (user: string, password: string) => find(secretOfPair({ user, password }))
  t.equal(ownerOf('okta', 'old:secret'), 'a')
  t.equal(ownerOf('okta', 'new-secret'), 'b')
  for (const [user, password] of [
    ['okta', 'old'],
    ['okta:old', 'secret'],
    ['', ''],
    ['Okta', 'new-secret'],
    ['okta', 'new-secret '],
    ['okta', 'x'.repeat(10_000)]
  ] as const) {
    t.equal(ownerOf(user, password), null)
  }
})

t.test('pairOfHeader() reads every pair that can be written, and nothing else', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (name, password) => {
      const user = name.replaceAll(':', '')
      const header = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
      t.same(pairOfHeader(header), { user, password: Buffer.from(password).toString() })
    }),
    { numRuns: 200 }
  )
  for (const header of [
    '',
    'Basic',
    'Basic ',
    'Basic !',
    'Basic eA==',
    'Basic eDp5 eDp5',
    'Bearer eDp5',
    'BasiceDp5'
  ]) {
    t.equal(pairOfHeader(header), null, header)
  }
})

t.test('headerNameFault() lets a secret be in no header that others write', async (t) => {
  for (const name of ['x-otp-gateway-key', 'Authorization', 'auth_secret', 'X-Telephony-Key', 'api.key']) {
    t.equal(headerNameFault(name), null, name)
  }
  for (const name of [
    '',
    'x key',
    'x:key',
    'x\nkey',
    'clé',
    'x'.repeat(65),
    'Content-Type',
    'content-length',
    'Host',
    'Connection',
    'Transfer-Encoding',
    'TE',
    'Upgrade',
    'Proxy-Authorization',
    'Accept',
    'X-Forwarded-For',
    'Cookie'
  ]) {
    t.ok(headerNameFault(name), name)
  }
  t.equal(headerSecretsFault(`${'a'.repeat(16)}\n${'b'.repeat(40)}`), null)
  for (const value of ['short', `${'a'.repeat(16)} short`, 'ä'.repeat(16), ' ', 'a'.repeat(15)]) {
    t.ok(headerSecretsFault(value))
  }
})

t.test("issuerFault() refuses Okta's org authorization server, and what is not safe", async (t) => {
  for (const issuer of [
    'https://acme.okta.com/oauth2/default',
    'https://acme.okta.com/oauth2/aus9o8wzjhckw9TLa0h7',
    'https://acme.oktapreview.com/oauth2/default',
    'https://login.acme.com/oauth2/default',
    'https://login.acme.com',
    'https://tenant.eu.auth0.com/',
    'http://127.0.0.1:8080/oauth2/default',
    'http://localhost:8080/x',
    'http://[::1]:8080/x'
  ]) {
    t.equal(issuerFault(issuer), null, issuer)
  }
  for (const issuer of [
    'https://acme.okta.com',
    'https://acme.okta.com/',
    'https://acme.okta.com/oauth2',
    'https://acme.okta.com/oauth2/',
    'https://acme.oktapreview.com',
    'https://acme.okta-emea.com/oauth2',
    'https://acme-admin.okta.com',
    'https://acme.okta.mil'
  ]) {
    t.match(issuerFault(issuer), /opaque/u, issuer)
  }
  for (const issuer of [
    'acme.okta.com',
    'http://acme.okta.com/oauth2/default',
    'http://127.0.0.1.example.com/x',
    'https://a:b@acme.okta.com/oauth2/default',
    'https://acme.okta.com/oauth2/default?x=1',
    'https://acme.okta.com/oauth2/default#',
    'file:///x',
    `https://x.example/${'x'.repeat(300)}`
  ]) {
    t.match(issuerFault(issuer), /^(?:is no URL|must be)/u, issuer)
  }
  t.same(metadataUrls('https://acme.okta.com/oauth2/default'), [
    'https://acme.okta.com/oauth2/default/.well-known/oauth-authorization-server',
    'https://acme.okta.com/.well-known/oauth-authorization-server/oauth2/default',
    'https://acme.okta.com/oauth2/default/.well-known/openid-configuration'
  ])
  t.same(metadataUrls('https://tenant.eu.auth0.com/'), [
    'https://tenant.eu.auth0.com/.well-known/oauth-authorization-server',
    'https://tenant.eu.auth0.com/.well-known/openid-configuration'
  ])
})

t.test('mayActFor() holds a secret to its org', async (t) => {
  const admission = { kind: 'admitted', auth: 'basic', issuer: null } as const
  const org = { name: 'a', domains: ['a.okta.com'] }
  t.equal(mayActFor({ ...admission, org }, 'a.okta.com'), true)
  t.equal(mayActFor({ ...admission, org }, null), true)
  t.equal(mayActFor({ ...admission, org }, 'b.okta.com'), false)
  t.equal(
    mayActFor({ ...admission, org: null }, 'b.okta.com'),
    true,
    'a gateway that does not tell orgs apart'
  )
})

t.test('whatever comes in these headers, it is a verdict, and nobody is let in', async (t) => {
  const issuer = await startIssuer(t)
  const authenticator = createAuthenticator({
    callers: [
      callerTerms({
        basic: [{ user: 'u', password: 'p' }],
        header: { name: 'x-key', secrets: ['s'.repeat(16)] },
        oauth: [issuer.terms]
      })
    ],
    report: () => undefined,
    now: () => performance.now(),
    epoch: () => Date.now(),
    random: () => 0,
    times: { unknownWaitMs: 0 }
  })
  t.teardown(() => authenticator.close())
  await authenticator.start()
  const token = await issuer.sign()
  const parts = token.split('.')
  const anyPart = fc.oneof(
    fc.constantFrom(...parts),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
    fc
      .dictionary(
        fc.constantFrom('alg', 'typ', 'kid', 'crit', 'iss', 'exp', 'aud', 'b64'),
        fc.oneof(fc.jsonValue(), fc.constantFrom('RS256', issuer.issuer, issuer.key().kid))
      )
      .map((object) => Buffer.from(JSON.stringify(object)).toString('base64url')),
    fc.string()
  )
  const anyToken = fc.oneof(
    fc.string(),
    fc.array(anyPart, { minLength: 1, maxLength: 4 }).map((some) => some.join('.')),
    // One character is another.
    fc
      .tuple(fc.nat(token.length - 1), fc.constantFrom('A', 'b', '_', '.', ' '))
      .map(([at, by]) => token.slice(0, at) + by + token.slice(at + 1))
  )
  const anyHeader = fc.oneof(
    anyToken.map((one) => `Bearer ${one}`),
    fc.string().map((text) => `Basic ${text}`),
    fc.string({ unit: 'grapheme' })
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyHeader, { maxLength: 2 }),
      fc.array(fc.string(), { maxLength: 2 }),
      async (authorization, key) => {
        const verdict = await authenticator.authenticate(
          new Map(Object.entries({ authorization, 'x-key': key }))
        )
        if (verdict.kind === 'admitted') return authorization[0] === `Bearer ${token}`
        return REFUSAL_CAUSES.includes(verdict.cause)
      }
    ),
    { numRuns: 400 }
  )
  t.match(await authenticator.authenticate(new Map([['authorization', [`Bearer ${token}`]]])), {
    kind: 'admitted'
  })
})

t.test('readKeySet() passes over keys whose exponent makes forging easy, or nothing', async (t) => {
  const { jwk } = await newKey('a')
  const keysOf = async (e: string) => [
    ...((await readKeySet({ keys: [{ ...jwk, e }] }, new Map())) ?? []).keys()
  ]
  for (const e of ['AA', 'AQ', 'Ag', 'AAAB', 'AQAA']) t.same(await keysOf(e), [], e)
  for (const e of ['Aw', 'AQAB', 'AAEAAQ']) t.same(await keysOf(e), ['a'], e)
})

/** Keys that are there, and time that a test moves. */
async function tokensAt(t: Test, { mostKept }: { readonly mostKept?: number } = {}) {
  const issuer = await startIssuer(t)
  const key = issuer.key()
  let atMs = Date.now()
  let current: CryptoKey | null =
    (await readKeySet({ keys: [key.jwk] }, new Map()))?.get(key.kid)?.key ?? null
  const keys: IssuerKeys = {
    issuer: issuer.issuer,
    start: async () => undefined,
    find: (kid) => (kid === key.kid ? current : null),
    lookAgain: async () => undefined,
    condition: () => 'fresh',
    close: () => undefined
  }
  const check = createTokenCheck({
    terms: [{ ...issuer.terms, org: null }],
    keysOf: (name) => (name === issuer.issuer ? keys : undefined),
    epoch: () => atMs,
    ...(mostKept === undefined ? {} : { mostKept })
  })
  return {
    issuer,
    check,

    moveTo: (ms: number) => (atMs = ms),
    loseKey: () => (current = null)
  }
}

t.test('a token that was verified is held to its time and its key each time it comes', async (t) => {
  for (const mostKept of [0, 16]) {
    const { issuer, check, moveTo, loseKey } = await tokensAt(t, { mostKept })
    const nowS = Math.floor(Date.now() / 1000)
    const token = await issuer.sign({ iat: nowS, exp: nowS + 300 })
    const at = async (second: number) => {
      moveTo((nowS + second) * 1000)
      const verdict = await check(token)
      return verdict.kind === 'valid' ? 'valid' : verdict.cause
    }
    t.equal(await at(0), 'valid')
    t.equal(await at(299 + SKEW_S), 'valid', 'a second before the end, by our clock')
    t.equal(await at(300 + SKEW_S), 'expired')
    t.equal(await at(-SKEW_S), 'valid')
    t.equal(await at(-SKEW_S - 1), 'not_yet_valid', 'a clock that was put back')
    t.equal(await at(0), 'valid')
    loseKey()
    t.equal(await at(0), 'unknown_key')
  }
})

t.test(
  'keys are fetched anew behind the requests, sooner after a failure, and never two at once',
  async (t) => {
    const { jwk } = await newKey('k1')
    const next = await newKey('k2')
    const issuer = 'https://issuer.example/oauth2/default'
    let answer: FetchedJson = { kind: 'json', value: { keys: [jwk] } }
    let atOnce = 0
    let most = 0
    let fetches = 0
    const events: any[] = []
    let nowMs = 0
    const keys = createIssuerKeys({
      issuer,
      fetcher: {
        async get(url) {
          atOnce += 1
          most = Math.max(most, atOnce)
          await new Promise((resolve) => setImmediate(resolve))
          atOnce -= 1
          if (url.includes('well-known')) {
            return { kind: 'json', value: { issuer, jwks_uri: `${issuer}/v1/keys` } }
          }
          fetches += 1
          return answer
        }
      },
      report: (event) => void events.push(event),
      now: () => nowMs,
      random: () => 0.5,
      times: { ...KEY_TIMES, refreshEveryMs: 20, retryAfterMs: 10, retryAtMostMs: 40 }
    })
    t.teardown(() => keys.close())
    t.equal(keys.condition(), 'none')
    await Promise.all([keys.start(), keys.start(), keys.lookAgain()])
    t.equal(fetches, 1)
    t.equal(keys.condition(), 'fresh')
    const first = keys.find('k1')
    t.ok(first)
    await until(() => fetches >= 3)
    t.equal(keys.find('k1'), first, 'a key that stays is the same one')
    t.equal(events.length, 1, 'what did not change is not told of')

    answer = { kind: 'json', value: { keys: [jwk, next.jwk] } }
    await until(() => keys.find('k2') !== null)
    answer = { kind: 'failed', cause: 'ECONNREFUSED' }
    await until(() => keys.condition() === 'stale')
    t.ok(keys.find('k1') && keys.find('k2'), 'they still serve')
    nowMs += KEY_TIMES.staleAtMostMs + 1
    t.equal(keys.condition(), 'none')
    t.equal(keys.find('k1'), null, 'not for ever')
    await until(() => events.at(-1).known_keys === 0)
    answer = { kind: 'json', value: { keys: [next.jwk] } }
    await until(() => keys.condition() === 'fresh')
    t.equal(keys.find('k1'), null)
    t.equal(most, 1)
    t.match(events, [
      { event: 'auth.keys_fetched', keys: 1, added: 1, removed: 0, by: 'start' },
      { event: 'auth.keys_fetched', keys: 2, added: 1, removed: 0, by: 'refresh' },
      { event: 'auth.keys_failed', cause: 'ECONNREFUSED', known_keys: 2 },
      { event: 'auth.keys_failed', known_keys: 0 },
      { event: 'auth.keys_fetched', keys: 1, added: 0, removed: 1, by: 'refresh' }
    ])
    keys.close()
    const before = fetches
    await new Promise((resolve) => setTimeout(resolve, 50))
    t.ok(fetches <= before + 1, 'and then no more')
  }
)
