import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { HOOK_PATH } from '../../src/okta/hook-route.ts'
import { readSettings } from '../../src/settings.ts'
import { SECRET_NAMES, SETTING_NAMES } from '../../src/settings/variables.ts'
import { createRedisState } from '../../src/state/redis.ts'
import { createMemoryState } from '../../src/state/memory.ts'
import { createSealing } from '../../src/state/sealing.ts'
import { CADDYFILE, isSince, NO_CADDY, repeatsBodies, startCaddy } from '../fixtures/caddy.ts'
import { AUTHORIZATION } from '../fixtures/gateway.ts'
import { NO_REDIS, startRedisServer } from '../fixtures/redis-server.ts'
import { sampleBody, startStack, until } from '../fixtures/stack.ts'

const root = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')

interface Mount {
  readonly source: string
  readonly target: string
  readonly read_only?: boolean
}
interface Service {
  readonly profiles?: readonly string[]
  readonly image?: string
  readonly user?: string
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly (string | Mount)[]
  readonly networks?: readonly string[]
  readonly depends_on?: object
  readonly [key: string]: unknown
}

const compose = parse(read('docker-compose.yml'))
const services = compose.services as Readonly<Record<string, Service>>
const live = Object.entries(services).filter(([, { profiles = [] }]) => profiles.includes('live'))
const { gateway, valkey, caddy } = services

const EXAMPLE = read('deploy/live.env.example')

/** NAME or NAME_FILE, as the environment may have it. */
function isSetting(name: string): boolean {
  return (
    SETTING_NAMES.some((known) => known === name) || SECRET_NAMES.some((known) => `${known}_FILE` === name)
  )
}

t.test('without a profile there is the sandbox alone, as ever', async (t) => {
  const always = Object.entries(services).filter(([, { profiles }]) => profiles === undefined)
  t.same(
    always.map(([name]) => name),
    ['switchboard']
  )
  t.same(live.map(([name]) => name).toSorted(), ['caddy', 'gateway', 'valkey'])
})

t.test('of the live ones Caddy alone is published, and none may write or become more', async (t) => {
  t.same(
    live.map(([name, { ports = [] }]) => [name, ports]).filter(([, ports]) => ports?.length !== 0),
    [['caddy', ['80:80', '443:443']]]
  )
  for (const [name, service] of live) {
    t.match(
      service,
      {
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        restart: 'unless-stopped'
      },
      name
    )
    t.ok(service['mem_limit'], `${name} has an end`)
  }
  t.same(caddy?.['cap_add'], ['NET_BIND_SERVICE'])
  t.same(valkey?.networks, ['state'], 'what is shared is reached by gateways alone')
  t.equal(compose.networks.state.internal, true)
  t.same(gateway?.['deploy'], { replicas: 2 })
})

