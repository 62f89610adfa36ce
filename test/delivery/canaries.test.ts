import t from 'tap'
import { createCanaries, type Canaries } from '../../src/delivery/canaries.ts'
import type { Result } from '../../src/domain/delivery.ts'
import { isInCanary, rulesInForce, type RulesInForce } from '../../src/domain/in-force.ts'
import { parsePhone, type Phone } from '../../src/domain/phone.ts'
import { decide } from '../../src/domain/router.ts'
import type { Canary } from '../../src/domain/rules.ts'
import type { GatewayEvent } from '../../src/telemetry/events.ts'
import { ruleSet } from '../fixtures/rules.ts'

const LIVE = 'aaaaaaaaaaaa'
const CANDIDATE = 'bbbbbbbbbbbb'
const phone = parsePhone('+442079460123', null) as Phone
const asker = (userId: string | null, org: string | null = null) => ({ userId, phone, org })

const arrivedAtMs = 0
const got: Result = { kind: 'accepted', provider: 'twilio', transactionId: 'id' }
const gotNone: Result = { kind: 'all_failed' }

function rulesWith(over: Partial<Canary> = {}, hashes: { live?: string; candidate?: string } = {}) {
  const canary: Canary = { share: 0.1, orgs: null, minSample: 200, ...over }
  return rulesInForce(
    ruleSet({ hash: hashes.live ?? LIVE }),
    ruleSet({ hash: hashes.candidate ?? CANDIDATE, canary })
  )
}

function createTrial() {
  const events: GatewayEvent[] = []
  const canaries = createCanaries({ report: (event) => events.push(event) })
  return { canaries, stops: () => events.length, events }
}

/** So many requests of one side, some of them without a code. */
function count(
  canaries: Canaries,
  rules: RulesInForce,
  side: 'live' | 'candidate',
  { requests, failures, result = gotNone }: { requests: number; failures: number; result?: Result }
): void {
  canaries.choose(rules, asker('anybody'))
  const router = routerOf(rules, side)
  for (let i = 0; i < requests; i++) {
    // Spread evenly: a look is taken at each.
    const fails = Math.floor(((i + 1) * failures) / requests) > Math.floor((i * failures) / requests)
    canaries.count({ rules, router, arrivedAtMs }, fails ? result : got)
  }
}

function routerOf({ live, candidate }: RulesInForce, side: 'live' | 'candidate') {
  if (candidate === null) throw new Error('There is no candidate.')
  return side === 'live' ? live : candidate.router
}

