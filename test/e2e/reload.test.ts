import { appendFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { startGateway } from '../../src/gateway.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { AUTHORIZATION, LOGIN, providersOf, THREE_PROVIDERS } from '../fixtures/gateway.ts'
import { linesOf, runGateway, urlOf } from '../fixtures/process.ts'
import {
  ADMIN_SECRET,
  RULES,
  sampleBody,
  startStack,
  until,
  type Answer,
  type Stack
} from '../fixtures/stack.ts'

const value = ({ json }: Answer) => json.commands?.[0].value[0]

/** A good file with one rule of this name for texts. */
function rulesNamed(name: string, over = ''): string {
  return RULES.replace(
    'rules:',
    `${over}\nrules:\n  - { name: ${name}, when: { channel: sms, country: DE }, send: [twilio, vonage] }`
  )
}

/** The first error of it stands in line 19, column 76. */
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
  const { send, after, reload, ready, metrics } = await startProcess(t, { ROUTING_FILE: path })
  const { decided: before } = await send()
  const hash = before.rules_hash
  const stillGood = async (t: Test, rejection: unknown) => {
    t.match((await send()).completed, { rule: 'good', rules_hash: hash, outcome: 'accepted' })
    t.match(await ready(), { status: 200, rules: { hash, rejection } })
  }
  const good = rulesNamed('good')

  await t.test('a fault, said with its place', async (t) => {
    const rejected = await after('rules.rejected', () => replace(path, BAD))
    const error = { line: 19, column: 76, code: 'E110' }
    t.match(rejected, { level: 50, role: 'live', file: path, rules_hash: hash, errors_count: 1, by: 'watch' })
    t.match(rejected, { errors: [error], unreadable: null, msg: /line 19:76 E110.*stays in force/u })
    await stillGood(t, { errors: [error], unreadable: null, at: /^\d{4}-/u })
    const text = await metrics()
    t.equal(metricIn(text, 'otp_rules_last_reload_successful{role="live"}'), 0)
    t.equal(metricIn(text, 'otp_rules_reloads_total{role="live",result="rejected"}'), 1)
    t.ok((metricIn(text, 'otp_rules_last_rejection_timestamp_seconds{role="live"}') ?? 0) > 1.7e9)
    t.match(await reload(), {
      hash,
      rejection: { errors: [error] },
      reloads: [{ result: 'rejected', report: /:19:76 error E110 [^]*twillio[^]*\^{7}/u }]
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
    await after('rules.unchanged', () => replace(path, good))
    await stillGood(t, null)
  })

  await t.test('cut off anywhere, it is no file', async (t) => {
    // Where rules come last, a part of them is a good file with fewer rules.
    const [head = '', tail = ''] = good.split('otherwise:')
    const whole = head.replace('rules:', `otherwise:${tail}rules:`)
    await after('rules.loaded', () => replace(path, whole))
    await replace(path, good)
    await after('rules.loaded', () => undefined).catch(() => undefined)
    for (const share of [0, 0.3, 0.6, 0.95]) {
      const rejected = await after('rules.rejected', () =>
        replace(path, good.slice(0, Math.floor(good.length * share)))
      )
      t.match(rejected, { rules_hash: hash, errors: [{ code: /^E/u }] }, `${share * 100} % of it`)
    }
    await after('rules.rejected', () => writeFile(path, Buffer.from([0xff, 0xfe, 0x00])))
    await stillGood(t, { unreadable: /it is not UTF-8/u })
  })

  await t.test('repaired, it comes into force', async (t) => {
    const loaded = await after('rules.loaded', () => replace(path, rulesNamed('repaired')))
    t.match(loaded, { previous_hash: hash, by: 'watch' })
    t.match((await send()).decided, { rule: 'repaired', rules_hash: loaded.rules_hash })
    t.match(await ready(), { status: 200, rules: { hash: loaded.rules_hash, rejection: null } })
  })
})
