import fc from 'fast-check'
import t from 'tap'
import { MOST_COUNTRIES, MOST_TRANSITIONS, WINDOW_MS } from '../../src/console/recent-counts.ts'
import { MOST_REQUESTS } from '../../src/console/recent-requests.ts'
import { createRecent, type Recent } from '../../src/console/recent.ts'
import {
  createSessions,
  MOST_SESSIONS,
  SESSION_LASTS_MS,
  SESSION_RESTS_MS
} from '../../src/console/sessions.ts'
import { createSlidingMinutes, MINUTE_MS } from '../../src/console/sliding-minutes.ts'
import {
  createStreams,
  MOST_STREAMS,
  SLOWEST_READER_MS,
  type Subscriber,
  type Topic
} from '../../src/console/streams.ts'
import { OUTCOME_CLASSES, type OutcomeClass } from '../../src/domain/outcome.ts'
import { createHistogram } from '../../src/telemetry/histogram.ts'
import type { GatewayEvent } from '../../src/telemetry/events.ts'
import { virtualTime } from '../fixtures/virtual-time.ts'

/** A clock that a test sets. */
function clock(startMs = 1_700_000_000_000) {
  let passedMs = 0
  return {
    now: () => passedMs,
    epoch: () => startMs + passedMs,
    pass: (ms: number) => {
      passedMs += ms
    }
  }
}

function startRecent(time = clock()) {
  const bugs: unknown[] = []
  const recent = createRecent({
    providers: ['twilio', 'vonage', 'messagebird'],
    now: time.now,
    epoch: time.epoch,
    deadlineMs: () => 2_500,
    onBug: (error) => bugs.push(error)
  })
  return { recent, time, bugs }
}

let count = 0

function beginRequest(recent: Recent): (event: GatewayEvent) => void {
  count += 1
  return recent.forRequest({
    request_id: `request-${count}`,
    trace_id: null,
    okta_event_id: null,
    okta_request_id: null,
    rules_hash: '0123456789ab'
  })
}

const HASH = '0123456789abcdef'

function received(country: string | null = 'SE'): GatewayEvent {
  return {
    event: 'otp.request.received',
    flow: 'sign_in',
    channel: 'sms',
    country,
    number_type: 'mobile',
    phone: `${country ?? '+870'}…05`,
    phone_hash: HASH,
    user_hash: HASH,
    locale: 'sv',
    org: 'acme.okta.com',
    org_name: null,
    auth: 'basic',
    auth_issuer: null,
    preview: false,
    code_as_number: false,
    life_ms: 300_000
  }
}

function decided(rule = 'otherwise'): GatewayEvent {
  return {
    event: 'otp.route.decided',
    rule,
    channel: 'sms',
    routing_country: 'SE',
    number_type: 'mobile',
    number_prefix: '+46701',
    flow: 'sign_in',
    locale: 'sv',
    org: 'acme.okta.com',
    tried_last: null,
    blocked: false,
    candidates: [{ provider: 'twilio', sender_kind: 'number', timeout_ms: 900 }],
    skipped: [{ provider: 'vonage', reason: 'drained' }],
    split: null,
    last_resorts: [],
    decide_us: 9
  }
}

function attemptOf(over: {
  attempt?: number
  provider?: string
  result?: OutcomeClass
  durationMs?: number
}) {
  const { attempt = 1, provider = 'twilio', result = 'accepted', durationMs = 100 } = over
  return {
    attempt,
    provider,
    trigger: attempt === 1 ? ('first' as const) : ('failover' as const),
    result,
    sent_certainty: OUTCOME_CLASSES[result].certainty,
    cause: null,
    provider_code: null,
    http_status: null,
    provider_message_id: result === 'accepted' ? `SM-${count}-${attempt}` : null,
    duration_ms: durationMs
  }
}

function completed(
  over: Partial<Extract<GatewayEvent, { event: 'otp.request.completed' }>> = {}
): GatewayEvent {
  return {
    event: 'otp.request.completed',
    outcome: 'accepted',
    reason: null,
    channel: 'sms',
    flow: 'sign_in',
    country: 'SE',
    org_name: null,
    phone: 'SE…05',
    phone_hash: HASH,
    preview: false,
    rule: 'otherwise',
    provider: 'twilio',
    provider_message_id: `SM-${count}-1`,
    failover: false,
    last_resort: false,
    attempts: 1,
    attempts_detail: [],
    possible_duplicate: false,
    okta_status: 'SUCCESSFUL',
    duration_ms: 120,
    deadline_left_ms: 2_380,
    ...over
  }
}

