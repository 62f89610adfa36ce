import type { Attempt, Delivery, Result } from '../domain/delivery.ts'
import type { Facts } from '../domain/facts.ts'
import type { OtpRequest, OutboundMessage } from '../domain/message.ts'
import type { Override, Use } from '../domain/override.ts'
import { decide, type Condition, type Plan, type PlannedAttempt, type Router } from '../domain/router.ts'
import { callScript, smsText } from '../domain/texts.ts'
import type { Provider, ProviderName } from '../providers/provider.ts'
import type { AttemptDetail, Report } from '../telemetry/events.ts'
import { faultOf } from '../telemetry/fault.ts'
import type { Answers } from './answers.ts'
import type { Breakers } from './breakers.ts'
import { LONGEST_COOLDOWN_MS, type Cooldowns } from './cooldowns.ts'
import type { Deliver, DeliveryEvent } from './deliver.ts'
import type { Overload } from './overload.ts'
import type { Earlier, Resends } from './resends.ts'

/** Kept back from the deadline for writing the answer, in ms. */
const ANSWER_RESERVE_MS = 50

export interface Dispatched {
  readonly delivery: Delivery
  /** The same request was seen before: nothing was sent for this one. */
  readonly duplicate: boolean
}

export interface DispatchDependencies {
  /** Of the rules in force. A request keeps the one that it began with. */
  readonly router: () => Router
  readonly providers: ReadonlyMap<ProviderName, Provider>
  readonly breakers: Breakers
  readonly cooldowns: Cooldowns
  readonly overload: Overload
  /** The word of a person that this use is not to be made; null where there is none. */
  readonly drainedBy: (use: Use) => Override | null
  readonly deliver: Deliver
  readonly answers: Answers
  readonly resends: Resends
  /** A keyed digest: what is remembered of a request names nobody. */
  readonly digest: (text: string) => string
  /** Monotonic, in ms. */
  readonly now: () => number
}

export type Dispatch = (request: OtpRequest, arrivedAtMs: number, report: Report) => Promise<Dispatched>

/** One request's way from the understood request to what became of it. */
export function createDispatch(deps: DispatchDependencies): Dispatch {
  const { providers, breakers, cooldowns, overload, deliver, answers, resends, now } = deps

  function conditionOf(provider: string, { channel, phone }: Facts): Condition {
    const account = providers.get(provider as ProviderName)
    if (account === undefined || !account.channels.has(channel)) return { kind: 'no_credentials' }
    if (deps.drainedBy({ provider, channel, country: phone.routingCountry }) !== null) {
      return { kind: 'drained' }
    }
    const breaker = breakers.of(provider, channel)
    // Who fails is worse to ask than who has too much to do; the longer it has failed, the worse.
    if (!breaker.isAvailable()) {
      return { kind: 'breaker_open', badness: now() - (breaker.openedAtMs() ?? 0) }
    }
    const coolUntilMs = cooldowns.untilMs(provider, channel)
    return coolUntilMs === null
      ? { kind: 'ready' }
      : { kind: 'cooling_down', badness: coolUntilMs - now() - LONGEST_COOLDOWN_MS }
  }

  /** The story of a request that nobody was asked about. */
  function untold(router: Router, arrivedAtMs: number, result: Result): Delivery {
    return {
      result,
      attempts: [],
      rule: null,
      rulesHash: router.hash,
      lastResort: false,
      durationMs: Math.round(now() - arrivedAtMs)
    }
  }

  async function carry(
    router: Router,
    request: OtpRequest,
    arrivedAtMs: number,
    report: Report
  ): Promise<Delivery> {
    const done = (result: Result, rest: Partial<Delivery> = {}): Delivery => ({
      ...untold(router, arrivedAtMs, result),
      ...rest
    })
    if (request.lifeMs <= 0) return done({ kind: 'expired' })

    const earlier = await recall(request, report)
    const { withinMs, preferOtherProvider } = router.defaults.resend
    const decidedAtMs = now()
    const facts = factsOf(request, preferOtherProvider ? (earlier?.provider ?? null) : null)
    const plan = decide(router, facts, conditionOf)
    reportPlan(plan, request, (now() - decidedAtMs) * 1000, report)
    if (plan.kind === 'block') return done({ kind: 'blocked', reason: plan.reason }, { rule: plan.rule })

    const { result, attempts, lastResort } = await deliver({
      channel: request.channel,
      chain: [...plan.chain, ...plan.lastResorts],
      compose: (planned) => compose(request, planned, request.lifeMs - (now() - arrivedAtMs)),
      answerByMs: answerByMs(router, arrivedAtMs),
      minAttemptMs: router.defaults.minAttemptMs,
      report: (event) => reportDelivery(event, request, report)
    })
    const triedLast = result.kind === 'accepted' ? result.provider : attempts.at(-1)?.provider
    if (triedLast !== undefined) {
      // Nobody here waits for it.
      void resends.remember(personOf(request), triedLast, earlier?.resend ?? 0, withinMs)
    }
    return done(result, { attempts, lastResort, rule: plan.rule })
  }

  async function recall(request: OtpRequest, report: Report): Promise<Earlier | null> {
    const earlier = await resends.recall(personOf(request))
    if (earlier !== null) void reportResend(earlier, request, report)
    return earlier
  }

  async function reportResend(
    { provider, resend, ageMs }: Earlier,
    { channel, phone: { country } }: OtpRequest,
    report: Report
  ): Promise<void> {
    report({
      event: 'otp.resend.detected',
      resend_count: resend,
      previous_provider: provider,
      age_ms: ageMs,
      channel,
      country,
      within_hour: await resends.count(provider, country)
    })
  }

  async function onceOnly(
    router: Router,
    key: string | null,
    request: OtpRequest,
    arrivedAtMs: number,
    report: Report
  ): Promise<Dispatched> {
    const work = (): Promise<Delivery> => carry(router, request, arrivedAtMs, report)
    if (key === null) return { delivery: await work(), duplicate: false }

    const { delivery, duplicate } = await answers.once(
      { key, lifeMs: request.lifeMs, answerByMs: answerByMs(router, arrivedAtMs) },
      work
    )
    if (duplicate !== null) {
      report({ event: 'otp.request.duplicate_suppressed', age_ms: duplicate.ageMs, joined: duplicate.joined })
    }
    return {
      // The node that has it was not heard of: what it sent, nobody here knows.
      delivery: delivery ?? untold(router, arrivedAtMs, { kind: 'undecided', provider: null }),
      duplicate: duplicate !== null
    }
  }

  return async function dispatch(request, arrivedAtMs, report) {
    const router = deps.router()
    // Without an id nothing can tell that it came twice.
    const key = request.eventId === null ? null : deps.digest(sameness(request))
    // What this node has done already it says, however much it has to do.
    if (key !== null && answers.knows(key)) return await onceOnly(router, key, request, arrivedAtMs, report)

    const refused = overload.enter()
    if (refused !== null) {
      const delivery = untold(router, arrivedAtMs, { kind: 'overloaded', reason: refused })
      return { delivery, duplicate: false }
    }
    try {
      return await onceOnly(router, key, request, arrivedAtMs, report)
    } finally {
      overload.leave()
    }
  }
}

