import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { Io } from './commands/command.ts'
import { runCommand } from './commands/run.ts'

const run = promisify(execFile)

/** As much as is read of a rules file. */
const MOST_BYTES = 2 ** 20

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const io: Io = {
  args: process.argv.slice(2),
  env: process.env,
  readFile(path) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return null
    }
  },
  async writeFile(path, text) {
    const beside = `${path}.${process.pid}.tmp`
    try {
      const { mode } = await stat(path).catch(() => ({ mode: 0o644 }))
      await writeFile(beside, text, { mode })
      await rename(beside, path)
    } catch (error) {
      await rm(beside, { force: true })
      throw error
    }
  },
  async openFile(path) {
    if (path === '-') return { stream: process.stdin, bytes: null }
    const file = await open(path)
    const stats = await file.stat()
    if (stats.isDirectory()) {
      await file.close()
      throw Object.assign(new Error('It is a directory.'), { code: 'EISDIR' })
    }
    return { stream: file.createReadStream(), bytes: stats.isFile() ? stats.size : null }
  },
  async readRevision(revision) {
    try {
      const { stdout } = await run('git', ['show', '--no-textconv', '--end-of-options', revision], {
        maxBuffer: MOST_BYTES
      })
      return stdout
    } catch {
      return null
    }
  },
  fetch,
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  colour: process.stdout.isTTY && !process.env['NO_COLOR'],
  isInteractive: process.stderr.isTTY,
  width: process.stdout.columns ?? 100,
  now: () => Date.now(),
  version
}

// Whoever reads it has seen enough, as "head" has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await runCommand(io)
