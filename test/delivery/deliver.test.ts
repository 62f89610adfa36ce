import fc from 'fast-check'
import t from 'tap'
import { createAlarms } from '../../src/delivery/alarms.ts'
import { createBreakers } from '../../src/delivery/breakers.ts'
import { createCooldowns } from '../../src/delivery/cooldowns.ts'
import {
  createDeliver,
  HARD_CAP_MS,
  type DeliveryEvent,
  type DeliveryReport
} from '../../src/delivery/deliver.ts'
import { createHanging } from '../../src/delivery/hanging.ts'
import { MAX_ATTEMPTS } from '../../src/delivery/turns.ts'
import type { Channel, OutboundMessage } from '../../src/domain/message.ts'
import {
  accepted,
  failed,
  OUTCOME_CLASSES,
  type FailureClass,
  type Outcome
} from '../../src/domain/outcome.ts'
import type { PlannedAttempt } from '../../src/domain/router.ts'
import { ON_NO_ANSWER, type OnNoAnswer } from '../../src/domain/rules.ts'
import type { Limits } from '../../src/providers/provider.ts'
import { defaults, senders } from '../fixtures/rules.ts'
import { virtualTime } from '../fixtures/virtual-time.ts'

/** What a provider of a test does: answers after so many ms, or hangs until the exchange gives it up. */
type Behaviour = { readonly afterMs: number; readonly outcome: Outcome } | 'hang' | 'never_connects' | 'throw'

const ok = (afterMs = 100): Behaviour => ({ afterMs, outcome: accepted('id') })
const no = (failureClass: FailureClass, afterMs = 50, retryAfterMs: number | null = null): Behaviour => ({
  afterMs,
  outcome: failed(failureClass, 'x', { retryAfterMs })
})

const message = {} as OutboundMessage
const [alpha] = senders

const planned = (provider: string, onNoAnswer: OnNoAnswer = 'next', timeoutMs = 900): PlannedAttempt => {
  if (alpha === undefined) throw new Error('There is no sender.')
  return { provider, sender: alpha, timeoutMs, onNoAnswer, capacityPerSecond: null }
}

interface Story {
  readonly report: DeliveryReport
  readonly answeredAtMs: number
  readonly events: readonly DeliveryEvent[]
  readonly started: readonly { readonly provider: string; readonly atMs: number }[]
}

/** Plays one delivery to the end of every attempt. Each provider does one thing after the other. */
async function play(
  scripts: Readonly<Record<string, readonly Behaviour[]>>,
  over: {
    channel?: Channel
    deadlineMs?: number
    /** Held back by an open breaker. */
    lastResort?: string
    lastResorts?: readonly string[]
    chain?: readonly string[]
    onNoAnswer?: OnNoAnswer
    /** Providers that have all that they take. */
    full?: readonly string[]
    /** How long it takes to hear whether there is room, where the state is slow. */
    askingMs?: number
  } = {}
): Promise<Story> {
  const time = virtualTime()
  const events: DeliveryEvent[] = []
  const started: { provider: string; atMs: number }[] = []
  const left = new Map(Object.entries(scripts).map(([name, behaviours]) => [name, [...behaviours]]))

  const send = (provider: string, _message: OutboundMessage, limits: Limits): Promise<Outcome> => {
    started.push({ provider, atMs: time.now() })
    const behaviour = left.get(provider)?.shift() ?? 'hang'
    if (behaviour === 'throw') throw new Error('A bug.')
    return new Promise((resolve) => {
      if (behaviour === 'hang') setTimeout(() => resolve(failed('no_answer', 'timeout')), limits.endWithinMs)
      else if (behaviour === 'never_connects') {
        setTimeout(() => resolve(failed('not_reached', 'not_started')), limits.startWithinMs)
      } else setTimeout(() => resolve(behaviour.outcome), behaviour.afterMs)
    })
  }
  const breakers = createBreakers({
    settings: () => ({ ...defaults.breaker, openForMs: 60_000 }),
    isUsable: () => true,
    now: time.now,
    random: () => 0,
    onTransition: () => {}
  })
  const channel = over.channel ?? 'sms'
  for (const name of ['somebody else', ...Object.keys(scripts)]) breakers.of(name, channel)
  const lastResorts = over.lastResorts ?? (over.lastResort === undefined ? [] : [over.lastResort])
  for (const name of lastResorts) breakers.of(name, channel).admit()?.report('quota')
  const deliver = createDeliver({
    send,
    breakers,
    cooldowns: createCooldowns({ now: time.now, onBegin: () => {} }),
    capacity: {
      take: async (provider) => {
        if (over.askingMs !== undefined) await new Promise((resolve) => setTimeout(resolve, over.askingMs))
        return over.full?.includes(provider) !== true
      },
      readings: () => []
    },
    hanging: createHanging(),
    alarms: createAlarms({ now: time.now, report: () => {} }),
    now: time.now
  })

  let answeredAtMs = -1
  const pending = deliver({
    channel,
    chain: [...(over.chain ?? Object.keys(scripts)), ...lastResorts].map((name) =>
      planned(name, over.onNoAnswer ?? ON_NO_ANSWER[channel])
    ),
    compose: () => message,
    answerByMs: over.deadlineMs ?? 2450,
    minAttemptMs: 300,
    report: (event) => events.push(event)
  }).then((report) => {
    answeredAtMs = time.now()
    return report
  })
  await time.pass(3500)
  await time.pass(HARD_CAP_MS, 500)
  const report = await pending
  breakers.close()
  time.end()
  return { report, answeredAtMs, events, started }
}

