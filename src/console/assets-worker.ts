import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'

export interface Source {
  /** Below `/console/`. */
  readonly path: string
  readonly url: string
}

export interface Made {
  readonly path: string
  readonly body: Uint8Array
  readonly gzip: Uint8Array
}

const sources = workerData as readonly Source[]
parentPort?.postMessage(sources.map(make))

function make({ path, url }: Source): Made {
  const text = readFileSync(new URL(url), 'utf8')
  // Lines and columns stay: what the browser says of a fault is where it is in our file.
  const body = path.endsWith('.ts') ? stripTypeScriptTypes(text) : text
  return { path, body: new TextEncoder().encode(body), gzip: gzipSync(body, { level: 9 }) }
}