t.test('a request is told as it happened, on one axis from its arrival', async (t) => {
  const { recent, time } = startRecent()
  const tell = beginRequest(recent)
  tell(received())
  tell(decided())
  time.pass(5)
  tell({ event: 'otp.attempt.started', attempt: 1, provider: 'twilio', trigger: 'first' })
  time.pass(900)
  t.match(recent.requests.list(), [
    { deadlineAfterMs: 2_500, end: null, attempts: [{ startedAfterMs: 5, endedAfterMs: null, result: null }] }
  ])
  tell({ event: 'otp.attempt.started', attempt: 2, provider: 'vonage', trigger: 'failover' })
  time.pass(200)
  tell({
    event: 'otp.attempt.completed',
    ...attemptOf({ attempt: 2, provider: 'vonage', durationMs: 200 }),
    channel: 'sms',
    country: 'SE',
    deadline_left_ms: 1_395
  })
  // 20 ms of it were over before anybody told of it: the body was read.
  tell(
    completed({
      provider: 'vonage',
      provider_message_id: `SM-${count}-2`,
      failover: true,
      duration_ms: 1_125,
      deadline_left_ms: 1_375
    })
  )
  const [request] = recent.requests.list()
  t.match(request, {
    arrivedAtMs: 1_700_000_000_000 - 20,
    phone: 'SE…05',
    rule: 'otherwise',
    skipped: [{ provider: 'vonage', reason: 'drained' }],
    deadlineAfterMs: 2_500,
    end: { afterMs: 1_125, outcome: 'accepted', provider: 'vonage', failover: true },
    attempts: [
      { provider: 'twilio', startedAfterMs: 25, endedAfterMs: null, won: false },
      { provider: 'vonage', startedAfterMs: 925, endedAfterMs: 1_125, result: 'accepted', won: true }
    ]
  })
  time.pass(3_000)
  tell({
    event: 'otp.attempt.late_result',
    ...attemptOf({ durationMs: 4_000 }),
    channel: 'sms',
    country: 'SE',
    late_by_ms: 2_900
  })
  t.match(recent.requests.list()[0]?.attempts, [
    { endedAfterMs: 4_025, result: 'accepted', won: false },
    { won: true }
  ])
  t.match(recent.counts.attemptsOf('twilio', 'sms'), { attempts: 1, accepted: 1 })
  t.match(recent.requests.past(), [{ rule: 'otherwise', prefix: '+46701', providers: ['twilio'] }])
})

t.test('nothing of a person or of the key of the log is in what is told', async (t) => {
  const { recent } = startRecent()
  const tell = beginRequest(recent)
  tell(received())
  tell(decided())
  tell(completed())
  const told = JSON.stringify(recent.requests.list())
  for (const secret of [HASH, '46701']) t.notMatch(told, secret)
})

t.test('only the last requests are kept, and whoever asks hears what changed since', async (t) => {
  const { recent } = startRecent()
  const tells = Array.from({ length: MOST_REQUESTS + 20 }, () => beginRequest(recent))
  t.equal(recent.requests.list().length, MOST_REQUESTS)
  const version = recent.requests.version()
  t.same(recent.requests.list(version), [])
  tells.at(-3)?.(received())
  tells.at(0)?.(received())
  t.equal(recent.requests.list(version).length, 1, 'one that is forgotten is not told of again')
  const [newest, second] = recent.requests.list()
  t.ok(Number(newest?.id.slice(8)) > Number(second?.id.slice(8)), 'newest first')
  for (let i = 0; i < 100; i++) {
    tells.at(-1)?.({ event: 'otp.attempt.started', attempt: i + 1, provider: 'twilio', trigger: 'repeat' })
  }
  t.ok((recent.requests.list()[0]?.attempts.length ?? 0) < 30, 'nor does one story grow without end')
})

