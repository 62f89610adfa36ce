import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { createAlarms } from '../../src/delivery/alarms.ts'
import { createAnswers } from '../../src/delivery/answers.ts'
import { createBreakers } from '../../src/delivery/breakers.ts'
import { createCanaries } from '../../src/delivery/canaries.ts'
import { createCapacity } from '../../src/delivery/capacity.ts'
import { createCooldowns } from '../../src/delivery/cooldowns.ts'
import { createDeliver } from '../../src/delivery/deliver.ts'
import { createDispatch } from '../../src/delivery/dispatch.ts'
import { createHanging } from '../../src/delivery/hanging.ts'
import { createOverload } from '../../src/delivery/overload.ts'
import { createResends } from '../../src/delivery/resends.ts'
import type { Delivery } from '../../src/domain/delivery.ts'
import { CHANNELS, type OtpRequest } from '../../src/domain/message.ts'
import { accepted, failed, type Outcome } from '../../src/domain/outcome.ts'
import { parsePhone } from '../../src/domain/phone.ts'
import { rulesInForce } from '../../src/domain/in-force.ts'
import { PROVIDER_NAMES, type Provider, type ProviderName } from '../../src/providers/provider.ts'
import { createMemoryState } from '../../src/state/memory.ts'
import type { GatewayEvent } from '../../src/telemetry/events.ts'
import { ruleSet } from '../fixtures/rules.ts'
import { virtualTime } from '../fixtures/virtual-time.ts'

// The whole of delivery, forty requests a second for ten seconds or more, on a clock of its own: what the
// loop, the breakers and the plan come to together, without the noise of a machine.

/** What a provider does with a message that comes now. */
type Behaviour = (
  atMs: number,
  random: () => number
) => 'hang' | 'send_and_hang' | { readonly afterMs: number; readonly outcome: Outcome }

interface Sent {
  readonly delivery: Delivery
  readonly atMs: number
  readonly tookMs: number
  readonly firstAsked: string
  /** Messages that were sent for it, whatever was heard of them. */
  readonly messages: number
}

const INTERVAL_MS = 25

/** A normal distribution's 99th percentile. */
const Z99 = 2.326

/** Log-normal: half of them within 80 ms, 99 % within 200 ms. */
const healthy: Behaviour = (_, random) => {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  return { afterMs: 80 * Math.exp((Math.log(200 / 80) / Z99) * normal), outcome: accepted('id') }
}
const hanging: Behaviour = () => 'hang'
const silent: Behaviour = () => 'send_and_hang'
const broken: Behaviour = () => ({ afterMs: 20, outcome: failed('provider_error', 'refused') })
const sometimes =
  (share: number, one: Behaviour, other: Behaviour = healthy): Behaviour =>
  (atMs, random) =>
    random() < share ? one(atMs, random) : other(atMs, random)
const between =
  (fromMs: number, toMs: number, one: Behaviour): Behaviour =>
  (atMs, random) =>
    atMs >= fromMs && atMs < toMs ? one(atMs, random) : healthy(atMs, random)

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

