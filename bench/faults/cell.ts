import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Pool } from 'undici'
import type { Channel } from '../../src/domain/message.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { AUTHORIZATION, providersOf, startTestGateway, THREE_PROVIDERS } from '../../test/fixtures/gateway.ts'
import { FAULTS, type Latency } from './faults.ts'

/** One field of the matrix: a gateway, its providers, and somebody who asks, in a process of their own. */
export interface Cell {
  readonly fault: string
  readonly on: 'first' | 'first two' | 'all'
  /** Warm: the providers have carried messages for a while before the fault begins. */
  readonly start: 'cold' | 'warm'
  readonly channel: Channel
  /** Of the rule; null: the channel's own. */
  readonly onNoAnswer: 'next' | null
  readonly requests: number
  readonly perSecond: number
  readonly latency: Latency
  readonly attemptTimeoutMs: number
}

export interface CellResult {
  readonly requests: number
  /** Shares of the requests, 0 to 1. */
  readonly successful: number
  readonly late: number
  readonly unanswered: number
  readonly twice: number
  readonly twiceAfterTwoSeconds: number
  /** Delivered, and Okta was told that it failed. */
  readonly sentThoughFailed: number
  /** Okta was told SUCCESSFUL, and nothing was delivered. A lie. */
  readonly lies: number
  /** Messages that reached a provider more than the deadline after Okta's request. */
  readonly afterDeadline: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly slowestMs: number
  /** From the begin of the fault to the first request that goes elsewhere at first; null: none did. */
  readonly avoidedAfterMs: number | null
  /** From its end to the first request that the provider carries; null: it did not end, or none did. */
  readonly backAfterMs: number | null
}

const DEADLINE_MS = 2_500
const PROVIDERS = ['twilio', 'vonage', 'messagebird'] as const
const WARM_MS = 3_000
/** After a fault has ended, the cell goes on for so long. */
const AFTERWARDS_MS = 8_000

const rulesOf = ({ attemptTimeoutMs, onNoAnswer }: Cell): string => `${THREE_PROVIDERS}
defaults: { deadline: ${DEADLINE_MS}ms, attempt_timeout: ${attemptTimeoutMs}ms, sender: number }
otherwise:
  send: [twilio, vonage, messagebird]
${onNoAnswer === null ? '' : `  on_no_answer: ${onNoAnswer}`}
`

interface Asked {
  readonly number: string
  readonly startedAtMs: number
  tookMs: number | null
  status: string | null
}

