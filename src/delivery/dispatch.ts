import type { Attempt, Delivery, Result } from '../domain/delivery.ts'
import type { Facts } from '../domain/facts.ts'
import type { OtpRequest, OutboundMessage } from '../domain/message.ts'
import type { Override, Use } from '../domain/override.ts'
import { conditionOf, type Condition } from '../domain/condition.ts'
import type { RulesInForce } from '../domain/in-force.ts'
import { prefixFitToLog } from '../domain/phone.ts'
import { decide, type Plan, type PlannedAttempt, type Router } from '../domain/router.ts'
import { callScript, smsText } from '../domain/texts.ts'
import type { Provider, ProviderName } from '../providers/provider.ts'
import type { AttemptDetail, GatewayEvent, Report } from '../telemetry/events.ts'
import { faultOf } from '../telemetry/fault.ts'
import type { Answers } from './answers.ts'
import type { Breakers } from './breakers.ts'
import type { Canaries } from './canaries.ts'
import type { Cooldowns } from './cooldowns.ts'
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
  readonly providers: ReadonlyMap<ProviderName, Provider>
  readonly breakers: Breakers
  readonly cooldowns: Cooldowns
  readonly overload: Overload
  /** The word of a person that this use is not to be made; null where there is none. */
  readonly drainedBy: (use: Use) => Override | null
  readonly deliver: Deliver
  readonly answers: Answers
  readonly resends: Resends
  readonly canaries: Canaries
  /** A keyed digest: what is remembered of a request names nobody. */
  readonly digest: (text: string) => string
  /** Monotonic, in ms. */
  readonly now: () => number
  /** Ms since 1970. */
  readonly epoch: () => number
}

/** What one request goes through with: from its beginning to its end the same. */
export interface Passage {
  readonly rules: RulesInForce
  /** The one of them that decides this request. */
  readonly router: Router
  readonly arrivedAtMs: number
  readonly report: Report
}

export type Dispatch = (request: OtpRequest, passage: Passage) => Promise<Dispatched>

