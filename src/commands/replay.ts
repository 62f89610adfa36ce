import { compileRouter } from '../domain/router.ts'
import { createReplay, type Replay, type ReplayResult, type Shift } from '../rules/replay.ts'
import { percent } from './chain-words.ts'
import { examples, STATUS, type AddCommand, type Io } from './command.ts'
import { paint } from './paint.ts'
import { readPrices, type Prices } from './prices.ts'
import { createProgress } from './progress.ts'
import { isCutOff, isOfTheStream, readDecisions, whyUnreadable, type LogTally } from './read-log.ts'
import { soundRules } from './rules-file.ts'
import { tableInWords } from './table.ts'

interface Options {
  readonly log: readonly string[]
  readonly prices?: string
  readonly json?: true
}

export const addReplay: AddCommand = (program, io, end) => {
  program
    .command('replay')
    .description("decide past traffic, out of the gateway's own logs, once more by another rules file")
    .argument('<file>', 'a rules file, or a revision of one')
    .requiredOption(
      '--log <file...>',
      'logs as the gateway wrote them, gzipped or not; "-" for standard input'
    )
    .option('--prices <file>', 'prices of messages, for the expected cost (docs/routing.md)')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      `${examples(
        'replay new.yaml --log otp.ndjson',
        'replay new.yaml --log otp-*.ndjson.gz --prices prices.yaml',
        'replay HEAD~1:config/routing.yaml --log - < otp.ndjson'
      )}
Exit status: 0 done, 1 a log or the file cannot be used, or a provider would be asked for more than it takes,
2 not understood.`
    )
    .action(async (file: string, { log, prices: pricesFile, json }: Options) => {
      const rules = await soundRules(io, file)
      if (rules === null) return end(STATUS.findings)
      const prices = pricesFile === undefined ? null : loadPrices(io, pricesFile)
      if (prices === undefined) return end(STATUS.findings)

      const router = compileRouter(rules, { shadows: false })
      const replay = createReplay(router, prices === null ? {} : { priceOf: prices.priceOf })
      const tally: LogTally = { lines: 0, unread: 0 }
      if (!(await readLogs(io, log, replay, tally))) return end(STATUS.findings)

      const result = replay.result()
      if (json === true) {
        const currency = prices?.currency ?? null
        io.print(`${JSON.stringify({ file, hash: rules.hash, ...tally, currency, ...result }, null, 2)}\n`)
      } else {
        io.print(`${file} (${rules.hash}), ${tally.lines} lines of ${log.join(', ')}\n`)
        printResult(io, result, { tally, currency: prices?.currency ?? null, ruleCount: router.ruleCount })
      }
      if (result.requests === 0 || result.providers.some(({ secondsOver }) => secondsOver > 0)) {
        end(STATUS.findings)
      }
    })
}

/** Undefined where they cannot be used, which has then been said. */
function loadPrices(io: Io, path: string): Prices | undefined {
  const yaml = io.readFile(path)
  const read = yaml === null ? ['it cannot be read'] : readPrices(yaml)
  if (!Array.isArray(read)) return read as Prices
  io.complain(`The prices in ${path} cannot be used: ${read.join('; ')}.\n`)
  return undefined
}

async function readLogs(io: Io, paths: readonly string[], replay: Replay, tally: LogTally): Promise<boolean> {
  const progress = createProgress(io)
  let requests = 0
  for (const path of paths) {
    let done = 0
    try {
      const { stream, bytes } = await io.openFile(path)
      await readDecisions(stream, tally, {
        onDecision(past) {
          requests += 1
          replay.add(past)
        },
        onBytes(count) {
          done += count
          progress.show(done, bytes, `${path}: ${requests} requests`)
        }
      })
    } catch (error) {
      if (!isOfTheStream(error)) throw error
      progress.end()
      if (isCutOff(error)) {
        io.complain(`Careful: the gzip ${path} ends too early. What comes before its end counts.\n`)
        continue
      }
      io.complain(`${path} cannot be read${whyUnreadable(error)}.\n`)
      return false
    }
  }
  progress.end()
  return true
}

interface Around {
  readonly tally: LogTally
  readonly currency: string | null
  readonly ruleCount: number
}

function printResult(io: Io, result: ReplayResult, { tally, currency, ruleCount }: Around): void {
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
  if (requests === 0) {
    io.print(
      'No decision (otp.route.decided) was found in them: is it the log of the gateway, at level info?\n'
    )
    if (tally.unread > 0) {
      io.print(
        `Lines that could not be read: ${tally.unread}. "docker compose logs" puts something in front of them without --no-log-prefix.\n`
      )
    }
    return
  }
  io.print(`${requests} requests from ${iso(firstAtMs)} to ${iso(lastAtMs)}\n`)
  if (tally.unread > 0) io.print(warn(`Lines about decisions that could not be read: ${tally.unread}`) + '\n')
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