/** Plays one cell. Takes as long as its requests do, and a few seconds. */
export async function playCell(cell: Cell): Promise<CellResult> {
  const { fault: name, on, channel, latency } = cell
  const fault = FAULTS[name]
  if (fault === undefined) throw new Error(`There is no fault "${name}".`)
  const affected = PROVIDERS.slice(0, on === 'first' ? 1 : on === 'first two' ? 2 : 3)
  const firsts = new Map<string, { readonly first: string | null; readonly carried: string | null }>()
  const messages = new Map<string, number[]>()

  const sandbox = await startSandbox({
    now: () => Date.now(),
    random: Math.random,
    latency,
    onMessage: ({ to }) => messages.set(to, [...(messages.get(to) ?? []), performance.now()])
  })
  const noTls = createServer((socket) => socket.on('error', () => undefined).end('This is no TLS.\n')).listen(
    0,
    '127.0.0.1'
  )
  await once(noTls, 'listening')
  const elsewhere =
    fault.address === 'no_such_name'
      ? 'https://switchboard-bench.invalid'
      : fault.address === 'no_tls'
        ? `https://127.0.0.1:${(noTls.address() as AddressInfo).port}`
        : null
  const addressOf = (provider: (typeof PROVIDERS)[number], own: string): string =>
    elsewhere !== null && affected.includes(provider) ? elsewhere : own

  const own = providersOf({
    ...sandbox,
    twilioUrl: addressOf('twilio', sandbox.twilioUrl),
    vonageRestUrl: addressOf('vonage', sandbox.vonageRestUrl),
    vonageApiUrl: addressOf('vonage', sandbox.vonageApiUrl),
    messagebirdUrl: addressOf('messagebird', sandbox.messagebirdUrl)
  })
  const gateway = await startTestGateway({
    rules: rulesOf(cell),
    providers: own,
    level: 'info',
    onLine: (line) => note(JSON.parse(line))
  })

  function note(line: any): void {
    if (line.event !== 'otp.request.completed') return
    firsts.set(line.okta_event_id, {
      first: line.attempts_detail[0]?.provider ?? null,
      carried: line.provider
    })
  }

  const okta = new Pool(gateway.url, { connections: 512 })
  const asked: Asked[] = []
  let serial = 0

  async function ask(): Promise<void> {
    serial += 1
    const i = serial
    const one: Asked = {
      number: `+49151${10_000_000 + i}`,
      startedAtMs: performance.now(),
      tookMs: null,
      status: null
    }
    asked.push(one)
    try {
      const { statusCode, body } = await okta.request({
        method: 'POST',
        path: '/telephonyHook',
        headers: { authorization: AUTHORIZATION, 'content-type': 'application/json' },
        body: oktaBody(i, one.number, channel)
      })
      const answer = (await body.json()) as any
      one.status =
        statusCode === 200 ? (answer.commands?.[0].value[0].status ?? 'ERROR') : `HTTP ${statusCode}`
      one.tookMs = performance.now() - one.startedAtMs
    } catch {
      one.status = null
    }
  }

  /** An open loop: who is slow does not slow down who comes after. */
  async function askFor(count: number): Promise<void> {
    const beginMs = performance.now()
    const waiting: Promise<void>[] = []
    for (let i = 0; i < count; i++) {
      const dueMs = beginMs + ((i + Math.random() / 2) * 1000) / cell.perSecond
      await pause(dueMs - performance.now())
      waiting.push(ask())
    }
    await Promise.all(waiting)
  }

  if (cell.start === 'warm') {
    await askFor((WARM_MS / 1000) * cell.perSecond)
    asked.length = 0
    messages.clear()
    firsts.clear()
  }
  const beginMs = performance.now()
  for (const provider of affected) {
    const own = fault.fault(provider, channel, latency)
    if (own !== null) await sandbox.setFault(provider, own)
  }
  let endedAtMs: number | null = null
  const { endsAfterMs } = fault
  const ending =
    endsAfterMs === undefined
      ? undefined
      : setTimeout(() => {
          void sandbox.clear().then(() => {
            endedAtMs = performance.now()
          })
        }, endsAfterMs)
  const least = endsAfterMs === undefined ? 0 : ((endsAfterMs + AFTERWARDS_MS) / 1000) * cell.perSecond
  await askFor(Math.max(cell.requests, least))
  clearTimeout(ending)
  await okta.close()
  // What was left running may still be sent.
  await pause(500)
  await gateway.stop()
  await sandbox.close()
  noTls.close()

  const share = (of: readonly Asked[], holds: (one: Asked) => boolean): number =>
    of.length === 0 ? 0 : of.filter(holds).length / of.length
  const sentTo = ({ number }: Asked): readonly number[] => messages.get(number) ?? []
  const times = asked.map(({ tookMs }) => tookMs ?? Infinity).toSorted((a, b) => a - b)
  const percentile = (p: number): number => Math.round(times[Math.floor(times.length * p)] ?? 0)
  const storyOf = ({ number }: Asked) => firsts.get(`event-${number.slice(1)}`)
  const avoided = asked.find((one) => {
    const first = storyOf(one)?.first ?? null
    return first !== null && !affected.some((provider) => provider === first)
  })
  const back =
    endedAtMs === null
      ? undefined
      : asked.find((one) => one.startedAtMs >= (endedAtMs ?? 0) && storyOf(one)?.carried === affected[0])

  return {
    requests: asked.length,
    successful: share(
      asked,
      ({ status, tookMs }) => status === 'SUCCESSFUL' && (tookMs ?? Infinity) <= 3_000
    ),
    late: share(asked, ({ tookMs }) => (tookMs ?? Infinity) > 2_800),
    unanswered: share(asked, ({ status }) => status === null),
    twice: share(asked, (one) => sentTo(one).length > 1),
    twiceAfterTwoSeconds: share(
      asked.filter(({ startedAtMs }) => startedAtMs - beginMs >= 2_000),
      (one) => sentTo(one).length > 1
    ),
    sentThoughFailed: share(
      asked,
      (one) => (one.status === 'FAILED' || one.status === 'ERROR') && sentTo(one).length > 0
    ),
    lies: share(asked, (one) => one.status === 'SUCCESSFUL' && sentTo(one).length === 0),
    afterDeadline: share(asked, (one) => sentTo(one).some((atMs) => atMs - one.startedAtMs > DEADLINE_MS)),
    p50Ms: percentile(0.5),
    p99Ms: percentile(0.99),
    slowestMs: Math.round(times.at(-1) ?? 0),
    avoidedAfterMs: avoided === undefined ? null : Math.round(avoided.startedAtMs - beginMs),
    backAfterMs: back === undefined ? null : Math.round(back.startedAtMs - (endedAtMs ?? 0))
  }
}

function oktaBody(i: number, number: string, channel: Channel): string {
  const code = String(100_000 + ((i * 7919) % 900_000))
  return JSON.stringify({
    eventId: `event-${number.slice(1)}`,
    eventType: 'com.okta.telephony.provider',
    requestType: 'com.okta.user.telephony.mfa-verification',
    source: 'https://bench.okta.com/api/v1/inlineHooks/cal',
    data: {
      userProfile: { userId: `user-${i}` },
      messageProfile: {
        phoneNumber: number,
        deliveryChannel: channel === 'sms' ? 'SMS' : 'VOICE',
        otpCode: code,
        msgTemplate: `Your code is ${code}`,
        otpExpires: new Date(Date.now() + 300_000).toISOString(),
        locale: 'en'
      }
    }
  })
}

function pause(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms))
}
