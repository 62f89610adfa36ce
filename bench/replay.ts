import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { TERRITORIES } from '../src/rules/territories.ts'
import { runMeasured } from './measured-command.ts'

// How long "switchboard replay" takes for a log of so many lines, four of which are one request, and how much memory.

const { values: flags } = parseArgs({ options: { lines: { type: 'string', default: '1000000' } } })
const lines = Number(flags.lines)
const folder = mkdtempSync(join(tmpdir(), 'switchboard-replay-'))
const log = join(folder, 'otp.ndjson')

const out = createWriteStream(log)
for (let i = 0; i < lines / 4; i++) {
  const { country = null, callingCode = '1' } = TERRITORIES[(i * 13) % 245] ?? {}
  const time = 1_795_000_000_000 + i * 20
  const ids = {
    request_id: `r${i}`,
    okta_event_id: `e${i}`,
    okta_request_id: null,
    rules_hash: '0123456789ab'
  }
  const request = { channel: 'sms', country, phone: `${country}…67`, phone_hash: '0123456789abcdef' }
  const story = [
    { event: 'otp.request.received', ...request, flow: 'sign_in', number_type: 'mobile', locale: 'en-US' },
    {
      event: 'otp.route.decided',
      rule: 'otherwise',
      channel: 'sms',
      routing_country: country,
      number_type: 'mobile',
      number_prefix: `+${callingCode}70`,
      flow: 'sign_in',
      locale: 'en-US',
      org: 'acme.okta.com',
      tried_last: null,
      blocked: false,
      candidates: ['twilio', 'vonage'].map((provider) => ({
        provider,
        sender_kind: 'number',
        timeout_ms: 900
      })),
      skipped: [],
      split: null,
      last_resorts: [],
      decide_us: 2
    },
    { event: 'otp.attempt.completed', attempt: 1, provider: 'twilio', result: 'accepted', ...request },
    { event: 'otp.request.completed', outcome: 'accepted', ...request, provider: 'twilio', attempts: 1 }
  ]
  const text = story
    .map((line) => `${JSON.stringify({ level: 30, time, ...ids, ...line, msg: 'x' })}\n`)
    .join('')
  if (!out.write(text)) await once(out, 'drain')
}
out.end()
await once(out, 'close')

const { json, seconds, peakMb } = await runMeasured(['replay', 'config/routing.yaml', '--log', log, '--json'])
const { requests } = json as { requests: number }
process.stdout.write(
  `${lines} lines, ${requests} requests: ${seconds.toFixed(1)} s, ${peakMb} MB at most (aim: a million within 120 s)\n`
)
rmSync(folder, { recursive: true })
