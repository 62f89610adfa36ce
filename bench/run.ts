import { parseArgs } from 'node:util'
import { Pool } from 'undici'
import {
  closedLoop,
  CONNECTIONS,
  cpuMs,
  gateway,
  openLoop,
  rssMb,
  send,
  start,
  stop,
  TASKSET,
  type Server
} from './load.ts'

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

const SUBJECTS: Readonly<Record<string, (provider: string) => Promise<Server>>> = {
  Switchboard: (provider) => gateway(provider),
  'bare node:http + undici': (provider) => start(['bench/bare.ts', provider]),
  'Express + twilio': (provider) => start(['bench/sample.ts', provider])
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
