import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { unreadable, type LoadedRules, type LoadRules } from './load.ts'

/** Longer than any file that people write takes, on a machine that has much to do, in ms. */
const GIVE_UP_AFTER_MS = 60_000

const MOST_MEMORY_MB = 512

/**
 * Reads and checks a rules file on a thread of its own: a long file takes seconds to check, and whoever waits
 * for a code does not wait for that.
 */
export const loadRulesApart: LoadRules = async (path, options) => {
  const worker = new Worker(new URL('./load-worker.ts', import.meta.url), {
    workerData: { path, options },
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB }
  })
  try {
    const [loaded] = (await once(worker, 'message', { signal: AbortSignal.timeout(GIVE_UP_AFTER_MS) })) as [
      LoadedRules
    ]
    return loaded
  } catch (error) {
    const why = error instanceof Error ? error.name : 'unknown'
    return unreadable(path, `its check came to no end (${why})`)
  } finally {
    await worker.terminate()
  }
}