async function simulate(
  t: Test,
  behaviours: Partial<Record<ProviderName, Behaviour>>,
  { seconds = 10, channel = 'sms' as const } = {}
): Promise<{ readonly sent: readonly Sent[]; readonly events: readonly GatewayEvent[] }> {
  const time = virtualTime()
  const { now } = time
  const random = seeded(20_261_124)
  const events: GatewayEvent[] = []
  const report = (event: GatewayEvent): void => void events.push(event)
  const messages = new Map<string, number>()
  const firstAsked = new Map<string, string>()

  function provider(name: ProviderName): Provider {
    const behave = behaviours[name] ?? healthy
    return {
      name,
      channels: new Set(CHANNELS),
      warm: async () => {},
      close: async () => {},
      send: ({ to }, { endWithinMs, signal }) =>
        new Promise((resolve) => {
          if (!firstAsked.has(to)) firstAsked.set(to, name)
          const does = behave(now(), random)
          const sends = does === 'send_and_hang' || (does !== 'hang' && does.outcome.class === 'accepted')
          if (sends) messages.set(to, (messages.get(to) ?? 0) + 1)
          signal?.addEventListener('abort', () => resolve(failed('no_answer', 'given_up')))
          if (typeof does === 'object') setTimeout(() => resolve(does.outcome), does.afterMs)
          else setTimeout(() => resolve(failed('no_answer', 'timeout')), endWithinMs)
        })
    }
  }
  const providers = new Map(PROVIDER_NAMES.map((name) => [name, provider(name)]))
  const file = ruleSet()
  const breaker = { ...file.defaults.breaker, openAtMostMs: 4000 }
  const rules = rulesInForce({ ...file, defaults: { ...file.defaults, breaker } }, null)
  const state = createMemoryState({ now })
  const breakers = createBreakers({
    settings: () => breaker,
    isUsable: () => true,
    now,
    random,
    onTransition: () => {}
  })
  for (const name of PROVIDER_NAMES) breakers.of(name, channel)
  const cooldowns = createCooldowns({ now, onBegin: () => {} })
  const dispatch = createDispatch({
    providers,
    breakers,
    cooldowns,
    overload: createOverload({
      maxInFlight: 1000,
      pressure: () => ({ eventLoopDelayMs: 0, heapShare: 0 }),
      now,
      report
    }),
    drainedBy: () => null,
    deliver: createDeliver({
      send: async (name, message, limits) => {
        const account = providers.get(name as ProviderName)
        if (account === undefined) throw new Error('There is no such provider.')
        return account.send(message, limits)
      },
      breakers,
      cooldowns,
      capacity: createCapacity({ state, now }),
      hanging: createHanging(),
      alarms: createAlarms({ now, report }),
      now
    }),
    answers: createAnswers({ shared: null, now }),
    resends: createResends({ state, digest: (text) => text, epoch: now }),
    canaries: createCanaries({ report }),
    digest: (text) => text,
    now,
    epoch: now
  })

  const sent: Sent[] = []
  const requests = seconds * (1000 / INTERVAL_MS)
  for (let i = 0; i < requests; i++) {
    const request = requestTo(i, channel)
    const atMs = now()
    void dispatch(request, { rules, router: rules.live, arrivedAtMs: atMs, report }).then(({ delivery }) => {
      const { e164 } = request.phone
      sent.push({
        delivery,
        atMs,
        tookMs: now() - atMs,
        firstAsked: firstAsked.get(e164) ?? 'nobody',
        // Counted at the end: what hangs may be sent later.
        get messages() {
          return messages.get(e164) ?? 0
        }
      })
    })
    await time.pass(INTERVAL_MS, 5)
  }
  await time.pass(3000, 10)
  await time.pass(10_000, 500)
  breakers.close()
  time.end()
  t.equal(sent.length, requests, 'every request is answered')
  t.equal(
    sent.every(({ tookMs }) => tookMs <= 2500),
    true,
    'none is late'
  )
  t.equal(
    sent.every(({ delivery, messages }) => delivery.result.kind !== 'accepted' || messages > 0),
    true,
    'no success without a message'
  )
  return { sent: sent.toSorted((a, b) => a.atMs - b.atMs), events }
}

function requestTo(i: number, channel: OtpRequest['channel']): OtpRequest {
  const phone = parsePhone(`+49151${String(10_000_000 + i)}`)
  if (phone === undefined) throw new Error('The number is none.')
  return {
    eventId: `event-${i}`,
    oktaRequestId: null,
    phone,
    channel,
    flow: 'sign_in',
    locale: 'en',
    code: '123456',
    text: null,
    lifeMs: 300_000,
    org: null,
    userId: `user-${i}`,
    preview: false
  }
}

const shareOf = (sent: readonly Sent[], holds: (one: Sent) => boolean): number =>
  sent.filter(holds).length / sent.length
const success = (sent: readonly Sent[]): number =>
  shareOf(sent, ({ delivery }) => delivery.result.kind === 'accepted')
