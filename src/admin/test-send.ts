import { randomInt, randomUUID } from 'node:crypto'
import { attemptDetail, type Dispatch } from '../delivery/dispatch.ts'
import { reasonOf, type Attempt, type Result } from '../domain/delivery.ts'
import type { RulesInForce } from '../domain/in-force.ts'
import type { Channel, OtpRequest } from '../domain/message.ts'
import type { Phone } from '../domain/phone.ts'
import type { GatewayEvent, Report, RequestContext } from '../telemetry/events.ts'
import type { Masking } from '../telemetry/masking.ts'

export interface TestDraft {
  readonly phone: Phone
  readonly channel: Channel
  /** BCP-47: the language of the text or the call. Null: English. */
  readonly locale: string | null
  /** Who asked for it, for the log. */
  readonly by: string
}

/** What came of a test code, without the code. */
export interface TestSend {
  /** On every line of the log that this test wrote. */
  readonly requestId: string
  readonly mode: 'sandbox' | 'live'
  /** Masked: "SE…05". */
  readonly phone: string
  readonly channel: Channel
  readonly outcome: Result['kind']
  /** The class of a refusal, the reason of a block or of an overload; else null. */
  readonly reason: string | null
  readonly rule: string | null
  readonly rulesHash: string
  /** Who accepted it, and the vendor's id of the message; null where nobody did. */
  readonly provider: string | null
  readonly transactionId: string | null
  readonly attempts: readonly Attempt[]
  /** Who was not asked, and why. */
  readonly skipped: readonly { readonly provider: string; readonly reason: string }[]
  readonly durationMs: number
}

export interface TestSendDependencies {
  readonly mode: 'sandbox' | 'live'
  readonly dispatch: Dispatch
  readonly rules: () => RulesInForce
  readonly forRequest: (context: RequestContext) => Report
  readonly masking: Masking
  /** Monotonic, in ms. */
  readonly now: () => number
}

export type SendTest = (draft: TestDraft) => Promise<TestSend>

/** As long as Okta's, in ms. */
const LIFE_MS = 5 * 60_000

/**
 * Sends one code of our own making by the rules in force, as a person who operates the gateway asked for it. It is no
 * request of Okta's, and none is counted: neither by metrics nor by a canary. docs/decisions/0029-test-codes.md
 */
export function createTestSends(deps: TestSendDependencies): SendTest {
  const { dispatch, masking, now } = deps

  return async function sendTest({ phone, channel, locale, by }) {
    const arrivedAtMs = now()
    // Nothing is tried beside the rules, and no canary takes it: what is tested is what everybody gets.
    const rules: RulesInForce = { ...deps.rules(), candidate: null, unshadowed: null }
    const router = rules.live
    const requestId = randomUUID()
    const tell = deps.forRequest({
      request_id: requestId,
      trace_id: null,
      okta_event_id: null,
      okta_request_id: null,
      rules_hash: router.hash
    })
    const skipped: { readonly provider: string; readonly reason: string }[] = []
    const report: Report = (event) => {
      skipped.push(...skippedIn(event))
      tell(event)
    }

    tell({
      event: 'otp.test.requested',
      by,
      channel,
      country: phone.country,
      number_type: phone.type,
      phone: masking.phone(phone),
      phone_hash: masking.phoneHash(phone),
      locale
    })
    const { delivery } = await dispatch(requestOf({ phone, channel, locale }), {
      rules,
      router,
      arrivedAtMs,
      report
    })
    const { result, attempts, rule, rulesHash } = delivery
    const accepted = result.kind === 'accepted' ? result : null
    const durationMs = Math.round(now() - arrivedAtMs)
    tell({
      event: 'otp.test.completed',
      outcome: result.kind,
      reason: reasonOf(result),
      channel,
      country: phone.country,
      rule,
      provider: accepted?.provider ?? null,
      provider_message_id: accepted?.transactionId ?? null,
      attempts_detail: attempts.map(attemptDetail),
      duration_ms: durationMs
    })
    return {
      requestId,
      mode: deps.mode,
      phone: masking.phone(phone),
      channel,
      outcome: result.kind,
      reason: reasonOf(result),
      rule,
      rulesHash,
      provider: accepted?.provider ?? null,
      transactionId: accepted?.transactionId ?? null,
      attempts,
      skipped,
      durationMs
    }
  }
}

function requestOf({ phone, channel, locale }: Omit<TestDraft, 'by'>): OtpRequest {
  return {
    // Nothing can take it for a repetition.
    eventId: null,
    oktaRequestId: null,
    phone,
    channel,
    flow: null,
    locale,
    // It leaves this process to the phone, and nowhere else.
    code: String(randomInt(1_000_000)).padStart(6, '0'),
    text: null,
    lifeMs: LIFE_MS,
    org: null,
    userId: null,
    preview: false
  }
}

function skippedIn(event: GatewayEvent): TestSend['skipped'] {
  switch (event.event) {
    case 'otp.route.decided':
      return event.skipped
    case 'otp.attempt.skipped':
      return [{ provider: event.provider, reason: event.reason }]
    default:
      return []
  }
}
