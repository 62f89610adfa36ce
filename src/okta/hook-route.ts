import { randomUUID } from 'node:crypto'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { attemptDetail, type Dispatch, type Passage } from '../delivery/dispatch.ts'
import {
  mayActFor,
  type Admission,
  type DistinctHeaders,
  type Refusal,
  type Verdict
} from '../domain/admission.ts'
import { reasonOf, type Delivery, type Result } from '../domain/delivery.ts'
import type { RulesInForce } from '../domain/in-force.ts'
import type { OtpRequest } from '../domain/message.ts'
import type { Router } from '../domain/router.ts'
import type { GatewayEvent, Report, RequestContext } from '../telemetry/events.ts'
import type { Masking } from '../telemetry/masking.ts'
import type { TraceIds, TraceOf } from '../telemetry/trace-context.ts'
import { orgOf, readRequest, type ReadRequest } from './read-request.ts'
import { notAdmitted } from './refusal.ts'
import { errorOf, replyTo, replyToMisunderstood, statusOf, type OktaReply } from './reply.ts'

export interface HookRouteOptions {
  readonly dispatch: Dispatch
  /** Who let in whom, and what a refusal may say. */
  readonly callers: {
    readonly authenticate: (headers: DistinctHeaders) => Promise<Verdict>
    readonly challenges: (refusal: Refusal) => readonly string[]
  }
  readonly rules: () => RulesInForce
  /** Which of them decide this request. */
  readonly choose: (rules: RulesInForce, request: OtpRequest) => Router
  readonly forRequest: (context: RequestContext) => Report
  readonly traceOf: TraceOf
  readonly masking: Masking
  /** Monotonic, in ms. */
  readonly now: () => number
}

declare module 'fastify' {
  interface FastifyRequest {
    /** On the monotonic clock: Okta's three seconds run from here. */
    arrivedAtMs: number
    /** Null until it was let in. */
    trace: TraceIds | null
    /** Who was let in; null on other routes, and before. */
    admission: Admission | null
  }
}

/** The path that Okta's guide uses. */
export const HOOK_PATH = '/telephonyHook'

/** The door for Okta's telephony inline hook. */
export const hookRoute: FastifyPluginAsync<HookRouteOptions> = async (app, options) => {
  const { dispatch, callers, now } = options
  app.decorateRequest('admission', null)

  /** Before the body is read. */
  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const verdict = await callers.authenticate(distinctHeaders(request.raw.rawHeaders))
    if (verdict.kind === 'refused') throw turnAway(verdict, reply)
    request.admission = verdict
  }

  function turnAway(refusal: Refusal, reply: FastifyReply): Error {
    void reply.header('www-authenticate', [...callers.challenges(refusal)])
    return notAdmitted(refusal)
  }

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<OktaReply> {
    const { admission, body } = request
    if (admission === null) throw new Error('Nobody was let in.')
    const { auth, org } = admission
    if (!mayActFor(admission, orgOf(body))) {
      throw turnAway({ kind: 'refused', cause: 'wrong_org', auth, org }, reply)
    }
    const rules = options.rules()
    const { read, router } = readBy(rules, body, org?.domains[0] ?? null)
    request.trace = options.traceOf({
      requestId: request.id,
      arrivedAtMs: request.arrivedAtMs,
      headers: request.headers
    })
    const report = options.forRequest({
      request_id: request.id,
      ...request.trace,
      okta_event_id: idsOf(read).eventId,
      okta_request_id: idsOf(read).oktaRequestId,
      rules_hash: router.hash
    })
    const story = {
      requestId: request.id,
      admission,
      arrivedAtMs: request.arrivedAtMs,
      report,
      rules,
      router
    }
    // Okta takes anything but 200 for "skipped".
    void reply.code(200)
    return read.kind === 'understood' ? carry(read, story) : misunderstood(read, story)
  }

  /**
   * From here to the answer one file decides. What the live file cannot read stays with it, and so does what a
   * candidate cannot read though the live file can: a slip in its default country must cost nobody a code.
   */
  function readBy(
    rules: RulesInForce,
    body: unknown,
    org: string | null
  ): { readonly read: ReadRequest; readonly router: Router } {
    const read = readRequest(body, rules.live.defaults.country, org)
    if (read.kind === 'not_understood') return { read, router: rules.live }
    const router = options.choose(rules, read.request)
    if (router.defaults.country === rules.live.defaults.country) return { read, router }
    const again = readRequest(body, router.defaults.country, org)
    return again.kind === 'understood' ? { read: again, router } : { read, router: rules.live }
  }

  interface Story extends Passage {
    readonly requestId: string
    readonly admission: Admission
  }

  async function carry(
    { request, codeAsNumber }: Extract<ReadRequest, { kind: 'understood' }>,
    { requestId, admission, ...passage }: Story
  ): Promise<OktaReply> {
    const { report, router } = passage
    report(receivedEvent({ request, codeAsNumber, admission }, options.masking))
    const { delivery, duplicate } = await dispatch(request, passage)
    const reply = replyTo(delivery, { channel: request.channel, requestId })
    report({
      ...completedEvent(delivery, request, options.masking),
      ...(duplicate ? SENT_BEFORE : {}),
      // A line speaks of one file: the rule of the first request may be another's.
      ...(delivery.rulesHash === router.hash ? {} : { rule: null }),
      org_name: admission.org?.name ?? null,
      okta_status: statusOf(reply),
      ...timesOf(passage)
    })
    return reply
  }

  function misunderstood(
    { reason, channel, preview }: Extract<ReadRequest, { kind: 'not_understood' }>,
    { requestId, admission, ...passage }: Story
  ): OktaReply {
    passage.report({
      ...NOTHING_HAPPENED,
      outcome: 'not_understood',
      reason,
      channel,
      preview,
      org_name: admission.org?.name ?? null,
      okta_status: 'ERROR',
      ...timesOf(passage)
    })
    return replyToMisunderstood(reason, requestId)
  }

  function timesOf({ arrivedAtMs, router }: Passage) {
    const durationMs = Math.round(now() - arrivedAtMs)
    return { duration_ms: durationMs, deadline_left_ms: router.defaults.deadlineMs - durationMs }
  }

  // For whoever tries the address in a browser before giving it to Okta.
  app.get(HOOK_PATH, (request, reply) =>
    reply
      .code(405)
      .header('allow', 'POST')
      .send({
        error: errorOf("Okta's telephony inline hook is here. It takes POST.", 'method_not_allowed'),
        debugContext: { requestId: request.id }
      })
  )

  app.route({
    method: 'POST',
    url: HOOK_PATH,
    onRequest: admit,
    handler: answer
  })
}

