import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Pool } from 'undici'

// What a request costs, beside the least that could be and beside the sample everybody starts from.
// Figures of one run stand side by side: the machine's speed drifts, the ratios do not.

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false }
  }
})
const seconds = flags.quick ? 1 : Number(flags.seconds)
const rounds = flags.quick ? 1 : Number(flags.rounds)

const ROOT = new URL('..', import.meta.url).pathname
const LOGIN = 'okta:bench-secret'
const CONNECTIONS = 32
const TASKSET = existsSync('/usr/bin/taskset')

const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

interface Server {
  readonly child: ChildProcess
  readonly url: string
}

/** The server on one core, everything else on the other. */
async function start(args: readonly string[], env: Record<string, string> = {}, core = '0'): Promise<Server> {
  const command = TASKSET ? ['taskset', '-c', core, process.execPath, ...args] : [process.execPath, ...args]
  const child = spawn(command[0] ?? '', command.slice(1), {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  children.add(child)
  const url = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      // Only the start is looked at: afterwards the log is read and thrown away, as fast as it comes.
      if (text.length > 10_000) return
      text += String(chunk)
      const found = /"event":"gateway.started".*?"url":"([^"]+)"/u.exec(text)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.on('exit', (code) => reject(new Error(`It ended with ${code}.`)))
  })
  return { child, url }
}

async function stop({ child }: Server): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  children.delete(child)
}

/** The rules that ship, for accounts that take as much as comes. */
function rulesFile(): string {
  const rules = readFileSync(join(ROOT, 'config/routing.yaml'), 'utf8')
  const path = join(mkdtempSync(join(tmpdir(), 'switchboard-bench-')), 'routing.yaml')
  writeFileSync(path, rules.replaceAll(/, capacity_per_second: \d+/gu, ''))
  return path
}

function gateway(provider: string): Promise<Server> {
  return start(['bin/switchboard.js'], {
    ROUTING_FILE: rulesFile(),
    MAX_IN_FLIGHT: '100000',
    SANDBOX: 'off',
    OKTA_BASIC_AUTH: LOGIN,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'bench-token',
    TWILIO_BASE_URL: provider
  })
}

const SUBJECTS: Readonly<Record<string, (provider: string) => Promise<Server>>> = {
  Switchboard: gateway,
  'bare node:http + undici': (provider) => start(['bench/bare.ts', provider]),
  'Express + twilio': (provider) => start(['bench/sample.ts', provider])
}

const headers = {
  'content-type': 'application/json',
  authorization: `Basic ${Buffer.from(LOGIN).toString('base64')}`
}
let eventCount = 0

function body(): string {
  eventCount += 1
  return JSON.stringify({
    eventId: `bench-${eventCount}`,
    eventTime: '2026-11-23T10:00:00.000Z',
    eventType: 'com.okta.telephony.provider',
    source: 'https://example.okta.com/api/v1/inlineHooks/cal0000000000000000',
    requestType: 'com.okta.user.telephony.mfa-verification',
    data: {
      context: {
        request: { id: `req${eventCount}`, url: { value: '/idp/idx/challenge' }, ipAddress: '127.0.0.1' }
      },
      userProfile: {
        firstName: 'Test',
        lastName: 'User',
        login: 'test@example.com',
        userId: `00u${eventCount % 5000}`
      },
      messageProfile: {
        msgTemplate: 'Your code is 123456',
        phoneNumber: `+1202555${String(1000 + (eventCount % 9000))}`,
        otpExpires: '2026-11-23T10:05:00.000Z',
        deliveryChannel: 'SMS',
        otpCode: '123456',
        locale: 'en-US'
      }
    }
  })
}

async function send(pool: Pool): Promise<void> {
  const answer = await pool.request({ method: 'POST', path: '/telephonyHook', headers, body: body() })
  const text = await answer.body.text()
  if (answer.statusCode !== 200 || !text.includes('SUCCESSFUL')) {
    throw new Error(`Refused: ${answer.statusCode} ${text}`)
  }
}

async function closedLoop(pool: Pool, forMs: number): Promise<number> {
  const until = performance.now() + forMs
  let count = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < until) {
        await send(pool)
        count += 1
      }
    })
  )
  return count
}

/** Requests leave at their time whether or not the ones before have come back. */
async function openLoop(pool: Pool, perSecond: number, forMs: number): Promise<readonly number[]> {
  const times: number[] = []
  const pending: Promise<void>[] = []
  const begin = performance.now()
  for (let i = 0; i < (forMs / 1000) * perSecond; i++) {
    const due = begin + (i * 1000) / perSecond
    const wait = due - performance.now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    pending.push(send(pool).then(() => void times.push(performance.now() - due)))
  }
  await Promise.all(pending)
  return times.toSorted((a, b) => a - b)
}

