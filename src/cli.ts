import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, chown, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { promisify } from 'node:util'
import type { Io } from './commands/command.ts'
import { followFile } from './commands/follow-file.ts'
import { runCommand } from './commands/run.ts'

const run = promisify(execFile)

/** As much as is read of a rules file. */
const MOST_BYTES = 2 ** 20

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string
}

const io: Io = {
  args: process.argv.slice(2),
  // A container has none: who it runs as is known all the same.
  env: { USER: userInfo().username, ...process.env },
  readFile(path) {
    try {
      return readFileSync(path, 'utf8')
    } catch {
      return null
    }
  },
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
  // As the shell has it for a program that a closed pipe ended.
  process.exit(141)
})

process.exitCode = await runCommand(io)
