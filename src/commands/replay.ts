import { compileRouter } from '../domain/router.ts'
import { createReplay, type Replay } from '../rules/replay.ts'
import { printReplay } from '../words/replay-words.ts'
import { examples, STATUS, type AddCommand, type Io } from './command.ts'
import { readPrices, type Prices } from './prices.ts'
import { createProgress } from './progress.ts'
import { isCutOff, isOfTheStream, readDecisions, whyUnreadable, type LogTally } from './read-log.ts'
import { soundRules } from './rules-file.ts'

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
        if (result.requests === 0) printNothing(io, tally)
        else {
          const currency = prices?.currency ?? null
          printReplay(io, result, { unread: tally.unread, currency, ruleCount: router.ruleCount })
        }
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

function printNothing(io: Io, { unread }: LogTally): void {
  io.print(
    'No decision (otp.route.decided) was found in them: is it the log of the gateway, at level info?\n'
  )
  if (unread === 0) return
  io.print(
    `Lines that could not be read: ${unread}. "docker compose logs" puts something in front of them without --no-log-prefix.\n`
  )
}
