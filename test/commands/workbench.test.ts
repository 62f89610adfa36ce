import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { Ajv } from 'ajv'
import t from 'tap'
import { FAULTS } from '../../src/rules/faults.ts'
import { editorSchema } from '../../src/rules/schema.ts'
import { runWith, type Ran } from '../fixtures/commands-io.ts'
import { ROOT } from '../fixtures/process.ts'
import { startStack, ADMIN_SECRET } from '../fixtures/stack.ts'

const HERE = 'test/fixtures/commands'
const [OLD, NEW, LOG] = [`${HERE}/old.yaml`, `${HERE}/new.yaml`, `${HERE}/otp.ndjson`]
const FAULTY = 'test/fixtures/rules/design-example.yaml'

/** Each command's output for eyes and for machines, and its exit status. */
const GOLDEN: Readonly<Record<string, readonly [string, number]>> = {
  help: ['--help', 0],
  'help-of-check': ['check --help', 0],
  'help-of-explain': ['explain --help', 0],
  'help-of-diff': ['diff --help', 0],
  'help-of-replay': ['replay --help', 0],
  'help-of-routes': ['routes --help', 0],
  'help-of-fmt': ['fmt --help', 0],
  'help-of-schema': ['schema --help', 0],
  'help-of-reload': ['reload --help', 0],
  'help-of-status': ['status --help', 0],
  'help-of-drain': ['drain --help', 0],
  'help-of-undrain': ['undrain --help', 0],
  'help-of-overrides': ['overrides --help', 0],
  'help-of-init': ['init --help', 0],
  'help-of-doctor': ['doctor --help', 0],
  'help-of-okta': ['okta --help', 0],
  'help-of-okta-register': ['okta register --help', 0],
  'help-of-okta-status': ['okta status --help', 0],
  'help-of-okta-deactivate': ['okta deactivate --help', 0],
  'help-of-okta-preview': ['okta preview --help', 0],
  'help-of-send': ['send --help', 0],
  'check-sound': [`check ${OLD}`, 0],
  'check-faulty': [`check ${FAULTY}`, 1],
  'check-json': [`check ${FAULTY} --json`, 1],
  'check-github': [`check ${FAULTY} --format github`, 1],
  'check-sarif': [`check ${FAULTY} --format sarif`, 1],
  'explain-split': ['explain +46701740605 -f OLD', 0],
  'explain-otherwise': ['explain +447911123456 -f OLD', 0],
  'explain-shadow': ['explain +442079460123 --channel voice --locale en-GB --org ACME.okta.com -f OLD', 0],
  'explain-block': ['explain +881612345678 -f OLD', 0],
  'explain-national': ['explain 9876543210 -f OLD', 0],
  'explain-one-user': ['explain +46701740605 --user 00u1 -f OLD', 0],
  'explain-json': ['explain +12125550100 --flow enrollment --json -f OLD', 0],
  'explain-country': ['explain --country gb -f OLD', 0],
  'explain-country-json': ['explain --country US --channel voice --json -f OLD', 0],
  diff: ['diff OLD NEW', 1],
  'diff-json': ['diff OLD NEW --json', 1],
  'diff-same': ['diff OLD OLD', 0],
  replay: [`replay NEW --log ${LOG} --prices ${HERE}/prices.yaml`, 1],
  'replay-json': [`replay NEW --log ${LOG} --json`, 1],
  'replay-same': [`replay OLD --log ${LOG}`, 0],
  routes: ['routes OLD', 0],
  'routes-voice': ['routes NEW --channel voice', 0],
  'fmt-faulty': ['fmt test/fixtures/rules/E150-bracket.yaml', 1]
}

const wordsOf = (line: string): string[] => line.split(' ').map((word) => ({ OLD, NEW })[word] ?? word)

