import t from 'tap'
import { createAlarms, REPEAT_ALARM_MS } from '../../src/delivery/alarms.ts'
import { createCapacity } from '../../src/delivery/capacity.ts'
import { createCooldowns } from '../../src/delivery/cooldowns.ts'
import { LONGEST_COOLDOWN_MS } from '../../src/domain/condition.ts'
import { createHanging, MAX_HANGING } from '../../src/delivery/hanging.ts'
import { createOverload, type Pressure } from '../../src/delivery/overload.ts'
import { createResends } from '../../src/delivery/resends.ts'
import { accepted, failed } from '../../src/domain/outcome.ts'
import { createMemoryState } from '../../src/state/memory.ts'
import type { GatewayEvent } from '../../src/telemetry/events.ts'

t.test('a cool-down holds for its provider and channel, as long as was asked for', async (t) => {
  let nowMs = 1000
  const begun: unknown[] = []
  const cooldowns = createCooldowns({ now: () => nowMs, onBegin: (...all) => begun.push(all) })
  cooldowns.begin('a', 'sms', 5000)
  t.equal(cooldowns.leftMs('a', 'sms'), 6000 - nowMs)
  t.equal(cooldowns.leftMs('a', 'voice'), null)
  cooldowns.begin('a', 'sms', 1000)
  t.equal(cooldowns.leftMs('a', 'sms'), 6000 - nowMs, 'a later, shorter one does not shorten it')
  t.same(begun, [['a', 'sms', 5000]], 'and it is told once')
  nowMs = 6000
  t.equal(cooldowns.leftMs('a', 'sms'), null)
  cooldowns.begin('a', 'sms', null)
  t.equal(cooldowns.leftMs('a', 'sms'), 7000 - nowMs, 'a second, where no time was named')
  cooldowns.end('a', 'sms')
  t.equal(cooldowns.leftMs('a', 'sms'), null)
  cooldowns.begin('a', 'sms', 86_400_000)
  t.equal(cooldowns.leftMs('a', 'sms'), LONGEST_COOLDOWN_MS, 'a day is too long')
})

t.test('an alarm is one event while it lasts, and one when it is over', async (t) => {
  let nowMs = 0
  const events: GatewayEvent[] = []
  const alarms = createAlarms({ now: () => nowMs, report: (event) => events.push(event) })
  const dead = failed('credentials', 'refused', { httpStatus: 401, providerCode: '20003' })
  for (let i = 0; i < 100; i++) alarms.hear('a', 'sms', dead)
  alarms.hear('a', 'voice', dead)
  alarms.hear('a', 'sms', failed('provider_error', 'x'))
  t.match(events, [
    { event: 'provider.alarm', provider: 'a', channel: 'sms', class: 'credentials', provider_code: '20003' },
    { event: 'provider.alarm', channel: 'voice' }
  ])
  t.equal(events.length, 2)
  nowMs = REPEAT_ALARM_MS
  alarms.hear('a', 'sms', dead)
  t.equal(events.length, 3, 'an hour later again')
  alarms.hear('a', 'sms', failed('quota', 'x'))
  t.match(events.at(-1), { event: 'provider.alarm', class: 'quota' }, 'another one is another one')
  nowMs += 500
  alarms.hear('a', 'sms', accepted('id'))
  alarms.hear('a', 'sms', accepted('id'))
  t.match(events.at(-1), { event: 'provider.alarm_over', class: 'quota', after_ms: 500 })
  t.equal(events.length, 5)
  alarms.hear('a', 'sms', dead)
  t.match(events.at(-1), { event: 'provider.alarm', class: 'credentials' }, 'dead again is loud again')
})

