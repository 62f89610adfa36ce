import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { readSettings, SECRET_NAMES, SETTING_NAMES } from '../src/settings.ts'

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' })

const noFiles = (): null => null

const live = {
  SANDBOX: 'off',
  OKTA_BASIC_AUTH: 'okta:a-long-secret',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: 'twilio-token'
}

const faultsOf = (
  env: Record<string, string | undefined>,
  files = noFiles as (path: string) => string | null
) => {
  const read = readSettings(env, files)
  return read.kind === 'faulty' ? read.faults.map(({ name, message }) => `${name} ${message}`) : []
}
const settingsOf = (
  env: Record<string, string | undefined>,
  files = noFiles as (path: string) => string | null
) => {
  const read = readSettings(env, files)
  if (read.kind === 'faulty') throw new Error(JSON.stringify(read.faults))
  return read.settings
}

t.test('readSettings() starts the sandbox where nothing is set', async (t) => {
  t.match(settingsOf({}), {
    host: '127.0.0.1',
    port: 3000,
    sandboxPort: 3001,
    logLevel: 'info',
    logFormat: 'native',
    routingFile: 'config/routing.yaml',
    oktaBasicAuth: null,
    mode: { kind: 'sandbox' },
    unavailable: []
  })
  t.match(
    settingsOf({ TWILIO_AUTH_TOKEN: '', SANDBOX: 'auto' }),
    { mode: { kind: 'sandbox' } },
    'empty is not set'
  )
  t.match(settingsOf({ SANDBOX: 'on' }), { mode: { kind: 'sandbox' } })
})

t.test('readSettings() goes live with what has credentials, and says what has none', async (t) => {
  t.match(
    settingsOf({ ...live, SANDBOX: 'auto' }),
    { mode: { kind: 'live' } },
    'credentials alone make it live'
  )
  t.match(settingsOf(live), {
    mode: {
      kind: 'live',
      providers: {
        twilio: {
          accountSid: live.TWILIO_ACCOUNT_SID,
          authToken: 'twilio-token',
          baseUrl: 'https://api.twilio.com'
        },
        vonage: null,
        messagebird: null
      }
    },
    unavailable: [
      { provider: 'vonage', channels: ['sms'] },
      { provider: 'vonage', channels: ['voice'] },
      { provider: 'messagebird', channels: ['sms', 'voice'] }
    ]
  })
  const all = settingsOf({
    OKTA_BASIC_AUTH: 'a:first-secret  b:second:secret\n',
    TWILIO_ACCOUNT_SID: live.TWILIO_ACCOUNT_SID,
    TWILIO_API_KEY: `SK${'0'.repeat(32)}`,
    TWILIO_API_SECRET: 'api-secret',
    TWILIO_BASE_URL: 'https://api.dublin.ie1.twilio.com',
    VONAGE_API_KEY: 'abcd1234',
    VONAGE_API_SECRET: 'vonage-secret',
    VONAGE_APPLICATION_ID: '00000000-0000-4000-8000-000000000000',
    VONAGE_PRIVATE_KEY: pem.replaceAll('\n', '\\n'),
    VONAGE_REST_URL: 'http://127.0.0.1:8080',
    VONAGE_API_URL: 'http://emulator:8080',
    MESSAGEBIRD_ACCESS_KEY: 'access-key'
  })
  t.match(all, {
    oktaBasicAuth: [
      { user: 'a', password: 'first-secret' },
      { user: 'b', password: 'second:secret' }
    ],
    unavailable: [],
    mode: {
      providers: {
        twilio: {
          apiKey: `SK${'0'.repeat(32)}`,
          apiSecret: 'api-secret',
          baseUrl: 'https://api.dublin.ie1.twilio.com'
        },
        vonage: {
          voice: { privateKey: pem.trim() },
          restUrl: 'http://127.0.0.1:8080',
          apiUrl: 'http://emulator:8080'
        },
        messagebird: { accessKey: 'access-key', baseUrl: 'https://rest.messagebird.com' }
      }
    }
  })
})