/** User and system time of a process, in ms; NaN where there is no /proc. */
function cpuMs({ child }: Server): number {
  if (!existsSync(`/proc/${child.pid}/stat`)) return Number.NaN
  const [, , ...fields] = (readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ')
  // Fields 14 and 15 of proc(5), in ticks of 10 ms.
  return (Number(fields[9]) + Number(fields[10])) * 10
}

function rssMb({ child }: Server): number {
  const line = /VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(line ?? Number.NaN) / 1024)
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
const print = (line = ''): boolean => process.stdout.write(`${line}\n`)

async function throughput(): Promise<void> {
  const stub = await start(['bench/stub-provider.ts', '0'], {}, '1')
  const servers = new Map<string, Server>()
  const pools = new Map<string, Pool>()
  for (const [name, begin] of Object.entries(SUBJECTS)) {
    const server = await begin(stub.url)
    servers.set(name, server)
    pools.set(name, new Pool(server.url, { connections: CONNECTIONS }))
  }
  const rates = new Map<string, number[]>()
  const costs = new Map<string, number[]>()
  // The first round warms up and is not counted.
  for (let round = 0; round <= rounds; round++) {
    for (const [name, server] of servers) {
      const pool = pools.get(name)
      if (pool === undefined) continue
      const before = cpuMs(server)
      const begin = performance.now()
      const count = await closedLoop(pool, (round === 0 ? Math.min(3, seconds) : seconds) * 1000)
      if (round === 0) continue
      rates.set(name, [...(rates.get(name) ?? []), (count / (performance.now() - begin)) * 1000])
      costs.set(name, [...(costs.get(name) ?? []), ((cpuMs(server) - before) / count) * 1000])
    }
  }
  const sampleCost = median(costs.get('Express + twilio') ?? [])
  print(
    `Throughput, ${CONNECTIONS} requests at a time, provider answers at once, median of ${rounds} x ${seconds} s`
  )
  print('                             requests/s   CPU us/request   CPU against the sample   memory MB')
  for (const [name, server] of servers) {
    const cost = median(costs.get(name) ?? [])
    print(
      `${name.padEnd(28)} ${median(rates.get(name) ?? [])
        .toFixed(0)
        .padStart(
          10
        )} ${cost.toFixed(0).padStart(16)} ${(cost / sampleCost).toFixed(2).padStart(24)} ${String(rssMb(server)).padStart(11)}`
    )
  }
  print('aim: CPU of Switchboard below the sample (under 1.00)')
  for (const pool of pools.values()) await pool.destroy()
  for (const server of [...servers.values(), stub]) await stop(server)
}

async function latency(): Promise<void> {
  const stub = await start(['bench/stub-provider.ts', '100'], {}, '1')
  print(`\nLatency at 100 requests/s, each at its time, over a provider that takes 100 ms, ${seconds * 2} s`)
  print('                             added p50 ms   added p99 ms')
  for (const [name, begin] of Object.entries(SUBJECTS).slice(0, 2)) {
    const server = await begin(stub.url)
    const pool = new Pool(server.url, { connections: 256 })
    await openLoop(pool, 100, 6000)
    const times = await openLoop(pool, 100, seconds * 2000)
    print(
      `${name.padEnd(28)} ${(percentile(times, 0.5) - 100).toFixed(1).padStart(12)} ${(percentile(times, 0.99) - 100).toFixed(1).padStart(14)}`
    )
    await pool.destroy()
    await stop(server)
  }
  print('aim: added p99 of Switchboard below 5 ms')
  await stop(stub)
}

async function startUp(): Promise<void> {
  const stub = await start(['bench/stub-provider.ts', '0'], {}, '1')
  const times: number[] = []
  let idle = Number.NaN
  for (let i = 0; i < (flags.quick ? 2 : 5); i++) {
    const begin = performance.now()
    const server = await gateway(stub.url)
    const pool = new Pool(server.url)
    await send(pool)
    times.push(performance.now() - begin)
    await pool.destroy()
    await stop(server)
  }
  const server = await gateway(stub.url)
  await new Promise((resolve) => setTimeout(resolve, 3000))
  idle = rssMb(server)
  await stop(server)
  await stop(stub)
  print(`\nStart to first answer: ${(median(times) / 1000).toFixed(2)} s (aim: within 1.5 s)`)
  print(`Memory idle: ${idle} MB (aim: below 150 MB)`)
}

print(
  `Node ${process.version}, ${TASKSET ? 'server pinned to one core, load and provider on another' : 'not pinned'}\n`
)
await throughput()
await latency()
await startUp()
process.exit(0)
