import fc from 'fast-check'
import t from 'tap'
import type { Facts } from '../../src/domain/facts.ts'
import { CHANNELS, FLOWS } from '../../src/domain/message.ts'
import { mismatchOf } from '../../src/domain/mismatch.ts'
import { prefixFitToLog } from '../../src/domain/phone.ts'
import {
  compileRouter,
  decide,
  stableDraw,
  variantsOf,
  type Plan,
  type Router
} from '../../src/domain/router.ts'
import type { RuleSet } from '../../src/domain/rules.ts'
import { diffRules } from '../../src/rules/diff.ts'
import { explain } from '../../src/rules/explain.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { regionsOf } from '../../src/rules/regions.ts'
import { createReplay, decideAgain, type PastRequest } from '../../src/rules/replay.ts'
import { routeOf, routesOf } from '../../src/rules/routes.ts'
import { TERRITORIES } from '../../src/rules/territories.ts'
import { trafficOf } from '../fixtures/traffic.ts'

const NOW = Date.parse('2026-11-25T12:00Z')

const COUNTRIES = ['SE', 'NO', 'US', 'CA', 'GB', 'GG', 'IN'] as const
const PROVIDERS = ['twilio', 'vonage', 'messagebird'] as const

const some = <T>(values: readonly T[], maxLength = 3) =>
  fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength })

const whens = fc
  .record(
    {
      country: some([...COUNTRIES, 'eea', 'nanp', 'ours']),
      not_country: some(COUNTRIES),
      prefix: some(['+4', '+44', '+447', '+46', '+4670', '+1', '+1416', '+870']),
      number_type: some(['mobile', 'fixed_line', 'fixed_line_or_mobile', 'premium_rate', 'satellite']),
      channel: some(CHANNELS),
      flow: some(FLOWS),
      locale: some(['en', 'en-US', 'de']),
      org: some(['a.okta.com', 'b.okta.com'])
    },
    { requiredKeys: [] }
  )
  .filter((when) => Object.keys(when).length > 0)
  .chain((when) =>
    fc
      .subarray(Object.keys(when), { minLength: 1, maxLength: 2 })
      .map((keys) => Object.fromEntries(Object.entries(when).filter(([key]) => keys.includes(key))))
  )

const sends = fc.uniqueArray(fc.constantFrom(...PROVIDERS), { minLength: 1, maxLength: 3 }).chain((order) =>
  fc
    .record({
      weights: fc.tuple(fc.integer({ min: 0, max: 10 }), fc.integer({ min: 1, max: 10 })),
      splits: fc.boolean(),
      timeout: fc.constantFrom('300ms', '900ms'),
      sender: fc.constantFrom('number', ['name', 'number'])
    })
    .map(({ weights, splits, timeout, sender }) => {
      const [first = 'twilio', second, ...rest] = order
      return splits && second !== undefined
        ? [{ split: { [first]: weights[0], [second]: weights[1] }, timeout }, ...rest]
        : [{ provider: first, timeout, sender }, ...(second === undefined ? [] : [second]), ...rest]
    })
)

/** Rules files that have no error, as YAML: JSON is YAML. */
const files: fc.Arbitrary<RuleSet> = fc
  .record({
    rules: fc.array(
      fc.record({
        when: whens,
        action: fc.oneof(
          sends.map((send) => ({ send })),
          fc.constant({ block: { reason: 'not_here' } })
        ),
        until: fc.constantFrom(undefined, undefined, '2026-11-24', '2026-12-24'),
        shadow: fc.constantFrom(undefined, undefined, true)
      }),
      { maxLength: 20 }
    ),
    notFor: some(COUNTRIES),
    capacity: fc.integer({ min: 1, max: 5 }),
    maxAttempts: fc.integer({ min: 1, max: 3 })
  })
  .map(({ rules, notFor, capacity, maxAttempts }) => {
    const text = JSON.stringify({
      version: 1,
      providers: {
        twilio: { channels: [...CHANNELS], capacity_per_second: capacity },
        vonage: { channels: [...CHANNELS], not_for: notFor },
        messagebird: { channels: [...CHANNELS] }
      },
      senders: {
        name: { kind: 'alphanumeric', value: 'ACME' },
        number: { kind: 'number', value: '+12025550123' }
      },
      country_groups: { ours: ['SE', 'IN'] },
      defaults: { sender: ['name', 'number'], max_attempts: maxAttempts },
      rules: rules.map(({ action, ...rest }, i) => ({ name: `r${i}`, ...rest, ...action })),
      otherwise: { send: ['twilio', 'vonage', 'messagebird'] }
    })
    const parsed = parseRules(text, 'random.yaml', { nowMs: NOW })
    return parsed.kind === 'ok' ? parsed.rules : null
  })
  .filter((rules) => rules !== null)

