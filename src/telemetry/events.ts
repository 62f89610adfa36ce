import { Type, type Static } from 'typebox'
import { CHANNELS, FLOWS, SENDER_KINDS } from '../domain/message.ts'
import { OUTCOME_CLASSES, type OutcomeClass } from '../domain/outcome.ts'
import { NUMBER_TYPES } from '../domain/phone.ts'

/**
 * The vocabulary of the log: one schema an event. Dashboards read these names and fields, so that a
 * change here is a line in the CHANGELOG. No field may hold a code, a text, a full number or a name.
 */

const Ms = Type.Integer({ description: 'Milliseconds.' })
const Name = Type.String({ maxLength: 64 })
const NullableName = Type.Union([Name, Type.Null()])
const NullableInteger = Type.Union([Type.Integer(), Type.Null()])
const Hash = Type.String({ pattern: '^[0-9a-f]{8,64}$' })
const Channel = Type.Enum([...CHANNELS])
const Class = Type.Enum(Object.keys(OUTCOME_CLASSES) as OutcomeClass[])
const Certainty = Type.Enum(['sent', 'not_sent', 'unknown'])
const Trigger = Type.Enum(['first', 'failover', 'repeat', 'last_resort'])

const AttemptFields = {
  attempt: Type.Integer({ minimum: 1 }),
  provider: Name,
  trigger: Trigger,
  result: Type.Union([Class, Type.Literal('in_flight')]),
  sent_certainty: Certainty,
  cause: NullableName,
  provider_code: NullableName,
  http_status: NullableInteger,
  provider_message_id: Type.Union([Type.String({ maxLength: 128 }), Type.Null()]),
  duration_ms: Ms
}
const AttemptDetail = Type.Object(AttemptFields, { additionalProperties: false })
export type AttemptDetail = Static<typeof AttemptDetail>

const Skipped = Type.Object({ provider: Name, reason: Name }, { additionalProperties: false })

const ProviderAndChannel = { provider: Name, channel: Channel }

/** What a person wrote: one line, ours to print. */
const Remark = Type.String({ maxLength: 200 })

const Override = {
  id: Name,
  provider: Name,
  /** Null: both. */
  channel: Type.Union([Channel, Type.Null()]),
  /** Null: all. */
  country: NullableName,
  why: Remark,
  by: Remark,
  /** ISO 8601. */
  until: Name
}

/** Where a file has a fault. */
const Place = Type.Object({ line: Type.Integer(), column: Type.Integer(), code: Name })

/** `live` decides, `candidate` is tried beside it. */
const RulesRole = Type.Enum(['live', 'candidate'])
const RulesTrigger = Type.Enum(['start', 'watch', 'signal', 'admin'])

/** Fields that every line of one request carries. */
export const RequestContext = Type.Object({
  request_id: Name,
  okta_event_id: NullableName,
  okta_request_id: NullableName,
  rules_hash: Name
})
export type RequestContext = Static<typeof RequestContext>