t.test('the gateways of the profile start with what they are given', async (t) => {
  const environment = { ...gateway?.environment }
  for (const name of Object.keys(environment)) t.ok(isSetting(name), name)
  for (const name of SECRET_NAMES) t.notOk(name in environment, `${name} comes as a file`)

  const example = Object.fromEntries(
    [...EXAMPLE.matchAll(/^#?(\w+)=(.*)$/gmu)].map(([, name = '', value = '']) => [name, value])
  )
  for (const name of Object.keys(example)) t.ok(isSetting(name), name)

  const mounts = (gateway?.volumes ?? []).filter((one) => typeof one === 'object')
  t.match(mounts, [{ target: '/run/secrets', read_only: true, bind: { create_host_path: false } }])
  const key = Buffer.alloc(32, 7).toString('base64')
  const secrets: Readonly<Record<string, string>> = {
    OKTA_BASIC_AUTH: 'okta:a-password-of-the-test',
    ADMIN_SECRET: 'an-admin-secret-of-the-test',
    METRICS_SECRET: 'a-metrics-secret-of-the-test',
    LOG_HASH_KEY: 'a-hash-key-of-the-test',
    REDIS_URL: 'redis://:a-password@valkey:6379',
    STATE_KEY: key,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_API_KEY: `SK${'0'.repeat(32)}`,
    TWILIO_API_SECRET: 'a-secret-of-the-test'
  }
  // The lines of the example as it ships, those behind a # left out.
  const chosen = Object.fromEntries(
    [...EXAMPLE.matchAll(/^(\w+)=(.*)$/gmu)].map(([, name = '', value = '']) => [name, value])
  )
  const settings = readSettings(
    { ...environment, PUBLIC_URL: 'https://otp.example.com', ...chosen },
    (path) => secrets[path.replace('/run/secrets/', '')] ?? null
  )
  t.match(settings, {
    kind: 'ok',
    settings: {
      mode: { kind: 'live' },
      redis: { url: 'redis://:a-password@valkey:6379' },
      admin: { host: '0.0.0.0', port: 3002 }
    }
  })
})

t.test('what is mounted is in the checkout, or kept out of it', async (t) => {
  const ignored = read('.gitignore').split('\n')
  const named = Object.keys(compose.volumes)
  for (const [name, { volumes = [] }] of Object.entries(services)) {
    if (!['switchboard', 'gateway', 'valkey', 'caddy'].includes(name)) continue
    for (const volume of volumes) {
      const source = typeof volume === 'string' ? (volume.split(':')[0] ?? '') : volume.source
      if (source.startsWith('./secrets/')) t.ok(ignored.includes('secrets/'), source)
      else if (source.startsWith('.')) t.ok(existsSync(new URL(source, root)), source)
      else t.ok(named.includes(source), source)
    }
  }
  t.ok(ignored.includes('live.env'))
  for (const [name, { image }] of live) {
    if (image === 'switchboard') continue
    if (name === 'caddy') t.ok(isSince(image ?? ''), 'one that can ask another gateway where one is gone')
    t.match(image, /:\d+\.\d+\.\d+-alpine(@sha256:[0-9a-f]{64})?$/u, `${name} is one version`)
  }
})

t.test('Caddy takes its file as it is written', { skip: NO_CADDY }, async (t) => {
  const home = t.testdir()
  const env = { ...process.env, HOME: home, XDG_DATA_HOME: home, XDG_CONFIG_HOME: home }
  const caddyfile = readFileSync(CADDYFILE, 'utf8')
  const caddyDo = (...args: readonly string[]): string =>
    execFileSync('caddy', args, {
      env: { ...env, PUBLIC_HOST: 'otp.example.com' },
      encoding: 'utf8',
      stdio: 'pipe'
    })
  const adapted = JSON.parse(
    caddyDo('adapt', '--adapter', 'caddyfile', '--config', CADDYFILE.pathname, '--validate')
  )
  t.equal(adapted.admin.disabled, true)
  t.equal(caddyDo('fmt', CADDYFILE.pathname), caddyfile, 'and laid out as it would')
  const all = JSON.stringify(adapted)
  t.match(all, `"name":"gateway","port":"${gateway?.environment?.['PORT']}"`)
  t.notMatch(all, gateway?.environment?.['ADMIN_PORT'], 'the admin port is not known to it')
  t.notMatch(caddyfile, /^\s*log\b/mu, 'no access log: headers would be in it')
})

t.test(
  'through Caddy there is the hook and a sign of life, and nothing else',
  { skip: NO_CADDY },
  async (t) => {
    const stack = await startStack(t)
    // The first is not there, as one that is being replaced.
    const ask = await startCaddy(t, [...(repeatsBodies() ? ['http://127.0.0.1:1'] : []), stack.gateway.url])
    const headers = { authorization: AUTHORIZATION, 'content-type': 'application/json' }

    for (let i = 0; i < 6; i++) {
      const { status, text } = await ask('POST', HOOK_PATH, sampleBody(), headers)
      t.equal(status, 200)
      // Whether it went out is the provider's and this machine's; here it counts who answered.
      t.match(text, /"(commands|error)":/u)
    }
    t.equal((await ask('POST', HOOK_PATH, sampleBody(), { 'content-type': 'application/json' })).status, 401)
    t.match(await ask('GET', '/health/live'), { status: 200, text: '{"status":"ok"}' })

    for (const [method, path] of [
      ['GET', HOOK_PATH],
      ['GET', '/health/ready'],
      ['POST', '/health/live'],
      ['GET', '/'],
      ['GET', '/metrics'],
      ['GET', '/status'],
      ['GET', '/health/live/../ready'],
      ['GET', '/health/live%2f..%2fready'],
      ['GET', '//health/ready'],
      ['POST', `${HOOK_PATH}/`],
      ['POST', `${HOOK_PATH}%00`]
    ] as const) {
      const { status, text } = await ask(method, path, '', headers)
      t.equal(status, 404, `${method} ${path}`)
      t.equal(text, '', `${method} ${path} is answered by Caddy`)
    }
    const huge = JSON.stringify({ filler: 'x'.repeat(70_000) })
    // The gateway says 413 at its first look at it, which is 502 to a Caddy that still sends.
    t.match(String((await ask('POST', HOOK_PATH, huge, headers)).status), /^(413|502)$/u)
    await until(() => stack.events('okta.request.refused').length >= 2)
    t.equal(stack.events('okta.request.refused').length, 2, 'the wrong secret and the long body')
  }
)

t.test(
  "Valkey's settings are ones that a server takes, and a gateway can use",
  { skip: NO_REDIS },
  async (t) => {
    const folder = t.testdir({ 'valkey.conf': 'requirepass a-password-of-the-test\n' })
    const conf = `${folder}/deployed.conf`
    writeFileSync(
      conf,
      read('deploy/valkey/valkey.conf')
        .replace('/run/secrets/valkey.conf', `${folder}/valkey.conf`)
        // Where it listens is the test's.
        .replace(/^(bind|port) .*$/gmu, '')
    )
    t.same(valkey?.['command'], ['valkey-server', '/etc/valkey/valkey.conf'])
    const server = await startRedisServer(t, ['--include', conf])
    const lost: string[] = []
    const state = createRedisState({
      url: server.url.replace('redis://', 'redis://:a-password-of-the-test@'),
      sealing: createSealing([Buffer.alloc(32, 1)]),
      memory: createMemoryState({ now: () => performance.now() }),
      now: () => performance.now(),
      onEvent: ({ kind }) => lost.push(kind)
    })
    t.teardown(() => state.close())
    await state.start()
    t.equal(state.condition(), 'redis', lost.join(', '))
  }
)