t.test('every command says exactly what stands beside it', async (t) => {
  for (const [name, [line, status]] of Object.entries(GOLDEN)) {
    const ran = await runWith(wordsOf(line))
    const text = `$ switchboard ${line}\n${ran.out}${ran.err === '' ? '' : `--- on standard error\n${ran.err}`}`
    const path = new URL(`../fixtures/commands/golden/${name}.txt`, import.meta.url)
    // UPDATE_REPORTS=1 node test/commands/workbench.test.ts writes them anew, to be read in the diff.
    if (process.env['UPDATE_REPORTS'] === '1') {
      mkdirSync(new URL('.', path), { recursive: true })
      writeFileSync(path, text)
    }
    t.equal(text, existsSync(path) ? readFileSync(path, 'utf8') : 'nothing', name)
    t.equal(ran.status, status, name)
  }
})

t.test('what is not understood ends with 2, and says what was meant', async (t) => {
  const cases: readonly [string, RegExp][] = [
    ['chekc', /unknown command 'chekc'[^]*Did you mean check/u],
    ['check --strct', /unknown option '--strct'[^]*Did you mean --strict/u],
    ['check --format xml', /Allowed choices are text, json, github, sarif/u],
    ['explain', /Give a number, or --country/u],
    ['explain +46701740605 --country SE', /one of them/u],
    ['explain --country UK', /Did you mean GB/u],
    ['explain --country Sverige', /no ISO country code/u],
    ['explain hello -f OLD', /cannot be read as a phone number/u],
    ['explain +46701740605 --channel fax', /Allowed choices are sms, voice/u],
    ['explain +46701740605 --flow login', /Allowed choices are enrollment/u],
    ['diff OLD', /missing required argument 'new'/u],
    ['replay NEW', /--log <file...>/u],
    ['routes OLD NEW', /too many arguments/u]
  ]
  for (const [line, message] of cases) {
    const ran = await runWith(wordsOf(line))
    t.equal(ran.status, 2, line)
    t.match(ran.err, message, line)
    t.equal(ran.out, '', line)
  }
})

t.test('check', async (t) => {
  t.equal((await runWith(['check', '--strict', 'test/fixtures/rules/W202-one-provider.yaml'])).status, 1)
  t.equal((await runWith(['check', 'test/fixtures/rules/W202-one-provider.yaml'])).status, 0)
  t.equal(
    (await runWith(['check', '--strict', '--candidate', 'test/fixtures/rules/W210-canary.yaml'])).status,
    0
  )
  t.match(await runWith(['check', 'nowhere.yaml']), {
    status: 1,
    err: /nowhere\.yaml cannot be read: there is no such file/u
  })
  t.match(
    await runWith(['check', OLD, FAULTY]),
    { status: 1, out: /old\.yaml: no errors[^]*design-example\.yaml: 4 errors/u },
    'several'
  )
  t.match(
    (await runWith(['check'], { env: { ROUTING_FILE: OLD } })).out,
    /^test\/fixtures\/commands\/old\.yaml: no errors/u
  )
  t.match((await runWith(['check', FAULTY], { colour: true })).out, '\u001b[31merror\u001b[0m')

  const sarif = JSON.parse((await runWith(['check', '--format', 'sarif', FAULTY])).out)
  const [run] = sarif.runs
  t.equal(run.tool.driver.rules.length, Object.keys(FAULTS).length)
  for (const { ruleId, ruleIndex, locations } of run.results) {
    t.equal(run.tool.driver.rules[ruleIndex].id, ruleId)
    const { startColumn, endColumn } = locations[0].physicalLocation.region
    t.ok(endColumn > startColumn)
  }
  const hostile = t.testdir({ 'a,b:c%\n.yaml': 'x: 1\n' })
  const github = await runWith(['check', '--format', 'github', `${hostile}/a,b:c%\n.yaml`])
  t.match(
    github.out,
    /^::error file=[^,]*a%2Cb%3Ac%25%0A\.yaml,line=1/u,
    'no file name makes a line of its own'
  )
  t.ok(github.out.split('\n').every((line) => line === '' || /^::(error|warning) /u.test(line)))
})

