import type { Readable } from 'node:stream'
import type { Command } from 'commander'
import type { Probes } from './probes.ts'

/** What a command may touch: nothing but this. */
export interface Io {
  /** Behind the program's name. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Null where it cannot be read. */
  readonly readFile: (path: string) => string | null
  /** Puts the text in the place of what the file holds, whole or not at all. Rejects where it cannot be written. */
  readonly writeFile: (path: string, text: string) => Promise<void>
  /** The same for a file that nobody but its owner may read, its folder made where there is none. */
  readonly writeSecretFile: (path: string, text: string) => Promise<void>
  /** A file from its beginning, "-" for standard input, with its size where that is known. Rejects where it cannot be read. */
  readonly openFile: (path: string) => Promise<{ readonly stream: Readable; readonly bytes: number | null }>
  /** What stands at the end of a file, and what is added to it, for ever. */
  readonly followFile: (path: string) => AsyncIterable<Buffer>
  /** What a path held at a revision ("HEAD~1:config/routing.yaml"); null where git knows of none. */
  readonly readRevision: (revision: string) => Promise<string | null>
  readonly fetch: typeof fetch
  /** The person at the terminal; null where nobody is there to answer. */
  readonly questions: Questions | null
  /** What only the gateway's own parts can tell. */
  readonly probes: () => Promise<Probes>
  /** So many bytes that nobody can guess. */
  readonly randomBytes: (count: number) => Buffer
  readonly print: (text: string) => void
  readonly complain: (text: string) => void
  /** Is standard output a terminal that wants colours? */
  readonly colour: boolean
  /** Is standard error a terminal, where a line may be written over? */
  readonly isInteractive: boolean
  /** Of the terminal, in characters. */
  readonly width: number
  /** Ms since 1970. */
  readonly now: () => number
  /** Monotonic, in ms: for how long something took. */
  readonly monotonic: () => number
  readonly version: string
}

/** Asks, and waits for the answer. */
export interface Questions {
  readonly confirm: (question: string) => Promise<boolean>
  /** `check` says what is wrong with an answer, or true. White space around an answer is gone. */
  readonly input: (
    question: string,
    options?: { readonly initial?: string; readonly check?: CheckAnswer }
  ) => Promise<string>
  /** Not shown while it is typed. */
  readonly secret: (question: string, options?: { readonly check?: CheckAnswer }) => Promise<string>
  readonly choose: <T extends string>(question: string, choices: readonly Choice<T>[]) => Promise<T>
  readonly chooseSome: <T extends string>(
    question: string,
    choices: readonly Choice<T>[]
  ) => Promise<readonly T[]>
}

export type CheckAnswer = (answer: string) => true | string

export interface Choice<T extends string> {
  readonly value: T
  readonly name: string
  readonly checked?: boolean
}

/** What a command came to: done, something was found or could not be done, or it was not understood. */
export const STATUS = { fine: 0, findings: 1, usage: 2 } as const

export type Status = (typeof STATUS)[keyof typeof STATUS]

/** What the person who called has to mend. Its message is printed, and the command ends with findings. */
export class CommandFault extends Error {
  override readonly name = 'CommandFault'
}

/** A command as it is joined to the program. `end` is told what came of it. */
export type AddCommand = (program: Command, io: Io, end: (status: Status) => void) => void

/** Examples at the end of a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ switchboard ${line}`).join('\n')}\n`
}