const order = ({ started }: Story) => started.map(({ provider }) => provider).join(' ')

t.test('deliver() goes by the class of a failure', async (t) => {
  for (const failureClass of Object.keys(OUTCOME_CLASSES).filter(
    (name) => name !== 'accepted'
  ) as FailureClass[]) {
    await t.test(failureClass, async (t) => {
      const story = await play({ a: [no(failureClass)], b: [ok()] })
      if (OUTCOME_CLASSES[failureClass].next) {
        t.match(story.report.result, { kind: 'accepted', provider: 'b', transactionId: 'id' })
        t.equal(story.answeredAtMs, 150, 'the next starts at once')
        t.match(story.events, [
          {},
          {},
          { kind: 'failover', from: 'a', to: 'b', reason: failureClass },
          {},
          {}
        ])
      } else {
        t.match(story.report.result, { kind: 'refused', class: failureClass })
        t.equal(order(story), 'a')
      }
    })
  }
})

t.test(
  'deliver() leaves a hanging text message running and starts the next provider at its timeout',
  async (t) => {
    const story = await play({ a: ['hang'], b: [ok()] })
    t.match(story.report.result, { kind: 'accepted', provider: 'b' })
    t.equal(story.answeredAtMs, 1000)
    t.match(story.report.attempts, [
      { provider: 'a', result: 'in_flight', certainty: 'unknown', trigger: 'first' },
      { provider: 'b', result: 'accepted', certainty: 'sent', trigger: 'failover' }
    ])
    t.match(story.events.at(-1), {
      kind: 'late_result',
      attempt: { provider: 'a', result: 'no_answer' },
      lateByMs: 9000
    })
  }
)

t.test('deliver() waits for one that is known to be out for two thirds of its timeout', async (t) => {
  const story = await play({ a: [no('quota')], b: ['hang'] }, { chain: ['a'], lastResort: 'b' })
  t.equal(order(story), 'a b')
  t.equal(story.answeredAtMs, 2450)
  const both = await play(
    { a: [no('quota')], b: ['hang'], c: [ok(100)] },
    { chain: ['a'], lastResorts: ['b', 'c'] }
  )
  t.equal(order(both), 'a b c')
  t.equal(both.answeredAtMs, 50 + 600 + 100)
})

t.test('deliver() takes the first acceptance, also of the one left behind', async (t) => {
  const story = await play({ a: [ok(1100)], b: [ok(800)] })
  t.match(story.report.result, { kind: 'accepted', provider: 'a' })
  t.equal(story.answeredAtMs, 1100)
  t.match(story.events.at(-1), {
    kind: 'late_result',
    attempt: { provider: 'b', result: 'accepted' },
    lateByMs: 600
  })
})

t.test('deliver() waits for a call rather than ringing twice, and goes on when it fails', async (t) => {
  const slow = await play({ a: [ok(1500)], b: [ok()] }, { channel: 'voice' })
  t.equal(order(slow), 'a')
  t.match(slow.report.result, { kind: 'accepted', provider: 'a' })

  const fails = await play({ a: [no('provider_error', 1500)], b: [ok()] }, { channel: 'voice' })
  t.match(fails.report.result, { kind: 'accepted', provider: 'b' })

  const hangs = await play({ a: ['hang'], b: [ok()] }, { channel: 'voice' })
  t.equal(order(hangs), 'a')
  t.match(hangs.report.result, { kind: 'undecided', provider: 'a' })
  t.equal(hangs.answeredAtMs, 2450)
})

t.test('deliver() waits or goes on as the rule says', async (t) => {
  const rings = await play({ a: ['hang'], b: [ok()] }, { channel: 'voice', onNoAnswer: 'next' })
  t.match(rings.report.result, { kind: 'accepted', provider: 'b' })
  t.equal(rings.answeredAtMs, 1000)

  const waits = await play({ a: [ok(1500)], b: [ok()] }, { onNoAnswer: 'wait' })
  t.equal(order(waits), 'a')
  t.match(waits.report.result, { kind: 'accepted', provider: 'a' })
})