const traffic = trafficOf({
  countries: COUNTRIES,
  // As long as numbers are that have three digits to be said: what is shorter, replay counts as uncertain.
  rest: /^(70|416|7)?\d{9}$/u,
  orgs: ['a.okta.com', 'c.okta.com', null],
  atMs: NOW,
  person: fc.string({ maxLength: 4 }),
  triedLast: fc.constantFrom(null, null, ...PROVIDERS)
})

const conditions = fc.record({
  twilio: fc.constantFrom('ready', 'ready', 'no_credentials', 'drained', 'breaker_open', 'cooling_down'),
  vonage: fc.constantFrom('ready', 'ready', 'breaker_open', 'cooling_down'),
  messagebird: fc.constantFrom('ready', 'ready', 'breaker_open')
})
type Kinds = Readonly<Record<string, string>>

/** What the machine holds back is ranked by the order of names, so that the rank is in the log. */
const conditionsBy = (kinds: Kinds) => (provider: string) =>
  ({ kind: kinds[provider] ?? 'ready', badness: PROVIDERS.findIndex((name) => name === provider) }) as never

const compile = (rules: RuleSet): Router => compileRouter(rules, { shadows: false })

/** What people would notice of a plan. */
const wayOf = (plan: Plan) =>
  plan.kind === 'block'
    ? [plan.rule, plan.reason]
    : [
        plan.rule,
        ...[...plan.chain, ...plan.lastResorts].map(({ provider, sender, timeoutMs }) => [
          provider,
          sender.name,
          timeoutMs
        ])
      ]

/** As the log holds it, and src/commands/read-log.ts reads it. */
function pastOf(plan: Plan, facts: Facts): PastRequest {
  const { channel, phone, flow, locale, org, triedLast, atMs } = facts
  const sends = plan.kind === 'send' ? plan : null
  return {
    atMs,
    channel,
    country: phone.routingCountry,
    numberType: phone.type,
    prefix: prefixFitToLog(phone),
    flow,
    locale,
    org,
    triedLast,
    rule: plan.rule,
    blocked: sends === null,
    providers: [...(sends?.chain ?? []), ...(sends?.lastResorts ?? [])].map(({ provider }) => provider),
    skipped: sends?.skipped ?? [],
    drawn: sends?.split ?? null
  }
}

