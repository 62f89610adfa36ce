import { Type, type Static } from 'typebox'
import type { LevelRule, Section } from './vocabulary/definition.ts'
import { longText, maybe, ms, text } from './vocabulary/fields.ts'
import { PROCESS_EVENTS } from './vocabulary/process.ts'
import { BREAKER_EVENTS, PROVIDER_EVENTS } from './vocabulary/providers.ts'
import { DOOR_EVENTS, REQUEST_EVENTS } from './vocabulary/request.ts'
import { RULES_EVENTS } from './vocabulary/rules.ts'
import { attemptFields, spanId, traceId } from './vocabulary/shared.ts'

/**
 * The vocabulary of the log: one schema an event. Dashboards read these names and fields, so that a
 * change here is a line in the CHANGELOG. No field may hold a code, a text, a full number or a name.
 *
 * docs/log-events.md and docs/log-events.schema.json are made of it: `node src/telemetry/write-events.ts`.
 */
const VOCABULARY = {
  ...PROCESS_EVENTS,
  ...RULES_EVENTS,
  ...DOOR_EVENTS,
  ...REQUEST_EVENTS,
  ...BREAKER_EVENTS,
  ...PROVIDER_EVENTS
} as const

type Vocabulary = typeof VOCABULARY

export type EventName = keyof Vocabulary

export const EVENT_NAMES = Object.keys(VOCABULARY) as readonly EventName[]

type FieldsOf<K extends EventName> = Vocabulary[K]['fields']

export const EVENTS = Object.fromEntries(
  Object.entries(VOCABULARY).map(([name, { fields, description }]) => [
    name,
    Type.Object(fields, { additionalProperties: false, description })
  ])
) as { readonly [K in EventName]: ReturnType<typeof Type.Object<FieldsOf<K>>> }

/** What is said of an event beside its fields. */
export interface EventTraits {
  readonly section: Section
  /** `request`: its lines carry the ids of the request that they are about. `either`: some do. */
  readonly about: 'process' | 'request' | 'either'
  readonly level: LevelRule
}

export const TRAITS: { readonly [K in EventName]: EventTraits } = VOCABULARY

/** Fields that every line has. `event` is the name of one of {@link EVENTS}. */
export const EveryLine = Type.Object({
  level: Type.Integer({ description: '20 debug, 30 info, 40 warn, 50 error' }),
  time: ms('since 1970'),
  event: text("the event's name, as below"),
  msg: longText('a sentence for people, made of the other fields. Do not parse it')
})

/** Fields that every line of one request carries; `span_id` only where there is one. */
export const RequestContext = Type.Object({
  request_id: text('ours; Okta gets it back in `debugContext.requestId`'),
  trace_id: traceId(),
  span_id: spanId(),
  okta_event_id: maybe(
    text("Okta's `eventId`; null where there is none, or where it does not look like an id")
  ),
  okta_request_id: maybe(
    text(
      "`data.context.request.id`: the API request at Okta that caused it, as Okta's System Log has it; null where there is none"
    )
  ),
  rules_hash: text('the first 12 digits of the SHA-256 of the rules file that decides this request')
})
export type RequestContext = Static<typeof RequestContext>

const AttemptDetail = Type.Object(attemptFields, { additionalProperties: false })
export type AttemptDetail = Static<typeof AttemptDetail>

/** Anything that may be logged. */
export type GatewayEvent = { [K in EventName]: { readonly event: K } & Static<(typeof EVENTS)[K]> }[EventName]

/**
 * Says what happened, to whoever listens. Never throws, never waits. It takes the fields of the event's schema and no
 * other, also where they come out of an object that is spread, which TypeScript lets through elsewhere.
 */
export type Report = <const E extends GatewayEvent>(event: E & NoMore<E>) => void

type NoMore<E extends GatewayEvent> = {
  readonly [F in Exclude<keyof E, 'event' | (E extends unknown ? keyof FieldsOf<E['event']> : never)>]: never
}