t.test('deliver() passes over who has all that it takes, and says when all have', async (t) => {
  const overflow = await play({ a: [ok()], b: [ok()] }, { full: ['a'] })
  t.match(overflow.report.result, { kind: 'accepted', provider: 'b' })
  t.match(overflow.events[0], { kind: 'attempt_skipped', provider: 'a', reason: 'no_capacity' })

  const none = await play({ a: [ok()], b: [ok()] }, { full: ['a', 'b'] })
  t.match(none.report, { result: { kind: 'no_capacity' }, attempts: [] })
  t.equal(none.answeredAtMs, 0, 'at once')

  const failed = await play({ a: [no('credentials')], b: [ok()] }, { full: ['b'] })
  t.match(failed.report.result, { kind: 'all_failed' })
})

t.test(
  'deliver() starts nobody else when an acceptance comes while it asks whether there is room',
  async (t) => {
    const story = await play({ a: [ok(910)], b: [ok()] }, { askingMs: 30 })
    t.equal(order(story), 'a')
    t.match(story.report.result, { kind: 'accepted', provider: 'a' })

    const late = await play({ a: [no('provider_error')], b: [ok()] }, { askingMs: 30, deadlineMs: 400 })
    t.equal(order(late), 'a', 'nor anybody for whom no time is left when the answer comes')
  }
)

t.test('deliver() never calls failed what may be on its way', async (t) => {
  const hanging = await play({ a: ['hang'], b: [no('provider_error')] })
  t.match(hanging.report.result, { kind: 'undecided', provider: 'a' })
  t.equal(hanging.answeredAtMs, 2450, 'it waits for the one in flight until the deadline')

  const reset = await play({ a: [no('no_answer')], b: [no('credentials')] })
  t.match(reset.report.result, { kind: 'undecided', provider: 'a' })
  t.equal(reset.answeredAtMs, 100, 'nobody is left to wait for')

  const refused = await play({ a: ['hang'], b: [no('recipient_refused')], c: [ok()] })
  t.equal(order(refused), 'a b', 'a fault of the recipient starts nobody else')
  t.match(refused.report.result, { kind: 'undecided', provider: 'a' })
})

t.test('deliver() goes through the chain a second time for what surely was not sent', async (t) => {
  const second = await play({
    a: [no('provider_error'), ok()],
    b: [no('not_reached')],
    c: [no('credentials')]
  })
  t.equal(order(second), 'a b c a')
  t.match(second.report.result, { kind: 'accepted', provider: 'a' })
  t.match(second.report.attempts[3], { trigger: 'repeat' })

  const never = await play({ a: [no('no_answer'), ok()], b: [no('quota'), ok()] })
  t.equal(order(never), 'a b', 'nothing that may have been sent, nothing that will not mend')

  const stubborn = await play({ a: Array.from({ length: 20 }, () => no('provider_error')) })
  t.same(
    stubborn.started.map(({ atMs }) => atMs),
    [0, 50, 200, 450, 900, 1750],
    'with growing pauses, until the time is up'
  )
  t.match(stubborn.report.result, { kind: 'all_failed' })
  t.equal(stubborn.answeredAtMs, 1800, 'and not longer than anything can come of it')
  const quick = Array.from({ length: 9 }, () => no('provider_error', 0))
  t.equal((await play({ a: quick, b: quick, c: quick })).started.length, MAX_ATTEMPTS)

  const throttled = await play({
    a: [no('throttled'), ok()],
    b: [no('provider_error', 1100), no('provider_error')]
  })
  t.equal(order(throttled), 'a b a', 'who said "too much" is asked again only after a while')

  const alone = await play({ a: [no('throttled', 50, 700), ok()] })
  t.match(alone.report.result, { kind: 'accepted', provider: 'a' })
  t.equal(alone.answeredAtMs, 850, 'and is waited for, where there is time and nobody else')
})

t.test('deliver() starts nothing that cannot finish, and answers by the deadline', async (t) => {
  const late = await play({ a: [no('provider_error', 300)], b: [ok()] }, { deadlineMs: 500 })
  t.equal(order(late), 'a')
  t.match(late.report.result, { kind: 'all_failed' })

  const none = await play({ a: [ok()] }, { deadlineMs: 200 })
  t.equal(order(none), '')
  t.match(none.report, { result: { kind: 'all_failed' }, attempts: [] })
})