function answerByMs(router: Router, arrivedAtMs: number): number {
  return arrivedAtMs + router.defaults.deadlineMs - ANSWER_RESERVE_MS
}

/**
 * What makes two requests the same: Okta's event id, and what was to be sent. An id that comes with
 * another number is not answered with the first one's success. docs/decisions/0005-duplicates.md
 */
function sameness({ org, eventId, phone, channel, code, text }: OtpRequest): string {
  return JSON.stringify([org, eventId, phone.e164, phone.extension, channel, code ?? text])
}

function personOf({ userId, phone }: OtpRequest): string {
  return `${userId ?? ''}/${phone.e164}`
}

function factsOf(request: OtpRequest, triedLast: string | null): Facts {
  const { channel, phone, flow, locale, org } = request
  return { channel, phone, flow, locale, org, person: personOf(request), triedLast }
}

function compose(request: OtpRequest, { sender }: PlannedAttempt, validityMs: number): OutboundMessage {
  const { phone, code, locale, text } = request
  const to = phone.e164
  // The reader lets no call through without a code, and no text message without a code or a text.
  if (request.channel === 'voice') {
    return {
      channel: 'voice',
      to,
      sender,
      extension: phone.extension,
      script: callScript(code ?? '', locale)
    }
  }
  return {
    channel: 'sms',
    to,
    sender,
    text: text ?? smsText(code ?? '', locale),
    validityMs: Math.max(1, Math.round(validityMs))
  }
}

function reportPlan(plan: Plan, { phone }: OtpRequest, decideUs: number, report: Report): void {
  const sends = plan.kind === 'send'
  report({
    event: 'otp.route.decided',
    rule: plan.rule,
    routing_country: phone.routingCountry,
    blocked: !sends,
    candidates: sends
      ? plan.chain.map(({ provider, sender, timeoutMs }) => ({
          provider,
          sender_kind: sender.kind,
          timeout_ms: timeoutMs
        }))
      : [],
    skipped: sends ? plan.skipped.map(({ provider, reason }) => ({ provider, reason })) : [],
    split_arm: sends ? plan.splitArm : null,
    last_resorts: sends ? plan.lastResorts.map(({ provider }) => provider) : [],
    decide_us: Math.round(decideUs)
  })
}

function reportDelivery(
  event: DeliveryEvent,
  { channel, phone: { country } }: OtpRequest,
  report: Report
): void {
  switch (event.kind) {
    case 'attempt_started': {
      const { attempt, provider, trigger } = event
      report({ event: 'otp.attempt.started', attempt, provider, trigger })
      return
    }
    case 'attempt_completed': {
      const deadlineLeft = { deadline_left_ms: event.leftMs + ANSWER_RESERVE_MS }
      report({
        event: 'otp.attempt.completed',
        ...attemptDetail(event.attempt),
        channel,
        country,
        ...deadlineLeft
      })
      return
    }
    case 'attempt_skipped': {
      const { provider, reason } = event
      report({ event: 'otp.attempt.skipped', provider, channel, reason })
      return
    }
    case 'late_result': {
      const late = { late_by_ms: event.lateByMs }
      report({ event: 'otp.attempt.late_result', ...attemptDetail(event.attempt), channel, country, ...late })
      return
    }
    case 'failover': {
      const { from, to, reason, attempt } = event
      report({ event: 'otp.failover', from, to, reason, attempt, channel })
      return
    }
    case 'bug':
      report(faultOf(`provider ${event.provider}`, event.error))
      return
    default:
      event satisfies never
  }
}

/** An attempt in the words of the log. */
export function attemptDetail(attempt: Attempt): AttemptDetail {
  return {
    attempt: attempt.number,
    provider: attempt.provider,
    trigger: attempt.trigger,
    result: attempt.result,
    sent_certainty: attempt.certainty,
    cause: attempt.cause,
    provider_code: attempt.providerCode,
    http_status: attempt.httpStatus,
    provider_message_id: attempt.transactionId,
    duration_ms: attempt.durationMs
  }
}
