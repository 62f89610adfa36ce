import { parentPort, workerData } from 'node:worker_threads'
import { parseRules, type ParseOptions } from './parse.ts'

/** What the thread is given. */
export interface Task {
  readonly text: string
  readonly path: string
  readonly options: ParseOptions
}

const { text, path, options } = workerData as Task
parentPort?.postMessage(parseRules(text, path, options))