t.test('explain(), decide() and replay agree on random files, requests and conditions', async (t) => {
  let [splits, blocks, heldBack] = [0, 0, 0]
  fc.assert(
    fc.property(
      files,
      fc.array(fc.tuple(traffic, conditions), { minLength: 1, maxLength: 20 }),
      (rules, asked) => {
        const router = compile(rules)
        const replay = createReplay(router)
        for (const [facts, kinds] of asked) {
          const plan = decide(router, facts, conditionsBy(kinds))
          const way = JSON.stringify(wayOf(plan))
          if (plan.kind === 'block') blocks += 1
          else if (plan.split !== null) splits += 1
          if (plan.kind === 'send' && plan.lastResorts.length > 0) heldBack += 1

          const draw = stableDraw(facts.person)
          const explained = explain(rules, facts, conditionsBy(kinds), {
            from: draw,
            to: draw + Number.EPSILON
          })
          if (explained.winner !== plan.rule) {
            throw new Error(`explain: ${explained.winner}, decide: ${plan.rule}`)
          }
          if (JSON.stringify(wayOf(explained.variants[0]?.plan as Plan)) !== way) {
            throw new Error('explain: another plan')
          }
          const looked =
            explained.rules.find(({ verdict }) => verdict.kind === 'matches')?.rule.name ?? 'otherwise'
          if (looked !== plan.rule) throw new Error(`The reasons of explain() come to ${looked}.`)

          // Everybody's plans hold this person's, with shares that make a whole.
          const all = variantsOf(router, facts, conditionsBy(kinds))
          if (!all.some(({ plan: one }) => JSON.stringify(wayOf(one)) === way)) {
            throw new Error('variants: not among them')
          }
          const whole = all.reduce((sum, { share }) => sum + share, 0)
          if (Math.abs(whole - 1) > 1e-9) throw new Error(`variants: shares of ${whole}`)

          const past = pastOf(plan, facts)
          replay.add(past)
          const again = decideAgain(router, past)
          if (again.length !== 1 || JSON.stringify(wayOf(again[0]?.plan as Plan)) !== way) {
            throw new Error(
              `replay: ${JSON.stringify(again.map(({ plan: one }) => wayOf(one)))}, decide: ${way}`
            )
          }
        }
        const { moved, requests, uncertain } = replay.result()
        if (moved !== 0 || uncertain !== 0 || requests !== asked.length) {
          throw new Error('replay: something moved')
        }
      }
    ),
    { numRuns: 500 }
  )
  for (const count of [splits, blocks, heldBack]) t.ok(count > 100, `${count}`)
})

t.test('mismatchOf() and the index agree on each rule by itself', async (t) => {
  fc.assert(
    fc.property(files, traffic, (rules, facts) => {
      for (const rule of rules.rules) {
        const alone = compile({ ...rules, rules: [{ ...rule, shadow: false }] })
        const won = decide(alone, facts, () => ({ kind: 'ready' })).rule === rule.name
        if (won !== (mismatchOf(rule, facts) === null)) throw new Error(JSON.stringify([rule.when, facts]))
      }
    }),
    { numRuns: 300 }
  )
  t.pass()
})

t.test('routes and diff show what decide() does with any request', async (t) => {
  let changed = 0
  fc.assert(
    fc.property(files, files, fc.array(traffic, { minLength: 5, maxLength: 15 }), (before, after, asked) => {
      const [old, next] = [compile(before), compile(after)]
      const { rows } = routesOf(old, NOW)
      const diff = diffRules(before, after, NOW)
      for (const one of asked) {
        const facts = { ...one, triedLast: null }
        const { routingCountry: country, callingCode } = facts.phone
        const route = routeOf(old, facts)
        const here = rows.filter(
          (row) => row.channel === facts.channel && row.country === country && row.callingCode === callingCode
        )
        const isShown = here.some(({ rule, blocked, chains }) =>
          same([rule, blocked, chains], [route.rule, route.blocked, route.chains])
        )
        if (!isShown) throw new Error(`routes: ${JSON.stringify(route)} is not among ${JSON.stringify(here)}`)

        const then = routeOf(next, facts)
        const isSaid = diff.routes.some(
          (change) =>
            change.channel === facts.channel &&
            (country === null ? change.networks.includes(callingCode) : change.countries.includes(country)) &&
            same(change.before, route) &&
            same(change.after, then)
        )
        if (!same(route, then)) changed += 1
        if (!same(route, then) && !isSaid) throw new Error('diff: a change is not said')
      }
      if (diffRules(before, before, NOW).routes.length > 0) {
        throw new Error('diff: a file differs from itself')
      }
    }),
    { numRuns: 25 }
  )
  t.ok(changed > 20, `${changed}`)
})

/** Parts of people are binary fractions. */
function rounded(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, one: unknown) =>
      typeof one === 'number' ? Math.round(one * 1e6) / 1e6 : one
    )
  )
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

