import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { parseEnv } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { COUNTRIES } from '../../src/rules/countries.ts'
import { firstRules } from '../../src/rules/first-rules.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { PROVIDERS } from '../../src/rules/providers.ts'
import { readSettings } from '../../src/settings.ts'
import { NOW, runWith } from '../fixtures/commands-io.ts'
import { holdToGolden, shownOf } from '../fixtures/golden.ts'
import { person } from '../fixtures/person.ts'
import { run, ROOT } from '../fixtures/process.ts'

const FLAGS =
  'init --yes --public-url https://otp.example.com --provider twilio --provider vonage --country SE,NO,US --number twilio=+46701740605 --sender-name ACME'

/** What init draws in tests, whose random bytes are 1, 2, 3 and so on. */
const DRAWN = [1, 2, 3, 5].map((byte) => Buffer.alloc(24, byte).toString('base64url'))
const [OKTA = '', ADMIN = '', HASH = '', METRICS = ''] = DRAWN
const BASIC = `Basic ${Buffer.from(`okta:${OKTA}`).toString('base64')}`

const CREDENTIALS = {
  TWILIO_ACCOUNT_SID: 'AC00000000000000000000000000000000',
  TWILIO_AUTH_TOKEN: 'a-token-of-a-test',
  VONAGE_API_KEY: 'a-key-of-a-test',
  VONAGE_API_SECRET: 'a-secret-of-a-test'
}

t.test('init writes settings that the gateway starts with, and rules without a fault', async (t) => {
  const out = t.testdir()
  const ran = await runWith([...FLAGS.split(' '), '--out', out], { env: CREDENTIALS })
  const steady = (text: string): string => text.replaceAll(out, 'DIR')
  holdToGolden(t, 'init', steady(shownOf(FLAGS, ran)))
  const [env, rules] = ['.env', 'routing.yaml'].map((name) => readFileSync(`${out}/${name}`, 'utf8'))
  holdToGolden(t, 'init-env', steady(env ?? ''))
  holdToGolden(t, 'init-rules', rules ?? '')
  t.equal(statSync(`${out}/.env`).mode & 0o777, 0o600)

  const read = readSettings(parseEnv(env ?? ''), () => null)
  t.match(read, {
    kind: 'ok',
    settings: {
      mode: { kind: 'live' },
      publicUrl: 'https://otp.example.com',
      oktaBasicAuth: [{ user: 'okta', password: OKTA }],
      admin: { secrets: [ADMIN], metricsSecrets: [METRICS] },
      logHashKey: HASH
    }
  })
  const checked = await runWith(['check', '--strict', `${out}/routing.yaml`])
  t.match(checked, { status: 0, out: /no errors/u }, checked.out)
  const line = Number(/line (\d+) of/u.exec(ran.out)?.[1])
  t.ok(
    (env ?? '').split('\n')[line - 1]?.endsWith(`Authentication secret: ${BASIC}`),
    'the line that it names'
  )

  for (const secret of [...DRAWN, BASIC.slice(6), ...Object.values(CREDENTIALS)]) {
    t.notOk((ran.out + ran.err).includes(secret), 'no secret on the terminal')
  }
  const shown = await runWith([...FLAGS.split(' '), '--out', t.testdir(), '--print-secrets'], {
    env: CREDENTIALS
  })
  t.match(shown.out, `Authentication secret   ${BASIC}`)
  const json = await runWith([...FLAGS.split(' '), '--out', t.testdir(), '--print-secrets', '--json'])
  t.match(JSON.parse(json.out), { okta: { Name: 'Switchboard', 'Authentication field': 'Authorization' } })
  for (const secret of [...DRAWN, BASIC.slice(6)]) t.notOk(json.out.includes(secret))
})

t.test('init takes a header, OAuth 2.0, several nodes', async (t) => {
  const header = t.testdir()
  const ran = await runWith([...FLAGS.split(' '), '--auth', 'header', '--redis', '--out', header])
  t.match(ran, {
    status: 0,
    out: /Authentication field +x-switchboard-key\n +Authentication secret +line 11 of/u
  })
  const env = parseEnv(readFileSync(`${header}/.env`, 'utf8'))
  t.match(env, {
    OKTA_HEADER_NAME: 'x-switchboard-key',
    OKTA_HEADER_SECRETS: OKTA,
    REDIS_URL: 'redis://127.0.0.1:6379',
    STATE_KEY: /^(04){32}$/u
  })
  t.equal(env['OKTA_BASIC_AUTH'], undefined)
  t.match(readFileSync(`${header}/.env`, 'utf8').split('\n')[10], /^OKTA_HEADER_SECRETS=/u)

  const oauth = t.testdir()
  const issuer = 'https://example.okta.com/oauth2/default'
  const line = [
    ...FLAGS.split(' '),
    '--auth',
    'oauth',
    '--issuer',
    issuer,
    '--client-id',
    '0oa1',
    '--scope',
    'otp'
  ]
  t.match(
    (await runWith([...line, '--out', oauth])).out,
    /Token URL +https:\/\/example\.okta\.com\/oauth2\/default\/v1\/token[^]*with OKTA_HOOK_CLIENT_SECRET in your shell/u
  )
  t.match(parseEnv(readFileSync(`${oauth}/.env`, 'utf8')), {
    OKTA_OAUTH_ISSUERS: issuer,
    OKTA_OAUTH_AUDIENCE: 'api://default',
    OKTA_OAUTH_SCOPE: 'otp',
    OKTA_OAUTH_CLIENT_IDS: '0oa1'
  })
})