t.test('figures are those of the window, and of nothing before it', async (t) => {
  const { recent, time } = startRecent(clock(1_700_000_040_000))
  for (let minute = 0; minute < 70; minute++) {
    const tell = beginRequest(recent)
    tell(received())
    tell(decided(minute < 65 ? 'old' : 'new'))
    tell({
      event: 'otp.attempt.completed',
      ...attemptOf({ durationMs: minute }),
      channel: 'sms',
      country: 'SE',
      deadline_left_ms: 1_000
    })
    tell(completed({ duration_ms: minute }))
    time.pass(MINUTE_MS)
  }
  time.pass(-MINUTE_MS)
  t.match(recent.counts.totals(), { requests: 15, wanted: 15, accepted: 15, p50Ms: 62, p99Ms: 69 })
  t.match(recent.counts.attemptsOf('twilio', 'sms'), { attempts: 15, p50Ms: 62 })
  t.match(recent.counts.countries(), [
    { country: 'SE', counts: { requests: 15 }, providers: [{ attempts: 15 }] }
  ])
  t.equal(recent.counts.minutes().length, 60)
  t.ok(recent.counts.minutes().every(({ wanted }) => wanted === 1))
  t.same(
    [...recent.counts.matches()],
    [
      ['old', 55],
      ['new', 5]
    ]
  )
  t.equal(recent.counts.lastMatchAtMs('old'), 1_700_000_040_000 + 64 * MINUTE_MS)
  t.equal(recent.counts.lastMatchAtMs('never'), null)
  time.pass(WINDOW_MS)
  t.match(recent.counts.totals(), { requests: 0, p50Ms: null })
  t.same(recent.counts.countries(), [])
})

t.test('what is counted is what came: outcomes, resends, failovers', async (t) => {
  const { recent } = startRecent()
  const tell = beginRequest(recent)
  tell(received('BR'))
  tell({
    event: 'otp.resend.detected',
    resend_count: 1,
    previous_provider: 'vonage',
    age_ms: 9_000,
    channel: 'sms',
    country: 'BR',
    within_hour: 1
  })
  tell({
    event: 'otp.failover',
    from: 'twilio',
    to: 'somebody',
    reason: 'no_answer',
    attempt: 2,
    channel: 'sms'
  })
  tell(completed({ country: 'BR', outcome: 'undecided', failover: true, deadline_left_ms: -5 }))
  for (const outcome of ['refused', 'blocked', 'duplicate', 'not_understood', 'expired'] as const) {
    beginRequest(recent)(completed({ outcome, country: null }))
  }
  t.match(recent.counts.totals(), { requests: 6, wanted: 1, accepted: 0, failedOver: 1, late: 1, resends: 1 })
  t.match(
    recent.counts.minutes().at(-1),
    { wanted: 1, accepted: 0, failedOver: 1, rescued: 0 },
    'what is lost was rescued by nobody'
  )
  t.match(recent.counts.countries(), [
    { country: null, counts: { requests: 5, wanted: 0 } },
    {
      country: 'BR',
      counts: { requests: 1, resends: 1 },
      providers: [
        { provider: 'vonage', resendsAfter: 1 },
        { provider: 'twilio', failoversFrom: 1 }
      ]
    }
  ])
})

