import { parseLine } from '../telemetry/log-line.ts'
import { createSummarizer, type Summarizer } from '../telemetry/summary.ts'
import type { Count, Summary } from '../telemetry/summary-shape.ts'
import { totalOf } from '../telemetry/tally.ts'
import type { Window } from '../telemetry/worst-window.ts'
import { examples, STATUS, type AddCommand, type Io } from './command.ts'
import { paint } from '../words/paint.ts'
import { createProgress } from './progress.ts'
import { readLines, whyUnreadable } from './read-log.ts'
import { readChartLibrary, renderReportPage } from './report-page.ts'
import {
  countInWords,
  countryInWords,
  drainInWords,
  headlinesOf,
  lengthInWords,
  periodInWords,
  rulesInWords,
  shareInWords,
  some,
  times,
  wordsOf,
  type Words
} from './report-words.ts'
import { tableInWords } from '../words/table.ts'

interface Options {
  readonly since?: string
  readonly until?: string
  readonly html?: string
  readonly json?: true
}

export const addReport: AddCommand = (program, io, end) => {
  program
    .command('report')
    .description("say what became of the codes, out of the gateway's own logs")
    .argument('<file...>', 'logs as the gateway wrote them, gzipped or not; "-" for standard input')
    .option('--since <time>', 'what came before it does not count: ISO 8601, or back from now (2h, 30m, 1d)')
    .option('--until <time>', 'nor what came at that time or later')
    .option('--html <out>', 'write one page with charts, to look at and to send around')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      `${examples(
        'report otp.ndjson',
        'report otp-*.ndjson.gz --since 2h',
        'report otp.ndjson --since 2026-11-25T03:00Z --until 2026-11-25T04:30Z --html report.html',
        'report - < otp.ndjson'
      )}
Exit status: 0 done, 1 nothing of the gateway was found or a log cannot be read to its end, 2 not understood.`
    )
    .action(async (files: readonly string[], options: Options) => {
      const nowMs = io.now()
      const [sinceMs, untilMs] = [timeOf(options.since, nowMs), timeOf(options.until, nowMs)]
      const wrong = wrongTime(options, sinceMs, untilMs)
      if (wrong !== null) {
        io.complain(`${wrong}\n`)
        return end(STATUS.usage)
      }
      const summarizer = createSummarizer({ nowMs, sinceMs, untilMs })
      const areWhole = await readLogs(io, files, summarizer)
      const summary = summarizer.result()
      if (!areWhole || summary.lines.counted === 0) end(STATUS.findings)

      // The page first: whoever reads what is printed may leave in the middle of it ("head").
      const isWritten = options.html !== undefined && (await writePage(io, options.html, files, summary))
      if (options.html !== undefined && !isWritten) end(STATUS.findings)
      if (options.json === true) return io.print(`${JSON.stringify({ files, ...summary }, null, 2)}\n`)
      printReport(io, files, summary)
      if (isWritten) io.print(`\n${options.html} shows it.\n`)
    })
}

const BACK = /^(\d{1,6}(?:\.\d{1,3})?)(s|m|h|d|w)$/u

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000
}

/** Date.parse takes more than that, and reads much of it as local time. */
const ISO = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/u

/** Undefined where none was given, NaN where it is none. Without a zone, a time is UTC as those of the report are. */
function timeOf(written: string | undefined, nowMs: number): number | undefined {
  if (written === undefined) return undefined
  const [, length, unit] = BACK.exec(written) ?? []
  if (length !== undefined) return nowMs - Number(length) * (UNIT_MS[unit ?? ''] ?? Number.NaN)
  if (!ISO.test(written)) return Number.NaN
  return Date.parse(
    /T.*(?:Z|[+-]\d\d:?\d\d)$/u.test(written) || !written.includes('T') ? written : `${written}Z`
  )
}

function wrongTime(
  { since, until }: Options,
  sinceMs: number | undefined,
  untilMs: number | undefined
): string | null {
  for (const [written, ms] of [
    [since, sinceMs],
    [until, untilMs]
  ] as const) {
    if (ms === undefined || !Number.isNaN(ms)) continue
    return `"${written}" is no time. Write 2026-11-25T03:00Z, or a length back from now: 30m, 2h, 1d.`
  }
  if (sinceMs !== undefined && untilMs !== undefined && sinceMs >= untilMs) {
    return '--since has to be before --until.'
  }
  return null
}

/** What cannot be read is said, and what can be counts: a log that is cut off is better than none. */
async function readLogs(io: Io, files: readonly string[], summarizer: Summarizer): Promise<boolean> {
  const progress = createProgress(io)
  let [lines, areWhole] = [0, true]
  for (const file of files) {
    let done = 0
    try {
      const { stream, bytes } = await io.openFile(file)
      const onBytes = (count: number): void => {
        done += count
        progress.show(done, bytes, `${file}: ${countInWords(lines)} lines`)
      }
      for await (const chunk of readLines(stream, onBytes)) {
        lines += chunk.length
        for (const line of chunk) {
          if (line !== '') summarizer.add(line === null ? null : parseLine(line))
        }
      }
    } catch (error) {
      progress.end()
      const rest = done === 0 ? '' : ' What came before that counts.'
      io.complain(`${file} cannot be read${done === 0 ? '' : ' to its end'}${whyUnreadable(error)}.${rest}\n`)
      areWhole = false
    }
  }
  progress.end()
  return areWhole
}

