import type { ReplayResult, Shift } from '../rules/replay.ts'
import { percent } from './chain-words.ts'
import { paint } from './paint.ts'
import type { Printer } from './printer.ts'
import { tableInWords } from './table.ts'

interface Around {
  /** Lines about decisions that could not be read. */
  readonly unread: number
  /** Of prices; null where nobody gave any. */
  readonly currency: string | null
  readonly ruleCount: number
}

/** What other rules would have done with requests, of which there is one at least. */
export function printReplay(
  io: Printer,
  result: ReplayResult,
  { unread, currency, ruleCount }: Around
): void {
  const { bold, warn } = paint(io.colour)
  const {
    requests,
    firstAtMs,
    lastAtMs,
    moved,
    uncertain,
    rules,
    ruleMoves,
    providers,
    countries,
    moves,
    neverHit,
    cost
  } = result
  io.print(`${requests} requests from ${iso(firstAtMs)} to ${iso(lastAtMs)}\n`)
  if (unread > 0) io.print(warn(`Lines about decisions that could not be read: ${unread}`) + '\n')
  if (uncertain > 0) {
    const share = percent(uncertain / requests)
    io.print(
      warn(
        `Of ${uncertain} (${share}) the log does not hold enough digits for some prefix of the file: they count as not matching it.`
      ) + '\n'
    )
  }
  io.print(
    `\n${bold(`${percent(moved / requests)} would be asked of somebody else first`)} (${count(moved)})\n`
  )
  for (const { from, to, requests: some } of moves.slice(0, MOST_LISTED)) {
    io.print(`  ${from} -> ${to}: ${count(some)} (${percent(some / requests)})\n`)
  }

  io.print(`\n${bold('Asked first')}\n`)
  io.print(
    tableInWords(['', 'before', 'after', 'peak/s before', 'after', 'takes/s'], providers.map(providerLine))
  )
  for (const { name, secondsOver, capacityPerSecond } of providers) {
    if (secondsOver === 0) continue
    io.print(
      warn(
        `  ${name} would be asked for more than ${capacityPerSecond} a second in ${secondsOver} seconds.`
      ) + '\n'
    )
  }

  io.print(`\n${bold('Rules')}\n`)
  io.print(tableInWords(['', 'before', 'after'], rules.map(shiftLine)))
  for (const { from, to, requests: some } of ruleMoves.slice(0, MOST_LISTED)) {
    io.print(`  ${from} -> ${to}: ${count(some)} (${percent(some / requests)})\n`)
  }
  if (neverHit.length > 0) {
    io.print(`  never hit (${neverHit.length} of ${ruleCount}): ${neverHit.join(', ')}\n`)
  }

  io.print(`\n${bold('Countries')}\n`)
  const shown = countries.slice(0, MOST_LISTED)
  io.print(
    tableInWords(
      ['', 'requests', 'would move'],
      shown.map(({ name, before, moved: some }) => [
        name,
        count(before),
        `${count(some)} (${percent(some / before)})`
      ])
    )
  )
  if (countries.length > shown.length) io.print(`  and ${countries.length - shown.length} more\n`)

  if (cost === null || currency === null) return
  io.print(`\n${bold('Expected cost')}, of one message for each request\n`)
  io.print(`  before ${money(cost.before)} ${currency}, after ${money(cost.after)} ${currency}\n`)
  if (cost.unpriced > 0) {
    io.print(warn(`  Messages without a price, which count as 0: ${cost.unpriced}`) + '\n')
  }
}

const MOST_LISTED = 20

function providerLine(provider: ReplayResult['providers'][number]): readonly string[] {
  const { capacityPerSecond, peakBefore, peakAfter } = provider
  return [
    ...shiftLine(provider),
    count(peakBefore),
    count(peakAfter),
    capacityPerSecond === null ? '-' : String(capacityPerSecond)
  ]
}

function shiftLine({ name, before, after }: Shift): readonly string[] {
  return [name, count(before), count(after)]
}

/** Expectations are parts of requests where a split is drawn anew. */
function count(value: number): string {
  return String(Math.round(value))
}

function money(value: number): string {
  return value.toFixed(2)
}

function iso(ms: number | null): string {
  return new Date(ms ?? 0).toISOString()
}
