import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { cellsOf, HEAD, missedBy, playAll, rowOf } from './faults/matrix.ts'

// What becomes of codes while providers fail, as Okta sees it: every fault, on the first provider and on the
// first two, met by a gateway that has just started and by one that has run for a while.

const text = { type: 'string' } as const
const { values: flags } = parseArgs({
  options: {
    long: { type: 'boolean', default: false },
    only: text,
    channel: text,
    on: text,
    start: text,
    jobs: { ...text, default: '4' },
    requests: text,
    'per-second': text,
    median: { ...text, default: '80' },
    p99: { ...text, default: '200' },
    timeout: { ...text, default: '900' },
    /** Writes the table into docs/reliability.md. */
    write: { type: 'boolean', default: false }
  }
})
const requests = Number(flags.requests ?? (flags.long ? 10_000 : 400))
const perSecond = Number(flags['per-second'] ?? (flags.long ? 100 : 40))
const cells = cellsOf({
  requests,
  perSecond,
  latency: { median: Number(flags.median), p99: Number(flags.p99) },
  attemptTimeoutMs: Number(flags.timeout),
  long: flags.long,
  only: flags.only,
  channel: flags.channel,
  on: flags.on,
  start: flags.start
})

const began = performance.now()
let done = 0
const results = await playAll(cells, Number(flags.jobs), (cell, result) => {
  done += 1
  process.stderr.write(`${done}/${cells.length}  ${rowOf(cell, result).join('  ')}\n`)
})

const rows = cells.flatMap((cell) => {
  const result = results.get(cell)
  return result === undefined ? [] : [rowOf(cell, result)]
})
const missed = [...results].filter(([cell, result]) => missedBy(cell, result).length > 0)
const asked = [...results.values()].reduce((sum, result) => sum + result.requests, 0)
const summary = `${asked} requests in ${cells.length} cells of at least ${requests}, ${perSecond} a second each; a healthy provider answers within ${flags.median} ms (median) and ${flags.p99} ms (p99), attempts time out after ${flags.timeout} ms. ${availableParallelism()} cores, ${flags.jobs} cells side by side, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}, ${Math.round((performance.now() - began) / 1000)} s. ${missed.length} of the cells miss an aim.`
const table = [HEAD, HEAD.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
process.stdout.write(`${summary}\n\n${table}\n`)

if (flags.write) {
  const page = new URL('../docs/reliability.md', import.meta.url)
  const name = flags.long ? 'the long matrix' : 'the matrix'
  const [begin, end] = [`<!-- begin of ${name} -->`, `<!-- end of ${name} -->`]
  const written = readFileSync(page, 'utf8')
  const [head, tail] = [written.indexOf(begin), written.indexOf(end)]
  if (head < 0 || tail < head) throw new Error(`docs/reliability.md has no place for ${name}.`)
  const before = written.slice(0, head + begin.length)
  writeFileSync(page, `${before}\n\n${summary}\n\n${table}\n\n${written.slice(tail)}`)
}