t.test('a table of your own says where names are refused', async (t) => {
  const folder = t.testdir({
    'own.json': JSON.stringify({
      version: 'ours',
      sources: { us: { title: 'x', url: 'https://example.com', read: '2026-11' } },
      countries: { SE: { alphanumeric: 'refused', source: 'us', only: ['vonage'] } }
    }),
    'bad.json': '{"version":"x","sources":{},"countries":{"XX":{"alphanumeric":"refused","source":"y"}}}',
    'worse.json': '{'
  })
  const explain = ['explain', '+46701740605', '--user', 'x', '-f', OLD]
  const own = await runWith(explain, { env: { SENDER_COUNTRIES_FILE: `${folder}/own.json` } })
  t.match(own.out, /vonage +from number[^]*/u)
  t.match((await runWith(explain)).out, /vonage +from acme/u)
  for (const [name, message] of [
    ['bad.json', /XX is no ISO country code; .*names a source that is not under sources/u],
    ['worse.json', /it is no JSON/u],
    ['none.json', /cannot be read/u]
  ] as const) {
    const ran = await runWith(explain, { env: { SENDER_COUNTRIES_FILE: `${folder}/${name}` } })
    t.match(ran, { status: 1, out: '', err: message }, name)
  }
})

t.test('schema prints what editors read', async (t) => {
  t.equal((await runWith(['schema'])).out, editorSchema())
  t.ok(new Ajv({ strict: false }).compile(JSON.parse(editorSchema())))
})

t.test('fmt', async (t) => {
  const untidy = readFileSync(OLD, 'utf8').replace(
    '{ country: nordics, channel: sms }',
    '{country:   nordics,  channel:  sms}'
  )
  const folder = t.testdir({ 'untidy.yaml': untidy, 'faulty.yaml': 'version:   2 # why\n' })
  t.match(await runWith(['fmt', '--check', `${folder}/untidy.yaml`]), {
    status: 1,
    out: '',
    err: /fmt --write/u
  })
  const printed = await runWith(['fmt', `${folder}/untidy.yaml`])
  t.match(printed, { status: 0, out: /when: \{ country: nordics, channel: sms \}/u })
  t.equal(
    readFileSync(`${folder}/untidy.yaml`, 'utf8'),
    untidy,
    'a file is written only when that is asked for'
  )
  t.equal((await runWith(['fmt', '--write', `${folder}/untidy.yaml`])).status, 0)
  t.equal(readFileSync(`${folder}/untidy.yaml`, 'utf8'), printed.out)
  t.equal((await runWith(['fmt', '--check', `${folder}/untidy.yaml`])).status, 0)
  t.match(
    await runWith(['fmt', `${folder}/faulty.yaml`]),
    { status: 0, out: 'version: 2 # why\n' },
    'faults of meaning are left'
  )
  t.match(
    await runWith(['fmt', '--write', 'HEAD:config/routing.yaml'], { readRevision: async () => untidy }),
    { status: 2, err: /a revision can be printed, but not written/u }
  )
  t.match(
    await runWith(['fmt', '--write', 'config/routing.yaml'], {
      writeFile: () => Promise.reject(new Error('no'))
    }),
    { status: 0, out: '' },
    'what is canonical is not written'
  )
  const secret = t.testdir({ 'secret.yaml': 'version: 1\nauth_token: hunter2\n' })
  t.match(await runWith(['fmt', '--check', `${secret}/secret.yaml`]), {
    status: 1,
    out: '',
    err: /not understood/u
  })
  t.equal(
    (await runWith(['fmt', '--check', 'config/routing.yaml'])).status,
    0,
    'the file that ships is canonical'
  )
})

