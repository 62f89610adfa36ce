import { Worker } from 'node:worker_threads'
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
  let worker: Worker | undefined
  try {
    // Here and now: a thread takes a while to begin, and somebody may be writing by then.
    const text = await Promise.race([readRulesText(path), late.promise])
    if (typeof text !== 'string') return text
    worker = startWorker({ text, path, options })
    return { ...(await Promise.race([answerOf(worker), late.promise])), text }
  } catch (error) {
    const why = error instanceof Error ? error.name : 'unknown'
    return unreadable(path, `its check came to no end (${why})`)
  } finally {
    clearTimeout(giveUp)
    // Nobody waits for its end.
    void worker?.terminate()
  }
}

function startWorker(workerData: Task): Worker {
  return new Worker(new URL('./load-worker.ts', import.meta.url), {
    workerData,
    // What a process is started with, a tracer perhaps, is not for a thread that lives for a second.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY_MB }
  })
}

function answerOf(worker: Worker): Promise<ParsedRules> {
  return new Promise((resolve, reject) => {
    worker.on('message', resolve)
    // It stays: an error that comes later, and that nobody listens for, would end the process.
    worker.on('error', reject)
    worker.on('exit', () => reject(new Error('It ended without a word.')))
  })
}
