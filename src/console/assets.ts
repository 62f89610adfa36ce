import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { runApart } from '../rules/apart.ts'
import type { Made, Source } from './assets-worker.ts'

/** A file of the page, as it goes over the wire. */
export interface Asset {
  readonly type: string
  readonly body: Buffer
  readonly gzip: Buffer
  readonly etag: string
}

export interface Assets {
  readonly index: Asset
  /** Of the page's import map, which stands in the page: what a Content-Security-Policy lets run. */
  readonly importMapHash: string
  /** By its path below `/console/`: "page/app.ts", "lib/preact.js". */
  readonly byPath: ReadonlyMap<string, Asset>
}

/** Libraries as they are published for browsers; the import map of index.html names them. */
const LIBRARIES: Readonly<Record<string, string>> = {
  'lib/preact.js': 'preact/dist/preact.mjs',
  'lib/hooks.js': 'preact/hooks/dist/hooks.mjs',
  'lib/signals-core.js': '@preact/signals-core/dist/signals-core.mjs',
  'lib/signals.js': '@preact/signals/dist/signals.mjs',
  'lib/uplot.js': 'uplot/dist/uPlot.esm.js',
  'lib/uplot.css': 'uplot/dist/uPlot.min.css'
}

const TYPES: Readonly<Record<string, string>> = {
  ts: 'text/javascript; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  html: 'text/html; charset=utf-8'
}

const INDEX = 'page/index.html'

const GIVE_UP_AFTER_MS = 30_000

const MOST_MEMORY_MB = 256

/**
 * Reads the page and makes of it what browsers read: types are taken out by Node itself, as it does with what it runs,
 * on a thread of its own. Only what this list finds is ever served: no path is made of a URL.
 */
export async function loadAssets(): Promise<Assets> {
  const sources = listSources()
  const made = await runApart<readonly Made[]>(new URL('./assets-worker.ts', import.meta.url), sources, {
    giveUpAfterMs: GIVE_UP_AFTER_MS,
    mostMemoryMb: MOST_MEMORY_MB,
    // Node calls it experimental, and would say so on standard error.
    flags: ['--disable-warning=ExperimentalWarning']
  })
  const byPath = new Map(made.map((one) => [one.path, assetOf(one)]))
  const index = byPath.get(INDEX)
  if (index === undefined) throw new Error('The page is missing.')
  byPath.delete(INDEX)
  return { index, importMapHash: hashOfImportMap(index.body.toString()), byPath }
}

function listSources(): readonly Source[] {
  const page = new URL('./page/', import.meta.url)
  const names = readdirSync(page).filter((name) => Object.hasOwn(TYPES, extensionOf(name)))
  return [
    ...names.map((name) => ({ path: `page/${name}`, url: new URL(name, page).href })),
    ...Object.entries(LIBRARIES).map(([path, name]) => ({ path, url: urlOfLibrary(name) }))
  ]
}

/** Where npm has put it: beside us or further up. */
function urlOfLibrary(name: string): string {
  const [, root = '', rest = ''] = /^((?:@[^/]+\/)?[^/]+)\/(.+)$/u.exec(name) ?? []
  const entry = import.meta.resolve(root)
  const marker = `/node_modules/${root}/`
  return `${entry.slice(0, entry.lastIndexOf(marker) + marker.length)}${rest}`
}

function assetOf({ path, body, gzip }: Made): Asset {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22)
  return {
    type: TYPES[extensionOf(path)] ?? 'application/octet-stream',
    body: Buffer.from(body),
    gzip: Buffer.from(gzip),
    etag: `"${hash}"`
  }
}

function extensionOf(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function hashOfImportMap(html: string): string {
  const [, map = ''] = /<script type="importmap">([^]*?)<\/script>/u.exec(html) ?? []
  return `sha256-${createHash('sha256').update(map).digest('base64')}`
}