/** One request's way from the understood request to what became of it. */
export function createDispatch(deps: DispatchDependencies): Dispatch {
  const { providers, breakers, cooldowns, overload, deliver, answers, resends, now } = deps

  function conditionNow(provider: string, { channel, phone }: Facts): Condition {
    const account = providers.get(provider as ProviderName)
    const breaker = breakers.of(provider, channel)
    return conditionOf({
      hasCredentials: account?.channels.has(channel) === true,
      isDrained: deps.drainedBy({ provider, channel, country: phone.routingCountry }) !== null,
      openMs: breaker.isAvailable() ? null : now() - (breaker.openedAtMs() ?? 0),
      coolingMs: cooldowns.leftMs(provider, channel)
    })
  }

  /** The story of a request that nobody was asked about. */
  function untold(router: Router, arrivedAtMs: number, result: Result): Delivery {
    return {
      result,
      attempts: [],
      rule: null,
      rulesHash: router.hash,
      policy: router.reply,
      lastResort: false,
      durationMs: Math.round(now() - arrivedAtMs)
    }
  }

  async function carry(request: OtpRequest, passage: Passage): Promise<Delivery> {
    const { router, arrivedAtMs, report } = passage
    const done = (result: Result, rest: Partial<Delivery> = {}): Delivery => ({
      ...untold(router, arrivedAtMs, result),
      ...rest
    })
    if (request.lifeMs <= 0) return done({ kind: 'expired' })

    const earlier = await recall(request, report)
    const { withinMs, preferOtherProvider } = router.defaults.resend
    const decidedAtMs = now()
    const facts = factsOf(request, deps.epoch(), preferOtherProvider ? (earlier?.provider ?? null) : null)
    const plan = decide(router, facts, conditionNow)
    report(decidedEvent(plan, facts, (now() - decidedAtMs) * 1000))
    compareShadows(plan, facts, passage)
    if (plan.kind === 'block') return done({ kind: 'blocked', reason: plan.reason }, { rule: plan.rule })

    const { result, attempts, lastResort } = await deliver({
      channel: request.channel,
      chain: [...plan.chain, ...plan.lastResorts].map((planned) => withLiveCapacity(planned, passage.rules)),
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

  /** What is tried beside the rules that decide is told of where it differs. It costs no request anything. */
  function compareShadows(plan: Plan, facts: Facts, { rules, router, report }: Passage): void {
    try {
      for (const [source, shadow] of shadowsOf(rules, router)) {
        const other = decide(shadow, facts, conditionNow)
        if (!isSamePlan(plan, other)) {
          report(differenceEvent(plan, other, { source, hash: shadow.hash, facts }))
        }
      }
    } catch (error) {
      report(faultOf('shadow rules', error))
    }
  }

  /** What was sent was sent, whatever becomes of the counting. */
  function countForCanary(result: Result, request: OtpRequest, passage: Passage): void {
    try {
      deps.canaries.count(passage, result, request)
    } catch (error) {
      passage.report(faultOf('canary', error))
    }
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

  async function onceOnly(key: string | null, request: OtpRequest, passage: Passage): Promise<Dispatched> {
    const { router, arrivedAtMs, report } = passage
    const work = async (): Promise<Delivery> => {
      // A request that a bug ended got no code.
      let result: Result = { kind: 'all_failed' }
      try {
        const delivery = await carry(request, passage)
        result = delivery.result
        return delivery
      } finally {
        countForCanary(result, request, passage)
      }
    }
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

  return async function dispatch(request, passage) {
    // Without an id nothing can tell that it came twice.
    const key = request.eventId === null ? null : deps.digest(sameness(request))
    // What this node has done already it says, however much it has to do.
    if (key !== null && answers.knows(key)) return await onceOnly(key, request, passage)

    const refused = overload.enter()
    if (refused !== null) {
      const delivery = untold(passage.router, passage.arrivedAtMs, { kind: 'overloaded', reason: refused })
      return { delivery, duplicate: false }
    }
    try {
      return await onceOnly(key, request, passage)
    } finally {
      overload.leave()
    }
  }
}

function answerByMs(router: Router, arrivedAtMs: number): number {
  return arrivedAtMs + router.defaults.deadlineMs - ANSWER_RESERVE_MS
}

/** What an account takes the live file says: a candidate counts in the same buckets, and must not change them. */
function withLiveCapacity(planned: PlannedAttempt, { live }: RulesInForce): PlannedAttempt {
  const capacityPerSecond =
    live.providers.get(planned.provider)?.capacityPerSecond ?? planned.capacityPerSecond
  return { ...planned, capacityPerSecond }
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

function factsOf(request: OtpRequest, atMs: number, triedLast: string | null): Facts {
  const { channel, phone, flow, locale, org } = request
  return { channel, phone, flow, locale, org, atMs, person: personOf(request), triedLast }
}

/** A request that a canary took is not compared: the whole of its story is the candidate's. */
function shadowsOf(rules: RulesInForce, router: Router): readonly (readonly ['rules' | 'file', Router])[] {
  if (router !== rules.live) return []
  return [
    ...(rules.unshadowed === null ? [] : [['rules', rules.unshadowed] as const]),
    ...(rules.candidate === null ? [] : [['file', rules.candidate.router] as const])
  ]
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

/** All that a decision was made of, so that it can be made again: without the number, without the person. */
function decidedEvent(plan: Plan, facts: Facts, decideUs: number): GatewayEvent {
  const { channel, phone, flow, locale, org, triedLast } = facts
  const sends = plan.kind === 'send'
  return {
    event: 'otp.route.decided',
    rule: plan.rule,
    channel,
    routing_country: phone.routingCountry,
    number_type: phone.type,
    number_prefix: prefixFitToLog(phone),
    flow,
    locale,
    org,
    tried_last: triedLast,
    blocked: !sends,
    candidates: sends
      ? plan.chain.map(({ provider, sender, timeoutMs }) => ({
          provider,
          sender_kind: sender.kind,
          timeout_ms: timeoutMs
        }))
      : [],
    skipped: sends ? plan.skipped.map(({ provider, reason }) => ({ provider, reason })) : [],
    split: sends ? plan.split : null,
    last_resorts: sends ? plan.lastResorts.map(({ provider }) => provider) : [],
    decide_us: Math.round(decideUs)
  }
}

function isSamePlan(one: Plan, other: Plan): boolean {
  return one.rule === other.rule && JSON.stringify(wayOf(one)) === JSON.stringify(wayOf(other))
}

/** What a person would feel of a plan. */
function wayOf(plan: Plan): unknown {
  return plan.kind === 'block'
    ? plan.reason
    : plan.chain.map(({ provider, sender, timeoutMs, onNoAnswer }) => [
        provider,
        sender.value,
        timeoutMs,
        onNoAnswer
      ])
}

function differenceEvent(
  plan: Plan,
  other: Plan,
  { source, hash, facts }: { readonly source: 'rules' | 'file'; readonly hash: string; readonly facts: Facts }
): GatewayEvent {
  return {
    event: 'rules.shadow_diff',
    source,
    shadow_hash: hash,
    channel: facts.channel,
    country: facts.phone.routingCountry,
    rule: plan.rule,
    shadow_rule: other.rule,
    blocked: plan.kind === 'block',
    shadow_blocked: other.kind === 'block',
    providers: providersIn(plan),
    shadow_providers: providersIn(other)
  }
}

function providersIn(plan: Plan): string[] {
  return plan.kind === 'send' ? plan.chain.map(({ provider }) => provider) : []
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
