import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { linesOf, ROOT, run, runGateway, urlOf, type Running } from '../fixtures/process.ts'
import { sampleBody, until } from '../fixtures/stack.ts'

/** Takes the first command that the banner prints, as a shell reads it, and does what curl would. */
async function paste(banner: string): Promise<any> {
  const command = /curl -s http.*?\} \} \}'/su.exec(banner)?.[0]
  if (command === undefined) throw new Error('The banner shows no command.')
  const shell = `curl() { "${process.execPath}" -e 'console.log(JSON.stringify(process.argv.slice(1)))' -- "$@"; }\n${command}`
  const args = JSON.parse(execFileSync('bash', ['-c', shell], { encoding: 'utf8' })) as string[]
  const after = (flag: string): string => args[args.indexOf(flag) + 1] ?? ''
  const response = await fetch(args.find((arg) => arg.startsWith('http')) ?? '', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(after('-u')).toString('base64')}`
    },
    body: after('-d')
  })
  return response.json()
}

function inboxUrlOf({ stderr }: Running): string {
  return /http\S+\/inbox/u.exec(stderr())?.[0] ?? ''
}

t.test('the two commands of the README, from a fresh clone, carry a code', async (t) => {
  const clone = mkdtempSync(join(tmpdir(), 'switchboard-clone-'))
  t.teardown(() => rmSync(clone, { recursive: true, force: true }))
  execFileSync('bash', [
    '-c',
    `cd "${ROOT}" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -T - -cf - 2>/dev/null | tar xf - -C "${clone}"`
  ])

  const installed = run(t, 'npm', ['ci', '--prefer-offline'], { cwd: clone })
  t.equal(await installed.ended, 0, installed.stderr())

  const gateway = run(t, 'npm', ['start'], { cwd: clone })
  const url = await urlOf(gateway)
  await until(() => gateway.stderr().includes('Stop with Ctrl-C'))
  t.match(gateway.stderr(), /runs in its SANDBOX: no message leaves this machine/u)
  t.match(gateway.stderr(), `${url}/telephonyHook`)
  const answers = [await paste(gateway.stderr()), await paste(gateway.stderr())]
  for (const answer of answers) t.match(answer, { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] })

  const inbox = (await (await fetch(inboxUrlOf(gateway))).json()) as any
  t.match(
    inbox.messages.map(({ id, text }: any) => ({ id, text })),
    answers.map(({ commands }) => ({
      id: commands[0].value[0].transactionId,
      text: '(HOOK)Your code is 11111'
    })),
    'each paste is a message of its own'
  )
  t.match(linesOf(gateway).find(({ event }) => event === 'gateway.started').node, /^v(2[4-9]|[3-9]\d)\./u)

  gateway.child.kill('SIGTERM')
  await gateway.ended
  t.ok(linesOf(gateway).some(({ event }) => event === 'gateway.stopped'))
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal} stops it with exit status 0, and every line on stdout is JSON`, async (t) => {
    const gateway = runGateway(t)
    await urlOf(gateway)
    await until(() => gateway.stderr().includes('Stop with Ctrl-C'))
    gateway.child.kill(signal)
    t.equal(await gateway.ended, 0)
    const lines = gateway.stdout().trim().split('\n')
    t.same(
      lines.map((line) => JSON.parse(line).event),
      ['rules.loaded', 'gateway.started', 'gateway.stopping', 'gateway.stopped']
    )
  })
}

