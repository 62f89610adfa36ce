import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import { RequestContext, type GatewayEvent } from '../src/telemetry/events.ts'
import { LOG_FORMATS, logFormat, type LogFormatName } from '../src/telemetry/log-format.ts'
import { createLog } from '../src/telemetry/log.ts'
import { closedLoop, cpuMs, gateway, rssMb, send, start, stop, TASKSET, type Server } from './load.ts'

// What a code costs while whoever reads the log reads it as it comes, slowly, or not at all. Three gateways side by
// side, asked in turn, request by request: whatever else the machine does meets all three.

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false }
  }
})
const seconds = flags.quick ? 1 : Number(flags.seconds)
const rounds = flags.quick ? 1 : Number(flags.rounds)

const PROVIDER_MS = 20
/** Of each. */
const PER_SECOND = 50
const SLOW_BYTES_PER_SECOND = 64 * 1024

const IDS = Object.keys(RequestContext.properties)

type Reader = 'as it comes' | '64 KiB a second' | 'not at all'

interface Subject {
  readonly server: Server
  readonly pool: Pool
  readonly times: number[]
  /** CPU of a request, of each round, in us. */
  readonly costs: number[]
  readonly heard: { lines: number; dropped: number; gaps: number; readonly firstLines: string[] }
}

const print = (line = ''): boolean => process.stdout.write(`${line}\n`)
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const percentile = (times: readonly number[], share: number): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * share)] ?? Number.NaN

async function subject(provider: string, reader: Reader): Promise<Subject> {
  const server = await gateway(provider)
  const { stdout } = server.child
  if (stdout === null) throw new Error('Its log cannot be read.')
  const heard = { lines: 0, dropped: 0, gaps: 0, firstLines: [] as string[] }
  let rest = ''
  stdout.removeAllListeners('data')
  stdout.on('data', (chunk) => {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    heard.lines += lines.length
    if (heard.firstLines.length < 1_000) heard.firstLines.push(...lines)
    for (const line of lines) {
      if (!line.includes('"log.dropped"')) continue
      heard.gaps += 1
      heard.dropped += JSON.parse(line).lines
    }
    if (reader !== '64 KiB a second') return
    // A pipe gives 64 KiB at a time.
    stdout.pause()
    setTimeout(() => stdout.resume(), (String(chunk).length * 1000) / SLOW_BYTES_PER_SECOND)
  })
  if (reader === 'not at all') stdout.pause()
  return { server, pool: new Pool(server.url, { connections: 256 }), times: [], costs: [], heard }
}

/** Requests leave at their time whether or not the ones before have come back. */
async function inTurn(subjects: readonly Subject[], forMs: number): Promise<void> {
  const pending: Promise<void>[] = []
  const beginMs = performance.now()
  const everyMs = 1000 / (PER_SECOND * subjects.length)
  for (let i = 0; i < forMs / everyMs; i++) {
    const dueMs = beginMs + i * everyMs
    const waitMs = dueMs - performance.now()
    if (waitMs > 0) await sleep(waitMs)
    const { pool, times } = subjects[i % subjects.length] as Subject
    pending.push(send(pool).then(() => void times.push(performance.now() - dueMs)))
  }
  await Promise.all(pending)
}

/** What the log makes of a request that was really made: the median of several rounds, in us. */
function costOf(format: LogFormatName, firstLines: readonly string[]): number {
  const lines = firstLines.map((line) => JSON.parse(line))
  const id = lines.findLast(({ event }) => event === 'otp.request.completed')?.request_id
  const events = lines
    .filter(({ request_id: of }) => of === id)
    .map(({ level: _level, time: _time, msg: _msg, ...line }) =>
      Object.fromEntries(Object.entries(line).filter(([field]) => !IDS.includes(field)))
    ) as unknown as readonly GatewayEvent[]
  if (events.length < 4) throw new Error('No request stands in the log as a whole.')
  const context = {
    request_id: id,
    trace_id: null,
    okta_event_id: id,
    okta_request_id: id,
    rules_hash: '4ea60d24e9cf'
  }
  const log = createLog('info', { write: () => {} }, logFormat(format, '0.0.0'))
  const count = 5_000
  const times = Array.from({ length: 9 }, () => {
    const beginMs = performance.now()
    for (let i = 0; i < count; i++) {
      const report: (event: GatewayEvent) => void = log.forRequest(context)
      for (const event of events) report(event)
    }
    return ((performance.now() - beginMs) * 1000) / count
  })
  return percentile(times, 0.5)
}

const stub = await start(['bench/stub-provider.ts', String(PROVIDER_MS)], {}, '1')
const subjects = new Map<Reader, Subject>()
for (const reader of ['as it comes', '64 KiB a second', 'not at all'] as const) {
  subjects.set(reader, await subject(stub.url, reader))
}

print(
  `Node ${process.version}, ${TASKSET ? 'gateways pinned to one core, load and reader on another' : 'not pinned'}`
)
print(
  `${rounds} x ${seconds} s of ${PER_SECOND} codes a second each, over a provider that takes ${PROVIDER_MS} ms; between them as many as can be\n`
)
// The first round warms up and is not counted.
for (let round = 0; round <= rounds; round++) {
  for (const { server, pool, costs } of subjects.values()) {
    const before = cpuMs(server)
    const count = await closedLoop(pool, seconds * 1000)
    if (round > 0) costs.push(((cpuMs(server) - before) * 1000) / count)
  }
  await inTurn([...subjects.values()], seconds * 1000)
  if (round === 0) for (const { times } of subjects.values()) times.length = 0
}

const fast = subjects.get('as it comes')
print('the log is read       p50 ms    p99 ms   p50, p99 against the first   CPU us/request   memory MB')
for (const [reader, { times, costs, server }] of subjects) {
  const [p50, p99] = [percentile(times, 0.5), percentile(times, 0.99)]
  const ratios = [p50 / percentile(fast?.times ?? [], 0.5), p99 / percentile(fast?.times ?? [], 0.99)]
  print(
    `${reader.padEnd(18)} ${p50.toFixed(1).padStart(9)} ${p99.toFixed(1).padStart(9)} ${ratios
      .map((ratio) => ratio.toFixed(2))
      .join('   ')
      .padStart(28)} ${percentile(costs, 0.5).toFixed(0).padStart(16)} ${String(rssMb(server)).padStart(11)}`
  )
}

const stopped = subjects.get('not at all')
if (stopped !== undefined) {
  stopped.server.child.stdout?.resume()
  // Until nothing comes any more.
  for (let lines = -1; lines !== stopped.heard.lines; await sleep(1000)) lines = stopped.heard.lines
  const { lines, dropped, gaps } = stopped.heard
  print(
    `\nNobody read: ${lines} lines waited, ${dropped} were dropped, and ${gaps} ${gaps === 1 ? 'line' : 'lines'} said so when it was read again`
  )
}

print('\nThe lines of one request, without writing them')
for (const name of LOG_FORMATS) {
  const us = costOf(name, fast?.heard.firstLines ?? [])
  print(`LOG_FORMAT=${name.padEnd(8)} ${us.toFixed(1).padStart(6)} us`)
}
for (const { server, pool } of subjects.values()) {
  await pool.destroy()
  await stop(server)
}
await stop(stub)
process.exit(0)