t.test('readSettings() takes every secret from a file too', async (t) => {
  const { TWILIO_AUTH_TOKEN: _, ...rest } = live
  const settings = settingsOf({ ...rest, TWILIO_AUTH_TOKEN_FILE: '/run/secrets/t' }, (path) =>
    path === '/run/secrets/t' ? 'from-the-file\n' : null
  )
  t.match(settings, { mode: { providers: { twilio: { authToken: 'from-the-file' } } } })
  t.match(faultsOf({ ...rest, TWILIO_AUTH_TOKEN_FILE: '/nowhere' }), [
    /^TWILIO_AUTH_TOKEN_FILE names a file/u
  ])
  t.match(
    faultsOf({ ...live, TWILIO_AUTH_TOKEN_FILE: '/f' }, () => 'x'),
    [/TWILIO_AUTH_TOKEN is set, and so is/u]
  )
  for (const name of SECRET_NAMES) {
    const faults = faultsOf({ [`${name}_FILE`]: '/nowhere' })
    t.ok(
      faults.some((fault) => fault.startsWith(`${name}_FILE `)),
      name
    )
  }
})

t.test('readSettings() refuses half-given and missing credentials by name', async (t) => {
  const cases: readonly [string, Record<string, string | undefined>, RegExp][] = [
    ['no provider', { SANDBOX: 'off', OKTA_BASIC_AUTH: 'a:b-secret' }, /^TWILIO_ACCOUNT_SID is missing/u],
    ['no login for Okta', { ...live, OKTA_BASIC_AUTH: undefined }, /^OKTA_BASIC_AUTH is missing/u],
    ['no token', { ...live, TWILIO_AUTH_TOKEN: undefined }, /^TWILIO_AUTH_TOKEN is missing/u],
    ['no account', { ...live, TWILIO_ACCOUNT_SID: undefined }, /^TWILIO_ACCOUNT_SID is missing/u],
    ['half an API key', { ...live, TWILIO_API_KEY: 'SK1' }, /^TWILIO_API_SECRET is missing/u],
    ['half a key of Vonage', { ...live, VONAGE_API_KEY: 'x' }, /^VONAGE_API_SECRET is missing/u],
    ['half an application', { ...live, VONAGE_PRIVATE_KEY: pem }, /^VONAGE_APPLICATION_ID is missing/u],
    [
      'half-given in auto',
      { VONAGE_API_KEY: 'x', OKTA_BASIC_AUTH: 'a:b-secret' },
      /^VONAGE_API_SECRET is missing/u
    ],
    [
      'an API key for the account',
      { ...live, TWILIO_ACCOUNT_SID: 'SK1' },
      /^TWILIO_ACCOUNT_SID must begin with "AC"/u
    ],
    [
      'no key',
      { ...live, VONAGE_APPLICATION_ID: 'x', VONAGE_PRIVATE_KEY: 'nonsense' },
      /^VONAGE_PRIVATE_KEY must be/u
    ],
    [
      'a pair without a colon',
      { ...live, OKTA_BASIC_AUTH: 'a:b-secret secret' },
      /^OKTA_BASIC_AUTH must be/u
    ],
    ['a port', { PORT: '70000' }, /^PORT must be/u],
    ['a level', { LOG_LEVEL: 'loud' }, /^LOG_LEVEL must be one of/u],
    ['a format', { LOG_FORMAT: 'json' }, /^LOG_FORMAT must be one of native, ecs, otel/u],
    ['a mode', { SANDBOX: 'yes' }, /^SANDBOX must be/u],
    [
      'codes in plain text over the net',
      { ...live, TWILIO_BASE_URL: 'http://api.twilio.com' },
      /^TWILIO_BASE_URL must/u
    ],
    [
      'a name that looks like loopback',
      { ...live, TWILIO_BASE_URL: 'http://127.evil.example' },
      /^TWILIO_BASE_URL must/u
    ],
    ['another protocol', { ...live, TWILIO_BASE_URL: 'file:///etc/passwd' }, /^TWILIO_BASE_URL must/u],
    ['a secret in a URL', { ...live, TWILIO_BASE_URL: 'https://a:b@example.com' }, /^TWILIO_BASE_URL must/u],
    ['the sandbox with credentials', { ...live, SANDBOX: 'on' }, /has no place in the sandbox/u],
    [
      'the sandbox with a base URL',
      { VONAGE_API_URL: 'https://example.com' },
      /has no place in the sandbox/u
    ],
    ['an SDK that prints secrets', { DEBUG: 'vonage:*' }, /^DEBUG must not/u]
  ]
  for (const [name, env, fault] of cases) t.match(faultsOf(env)[0], fault, name)
})

