import fc from 'fast-check'
import t from 'tap'
import { CHANNELS, FLOWS } from '../../src/domain/message.ts'
import { compileRouter, decide } from '../../src/domain/router.ts'
import type { Rule, When } from '../../src/domain/rules.ts'
import { findReach } from '../../src/rules/never-reached.ts'
import { TERRITORIES } from '../../src/rules/territories.ts'
import { rule, ruleSet } from '../fixtures/rules.ts'
import { trafficOf } from '../fixtures/traffic.ts'

const NOW = Date.parse('2026-11-25T12:00Z')

const some = <T>(values: readonly T[]) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 4 })

const COUNTRIES = ['SE', 'NO', 'US', 'CA', 'GB', 'GG'] as const

/** Few values, so that rules get into each other's way. */
const whens: fc.Arbitrary<When> = fc
  .record(
    {
      country: some(COUNTRIES),
      not_country: some(COUNTRIES),
      prefix: some(['+4', '+44', '+447', '+46', '+467', '+4670', '+1', '+1416', '+870', ...tens('+464')]),
      number_type: some(['mobile', 'fixed_line', 'fixed_line_or_mobile', 'premium_rate', 'satellite']),
      channel: some(CHANNELS),
      flow: some(FLOWS),
      locale: some(['en', 'en-us', 'de']),
      org: some(['a.okta.com', 'b.okta.com'])
    },
    { requiredKeys: [] }
  )
  .chain((all) =>
    fc
      .subarray(Object.keys(all) as (keyof When)[], {
        minLength: Math.min(1, Object.keys(all).length),
        maxLength: 2
      })
      .map((keys) => Object.fromEntries(keys.map((key) => [key, all[key]])) as When)
  )
  .filter((when) => Object.keys(when).length > 0)

/** All that follow a beginning: together they leave nothing of it. */
function tens(beginning: string): readonly string[] {
  return Array.from('0123456789', (digit) => beginning + digit)
}

const files: fc.Arbitrary<readonly Rule[]> = fc
  .array(
    fc.record({
      when: whens,
      untilMs: fc.constantFrom(null, null, null, NOW - 1, NOW + 1_000, NOW + 2_000),
      shadow: fc.constantFrom(false, false, false, true)
    }),
    { maxLength: 30 }
  )
  .map((rules) =>
    rules.map(({ when, untilMs, shadow }, i) =>
      rule(`r${i}`, when, { kind: 'block', reason: 'x' }, { untilMs, shadow })
    )
  )

const traffic = trafficOf({
  countries: COUNTRIES,
  rest: /^(70|4[0-9]|416|7)?\d{7}$/u,
  orgs: ['a.okta.com', 'b.okta.com', 'c.okta.com', null],
  atMs: NOW
})

t.test(
  'a rule called never reached is reached by no traffic, and each other one by the request that is named',
  async (t) => {
    const tally = { reached: 0, covered: 0, impossible: 0, ended: 0, unknown: 0, together: 0 }
    fc.assert(
      fc.property(files, fc.array(traffic, { minLength: 30, maxLength: 60 }), (rules, requests) => {
        const reaches = findReach(rules, NOW)
        const live = compileRouter(ruleSet({ rules }), { shadows: false })
        const winners = new Set(requests.map((facts) => decide(live, facts, () => ({ kind: 'ready' })).rule))
        reaches.forEach((reach, i) => {
          const name = `r${i}`
          tally[reach.kind] += 1
          if (reach.kind === 'covered' && reach.by.length > 1) tally.together += 1
          if (reach.kind !== 'reached') {
            if (winners.has(name)) throw new Error(`${name} is ${reach.kind}, and was reached.`)
            return
          }
          // A rule in the shadow is looked at as if it alone were not.
          const own = rules.map((one, j) => (j === i ? { ...one, shadow: false } : one))
          const router = compileRouter(ruleSet({ rules: own }), { shadows: false })
          const won = decide(router, reach.facts, () => ({ kind: 'ready' })).rule
          if (won !== name) throw new Error(`${name} is said to be reached by what ${won} takes.`)
        })
      }),
      { numRuns: 400 }
    )
    t.equal(tally.unknown, 0, 'each search came to an end')
    for (const kind of ['reached', 'covered', 'impossible', 'ended', 'together'] as const) {
      t.ok(tally[kind] > 2, `${kind}: ${tally[kind]}`)
    }
  }
)

t.test(
  'the rules that cover another are named, and none that is not needed for the first request',
  async (t) => {
    const block = { kind: 'block', reason: 'x' } as const
    const rules = [
      rule('texts', { channel: ['sms'] }, block),
      rule('elsewhere', { country: ['DE'] }, block),
      rule('calls', { channel: ['voice'] }, block),
      rule('sweden', { country: ['SE'] }, block)
    ]
    t.same(findReach(rules, NOW).at(-1), { kind: 'covered', by: [0, 2] })

    const temporary = rules.map((one) => (one.name === 'calls' ? { ...one, untilMs: NOW + 1 } : one))
    t.match(
      findReach(temporary, NOW).at(-1),
      { kind: 'reached', facts: { channel: 'voice', atMs: NOW + 1 } },
      'not beyond its end'
    )
    const both = temporary.map((one) => (one.name === 'sweden' ? { ...one, untilMs: NOW + 1 } : one))
    t.match(findReach(both, NOW).at(-1), { kind: 'covered' }, 'but as long as both live')
    const shadowed = rules.map((one) => (one.name === 'texts' ? { ...one, shadow: true } : one))
    t.match(findReach(shadowed, NOW).at(-1), { kind: 'reached', facts: { channel: 'sms' } })
  }
)

t.test('500 rules are searched, and 500 that cover each other', async (t) => {
  const block = { kind: 'block', reason: 'x' } as const
  const rules = Array.from({ length: 500 }, (_, i) =>
    rule(
      `r${i}`,
      {
        country: [TERRITORIES[i % 240]?.country ?? 'SE'],
        ...(i % 3 === 0 ? { channel: ['sms'] } : {}),
        ...(i % 5 === 0 ? { prefix: [`+${TERRITORIES[i % 240]?.callingCode}${i % 10}`] } : {}),
        ...(i % 7 === 0 ? { locale: ['en', 'de', 'fr'].slice(i % 3) } : {}),
        ...(i % 11 === 0 ? { number_type: ['mobile'] } : {})
      },
      block
    )
  )
  const kinds = findReach(rules, NOW).map(({ kind }) => kind)
  t.equal(kinds.length, 500)
  t.notOk(kinds.includes('unknown'))
})
