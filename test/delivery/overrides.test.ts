import t, { type Test } from 'tap'
import { createOverrides, MAX_OVERRIDES, type OverrideDraft } from '../../src/delivery/overrides.ts'
import { LONGEST_OVERRIDE_MS, readOverrideLength } from '../../src/domain/override.ts'
import { createMemoryState } from '../../src/state/memory.ts'
import type { State } from '../../src/state/state.ts'
import type { GatewayEvent } from '../../src/telemetry/events.ts'
import { virtualTime, type VirtualTime } from '../fixtures/virtual-time.ts'

const HOUR_MS = 60 * 60_000
const draft = (over: Partial<OverrideDraft> = {}): OverrideDraft => ({
  provider: 'twilio',
  channel: null,
  country: null,
  why: 'INC-123',
  by: 'oncall',
  forMs: HOUR_MS,
  ...over
})

function startNode(t: Test, time: VirtualTime, state: State) {
  const events: GatewayEvent[] = []
  const overrides = createOverrides({ state, epoch: time.now, report: (event) => events.push(event) })
  t.teardown(overrides.close)
  const drained = (provider: string, channel: 'sms' | 'voice' = 'sms', country: 'SE' | 'DE' | null = 'SE') =>
    overrides.drainedBy({ provider, channel, country }) !== null
  return { overrides, events, drained }
}

async function start(t: Test, nodes = 1) {
  const time = virtualTime()
  t.teardown(time.end)
  await time.pass(1000)
  const state = createMemoryState(time)
  const all = Array.from({ length: nodes }, () => startNode(t, time, state))
  for (const { overrides } of all) await overrides.start()
  const [first] = all
  if (first === undefined) throw new Error('There is no node.')
  return { time, state, all, ...first }
}

t.test('an override covers what it says, and nothing else', async (t) => {
  const { overrides, drained } = await start(t)
  await overrides.set(draft({ channel: 'sms', country: 'SE' }))
  t.equal(drained('twilio'), true)
  t.equal(drained('twilio', 'voice'), false)
  t.equal(drained('twilio', 'sms', 'DE'), false)
  t.equal(drained('twilio', 'sms', null), false, 'a number of no country is not in Sweden')
  t.equal(drained('vonage'), false)
  await overrides.set(draft({ provider: 'vonage' }))
  t.equal(drained('vonage', 'voice', null), true)
  t.same(
    overrides.list().map(({ id }) => id),
    ['twilio-sms-se', 'vonage-all-all']
  )
})

t.test('it ends by itself, and says so; set again, it takes the place of the first', async (t) => {
  const { overrides, drained, time, events } = await start(t)
  await overrides.set(draft())
  await time.pass(HOUR_MS / 2, 60_000)
  const again = await overrides.set(draft({ why: 'INC-124', by: 'another' }))
  t.match(again, { kind: 'set', override: { why: 'INC-124' }, replaced: { why: 'INC-123' } })
  await time.pass(HOUR_MS - 10_000, 10_000)
  t.equal(drained('twilio'), true)
  await time.pass(10_000, 500)
  t.equal(drained('twilio'), false)
  t.same(overrides.list(), [])
  await time.pass(2000)
  t.match(events, [
    { event: 'provider.override_set', why: 'INC-123', by: 'oncall', for_ms: HOUR_MS },
    { event: 'provider.override_ended', why: 'INC-123', reason: 'replaced', ended_by: 'another' },
    { event: 'provider.override_set', why: 'INC-124', until: '1970-01-01T01:30:01.000Z' },
    { event: 'provider.override_ended', why: 'INC-124', reason: 'expired', ended_by: null }
  ])
  t.equal(events.length, 4)
  const longest = await overrides.set(draft({ forMs: LONGEST_OVERRIDE_MS * 2 }))
  t.match(longest, { override: { until: time.now() + LONGEST_OVERRIDE_MS } })
})

t.test('it is taken back by what it covers', async (t) => {
  const { overrides, drained, events } = await start(t)
  await overrides.set(draft({ channel: 'sms', country: 'SE' }))
  await overrides.set(draft({ channel: 'voice' }))
  t.same(await overrides.remove({ provider: 'twilio', channel: 'sms', country: 'DE' }, 'oncall'), [])
  t.match(await overrides.remove({ provider: 'twilio', channel: 'sms', country: null }, 'me'), [
    { id: 'twilio-sms-se' }
  ])
  t.match(events.at(-1), { event: 'provider.override_ended', reason: 'removed', ended_by: 'me' })
  t.equal(drained('twilio', 'voice'), true)
  t.equal((await overrides.remove({ provider: 'twilio', channel: null, country: null }, 'me')).length, 1)
  t.equal(drained('twilio', 'voice'), false)
})

t.test('every node keeps to it, also those that start later, and a removal holds on all', async (t) => {
  const { all, time, state } = await start(t, 2)
  const [here, there] = all
  await here?.overrides.set(draft())
  await time.pass(1100, 100)
  t.equal(there?.drained('twilio'), true)
  const later = startNode(t, time, state)
  await later.overrides.start()
  t.equal(later.drained('twilio'), true, 'it survives a restart')

  await later.overrides.remove({ provider: 'twilio', channel: null, country: null }, 'me')
  await time.pass(1100, 100)
  for (const node of [here, there, later]) t.equal(node?.drained('twilio'), false)
  await time.pass(5000, 100)
  for (const node of [here, there, later]) {
    t.equal(node?.drained('twilio'), false, 'and nobody brings it back')
  }
})

t.test('a state that has lost everything is told again by the nodes', async (t) => {
  const { overrides, drained, state, time } = await start(t)
  await overrides.set(draft())
  await state.removeEntry('overrides', 'twilio-all-all')
  await state.putEntry('overrides', 'nonsense', '{"of":"another version"}', 60_000)
  await state.putEntry('overrides', 'broken', 'no JSON', 60_000)
  await time.pass(1100, 100)
  t.equal(drained('twilio'), true)
  t.match((await state.entries('overrides')).get('twilio-all-all'), /INC-123/u)
  t.equal(overrides.list().length, 1)
})

t.test('there are not more than anybody can oversee', async (t) => {
  const { overrides } = await start(t)
  for (let i = 0; i < MAX_OVERRIDES; i++) await overrides.set(draft({ provider: `provider${i}` }))
  t.match(await overrides.set(draft()), { kind: 'too_many' })
  t.match(await overrides.set(draft({ provider: 'provider7' })), { kind: 'set' }, 'one may be set anew')
})

t.test('readOverrideLength() reads a length of time from a minute to seven days', async (t) => {
  for (const [text, ms] of [
    ['1m', 60_000],
    ['90m', 90 * 60_000],
    ['2h', 2 * HOUR_MS],
    ['7d', LONGEST_OVERRIDE_MS],
    ['168h', LONGEST_OVERRIDE_MS],
    ['8d', null],
    ['0m', null],
    ['2', null],
    ['2 h', null],
    ['-2h', null],
    ['2h30m', null],
    ['30s', null],
    ['', null]
  ] as const) {
    t.equal(readOverrideLength(text), ms, text)
  }
})
