import { readFile, stat } from 'node:fs/promises'
import { parseRules, type ParsedRules, type ParseOptions } from './parse.ts'

export interface Unreadable {
  readonly kind: 'unreadable'
  /** One sentence for people, the path in it. */
  readonly message: string
  /** There is no such file. */
  readonly isAbsent: boolean
}

/** The text goes with it: reports show the lines in question. */
export type LoadedRules = (ParsedRules & { readonly text: string }) | Unreadable

/** Never rejects. */
export type LoadRules = (path: string, options: ParseOptions) => Promise<LoadedRules>

const MAX_BYTES = 2 ** 20

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this process may not read it',
  EPERM: 'this process may not read it',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of the path is no directory',
  ELOOP: 'its symbolic links go round in a circle'
}

/** Reads and checks a rules file: UTF-8, at most 1 MiB. */
export const loadRules: LoadRules = async (path, options) => {
  const text = await readRulesText(path)
  return typeof text === 'string' ? { ...parseRules(text, path, options), text } : text
}

/** Reads without checking. Never rejects. */
export async function readRulesText(path: string): Promise<string | Unreadable> {
  let bytes: Buffer
  try {
    const stats = await stat(path)
    // A pipe would be waited for, on one of the few threads that names are looked up on as well.
    if (!stats.isFile()) return unreadable(path, stats.isDirectory() ? 'it is a directory' : 'it is no file')
    const { size } = stats
    if (size > MAX_BYTES) return unreadable(path, `it has ${size} bytes; at most ${MAX_BYTES} are read`)
    bytes = await readFile(path)
    // What the kernel makes up as it is read, such as /proc/self/environ: a report would show lines of it.
    if (size === 0 && bytes.length > 0) return unreadable(path, 'it is no file')
  } catch (error) {
    return unreadable(path, reasonOf(error), codeOf(error) === 'ENOENT')
  }
  return decodeUtf8(bytes) ?? unreadable(path, 'it is not UTF-8')
}

export function unreadable(path: string, reason: string, isAbsent = false): Unreadable {
  return { kind: 'unreadable', message: `The rules file ${path} cannot be read: ${reason}.`, isAbsent }
}

function reasonOf(error: unknown): string {
  const code = codeOf(error)
  return REASONS[code] ?? code
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}

/** A byte order mark stays: the hash is that of the file. */
function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}
