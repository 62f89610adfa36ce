import { appendFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { startGateway } from '../../src/gateway.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import {
  AUTHORIZATION,
  createTestLog,
  LOGIN,
  callerTerms,
  providersOf,
  THREE_PROVIDERS
} from '../fixtures/gateway.ts'
import { linesOf, runGateway, urlOf } from '../fixtures/process.ts'
import {
  ADMIN_SECRET,
  RULES as HASTY_RULES,
  sampleBody,
  startStack,
  until,
  type Answer,
  type Stack
} from '../fixtures/stack.ts'

// A process takes a while to start, and a file to be looked at.
t.setTimeout(120_000)

const value = ({ json }: Answer) => json.commands?.[0].value[0]

/** On a machine that has much to do, a healthy provider may take its time. */
const RULES = HASTY_RULES.replace('attempt_timeout: 250ms', 'attempt_timeout: 1500ms')

/** A good file with one rule of this name for texts. */
function rulesNamed(name: string, over = ''): string {
  return RULES.replace(
    'rules:',
    `${over}\nrules:\n  - { name: ${name}, when: { channel: sms, country: DE }, send: [twilio, vonage] }`
  )
}

/** The first error of it stands in line 21, column 62. */
const BAD = rulesNamed('bad').replace('send: [twilio, vonage] }', 'send: [twillio, vonage] }')

/** Writes another file and puts it in the place of the first, as editors do. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}~`, text)
  await rename(`${path}~`, path)
}

/** Read by a machine, as Prometheus does. */
function metricIn(text: string, name: string): number | undefined {
  const line = text.split('\n').find((line) => line.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

async function metricsOf(adminUrl: string | null): Promise<string> {
  const headers = { authorization: `Bearer ${ADMIN_SECRET}` }
  return (await fetch(`${adminUrl}/metrics`, { headers })).text()
}

/** The process that is deployed, over files of the test's. */
async function startProcess(t: Test, env: Readonly<Record<string, string>>) {
  const running = runGateway(t, { ADMIN_SECRET, ...env })
  const url = await urlOf(running)
  const lines = (name: string) => linesOf(running).filter(({ event }) => event === name)
  const [{ admin }] = lines('gateway.started')

  return {
    running,
    lines,
    ready: async () => {
      const answer = await fetch(`${url}/health/ready`)
      return { status: answer.status, rules: ((await answer.json()) as any).rules }
    },
    metrics: () => metricsOf(admin),
    reload: async () => {
      const answer = await fetch(`${admin}/rules/reload`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_SECRET}` }
      })
      return (await answer.json()) as any
    },
    /** Sends a code. @returns the lines of its decision and its end. */
    send: async () => {
      const before = lines('otp.request.completed').length
      const response = await fetch(`${url}/telephonyHook`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from('okta:sandbox').toString('base64')}`
        },
        body: sampleBody()
      })
      t.equal(response.status, 200)
      await until(() => lines('otp.request.completed').length > before)
      return { decided: lines('otp.route.decided').at(-1), completed: lines('otp.request.completed').at(-1) }
    },
    /** Does something, and waits for the line that follows from it. */
    after: async (event: string, action: () => unknown) => {
      const before = lines(event).length
      await action()
      await until(() => lines(event).length > before)
      return lines(event).at(-1)
    }
  }
}

t.test('the process sees each way of saving, a signal and a command, and decides by it', async (t) => {
  const path = `${t.testdir({ 'routing.yaml': rulesNamed('first') })}/routing.yaml`
  const { running, send, after, reload, ready, metrics, lines } = await startProcess(t, {
    ROUTING_FILE: path
  })
  const first = await send()
  t.match(first.decided, { rule: 'first' })
  let hash = first.decided.rules_hash

  const ways: readonly [string, string, (text: string) => unknown][] = [
    ['saved-in-place', 'watch', (text) => writeFile(path, text)],
    ['saved-by-rename', 'watch', (text) => replace(path, text)]
  ]
  for (const [name, by, save] of ways) {
    const loaded = await after('rules.loaded', () => save(rulesNamed(name)))
    t.match(loaded, { role: 'live', by, previous_hash: hash, rules_count: 2, file: path })
    hash = loaded.rules_hash
    const { decided, completed } = await send()
    t.match(decided, { rule: name, rules_hash: hash })
    t.match(completed, { rule: name, rules_hash: hash, outcome: 'accepted' })
  }

  const asked = await after('rules.unchanged', () => running.child.kill('SIGHUP'))
  t.match(asked, { role: 'live', rules_hash: hash, by: 'signal' })
  t.match(await after('rules.unchanged', reload), { rules_hash: hash, by: 'admin' })

  await writeFile(path, rulesNamed('by-signal'))
  running.child.kill('SIGHUP')
  await until(() => lines('rules.loaded').length === 4)
  t.match((await send()).decided, { rule: 'by-signal' })
  await writeFile(path, rulesNamed('by-command'))
  t.match(await reload(), { count: 2, rejection: null, reloads: [{ role: 'live', faults: [], report: '' }] })
  const commanded = await send()
  t.match(commanded.decided, { rule: 'by-command' })
  t.match(await ready(), { status: 200, rules: { hash: commanded.decided.rules_hash, rejection: null } })

  const text = await metrics()
  t.equal(metricIn(text, `otp_rules_info{role="live",hash="${commanded.decided.rules_hash}"}`), 1)
  t.equal(text.match(/^otp_rules_info/gmu)?.length, 1, 'of the hashes before nothing is left')
  t.equal(metricIn(text, 'otp_rules_reloads_total{role="live",result="loaded"}'), 5)
  t.equal(metricIn(text, 'otp_rules_last_reload_successful{role="live"}'), 1)
  running.child.kill('SIGTERM')
  t.equal(await running.ended, 0)
})

