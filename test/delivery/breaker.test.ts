import { mock } from 'node:test'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createBreaker, type Permit, type Transition } from '../../src/delivery/breaker.ts'
import { createBreakers } from '../../src/delivery/breakers.ts'
import type { OutcomeClass } from '../../src/domain/outcome.ts'
import type { BreakerSettings } from '../../src/domain/rules.ts'
import { defaults } from '../fixtures/rules.ts'
import { virtualTime } from '../fixtures/virtual-time.ts'

function startBreaker(t: Test, over: Partial<BreakerSettings> = {}) {
  const time = virtualTime()
  const transitions: Transition[] = []
  const settings = { ...defaults.breaker, ...over }
  let neighbour = true
  const breaker = createBreaker({
    settings: () => settings,
    now: time.now,
    random: () => 0,
    mayOpen: () => neighbour,
    onTransition: (transition) => transitions.push(transition)
  })
  t.teardown(() => {
    breaker.close()
    time.end()
  })
  const call = (result: OutcomeClass): boolean => {
    const permit = breaker.admit()
    permit?.report(result)
    return permit !== null
  }
  const calls = (count: number, result: OutcomeClass) => {
    for (let i = 0; i < count; i++) call(result)
  }
  return {
    breaker,
    time,
    transitions,
    call,
    calls,
    settings,
    /** Is there anybody else who could take over? */
    leave: (others: boolean) => {
      neighbour = others
    }
  }
}

t.test('a breaker opens', async (t) => {
  await t.test('after so many failures in a row', async (t) => {
    const { breaker, calls, transitions } = startBreaker(t, { minCalls: 100 })
    calls(4, 'no_answer')
    t.equal(breaker.state(), 'closed')
    calls(1, 'provider_error')
    t.equal(breaker.state(), 'open')
    t.match(transitions, [{ to: 'open', cause: 'in_a_row', failures: 5, calls: 5, openForMs: 2000 }])
    t.equal(breaker.admit(), null)
  })

  await t.test('at the failure rate, once there are enough calls', async (t) => {
    const { breaker, call, time, transitions } = startBreaker(t, { minCalls: 6 })
    for (const result of ['accepted', 'not_reached', 'accepted', 'not_reached', 'accepted'] as const) {
      call(result)
    }
    await time.pass(0)
    t.equal(breaker.state(), 'closed', 'two of five')
    call('not_reached')
    t.equal(breaker.state(), 'open', 'three of six')
    t.match(transitions, [{ cause: 'failure_rate' }])
  })

  await t.test('only on what is in the window', async (t) => {
    const { breaker, calls, time } = startBreaker(t, { inARow: 100 })
    calls(4, 'not_reached')
    await time.pass(12_000, 500)
    calls(4, 'not_reached')
    t.equal(breaker.state(), 'closed')
  })

  for (const cause of ['credentials', 'quota'] as const) {
    await t.test(`at once on a fault of ${cause}`, async (t) => {
      const { breaker, calls, transitions } = startBreaker(t)
      calls(1, cause)
      t.equal(breaker.state(), 'open')
      t.match(transitions, [{ cause }])
    })
  }

  await t.test('never on what says nothing about the provider', async (t) => {
    const { breaker, calls } = startBreaker(t)
    for (const result of [
      'recipient_refused',
      'opted_out',
      'fraud_blocked',
      'bad_request',
      'sender_refused',
      'throttled'
    ] as const) {
      calls(50, result)
    }
    t.equal(breaker.state(), 'closed')
  })

  await t.test('on twice as many answers that nobody has classified', async (t) => {
    const { breaker, calls } = startBreaker(t, { minCalls: 100 })
    calls(9, 'unknown')
    t.equal(breaker.state(), 'closed')
    calls(1, 'unknown')
    t.equal(breaker.state(), 'open')
  })
})

t.test('calls that wait for long, one after another, make it open before they time out', async (t) => {
  const { breaker, call, transitions } = startBreaker(t)
  const permits = Array.from({ length: 8 }, () => breaker.admit())
  for (const permit of permits.slice(0, 4)) permit?.suspect()
  t.equal(breaker.state(), 'closed')
  call('accepted')
  for (const permit of permits.slice(4)) permit?.suspect()
  t.equal(breaker.state(), 'closed', 'an acceptance in between says that it is alive')
  const last = breaker.admit()
  last?.report('accepted')
  last?.suspect()
  for (let i = 0; i < 5; i++) breaker.admit()?.suspect()
  t.equal(breaker.state(), 'open')
  t.match(transitions, [{ to: 'open', cause: 'silent' }])
  permits[0]?.report('no_answer')
  permits[1]?.report('accepted')
  t.equal(breaker.state(), 'open', 'what they come to then is about a time gone by')
})

