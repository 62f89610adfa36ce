import type { Attributes } from '@opentelemetry/api'
import type { EventName, GatewayEvent, RequestContext } from './events.ts'
import { renamedFields } from './foreign-names.ts'
import { OTEL_NAMES, OTEL_NAMES_OF } from './otel.ts'

type EventOf<K extends EventName> = Extract<GatewayEvent, { readonly event: K }>

/** Fields that an attribute can hold: a word, a number, yes or no. */
type PlainField<E> = {
  [F in keyof E]-?: E[F] extends string | number | boolean | null ? F : never
}[keyof E]

type Fields = { readonly [K in EventName]?: readonly PlainField<EventOf<K>>[] }

/**
 * What a trace says of each event, and no more: traces are read by more people than the log is, and often in somebody else's
 * house. Not even a masked number or a hash is in them; `switchboard.request_id` leads to the lines that have these.
 */
const TOLD = {
  'otp.request.received': [
    'flow',
    'channel',
    'country',
    'number_type',
    'locale',
    'org',
    'preview',
    'code_as_number'
  ],
  'otp.request.duplicate_suppressed': ['joined', 'age_ms'],
  'otp.resend.detected': ['resend_count', 'previous_provider'],
  'otp.route.decided': ['rule', 'routing_country', 'tried_last', 'blocked', 'decide_us'],
  'otp.attempt.skipped': ['provider', 'reason'],
  'otp.attempt.started': ['attempt', 'provider', 'trigger'],
  'otp.failover': ['from', 'reason'],
  'otp.attempt.completed': [
    'result',
    'sent_certainty',
    'cause',
    'provider_code',
    'http_status',
    'provider_message_id',
    'deadline_left_ms'
  ],
  'otp.attempt.late_result': [
    'result',
    'sent_certainty',
    'cause',
    'provider_code',
    'http_status',
    'provider_message_id',
    'late_by_ms'
  ],
  'otp.request.completed': [
    'outcome',
    'reason',
    'channel',
    'flow',
    'country',
    'preview',
    'rule',
    'provider',
    'provider_message_id',
    'failover',
    'last_resort',
    'attempts',
    'possible_duplicate',
    'okta_status',
    'deadline_left_ms'
  ],
  'okta.request.refused': ['reason', 'http_status'],
  'gateway.fault': ['where', 'error', 'code']
} as const satisfies Fields

const NAMES = { names: OTEL_NAMES, namesOf: OTEL_NAMES_OF }

/** Under the names that `LOG_FORMAT=otel` gives them. */
export function attributesOf(event: EventOf<keyof typeof TOLD>): Attributes {
  const fields = event as Readonly<Record<string, unknown>>
  const told: readonly string[] = TOLD[event.event]
  const some = Object.fromEntries(told.map((field) => [field, fields[field] ?? null]))
  return renamedFields(some, NAMES, event.event)
}

/** The ids by which a trace and the lines of the log are laid side by side; those of the trace are its own already. */
export function attributesOfIds(context: RequestContext): Attributes {
  const { request_id, okta_event_id, okta_request_id, rules_hash } = context
  return renamedFields({ request_id, okta_event_id, okta_request_id, rules_hash }, NAMES)
}