t.test('routes as CSV and as a page', async (t) => {
  const csv = (await runWith(['routes', OLD, '--csv'])).out
  const lines = csv.split('\r\n')
  t.equal(lines[0], 'country,name,continent,channel,condition,rule,route,senders')
  t.ok(
    lines.includes(
      'DE,Germany,Europe,voice,,otherwise,"twilio, then vonage, then messagebird",twilio: number; vonage: number; messagebird: number'
    )
  )
  const folder = t.testdir({})
  t.match(await runWith(['routes', OLD, '--html', `${folder}/routes.html`]), {
    status: 0,
    out: /shows the routes of/u
  })
  const page = readFileSync(`${folder}/routes.html`, 'utf8')
  t.match(page, /Sweden/u)
  t.match(page, /MessageBird converts best/u)
  t.equal(
    (
      await runWith(['routes', OLD, '--html', `${folder}/none/routes.html`], {
        writeFile: () => Promise.reject(new Error('no'))
      })
    ).status,
    1
  )
  t.match(JSON.parse((await runWith(['routes', OLD, '--json'])).out), {
    rows: [{ country: 'AC', channel: 'sms', rule: 'block-premium' }]
  })
})

t.test(
  'replay reads logs gzipped or not, from files and from standard input, and passes over what is none',
  async (t) => {
    const log = readFileSync(LOG)
    const [half, rest] = [log.subarray(0, 4_000), log.subarray(4_000)]
    const folder = t.testdir({
      'otp.gz': gzipSync(log),
      'two.gz': Buffer.concat([gzipSync(half), gzipSync(rest)]),
      'cut.gz': gzipSync(log).subarray(0, 500),
      'empty.ndjson': '',
      'crlf.ndjson': log.toString().replaceAll('\n', '\r\n'),
      'long.ndjson': Buffer.concat([
        Buffer.from(`"${'x'.repeat(3_000_000)}"\n`),
        log,
        Buffer.from('y'.repeat(2_000_000))
      ]),
      'other.ndjson': '{"event":"otp.route.decided","rule":1}\n{"msg":"\\"otp.route.decided\\""}\n'
    })
    const requestsOf = async (...args: string[]) => {
      const ran = await runWith(['replay', OLD, '--json', '--log', ...args], { input: log.toString() })
      return ran.out === '' ? ran : JSON.parse(ran.out).requests
    }
    t.equal(await requestsOf(LOG), 25)
    for (const name of ['otp.gz', 'two.gz', 'crlf.ndjson', 'long.ndjson']) {
      t.equal(await requestsOf(`${folder}/${name}`), 25, name)
    }
    t.equal(await requestsOf('-'), 25)
    t.equal(await requestsOf(LOG, `${folder}/otp.gz`, '-'), 75)
    t.match(await runWith(['replay', OLD, '--log', LOG, `${folder}/cut.gz`]), {
      status: 0,
      out: /\d+ requests/u,
      err: /Careful: the gzip .*cut\.gz ends too early/u
    })
    for (const absurd of [
      { time: 1e300 },
      { time: -1 },
      { split: { arm: 'twilio', from: 0, to: 5 } },
      { split: { arm: 'twilio', from: 0.5, to: 0.5 } },
      { number_prefix: 'x' }
    ]) {
      const decided =
        log
          .toString()
          .split('\n')
          .find((line) => line.includes('"otp.route.decided"')) ?? ''
      const input = JSON.stringify({ ...JSON.parse(decided), ...absurd })
      const ran = await runWith(['replay', OLD, '--log', '-'], { input })
      t.match(ran, { status: 1, out: /Lines that could not be read: 1/u }, JSON.stringify(absurd))
    }
    t.match(await requestsOf('nowhere'), { status: 1, err: /nowhere cannot be read: there is no such file/u })
    t.match(await runWith(['replay', OLD, '--log', `${folder}/empty.ndjson`]), {
      status: 1,
      out: /No decision/u
    })
    t.match(JSON.parse((await runWith(['replay', OLD, '--json', '--log', `${folder}/other.ndjson`])).out), {
      requests: 0,
      unread: 1
    })
    t.match(JSON.parse((await runWith(['replay', OLD, '--json', '--log', `${folder}/long.ndjson`])).out), {
      unread: 3
    })

    const bar = await runWith(['replay', OLD, '--log', LOG], { isInteractive: true })
    t.match(
      bar.err,
      /\[#+-*\] \d+ % {2}test\/fixtures\/commands\/otp\.ndjson: \d+ requests/u,
      'a bar on a terminal'
    )
    t.ok(bar.err.endsWith('\r\u001b[2K'), 'which is gone at the end')
  }
)

t.test('prices that cannot be used are said', async (t) => {
  const folder = t.testdir({
    'a.yaml': 'currency: dollars\nprices: {}\n',
    'b.yaml': 'currency: USD\nprices: { twilio: { sms: { UX: 1 } } }\n',
    'c.yaml': '{',
    'd.yaml': 'currency: USD\nprices: { sinch: { sms: { default: 1 } } }\n'
  })
  for (const [name, message] of [
    ['a.yaml', /currency/u],
    ['b.yaml', /UX: no ISO country code/u],
    ['c.yaml', /no YAML/u],
    ['d.yaml', /prices/u],
    ['e.yaml', /cannot be read/u]
  ] as const) {
    const ran = await runWith(['replay', OLD, '--log', LOG, '--prices', `${folder}/${name}`])
    t.match(ran, { status: 1, out: '', err: message }, name)
  }
})

t.test('what a gateway logs is replayed by its own rules, and nothing moves', async (t) => {
  const rules = readFileSync(OLD, 'utf8')
  const stack = await startStack(t, { rules })
  await stack.sandbox.setFault('vonage', { mode: 'status', status: 401 })
  const numbers = [
    '+46701740605',
    '+4915123456789',
    '+447911123456',
    '+12125550100',
    '+881612345678',
    '+4520123456'
  ]
  for (let i = 0; i < 36; i++) {
    const profile = {
      phoneNumber: numbers[i % numbers.length],
      deliveryChannel: i % 5 === 0 ? 'voice' : 'sms'
    }
    await stack.send(profile, {}, `user-${i % 6}`)
  }
  const input = stack
    .lines()
    .map((line) => JSON.stringify(line))
    .join('\n')
  const ran = await runWith(['replay', OLD, '--json', '--log', '-'], { input })
  const result = JSON.parse(ran.out)
  t.match(result, { requests: 36, moved: 0, uncertain: 0, unread: 0 })
  for (const { name, before, after } of result.rules) t.equal(after, before, name)
  t.ok(
    stack.events('otp.route.decided').some(({ split }) => split !== null),
    'splits among them'
  )
  t.ok(
    stack.events('otp.route.decided').some(({ skipped }) => skipped.length > 0),
    'and skipped providers'
  )
  t.ok(
    stack.events('otp.route.decided').some(({ tried_last: last }) => last !== null),
    'and resends'
  )
})

t.test('explain knows the breakers, drains and capacity of a gateway that runs', async (t) => {
  const rules = readFileSync(OLD, 'utf8')
  const stack = await startStack(t, { rules })
  const base = stack.gateway.adminUrl ?? ''
  const env = { ADMIN_URL: base, ADMIN_SECRET, USER: 'me' }
  const explain = (...more: string[]) => runWith(['explain', '+4915123456789', '-f', OLD, ...more], { env })
  t.match((await explain('--at-state')).out, /1\. twilio +from acme \(alphanumeric\), 900 ms, closed/u)

  await stack.sandbox.setFault('twilio', { mode: 'status', status: 401 })
  await stack.send({ phoneNumber: '+4915123456780' })
  await runWith(['drain', 'messagebird', '--for', '1h', '--why', 'x'], { env })
  const { status, out } = await explain('--at-state', base)
  t.equal(status, 0)
  t.match(
    out,
    /1\. vonage +from acme .*, closed, \d of 2 a second\n +2\. twilio .*open for \d+ s.*only when nobody else took it/u
  )
  t.match(
    out,
    /passed over: twilio \(its breaker is open\), messagebird \(drained by a person\)\n +messagebird, sms and voice, every country: drained until .+Z by me: x\n/u
  )
  await stack.send({ phoneNumber: '+4915123456789' })
  const decided = stack.events('otp.route.decided').at(-1)
  t.same(
    decided.candidates.map((one: any) => one.provider),
    ['vonage'],
    'as it decides itself'
  )
  t.same(decided.last_resorts, ['twilio'])

  t.match((await explain('--at-state', '-f', NEW)).out, /Careful: that gateway runs other rules/u)
  t.match(await explain('--at-state', 'http://127.0.0.1:9'), {
    status: 1,
    err: /Nobody answers as a gateway/u
  })
})

t.test('reload and status speak of the rules of the gateway that runs', async (t) => {
  const stack = await startStack(t)
  const env = { ADMIN_URL: stack.gateway.adminUrl ?? '', ADMIN_SECRET }
  t.match(await runWith(['reload'], { env }), {
    status: 0,
    out: /^test\.yaml: it is what is in force already/u
  })
  stack.files.live = readFileSync(NEW, 'utf8')
  stack.files.candidate = `${readFileSync(OLD, 'utf8')}canary: { percent: 7 }\n`
  t.match(await runWith(['reload'], { env }), {
    status: 0,
    out: /^test\.yaml: in force now, 3 rules[^]*candidate\.yaml: tried beside/u
  })
  t.match(
    (await runWith(['status'], { env })).out,
    /rules [0-9a-f]{12} of test\.yaml[^]*decides for 7 %: 0 of 0 got no code/u
  )
  stack.files.live = readFileSync(FAULTY, 'utf8')
  const rejected = await runWith(['reload'], { env })
  t.match(rejected, { status: 1, out: /test\.yaml:8:23 error E100[^]*\^\^\^\^[^]*stays in force/u })
  t.match((await runWith(['status'], { env })).out, /was rejected at/u)
  t.match(JSON.parse((await runWith(['reload', '--json'], { env })).out), {
    reloads: [{ role: 'live', result: 'rejected' }, { role: 'candidate' }]
  })
})

t.test('the commands that ask a gateway say exactly what stands beside them', async (t) => {
  const stack = await startStack(t, { rules: readFileSync(OLD, 'utf8') })
  const env = { ADMIN_URL: stack.gateway.adminUrl ?? '', ADMIN_SECRET, USER: 'me' }
  const lines = [
    'status',
    'drain twilio --channel sms --country SE --for 2h --why INC-123 --by oncall',
    'drain messagebird --for 1h --why INC-124 --json',
    'overrides',
    'status --json',
    'undrain twilio --channel sms --country SE',
    'undrain twilio',
    'undrain messagebird --json',
    'overrides --json',
    'reload',
    'reload --json'
  ]
  let session = ''
  for (const line of lines) {
    // Words in quotes are none of these.
    const { out, err, status } = await runWith(line.split(' '), { env })
    session += `$ switchboard ${line}\n${out}${err}=> ${status}\n`
  }
  const steady = session
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, 'TIME')
    .replaceAll(/"(ageSeconds|for_ms)": \d+/gu, '"$1": N')
  const path = new URL('../fixtures/commands/golden/gateway-session.txt', import.meta.url)
  if (process.env['UPDATE_REPORTS'] === '1') writeFileSync(path, steady)
  t.equal(steady, readFileSync(path, 'utf8'))
})