/** Mulberry32. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

t.test('a canary has its share of people, each of them always or never', async (t) => {
  const { canaries } = createTrial()
  const people = Array.from({ length: 50_000 }, (_, i) => asker(`00u${(i * 7919).toString(36)}`))
  for (const share of [0.01, 0.05, 0.5, 0.99, 1]) {
    const rules = rulesWith({ share })
    const chosen = people.filter((person) => canaries.choose(rules, person) !== rules.live)
    // Five standard deviations.
    const bound = 5 * Math.sqrt(people.length * share * (1 - share))
    t.ok(Math.abs(chosen.length - people.length * share) <= bound, `${chosen.length} for ${share}`)
    t.ok(
      chosen.every((person) => canaries.choose(rulesWith({ share }), { ...person }) !== rules.live),
      'the same again'
    )
    const larger = rulesWith({ share: Math.min(1, share * 2) })
    t.ok(
      chosen.every((person) => canaries.choose(larger, person) !== larger.live),
      'who was in a smaller canary is in a larger one'
    )
  }
  const unnamed = ['+442079460123', '+442079460456'].map((number) => ({
    userId: null,
    phone: parsePhone(number, null) as Phone,
    org: null
  }))
  t.equal(
    new Set(unnamed.map((person) => isInCanary({ share: 1, orgs: null, minSample: 1 }, person))).size,
    1
  )
  const some = Array.from({ length: 1000 }, (_, i) => ({
    userId: null,
    phone: parsePhone(`+4420794601${String(i % 100).padStart(2, '0')}`, null) as Phone,
    org: null
  })).filter((person) => isInCanary({ share: 0.5, orgs: null, minSample: 1 }, person)).length
  t.ok(some > 200 && some < 800, 'without a user it is the number that counts')
})

t.test('a canary has its part of each arm of a split', async (t) => {
  const step = { kind: 'split', senders: null, timeoutMs: null, onNoAnswer: null } as const
  const arms = [
    { provider: 'twilio', weight: 1 },
    { provider: 'vonage', weight: 1 }
  ]
  const rules = rulesInForce(
    ruleSet({ otherwise: { kind: 'send', steps: [{ ...step, arms }] } }),
    ruleSet({ hash: CANDIDATE, canary: { share: 0.1, orgs: null, minSample: 20 } })
  )
  const { canaries } = createTrial()
  const inCanary = Array.from({ length: 50_000 }, (_, i) => `00u${i}`).filter(
    (userId) => canaries.choose(rules, asker(userId)) !== rules.live
  )
  const byTwilio = inCanary.filter((userId) => {
    const plan = decide(
      rules.live,
      {
        phone,
        channel: 'sms',
        flow: null,
        locale: null,
        org: null,
        atMs: 0,
        person: `${userId}/${phone.e164}`,
        triedLast: null
      },
      () => ({ kind: 'ready' })
    )
    return plan.kind === 'send' && plan.chain[0]?.provider === 'twilio'
  }).length
  const bound = 5 * Math.sqrt(inCanary.length / 4)
  t.ok(Math.abs(byTwilio - inCanary.length / 2) < bound, `${byTwilio} of ${inCanary.length}`)
})

t.test('a canary of an org takes nobody else', async (t) => {
  const { canaries } = createTrial()
  const rules = rulesWith({ share: 1, orgs: ['acme.okta.com', 'acme.oktapreview.com'] })
  for (const [org, isIn] of [
    ['acme.okta.com', true],
    ['acme.oktapreview.com', true],
    ['other.okta.com', false],
    ['acme.okta.com.evil.example', false],
    [null, false]
  ] as const) {
    t.equal(canaries.choose(rules, asker('somebody', org)) !== rules.live, isIn, String(org))
  }
})

t.test('without a canary in the candidate, or without a candidate, the rules in force decide', async (t) => {
  const { canaries } = createTrial()
  const canary: Canary = { share: 1, orgs: null, minSample: 20 }
  for (const rules of [
    rulesInForce(ruleSet(), null),
    rulesInForce(ruleSet(), ruleSet({ hash: CANDIDATE })),
    rulesInForce(ruleSet({ canary }), null),
    rulesInForce(ruleSet({ canary }), ruleSet({ hash: CANDIDATE }))
  ]) {
    t.equal(canaries.choose(rules, asker('somebody')), rules.live)
    canaries.count({ rules, router: rules.live, arrivedAtMs }, gotNone)
    t.equal(canaries.reading(rules), null)
  }
})

t.test(
  'a candidate that is clearly worse is stopped, said once, and stays so until it changes',
  async (t) => {
    const { canaries, events } = createTrial()
    const rules = rulesWith({ share: 1, minSample: 50 })
    count(canaries, rules, 'live', { requests: 1000, failures: 10 })
    t.not(canaries.choose(rules, asker('x')), rules.live)
    count(canaries, rules, 'candidate', { requests: 50, failures: 25 })
    t.same(events, [
      {
        event: 'rules.canary_stopped',
        candidate_hash: CANDIDATE,
        rules_hash: LIVE,
        candidate_requests: 50,
        candidate_failures: 25,
        live_requests: 1000,
        live_failures: 10,
        min_sample: 50
      }
    ])
    t.equal(canaries.choose(rules, asker('x')), rules.live)
    t.match(canaries.reading(rules), { hash: CANDIDATE, share: 1, stopped: true, requests: 50, failures: 25 })
    // What was under way.
    count(canaries, rules, 'candidate', { requests: 50, failures: 50 })
    t.equal(events.length, 1)

    const again = rulesWith({ share: 1, minSample: 50 }, { live: 'cccccccccccc' })
    t.equal(canaries.choose(again, asker('x')), again.live, 'also beside other rules')
    const changed = rulesWith({ share: 1, minSample: 50 }, { candidate: 'dddddddddddd' })
    t.not(canaries.choose(changed, asker('x')), changed.live)
    t.match(canaries.reading(changed), { stopped: false, requests: 0, failures: 0 })
  }
)

t.test('nothing is judged before both sides have their sample', async (t) => {
  for (const [live, candidate, stops] of [
    [1000, 99, 0],
    [99, 1000, 0],
    [100, 99, 0],
    [100, 100, 1]
  ] as const) {
    const trial = createTrial()
    const rules = rulesWith({ minSample: 100 })
    count(trial.canaries, rules, 'live', { requests: live, failures: 0 })
    count(trial.canaries, rules, 'candidate', { requests: candidate, failures: candidate })
    t.equal(trial.stops(), stops, `${candidate} of ${candidate} got none, ${live} beside them did`)
  }
})

t.test('what is worse by less than two in a hundred goes on, however sure that is', async (t) => {
  for (const [failures, stops] of [
    [280, 0],
    [400, 1]
  ] as const) {
    const trial = createTrial()
    const rules = rulesWith()
    count(trial.canaries, rules, 'live', { requests: 90_000, failures: 900 })
    count(trial.canaries, rules, 'candidate', { requests: 10_000, failures })
    t.equal(trial.stops(), stops, `${failures} of 10,000, and 100 beside them`)
  }
})

t.test('what counts as a failure is what rules could have made better', async (t) => {
  const results: readonly [Result, boolean][] = [
    [{ kind: 'all_failed' }, true],
    [{ kind: 'undecided', provider: 'twilio' }, true],
    [{ kind: 'no_capacity' }, true],
    [{ kind: 'blocked', reason: 'premium_number' }, true],
    [{ kind: 'refused', class: 'recipient_refused' }, false],
    [{ kind: 'overloaded', reason: 'memory' }, false],
    [{ kind: 'expired' }, false],
    [got, false]
  ]
  for (const [result, isFailure] of results) {
    const { canaries, stops } = createTrial()
    const rules = rulesWith({ minSample: 50 })
    count(canaries, rules, 'live', { requests: 1000, failures: 0 })
    count(canaries, rules, 'candidate', { requests: 100, failures: 100, result })
    t.equal(stops(), isFailure ? 1 : 0, result.kind)
  }
})

t.test('where both are equally bad nobody is stopped, however bad', async (t) => {
  const { canaries, stops } = createTrial()
  const rules = rulesWith({ minSample: 20 })
  for (let i = 0; i < 50; i++) {
    count(canaries, rules, 'live', { requests: 900, failures: 900 })
    count(canaries, rules, 'candidate', { requests: 100, failures: 100 })
  }
  t.equal(stops(), 0)
})

/** A trial of so many requests, each side with its own share of failures at each moment. */
function simulate({
  seed,
  requests,
  share,
  failing,
  minSample = 200,
  reloadAt
}: {
  seed: number
  requests: number
  share: number
  failing: (i: number) => { live: number; candidate: number }
  minSample?: number
  reloadAt?: number
}): number {
  const random = seeded(seed)
  const { canaries, stops } = createTrial()
  let rules = rulesWith({ share, minSample })
  canaries.choose(rules, asker('anybody'))
  for (let i = 0; i < requests; i++) {
    if (i === reloadAt) {
      rules = rulesWith({ share, minSample }, { live: 'cccccccccccc' })
      canaries.choose(rules, asker('anybody'))
    }
    const side = random() < share ? 'candidate' : 'live'
    const result = random() < failing(i)[side] ? gotNone : got
    canaries.count({ rules, router: routerOf(rules, side), arrivedAtMs }, result)
    if (stops() > 0) return i
  }
  return Infinity
}

