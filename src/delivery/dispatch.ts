import type { Attempt, Delivery, Result } from '../domain/delivery.ts'
import type { Facts } from '../domain/facts.ts'
import type { OtpRequest, OutboundMessage } from '../domain/message.ts'
import { decide, type Condition, type Plan, type PlannedAttempt, type Router } from '../domain/router.ts'
import { callScript, smsText } from '../domain/texts.ts'
import type { Provider, ProviderName } from '../providers/provider.ts'
import type { AttemptDetail, Report } from '../telemetry/events.ts'
import { faultOf } from '../telemetry/fault.ts'
import type { Answers } from './answers.ts'
import type { Breakers } from './breakers.ts'
import type { Deliver, DeliveryEvent } from './deliver.ts'

/** Kept back from the deadline for writing the answer, in ms. */
const ANSWER_RESERVE_MS = 50

export interface Dispatched {
  readonly delivery: Delivery
  /** The same request was seen before: nothing was sent for this one. */
  readonly duplicate: boolean
}

export interface DispatchDependencies {
  readonly router: Router
  readonly providers: ReadonlyMap<ProviderName, Provider>
  readonly breakers: Breakers
  readonly deliver: Deliver
  readonly answers: Answers
  /** A keyed digest: what is remembered of a request names nobody. */
  readonly digest: (text: string) => string
  /** Monotonic, in ms. */
  readonly now: () => number
}

export type Dispatch = (request: OtpRequest, arrivedAtMs: number, report: Report) => Promise<Dispatched>

/** One request's way from the understood request to what became of it. */
export function createDispatch(deps: DispatchDependencies): Dispatch {
  const { router, providers, breakers, deliver, answers, now } = deps

  function conditionOf(provider: string, channel: Facts['channel']): Condition {
    const account = providers.get(provider as ProviderName)
    if (account === undefined || !account.channels.has(channel)) return { kind: 'no_credentials' }
    const breaker = breakers.of(provider, channel)
    if (breaker.isAvailable()) return { kind: 'ready' }
    return { kind: 'breaker_open', sinceMs: breaker.openedAtMs() ?? 0 }
  }

  async function carry(request: OtpRequest, arrivedAtMs: number, report: Report): Promise<Delivery> {
    const done = (result: Result, rest: Partial<Delivery> = {}): Delivery => ({
      result,
      attempts: [],
      rule: null,
      rulesHash: router.hash,
      lastResort: false,
      ...rest,
      durationMs: Math.round(now() - arrivedAtMs)
    })
    if (request.lifeMs <= 0) return done({ kind: 'expired' })

    const decidedAtMs = now()
    const plan = decide(router, factsOf(request), conditionOf)
    reportPlan(plan, request, (now() - decidedAtMs) * 1000, report)
    if (plan.kind === 'block') return done({ kind: 'blocked', reason: plan.reason }, { rule: plan.rule })

    const { result, attempts, lastResort } = await deliver({
      channel: request.channel,
      chain: plan.chain,
      lastResort: plan.lastResort,
      compose: (planned) => compose(request, planned, request.lifeMs - (now() - arrivedAtMs)),
      answerByMs: arrivedAtMs + router.defaults.deadlineMs - ANSWER_RESERVE_MS,
      minAttemptMs: router.defaults.minAttemptMs,
      report: (event) => reportDelivery(event, request, report)
    })
    return done(result, { attempts, lastResort, rule: plan.rule })
  }

  return async function dispatch(request, arrivedAtMs, report) {
    const work = (): Promise<Delivery> => carry(request, arrivedAtMs, report)
    // Without an id nothing can tell that it came twice.
    if (request.eventId === null) return { delivery: await work(), duplicate: false }

    const { delivery, duplicate } = answers.once(deps.digest(sameness(request)), request.lifeMs, work)
    if (duplicate !== null) {
      report({ event: 'otp.request.duplicate_suppressed', age_ms: duplicate.ageMs, joined: duplicate.joined })
    }
    return { delivery: await delivery, duplicate: duplicate !== null }
  }
}

/**
 * What makes two requests the same: Okta's event id, and what was to be sent. An id that comes with
 * another number is not answered with the first one's success. docs/decisions/0005-duplicates.md
 */
function sameness({ org, eventId, phone, channel, code, text }: OtpRequest): string {
  return JSON.stringify([org, eventId, phone.e164, phone.extension, channel, code ?? text])
}

function factsOf({ channel, phone, flow, locale, org, userId }: OtpRequest): Facts {
  return { channel, phone, flow, locale, org, person: `${userId ?? ''}/${phone.e164}` }
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
    last_resort: sends ? (plan.lastResort?.provider ?? null) : null,
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
