import { once } from 'node:events'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { storyOf } from '../test/fixtures/report/story.ts'
import { runMeasured } from './measured-command.ts'

// How long "switchboard report" takes for a log of so many lines, four of which and some are one request, and how
// much memory.

const { values: flags } = parseArgs({
  options: { lines: { type: 'string', default: '1000000' }, html: { type: 'boolean', default: false } }
})
const lines = Number(flags.lines)
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

const page = flags.html ? ['--html', join(folder, 'report.html')] : []
const { json, seconds, peakMb } = await runMeasured(['report', log, '--json', ...page])
const { requests } = json as { requests: { total: number } }
process.stdout.write(
  `${lines} lines, ${requests.total} requests: ${seconds.toFixed(1)} s, ${peakMb} MB at most (aim: a million within 120 s)\n`
)
rmSync(folder, { recursive: true })