const both = (share: number) => ({ live: share, candidate: share })

t.test('chance alone stops next to nobody, though it is looked at after each request', async (t) => {
  // The usual sample, and the least that a file may ask for.
  for (const [minSample, share, failures] of [
    [20, 0.05, 0.002],
    [20, 0.05, 0.01],
    [20, 0.5, 0.1],
    [200, 0.05, 0.01],
    [200, 0.05, 0.1],
    [200, 0.5, 0.1]
  ] as const) {
    let stopped = 0
    for (let seed = 0; seed < 200; seed++) {
      const end = simulate({ seed, requests: 20_000, share, failing: () => both(failures), minSample })
      if (end < Infinity) stopped += 1
    }
    t.ok(stopped <= 1, `${stopped} of 200 with ${failures * 100} % of failures, ${share}, ${minSample}`)
  }
})

t.test('one that is worse is stopped soon', async (t) => {
  for (const [live, candidate, within] of [
    [0.01, 0.05, 1_500],
    [0.01, 0.1, 600],
    [0.1, 0.3, 600],
    [0.002, 1, 250]
  ] as const) {
    const ends = Array.from({ length: 40 }, (_, seed) =>
      simulate({ seed, requests: 100_000, share: 0.1, failing: () => ({ live, candidate }) })
    )
    // A tenth of them are the candidate's.
    const late = ends.filter((end) => end / 10 > within).length
    t.ok(late <= 2, `${late} of 40 after ${within} requests of the candidate: ${live}, ${candidate}`)
  }
})