t.test('a key that turns out dead after its call was counted opens it all the same', async (t) => {
  const { breaker } = startBreaker(t)
  const permit = breaker.admit()
  permit?.report('no_answer')
  permit?.reportLate('accepted')
  t.equal(breaker.state(), 'closed')
  permit?.reportLate('credentials')
  t.equal(breaker.state(), 'open')
})

t.test('a breaker stays closed where nobody else would be left, says so once, and opens later', async (t) => {
  const { breaker, calls, call, leave, transitions } = startBreaker(t)
  leave(false)
  calls(50, 'no_answer')
  t.equal(breaker.state(), 'closed')
  t.same(transitions, [{ to: 'kept_closed', cause: 'in_a_row' }])
  call('accepted')
  calls(5, 'no_answer')
  t.equal(transitions.length, 2, 'a new row is told again')
  leave(true)
  calls(1, 'no_answer')
  t.equal(breaker.state(), 'open')
})

t.test('a breaker goes by the settings in force, and forgets nothing when they change', async (t) => {
  const { breaker, calls, time, settings } = startBreaker(t, { minCalls: 100 })
  calls(4, 'no_answer')
  Object.assign(settings, { inARow: 6 })
  calls(1, 'no_answer')
  t.equal(breaker.state(), 'closed')
  Object.assign(settings, { openForMs: 500 })
  calls(1, 'no_answer')
  t.equal(breaker.state(), 'open', 'four before the change and two after it')
  Object.assign(settings, { windowMs: 60_000 })
  t.equal(breaker.state(), 'open')
  await time.pass(510)
  t.equal(breaker.state(), 'half_open')
})

t.test('a half-open breaker lets one probe through', async (t) => {
  const { breaker, calls, time, transitions } = startBreaker(t)
  calls(5, 'no_answer')
  await time.pass(1990)
  t.equal(breaker.isAvailable(), false)
  await time.pass(20)
  t.equal(breaker.state(), 'half_open')

  const probe = breaker.admit()
  t.not(probe, null)
  t.equal(breaker.isAvailable(), false)
  t.equal(breaker.admit(), null, 'while the probe is out nobody else is let through')

  probe?.report('accepted')
  t.equal(breaker.state(), 'closed')
  t.same(
    transitions.map(({ to }) => to),
    ['open', 'half_open', 'closed']
  )
  calls(4, 'no_answer')
  t.equal(breaker.state(), 'closed', 'what failed before the outage ended is forgotten')
})

t.test(
  'a breaker whose probe fails doubles its wait up to the limit, and starts anew after recovery',
  async (t) => {
    const { breaker, calls, time, transitions } = startBreaker(t)
    calls(5, 'no_answer')
    for (let probes = 0; probes < 6; probes++) {
      await time.pass(31_000, 1000)
      breaker.admit()?.report('no_answer')
    }
    const waits = transitions.filter((one) => one.to === 'open').map(({ openForMs }) => openForMs)
    t.same(waits, [2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])

    await time.pass(31_000, 1000)
    breaker.admit()?.report('recipient_refused')
    t.equal(breaker.state(), 'closed', 'who answers about the recipient is alive')
    calls(5, 'no_answer')
    t.match(transitions.at(-1), { openForMs: 2000 })
  }
)

t.test('a probe that hangs does not put off the next one', async (t) => {
  const { breaker, calls, time, transitions } = startBreaker(t)
  calls(5, 'no_answer')
  await time.pass(2010)
  const probe = breaker.admit()
  await time.pass(900)
  probe?.report('no_answer')
  t.match(transitions.at(-1), { to: 'open', openForMs: 3100 }, 'four seconds from its start')
  await time.pass(3110)
  const slow = breaker.admit()
  await time.pass(30_000, 500)
  slow?.report('no_answer')
  t.match(transitions.at(-1), { openForMs: 4000 }, 'and never less than half of the wait')
})

t.test('a verdict about a time gone by changes nothing', async (t) => {
  const { breaker, calls, time } = startBreaker(t)
  const before = breaker.admit()
  calls(5, 'no_answer')
  await time.pass(2010)
  before?.report('accepted')
  t.equal(breaker.state(), 'half_open', 'only the probe closes')
  const probe = breaker.admit()
  probe?.report('accepted')
  probe?.report('no_answer')
  t.equal(breaker.state(), 'closed', 'a permit reports once')
})

t.test('the last resort passes an open breaker, and closes it when it is accepted', async (t) => {
  const { breaker, calls } = startBreaker(t)
  calls(5, 'no_answer')
  breaker.admitLastResort().report('no_answer')
  t.equal(breaker.state(), 'open')
  breaker.admitLastResort().report('accepted')
  t.equal(breaker.state(), 'closed')
})

