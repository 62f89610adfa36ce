import { CHANNELS, FLOWS } from '../src/domain/message.ts'
import { OUTCOME_CLASSES, type OutcomeClass } from '../src/domain/outcome.ts'
import { PROVIDER_NAMES } from '../src/providers/provider.ts'
import type { GatewayEvent } from '../src/telemetry/events.ts'

/** What tells one request from another, for whoever counts them. */
export interface Kind {
  readonly provider: string
  readonly channel: (typeof CHANNELS)[number]
  readonly flow: (typeof FLOWS)[number]
  readonly country: string
  readonly result: OutcomeClass
  readonly trigger: 'first' | 'failover' | 'repeat' | 'last_resort'
}

/** The events of a request with one attempt, as they are. */
export function eventsOf({
  provider,
  channel,
  flow,
  country,
  result,
  trigger
}: Kind): readonly GatewayEvent[] {
  const accepted = result === 'accepted'
  const attempt = {
    attempt: 1,
    provider,
    trigger,
    result,
    sent_certainty: OUTCOME_CLASSES[result].certainty,
    cause: null,
    provider_code: null,
    http_status: null,
    provider_message_id: accepted ? `SM${'0'.repeat(32)}` : null,
    duration_ms: 100
  }
  const hash = '0123456789abcdef'
  return [
    {
      event: 'otp.request.received',
      flow,
      channel,
      country,
      number_type: 'mobile',
      phone: 'SE…67',
      phone_hash: hash,
      user_hash: hash,
      locale: 'sv',
      org: 'example.okta.com',
      preview: false,
      code_as_number: false,
      life_ms: 300_000
    },
    {
      event: 'otp.route.decided',
      rule: 'rule-7',
      channel,
      routing_country: country,
      number_type: 'mobile',
      number_prefix: '+46701',
      flow,
      locale: 'sv',
      org: 'example.okta.com',
      tried_last: null,
      blocked: false,
      candidates: [],
      skipped: [],
      split: null,
      last_resorts: [],
      decide_us: 10
    },
    { event: 'otp.attempt.started', attempt: 1, provider, trigger },
    { event: 'otp.attempt.completed', ...attempt, channel, country, deadline_left_ms: 2_300 },
    {
      event: 'otp.request.completed',
      outcome: accepted ? 'accepted' : 'failed',
      reason: null,
      channel,
      flow,
      country,
      phone: 'SE…67',
      phone_hash: hash,
      preview: false,
      rule: 'rule-7',
      provider: accepted ? provider : null,
      provider_message_id: null,
      failover: false,
      last_resort: false,
      attempts: 1,
      attempts_detail: [attempt],
      possible_duplicate: false,
      okta_status: accepted ? 'SUCCESSFUL' : 'FAILED',
      duration_ms: 120,
      deadline_left_ms: 2_380
    }
  ] as readonly GatewayEvent[]
}

export const CLASSES = Object.keys(OUTCOME_CLASSES) as OutcomeClass[]
export const TRIGGERS = ['first', 'failover', 'repeat', 'last_resort'] as const

export function* everyKind(
  countries: readonly string[],
  classes: readonly OutcomeClass[],
  triggers: readonly Kind['trigger'][]
): Iterable<Kind> {
  for (const provider of PROVIDER_NAMES) {
    for (const channel of CHANNELS) {
      for (const country of countries) {
        for (const flow of FLOWS) {
          for (const result of classes) {
            for (const trigger of triggers) yield { provider, channel, flow, country, result, trigger }
          }
        }
      }
    }
  }
}
