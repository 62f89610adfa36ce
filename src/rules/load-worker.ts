import { parentPort, workerData } from 'node:worker_threads'
import { loadRules } from './load.ts'
import type { ParseOptions } from './parse.ts'

const { path, options } = workerData as { readonly path: string; readonly options: ParseOptions }
parentPort?.postMessage(await loadRules(path, options))