/** Of names and values by turns, as they came. Node's own keeps one value of several, and is not there for all callers. */
function distinctHeaders(raw: readonly string[]): DistinctHeaders {
  const headers = new Map<string, string[]>()
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const values = headers.get(name) ?? []
    values.push(raw[i + 1] ?? '')
    headers.set(name, values)
  }
  return headers
}

export function newRequestId(): string {
  return randomUUID()
}

type Completed = Extract<GatewayEvent, { event: 'otp.request.completed' }>

const NOTHING_HAPPENED: Omit<
  Completed,
  'outcome' | 'org_name' | 'okta_status' | 'duration_ms' | 'deadline_left_ms'
> = {
  event: 'otp.request.completed',
  reason: null,
  channel: null,
  flow: null,
  country: null,
  phone: null,
  phone_hash: null,
  preview: false,
  rule: null,
  provider: null,
  provider_message_id: null,
  failover: false,
  last_resort: false,
  attempts: 0,
  attempts_detail: [],
  possible_duplicate: false
}

/** What was done was done for the first request, and counted there. */
const SENT_BEFORE = {
  outcome: 'duplicate',
  failover: false,
  attempts: 0,
  attempts_detail: [],
  possible_duplicate: false
} as const satisfies Partial<Completed>

function idsOf(read: ReadRequest) {
  return read.kind === 'understood' ? read.request : read.ids
}

function receivedEvent(
  {
    request,
    codeAsNumber,
    admission
  }: {
    readonly request: OtpRequest
    readonly codeAsNumber: boolean
    readonly admission: Admission
  },
  masking: Masking
): GatewayEvent {
  const { channel, flow, phone, locale, org, preview, userId } = request
  return {
    event: 'otp.request.received',
    flow,
    channel,
    country: phone.country,
    number_type: phone.type,
    phone: masking.phone(phone),
    phone_hash: masking.phoneHash(phone),
    user_hash: userId === null ? null : masking.userHash(userId),
    locale,
    org,
    org_name: admission.org?.name ?? null,
    auth: admission.auth,
    auth_issuer: admission.issuer,
    preview,
    code_as_number: codeAsNumber,
    life_ms: request.lifeMs
  }
}

function completedEvent(
  { result, attempts, rule, lastResort }: Delivery,
  { channel, flow, phone, preview }: OtpRequest,
  masking: Masking
): Omit<Completed, 'org_name' | 'okta_status' | 'duration_ms' | 'deadline_left_ms'> {
  const accepted = result.kind === 'accepted' ? result : null
  const maybeSent = attempts.filter(({ certainty }) => certainty !== 'not_sent').length
  return {
    ...NOTHING_HAPPENED,
    outcome: OUTCOME_OF[result.kind],
    reason: reasonOf(result),
    channel,
    flow,
    country: phone.country,
    phone: masking.phone(phone),
    phone_hash: masking.phoneHash(phone),
    preview,
    rule,
    provider: accepted?.provider ?? null,
    provider_message_id: accepted?.transactionId ?? null,
    failover: new Set(attempts.map(({ provider }) => provider)).size > 1,
    last_resort: lastResort,
    attempts: attempts.length,
    attempts_detail: attempts.map(attemptDetail),
    possible_duplicate: maybeSent > 1
  }
}

const OUTCOME_OF: { readonly [K in Result['kind']]: Completed['outcome'] } = {
  accepted: 'accepted',
  refused: 'refused',
  all_failed: 'failed',
  undecided: 'undecided',
  blocked: 'blocked',
  expired: 'expired',
  no_capacity: 'no_capacity',
  overloaded: 'overloaded'
}
