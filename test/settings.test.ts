import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { readSettings } from '../src/settings.ts'
import { SECRET_NAMES, SETTING_NAMES } from '../src/settings/variables.ts'

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
  t.match(
    settingsOf({ ...live, ADMIN_SECRET: secrets[0], METRICS_SECRET: `${secrets[1]}\nanother-for-scraping` })
      .admin,
    { secrets: [secrets[0]], metricsSecrets: [secrets[1], 'another-for-scraping'] }
  )
  t.same(settingsOf({}).admin?.metricsSecrets, ['sandbox-metrics-secret'])
  t.same(settingsOf({ ADMIN_SECRET: secrets[0] }).admin?.metricsSecrets, [])
  t.match(faultsOf({ ...live, ADMIN_SECRET: secrets[0], METRICS_SECRET: 'sandbox-metrics-secret' }), [
    /^METRICS_SECRET holds the sandbox's secret/u
  ])
  t.match(faultsOf({ ...live, METRICS_SECRET: 'long-enough-for-it' }), [
    /^ADMIN_SECRET is missing: METRICS_SECRET is set/u
  ])
  t.match(faultsOf({ METRICS_SECRET: 'short' }), [/^METRICS_SECRET must be .* 16 characters/u])
  t.match(faultsOf({ ...live, ADMIN_PORT: '3002' }), [/^ADMIN_SECRET is missing: ADMIN_PORT is set/u])
  t.match(faultsOf({ ...live, ADMIN_SECRET: 'a-secret-of-our-own sandbox-admin-secret' }), [
    /^ADMIN_SECRET holds the sandbox's secret/u
  ])
  t.match(faultsOf({ ...live, ADMIN_SECRET: 'short' }), [/^ADMIN_SECRET must be .* 16 characters/u])
})