t.test('a file that cannot be used is loud, and the last good one goes on', async (t) => {
  const path = `${t.testdir({ 'routing.yaml': rulesNamed('good') })}/routing.yaml`
  const { send, after, reload, ready, metrics, lines } = await startProcess(t, { ROUTING_FILE: path })
  const { decided: before } = await send()
  const hash = before.rules_hash
  const stillGood = async (t: Test, rejection: unknown) => {
    t.match((await send()).completed, { rule: 'good', rules_hash: hash, outcome: 'accepted' })
    t.match(await ready(), { status: 200, rules: { hash, rejection } })
  }
  const good = rulesNamed('good')

  await t.test('a fault, said with its place', async (t) => {
    const rejected = await after('rules.rejected', () => replace(path, BAD))
    const error = { line: 21, column: 62, code: 'E110' }
    t.match(rejected, { level: 50, role: 'live', file: path, rules_hash: hash, errors_count: 1, by: 'watch' })
    t.match(rejected, { errors: [error], unreadable: null, msg: /line 21:62 E110.*stays in force/u })
    await stillGood(t, { errors: [error], unreadable: null, at: /^\d{4}-/u })
    const text = await metrics()
    t.equal(metricIn(text, 'otp_rules_last_reload_successful{role="live"}'), 0)
    t.equal(metricIn(text, 'otp_rules_reloads_total{role="live",result="rejected"}'), 1)
    t.ok((metricIn(text, 'otp_rules_last_rejection_timestamp_seconds{role="live"}') ?? 0) > 1.7e9)
    t.match(await reload(), {
      hash,
      rejection: { errors: [error] },
      reloads: [{ result: 'rejected', report: /:21:62 error E110 [^]*twillio[^]*\^{7}/u }]
    })
  })

  await t.test('taken back, it is what is in force, and nothing is wrong any more', async (t) => {
    const unchanged = await after('rules.unchanged', () => replace(path, good))
    t.match(unchanged, { rules_hash: hash, by: 'watch' })
    await stillGood(t, null)
    t.equal(metricIn(await metrics(), 'otp_rules_last_reload_successful{role="live"}'), 1)
  })

  await t.test('deleted, and put back', async (t) => {
    const rejected = await after('rules.rejected', () => rm(path))
    t.match(rejected, { errors: [], errors_count: 0, unreadable: /there is no such file/u, by: 'watch' })
    await stillGood(t, { errors: [], unreadable: /there is no such file/u })
    await replace(path, good)
    t.match(await reload(), { hash, rejection: null })
    await stillGood(t, null)
  })

  await t.test('cut off anywhere, or no text at all', async (t) => {
    for (const share of [0, 0.3, 0.6, 0.95]) {
      const cut = good.slice(0, Math.floor(good.length * share))
      await replace(path, cut)
      const { hash: kept, rejection } = await reload()
      t.equal(kept, hash)
      t.match(rejection, { errors: [{ code: /^E/u }] }, `${share * 100} % of it`)
    }
    await writeFile(path, Buffer.from([0xff, 0xfe, 0x00]))
    t.match(await reload(), { reloads: [{ result: 'rejected', report: /it is not UTF-8/u }] })
    await stillGood(t, { unreadable: /it is not UTF-8/u })
  })

  await t.test('written in pieces, it comes into force as a whole', async (t) => {
    // Where rules come last, a part of them is a good file with fewer rules.
    const [head = '', tail = ''] = good.split('otherwise:')
    const pieces = Array.from(
      { length: 60 },
      (_, i) => `  - { name: piece-${i}, when: { prefix: "+46${100 + i}" }, send: [twilio, vonage] }\n`
    )
    let longestPauseMs = 0
    const before = lines('rules.loaded').length
    const loaded = await after('rules.loaded', async () => {
      await writeFile(path, head.replace('rules:', `otherwise:${tail}rules:`))
      for (const piece of pieces) {
        const atMs = performance.now()
        await appendFile(path, piece)
        await sleep(40)
        longestPauseMs = Math.max(longestPauseMs, performance.now() - atMs)
      }
    })
    await until(() => lines('rules.loaded').at(-1).rules_count === 62)
    // A machine that has so much to do that the writer came to rest proves nothing.
    if (longestPauseMs < 150) {
      t.equal(lines('rules.loaded').length, before + 1, 'and not before')
      t.equal(loaded.rules_count, 62)
    } else t.comment(`the writer paused for ${Math.round(longestPauseMs)} ms`)
  })

  await t.test('repaired, it comes into force', async (t) => {
    await replace(path, BAD)
    t.match(await reload(), { rejection: { errors: [{ code: 'E110' }] } })
    const loaded = await after('rules.loaded', () => replace(path, rulesNamed('repaired')))
    t.match((await send()).decided, { rule: 'repaired', rules_hash: loaded.rules_hash })
    t.match(await ready(), { status: 200, rules: { hash: loaded.rules_hash, rejection: null } })
  })
})

