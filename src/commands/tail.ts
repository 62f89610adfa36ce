import { Readable } from 'node:stream'
import { Option } from 'commander'
import { numberIn, parseLine, plainText, textIn, type LogLine } from '../telemetry/log-line.ts'
import { examples, STATUS, type AddCommand, type Io } from './command.ts'
import { paint } from '../words/paint.ts'
import { readLines, whyUnreadable } from './read-log.ts'

interface Options {
  readonly follow?: true
  readonly request?: string
  readonly event?: string
  readonly level?: LevelName
}

/** pino's numbers. */
const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const
type LevelName = keyof typeof LEVELS

export const addTail: AddCommand = (program, io, end) => {
  program
    .command('tail')
    .description("show the gateway's log for eyes: a file, or what comes on standard input")
    .argument('[file]', 'a log as the gateway wrote it, gzipped or not; "-" for standard input', '-')
    .option('-f, --follow', 'show the end of the file, and go on with what is added to it')
    .option('--request <id>', 'one request: how its id begins, or an id of Okta')
    .option('--event <prefix>', 'only events whose names begin so')
    .addOption(new Option('--level <level>', 'the least that is shown').choices(Object.keys(LEVELS)))
    .addHelpText(
      'after',
      `${examples(
        'tail otp.ndjson',
        'tail -f otp.ndjson --level warn',
        'tail otp.ndjson --request 3f9a1c2d',
        'tail otp.ndjson --event circuit'
      )}
"npm start | npx switchboard tail" shows a gateway while it runs. Times are UTC.`
    )
    .action(async (file: string, options: Options) => {
      if (options.follow === true && file === '-') {
        io.complain('--follow needs a file; standard input is followed anyway.\n')
        return end(STATUS.usage)
      }
      const show = createView(io, options)
      try {
        const stream =
          options.follow === true ? Readable.from(io.followFile(file)) : (await io.openFile(file)).stream
        for await (const lines of readLines(stream)) {
          const text = lines.map((line) => show(line)).join('')
          if (text !== '') io.print(text)
        }
      } catch (error) {
        io.complain(`${file} cannot be read${whyUnreadable(error)}.\n`)
        end(STATUS.findings)
      }
    })
}

/** @returns what is printed for a line; null for one that is too long. */
function createView(io: Io, options: Options): (line: string | null) => string {
  const { bold, dim } = paint(io.colour)
  const isFiltered = [options.request, options.event, options.level].some((filter) => filter !== undefined)
  let day = ''

  return (line) => {
    const entry = line === null ? null : parseLine(line)
    if (entry === null) {
      if (line === '' || isFiltered) return ''
      return `${dim(line === null ? '(a line that is too long)' : plainText(line))}\n`
    }
    if (!isMeant(entry, options)) return ''
    const time = timeOf(entry)
    const heading = time.day === day || time.day === '' ? '' : `${bold(time.day)}\n`
    if (heading !== '') ({ day } = time)
    return heading + entryInWords(io, entry, time.clock)
  }
}

function isMeant(entry: LogLine, { request, event, level }: Options): boolean {
  if (level !== undefined && (numberIn(entry, 'level') ?? LEVELS.info) < LEVELS[level]) return false
  if (event !== undefined && !(textIn(entry, 'event') ?? '').startsWith(event)) return false
  if (request === undefined) return true
  const isOktas = [textIn(entry, 'okta_event_id'), textIn(entry, 'okta_request_id')].includes(request)
  return isOktas || (textIn(entry, 'request_id') ?? '').startsWith(request)
}

/** No moment beyond it is one. */
const MOST_MS = 8.64e15

function timeOf(entry: LogLine): { readonly day: string; readonly clock: string } {
  const ms = numberIn(entry, 'time')
  if (ms === null || Math.abs(ms) > MOST_MS) return { day: '', clock: '            ' }
  const [day = '', clock = ''] = new Date(ms).toISOString().split('T')
  return { day, clock: clock.slice(0, -1) }
}

/** Enough to tell requests apart that are on one screen. */
const ID_LENGTH = 8

/** Lines between the first and the last of a request: they are its story, and stand a little to the right. */
const WITHIN = /^otp\.(?:route|attempt|failover|resend|request\.duplicate_suppressed)/u

const MARGIN = ' '.repeat(12 + 2 + 5 + 2 + ID_LENGTH + 2)

