import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { isCountry } from '../rules/countries.ts'
import type { PastRequest } from '../rules/replay.ts'
import { EVENTS } from '../telemetry/events.ts'

/** A longer line is none of ours: it is passed over and counted. */
const MOST_LINE_BYTES = 2 ** 20

const GZIP_MAGIC = Buffer.from([0x1f, 0x8b])

/** What a log came to. */
export interface LogTally {
  lines: number
  /** Lines about a decision that cannot be read: cut off, or of another version. */
  unread: number
}

/**
 * Reads the gateway's own log, as it is or gzipped, and hands on every decision in it. Other lines, of whatever
 * kind, are passed over. Rejects where the stream does.
 */
export async function readDecisions(
  stream: Readable,
  tally: LogTally,
  hear: { readonly onDecision: (past: PastRequest) => void; readonly onBytes: (bytes: number) => void }
): Promise<void> {
  for await (const lines of readLines(stream, hear.onBytes)) {
    for (const line of lines) {
      tally.lines += 1
      if (line === null) tally.unread += 1
      if (line === null || !line.includes('"otp.route.decided"')) continue
      const past = readDecision(line)
      if (past === undefined) tally.unread += 1
      else if (past !== null) hear.onDecision(past)
    }
  }
}

/**
 * The lines of a log, as it is or gzipped, by the chunk they came in; null for one that is too long. Rejects where
 * the stream does.
 *
 * @param onBytes is told how much of the file has been read.
 */
export function readLines(
  stream: Readable,
  onBytes: (bytes: number) => void = () => {}
): AsyncIterable<readonly (string | null)[]> {
  return linesOf(unzipped(stream, onBytes))
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this process may not read it',
  EISDIR: 'it is a directory',
  Z_DATA_ERROR: 'it is no sound gzip file',
  Z_BUF_ERROR: 'its gzip ends too early'
}

/** Did the stream break, or is it a bug of ours? */
export function isOfTheStream(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}

/** Its end is missing. What was before it has been read. */
export function isCutOff(error: unknown): boolean {
  return isOfTheStream(error) && (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR'
}

/** ": there is no such file", or nothing. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined
  return reason === undefined ? '' : `: ${reason}`
}

async function* unzipped(stream: Readable, onBytes: (bytes: number) => void): AsyncIterable<Buffer> {
  const chunks = counted(stream, onBytes)[Symbol.asyncIterator]()
  const first = await chunks.next()
  if (first.done === true) return
  const rest = async function* (): AsyncIterable<Buffer> {
    yield first.value
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value
  }
  if (!first.value.subarray(0, GZIP_MAGIC.length).equals(GZIP_MAGIC)) {
    yield* rest()
    return
  }
  const gunzip = createGunzip()
  const source = Readable.from(rest())
  source.on('error', (error) => gunzip.destroy(error))
  yield* source.pipe(gunzip) as AsyncIterable<Buffer>
}

async function* counted(stream: Readable, onBytes: (bytes: number) => void): AsyncIterable<Buffer> {
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    const bytes = Buffer.from(chunk as Buffer)
    onBytes(bytes.length)
    yield bytes
  }
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncIterable<readonly (string | null)[]> {
  const decoder = new TextDecoder()
  let rest = ''
  let isTooLong = false
  for await (const chunk of chunks) {
    const [first = '', ...others] = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    const lines: (string | null)[] = [first, ...others]
    rest = lines.pop() ?? ''
    if (isTooLong && lines.length > 0) {
      lines[0] = null
      isTooLong = false
    }
    if (rest.length > MOST_LINE_BYTES) {
      rest = ''
      isTooLong = true
    }
    yield lines
  }
  if (rest !== '' || isTooLong) yield [isTooLong ? null : rest]
}

const Share = Type.Number({ minimum: 0, maximum: 1 })

/** The event as it is written, with the time that every line has, and held to what could be true. */
const compiled = Compile(
  Type.Object({
    ...EVENTS['otp.route.decided'].properties,
    // As far as there are dates.
    time: Type.Number({ minimum: 0, maximum: 8.64e15 }),
    number_prefix: Type.String({ pattern: String.raw`^\+\d{1,10}$` }),
    split: Type.Union([Type.Object({ arm: Type.String(), from: Share, to: Share }), Type.Null()])
  })
)

const NAME = 'otp.route.decided'

/** Null for another event, undefined for one that cannot be read. */
function readDecision(line: string): PastRequest | null | undefined {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return undefined
  }
  if ((value as { event?: unknown } | null)?.event !== NAME) return null
  if (!compiled.Check(value)) return undefined
  if (value.split !== null && value.split.from >= value.split.to) return undefined
  const country = value.routing_country
  return {
    atMs: value.time,
    channel: value.channel,
    country: country !== null && isCountry(country) ? country : null,
    numberType: value.number_type,
    prefix: value.number_prefix,
    flow: value.flow,
    locale: value.locale,
    org: value.org,
    triedLast: value.tried_last,
    rule: value.rule,
    blocked: value.blocked,
    providers: [...value.candidates.map(({ provider }) => provider), ...value.last_resorts],
    skipped: value.skipped,
    drawn: value.split
  }
}
