import t from 'tap'
import { MAX_ATTEMPTS, turnAfter, type Made } from '../../src/delivery/turns.ts'
import { failed, type FailureClass } from '../../src/domain/outcome.ts'
import type { PlannedAttempt } from '../../src/domain/router.ts'
import { senders } from '../fixtures/rules.ts'

const planned = (provider: string): PlannedAttempt => {
  const [sender] = senders
  if (sender === undefined) throw new Error('There is no sender.')
  return { provider, sender, timeoutMs: 900, onNoAnswer: 'next', capacityPerSecond: null }
}
const [a, b, c] = [planned('a'), planned('b'), planned('c')]
const chain = [a, b, c]

const made = (
  attempt: PlannedAttempt,
  failureClass: FailureClass,
  settledAtMs: number,
  retryAfterMs: number | null = null
): Made => ({ planned: attempt, outcome: failed(failureClass, 'x', { retryAfterMs }), settledAtMs })
const running = (attempt: PlannedAttempt): Made => ({ planned: attempt, outcome: null, settledAtMs: null })

const turn = (attempts: readonly Made[], nowMs = 100, heldBack: readonly PlannedAttempt[] = []) => {
  const next = turnAfter(attempts, { chain, nowMs, isHeldBack: (one) => heldBack.includes(one) })
  return next === null ? null : [next.planned.provider, next.trigger, next.atMs]
}

t.test('turnAfter() asks everybody once, in the order of the plan', async (t) => {
  t.same(turn([]), ['a', 'first', 0])
  t.same(turn([running(a)]), ['b', 'failover', 0])
  t.same(turn([made(a, 'no_answer', 50), made(b, 'credentials', 60)]), ['c', 'failover', 0])
})

t.test('turnAfter() repeats what surely was not sent, with growing pauses', async (t) => {
  const once = chain.map((one) => made(one, 'provider_error', 100))
  t.same(turn(once), ['a', 'repeat', 100], 'the first time at once')
  const twice = [...once, ...chain.map((one) => made(one, 'not_reached', 110))]
  t.same(turn(twice, 110), ['a', 'repeat', 210], 'then after 100 ms')
  t.same(turn([...twice, made(a, 'provider_error', 300)], 300), ['b', 'repeat', 210], 'the one asked less')

  const never = [running(a), made(b, 'no_answer', 50), made(c, 'quota', 60)]
  t.equal(turn(never), null, 'never who may have sent it, never what does not pass')
  const many = Array.from({ length: MAX_ATTEMPTS }, () => made(a, 'provider_error', 100))
  t.equal(turn(many, 10_000), null, 'and not for ever')
})

t.test('turnAfter() leaves a throttled provider alone for as long as it asked', async (t) => {
  const throttled = [made(a, 'throttled', 100, 700), running(b), running(c)]
  t.same(turn(throttled), ['a', 'repeat', 800])
  t.same(turn([made(a, 'throttled', 100), running(b), running(c)]), ['a', 'repeat', 1100])
})

t.test('turnAfter() asks whom the machine holds back after one repetition of the others', async (t) => {
  t.same(turn([], 100, [a]), ['b', 'first', 0])
  t.same(turn([], 100, chain), ['a', 'last_resort', 0], 'better than nobody')
  const asked = [made(b, 'provider_error', 50), made(c, 'provider_error', 60)]
  t.same(turn(asked, 100, [a]), ['b', 'repeat', 50])
  const again = [...asked, made(b, 'provider_error', 70), made(c, 'provider_error', 80)]
  t.same(turn(again, 100, [a]), ['a', 'last_resort', 0])
  t.same(turn([running(b), running(c)], 100, [a]), ['a', 'last_resort', 0])
})