const doubles = (sent: readonly Sent[]): number => shareOf(sent, ({ messages }) => messages > 1)
const p99 = (sent: readonly Sent[]): number =>
  sent.map(({ tookMs }) => tookMs).toSorted((a, b) => a - b)[Math.floor(sent.length * 0.99)] ?? Infinity

t.afterEach(() => mock.timers.reset())

t.test('everybody healthy: every code goes out once', async (t) => {
  const { sent } = await simulate(t, {})
  t.equal(success(sent), 1)
  t.equal(doubles(sent), 0)
})

for (const [name, behaviour] of Object.entries({ hanging, silent })) {
  t.test(`the first provider is ${name}`, async (t) => {
    const { sent } = await simulate(t, { twilio: behaviour })
    t.ok(success(sent) >= 0.999, `${success(sent)} succeed`)
    t.ok(p99(sent) <= 1100, `p99 ${p99(sent)} ms`)
    const avoids = sent.find(({ firstAsked }) => firstAsked !== 'twilio')?.atMs ?? Infinity
    t.ok(avoids <= 1200, `avoided after ${avoids} ms`)
    t.ok(doubles(sent) <= 0.1, `${doubles(sent)} twice`)
    const later = sent.filter(({ atMs }) => atMs >= 2000)
    t.ok(doubles(later) <= 0.01, `${doubles(later)} twice after two seconds`)
  })
}

t.test('the first two hang', async (t) => {
  const { sent } = await simulate(t, { twilio: hanging, vonage: hanging })
  t.ok(success(sent) >= 0.995, `${success(sent)} succeed`)
})

t.test('an outage of ten seconds: the provider is in use again within five', async (t) => {
  for (const behaviour of [hanging, broken]) {
    const { sent } = await simulate(t, { twilio: between(2000, 12_000, behaviour) }, { seconds: 20 })
    t.ok(success(sent) >= 0.999, `${success(sent)} succeed`)
    const back = sent.find(
      ({ atMs, delivery: { result } }) =>
        atMs >= 12_000 && result.kind === 'accepted' && result.provider === 'twilio'
    )
    t.ok((back?.atMs ?? Infinity) <= 17_000, `back after ${(back?.atMs ?? Infinity) - 12_000} ms`)
  }
})

t.test('a minute of a black hole: the provider is in use again within five seconds', async (t) => {
  const { sent } = await simulate(t, { twilio: between(2000, 62_000, silent) }, { seconds: 70 })
  t.ok(success(sent) >= 0.999, `${success(sent)} succeed`)
  const back = sent.find(({ atMs, firstAsked }) => atMs >= 63_000 && firstAsked === 'twilio')
  t.ok((back?.atMs ?? Infinity) <= 67_000, `asked again ${(back?.atMs ?? Infinity) - 62_000} ms after`)
  const steady = sent.filter(({ atMs }) => atMs >= 4000)
  t.ok(doubles(steady) <= 0.01, `${doubles(steady)} twice while it lasts`)
})

t.test('all fail half of the time', async (t) => {
  const half = sometimes(0.5, broken)
  const { sent } = await simulate(t, { twilio: half, vonage: half, messagebird: half }, { seconds: 30 })
  t.ok(success(sent) >= 0.995, `${success(sent)} succeed`)
  t.equal(doubles(sent), 0)
})

for (const share of [0.02, 0.05]) {
  t.test(`${share * 100} % of the requests hang`, async (t) => {
    const some = sometimes(share, hanging)
    const { sent } = await simulate(t, { twilio: some }, { seconds: 30 })
    t.ok(success(sent) >= 0.999, `${success(sent)} succeed`)
    t.equal(doubles(sent), 0)
  })
}

t.test('all hang a fifth of the time', async (t) => {
  const some = sometimes(0.2, hanging)
  const { sent } = await simulate(t, { twilio: some, vonage: some, messagebird: some }, { seconds: 30 })
  // One in 125 meets three that hang, which leaves no time for a fourth.
  t.ok(success(sent) >= 0.985, `${success(sent)} succeed`)
})
