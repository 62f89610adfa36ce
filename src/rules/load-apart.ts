import { runApart } from './apart.ts'
import type { Task } from './load-worker.ts'
import { readRulesText, unreadable, type LoadedRules } from './load.ts'
import type { ParsedRules, ParseOptions } from './parse.ts'

/** Longer than any file that people write takes, on a machine that has much to do, in ms. */
const GIVE_UP_AFTER_MS = 60_000

const MOST_MEMORY_MB = 512

/**
 * Reads a rules file, and checks it on a thread of its own: a long file takes seconds to check, and whoever
 * waits for a code does not wait for that. Never rejects.
 */
export async function loadRulesApart(
  path: string,
  options: ParseOptions,
  giveUpAfterMs = GIVE_UP_AFTER_MS
): Promise<LoadedRules> {
  const late = Promise.withResolvers<never>()
  const giveUp = setTimeout(() => late.reject(new Error('It took too long.')), giveUpAfterMs)
  try {
    // Here and now: a thread takes a while to begin, and somebody may be writing by then.
    const text = await Promise.race([readRulesText(path), late.promise])
    if (typeof text !== 'string') return text
    const task: Task = { text, path, options }
    const parsed = await runApart<ParsedRules>(new URL('./load-worker.ts', import.meta.url), task, {
      giveUpAfterMs,
      mostMemoryMb: MOST_MEMORY_MB
    })
    return { ...parsed, text }
  } catch (error) {
    const why = error instanceof Error ? error.name : 'unknown'
    return unreadable(path, `its check came to no end (${why})`)
  } finally {
    clearTimeout(giveUp)
  }
}