const fields = {
  'gateway.started': {
    version: Name,
    mode: Type.Enum(['sandbox', 'live']),
    url: Type.String(),
    /** What Okta has to call, as far as it is known. */
    hook: Type.String(),
    /** Where commands are taken; null where there is no ADMIN_SECRET. */
    admin: Type.Union([Type.String(), Type.Null()]),
    node: Name,
    providers: Type.Array(Type.Object({ provider: Name, channels: Type.Array(Channel) })),
    unavailable: Type.Array(
      Type.Object({ provider: Name, channels: Type.Array(Channel), missing: Type.Array(Name) })
    ),
    start_ms: Ms
  },
  'gateway.stopping': { reason: Name, in_flight: Type.Integer() },
  'gateway.stopped': { reason: Name },
  /** A bug. The error's message is left out: it may hold what it tripped over. */
  'gateway.fault': { where: Name, error: Name, code: NullableName, frames: Type.Array(Type.String()) },
  'rules.loaded': {
    role: RulesRole,
    file: Type.String(),
    rules_hash: Name,
    /** Null at the first load of this file. */
    previous_hash: NullableName,
    rules_count: Type.Integer(),
    /** Those in the shadow: looked at, never applied. */
    shadow_rules: Type.Integer(),
    /** Of a candidate: the share of people it decides for, in percent; null: nobody. */
    canary_percent: Type.Union([Type.Number(), Type.Null()]),
    warnings: Type.Array(Place),
    by: RulesTrigger
  },
  /** A file that cannot be used: what was in force stays in force. */
  'rules.rejected': {
    role: RulesRole,
    file: Type.String(),
    /** What stays in force; null where a candidate never was. */
    rules_hash: NullableName,
    /** None where the file cannot be read at all; the first 20 otherwise. */
    errors: Type.Array(Place),
    errors_count: Type.Integer(),
    /** Why the file cannot be read at all; else null. */
    unreadable: Type.Union([Type.String(), Type.Null()]),
    by: RulesTrigger
  },
  /** Somebody asked for a reload, or a file is good again: it is what is in force. */
  'rules.unchanged': { role: RulesRole, rules_hash: Name, by: RulesTrigger },
  'rules.candidate_removed': { file: Type.String(), rules_hash: Name },
  /** What is tried beside the rules would have done otherwise. Nothing else comes of it. */
  'rules.shadow_diff': {
    /** `rules`: the live file with its shadow rules; `file`: the candidate. */
    source: Type.Enum(['rules', 'file']),
    shadow_hash: Name,
    channel: Channel,
    country: NullableName,
    rule: Name,
    shadow_rule: Name,
    blocked: Type.Boolean(),
    shadow_blocked: Type.Boolean(),
    providers: Type.Array(Name),
    shadow_providers: Type.Array(Name)
  },
  /** More people got no code by the candidate than by the rules in force: it decides nothing any more. */
  'rules.canary_stopped': {
    candidate_hash: Name,
    rules_hash: Name,
    candidate_requests: Type.Number(),
    candidate_failures: Type.Number(),
    live_requests: Type.Number(),
    live_failures: Type.Number(),
    min_sample: Type.Integer()
  },
  /** Seven days before a temporary rule ends, each day after that, and when it has (0 days left). */
  'rules.ending': {
    rule: Name,
    owner: Type.Union([Type.String({ maxLength: 100 }), Type.Null()]),
    until: Name,
    days_left: Type.Integer()
  },
  /** Somebody called who was not let in, or whose body could not be read at all. */
  'okta.request.refused': { request_id: Name, reason: Name, http_status: Type.Integer(), duration_ms: Ms },
  'otp.request.received': {
    flow: Type.Union([Type.Enum([...FLOWS]), Type.Null()]),
    channel: Channel,
    country: NullableName,
    number_type: Type.Enum([...NUMBER_TYPES]),
    phone: Name,
    phone_hash: Hash,
    user_hash: Type.Union([Hash, Type.Null()]),
    locale: NullableName,
    org: Type.Union([Type.String({ maxLength: 255 }), Type.Null()]),
    preview: Type.Boolean(),
    code_as_number: Type.Boolean(),
    life_ms: Ms
  },
  'otp.request.duplicate_suppressed': {
    /** Null where another node had it. */
    age_ms: NullableInteger,
    joined: Type.Boolean()
  },
  /** The same user and number again, with a new event id: the first code may not have arrived. */
  'otp.resend.detected': {
    resend_count: Type.Integer({ minimum: 1 }),
    previous_provider: Name,
    age_ms: Ms,
    channel: Channel,
    country: NullableName,
    /** Resends after this provider in this country, of all nodes, since an hour at most. */
    within_hour: Type.Integer({ minimum: 1 })
  },
  /** All that was decided by: `switchboard replay` decides it again. */
  'otp.route.decided': {
    rule: Name,
    channel: Channel,
    /** The country that rules matched: the number's own, or the main one of its calling code. */
    routing_country: NullableName,
    number_type: Type.Enum([...NUMBER_TYPES]),
    /** The calling code, and up to three digits more: ten thousand numbers at least are like it. */
    number_prefix: Name,
    flow: Type.Union([Type.Enum([...FLOWS]), Type.Null()]),
    locale: NullableName,
    org: Type.Union([Type.String({ maxLength: 255 }), Type.Null()]),
    /** On a resend, who had the code before and therefore comes last; else null. */
    tried_last: NullableName,
    blocked: Type.Boolean(),
    candidates: Type.Array(
      Type.Object({ provider: Name, sender_kind: Type.Enum([...SENDER_KINDS]), timeout_ms: Ms })
    ),
    skipped: Type.Array(Skipped),
    /** The arm that a split drew, and for which draws (0 to 1) it would be the same; null without a split. */
    split: Type.Union([
      Type.Object({ arm: Name, from: Type.Number(), to: Type.Number() }, { additionalProperties: false }),
      Type.Null()
    ]),
    /** Whom a breaker or a cool-down holds back, in the order of asking. */
    last_resorts: Type.Array(Name),
    decide_us: Type.Integer({ description: 'Microseconds.' })
  },
  /** A provider of the plan was passed over when its turn came. */
  'otp.attempt.skipped': { ...ProviderAndChannel, reason: Type.Enum(['no_capacity', 'breaker_open']) },
  'otp.attempt.started': { attempt: Type.Integer(), provider: Name, trigger: Trigger },
  'otp.attempt.completed': {
    ...AttemptFields,
    channel: Channel,
    country: NullableName,
    deadline_left_ms: Ms
  },
  'otp.attempt.late_result': { ...AttemptFields, channel: Channel, country: NullableName, late_by_ms: Ms },
  'otp.failover': { from: Name, to: Name, reason: Class, attempt: Type.Integer(), channel: Channel },
  'otp.request.completed': {
    outcome: Type.Enum([
      'accepted',
      'refused',
      'failed',
      'undecided',
      'blocked',
      'expired',
      'no_capacity',
      'overloaded',
      'duplicate',
      'not_understood'
    ]),
    reason: NullableName,
    channel: Type.Union([Channel, Type.Null()]),
    flow: Type.Union([Type.Enum([...FLOWS]), Type.Null()]),
    country: NullableName,
    phone: NullableName,
    phone_hash: Type.Union([Hash, Type.Null()]),
    preview: Type.Boolean(),
    rule: NullableName,
    provider: NullableName,
    provider_message_id: Type.Union([Type.String({ maxLength: 128 }), Type.Null()]),
    failover: Type.Boolean(),
    last_resort: Type.Boolean(),
    attempts: Type.Integer(),
    attempts_detail: Type.Array(AttemptDetail),
    possible_duplicate: Type.Boolean(),
    okta_status: Type.Enum(['SUCCESSFUL', 'PENDING', 'FAILED', 'ERROR']),
    duration_ms: Ms,
    deadline_left_ms: Ms
  },
  'circuit.opened': {
    ...ProviderAndChannel,
    cause: Name,
    failures: Type.Integer(),
    window_n: Type.Integer(),
    open_ms: Ms
  },
  'circuit.half_opened': ProviderAndChannel,
  'circuit.closed': ProviderAndChannel,
  /** It fails like the others, and is the last that is not out: somebody has to be asked. */
  'circuit.kept_closed': { ...ProviderAndChannel, cause: Name },
  /** The provider asked us to come back later. */
  'provider.cooling': { ...ProviderAndChannel, for_ms: Ms },
  /** A person must act: once, and again only after it was over or an hour has passed. */
  'provider.alarm': {
    ...ProviderAndChannel,
    class: Class,
    cause: NullableName,
    provider_code: NullableName,
    http_status: NullableInteger
  },
  'provider.alarm_over': { ...ProviderAndChannel, class: Class, after_ms: Ms },
  'provider.override_set': { ...Override, for_ms: Ms },
  'provider.override_ended': {
    ...Override,
    reason: Type.Enum(['expired', 'removed', 'replaced']),
    /** Who removed it; null where it expired. */
    ended_by: Type.Union([Remark, Type.Null()])
  },
  /** Somebody knocked at the admin port without its secret. */
  'admin.request.refused': { reason: Name, http_status: Type.Integer() },
  /** The shared state cannot be reached: this node goes on with its own memory. */
  'state.lost': { cause: Name },
  'state.back': { after_ms: Ms },
  /** Requests are answered at once with the configured failure, until it is over. */
  'gateway.overloaded': { reason: Name, in_flight: Type.Integer() },
  'gateway.overload_over': { after_ms: Ms, refused: Type.Integer() }
} as const

type Fields = typeof fields

export type EventName = keyof Fields

export const EVENTS = Object.fromEntries(
  Object.entries(fields).map(([name, properties]) => [
    name,
    Type.Object(properties, { additionalProperties: false })
  ])
) as { readonly [K in EventName]: ReturnType<typeof Type.Object<Fields[K]>> }

/** Anything that may be logged. */
export type GatewayEvent = { [K in EventName]: { readonly event: K } & Static<(typeof EVENTS)[K]> }[EventName]

/** Says what happened, to whoever listens. Never throws, never waits. */
export type Report = (event: GatewayEvent) => void
