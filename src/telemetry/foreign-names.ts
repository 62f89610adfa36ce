import type { GatewayEvent, RequestContext } from './events.ts'

/** What the standards have no name for stands under this one. */
const NAMESPACE = 'switchboard'

export const SERVICE_NAME = 'switchboard'

export type NameTable = Readonly<Record<string, string>>

/** Of one event, where its field means something else than those of the same name; null: every line says it already. */
export type NameTables = {
  readonly [K in GatewayEvent['event']]?: Readonly<Record<string, string | null>>
}

/**
 * An event's fields and its request's ids under other names. What is null is left out, as neither standard knows a
 * field that is there and says nothing.
 */
export function renamed(
  event: GatewayEvent,
  context: RequestContext | null,
  { names, namesOf }: { readonly names: NameTable; readonly namesOf: NameTables }
): Record<string, unknown> {
  const { event: name, ...fields } = event
  const own = namesOf[name] ?? {}
  const line: Record<string, unknown> = {}
  for (const [field, value] of Object.entries({ ...context, ...fields })) {
    const other = own[field] === undefined ? (names[field] ?? `${NAMESPACE}.${field}`) : own[field]
    if (value !== null && other !== null) line[other] = value
  }
  return line
}

/** In one event these are accounts, in others names; an index takes one type under one name. */
export const ACCOUNTS = `${NAMESPACE}.accounts`

/** What failed, in one word of a short list; null where nothing did. */
export function errorTypeOf(event: GatewayEvent): string | null {
  switch (event.event) {
    case 'otp.attempt.completed':
    case 'otp.attempt.late_result':
      return event.result === 'accepted' || event.result === 'in_flight' ? null : event.result
    case 'otp.failover':
      return event.reason
    case 'provider.alarm':
      return event.class
    default:
      return null
  }
}