t.test('a ConfigMap of Kubernetes is seen when it is swapped, both files of it', async (t) => {
  const folder = t.testdir({
    '..2026_11_25': { 'routing.yaml': rulesNamed('first') },
    '..2026_11_26': { 'routing.yaml': rulesNamed('second'), 'candidate.yaml': rulesNamed('tried') },
    '..2026_11_27': { 'routing.yaml': BAD, 'candidate.yaml': BAD },
    '..2026_11_28': { 'routing.yaml': rulesNamed('third') },
    '..data': t.fixture('symlink', '..2026_11_25'),
    'routing.yaml': t.fixture('symlink', '..data/routing.yaml'),
    'candidate.yaml': t.fixture('symlink', '..data/candidate.yaml')
  })
  const { send, after, ready, lines } = await startProcess(t, {
    ROUTING_FILE: `${folder}/routing.yaml`,
    ROUTING_SHADOW_FILE: `${folder}/candidate.yaml`
  })
  const swap = async (to: string) => {
    await symlink(to, `${folder}/..data_tmp`)
    await rename(`${folder}/..data_tmp`, `${folder}/..data`)
  }
  t.match((await send()).decided, { rule: 'first' })
  t.match(await ready(), { rules: { candidate: { hash: null, rejection: null } } })

  await after('rules.loaded', () => swap('..2026_11_26'))
  await until(() => lines('rules.loaded').length === 3)
  const [, ...later] = lines('rules.loaded')
  t.ok(later.every(({ by }) => by === 'watch'))
  t.match(
    later.find(({ role }) => role === 'candidate'),
    { previous_hash: null }
  )
  t.ok(later.some(({ role }) => role === 'live'))
  const second = (await send()).decided
  t.match(second, { rule: 'second' })
  t.match(lines('rules.shadow_diff').at(-1), { rule: 'second', shadow_rule: 'tried', source: 'file' })

  await after('rules.rejected', () => swap('..2026_11_27'))
  await until(() => lines('rules.rejected').length === 2)
  t.match((await send()).decided, { rule: 'second', rules_hash: second.rules_hash })

  await after('rules.candidate_removed', () => swap('..2026_11_28'))
  t.match((await send()).decided, { rule: 'third' })
  t.match(await ready(), { rules: { rejection: null, candidate: { hash: null, rejection: null } } })
})

/** A file whose every word says whose it is. */
interface Letter {
  readonly letter: string
  readonly text: string
  readonly providers: readonly string[]
  readonly timeoutMs: number
  readonly deadlineMs: number
  readonly allFailed: 'FAILED' | 'ERROR'
  readonly blocked: 'FAILED' | 'ERROR'
  readonly sender: string
  /** What the national number 02079460123 is read as. */
  readonly national: string
}

function letter(
  letter: string,
  {
    providers,
    timeoutMs,
    deadlineMs,
    allFailed,
    country,
    canary = ''
  }: Pick<Letter, 'providers' | 'timeoutMs' | 'deadlineMs' | 'allFailed'> & {
    country: 'DE' | 'GB'
    canary?: string
  }
): Letter {
  const blocked = allFailed === 'FAILED' ? 'ERROR' : 'FAILED'
  const send = `send: [${providers.join(', ')}]`
  const text = `${THREE_PROVIDERS.replace('ACME', `ACME${letter}`)}
defaults:
  deadline: ${deadlineMs}ms
  attempt_timeout: ${timeoutMs}ms
  min_attempt: 100ms
  sender: [name, number]
  country: ${country}
  breaker: { min_calls: 10000, in_a_row: 1000 }
reply: { all_failed: ${allFailed.toLowerCase()}, blocked: ${blocked.toLowerCase()} }
${canary}
rules:
  - { name: ${letter}-premium, when: { number_type: premium_rate }, block: { reason: ${letter}_premium } }
  - { name: ${letter}-calls, when: { channel: voice }, ${send} }
  - { name: ${letter}-texts, when: { channel: sms }, ${send} }
otherwise: { block: { reason: ${letter}_otherwise } }
`
  return {
    letter,
    text,
    providers,
    timeoutMs,
    deadlineMs,
    allFailed,
    blocked,
    sender: `ACME${letter}`,
    national: country === 'DE' ? '+492079460123' : '+442079460123'
  }
}