t.test('whatever comes, what is kept stays small, and its sums are right', async () => {
  const events = fc.record({
    waitMs: fc.integer({ min: 0, max: 90_000 }),
    country: fc.option(fc.stringMatching(/^[A-Z]{2}$/u)),
    provider: fc.constantFrom('twilio', 'vonage', 'constructor', '__proto__'),
    result: fc.constantFrom(...(Object.keys(OUTCOME_CLASSES) as OutcomeClass[])),
    durationMs: fc.integer({ min: 0, max: 20_000 }),
    rule: fc.string({ maxLength: 8 })
  })
  fc.assert(
    fc.property(fc.array(events, { maxLength: 200 }), (all) => {
      const { recent, time, bugs } = startRecent()
      const told: { readonly atMs: number; readonly durationMs: number; readonly result: OutcomeClass }[] = []
      for (const { waitMs, country, provider, result, durationMs, rule } of all) {
        time.pass(waitMs)
        const tell = beginRequest(recent)
        tell(received(country))
        tell(decided(rule))
        const attempt = attemptOf({ provider, result, durationMs })
        tell({ event: 'otp.attempt.completed', ...attempt, channel: 'sms', country, deadline_left_ms: 1 })
        tell(
          completed({
            country,
            outcome: result === 'accepted' ? 'accepted' : 'failed',
            duration_ms: durationMs
          })
        )
        recent.report({ event: 'circuit.half_opened', provider, channel: 'sms' })
        told.push({ atMs: time.epoch(), durationMs, result })
      }
      const firstMs = (Math.floor(time.epoch() / MINUTE_MS) - WINDOW_MS / MINUTE_MS + 1) * MINUTE_MS
      const within = told.filter(({ atMs }) => atMs >= firstMs)
      const durations = createHistogram()
      for (const { durationMs } of within) durations.add(durationMs)
      const totals = recent.counts.totals()
      const countries = recent.counts.countries()
      const providers = (['twilio', 'vonage', 'other'] as const).map((name) =>
        recent.counts.attemptsOf(name, 'sms')
      )
      return (
        bugs.length === 0 &&
        totals.requests === within.length &&
        totals.accepted === within.filter(({ result }) => result === 'accepted').length &&
        totals.p99Ms === durations.quantile(0.99) &&
        countries.length <= MOST_COUNTRIES + 2 &&
        countries.reduce((sum, { counts }) => sum + counts.requests, 0) === within.length &&
        providers.reduce((sum, { attempts }) => sum + attempts, 0) === within.length &&
        recent.counts.historyOf('twilio', 'sms').length <= MOST_TRANSITIONS &&
        recent.requests.list().length <= MOST_REQUESTS
      )
    }),
    { numRuns: 60 }
  )
})

t.test('a clock that jumps loses figures, and breaks nothing', async () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -10_000_000, max: 10_000_000 }), { maxLength: 100 }), (jumps) => {
      let nowMs = 1_700_000_000_000
      const minutes = createSlidingMinutes({ most: 15, make: () => ({ count: 0 }), epoch: () => nowMs })
      for (const jump of jumps) {
        nowMs += jump
        minutes.now().count += 1
        const all = minutes.all()
        const current = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS
        if (all.at(-1)?.atMs !== current || all.length > 15) return false
        if (all.some(({ atMs }) => atMs > current || atMs <= current - 15 * MINUTE_MS)) return false
      }
      return true
    })
  )
})

t.test('countries that are seldom give their place to others', async (t) => {
  const { recent, time } = startRecent()
  const codes = Array.from(
    { length: MOST_COUNTRIES + 10 },
    (_, i) => `${String.fromCodePoint(65 + Math.floor(i / 26))}${String.fromCodePoint(65 + (i % 26))}`
  )
  const ask = (country: string) => beginRequest(recent)(completed({ country }))
  codes.forEach(ask)
  t.match(recent.counts.countries()[0], { country: 'other', counts: { requests: 10 } })
  time.pass(WINDOW_MS)
  ask(codes.at(-1) ?? '')
  t.match(recent.counts.countries(), [{ country: codes.at(-1), counts: { requests: 1 } }])
})

t.test('a bug in here costs nobody a code', async (t) => {
  const { recent, bugs } = startRecent()
  const broken = {
    event: 'otp.attempt.completed',
    get provider(): string {
      throw new Error('a bug')
    }
  }
  beginRequest(recent)(broken as unknown as GatewayEvent)
  recent.report(broken as unknown as GatewayEvent)
  t.equal(bugs.length, 2)
})

