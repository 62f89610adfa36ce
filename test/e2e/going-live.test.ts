import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import t from 'tap'
import type { Io } from '../../src/commands/command.ts'
import { createProbes } from '../../src/probes.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { runWith, type Ran } from '../fixtures/commands-io.ts'
import { API_TOKEN, startOktaOrg } from '../fixtures/okta-org.ts'
import { linesOf, run, urlOf } from '../fixtures/process.ts'
import { until } from '../fixtures/stack.ts'

const PUBLIC_URL = 'https://otp.example.com'
const PHONE = '+46701740605'

t.test('from nothing to a hook that sends, by commands alone', async (t) => {
  const sandbox = await startSandbox({ now: () => Date.now(), random: Math.random })
  t.teardown(() => sandbox.close())
  const org = await startOktaOrg(t)
  const out = t.testdir()
  const envFile = `${out}/.env`
  const { twilio, messagebird } = sandbox.credentials
  const vendors = { TWILIO_BASE_URL: sandbox.twilioUrl, MESSAGEBIRD_BASE_URL: sandbox.messagebirdUrl }

  const said: string[] = []
  async function command(
    line: string,
    env: Record<string, string> = {},
    over: Partial<Io> = {}
  ): Promise<Ran> {
    const ran = await runWith(line.split(' '), {
      env: { USER: 'me', ...env },
      now: () => Date.now(),
      ...over
    })
    said.push(ran.out, ran.err)
    t.equal(ran.status, 0, `${line.split(' ').slice(0, 2).join(' ')}: ${ran.err}${ran.out}`)
    return ran
  }

  const flags = `--public-url ${PUBLIC_URL} --provider twilio,messagebird --country SE --number twilio=+46701740600 --number messagebird=+46701740601`
  await command(`init --yes ${flags} --out ${out}`, {
    TWILIO_ACCOUNT_SID: twilio.accountSid,
    TWILIO_AUTH_TOKEN: twilio.authToken,
    MESSAGEBIRD_ACCESS_KEY: messagebird.accessKey
  })
  const settings = parseEnv(readFileSync(envFile, 'utf8'))

  const gateway = run(t, process.execPath, [`--env-file=${envFile}`, 'bin/switchboard.js'], { env: vendors })
  const url = await urlOf(gateway)
  const { admin, hook, mode } = linesOf(gateway).find(({ event }) => event === 'gateway.started')
  t.match({ hook, mode }, { hook: `${PUBLIC_URL}/telephonyHook`, mode: 'live' })

  // The internet between Okta and the gateway: a name, a certificate, a proxy that passes on.
  const probes = createProbes({
    readSecretFile: () => null,
    epoch: () => Date.now(),
    now: () => performance.now()
  })
  const internet: Partial<Io> = {
    fetch: (to, init) => fetch(to instanceof URL ? to.href.replace(PUBLIC_URL, url) : to, init),
    probes: async () => ({
      ...probes,
      certificate: async () => ({ validToMs: Date.now() + 60 * 86_400_000 })
    })
  }
  const okta = { OKTA_ORG_URL: org.url, OKTA_API_TOKEN: API_TOKEN }

  t.match((await command(`doctor --env-file ${envFile}`, vendors, internet)).out, /^no problems/mu)
  await command(`okta register --yes --env-file ${envFile}`, okta, internet)
  t.match((await command(`okta status --env-file ${envFile}`, okta, internet)).out, /to this gateway\n$/u)
  await command(`okta preview --yes --to ${PHONE} --env-file ${envFile}`, {}, internet)
  t.match(sandbox.inbox().at(-1), { to: PHONE, text: '(HOOK)Your code is 11111' })
  await command(`send --yes --to ${PHONE} --locale sv --env-file ${envFile}`, { ADMIN_URL: admin }, internet)
  t.equal(sandbox.inbox().length, 2)

  // What Okta was given is what opens the door.
  const [{ id }] = org.hooks() as [{ id: string }]
  const response = await fetch(`${url}/telephonyHook`, {
    method: 'POST',
    headers: { authorization: org.secretOf(id) ?? '', 'content-type': 'application/json' },
    body: JSON.stringify({
      eventId: 'of-a-real-user',
      data: {
        messageProfile: { phoneNumber: '+46701740606', deliveryChannel: 'voice call', otpCode: '042137' }
      }
    })
  })
  t.match(await response.json(), { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] })
  await command(`okta deactivate --yes --env-file ${envFile}`, okta, internet)

  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
  await until(() => gateway.stdout().includes('gateway.stopped'))
  const code = /\d{6}/u.exec(sandbox.inbox()[1]?.text ?? '')?.[0] ?? ''
  t.equal(code.length, 6)
  const everything = said.join('') + gateway.stdout() + gateway.stderr()
  const secrets = Object.entries({ ...settings, ...okta, code }).filter(([name]) =>
    /AUTH|SECRET|TOKEN|KEY|^code$/u.test(name)
  )
  t.equal(secrets.length, 8)
  for (const [name, secret = ''] of secrets) {
    const bare = secret.replace(/^okta:/u, '')
    t.notOk(everything.includes(bare), name)
    t.notOk(everything.includes(Buffer.from(secret).toString('base64')), `${name} in base64`)
  }
})