t.test('an outage that hits both stops nobody, neither at once nor when it is over', async (t) => {
  const outage = (i: number) => both(i >= 5_000 && i < 10_000 ? 0.5 : 0.002)
  for (const share of [0.01, 0.1, 0.9]) {
    let stopped = 0
    for (let seed = 0; seed < 20; seed++) {
      if (simulate({ seed, requests: 100_000, share, failing: outage }) < Infinity) stopped += 1
    }
    t.equal(stopped, 0, `a canary of ${share * 100} %`)
  }
})

t.test('a long outage is forgotten by both at the same pace', async (t) => {
  const outage = (i: number) => both(i < 200_000 ? 0.5 : 0.002)
  for (const share of [0.1, 0.5, 0.9]) {
    t.equal(simulate({ seed: 1, requests: 400_000, share, failing: outage }), Infinity, `${share}`)
  }
})

t.test('an outage before other rules came into force stops nobody: both begin anew', async (t) => {
  const outage = (i: number) => both(i < 10_000 ? 0.3 : 0.002)
  for (let seed = 0; seed < 20; seed++) {
    const end = simulate({ seed, requests: 20_000, share: 0.1, failing: outage, reloadAt: 10_000 })
    t.equal(end, Infinity)
  }
})

t.test('one that turns bad after a long time is stopped too', async (t) => {
  const failing = (i: number) => ({ live: 0.01, candidate: i < 400_000 ? 0.01 : 0.3 })
  const end = simulate({ seed: 1, requests: 500_000, share: 0.1, failing })
  t.ok(end > 400_000 && end < 415_000, `at ${end}`)
})

t.test('what ends under rules that are gone counts for nothing, and stops nobody', async (t) => {
  const { canaries, stops } = createTrial()
  const old = rulesWith({ minSample: 20 }, { candidate: 'dddddddddddd' })
  count(canaries, old, 'live', { requests: 100, failures: 0 })
  count(canaries, old, 'candidate', { requests: 19, failures: 19 })
  const rules = rulesWith({ minSample: 20 })
  count(canaries, rules, 'live', { requests: 100, failures: 0 })
  count(canaries, rules, 'candidate', { requests: 10, failures: 1 })
  for (let i = 0; i < 10; i++) {
    canaries.count({ rules: old, router: routerOf(old, 'candidate'), arrivedAtMs }, gotNone)
    canaries.count({ rules: old, router: old.live, arrivedAtMs }, gotNone)
  }
  t.equal(stops(), 0)
  t.match(canaries.reading(rules), { requests: 10, failures: 1 })
})

t.test('a person counts once in a while, however often they try', async (t) => {
  const { canaries, stops } = createTrial()
  const rules = rulesWith({ minSample: 20, share: 0.5 })
  count(canaries, rules, 'live', { requests: 1000, failures: 10 })
  const router = routerOf(rules, 'candidate')
  for (let i = 0; i < 100; i++) {
    canaries.count({ rules, router, arrivedAtMs: i * 1000 }, got, asker(`00u${i}`))
    canaries.count({ rules, router, arrivedAtMs: i * 1000 }, gotNone, asker('a script'))
  }
  t.match(canaries.reading(rules), { requests: 101, failures: 1 })
  t.equal(stops(), 0)
  canaries.count({ rules, router, arrivedAtMs: 700_000 }, gotNone, asker('a script'))
  t.match(canaries.reading(rules), { failures: 2 }, 'ten minutes later it is another try')
})

t.test('a canary of some people of an org is held against the others of that org', async (t) => {
  for (const [share, stops] of [
    [0.5, 0],
    // Nobody else is left to compare with.
    [1, 1]
  ] as const) {
    const trial = createTrial()
    const { canaries } = trial
    const rules = rulesWith({ minSample: 50, share, orgs: ['acme.okta.com'] })
    canaries.choose(rules, asker('anybody'))
    for (let i = 0; i < 2000; i++) {
      const live = { rules, router: rules.live, arrivedAtMs }
      canaries.count(live, got, asker(`other ${i}`, 'other.okta.com'))
      // Acme's people are where codes seldom arrive.
      const result = i % 4 === 0 ? gotNone : got
      if (share < 1) canaries.count(live, result, asker(`acme ${i}`, 'acme.okta.com'))
      const tried = { rules, router: routerOf(rules, 'candidate'), arrivedAtMs }
      canaries.count(tried, result, asker(`canary ${i}`, 'acme.okta.com'))
    }
    t.equal(trial.stops(), stops, `${share}`)
  }
})