t.test('a session ends when it rests, when it is old, and when somebody ends it', async (t) => {
  const time = clock()
  let tokens = 0
  const sessions = createSessions({ now: time.now, newToken: () => `token-${++tokens}` })
  const id = sessions.use(sessions.begin(() => true))
  if (id === null) throw new Error('There is none.')
  time.pass(SESSION_RESTS_MS - 1)
  t.ok(sessions.touch(id), 'its rest begins anew')
  time.pass(SESSION_RESTS_MS)
  t.notOk(sessions.touch(id))
  t.equal(sessions.use('token-1'), null)

  const second = sessions.begin(() => true)
  for (let ms = 0; ms < SESSION_LASTS_MS; ms += SESSION_RESTS_MS / 2) {
    t.ok(sessions.use(second) !== null)
    time.pass(SESSION_RESTS_MS / 2)
  }
  t.equal(sessions.use(second), null, 'however much it is used')

  let holds = true
  const known = sessions.begin(() => holds)
  t.ok(sessions.use(known) !== null)
  holds = false
  t.equal(sessions.use(known), null, 'the secret that opened it holds no more')
  holds = true
  t.equal(sessions.use(known), null, 'and it does not come back')

  const third = sessions.use(sessions.begin(() => true))
  if (third !== null) sessions.end(third)
  t.equal(sessions.use('token-4'), null)
  t.not(third, 'token-4', 'what is kept opens no door')
})

t.test('there are so many sessions, and the one that has rested longest gives way', async (t) => {
  const time = clock()
  let tokens = 0
  const sessions = createSessions({ now: time.now, newToken: () => `token-${++tokens}` })
  for (let i = 0; i < MOST_SESSIONS; i++) sessions.begin(() => true)
  sessions.use('token-1')
  sessions.begin(() => true)
  t.equal(sessions.use('token-2'), null)
  t.ok(sessions.use('token-1') !== null)
})

/** A topic whose version a test sets, and a reader who reads or does not. */
function streamsOf(time: { readonly now: () => number }) {
  let version = 1
  const topic: Topic = {
    name: 'news',
    everyMs: 0,
    since: (heard) => (heard === version ? null : { version, data: `[${heard ?? 'all'},${version}]` })
  }
  const bugs: unknown[] = []
  const streams = createStreams({ topics: [topic], now: time.now, onBug: (error) => bugs.push(error) })
  const reader = () => {
    const state = { written: [] as string[], busy: false, allowed: true, ended: false, wasCut: false }
    const subscriber: Subscriber = {
      write: (chunk) => void state.written.push(chunk),
      isBusy: () => state.busy,
      isAllowed: () => state.allowed,
      end: () => {
        state.ended = true
      },
      cut: () => {
        state.wasCut = true
      }
    }
    return { state, subscriber }
  }
  return { streams, reader, bugs, change: () => (version += 1) }
}

t.test('who reads slowly is told of all at once later, and who does not read is cut off', async (t) => {
  const time = virtualTime()
  t.teardown(time.end)
  const { streams, reader, change } = streamsOf(time)
  const [quick, slow] = [reader(), reader()]
  for (const { subscriber } of [quick, slow]) streams.add(subscriber)
  slow.state.busy = true
  for (let i = 0; i < 5; i++) {
    change()
    await time.pass(250, 250)
  }
  t.same(quick.state.written.length, 6)
  t.same(slow.state.written, ['event: news\ndata: [all,1]\n\n'], 'nothing more waits for it')
  slow.state.busy = false
  await time.pass(250, 250)
  t.equal(slow.state.written.at(-1), 'event: news\ndata: [1,6]\n\n')
  change()
  await time.pass(250, 250)
  slow.state.busy = true
  await time.pass(SLOWEST_READER_MS, 250)
  t.ok(slow.state.wasCut)
  t.equal(streams.count(), 1)
  t.ok(
    quick.state.written.filter((chunk) => chunk === 'event: ping\ndata: {}\n\n').length >= 2,
    'who hears nothing is told so'
  )
})

t.test('streams end with their session, with a stop, and there are not more than a few', async (t) => {
  const time = virtualTime()
  t.teardown(time.end)
  const { streams, reader } = streamsOf(time)
  const readers = Array.from({ length: MOST_STREAMS }, reader)
  const removals = readers.map(({ subscriber }) => streams.add(subscriber))
  t.equal(streams.add(reader().subscriber), null)
  removals[0]?.()
  const [, second, third] = readers
  if (second === undefined || third === undefined) throw new Error('There are none.')
  second.state.allowed = false
  third.subscriber.isBusy()
  await time.pass(250, 250)
  t.ok(second.state.ended)
  t.equal(streams.count(), MOST_STREAMS - 2)
  streams.close()
  t.ok(third.state.ended)
  t.equal(streams.count(), 0)
  t.equal(streams.add(reader().subscriber), null, 'a gateway that stops takes no more')
})
