import t from 'tap'
import { runCommand } from '../../src/commands/run.ts'
import { ADMIN_SECRET, startStack, type Answer, type Stack } from '../fixtures/stack.ts'

const value = ({ json }: Answer) => json.commands?.[0].value[0]

/** Commands that ask a gateway touch no file. */
const NO_FILES = {
  writeFile: () => Promise.reject(new Error('There is nothing to write.')),
  writeSecretFile: () => Promise.reject(new Error('There is nothing to write.')),
  questions: null,
  probes: () => Promise.reject(new Error('There is nothing to ask.')),
  randomBytes: (count: number) => Buffer.alloc(count),
  openFile: () => Promise.reject(new Error('There is nothing to read.')),
  async *followFile() {},
  readRevision: async () => null,
  colour: false,
  isInteractive: false,
  width: 100,
  now: () => Date.now(),
  monotonic: () => performance.now()
}

function commands(stack: Stack, env: Record<string, string | undefined> = {}) {
  return async (line: string) => {
    let [out, err] = ['', '']
    const status = await runCommand({
      args: line.split(' '),
      env: { ADMIN_URL: stack.gateway.adminUrl ?? '', ADMIN_SECRET, USER: 'me', ...env },
      readFile: (path) => (path === '/run/secrets/admin' ? `${ADMIN_SECRET}\n` : null),
      fetch,
      print: (text) => (out += text),
      complain: (text) => (err += text),
      ...NO_FILES,
      version: '1.2.3'
    })
    return { status, out, err }
  }
}