t.test('however Okta signs in and whoever carries: the gateway takes what init has written', async (t) => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const credentials = {
    ...CREDENTIALS,
    VONAGE_APPLICATION_ID: 'an-application',
    VONAGE_PRIVATE_KEY_FILE: '/run/key.pem',
    MESSAGEBIRD_ACCESS_KEY: 'an-access-key-of-a-test'
  }
  const audience = 'api://otp-gateway'
  const oauth = `oauth --issuer https://acme.okta.com/oauth2/default/ --audience ${audience} --client-id 0oa1 --scope otp.send`
  const several = [['twilio'], ['vonage'], ['messagebird'], ['vonage', 'twilio'], [...PROVIDERS]]
  for (const auth of ['basic', 'header', oauth]) {
    for (const [i, providers] of several.entries()) {
      const out = t.testdir()
      const named = providers.map((name) => `--provider ${name}`).join(' ')
      const line = `init --yes --public-url https://otp.example.com/ --auth ${auth} ${named} --out ${out}`
      const ran = await runWith([...line.split(' '), ...(i % 2 === 0 ? ['--redis'] : [])], {
        env: credentials
      })
      t.equal(ran.status, 0, line)
      const read = readSettings(parseEnv(readFileSync(`${out}/.env`, 'utf8')), () => key)
      t.match(read, { kind: 'ok', settings: { mode: { kind: 'live' } } }, line)
      if (read.kind !== 'ok') continue
      const { mode, oktaBasicAuth, oktaHeader, oktaOauth } = read.settings
      t.same(
        mode.kind === 'live' && PROVIDERS.filter((name) => mode.providers[name] != null).toSorted(),
        providers.toSorted(),
        line
      )
      t.same(
        [oktaBasicAuth !== null, oktaHeader !== null, oktaOauth.length === 1],
        [auth === 'basic', auth === 'header', auth === oauth]
      )
      if (auth === oauth) t.match(oktaOauth, [{ issuer: 'https://acme.okta.com/oauth2/default', audience }])
    }
  }
})

t.test('init writes over nothing that is there, unless it is told to', async (t) => {
  const out = t.testdir({ '.env': 'OKTA_BASIC_AUTH=okta:precious\n' })
  const refused = await runWith([...FLAGS.split(' '), '--out', out])
  t.match(refused, { status: 1, out: '', err: /\.env: there already\. --force writes over it/u })
  t.equal(readFileSync(`${out}/.env`, 'utf8'), 'OKTA_BASIC_AUTH=okta:precious\n')
  t.equal((await runWith([...FLAGS.split(' '), '--out', out, '--force'])).status, 0)
  t.notMatch(readFileSync(`${out}/.env`, 'utf8'), /precious/u)
  const rulesOnly = t.testdir({ 'routing.yaml': 'version: 1\n' })
  t.match(await runWith([...FLAGS.split(' '), '--out', rulesOnly]), {
    status: 1,
    err: /routing\.yaml: there already/u
  })
})