const A = letter('a', {
  providers: ['twilio', 'vonage', 'messagebird'],
  timeoutMs: 601,
  deadlineMs: 2401,
  allFailed: 'FAILED',
  country: 'DE'
})
const B = letter('b', {
  providers: ['messagebird', 'vonage', 'twilio'],
  timeoutMs: 702,
  deadlineMs: 2702,
  allFailed: 'ERROR',
  country: 'GB'
})
/** The candidate, which decides for some. */
const C = letter('c', {
  providers: ['vonage', 'messagebird', 'twilio'],
  timeoutMs: 653,
  deadlineMs: 2553,
  allFailed: 'FAILED',
  country: 'GB',
  canary: 'canary: { percent: 30, min_sample: 100000 }'
})
const LETTERS = new Map(
  [A, B, C].map((one) => {
    const parsed = parseRules(one.text, 'test.yaml', { nowMs: 0, candidate: true })
    if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed.faults))
    return [parsed.rules.hash, one] as const
  })
)

/** Everything in which a request's story is not that of the one file whose hash its lines carry. */
function mixesIn(lines: readonly any[], answer: Answer, sandbox: Stack['sandbox']): readonly string[] {
  const mixes: string[] = []
  const [hash, ...others] = new Set(lines.map((line) => line.rules_hash))
  const own = LETTERS.get(hash)
  if (own === undefined || others.length > 0) return [`hashes ${[hash, ...others].join(', ')}`]
  const check = (name: string, found: unknown, wanted: unknown): void => {
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      mixes.push(`${own.letter}: ${name} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`)
    }
  }
  const line = (name: string) => lines.find(({ event }) => event === name)
  const [decided, completed] = [line('otp.route.decided'), line('otp.request.completed')]

  // Where a machine has so much to do that it turns people away, no rule is asked.
  if (completed.outcome === 'overloaded') return []
  check('rule', [decided.rule[0], completed.rule], [own.letter, decided.rule])
  check('deadline', completed.duration_ms + completed.deadline_left_ms, own.deadlineMs)
  check('hash in the answer', answer.json.debugContext.rules, hash)
  if (decided.blocked) {
    check('reason', completed.reason, `${own.letter}_premium`)
    check('blocked', completed.okta_status, own.blocked)
    check('answer', answer.json.error === undefined ? 'FAILED' : 'ERROR', own.blocked)
    return mixes
  }
  check(
    'chain',
    decided.candidates.map(({ provider }: any) => provider),
    own.providers
  )
  for (const { timeout_ms: timeoutMs } of decided.candidates) check('timeout', timeoutMs, own.timeoutMs)
  for (const { rule, shadow_rule: shadow } of lines.filter(({ event }) => event === 'rules.shadow_diff')) {
    check('shadow', [own.letter === 'c', rule[0], shadow[0]], [false, own.letter, 'c'])
  }
  if (decided.channel === 'voice') {
    // Where a machine has so much to do that an answer comes too late, nobody knows.
    if (completed.outcome === 'undecided') return mixes
    check('outcome', completed.outcome, 'failed')
    check('all failed', completed.okta_status, own.allFailed)
    check('answer', answer.json.error === undefined ? 'FAILED' : 'ERROR', own.allFailed)
    check(
      'asked',
      completed.attempts_detail.map(({ provider }: any) => provider),
      own.providers
    )
    return mixes
  }
  const message = sandbox.inbox().find(({ id }) => id === value(answer)?.transactionId)
  check('outcome', completed.outcome, 'accepted')
  check('sender', message?.from, own.sender)
  if (message?.to.endsWith('2079460123') === true) check('country', message.to, own.national)
  return mixes
}