async function writePage(io: Io, path: string, files: readonly string[], summary: Summary): Promise<boolean> {
  const library = readChartLibrary(io)
  if (library === null) {
    io.complain('The charts\u2019 library (uplot) is not installed: run "npm ci".\n')
    return false
  }
  try {
    await io.writeFile(path, renderReportPage({ files, madeAtMs: io.now(), summary, library }))
    return true
  } catch {
    io.complain(`${path} cannot be written.\n`)
    return false
  }
}

function printReport(io: Io, files: readonly string[], summary: Summary): void {
  const { bold, warn } = paint(io.colour)
  const { counted, outside, untimed, foreign } = summary.lines
  if (counted === 0) {
    io.print(
      outside > 0
        ? `Nothing in that time: ${some(outside, 'line')} of the gateway are outside of it.\n`
        : 'Nothing of the gateway was found: is it its log, at level info?\n'
    )
    return
  }
  io.print(`${periodInWords(summary)}, ${some(counted, 'line')} of ${files.join(', ')}\n`)
  const passedOver = [
    outside > 0 ? `${some(outside, 'line')} outside of that time` : null,
    foreign > 0 ? `${some(foreign, 'line')} that are no events of the gateway` : null,
    untimed > 0 ? `${some(untimed, 'line')} with a time that cannot be` : null
  ].filter((part) => part !== null)
  if (passedOver.length > 0) io.print(`Passed over: ${passedOver.join(', ')}.\n`)
  for (const { name, count } of summary.leftOut) {
    io.print(warn(`Too many ${name}: ${countInWords(count)} are left out.`) + '\n')
  }
  io.print('\n')
  for (const { text, isBad } of headlinesOf(summary)) io.print(`${isBad ? warn(text) : text}\n`)
  for (const { title, text } of sectionsOf(summary)) io.print(`\n${bold(title)}\n${text}`)
}

interface Section {
  readonly title: string
  /** Empty: there is nothing to say. */
  readonly text: string
}

function sectionsOf(summary: Summary): readonly Section[] {
  const words = wordsOf(summary)
  return [
    { title: 'Requests', text: requests(summary) },
    { title: 'Worst ten minutes', text: worst(summary, words) },
    { title: 'Providers', text: providers(summary) },
    { title: 'Failovers', text: failovers(summary) },
    { title: 'Countries', text: countries(summary) },
    { title: 'Breakers', text: breakers(summary, words) },
    { title: 'Alarms', text: alarms(summary, words) },
    { title: 'Drains', text: drains(summary, words) },
    { title: 'Codes that nobody has classified', text: unknownCodes(summary) },
    { title: 'Asked again', text: resends(summary) },
    { title: 'Rules', text: rules(summary, words) },
    { title: 'Nodes', text: nodes(summary, words) },
    { title: 'Also', text: troubles(summary, words) }
  ].filter(({ text }) => text !== '')
}

/** Of long tables only the top is printed: the page and --json have all of it. */
const MOST_LISTED = 20

function listed<T>(
  entries: readonly T[],
  header: readonly string[],
  numbers: number,
  line: (entry: T) => readonly string[]
): string {
  if (entries.length === 0) return ''
  const table = tableInWords(header, entries.slice(0, MOST_LISTED).map(line), numbers)
  return entries.length > MOST_LISTED
    ? `${table}  and ${countInWords(entries.length - MOST_LISTED)} more\n`
    : table
}

function requests({ requests }: Summary): string {
  const { total, wanted, outcomes, failedOver, acceptedAfterFailover, lastResort, durationMs } = requests
  if (total === 0) return ''
  const lines = outcomes.flatMap(({ name, count }) => [
    [name, countInWords(count), shareInWords(count, total)],
    ...(name === 'accepted' && acceptedAfterFailover > 0
      ? [
          [
            '  after a failover',
            countInWords(acceptedAfterFailover),
            shareInWords(acceptedAfterFailover, total)
          ]
        ]
      : [])
  ])
  if (failedOver > acceptedAfterFailover) {
    const others = failedOver - acceptedAfterFailover
    lines.push(['failover in vain', countInWords(others), shareInWords(others, total)])
  }
  if (lastResort > 0) {
    lines.push(['by a last resort', countInWords(lastResort), shareInWords(lastResort, total)])
  }
  const { p50, p95, p99 } = durationMs
  const took =
    wanted === 0 ? '' : `  Okta waited ${ms(p50)} (half of them less), ${ms(p95)} (95 %), ${ms(p99)} (99 %)\n`
  return `${tableInWords(['', 'requests', 'of all'], lines)}${took}`
}

function ms(value: number | null): string {
  return value === null ? '-' : `${countInWords(value)} ms`
}

