import { Worker } from 'node:worker_threads'

export interface Apart {
  /** After so long it is given up, in ms. */
  readonly giveUpAfterMs: number
  readonly mostMemoryMb: number
  /** Flags of Node for the thread. None of the process's own are passed on: what it is started with, a tracer perhaps, is not for a thread that lives for a second. */
  readonly flags?: readonly string[]
}

/**
 * Runs a script on a thread of its own, so that whoever waits for a code does not wait for it. The script finds what
 * it is given in `workerData`, and posts one answer.
 *
 * @returns the answer; rejects where the script fails, takes too long, or needs too much memory.
 */
export async function runApart<T>(script: URL, workerData: unknown, limits: Apart): Promise<T> {
  const worker = new Worker(script, {
    workerData,
    execArgv: [...(limits.flags ?? [])],
    resourceLimits: { maxOldGenerationSizeMb: limits.mostMemoryMb }
  })
  const late = Promise.withResolvers<never>()
  const giveUp = setTimeout(() => late.reject(new Error('It took too long.')), limits.giveUpAfterMs)
  try {
    return await Promise.race([answerOf<T>(worker), late.promise])
  } finally {
    clearTimeout(giveUp)
    // Nobody waits for its end.
    void worker.terminate()
  }
}

function answerOf<T>(worker: Worker): Promise<T> {
  return new Promise((resolve, reject) => {
    worker.on('message', resolve)
    // It stays: an error that comes later, and that nobody listens for, would end the process.
    worker.on('error', reject)
    worker.on('exit', () => reject(new Error('It ended without a word.')))
  })
}