t.test(
  "readSettings() takes OpenTelemetry's variables for traces, and says what it does not take",
  async (t) => {
    t.equal(settingsOf({ OTEL_SERVICE_NAME: 'codes', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }).tracing, null)
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }
    t.same(settingsOf(endpoint).tracing, {
      url: 'http://collector:4318/v1/traces',
      headers: {},
      serviceName: 'switchboard',
      resource: {},
      sampler: { kind: 'parentbased_always_on', ratio: 1 }
    })
    const urls = [
      [
        { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otel.example.com/base/' },
        'https://otel.example.com/base/v1/traces'
      ],
      [
        { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel.monitoring.svc:4318' },
        'http://otel.monitoring.svc:4318/v1/traces'
      ],
      [
        { ...endpoint, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://other:4318/as/is' },
        'http://other:4318/as/is'
      ]
    ] as const
    for (const [env, url] of urls) t.equal(settingsOf(env).tracing?.url, url)
    t.match(
      settingsOf(
        {
          ...endpoint,
          OTEL_EXPORTER_OTLP_HEADERS_FILE: '/run/headers',
          OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
          OTEL_RESOURCE_ATTRIBUTES: 'service.name=codes, host.name=node%2C1,',
          OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
          OTEL_TRACES_SAMPLER_ARG: '.25'
        },
        () => 'authorization=Bearer%20a-secret,x-tenant = 7\n'
      ).tracing,
      {
        headers: { authorization: 'Bearer a-secret', 'x-tenant': '7' },
        serviceName: 'codes',
        resource: { 'service.name': 'codes', 'host.name': 'node,1' },
        sampler: { kind: 'parentbased_traceidratio', ratio: 0.25 }
      }
    )
    t.equal(
      settingsOf({ ...endpoint, OTEL_RESOURCE_ATTRIBUTES: 'service.name=a', OTEL_SERVICE_NAME: 'b' }).tracing
        ?.serviceName,
      'b'
    )
    const wrong: readonly (readonly [Record<string, string>, RegExp])[] = [
      ...['collector:4318', 'grpc://a', 'https://a:hush@b', 'https://a?hush=1', 'https://a#hush'].map(
        (value) => [{ OTEL_EXPORTER_OTLP_ENDPOINT: value }, /^OTEL_EXPORTER_OTLP_ENDPOINT must be/u] as const
      ),
      [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /^OTEL_EXPORTER_OTLP_PROTOCOL must be http\/json/u],
      ...['hush', '=hush', 'a b=hush', 'x=%hush', 'x=hush%0d%0ay', 'content-type=hush', 'Host=hush'].map(
        (value) => [{ OTEL_EXPORTER_OTLP_HEADERS: value }, /^OTEL_EXPORTER_OTLP_HEADERS must be/u] as const
      ),
      [
        { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://otel.example.com', OTEL_EXPORTER_OTLP_HEADERS: 'a=hush' },
        /^OTEL_EXPORTER_OTLP_HEADERS would go there unencrypted/u
      ],
      [{ OTEL_RESOURCE_ATTRIBUTES: 'hush' }, /^OTEL_RESOURCE_ATTRIBUTES must be/u],
      [{ OTEL_TRACES_SAMPLER: 'always_on' }, /^OTEL_TRACES_SAMPLER must be one of parentbased_always_on/u],
      ...['2', '-1', 'half', '1e-1', '.'].map(
        (value) => [{ OTEL_TRACES_SAMPLER_ARG: value }, /^OTEL_TRACES_SAMPLER_ARG must be a number/u] as const
      )
    ]
    for (const [env, fault] of wrong) {
      const faults = faultsOf({ ...endpoint, ...env })
      t.match(faults, [fault], JSON.stringify(env))
      t.equal(faults.length, 1)
      t.notMatch(faults.join(), /hush/u)
    }
  }
)

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

t.test('readSettings() takes any way for Okta to come in, and none by halves', async (t) => {
  const { OKTA_BASIC_AUTH: _, ...rest } = live
  const oauth = {
    OKTA_OAUTH_ISSUERS: 'https://acme.okta.com/oauth2/default https://bolt.okta.com/oauth2/aus1',
    OKTA_OAUTH_AUDIENCE: 'api://otp-gateway',
    OKTA_OAUTH_SCOPE: 'otp.send',
    OKTA_OAUTH_CLIENT_IDS: '0oa1 0oa2'
  }
  const header = {
    OKTA_HEADER_NAME: 'X-Otp-Key',
    OKTA_HEADER_SECRETS: 'a-secret-of-a-header another-secret-of-it'
  }
  const terms = { audience: 'api://otp-gateway', scope: 'otp.send', clientIds: ['0oa1', '0oa2'] }
  t.match(settingsOf({ ...rest, ...oauth }), {
    oktaBasicAuth: null,
    oktaHeader: null,
    oktaOauth: [
      { issuer: 'https://acme.okta.com/oauth2/default', ...terms },
      { issuer: 'https://bolt.okta.com/oauth2/aus1', ...terms }
    ]
  })
  t.match(settingsOf({ ...rest, ...header }), {
    oktaHeader: { name: 'x-otp-key', secrets: ['a-secret-of-a-header', 'another-secret-of-it'] },
    oktaOauth: []
  })
  t.match(settingsOf({ ...rest, ORGS_FILE: 'orgs.yaml' }), { orgsFile: 'orgs.yaml', oktaBasicAuth: null })
  t.match(settingsOf({ ...live, ...oauth, ...header }), {
    oktaBasicAuth: [{}],
    oktaHeader: {},
    oktaOauth: [{}, {}]
  })

  t.match(faultsOf(rest), [
    /^OKTA_BASIC_AUTH is missing: .*or OKTA_HEADER_NAME, OKTA_OAUTH_ISSUERS or ORGS_FILE/u
  ])
  for (const name of Object.keys(oauth) as (keyof typeof oauth)[]) {
    const without = Object.fromEntries(Object.entries(oauth).filter(([key]) => key !== name))
    t.match(faultsOf({ ...live, ...without }), [new RegExp(`^${name} is missing`, 'u')])
  }
  t.match(faultsOf({ ...live, OKTA_HEADER_NAME: 'x-otp-key' }), [
    /^OKTA_HEADER_SECRETS is missing: OKTA_HEADER_NAME is set/u
  ])
  t.match(faultsOf({ ...live, ...header, OKTA_HEADER_NAME: 'content-length' }), [
    /^OKTA_HEADER_NAME is a header that HTTP/u
  ])
  t.match(faultsOf({ ...live, ...header, OKTA_HEADER_SECRETS: 'too-short' }), [
    /^OKTA_HEADER_SECRETS must be .*at least 16/u
  ])
  t.match(
    faultsOf({
      ...live,
      ...oauth,
      OKTA_OAUTH_ISSUERS: 'https://acme.okta.com/oauth2/default https://acme.okta.com'
    }),
    [/^OKTA_OAUTH_ISSUERS names Okta's org authorization server: its tokens are opaque/u]
  )
  t.match(faultsOf({ ...live, ORGS_FILE: 'orgs.yaml' }), [
    /^OKTA_BASIC_AUTH would open for every org of ORGS_FILE/u
  ])
  t.match(faultsOf({ ...rest, ...header, ORGS_FILE: 'orgs.yaml' }), [
    /^OKTA_HEADER_NAME would/u,
    /^OKTA_HEADER_SECRETS would/u
  ])
  t.match(
    faultsOf({ OKTA_HEADER_NAME: 'x-otp-key' }),
    [/^OKTA_HEADER_SECRETS is missing/u],
    'in the sandbox too'
  )
})