t.test('deliver() knows that a provider it could not connect to was sent nothing', async (t) => {
  const story = await play({ a: ['never_connects', ok()], b: [no('provider_error')] })
  t.equal(order(story), 'a b a')
  t.match(story.report.attempts[0], { result: 'not_reached', certainty: 'not_sent' })
  t.match(story.report.result, { kind: 'accepted', provider: 'a' })
})

t.test('deliver() asks the last resort when nobody else is there, and says so', async (t) => {
  const story = await play({ a: [no('no_answer'), ok()] }, { chain: [], lastResort: 'a' })
  t.match(story.report, { lastResort: true, result: { kind: 'undecided' } })
  t.match(story.report.attempts, [{ trigger: 'last_resort' }])
  t.equal(order(story), 'a', 'who may have sent it is not asked again')

  const again = await play({ a: [no('provider_error'), ok()] }, { chain: [], lastResort: 'a' })
  t.match(again.report.result, { kind: 'accepted', provider: 'a' })
})

t.test(
  'deliver() asks the last resort when everybody else has failed, also beside one that hangs',
  async (t) => {
    const failed = await play({ a: [no('credentials')], b: [ok()] }, { chain: ['a'], lastResort: 'b' })
    t.match(failed.report, { lastResort: true, result: { kind: 'accepted', provider: 'b' } })
    t.match(failed.report.attempts, [{ trigger: 'first' }, { trigger: 'last_resort' }])

    const second = await play(
      { a: [no('provider_error'), ok()], b: [ok()] },
      { chain: ['a'], lastResort: 'b' }
    )
    t.equal(order(second), 'a a', 'who is healthy is asked again before')

    const hanging = await play({ a: ['hang'], b: [ok()] }, { chain: ['a'], lastResort: 'b' })
    t.match(hanging.report.result, { kind: 'accepted', provider: 'b' })
  }
)

t.test('deliver() takes a bug of an adapter for an answer that nobody can read', async (t) => {
  const story = await play({ a: ['throw'], b: [ok()] })
  t.match(story.report.result, { kind: 'accepted', provider: 'b' })
  t.match(story.report.attempts[0], { result: 'no_answer', cause: 'internal_error' })
  t.match(
    story.events.find(({ kind }) => kind === 'bug'),
    { provider: 'a' }
  )
})

t.test('deliver() keeps its promises whatever providers do', async (t) => {
  const classes = Object.keys(OUTCOME_CLASSES).filter((name) => name !== 'accepted') as FailureClass[]
  const tens = (max: number) => fc.integer({ min: 0, max: max / 10 }).map((n) => n * 10)
  const behaviour: fc.Arbitrary<Behaviour> = fc.oneof(
    tens(3000).map(ok),
    fc.tuple(fc.constantFrom(...classes), tens(3000)).map(([name, afterMs]) => no(name, afterMs)),
    fc.constantFrom<Behaviour>('hang', 'never_connects', 'throw')
  )
  const script = fc.array(behaviour, { minLength: 3, maxLength: 3 })

  await fc.assert(
    fc.asyncProperty(
      fc.record({ a: script, b: script, c: script }),
      fc.constantFrom<Channel>('sms', 'voice'),
      tens(3000),
      async (scripts, channel, deadlineMs) => {
        const { report, answeredAtMs, started, events } = await play(scripts, { channel, deadlineMs })

        must(answeredAtMs <= deadlineMs, 'answered by the deadline')
        must(
          started.every(({ atMs }) => atMs + 300 <= deadlineMs),
          'nothing starts too late to end'
        )
        for (const name of ['a', 'b', 'c']) {
          const own = report.attempts.filter(({ provider }) => provider === name)
          must(own.length <= MAX_ATTEMPTS, 'not for ever')
          must(
            own.slice(0, -1).every(({ certainty }) => certainty === 'not_sent'),
            'no second try of what may be sent'
          )
        }
        const acceptances = report.attempts.filter(({ result }) => result === 'accepted')
        must(
          (report.result.kind === 'accepted') === acceptances.length > 0,
          'accepted if and only if somebody did'
        )
        if (report.result.kind === 'all_failed' || report.result.kind === 'refused') {
          must(
            report.attempts.every(({ certainty }) => certainty === 'not_sent'),
            'failed means that nothing was sent'
          )
        }
        if (channel === 'voice') {
          must(
            report.attempts.slice(0, -1).every(({ result }) => result !== 'in_flight'),
            'a phone is not rung by two at once'
          )
        }
        const ends = events.filter(({ kind }) => kind === 'attempt_completed' || kind === 'late_result')
        must(ends.length === started.length, 'every attempt is heard out once')
      }
    ),
    { numRuns: 300 }
  )
  t.pass('300 random deliveries')
})

function must(holds: boolean, promise: string): void {
  if (!holds) throw new Error(`Broken: ${promise}.`)
}
