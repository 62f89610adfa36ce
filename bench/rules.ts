import { parseArgs } from 'node:util'
import type { Facts } from '../src/domain/facts.ts'
import { FLOWS } from '../src/domain/message.ts'
import { mismatchOf } from '../src/domain/mismatch.ts'
import type { E164 } from '../src/domain/phone.ts'
import { compileRouter, decide, type Router } from '../src/domain/router.ts'
import type { RuleSet } from '../src/domain/rules.ts'
import { parseRules } from '../src/rules/parse.ts'
import { TERRITORIES } from '../src/rules/territories.ts'

// What a decision costs with 10, 100, 1,000 and 10,000 rules, beside walking them; and what the check of a file costs.

const { values: flags } = parseArgs({ options: { decisions: { type: 'string', default: '200000' } } })
const decisions = Number(flags.decisions)

/** Rules as large orgs have them: by country, flow, channel, prefix, language; the last ones for whole countries. */
function fileWith(count: number): string {
  const rules = Array.from({ length: count }, (_, i) => {
    const { country, callingCode } = TERRITORIES[(i * 7) % 245] ?? {}
    const finer = [
      { flow: FLOWS[i % 4] },
      { prefix: `+${callingCode}${(i * 31) % 1000}` },
      { channel: i % 2 === 0 ? 'sms' : 'voice', locale: ['en', 'de', 'fr', 'sv'][i % 4] },
      { org: `org-${i % 50}.okta.com` },
      { number_type: 'mobile', channel: 'sms' }
    ][i % 5]
    return {
      name: `rule-${i}`,
      when: { country, ...finer },
      send: ['twilio', { provider: 'vonage', timeout: '800ms' }]
    }
  })
  return JSON.stringify({
    version: 1,
    providers: { twilio: { channels: ['sms', 'voice'] }, vonage: { channels: ['sms', 'voice'] } },
    senders: { number: { kind: 'number', value: '+12025550123' } },
    defaults: { sender: 'number' },
    rules,
    otherwise: { send: ['vonage', 'twilio'] }
  })
}

const traffic: readonly Facts[] = Array.from({ length: 5_000 }, (_, i) => {
  const { country = null, callingCode = '1' } = TERRITORIES[(i * 13) % 245] ?? {}
  return {
    channel: i % 3 === 0 ? 'voice' : 'sms',
    phone: {
      e164: `+${callingCode}${String(1_000_000 + ((i * 7_919) % 9_000_000))}` as E164,
      country,
      routingCountry: country,
      callingCode,
      type: 'mobile',
      extension: null
    },
    flow: FLOWS[i % 4] ?? null,
    locale: ['en-US', 'de', 'fr-CH', null][i % 4] ?? null,
    org: `org-${i % 60}.okta.com`,
    atMs: 0,
    person: `user-${i}`,
    triedLast: null
  }
})

function rulesOf(text: string): RuleSet {
  const parsed = parseRules(text, 'bench.yaml', { nowMs: 0 })
  if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed.faults.slice(0, 3)))
  return parsed.rules
}

/** Microseconds each, the median of several rounds. */
function timeOf(work: (facts: Facts) => unknown, count: number): number {
  const rounds = Array.from({ length: 7 }, () => {
    const begunMs = performance.now()
    for (let i = 0; i < count; i++) work(traffic[i % traffic.length] as Facts)
    return ((performance.now() - begunMs) * 1000) / count
  })
  return rounds.toSorted((a, b) => a - b)[3] ?? Number.NaN
}

const ready = { kind: 'ready' } as const

process.stdout.write('   rules   check ms   decide us   walking us   matched\n')
for (const count of [10, 100, 1_000, 10_000]) {
  const text = fileWith(count)
  const begunMs = performance.now()
  const rules = rulesOf(text)
  const checkMs = performance.now() - begunMs
  const router: Router = compileRouter(rules, { shadows: false })
  const matched = traffic.filter((facts) => decide(router, facts, () => ready).rule !== 'otherwise').length
  timeOf((facts) => decide(router, facts, () => ready), 20_000)
  const decideUs = timeOf((facts) => decide(router, facts, () => ready), decisions / 7)
  const walkUs = timeOf(
    (facts) => rules.rules.find((rule) => mismatchOf(rule, facts) === null),
    Math.max(200, decisions / count / 7)
  )
  const cells = [String(count), checkMs.toFixed(0), decideUs.toFixed(2), walkUs.toFixed(2)]
  const share = `${Math.round((100 * matched) / traffic.length)} %`
  process.stdout.write(
    `${[...cells, share].map((cell, i) => cell.padStart([8, 11, 12, 13, 10][i] ?? 0)).join('')}\n`
  )
}