t.test(
  'a storm of reloads: no request is decided by a mix of two files, and none fails for it',
  async (t) => {
    const stack = await startStack(t, { rules: A.text })
    const { sandbox, gateway, files, events } = stack
    const everybody = ['twilio', 'vonage', 'messagebird'] as const
    for (const provider of everybody) {
      await sandbox.setFault(provider, { mode: 'slow', delay_ms: { min: 1, max: 60 }, channel: 'sms' })
      await sandbox.setFault(provider, { mode: 'status', status: 400, code: 99_999, channel: 'voice' })
    }

    const calm = new AbortController()
    let reloads = 0
    const storm = async () => {
      for (; !calm.signal.aborted; reloads++) {
        files.live = reloads % 2 === 0 ? B.text : A.text
        // It comes and goes, at another pace.
        if (reloads % 3 === 0) files.candidate = C.text
        else if (reloads % 3 === 2) delete files.candidate
        const [live] = await gateway.reloadRules('admin')
        if (live?.result !== 'loaded') throw new Error(JSON.stringify(live))
        await turn()
      }
    }
    const profiles = [
      { phoneNumber: '+4915123456789' },
      { phoneNumber: '02079460123' },
      { phoneNumber: '+4915123456789', deliveryChannel: 'voice' },
      { phoneNumber: '+33612345678' },
      { phoneNumber: '+449098790000' }
    ]
    const answers: Answer[] = []
    const client = async (number: number) => {
      for (let i = 0; i < 20; i++) {
        answers.push(await stack.send({ ...profiles[(number + i) % profiles.length] }))
      }
    }
    const raging = storm()
    await Promise.all(Array.from({ length: 12 }, (_, number) => client(number)))
    calm.abort()
    await raging

    const lines = stack.lines()
    const byRequest = Map.groupBy(lines, ({ request_id: id }) => id)
    const tally = new Map<string, number>()
    const mixed: string[] = []
    for (const answer of answers) {
      const own = byRequest.get(answer.json.debugContext.requestId) ?? []
      mixed.push(...mixesIn(own, answer, sandbox))
      const { letter = '?' } = LETTERS.get(own[0]?.rules_hash) ?? {}
      tally.set(letter, (tally.get(letter) ?? 0) + 1)
    }
    t.equal(answers.length, 240)
    t.ok(answers.every(({ status }) => status === 200))
    t.same(mixed, [])
    for (const { letter } of LETTERS.values()) {
      t.ok((tally.get(letter) ?? 0) >= 20, `${tally.get(letter)} requests were decided by ${letter}`)
    }
    t.ok(events('rules.shadow_diff').length > 0)
    t.same(events('gateway.fault'), [])

    // It would prove nothing if no reload fell into a request.
    const loads = lines.flatMap(({ event }, at) => (event === 'rules.loaded' ? [at] : []))
    const crossed = [...byRequest].filter(([id, own]) => {
      if (id === undefined) return false
      const [from, to] = [lines.indexOf(own[0]), lines.indexOf(own.at(-1))]
      return loads.some((at) => at > from && at < to)
    })
    t.ok(crossed.length >= 50, `${reloads} reloads, and ${crossed.length} requests that saw one`)
  }
)

t.test('what is under way keeps its rules to the end, however many come after', async (t) => {
  const { send, sandbox, gateway, files, events } = await startStack(t, { rules: A.text })
  for (const provider of ['twilio', 'vonage', 'messagebird'] as const) {
    await sandbox.setFault(provider, { mode: 'hang_after_read' })
  }
  const slow = send()
  await until(() => events('otp.attempt.started').length === 1)
  files.live = B.text
  await gateway.reloadRules('admin')
  t.equal(gateway.inFlight(), 1)
  const other = send()
  await slow
  const [first] = events('otp.request.completed')
  t.match(first, { rule: 'a-texts', outcome: 'undecided', okta_status: 'FAILED' })
  t.equal(first.duration_ms + first.deadline_left_ms, A.deadlineMs)
  t.same(
    first.attempts_detail.map(({ provider }: any) => provider),
    A.providers,
    'and what came after the reload is still of its file'
  )
  await other
  t.match(events('otp.request.completed').at(-1), { rule: 'b-texts' })
  t.not(events('otp.request.completed').at(-1).rules_hash, first.rules_hash)
})

