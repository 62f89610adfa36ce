import { Pool } from 'undici'
import { closedLoop, CONNECTIONS, cpuMs, stop, type Server } from './load.ts'

// What one thing costs a gateway: beside one that does not have it.

export interface Subject {
  readonly name: string
  readonly server: Server
  /** What is done with it while it is under load. */
  readonly everySecond?: (server: Server) => Promise<void>
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/**
 * CPU a request, in microseconds, of gateways that take turns: the machine's speed drifts, the ratios do not. The first is what
 * the others are held against. Prints, and stops them.
 */
export async function compareGateways(
  subjects: readonly Subject[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number }
): Promise<void> {
  const costs = new Map<string, number[]>()
  // The first round warms up and is not counted.
  for (let round = 0; round <= rounds; round++) {
    // Each is first, second and so on in turn.
    const from = round % subjects.length
    for (const { name, server, everySecond } of [...subjects.slice(from), ...subjects.slice(0, from)]) {
      const pool = new Pool(server.url, { connections: CONNECTIONS })
      const timer = everySecond === undefined ? undefined : setInterval(() => void everySecond(server), 1_000)
      const before = cpuMs(server)
      const count = await closedLoop(pool, seconds * 1_000)
      if (round > 0) costs.set(name, [...(costs.get(name) ?? []), ((cpuMs(server) - before) / count) * 1_000])
      clearInterval(timer)
      await pool.destroy()
    }
  }
  // A round's figures stand side by side: of these the ratio is taken, and of the ratios the one in the middle.
  const without = costs.get(subjects[0]?.name ?? '') ?? []
  process.stdout.write(`\nA gateway under load, median of ${rounds} x ${seconds} s  CPU us/request   ratio\n`)
  for (const { name } of subjects) {
    const own = costs.get(name) ?? []
    const ratio = median(own.map((cost, round) => cost / (without[round] ?? Number.NaN)))
    process.stdout.write(
      `${name.padEnd(46)} ${median(own).toFixed(0).padStart(14)} ${ratio.toFixed(3).padStart(7)}\n`
    )
  }
  for (const { server } of subjects) await stop(server)
}