t.test(
  'every kind of request is in exactly one cell of its region, and is described by what sets it apart',
  async (t) => {
    const parsed = parseRules(
      `version: 1
providers: { twilio: { channels: [sms, voice] }, vonage: { channels: [sms, voice] } }
senders: { us: { kind: number, value: "+12025550123" } }
defaults: { sender: us }
rules:
  - { name: premium, when: { number_type: [premium_rate, satellite] }, block: { reason: premium } }
  - { name: stockholm, when: { prefix: "+468", channel: voice }, send: [vonage, twilio] }
  - { name: finns, when: { country: SE, locale: fi }, send: [vonage, twilio] }
  - { name: enrollment, when: { country: SE, flow: enrollment, org: a.okta.com }, send: [vonage, twilio] }
otherwise: { send: [twilio, vonage] }
`,
      'x.yaml',
      { nowMs: NOW }
    )
    if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed.faults))
    const router = compile(parsed.rules)
    const territories = TERRITORIES.filter(
      ({ country, callingCode }) => country === 'SE' || callingCode === '870'
    )
    const shown = [...regionsOf([router], NOW, { territories })].flatMap(
      ({ territory, channel, cells, describe }) => {
        const rules = new Map<string, (typeof cells)[number][]>()
        for (const cell of cells) {
          const { rule } = routeOf(router, cell.facts)
          rules.set(rule, [...(rules.get(rule) ?? []), cell])
        }
        return [...rules].map(
          ([rule, members]) => `${territory.callingCode} ${channel} ${rule}: ${describe(members).join(' | ')}`
        )
      }
    )
    t.same(shown.toSorted(), [
      '46 sms enrollment: number type not premium_rate, flow enrollment, locale not fi, org a.okta.com',
      '46 sms finns: number type not premium_rate, locale fi',
      '46 sms otherwise: number type not premium_rate, flow enrollment, locale not fi, org not a.okta.com | number type not premium_rate, flow not enrollment, locale not fi',
      '46 sms premium: number type premium_rate',
      '46 voice enrollment: numbers in not +468, number type not premium_rate, flow enrollment, locale not fi, org a.okta.com',
      '46 voice finns: numbers in not +468, number type not premium_rate, locale fi',
      '46 voice otherwise: numbers in not +468, number type not premium_rate, flow enrollment, locale not fi, org not a.okta.com | numbers in not +468, number type not premium_rate, flow not enrollment, locale not fi',
      '46 voice premium: number type premium_rate',
      '46 voice stockholm: numbers in +468, number type not premium_rate',
      '870 sms premium: ',
      '870 voice premium: '
    ])
  }
)

t.test('a file that tells thousands of kinds apart is shown and compared whole', async (t) => {
  const fileOf = (last: string) => {
    const send = 'send: [vonage, twilio]'
    const rules = [
      ...Array.from({ length: 40 }, (_, i) => `- { name: org-${i}, when: { org: o${i}.okta.com }, ${send} }`),
      ...Array.from(
        { length: 20 },
        (_, i) => `- { name: locale-${i}, when: { locale: ${String.fromCharCode(97 + i)}a }, ${send} }`
      ),
      ...FLOWS.map((flow) => `- { name: flow-${flow.replace('_', '-')}, when: { flow: ${flow} }, ${send} }`),
      ...['mobile', 'voip', 'pager', 'uan', 'voicemail', 'toll_free'].map(
        (type, i) => `- { name: type-${i}, when: { number_type: ${type} }, ${i === 5 ? last : send} }`
      )
    ]
    const text = `version: 1
providers: { twilio: { channels: [sms, voice] }, vonage: { channels: [sms, voice] } }
senders: { us: { kind: number, value: "+12025550123" } }
defaults: { sender: us }
rules:
${rules.join('\n')}
otherwise: { send: [twilio, vonage] }
`
    const parsed = parseRules(text, 'x.yaml', { nowMs: NOW })
    if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed.faults))
    return parsed.rules
  }
  const before = fileOf('send: [vonage, twilio]')
  const after = fileOf('block: { reason: toll }')
  const sweden = TERRITORIES.filter(({ country }) => country === 'SE')
  const [region] = [...regionsOf([compile(before)], NOW, { territories: sweden, channels: ['sms'] })]
  t.equal(region?.truncated, false)
  t.ok((region?.cells.length ?? 0) < 500, `as many as there are ways, not as kinds: ${region?.cells.length}`)
  const diff = diffRules(before, after, NOW)
  t.equal(diff.truncated, false)
  const sms = diff.routes.filter(({ channel }) => channel === 'sms')
  t.equal(sms.length, 1)
  t.match(sms[0], { after: { blocked: 'toll' } })
  t.match(sms[0]?.conditions, [
    /^number type toll_free, flow not enrollment, .*, locale not aa.*, org not o0/u
  ])
  t.equal(sms[0]?.countries.length, 245)
})