t.test('capacity is what the rules say, and without limit where they say nothing', async (t) => {
  let nowMs = 0
  const capacity = createCapacity({ state: createMemoryState({ now: () => nowMs }), now: () => nowMs })
  const takes = async (provider: string, count: number): Promise<number> => {
    const perSecond = provider === 'twilio' ? 3 : null
    return (
      await Promise.all(Array.from({ length: count }, () => capacity.take(provider, perSecond)))
    ).filter(Boolean).length
  }
  t.equal(await takes('twilio', 10), 3)
  t.equal(await takes('vonage', 10), 10)
  t.same(
    capacity.readings(),
    [{ provider: 'twilio', perSecond: 3, taken: 3, refused: 7 }],
    'and it is told of'
  )
  nowMs += 400
  t.equal(await takes('twilio', 10), 1)
  nowMs += 10_000
  t.match(capacity.readings(), [{ taken: 0, refused: 0 }], 'as long as it is new')
  t.equal(await takes('twilio', 10), 3, 'what was not used is not saved up')
})

t.test('of the attempts that nobody waits for, the oldest beyond the limit is given up', async (t) => {
  const hanging = createHanging()
  const given: number[] = []
  const forget = Array.from({ length: MAX_HANGING }, (_, i) => hanging.add('a', () => given.push(i)))
  t.same(given, [])
  hanging.add('b', () => given.push(-1))
  forget[0]?.()
  t.equal(hanging.count(), MAX_HANGING)
  hanging.add('a', () => given.push(-2))
  t.same(given, [], 'one had ended')
  hanging.add('a', () => given.push(-3))
  t.same(given, [1])
  t.equal(hanging.count(), MAX_HANGING + 1)
})

t.test('what is too much is refused at once, and said when it begins and ends', async (t) => {
  let nowMs = 0
  let pressure: Pressure = { eventLoopDelayMs: 0, heapShare: 0 }
  const events: GatewayEvent[] = []
  const overload = createOverload({
    maxInFlight: 10,
    pressure: () => pressure,
    now: () => nowMs,
    report: (event) => events.push(event)
  })
  for (let i = 0; i < 10; i++) t.equal(overload.enter(), null)
  for (let i = 0; i < 5; i++) t.equal(overload.enter(), 'in_flight')
  t.equal(overload.inFlight(), 10)
  t.match(events, [{ event: 'gateway.overloaded', reason: 'in_flight', in_flight: 10 }])
  nowMs = 300
  overload.leave()
  t.equal(overload.enter(), null)
  t.equal(events.length, 1, 'it is not over at once')
  for (let i = 0; i < 3; i++) overload.leave()
  t.equal(overload.enter(), null)
  t.match(events.slice(1), [{ event: 'gateway.overload_over', after_ms: 300, refused: 5 }])

  pressure = { eventLoopDelayMs: 501, heapShare: 0 }
  t.equal(overload.enter(), 'event_loop')
  pressure = { eventLoopDelayMs: 0, heapShare: 0.95 }
  t.equal(overload.enter(), 'memory')
})

t.test('a resend is known by its person, with whom it was tried last, and counted', async (t) => {
  let nowMs = 5000
  const keys: string[] = []
  const memory = createMemoryState({ now: () => nowMs })
  const state = {
    ...memory,
    put: (key: string, value: string, ttlMs: number) => {
      keys.push(`${key} ${value}`)
      return memory.put(key, value, ttlMs)
    }
  }
  const digest = (text: string): string => `hash${text.length}`
  const resends = createResends({ state, digest, epoch: () => nowMs })
  t.equal(await resends.recall('u/+4670'), null)
  await resends.remember('u/+4670', 'twilio', 0, 10_000)
  nowMs += 4000
  t.same(await resends.recall('u/+4670'), { provider: 'twilio', ageMs: 4000, resend: 1 })
  t.equal(await resends.recall('another person'), null)
  await resends.remember('u/+4670', 'vonage', 1, 10_000)
  t.match(await resends.recall('u/+4670'), { provider: 'vonage', resend: 2 })
  nowMs += 10_001
  t.equal(await resends.recall('u/+4670'), null, 'and forgotten')
  t.notMatch(keys.join(), /4670/u)

  t.equal(await resends.count('twilio', 'SE'), 1)
  t.equal(await resends.count('twilio', 'SE'), 2)
  t.equal(await resends.count('twilio', null), 1)
  await memory.put('resend:hash7', '{"of":"another version"}', 1000)
  t.equal(await resends.recall('u/+4670'), null)
})
