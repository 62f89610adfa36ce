import { Worker } from 'node:worker_threads'
import { unreadable, type LoadedRules } from './load.ts'
import type { ParseOptions } from './parse.ts'

/** Longer than any file that people write takes, on a machine that has much to do, in ms. */
const GIVE_UP_AFTER_MS = 60_000

const MOST_MEMORY_MB = 512

/**
 * Reads and checks a rules file on a thread of its own: a long file takes seconds to check, and whoever waits
 * for a code does not wait for that. Never rejects.
 */
export async function loadRulesApart(
  path: string,
  options: ParseOptions,
  giveUpAfterMs = GIVE_UP_AFTER_MS
): Promise<LoadedRules> {
  try {
    return await loadOnThread({ path, options }, giveUpAfterMs)
  } catch (error) {
    const why = error instanceof Error ? error.name : 'unknown'
    return unreadable(path, `its check came to no end (${why})`)
  }
}

async function loadOnThread(
  workerData: { readonly path: string; readonly options: ParseOptions },
  giveUpAfterMs: number
): Promise<LoadedRules> {
  const { promise, resolve, reject } = Promise.withResolvers<LoadedRules>()
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB }
  })
  worker.on('message', resolve)
  // It stays: an error that comes later, and that nobody listens for, would end the process.
  worker.on('error', reject)
  worker.on('exit', () => reject(new Error('It ended without a word.')))
  const giveUp = setTimeout(() => reject(new Error('It took too long.')), giveUpAfterMs)
  try {
    return await promise
  } finally {
    clearTimeout(giveUp)
    // Not waited for: a thread that the file's drive does not answer cannot be ended.
    void worker.terminate()
  }
}