t.test('rules in the shadow are told of where they differ, and change nothing', async (t) => {
  const shadow = `
  - { name: nordics-by-vonage, shadow: true, when: { country: [SE, FI] }, send: [vonage, twilio] }
  - { name: no-calls-to-germany, shadow: true, when: { country: DE, channel: voice }, block: { reason: fraud } }`
  const rules = RULES.replace('rules:', `rules:${shadow}`)
  const withShadow = await startStack(t, { rules })
  const without = await startStack(t)
  const asked = [
    { phoneNumber: '+46701234567' },
    { phoneNumber: '+4915123456789' },
    { phoneNumber: '+4915123456789', deliveryChannel: 'voice' },
    { phoneNumber: '+449098790000' }
  ]
  for (const profile of asked) {
    const [one, other] = [await withShadow.send(profile), await without.send(profile)]
    t.same(Object.keys(one.json), Object.keys(other.json))
    t.match(value(one) ?? {}, { provider: value(other)?.provider, status: value(other)?.status })
  }
  const received = ({ sandbox }: Stack) =>
    sandbox.inbox().map(({ provider, channel, to, from, text }) => ({ provider, channel, to, from, text }))
  t.same(received(withShadow), received(without))

  const [, { rules_hash: hash }] = withShadow.events('otp.route.decided')
  t.match(withShadow.events('rules.loaded'), [{ rules_count: 1, shadow_rules: 2 }])
  t.match(withShadow.events('rules.shadow_diff'), [
    {
      source: 'rules',
      rules_hash: hash,
      shadow_hash: hash,
      channel: 'sms',
      country: 'SE',
      rule: 'otherwise',
      shadow_rule: 'nordics-by-vonage',
      blocked: false,
      shadow_blocked: false,
      providers: ['twilio', 'vonage', 'messagebird'],
      shadow_providers: ['vonage', 'twilio'],
      request_id: withShadow.events('otp.request.received')[0].request_id
    },
    { rule: 'otherwise', shadow_rule: 'no-calls-to-germany', shadow_blocked: true, shadow_providers: [] }
  ])
  t.equal(withShadow.events('rules.shadow_diff').length, 2)
  t.same(without.events('rules.shadow_diff'), [])
})

t.test('a candidate comes, is tried, is spoilt and goes, and nobody but the log hears of it', async (t) => {
  const stack = await startStack(t, { rules: rulesNamed('live') })
  const { send, gateway, files, events, sandbox } = stack
  const carried = async () => {
    const before = events('rules.shadow_diff').length
    t.match(value(await send()), { status: 'SUCCESSFUL', provider: 'TWILIO' })
    return events('rules.shadow_diff').slice(before)
  }
  t.same(await carried(), [])

  files.candidate = rulesNamed('live', 'country_groups: { unused: [SE] }')
  await gateway.reloadRules('admin')
  t.same(await carried(), [], 'where it decides the same there is nothing to say')

  files.candidate = rulesNamed('live').replace('[twilio, vonage] }', '[vonage, twilio] }')
  await gateway.reloadRules('admin')
  const { candidate, hash } = await shownRules(stack)
  t.match(await carried(), [{ source: 'file', shadow_hash: candidate.hash, rules_hash: hash }])

  files.candidate = BAD
  t.match(await gateway.reloadRules('admin'), [{ result: 'unchanged' }, { result: 'rejected' }])
  t.match(events('rules.rejected'), [
    { role: 'candidate', rules_hash: candidate.hash, errors: [{ line: 21, column: 62 }] }
  ])
  t.equal((await carried()).length, 1, 'the last good one is tried on')
  t.match(await shownRules(stack), {
    hash,
    rejection: null,
    candidate: { hash: candidate.hash, rejection: { errors: [{ line: 21 }] } }
  })
  const spoilt = await metricsOf(gateway.adminUrl)
  t.equal(metricIn(spoilt, 'otp_rules_last_reload_successful{role="candidate"}'), 0)
  t.equal(metricIn(spoilt, 'otp_rules_last_reload_successful{role="live"}'), 1)

  delete files.candidate
  t.match(await gateway.reloadRules('admin'), [{ result: 'unchanged' }, { result: 'absent' }])
  t.match(events('rules.candidate_removed'), [{ rules_hash: candidate.hash }])
  t.same(await carried(), [])
  t.match(await shownRules(stack), { hash, candidate: { hash: null, rejection: null } })
  t.notMatch(await metricsOf(gateway.adminUrl), /^otp_rules_(info|last_reload_\w+)\{role="candidate"/mu)

  t.equal(sandbox.inbox().length, 5)
  t.same(new Set(events('otp.route.decided').map(({ rule }) => rule)), new Set(['live']))
})

t.test('a bug in what is tried beside the rules costs no code', async (t) => {
  const sandbox = await startSandbox({ now: () => Date.now(), random: Math.random })
  const written: string[] = []
  const parsed = parseRules(RULES, 'live.yaml', { nowMs: 0 })
  if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed.faults))
  // The checker refuses such a split: nobody can be drawn from it.
  const arms = [{ provider: 'twilio', weight: 0 }]
  const step = { kind: 'split', arms, senders: null, timeoutMs: null, onNoAnswer: null } as const
  const broken = {
    ...parsed.rules,
    hash: 'cccccccccccc',
    otherwise: { kind: 'send', steps: [step] } as const
  }
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    mode: 'sandbox',
    version: '0.0.0',
    callers: [callerTerms({ basic: [LOGIN] })],
    providers: providersOf(sandbox),
    rules: {
      files: { live: 'live.yaml', candidate: 'candidate.yaml' },
      initial: { ...parsed, text: RULES },
      load: async (_path, { candidate = false }) => ({
        ...(candidate ? { ...parsed, rules: broken } : parsed),
        text: ''
      }),
      watchEveryMs: null
    },
    hashKey: 'the key of a test',
    log: createTestLog('info', (line) => written.push(line)),
    clock: { now: () => performance.now(), epoch: () => Date.now() },
    random: Math.random,
    maxInFlight: 10,
    admin: null,
    redis: null
  })
  t.teardown(async () => {
    await gateway.stop()
    await sandbox.close()
  })
  const response = await fetch(`${gateway.url}/telephonyHook`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: AUTHORIZATION },
    body: sampleBody()
  })
  t.match(await response.json(), { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] })
  const faults = written.map((line) => JSON.parse(line)).filter(({ event }) => event === 'gateway.fault')
  t.match(faults, [{ where: 'shadow rules', error: 'RangeError' }])
})

