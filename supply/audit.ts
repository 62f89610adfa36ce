import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { judgeAudit } from './audit-judged.ts'

// npm audit --json | node supply/audit.ts: what is known against the packages of the lock file, less what
// supply/audit-exceptions.json explains. Exit status 1 where anything is left.

const exceptions: unknown = JSON.parse(
  readFileSync(new URL('audit-exceptions.json', import.meta.url), 'utf8')
)
const judged = judgeAudit(
  JSON.parse(await text(process.stdin)),
  exceptions,
  new Date().toISOString().slice(0, 10)
)
process.stdout.write(judged.lines.map((line) => `${line}\n`).join(''))
process.exitCode = judged.ok ? 0 : 1
