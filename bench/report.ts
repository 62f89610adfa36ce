import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { storyOf } from '../test/fixtures/report/story.ts'

// How long "switchboard report" takes for a log of so many lines, four of which and some are one request, and how
// much memory.

const { values: flags } = parseArgs({
  options: { lines: { type: 'string', default: '1000000' }, html: { type: 'boolean', default: false } }
})
const lines = Number(flags.lines)
const ROOT = new URL('..', import.meta.url).pathname
const folder = mkdtempSync(join(tmpdir(), 'switchboard-report-'))
const log = join(folder, 'otp.ndjson')

const out = createWriteStream(log)
let written = 0
for (const line of storyOf({ minutes: Infinity, startMs: Date.now() - lines * 1000 })) {
  if (written === lines) break
  written += 1
  if (!out.write(line)) await once(out, 'drain')
}
out.end()
await once(out, 'close')

const begunMs = performance.now()
const page = flags.html ? ['--html', join(folder, 'report.html')] : []
const child = spawn(process.execPath, ['bin/switchboard.js', 'report', log, '--json', ...page], {
  cwd: ROOT,
  stdio: ['ignore', 'pipe', 'inherit']
})
let peakKb = 0
const watching = setInterval(() => {
  try {
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/u.exec(status)?.[1] ?? 0))
  } catch {
    // It has ended, or this is no Linux.
  }
}, 100)
let json = ''
child.stdout.on('data', (chunk) => (json += String(chunk)))
await once(child, 'close')
clearInterval(watching)
const seconds = (performance.now() - begunMs) / 1000
const { requests } = JSON.parse(json) as { requests: { total: number } }
process.stdout.write(
  `${lines} lines, ${requests.total} requests: ${seconds.toFixed(1)} s, ${Math.round(peakKb / 1024)} MB at most (aim: a million within 120 s)\n`
)
rmSync(folder, { recursive: true })
