import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { chmod, chown, mkdir, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Io } from './commands/command.ts'
import { followFile } from './commands/follow-file.ts'
import { createQuestions } from './commands/questions.ts'
import { runCommand } from './commands/run.ts'

const run = promisify(execFile)

/** As much as is read of a rules file. */
const MOST_BYTES = 2 ** 20

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

function readTextFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

const io: Io = {
  args: process.argv.slice(2),
  // A container has none: who it runs as is known all the same.
  env: { USER: userInfo().username, ...process.env },
  readFile: readTextFile,
  async writeFile(path, text) {
    // What a symbolic link leads to is written, and the link stays.
    const target = await realpath(path).catch(() => path)
    const before = await stat(target).catch(() => null)
    if (before !== null && !before.isFile()) throw new Error('It is no file.')
    const beside = `${target}.${process.pid}.tmp`
    try {
      await writeFile(beside, text)
      if (before !== null) {
        await chmod(beside, before.mode)
        // Whoever owns it goes on reading it; only root can give files away.
        await chown(beside, before.uid, before.gid).catch(() => undefined)
      }
      await rename(beside, target)
    } catch (error) {
      await rm(beside, { force: true })
      throw error
    }
  },
  async writeSecretFile(path, text) {
    await mkdir(dirname(path), { recursive: true })
    const beside = `${path}.${process.pid}.tmp`
    try {
      await writeFile(beside, text, { mode: 0o600, flag: 'wx' })
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
  followFile,
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
  questions: process.stdin.isTTY && process.stderr.isTTY ? createQuestions(process.stderr) : null,
  // It loads half of the gateway.
  async probes() {
    const { createProbes } = await import('./probes.ts')
    return createProbes({
      readSecretFile: readTextFile,
      epoch: () => Date.now(),
      now: () => performance.now()
    })
  },
  randomBytes,
  print: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
  colour: process.stdout.isTTY && !process.env['NO_COLOR'],
  isInteractive: process.stderr.isTTY,
  width: process.stdout.columns ?? 100,
  now: () => Date.now(),
  monotonic: () => performance.now(),
  version
}

// Whoever reads it has seen enough, as "head" has.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  // As the shell has it for a program that a closed pipe ended.
  process.exit(141)
})

process.exitCode = await runCommand(io)