/** The program as a person starts it. */
function start(
  args: readonly string[],
  options: { readonly env?: Record<string, string>; readonly input?: string } = {}
): Ran {
  const { env = {}, input = '' } = options
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/switchboard.js', ...args], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    input,
    encoding: 'utf8'
  })
  return { status: status ?? -1, out: stdout, err: stderr }
}

t.test(
  'as a process: revisions of git, standard input, colours on a terminal only, and a reader that leaves',
  async (t) => {
    const folder = t.testdir({ 'routing.yaml': readFileSync(OLD, 'utf8') })
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=x', '-c', 'user.email=x@example.com', ...args])
    git('init', '-q')
    git('add', '.')
    git('commit', '-qm', 'first')
    writeFileSync(`${folder}/routing.yaml`, readFileSync(NEW, 'utf8'))
    const inFolder = (args: string[], env: Record<string, string> = {}) =>
      spawnSync(process.execPath, [`${ROOT}/bin/switchboard.js`, ...args], {
        cwd: folder,
        env: { PATH: process.env['PATH'] ?? '', ...env },
        encoding: 'utf8'
      })
    const diff = inFolder(['diff', 'HEAD:routing.yaml', 'routing.yaml'])
    t.equal(diff.status, 1, diff.stderr)
    t.match(diff.stdout, /defaults\.deadline: 2200ms instead of 2500ms/u)
    t.match(inFolder(['diff', 'HEAD~9:routing.yaml', 'routing.yaml']), {
      status: 1,
      stderr: /git knows of no such revision/u
    })
    t.match(inFolder(['check', '--output=x:y']), { status: 2 })

    t.match(
      start(['replay', OLD, '--log', '-'], { input: readFileSync(LOG, 'utf8') }).out,
      /25 requests from/u
    )
    t.match(start(['check', FAULTY]), { status: 1, out: /design-example\.yaml:8:23 error E100/u })
    t.notMatch(
      start(['explain', '+46701740605'], { env: { FORCE_COLOR: '1' } }).out,
      '\u001b',
      'a pipe is no terminal'
    )
    t.match(start(['--version']).out, /^\d+\.\d+\.\d+\n$/u)

    const shell = (command: string, env: Record<string, string> = {}) =>
      execFileSync('bash', ['-c', command], {
        cwd: ROOT,
        env: { PATH: process.env['PATH'] ?? '', ...env },
        encoding: 'utf8'
      })
    const program = `"${process.execPath}" bin/switchboard.js`
    t.match(
      shell(`${program} routes ${OLD} --csv | head -1; echo "\${PIPESTATUS[0]}"`),
      /^country,[^\n]*\r?\n141\n$/u,
      'a closed pipe is no fault'
    )
  }
)

