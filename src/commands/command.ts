import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

/** What a command may touch: nothing but this. */
export interface Io {
  /** After the command's name. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Null where it cannot be read. */
  readonly readFile: (path: string) => string | null
  readonly fetch: typeof fetch
  readonly print: (text: string) => void
  readonly complain: (text: string) => void
  readonly version: string
}

export interface Command {
  /** As it is written, after the program's name. */
  readonly usage: string
  readonly summary: string
  /** @returns the exit status. */
  readonly run: (io: Io) => Promise<number>
}

/** The arguments as they are to be; null where they are not, which has then been said. */
export function readArgs<const O extends ParseArgsOptionsConfig>(io: Io, usage: string, options: O) {
  try {
    return parseArgs({ args: [...io.args], options, allowPositionals: true, strict: true })
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('. ')[0] ?? '') : ''
    io.complain(`${why}.\nIt is written as: switchboard ${usage}\n`)
    return null
  }
}