t.test('a breaker never has two probes out, always recovers, and its permits end anywhere', async (t) => {
  const results = [
    'accepted',
    'no_answer',
    'not_reached',
    'credentials',
    'unknown',
    'recipient_refused'
  ] as const
  const move = fc.oneof(
    fc.record({ kind: fc.constant('admit' as const) }),
    fc.record({
      kind: fc.constant('report' as const),
      which: fc.nat(20),
      result: fc.constantFrom(...results)
    }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 40_000 }) })
  )
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 0 })
  t.teardown(() => mock.timers.reset())

  fc.assert(
    fc.property(
      fc.array(move, { maxLength: 60 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (moves, random) => {
        const transitions: Transition[] = []
        const breaker = createBreaker({
          settings: () => defaults.breaker,
          now: () => Date.now(),
          random: () => random,
          mayOpen: () => true,
          onTransition: (transition) => transitions.push(transition)
        })
        const out: { readonly permit: Permit; readonly probe: boolean }[] = []
        for (const one of moves) {
          if (one.kind === 'pass') mock.timers.tick(one.ms)
          else if (one.kind === 'report') {
            out.splice(one.which % Math.max(1, out.length), 1)[0]?.permit.report(one.result)
          } else {
            const before = breaker.state()
            const permit = breaker.admit()
            if (before === 'open' && permit !== null) return false
            if (permit !== null) out.push({ permit, probe: before === 'half_open' })
          }
          if (breaker.state() === 'half_open' && out.filter(({ probe }) => probe).length > 1) return false
        }
        for (const { permit } of out) permit.report('no_answer')
        // However it was left: after the longest wait a provider that works is in use again.
        mock.timers.tick(defaults.breaker.openAtMostMs)
        breaker.admit()?.report('accepted')
        const recovered = breaker.state() === 'closed'
        const waits = transitions
          .filter((transition) => transition.to === 'open')
          .map(({ openForMs }) => openForMs)
        breaker.close()
        return recovered && waits.every((wait) => wait >= 1600 && wait <= defaults.breaker.openAtMostMs)
      }
    ),
    { numRuns: 3000 }
  )
  t.pass('3000 random schedules')
})

t.test('of several breakers one is always closed, and each recovers', async (t) => {
  const names = ['a', 'b', 'c'] as const
  const move = fc.oneof(
    fc.record({
      kind: fc.constant('call' as const),
      name: fc.constantFrom(...names),
      result: fc.constantFrom(
        'accepted' as const,
        'no_answer' as const,
        'provider_error' as const,
        'quota' as const
      )
    }),
    fc.record({ kind: fc.constant('suspect' as const), name: fc.constantFrom(...names) }),
    fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 10_000 }) })
  )
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 0 })
  t.teardown(() => mock.timers.reset())

  fc.assert(
    fc.property(fc.array(move, { maxLength: 80 }), (moves) => {
      const breakers = createBreakers({
        settings: () => defaults.breaker,
        isUsable: () => true,
        now: () => Date.now(),
        random: () => 0.5,
        onTransition: () => {}
      })
      for (const name of names) breakers.of(name, 'sms')
      const waiting: Permit[] = []
      const oneIsClosed = (): boolean => breakers.readings().some(({ state }) => state === 'closed')
      for (const one of moves) {
        if (one.kind === 'pass') mock.timers.tick(one.ms)
        else if (one.kind === 'suspect') {
          const permit = breakers.of(one.name, 'sms').admit()
          permit?.suspect()
          if (permit !== null) waiting.push(permit)
        } else breakers.of(one.name, 'sms').admit()?.report(one.result)
        if (!oneIsClosed()) return false
      }
      for (const permit of waiting) permit.report('no_answer')
      if (!oneIsClosed()) return false
      mock.timers.tick(defaults.breaker.openAtMostMs)
      for (const name of names) breakers.of(name, 'sms').admit()?.report('accepted')
      const recovered = breakers.readings().every(({ state }) => state === 'closed')
      breakers.close()
      return recovered
    }),
    { numRuns: 3000 }
  )
  t.pass('3000 random schedules')
})

t.test('who cannot be used is nobody to fall back on', async (t) => {
  const time = virtualTime()
  t.teardown(time.end)
  let drained = false
  const breakers = createBreakers({
    settings: () => defaults.breaker,
    isUsable: (provider) => provider !== 'b' || !drained,
    now: time.now,
    random: () => 0,
    onTransition: () => {}
  })
  t.teardown(breakers.close)
  breakers.of('b', 'sms')
  breakers.of('b', 'voice')
  drained = true
  breakers.of('a', 'sms').admit()?.report('quota')
  t.equal(breakers.of('a', 'sms').state(), 'closed')
  drained = false
  breakers.of('a', 'sms').admit()?.report('quota')
  t.equal(breakers.of('a', 'sms').state(), 'open')
})