/** As {@link RULES}, and reads national numbers as German ones. */
const LIVE = RULES.replace('country: US', 'country: DE')

/** Differs from {@link LIVE} in all that a canary's people would feel. */
function candidateFor(canary: string): string {
  return RULES.replace('country: US', 'country: GB')
    .replace('send: [twilio, vonage, messagebird]', 'send: [vonage, messagebird, twilio]')
    .replace('rules:', `canary: ${canary}\nrules:`)
}

/** So many times, some of them at once. */
async function repeat<T>(times: number, action: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let left = times
  const worker = async () => {
    while (left > 0) {
      left -= 1
      results.push(await action())
    }
  }
  await Promise.all(Array.from({ length: 10 }, worker))
  return results
}

async function shownRules({ gateway }: Stack): Promise<any> {
  const answer = await fetch(`${gateway.url}/health/ready`)
  return ((await answer.json()) as any).rules
}

t.test('a canary has its share of people, and all of their story is its own', async (t) => {
  const shadow = '  - { name: shadow, shadow: true, when: { channel: sms }, send: [messagebird] }'
  const stack = await startStack(t, {
    rules: LIVE.replace('rules:', `rules:\n${shadow}`),
    files: { candidate: candidateFor('{ percent: 30, min_sample: 100000 }') }
  })
  const { send, lines, events, inboxOf } = stack
  const { candidate, hash } = await shownRules(stack)
  t.match(candidate, { canaryPercent: 30, canaryStopped: false })
  const answers = await repeat(200, () => send())
  t.ok(answers.every((answer) => value(answer).status === 'SUCCESSFUL'))
  const tried = new Set(
    events('otp.route.decided')
      .filter(({ candidates: [first] }) => first.provider === 'vonage')
      .map(({ request_id: id }) => id)
  )
  // Five standard deviations.
  t.ok(tried.size > 27 && tried.size < 93, `${tried.size} of 200`)
  t.match((await shownRules(stack)).candidate, { canaryRequests: tried.size, canaryFailures: 0 })
  const ofRequests = lines().filter((line) => line.request_id !== undefined)
  t.same(
    ofRequests.filter((line) => line.rules_hash !== (tried.has(line.request_id) ? candidate.hash : hash)),
    [],
    'each line of a request has the hash of what decided it'
  )
  // The others are compared with the candidate and with the rule in the shadow, they are not.
  t.equal(events('rules.shadow_diff').length, 2 * (200 - tried.size))

  const ways = new Map<string, Set<string>>()
  for (const phoneNumber of ['02079460123', '+442079460456', '+4915123456789']) {
    for (let i = 0; i < 10; i++) {
      await send({ phoneNumber }, {}, `a user ${i}`)
      const way = events('otp.request.completed').at(-1).rules_hash
      ways.set(`a user ${i}`, (ways.get(`a user ${i}`) ?? new Set()).add(way))
    }
  }
  t.ok(
    [...ways.values()].every(({ size }) => size === 1),
    'one person is always in it or never'
  )
  const users = [...ways.values()].filter((seen) => seen.has(candidate.hash)).length
  t.ok(users > 0 && users < 10)
  t.equal(inboxOf('+442079460123').length, users, 'a national number is read by the file that decides')
  t.equal(inboxOf('+492079460123').length, 10 - users)
})

t.test('a canary of an org is for that org', async (t) => {
  const { send, events } = await startStack(t, {
    rules: LIVE,
    files: { candidate: candidateFor('{ percent: 100, org: Acme.okta.com }') }
  })
  for (const [source, provider] of [
    ['https://acme.okta.com/api/v1/inlineHooks/x', 'VONAGE'],
    ['https://ACME.okta.com', 'VONAGE'],
    ['https://other.okta.com/api/v1/inlineHooks/x', 'TWILIO'],
    ['https://okta.com/acme.okta.com', 'TWILIO'],
    [null, 'TWILIO']
  ] as const) {
    t.equal(value(await send({}, { source })).provider, provider, String(source))
  }
  t.equal(new Set(events('otp.request.completed').map(({ rules_hash: hash }) => hash)).size, 2)
})