function worst({ worst }: Summary, { time }: Words): string {
  const line = (window: Window | null, what: string, part: (window: Window) => number): string => {
    if (window === null) return ''
    const { fromMs, toMs, counts } = window
    return `  ${time(fromMs)} to ${time(toMs)}  ${what}: ${countInWords(part(window))} of ${some(counts.wanted, 'code')} (${shareInWords(part(window), counts.wanted)})\n`
  }
  return (
    line(worst.lost, 'not accepted in time', ({ counts }) => counts.lost) +
    line(worst.failedOver, 'failed over', ({ counts }) => counts.failedOver)
  )
}

function providers({ providers }: Summary): string {
  return listed(
    providers,
    ['', 'attempts', 'accepted', 'p50', 'p99', 'failovers from', 'to', 'failures'],
    6,
    ({ name, attempts, accepted, acceptedLate, durationMs, failoversFrom, failoversTo, failures }) => [
      name,
      countInWords(attempts),
      shareInWords(accepted, attempts),
      ms(durationMs.p50),
      ms(durationMs.p99),
      countInWords(failoversFrom),
      countInWords(failoversTo),
      countsInWords(
        acceptedLate > 0 ? [...failures, { name: 'accepted too late', count: acceptedLate }] : failures
      )
    ]
  )
}

function countsInWords(counts: readonly Count[]): string {
  return counts.map(({ name, count }) => `${name} ${countInWords(count)}`).join(', ')
}

function failovers({ failovers }: Summary): string {
  return listed(failovers, ['', 'failovers', 'because'], 1, ({ from, to, reasons }) => [
    `${from} -> ${to}`,
    countInWords(totalOf(reasons)),
    countsInWords(reasons)
  ])
}

function countries({ countries }: Summary): string {
  return listed(
    countries,
    ['', 'requests', 'accepted', 'failed over', 'asked again'],
    4,
    ({ country, requests, wanted, accepted, failedOver, resends }) => [
      countryInWords(country),
      countInWords(requests),
      shareInWords(accepted, wanted),
      shareInWords(failedOver, wanted),
      countInWords(resends)
    ]
  )
}

function breakers({ breakers, lastMs }: Summary, { time }: Words): string {
  return listed(
    breakers,
    ['', 'open since', 'for', 'openings', 'because'],
    3,
    ({ provider, channel, fromMs, toMs, openings, cause }) => [
      `${provider} ${channel}`,
      time(fromMs),
      toMs === null
        ? `${lengthInWords((lastMs ?? fromMs) - fromMs)}, still is`
        : lengthInWords(toMs - fromMs),
      countInWords(openings),
      cause
    ]
  )
}

function alarms({ alarms }: Summary, { time }: Words): string {
  return listed(
    alarms,
    ['', 'since', 'until', 'said'],
    3,
    ({ provider, channel, class: name, fromMs, toMs, count }) => [
      `${provider} ${channel}: ${name}`,
      time(fromMs),
      toMs === null ? 'not over' : time(toMs),
      times(count)
    ]
  )
}

function drains({ drains }: Summary, words: Words): string {
  return listed(drains, ['', 'at', 'what'], 0, (drain) => [
    [drain.provider, drain.channel, drain.country].filter((part) => part !== null).join(' '),
    words.time(drain.atMs),
    drainInWords(drain, words)
  ])
}

function unknownCodes({ unknownCodes }: Summary): string {
  return listed(unknownCodes, ['', 'code', 'attempts'], 2, ({ provider, code, count }) => [
    provider,
    code === '' ? 'none' : code,
    countInWords(count)
  ])
}

function resends({ resends }: Summary): string {
  return listed(resends, ['after', 'in', 'times'], 2, ({ provider, country, count }) => [
    provider,
    country ?? 'no country',
    countInWords(count)
  ])
}

function rules({ rules, hashes, requests }: Summary, words: Words): string {
  const changes = listed(rules, ['at', 'what'], 0, (change) => [
    words.time(change.atMs),
    rulesInWords(change)
  ])
  if (hashes.length < 2) return changes
  const used = listed(
    hashes,
    ['decided by', 'requests', 'of all', 'from', 'to'],
    4,
    ({ hash, count, firstMs, lastMs }) => [
      hash,
      countInWords(count),
      shareInWords(count, requests.total),
      words.time(firstMs),
      words.time(lastMs)
    ]
  )
  return `${changes}${used}`
}

function nodes({ starts }: Summary, { time }: Words): string {
  return listed(starts, ['', 'started at', 'version', 'mode'], 3, ({ node, atMs, version, mode }) => [
    node,
    time(atMs),
    version,
    mode
  ])
}

function troubles({ troubles }: Summary, { time }: Words): string {
  return listed(
    troubles,
    ['', 'times', 'first', 'last', 'what'],
    3,
    ({ event, reason, count, firstMs, lastMs }) => [
      event,
      countInWords(count),
      time(firstMs),
      time(lastMs),
      reason ?? ''
    ]
  )
}