t.test(
  'colours stand on a terminal, and NO_COLOR takes them away',
  { skip: existsSync('/usr/bin/script') ? false : 'the program "script" is missing' },
  async (t) => {
    const onTerminal = (env: Record<string, string> = {}) =>
      spawnSync(
        '/usr/bin/script',
        ['-qec', `"${process.execPath}" bin/switchboard.js explain +46701740605 -f ${OLD}`, '/dev/null'],
        {
          cwd: ROOT,
          env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', ...env },
          encoding: 'utf8'
        }
      ).stdout
    t.match(onTerminal(), '\u001b[1m')
    t.notMatch(onTerminal({ NO_COLOR: '1' }), '\u001b[')
  }
)

t.test('no command prints a credential, nor a number that it was not given', async (t) => {
  const secret = '9f8e7d6c5b4a39281706f5e4d3c2b1a0'
  const text = readFileSync(OLD, 'utf8')
    .replace('value: ACME', `value: ${secret}`)
    .replace('country: US', `auth_token: ${secret}`)
  const folder = t.testdir({ 'secret.yaml': text })
  const path = `${folder}/secret.yaml`
  for (const line of [
    ['check', path],
    ['check', path, '--json'],
    ['check', path, '--format', 'sarif'],
    ['check', path, '--format', 'github'],
    ['explain', '+46701740605', '-f', path],
    ['diff', path, OLD],
    ['replay', path, '--log', LOG],
    ['routes', path]
  ]) {
    const { out, err, status } = await runWith(line)
    t.equal(status, 1, line.join(' '))
    t.notMatch(out + err, secret.slice(0, 20), line.join(' '))
  }
  const explained = JSON.parse((await runWith(['explain', '+46701740605', '--json', '-f', OLD])).out)
  t.notMatch(JSON.stringify(explained.asked), '46701740605', 'for machines the number is not repeated')
})