/** The rules ask nobody but twilio, and the candidate nobody but vonage. */
const ONE = LIVE.replace('[twilio, vonage, messagebird]', '[twilio]').replace(
  'in_a_row: 100',
  'in_a_row: 1000'
)
const oneFor = (canary: string) =>
  ONE.replace('send: [twilio]', 'send: [vonage]').replace('rules:', `canary: ${canary}\nrules:`)

const NO = { mode: 'status', status: 400, code: 99_999 } as const

t.test('a canary that is clearly worse is stopped, and the rules in force take over', async (t) => {
  const stack = await startStack(t, {
    rules: ONE,
    files: { candidate: oneFor('{ percent: 50, min_sample: 25 }') }
  })
  const { send, events, sandbox, files, gateway } = stack
  await sandbox.setFault('vonage', NO)
  for (let i = 0; i < 20 && events('rules.canary_stopped').length === 0; i++) await repeat(10, () => send())
  const { hash, candidate } = await shownRules(stack)
  const [stop] = events('rules.canary_stopped')
  t.match(stop, { level: 50, candidate_hash: candidate.hash, rules_hash: hash, min_sample: 25 })
  t.match(stop, { live_failures: 0, msg: /decides no more/u })
  t.ok(Math.min(stop.candidate_requests, stop.live_requests) >= 25, 'not before the sample is there')
  t.equal(stop.candidate_failures, stop.candidate_requests)
  t.match(candidate, { canaryStopped: true, canaryPercent: 50 })
  t.equal(metricIn(await metricsOf(gateway.adminUrl), 'otp_rules_canary_stops_total'), 1)

  const after = await repeat(30, () => send())
  t.ok(
    after.every((answer) => value(answer).provider === 'TWILIO'),
    'everybody gets a code'
  )
  t.equal(events('rules.canary_stopped').length, 1)
  t.same(events('circuit.opened'), [])

  files.candidate = oneFor('{ percent: 100, min_sample: 25 }')
  await gateway.reloadRules('admin')
  t.match((await shownRules(stack)).candidate, { canaryStopped: false, canaryRequests: 0 })
  t.match(value(await send()), { status: 'FAILED' }, 'another file is another try')
})

t.test('a canary that fails where all fail goes on', async (t) => {
  const stack = await startStack(t, {
    rules: ONE,
    files: { candidate: oneFor('{ percent: 50, min_sample: 20 }') }
  })
  for (const provider of ['twilio', 'vonage'] as const) await stack.sandbox.setFault(provider, NO)
  await repeat(120, () => stack.send())
  t.ok(stack.events('otp.request.completed').every(({ outcome }) => outcome === 'failed'))
  await stack.sandbox.clear()
  await repeat(60, () => stack.send())
  const { candidate } = await shownRules(stack)
  t.ok(candidate.canaryRequests >= 40, `${candidate.canaryRequests} of 180`)
  t.ok(candidate.canaryFailures >= 20)
  t.equal(candidate.canaryStopped, false)
  t.same(stack.events('rules.canary_stopped'), [])
})

t.test('a temporary rule ends by the clock, in the shadow and in a candidate too', async (t) => {
  let nowMs = Date.parse('2026-12-31T23:59:59.999Z')
  const temporary = (name: string, over = '') =>
    RULES.replace(
      'rules:',
      `rules:\n  - { name: ${name}, until: "2026-12-31", ${over} when: { channel: sms }, send: [messagebird, vonage] }`
    )
  const { send, events, gateway } = await startStack(t, {
    rules: temporary('while-it-lasts'),
    files: { candidate: temporary('tried') },
    epoch: () => nowMs
  })
  t.match(value(await send()), { provider: 'MESSAGEBIRD' })
  t.match(events('rules.shadow_diff').at(-1), { rule: 'while-it-lasts', shadow_rule: 'tried' })
  const { loadedAt } = ((await (await fetch(`${gateway.url}/health/ready`)).json()) as any).rules
  nowMs += 1
  t.match(value(await send()), { provider: 'TWILIO' })
  const [last, first] = events('otp.route.decided')
  t.match([last, first], [{ rule: 'while-it-lasts' }, { rule: 'otherwise' }])
  t.equal(last.rules_hash, first.rules_hash, 'without a reload')
  t.equal(events('rules.shadow_diff').length, 1, 'ended in both they are the same')
  const after = ((await (await fetch(`${gateway.url}/health/ready`)).json()) as any).rules
  t.equal(after.loadedAt, loadedAt)
})