function entryInWords(io: Io, entry: LogLine, clock: string): string {
  const { dim, bold } = paint(io.colour)
  const event = shown(textIn(entry, 'event') ?? '')
  const id = shown((textIn(entry, 'request_id') ?? '').slice(0, ID_LENGTH)).padEnd(ID_LENGTH)
  const { name, colour } = levelOf(io, entry)
  const words = shown(textIn(entry, 'msg') ?? '') || event || '(no words)'
  const isEnd = event === 'otp.request.completed'
  const sentence = colour(isEnd && io.colour ? bold(words) : words)
  const indent = WITHIN.test(event) ? '  ' : ''
  const facts = dim(isEnd ? factsOf(entry) : nameOf(event))
  const first = `${dim(clock)}  ${colour(name.padEnd(5))}  ${dim(id)}  ${indent}${sentence}${facts}\n`
  return isEnd ? first + storyOf(io, entry) : first
}

/** The name of an event that is no request's: its sentence alone may not say what to look for. */
function nameOf(event: string): string {
  return event === '' || event.startsWith('otp.') ? '' : `  ${event}`
}

function factsOf(entry: LogLine): string {
  const durationMs = numberIn(entry, 'duration_ms')
  const leftMs = numberIn(entry, 'deadline_left_ms')
  const facts = [
    textIn(entry, 'channel'),
    textIn(entry, 'country'),
    textIn(entry, 'rule') === null ? null : `rule ${textIn(entry, 'rule')}`,
    durationMs === null ? null : `${durationMs} ms`,
    leftMs === null ? null : leftMs < 0 ? `${-leftMs} ms too late` : `${leftMs} ms left`,
    entry['possible_duplicate'] === true ? 'perhaps twice' : null
  ].filter((fact) => fact !== null)
  return facts.length === 0 ? '' : `  ${shown(facts.join(', '))}`
}

/** As many as any chain has, and more. */
const MOST_ATTEMPTS = 20

/** Who was asked, one below the other; nothing where the first one took it. */
function storyOf(io: Io, entry: LogLine): string {
  const { dim } = paint(io.colour)
  const details: readonly unknown[] = Array.isArray(entry['attempts_detail']) ? entry['attempts_detail'] : []
  const attempts = details
    .slice(0, MOST_ATTEMPTS)
    .filter((detail): detail is LogLine => typeof detail === 'object' && detail !== null)
  if (attempts.length < 2 && textIn(entry, 'outcome') === 'accepted') return ''
  const names = attempts.map((attempt) => shown(textIn(attempt, 'provider') ?? '?'))
  const width = Math.max(0, ...names.map((name) => name.length))
  return attempts
    .map((attempt, index) => {
      const line = `${index + 1}. ${(names[index] ?? '').padEnd(width)}  ${attemptInWords(attempt)}`
      return `${MARGIN}  ${dim(line)}\n`
    })
    .join('')
}

function attemptInWords(attempt: LogLine): string {
  const code = textIn(attempt, 'provider_code')
  const durationMs = numberIn(attempt, 'duration_ms')
  const why = [textIn(attempt, 'cause'), code === null ? null : `code ${code}`].filter(
    (part) => part !== null
  )
  const facts = [
    `${textIn(attempt, 'result') ?? '?'}${why.length === 0 ? '' : ` (${why.join(', ')})`}`,
    durationMs === null ? null : `${durationMs} ms`,
    textIn(attempt, 'trigger'),
    textIn(attempt, 'sent_certainty') === 'unknown' ? 'perhaps sent' : null
  ].filter((fact) => fact !== null)
  return shown(facts.join(', '))
}

function levelOf(
  io: Io,
  entry: LogLine
): { readonly name: string; readonly colour: (text: string) => string } {
  const { dim, warn, alarm } = paint(io.colour)
  const level = numberIn(entry, 'level') ?? LEVELS.info
  if (level >= LEVELS.error) return { name: 'error', colour: alarm }
  if (level >= LEVELS.warn) return { name: 'warn', colour: warn }
  if (level >= LEVELS.info) return { name: 'info', colour: (text) => text }
  return { name: 'debug', colour: dim }
}

/** A longer text is none of ours. */
const MOST_TEXT = 500

function shown(text: string): string {
  return plainText(text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)} ...` : text)
}