async function ask(stack: Stack, method: string, path: string, body?: string, secret = ADMIN_SECRET) {
  const response = await fetch(`${stack.gateway.adminUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${secret}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' })
    },
    ...(body === undefined ? {} : { body })
  })
  return { status: response.status, json: (await response.json()) as any }
}

t.test(
  'a drain takes a provider out at once, beats the machine, and is taken back by its own command',
  async (t) => {
    const stack = await startStack(t)
    const command = commands(stack)
    const set = await command('drain twilio --channel sms --country de --for 2h --why INC-123 --by oncall')
    t.equal(set.status, 0)
    t.match(
      set.out,
      /^twilio, sms, DE: drained until .+Z by oncall: INC-123\nTo take it back: switchboard undrain/u
    )

    t.match(value(await stack.send()), { provider: 'VONAGE' })
    t.match(stack.events('otp.route.decided').at(-1), {
      skipped: [{ provider: 'twilio', reason: 'drained' }]
    })
    t.match(
      value(await stack.send({ phoneNumber: '+46701740605' })),
      { provider: 'TWILIO' },
      'elsewhere it stays'
    )
    t.match(value(await stack.send({ deliveryChannel: 'VOICE' })), { provider: 'TWILIO' })
    t.match(stack.events('provider.override_set'), [
      { provider: 'twilio', channel: 'sms', country: 'DE', by: 'oncall', why: 'INC-123', for_ms: 7_200_000 }
    ])

    const listed = await command('overrides')
    t.match(listed.out, /twilio, sms, DE[^]*switchboard undrain twilio --channel sms --country DE/u)
    t.match(JSON.parse((await command('overrides --json')).out), [{ id: 'twilio-sms-de' }])
    t.match((await command('status')).out, /^Okta comes in by basic$/mu)
    t.match((await command('status')).out, /twilio +sms +closed[^]*twilio, sms, DE: drained/u)

    const undone = await command('undrain twilio --channel sms --country DE')
    t.equal(undone.status, 0)
    t.match(undone.out, /^No longer twilio, sms, DE/u)
    t.match(stack.events('provider.override_ended'), [{ reason: 'removed', ended_by: 'me' }])
    t.match(value(await stack.send()), { provider: 'TWILIO' })
    t.equal((await command('overrides')).out, 'Nothing is drained.\n')
    t.match(await command('undrain twilio'), { status: 1, err: /^Nothing of twilio/u })
  }
)

t.test(
  'with everybody drained nothing is sent, not as a last resort either, and the person is told',
  async (t) => {
    const stack = await startStack(t)
    const command = commands(stack)
    await command('drain twilio --for 1h --why x')
    await command('drain vonage --for 1h --why x')
    const last = await command('drain messagebird --channel sms --for 1h --why x')
    t.match(last, { status: 0, err: /nobody is left for sms/u })
    t.notMatch(last.err, /for voice/u)
    const answer = await stack.send()
    t.match(value(answer), { status: 'FAILED' })
    t.same(stack.sandbox.inbox(), [])
    t.match(stack.events('otp.request.completed').at(-1), { outcome: 'failed', attempts: 0 })
  }
)

t.test('what is wrong with a command is said, and nothing is done', async (t) => {
  const stack = await startStack(t)
  const command = commands(stack)
  const cases: readonly [string, number, RegExp][] = [
    ['drian twilio', 2, /Did you mean drain/u],
    ['drain twilio', 2, /required option '--for <length>'/u],
    ['drain --for 1h --why x', 2, /missing required argument 'provider'/u],
    ['drain twilio vonage --for 1h --why x', 2, /too many arguments/u],
    ['drain twilio --for 1h --why x --contry SE', 2, /unknown option '--contry'[^]*Did you mean --country/u],
    ['drain twillio --for 1h --why x', 1, /did you mean twilio/u],
    ['drain twilio --for 8d --why x', 1, /1m to 7d/u],
    ['drain twilio --for 1h --why x --country UK', 1, /did you mean GB/u],
    ['drain twilio --for 1h --why x --channel fax', 2, /Allowed choices are sms, voice/u],
    ['overrides everything --jsn', 2, /--jsn/u],
    ['undrain', 2, /missing required argument 'provider'/u]
  ]
  for (const [line, status, message] of cases) {
    const ran = await command(line)
    t.equal(ran.status, status, line)
    t.match(ran.err, message, line)
  }
  t.same(stack.events('provider.override_set'), [])
  const nobody = commands(stack, { USER: undefined })
  t.match(await nobody('drain twilio --for 1h --why x'), { status: 2, err: /Say who you are: --by/u })
})

t.test('a command that does not reach its gateway says why, without the secret', async (t) => {
  const stack = await startStack(t)
  const wrong = await commands(stack, { ADMIN_SECRET: 'another secret of mine' })('overrides')
  t.match(wrong, { status: 1, err: /ADMIN_SECRET/u })
  t.match(stack.events('admin.request.refused'), [{ reason: 'unauthorized' }])
  const nobody = await commands(stack, { ADMIN_URL: 'http://user:password@127.0.0.1:9' })('overrides')
  t.match(nobody, { status: 1, err: /Nobody answers as a gateway at 127\.0\.0\.1:9\./u })
  const unread = await commands(stack, { ADMIN_SECRET_FILE: '/nowhere' })('overrides')
  t.match(unread, { status: 1, err: /ADMIN_SECRET_FILE cannot be read/u })
  const file = await commands(stack, { ADMIN_SECRET: '', ADMIN_SECRET_FILE: '/run/secrets/admin' })(
    'overrides'
  )
  t.equal(file.status, 0)
  const said = [wrong, nobody, unread, file].map(({ out, err }) => out + err).join('')
  t.notMatch(said, /another secret|password|the-admin-secret/u)
})

t.test('commands find a gateway by the file that init has written', async (t) => {
  const stack = await startStack(t)
  const { port } = new URL(stack.gateway.adminUrl ?? '')
  const text = `ADMIN_PORT=${port}\nADMIN_SECRET=${ADMIN_SECRET}\n`
  const ask = async (line: string) => {
    let [out, err] = ['', '']
    const status = await runCommand({
      ...NO_FILES,
      args: [...line.split(' '), '--env-file', '.env'],
      env: { USER: 'me' },
      readFile: (path) => (path === '.env' ? text : null),
      fetch,
      print: (said) => (out += said),
      complain: (said) => (err += said),
      version: '1.2.3'
    })
    return { status, out, err }
  }
  t.match(await ask('status'), { status: 0, out: /^switchboard .* \(sandbox\)/u })
  t.match(await ask('drain twilio --for 1h --why INC-1'), {
    status: 0,
    out: /drained until .* by me: INC-1/u
  })
  t.match(await ask('overrides'), { status: 0, out: /INC-1/u })
  t.match(await ask('undrain twilio'), { status: 0, out: /^No longer/u })
  t.equal((await ask('reload')).status, 0)
})

t.test('help and version', async (t) => {
  const stack = await startStack(t)
  const command = commands(stack)
  t.match(await command('help'), { status: 0, out: /drain \[options\] <provider>/u })
  t.match(await command('--version'), { status: 0, out: '1.2.3\n' })
})

t.test(
  'the admin port lets nobody in without its secret, and nothing in that is not as it should be',
  async (t) => {
    const stack = await startStack(t)
    const good = { provider: 'twilio', for: '1h', why: 'x', by: 'y' }
    for (const secret of ['', 'wrong', `${ADMIN_SECRET}x`]) {
      for (const [method, path] of [
        ['GET', '/status'],
        ['GET', '/overrides'],
        ['POST', '/overrides'],
        ['DELETE', '/overrides?provider=twilio&by=x'],
        ['GET', '/nothing']
      ] as const) {
        t.equal((await ask(stack, method, path, method === 'POST' ? '{}' : undefined, secret)).status, 401)
      }
    }
    const bodies: readonly unknown[] = [
      {},
      [],
      { ...good, extra: 1 },
      { ...good, by: '' },
      { ...good, why: 'two\nlines' },
      { ...good, why: 'x'.repeat(201) },
      { ...good, for: 7200 },
      { ...good, country: 'se' },
      { ...good, provider: '__proto__' }
    ]
    for (const body of bodies) {
      const { status, json } = await ask(stack, 'POST', '/overrides', JSON.stringify(body))
      t.equal(status, 400, JSON.stringify(body))
      t.ok(json.mistakes.length > 0)
    }
    t.equal((await ask(stack, 'POST', '/overrides', '{')).status, 400)
    t.equal(
      (await ask(stack, 'POST', '/overrides', JSON.stringify({ ...good, why: 'x'.repeat(9000) }))).status,
      413
    )
    t.equal((await ask(stack, 'DELETE', '/overrides?provider=twilio')).status, 400)
    t.equal((await ask(stack, 'GET', '/nothing')).status, 404)
    t.same((await ask(stack, 'GET', '/overrides')).json, { overrides: [] })
    t.match((await ask(stack, 'GET', '/status')).json, {
      mode: 'sandbox',
      state: 'memory',
      callers: { schemes: ['basic'], issuers: [] },
      inFlight: 0,
      hanging: 0,
      breakers: [{ provider: 'twilio', channel: 'sms', state: 'closed' }]
    })
    t.same(stack.events('gateway.fault'), [])
  }
)
