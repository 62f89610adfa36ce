import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runWith } from '../fixtures/commands-io.ts'
import { CODES, listenForLeaks, NUMBERS } from '../fixtures/leaks.ts'
import { linesOf, run, type Running } from '../fixtures/process.ts'
import { sampleBody, until } from '../fixtures/stack.ts'

// Every door and every command: what they say is searched for every secret, code and number. Starts and crashes are in
// leaks-at-start.test.ts, the doors under faults of providers in process.test.ts.

t.test('nothing that is said anywhere holds a secret, a code or a number', async (t) => {
  const { folder, rules, secrets, env, said, hear, finished, startWith, leaks } = await listenForLeaks(t)
  const startedAt = async (running: Running): Promise<any> => {
    const line = () => linesOf(running).find(({ event }) => event === 'gateway.started')
    await until(() => line() !== undefined, 60_000)
    return line()
  }

  // The doors: Okta's, health, the admin port, and every one of them with the wrong words.
  const gateway = startWith(['--report-on-signal', '--report-signal=SIGUSR2', `--report-directory=${folder}`])
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
    hear(`${rest.method ?? 'GET'} ${where}`, `${JSON.stringify([...answer.headers])} ${await answer.text()}`)
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
    ['send', '--to', '+12025550188', '--channel', 'sms', '--by', 'a-test', '--yes'],
    ['doctor', '--json'],
    ['okta', 'status'],
    ['okta', 'register', '--yes'],
    ['okta', 'preview', '--to', '+12025550188', '--yes'],
    ['init', '--out', join(folder, 'none'), '--yes'],
    ...[
      'init',
      'doctor',
      'okta',
      'send',
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

  for (const name of readdirSync(folder).filter((file) => file.startsWith('report.'))) {
    hear(name, readFileSync(join(folder, name), 'utf8'))
  }
  t.ok(said.length > 70, `${said.length} things were said`)
  t.same(leaks(), [])
})
