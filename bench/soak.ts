import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import type { Fault } from '../src/sandbox/fault.ts'
import { startSandbox } from '../src/sandbox/sandbox.ts'
import { AUTHORIZATION } from '../test/fixtures/gateway.ts'
import type { Figures, SoakStart } from './soak/child.ts'

// A steady rate for a long time, with faults that come and go: what grows?

const text = { type: 'string' } as const
const { values: flags } = parseArgs({
  options: {
    minutes: { ...text, default: '20' },
    'per-second': { ...text, default: '50' },
    seed: { ...text, default: '1' }
  }
})
const minutes = Number(flags.minutes)
const perSecond = Number(flags['per-second'])
const MEASURE_EVERY_MS = Math.min(10_000, (minutes * 60_000) / 12)
const QUIET_MS = 15_000
const PROVIDERS = ['twilio', 'vonage', 'messagebird'] as const

const FAULTS: readonly Fault[] = [
  { mode: 'hang_after_read' },
  { mode: 'hang_before_read' },
  { mode: 'hang_after_read', share: 0.05 },
  { mode: 'accept_then_hang' },
  { mode: 'status', status: 503 },
  { mode: 'status', status: 503, share: 0.5 },
  { mode: 'status', status: 401 },
  { mode: 'html' },
  { mode: 'throttle', retry_after_s: 1 },
  { mode: 'reset_after_read' },
  { mode: 'dribble', over_ms: 20_000 },
  { mode: 'refuse' },
  { mode: 'slow', delay_ms: { median: 900, p99: 3_000 } }
]

/** Mulberry32: the same faults for the same seed. */
let state = Number(flags.seed)
function random(): number {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}

const pause = (ms: number): Promise<void> =>
  ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))

const sandbox = await startSandbox({
  now: () => Date.now(),
  random: Math.random,
  latency: { median: 80, p99: 200 }
})
const child: ChildProcess = fork(new URL('soak/child.ts', import.meta.url), {
  execArgv: ['--expose-gc'],
  stdio: ['ignore', 'inherit', 'inherit', 'ipc']
})
const { credentials, twilioUrl, vonageRestUrl, vonageApiUrl, messagebirdUrl } = sandbox
child.send({
  credentials,
  twilioUrl,
  vonageRestUrl,
  vonageApiUrl,
  messagebirdUrl
} satisfies SoakStart)
const [{ url }] = (await once(child, 'message')) as [{ readonly url: string }]
const okta = new Pool(url, { connections: 512 })

let asked = 0
let answered = 0
const told: Record<string, number> = {}

async function ask(i: number): Promise<void> {
  asked += 1
  const { statusCode, body } = await okta.request({
    method: 'POST',
    path: '/telephonyHook',
    headers: { authorization: AUTHORIZATION, 'content-type': 'application/json' },
    body: JSON.stringify({
      eventId: `soak-${i}`,
      data: {
        userProfile: { userId: `user-${i % 5_000}` },
        messageProfile: {
          phoneNumber: `+49151${10_000_000 + (i % 5_000)}`,
          deliveryChannel: i % 5 === 0 ? 'VOICE' : 'SMS',
          otpCode: '123456',
          msgTemplate: 'Your code is 123456'
        }
      }
    })
  })
  const answer = (await body.json()) as any
  answered += 1
  const status = statusCode === 200 ? (answer.commands?.[0].value[0].status ?? 'ERROR') : `HTTP ${statusCode}`
  told[status] = (told[status] ?? 0) + 1
}

async function measure(): Promise<Figures> {
  child.send('measure')
  const [figures] = (await once(child, 'message')) as [Figures]
  return figures
}

async function breakThings(untilMs: number): Promise<void> {
  while (performance.now() < untilMs) {
    const provider = PROVIDERS[Math.floor(random() * PROVIDERS.length)] ?? 'twilio'
    const fault = random() < 0.4 ? null : (FAULTS[Math.floor(random() * FAULTS.length)] ?? null)
    await sandbox.setFault(provider, fault)
    await pause(1_000 + random() * 4_000)
  }
  await sandbox.clear()
}

const beginMs = performance.now()
const endMs = beginMs + minutes * 60_000
const breaking = breakThings(endMs)
const samples: Figures[] = []
const measuring = (async () => {
  while (performance.now() < endMs) {
    await pause(MEASURE_EVERY_MS)
    const figures = await measure()
    samples.push(figures)
    process.stderr.write(
      `${Math.round((performance.now() - beginMs) / 1000)} s  ${JSON.stringify(figures)}\n`
    )
  }
})()
const waiting = new Set<Promise<void>>()
for (let i = 0; performance.now() < endMs; i++) {
  await pause(beginMs + (i * 1000) / perSecond - performance.now())
  const asking = ask(i).catch(() => undefined)
  waiting.add(asking)
  void asking.finally(() => waiting.delete(asking))
}
await Promise.all([...waiting, breaking, measuring])
await pause(QUIET_MS)
const quiet = await measure()

/** Within a tenth, or two megabytes, or five: what comes and goes. */
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0
const third = Math.max(1, Math.floor(samples.length / 3))
const names = Object.keys(quiet) as (keyof Figures)[]
let grows = false
process.stdout.write('| | first third | last third | after 15 s of rest |\n|---|---|---|---|\n')
for (const name of names) {
  const [first, last] = [samples.slice(0, third), samples.slice(-third)].map((some) =>
    median(some.map((one) => one[name]))
  )
  process.stdout.write(`| ${name} | ${first} | ${last} | ${quiet[name]} |\n`)
  // Answers and resends are remembered for a while: memory may grow until that is full, and no further.
  if (name === 'heapMb' && quiet[name] > (first ?? 0) * 1.5 + 20) grows = true
  if (name !== 'heapMb' && name !== 'rssMb' && quiet[name] > (first ?? 0) * 1.1 + 5) grows = true
}
process.stdout.write(
  `\n${asked} asked, ${asked - answered} unanswered, ${JSON.stringify(told)}; ${minutes} minutes at ${perSecond} a second, seed ${flags.seed}. ${grows ? 'Something GROWS.' : 'Flat.'}\n`
)
await okta.close()
child.send('stop')
await once(child, 'exit')
await sandbox.close()
process.exitCode = grows || asked !== answered ? 1 : 0