t.test('init asks whoever is there', async (t) => {
  const out = t.testdir()
  const asked: string[] = []
  const answers = [
    'http://otp.example.com',
    'https://otp.example.com',
    ['messagebird'],
    'Sweden, xx',
    'se no',
    'A name that is too long',
    'ACME',
    '0701740605',
    '+46701740605',
    'basic',
    false,
    'what is this',
    'an-access-key-of-a-test'
  ]
  const ran = await runWith(['init', '--out', out], { questions: person(answers, asked) })
  t.equal(ran.status, 0)
  t.match(
    asked.join('\n'),
    /Okta calls nothing else[^]*"Sweden" is no ISO country code: did you mean SE\?[^]*1 to 11 letters[^]*MESSAGEBIRD_ACCESS_KEY\? \(empty: later\)\nIt holds characters/u
  )
  t.match(parseEnv(readFileSync(`${out}/.env`, 'utf8')), {
    MESSAGEBIRD_ACCESS_KEY: 'an-access-key-of-a-test'
  })
  t.notMatch(ran.out + ran.err + asked.join(''), /an-access-key-of-a-test/u)
  const rules = readFileSync(`${out}/routing.yaml`, 'utf8')
  t.match(rules, /served: \[SE, "NO"\]/u)
  t.match(rules, /messagebird_number: \{ kind: number, value: "\+46701740605"/u)
})

t.test('what is wrong or missing is said, and nothing is written', async (t) => {
  const out = t.testdir()
  const cases: readonly [string, RegExp][] = [
    ['--provider twilio', /--public-url is missing/u],
    ['--public-url https://otp.example.com', /--provider is missing/u],
    ['--public-url http://otp.example.com --provider twilio', /--public-url: It has to be an https/u],
    ['--public-url https://u:p@otp.example.com --provider twilio', /--public-url: It has to be/u],
    ['--public-url https://otp.example.com --provider sinch', /There is no provider "sinch"/u],
    [
      '--public-url https://otp.example.com --provider twilio --country UK',
      /"UK" is no ISO country code: did you mean GB/u
    ],
    [
      '--public-url https://otp.example.com --provider twilio --sender-name Müller',
      /--sender-name: A name has/u
    ],
    [
      '--public-url https://otp.example.com --provider twilio --number vonage=+46701740605',
      /--number is written as/u
    ],
    ['--public-url https://otp.example.com --provider twilio --auth oauth', /--issuer is missing/u],
    [
      '--public-url https://otp.example.com --provider twilio --auth oauth --issuer https://a.okta.com --client-id a --scope b',
      /custom authorization server/u
    ]
  ]
  for (const [flags, message] of cases) {
    const ran = await runWith(['init', '--yes', '--out', out, ...flags.split(' ')])
    t.match(ran, { status: 1, out: '', err: message }, flags)
  }
  const hostile = { TWILIO_AUTH_TOKEN: 'a\nROUTING_FILE=/etc/passwd' }
  const ran = await runWith([...FLAGS.split(' '), '--out', out], { env: hostile })
  t.match(ran, { status: 1, err: /TWILIO_AUTH_TOKEN: It holds characters/u })
  t.notMatch(ran.err, /passwd/u)
  t.throws(() => readFileSync(`${out}/.env`), { code: 'ENOENT' })
})

t.test('firstRules() has no fault for any providers, countries, name and number', async (t) => {
  const providers = fc.uniqueArray(fc.constantFrom(...PROVIDERS), { minLength: 1, maxLength: 3 })
  const countries = fc.uniqueArray(fc.constantFrom(...COUNTRIES), { maxLength: COUNTRIES.length })
  const senderName = fc.option(fc.stringMatching(/^[A-Za-z][A-Za-z0-9 ]{0,9}[A-Za-z0-9]$/u))
  fc.assert(
    fc.property(providers, countries, senderName, fc.boolean(), (some, places, name, hasNumber) => {
      const numbers = hasNumber && some[0] !== undefined ? { [some[0]]: '+46701740605' } : {}
      const text = firstRules({ providers: some, countries: places, senderName: name, numbers })
      const parsed = parseRules(text, 'routing.yaml', { nowMs: NOW })
      if (parsed.kind !== 'ok') throw new Error(`${JSON.stringify(parsed.faults)}\n${text}`)
      const codes = parsed.warnings.map(({ code }) => code)
      // With one provider there is nobody to fail over to, which is true.
      if (codes.some((code) => code !== 'W202' || some.length > 1)) {
        throw new Error(`${codes.join()}\n${text}`)
      }
    }),
    { numRuns: 60 }
  )
  const everywhere = firstRules({ providers: ['twilio'], countries: [], senderName: null, numbers: {} })
  t.match(parseRules(everywhere, 'x.yaml', { nowMs: NOW }), {
    kind: 'ok',
    rules: { otherwise: { kind: 'send' } }
  })
})

t.test('the program itself writes secrets for its owner alone, each time others', async (t) => {
  const out = t.testdir({ sub: {} })
  chmodSync(out, 0o755)
  const secrets = new Set<string>()
  for (const folder of ['a', 'b']) {
    const ran = run(
      t,
      process.execPath,
      ['bin/switchboard.js', ...FLAGS.split(' '), '--out', `${out}/${folder}/deep`],
      {
        cwd: ROOT
      }
    )
    t.equal(await ran.ended, 0, ran.stderr())
    t.equal(statSync(`${out}/${folder}/deep/.env`).mode & 0o777, 0o600)
    const env = parseEnv(readFileSync(`${out}/${folder}/deep/.env`, 'utf8'))
    for (const name of ['OKTA_BASIC_AUTH', 'ADMIN_SECRET', 'LOG_HASH_KEY']) secrets.add(env[name] ?? '')
  }
  t.equal(secrets.size, 6)
  const nobody = run(t, process.execPath, ['bin/switchboard.js', 'init', '--out', `${out}/c`], { cwd: ROOT })
  t.equal(await nobody.ended, 1)
  t.match(nobody.stderr(), /--public-url is missing, and nobody is there to ask/u)
})
