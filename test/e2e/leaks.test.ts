import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { runWith } from '../fixtures/commands-io.ts'
import { createAuthority, issue } from '../fixtures/certificates.ts'
import { linesOf, run, type Running } from '../fixtures/process.ts'
import { RULES, sampleBody, until } from '../fixtures/stack.ts'

// Every door and every command, each way of starting and of falling over: what they say is searched for every secret,
// code and number. The doors under faults of providers are in process.test.ts.

const CODES = ['738291', 'Zq7Xw9']
const NUMBERS = ['+4915123456789', '+12025550188']

t.test(
  'nothing that is said anywhere holds a secret, a code or a number',
  { timeout: 240_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'switchboard-leaks-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const sandbox = await startSandbox({ now: () => Date.now(), random: Math.random })
    t.teardown(() => sandbox.close())
    const { twilio, vonage, messagebird } = sandbox.credentials
    const tls = issue(createAuthority('An authority'), { name: 'localhost', hosts: ['127.0.0.1'] })
    const rules = join(folder, 'routing.yaml')
    writeFileSync(rules, RULES)

    const secrets: Readonly<Record<string, string>> = {
      OKTA_BASIC_AUTH: 'okta-user:okta-password-1 okta-user:okta-password-2',
      LOG_HASH_KEY: 'log-hash-key-of-the-test',
      ADMIN_SECRET: 'admin-secret-of-the-test',
      REDIS_URL: 'redis://:redis-password-of-the-test@127.0.0.1:1',
      STATE_KEY: 'c3RhdGUta2V5LW9mLXRoZS10ZXN0LTMyLWJ5dGVzISE=',
      TWILIO_AUTH_TOKEN: twilio.authToken,
      VONAGE_API_SECRET: vonage.apiSecret,
      VONAGE_PRIVATE_KEY: vonage.privateKey,
      MESSAGEBIRD_ACCESS_KEY: messagebird.accessKey
    }
    const env = {
      ...secrets,
      SANDBOX: 'off',
      LOG_LEVEL: 'trace',
      ROUTING_FILE: rules,
      TWILIO_ACCOUNT_SID: twilio.accountSid,
      TWILIO_BASE_URL: sandbox.twilioUrl,
      VONAGE_API_KEY: vonage.apiKey,
      VONAGE_APPLICATION_ID: vonage.applicationId,
      VONAGE_REST_URL: sandbox.vonageRestUrl,
      VONAGE_API_URL: sandbox.vonageApiUrl,
      MESSAGEBIRD_BASE_URL: sandbox.messagebirdUrl
    }

    const said: { readonly where: string; readonly what: string }[] = []
    const hear = (where: string, what: string): unknown => said.push({ where, what })
    async function finished(where: string, running: Running): Promise<number | string> {
      const status = await running.ended
      hear(where, running.stdout() + running.stderr())
      return status
    }
    const startWith = (flags: readonly string[], over: Record<string, string> = {}): Running =>
      run(t, process.execPath, [...flags, 'bin/switchboard.js'], { env: { ...env, ...over } })
    const startedAt = async (running: Running): Promise<any> => {
      const line = () => linesOf(running).find(({ event }) => event === 'gateway.started')
      await until(() => line() !== undefined, 60_000)
      return line()
    }

    // The doors: Okta's, health, the admin port, and every one of them with the wrong words.
    const gateway = startWith([
      '--report-on-signal',
      '--report-signal=SIGUSR2',
      `--report-directory=${folder}`
    ])
    const { url, admin } = await startedAt(gateway)
    async function ask(where: string, init: RequestInit & { readonly login?: string } = {}): Promise<number> {
      const { login = 'Basic nobody', headers, ...rest } = init
      const answer = await fetch(where, {
        ...rest,
        headers: {
          'content-type': 'application/json',
          authorization: login,
          ...(headers as Record<string, string>)
        }
      })
      hear(
        `${rest.method ?? 'GET'} ${where}`,
        `${JSON.stringify([...answer.headers])} ${await answer.text()}`
      )
      return answer.status
    }
    const okta = `Basic ${Buffer.from('okta-user:okta-password-2').toString('base64')}`
    const asAdmin = `Bearer ${secrets['ADMIN_SECRET']}`
    for (const [i, phoneNumber] of NUMBERS.entries()) {
      const profile = { phoneNumber, otpCode: CODES[i], msgTemplate: `${CODES[i]} is the code` }
      for (const deliveryChannel of ['SMS', 'voice call', '738291']) {
        t.equal(
          await ask(`${url}/telephonyHook`, {
            method: 'POST',
            login: okta,
            body: sampleBody({ ...profile, deliveryChannel })
          }),
          200
        )
      }
      await ask(`${url}/telephonyHook`, { method: 'POST', body: sampleBody(profile) })
      await ask(`${url}/telephonyHook`, {
        method: 'POST',
        login: 'Bearer wrong-738291',
        body: sampleBody(profile)
      })
      await ask(`${url}/telephonyHook`, {
        method: 'POST',
        login: okta,
        body: sampleBody(profile).slice(0, -9)
      })
      await ask(`${url}/telephonyHook?otpCode=${CODES[i]}`, {
        method: 'PUT',
        login: okta,
        body: sampleBody(profile)
      })
      await ask(`${url}/${CODES[i]}/${phoneNumber}`, {
        headers: { 'x-forwarded-for': '738291', traceparent: '738291' }
      })
    }
    for (const path of ['/health/live', '/health/ready']) t.equal(await ask(url + path), 200, path)
    for (const login of [asAdmin, 'Bearer wrong-738291']) {
      for (const path of ['/status', '/rules', '/overrides', '/metrics', '/738291']) {
        await ask(admin + path, { login })
      }
      await ask(`${admin}/rules/reload`, { method: 'POST', login, body: '{}' })
      await ask(`${admin}/overrides`, { method: 'POST', login, body: '{"provider":"twilio","for":"738291"}' })
      await ask(`${admin}/overrides`, { method: 'POST', login, body: '{"why":"738291' })
    }

    // Commands against it, with everything in their environment, as in "docker compose exec".
    const log = join(folder, 'otp.ndjson')
    writeFileSync(log, gateway.stdout())
    const commands: readonly (readonly string[])[] = [
      ['--help'],
      ['--version'],
      ['nothing-of-this-name'],
      ['check', rules],
      ['check', join(folder, 'none.yaml')],
      ['explain', '--rules', rules, '--help'],
      ['diff', rules, rules],
      ['replay', log, '--rules', rules],
      ['routes', rules],
      ['fmt', rules, '--check'],
      ['schema'],
      ['report', log],
      ['tail', log],
      ['reload'],
      ['status'],
      ['overrides'],
      ['drain', 'twilio', '--for', '1m', '--why', 'a test', '--by', 'a-test'],
      ['undrain', 'twilio', '--by', 'a-test'],
      ...[
        'check',
        'explain',
        'diff',
        'replay',
        'routes',
        'fmt',
        'schema',
        'report',
        'tail',
        'reload',
        'status',
        'drain',
        'undrain',
        'overrides'
      ].map((name) => [name, '--help'])
    ]
    // A command touches nothing but what it is handed (the linter holds that), so that most may run in this process.
    for (const args of commands) {
      const { out, err } = await runWith(args, { env: { ...env, ADMIN_URL: admin } })
      hear(`switchboard ${args.join(' ')}, in this process`, out + err)
    }
    for (const args of [
      ['--help'],
      ['status'],
      ['nothing-of-this-name'],
      ['check', join(folder, 'none.yaml')]
    ]) {
      const command = run(t, process.execPath, ['bin/switchboard.js', ...args], {
        env: { ...env, ADMIN_URL: admin }
      })
      await finished(`switchboard ${args.join(' ')}`, command)
    }
    t.ok(
      said.some(({ where, what }) => where === 'switchboard status' && what.includes('twilio')),
      'commands got in'
    )

    gateway.child.kill('SIGUSR2')
    await until(() => readdirSync(folder).some((name) => name.startsWith('report.')), 30_000)
    gateway.child.kill('SIGHUP')
    await until(() => linesOf(gateway).some(({ event }) => event === 'secrets.reloaded'), 30_000)
    gateway.child.kill('SIGTERM')
    t.equal(await finished('the gateway', gateway), 0)

    // Starts that fail: each setting is given what belongs into another, or nothing that can be used.
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const misplaced = Object.fromEntries(
      [
        'PORT',
        'PUBLIC_URL',
        'TWILIO_BASE_URL',
        'TRUSTED_PROXIES',
        'ALLOWED_SOURCES',
        'SOURCE_LIMIT',
        'LOG_LEVEL',
        'METRICS_COUNTRIES'
      ].map((name, i) => [name, Object.values(secrets)[i] ?? ''])
    )
    const starts: readonly [string, readonly string[], Record<string, string>][] = [
      ['a start with secrets in the wrong places', [], misplaced],
      [
        'a start with a key of another certificate',
        [],
        { TLS_CERT: tls.cert, TLS_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
      ],
      ['a start with a spoilt key', [], { TLS_CERT: tls.cert, TLS_KEY: tls.key.slice(0, 80) }],
      ['a start with a spoilt key of a vendor', [], { VONAGE_PRIVATE_KEY: vonage.privateKey.slice(0, 200) }],
      ['a start with a secret for rules', [], { ROUTING_FILE: '/proc/self/environ' }],
      ['a start with a debug switch', [], { DEBUG: '*', NODE_DEBUG: 'tls' }],
      ['a start with a heap snapshot', ['--heapsnapshot-near-heap-limit=1'], {}]
    ]
    await Promise.all(
      starts.map(async ([where, flags, over]) =>
        t.equal(await finished(where, startWith(flags, over)), 1, where)
      )
    )

    // It falls over, with the worst words that an error could have.
    const words = `data:text/javascript,${encodeURIComponent(
      `const all = JSON.stringify(process.env)
     setInterval(() => process.listenerCount('unhandledRejection') > 0 && process.listenerCount('SIGTERM') > 0 && setImmediate(() => { throw new Error(all + '738291') }), 200)`
    )}`
    const crashed = startWith([
      '--import',
      words,
      '--report-uncaught-exception',
      `--report-directory=${folder}`
    ])
    t.equal(await finished('a crash', crashed), 1)
    t.ok(linesOf(crashed).some(({ event }) => event === 'gateway.fault'))
    for (const name of readdirSync(folder).filter((file) => file.startsWith('report.'))) {
      hear(name, readFileSync(join(folder, name), 'utf8'))
    }

    t.ok(said.length > 70, `${said.length} things were said`)
    const forbidden = [
      ...CODES,
      ...NUMBERS.map((number) => number.slice(1)),
      'is the code',
      ...Object.values(secrets),
      ...Object.values(secrets).map((secret) => JSON.stringify(secret).slice(1, -1)),
      'okta-password',
      'redis-password',
      'wrong-',
      okta.slice(6),
      Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString('base64'),
      'eyJ',
      'PRIVATE KEY-----',
      vonage.privateKey.split('\n')[1] ?? '',
      tls.key.split('\n')[1] ?? ''
    ]
    const leaks = said.flatMap(({ where, what }) =>
      forbidden.filter((word) => what.includes(word)).map((word) => `${where}: ${word.slice(0, 6)}...`)
    )
    t.same(leaks, [])
  }
)