t.test('readSettings() reports every fault at once and quotes no value', async (t) => {
  const secret = 'do not print'
  const faults = faultsOf({
    PORT: secret,
    LOG_LEVEL: secret,
    PUBLIC_URL: secret,
    OKTA_BASIC_AUTH: secret,
    TWILIO_ACCOUNT_SID: secret,
    VONAGE_API_SECRET: secret,
    MESSAGEBIRD_ACCESS_KEY: secret
  })
  t.equal(faults.length, 9)
  t.notMatch(faults.join('\n'), /do not print/u)
})

t.test('.env.example names every setting', async (t) => {
  const example = readFileSync(new URL('../.env.example', import.meta.url), 'utf8')
  for (const name of SETTING_NAMES) t.match(example, new RegExp(`^#? ?${name}=`, 'mu'), name)
})

t.test('readSettings() opens the admin port where there is a secret, and in the sandbox', async (t) => {
  t.match(settingsOf({}).admin, { host: '127.0.0.1', port: 3002, secrets: ['sandbox-admin-secret'] })
  t.equal(settingsOf(live).admin, null)
  const secrets = ['a secret for the admin'.replaceAll(' ', '-'), 'and-the-next-one-of-it']
  t.match(settingsOf({ ...live, ADMIN_SECRET: secrets.join(' '), ADMIN_PORT: '0' }).admin, {
    port: 0,
    secrets
  })
  t.match(faultsOf({ ...live, ADMIN_PORT: '3002' }), [/^ADMIN_SECRET is missing: ADMIN_PORT is set/u])
  t.match(faultsOf({ ...live, ADMIN_SECRET: 'a-secret-of-our-own sandbox-admin-secret' }), [
    /^ADMIN_SECRET holds the sandbox's secret/u
  ])
  t.match(faultsOf({ ...live, ADMIN_SECRET: 'short' }), [/^ADMIN_SECRET must be .* 16 characters/u])
})

t.test('readSettings() takes the countries that metrics name', async (t) => {
  t.equal(settingsOf({}).metricsCountries.length, 40)
  t.same(settingsOf({ METRICS_COUNTRIES: 'SE, NO,XK DK' }).metricsCountries, ['SE', 'NO', 'XK', 'DK'])
  const known = settingsOf({}).metricsCountries.join(',')
  for (const wrong of ['se', 'SE,UK', 'Sweden', '+46', `${known},${known},${known}`]) {
    t.match(faultsOf({ METRICS_COUNTRIES: wrong }), [/^METRICS_COUNTRIES must be at most 100/u], wrong)
  }
})

t.test('readSettings() takes a Redis only with the keys that every node needs', async (t) => {
  const key = Buffer.alloc(32, 7)
  const redis = {
    ...live,
    REDIS_URL: 'rediss://:a-password@redis.example:6379/2',
    STATE_KEY: key.toString('base64'),
    LOG_HASH_KEY: 'a key for the hashes'
  }
  t.same(settingsOf(redis).redis, { url: redis.REDIS_URL, keys: [key] })
  t.equal(settingsOf(live).redis, null)
  t.match(faultsOf({ ...redis, STATE_KEY: undefined, LOG_HASH_KEY: undefined }), [
    /^STATE_KEY is missing/u,
    /^LOG_HASH_KEY is missing/u
  ])
  t.match(faultsOf({ ...redis, STATE_KEY: 'short' }), [/^STATE_KEY must be one or two keys/u])
  t.match(faultsOf({ ...redis, REDIS_URL: 'http://redis' }), [/^REDIS_URL must be a redis/u])
  t.equal(settingsOf({ ...live, MAX_IN_FLIGHT: '50' }).maxInFlight, 50)
  t.equal(settingsOf(live).maxInFlight, 1000)
  for (const wrong of ['0', '-1', '1.5', '1000001', 'many']) {
    t.match(faultsOf({ ...live, MAX_IN_FLIGHT: wrong }), [/^MAX_IN_FLIGHT must be/u], wrong)
  }
})