t.test('what is wrong at start is said by name, all of it, and it does not start', async (t) => {
  const settings = runGateway(t, {
    SANDBOX: 'off',
    TWILIO_ACCOUNT_SID: 'AC1',
    VONAGE_API_KEY: 'k',
    PORT: 'x'
  })
  t.equal(await settings.ended, 1)
  t.equal(settings.stdout(), '')
  for (const name of ['PORT', 'OKTA_BASIC_AUTH', 'TWILIO_AUTH_TOKEN', 'VONAGE_API_SECRET']) {
    t.match(settings.stderr(), new RegExp(`^ {2}${name} `, 'mu'))
  }

  const folder = mkdtempSync(join(tmpdir(), 'switchboard-rules-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'routing.yaml')
  writeFileSync(file, 'version: 1\nproviders: { twillio: {} }\nrules: []\n')
  const rules = runGateway(t, { ROUTING_FILE: file })
  t.equal(await rules.ended, 1)
  t.match(rules.stderr(), /routing\.yaml:2:14 error E\d+ .*twillio.*did you mean "twilio"/u)
  t.match(rules.stderr(), /otherwise/u)

  const missing = runGateway(t, { ROUTING_FILE: join(folder, 'none.yaml') })
  t.equal(await missing.ended, 1)
  t.match(missing.stderr(), /none\.yaml cannot be read: there is no such file/u)
})

t.test('a file of orgs gives each its own secret, and a faulty one keeps it from starting', async (t) => {
  const folder = t.testdir({
    acme: 'okta:the-secret-of-acme\n',
    'orgs.yaml': `version: 1
orgs:
  acme:
    domains: [acme.okta.com]
    basic_file: ${ROOT}test/no-such-file
  bolt:
    domains: [acme.okta.com]
    basic_env: BOLT
`
  })
  const file = join(folder, 'orgs.yaml')
  const faulty = runGateway(t, { ORGS_FILE: file, BOLT: 'okta:the-secret-of-bolt' })
  t.equal(await faulty.ended, 1)
  t.match(faulty.stderr(), /orgs\.yaml:5:17 E100 "basic_file" names a file that cannot be read/u)
  t.match(faulty.stderr(), /orgs\.yaml:7:15 E100 "acme\.okta\.com" is a domain of "acme" already/u)
  t.notMatch(faulty.stderr(), 'the-secret-of')
  const missing = runGateway(t, { ORGS_FILE: join(folder, 'none.yaml') })
  t.equal(await missing.ended, 1)
  t.match(missing.stderr(), /none\.yaml \(ORGS_FILE\) cannot be used:\nIt cannot be read\./u)

  writeFileSync(
    file,
    readFileSync(file, 'utf8')
      .replace(`${ROOT}test/no-such-file`, join(folder, 'acme'))
      .replace(/bolt:\n.*/u, 'bolt:\n    domains: [bolt.okta.com]')
  )
  const gateway = runGateway(t, { ORGS_FILE: file, BOLT: 'okta:the-secret-of-bolt' })
  const url = await urlOf(gateway)
  async function post(secret: string, org: string): Promise<number> {
    const authorization = `Basic ${Buffer.from(`okta:${secret}`).toString('base64')}`
    const headers = { 'content-type': 'application/json', authorization }
    const body = sampleBody({}, { source: `https://${org}/api/v1/inlineHooks/cal1` })
    return (await fetch(`${url}/telephonyHook`, { method: 'POST', headers, body })).status
  }
  t.equal(await post('the-secret-of-acme', 'acme.okta.com'), 200)
  t.equal(await post('the-secret-of-bolt', 'bolt.okta.com'), 200)
  t.equal(await post('the-secret-of-acme', 'bolt.okta.com'), 401)
  t.equal(
    await post('sandbox', 'acme.okta.com'),
    401,
    'what opens a sandbox for everybody opens this one no more'
  )
  t.notMatch(gateway.stdout() + gateway.stderr(), 'the-secret-of')
})

t.test('no code, text, number, name, credential or token comes out of it, whatever happens', async (t) => {
  const sandbox = await startSandbox({ now: () => Date.now(), random: Math.random })
  t.teardown(() => sandbox.close())
  const { twilio, vonage, messagebird } = sandbox.credentials
  const secrets = {
    OKTA_BASIC_AUTH: 'okta-user:okta-password-1 okta-user:okta-password-2',
    OKTA_HEADER_SECRETS: 'header-secret-1-of-the-test header-secret-2-of-the-test',
    LOG_HASH_KEY: 'log-hash-key-of-the-test',
    ADMIN_SECRET: 'admin-secret-of-the-test',
    REDIS_URL: 'redis://:redis-password-of-the-test@127.0.0.1:1',
    STATE_KEY: 'c3RhdGUta2V5LW9mLXRoZS10ZXN0LTMyLWJ5dGVzISE=',
    TWILIO_AUTH_TOKEN: twilio.authToken,
    VONAGE_API_SECRET: vonage.apiSecret,
    VONAGE_PRIVATE_KEY: vonage.privateKey,
    MESSAGEBIRD_ACCESS_KEY: messagebird.accessKey
  }
  const gateway = runGateway(t, {
    ...secrets,
    OKTA_HEADER_NAME: 'x-otp-key',
    LOG_LEVEL: 'trace',
    SANDBOX: 'off',
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_BASE_URL: sandbox.twilioUrl,
    VONAGE_API_KEY: vonage.apiKey,
    VONAGE_APPLICATION_ID: vonage.applicationId,
    VONAGE_REST_URL: sandbox.vonageRestUrl,
    VONAGE_API_URL: sandbox.vonageApiUrl,
    MESSAGEBIRD_BASE_URL: sandbox.messagebirdUrl
  })
  const url = await urlOf(gateway)

  const codes = ['738291', '0462839', 'Zq7Xw9']
  const numbers = ['+4915123456789', '+12025550188', '+46701234567', '+447700900123', '+33612345678']
  const names = {
    firstName: 'Wilhelmina',
    lastName: 'Featherstone',
    login: 'w.featherstone@example.com',
    userId: '00uSecretUserId'
  }
  const answers: string[] = []
  let turn = 0

  async function post(body: string, login = 'okta-user:okta-password-2', headers = {}): Promise<void> {
    const authorization = `Basic ${Buffer.from(login).toString('base64')}`
    const response = await fetch(`${url}/telephonyHook`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization, ...headers },
      body
    })
    answers.push(await response.text())
  }
  function body(over: Record<string, unknown> = {}): string {
    turn += 1
    const otpCode = codes[turn % codes.length] ?? ''
    const request = JSON.parse(
      sampleBody({
        phoneNumber: numbers[turn % numbers.length],
        otpCode,
        msgTemplate: `Hello Wilhelmina, ${otpCode} is the code`,
        deliveryChannel: turn % 3 === 0 ? 'voice call' : 'SMS',
        ...over
      })
    )
    request.data.userProfile = names
    return JSON.stringify(request)
  }

  const providers = ['twilio', 'vonage', 'messagebird'] as const
  const faults = [
    null,
    { mode: 'status', status: 500 },
    { mode: 'status', status: 503 },
    { mode: 'status', status: 401 },
    { mode: 'html', status: 502 },
    { mode: 'empty_200' },
    { mode: 'throttle', retry_after_s: 1 },
    { mode: 'reset_after_read' },
    { mode: 'accept_then_reset' },
    { mode: 'huge_body' },
    { mode: 'redirect' },
    { mode: 'refuse' },
    { mode: 'status', status: 400, code: 21211 },
    { mode: 'status', status: 422, code: 10 },
    { mode: 'hang_after_read' }
  ] as const
  for (const fault of faults) {
    for (const provider of providers) await sandbox.setFault(provider, fault)
    // A hang takes the whole deadline, so that all of one fault go side by side.
    await Promise.all(Array.from({ length: 6 }, () => post(body())))
  }
  await sandbox.clear()
  const same = body()
  await Promise.all([post(same), post(same)])
  const odd = [
    { otpCode: '738291<' },
    { otpCode: ['738291'] },
    { otpCode: 738291 },
    { deliveryChannel: '738291' },
    { phoneNumber: '+4915123456789x738291' },
    { phoneNumber: 'tel:+4915123456789' },
    { msgTemplate: '738291\u0000' },
    { locale: '738291 ' },
    { locale: 'en-738291' },
    { otpExpires: '738291' }
  ]
  for (const over of odd) await post(body(over))
  await post(body().slice(0, -5))
  await post(`{"otpCode":"738291","phoneNumber":"+4915123456789"`)
  await post(body(), 'okta-user:wrong-738291')
  await post(body(), 'okta-user:wrong-738291', { 'x-otp-key': 'header-secret-1-of-the-test' })
  await post(body(), 'okta-user:wrong-738291', { 'x-otp-key': 'header-secret-3-of-the-test' })
  await post(body(), 'okta-user:okta-password-1', { 'content-type': 'text/738291' })
  await post('738291'.repeat(20_000))
  await fetch(`${url}/738291/+4915123456789?otpCode=738291`)
  answers.push(await (await fetch(`${url}/health/ready`)).text())
  const admin = linesOf(gateway).find(({ event }) => event === 'gateway.started').admin
  for (const secret of [secrets.ADMIN_SECRET, 'wrong-738291']) {
    for (const [method, path, sent] of [
      ['GET', '/status', undefined],
      ['POST', '/overrides', '{"provider":"738291"}'],
      ['POST', '/overrides', '{"provider":"738291'],
      ['DELETE', '/overrides?provider=738291&by=x', undefined],
      ['GET', '/738291', undefined]
    ] as const) {
      await fetch(`${admin}${path}`, {
        method,
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
        ...(sent === undefined ? {} : { body: sent })
      }).then((answer) => answer.text())
    }
  }

  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)

  const output = gateway.stdout() + gateway.stderr()
  t.ok(linesOf(gateway).length > 300, 'much was said')
  t.same(
    linesOf(gateway).filter(({ event }) => event === 'gateway.fault'),
    []
  )
  const forbidden = [
    ...codes,
    ...numbers.map((number) => number.slice(1)),
    ...numbers.map((number) => number.slice(-7)),
    ...Object.values(names),
    'is the code',
    'okta-password',
    'okta-user',
    'wrong-',
    ...Object.values(secrets),
    'redis-password',
    'header-secret',
    Buffer.from(`${twilio.accountSid}:${twilio.authToken}`).toString('base64'),
    'eyJ',
    'PRIVATE KEY',
    '738291'
  ]
  for (const word of forbidden) {
    const at = output.indexOf(word)
    t.equal(
      at,
      -1,
      `the log: ${word.slice(0, 3)}... ${at === -1 ? '' : output.slice(Math.max(0, at - 200), at)}`
    )
  }
  for (const word of forbidden) {
    t.equal(
      answers.find((answer) => answer.includes(word)),
      undefined,
      `what Okta was told: ${word.slice(0, 3)}...`
    )
  }
})