t.test(
  'replay counts parts of people where a split is drawn anew, and seconds beyond the capacity',
  async (t) => {
    const fileOf = (send: string) => {
      const parsed = parseRules(
        `version: 1
providers: { twilio: { channels: [sms], capacity_per_second: 2 }, vonage: { channels: [sms] } }
senders: { us: { kind: number, value: "+12025550123" } }
defaults: { sender: us }
rules:
  - { name: never, when: { country: JP }, send: [vonage, twilio] }
  - { name: sweden, when: { country: SE, prefix: ["+46", "+4670123"] }, send: ${send} }
otherwise: { send: [vonage, twilio] }
`,
        'x.yaml',
        { nowMs: NOW }
      )
      if (parsed.kind !== 'ok') throw new Error(JSON.stringify(parsed.faults))
      return compile(parsed.rules)
    }
    const past: PastRequest = {
      atMs: NOW,
      channel: 'sms',
      country: 'SE',
      numberType: 'mobile',
      prefix: '+46701',
      flow: 'sign_in',
      locale: null,
      org: null,
      triedLast: null,
      rule: 'sweden',
      blocked: false,
      providers: ['vonage', 'twilio'],
      skipped: [],
      drawn: { from: 0, to: 0.8 }
    }
    const even = createReplay(fileOf('[{ split: { vonage: 50, twilio: 50 } }]'))
    // Of those whose draw is below 0.8 five eighths are below 0.5.
    for (let i = 0; i < 8; i++) even.add({ ...past, atMs: NOW + (i % 2) * 1000 })
    t.match(rounded(even.result()), {
      requests: 8,
      moved: 3,
      uncertain: 8,
      neverHit: ['never'],
      moves: [{ from: 'vonage', to: 'twilio', requests: 3 }],
      providers: [
        { name: 'vonage', before: 8, after: 5, peakBefore: 4, peakAfter: 2.5 },
        { name: 'twilio', before: 0, after: 3, peakAfter: 1.5, capacityPerSecond: 2, secondsOver: 0 }
      ],
      countries: [{ name: 'SE', before: 8, after: 8, moved: 3 }],
      cost: null
    })

    const all = createReplay(fileOf('[twilio, vonage]'), {
      priceOf: (name) => (name === 'twilio' ? 0.1 : undefined)
    })
    for (let i = 0; i < 6; i++) all.add({ ...past, atMs: NOW + Math.floor(i / 3) * 86_400_000 })
    const result = all.result()
    t.match(result, { moved: 6, lastAtMs: NOW + 86_400_000, cost: { before: 0, unpriced: 6 } })
    t.ok(Math.abs((result.cost?.after ?? 0) - 0.6) < 1e-9)
    t.match(
      result.providers.find(({ name }) => name === 'twilio'),
      { peakAfter: 3, secondsOver: 2 }
    )

    const drained = createReplay(fileOf('[twilio, vonage]'))
    drained.add({ ...past, skipped: [{ provider: 'twilio', reason: 'drained' }] })
    t.match(drained.result(), { moved: 0 }, 'who was drained then is not asked now')
    drained.add({ ...past, blocked: true, providers: [] })
    t.match(drained.result().moves, [{ from: 'blocked', to: 'twilio', requests: 1 }])
  }
)
