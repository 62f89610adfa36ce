import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { noticesOf } from './licences.ts'
import { readLock } from './lock.ts'
import { sbomOf } from './sbom.ts'

// node supply/write.ts sbom|licences [FOLDER]: what goes out with the image. Needs the lock file, and for licences the
// installed packages.

const root = new URL('../', import.meta.url)
const [, , what, folder = 'build'] = process.argv
const lock = readLock(readFileSync(new URL('package-lock.json', root), 'utf8'))

/** The first file of a package that is called LICENSE, LICENCE, COPYING or NOTICE, whatever its ending and its case. */
function noticeOf(path: string): string | null {
  const home = new URL(`${path}/`, root)
  const name = readdirSync(home)
    .toSorted()
    .find((entry) => /^(licen[sc]e|copying|notice)/iu.test(entry))
  return name === undefined ? null : readFileSync(new URL(name, home), 'utf8')
}

function write(name: string, text: string): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(`${folder}/${name}`, text)
  process.stdout.write(`${folder}/${name}\n`)
}

switch (what) {
  case 'sbom': {
    const epoch = process.env['SOURCE_DATE_EPOCH']
    write('sbom.cdx.json', sbomOf(lock, epoch === undefined || epoch === '' ? null : Number(epoch)))
    break
  }
  case 'licences':
    write('licences.txt', noticesOf(lock, noticeOf))
    break
  default:
    process.stderr.write('Say what to write: node supply/write.ts sbom|licences [FOLDER]\n')
    process.exitCode = 1
}
