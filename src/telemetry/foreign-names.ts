import type { GatewayEvent, RequestContext } from './events.ts'

/** What the standards have no name for stands under this one. */
const NAMESPACE = 'switchboard'

export const SERVICE_NAME = 'switchboard'

export type NameTable = Readonly<Record<string, string>>

/** Of one event, where its field means something else than those of the same name; null: every line says it already. */
export type NameTables = {
  readonly [K in GatewayEvent['event']]?: Readonly<Record<string, string | null>>
}

interface Names {
  readonly names: NameTable
  readonly namesOf: NameTables
}

/** An event's fields and its request's ids under other names. */
export function renamed(
  { event, ...fields }: GatewayEvent,
  context: RequestContext | null,
  names: Names
): Record<string, unknown> {
  return renamedFields({ ...context, ...fields }, names, event)
}

/**
 * Fields under other names: those that they have in one event, or in all. What is null is left out, as neither standard
 * knows a field that is there and says nothing.
 */
export function renamedFields(
  fields: Readonly<Record<string, unknown>>,
  { names, namesOf }: Names,
  event?: GatewayEvent['event']
): Record<string, unknown> {
  const own = (event === undefined ? undefined : namesOf[event]) ?? {}
  const line: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(fields)) {
    const other = own[field] === undefined ? (names[field] ?? `${NAMESPACE}.${field}`) : own[field]
    if (value !== null && other !== null) line[other] = value
  }
  return line
}

/** What both standards call the same. */
export const SHARED_NAMES = {
  user_hash: 'user.hash',
  http_status: 'http.response.status_code'
} as const satisfies NameTable

/** In one event these are accounts, in others names; an index takes one type under one name. */
const ACCOUNTS = `${NAMESPACE}.accounts`

/** Here they are all that open, elsewhere the one that was shown. */
const SCHEMES = `${NAMESPACE}.auth_schemes`

export const SHARED_NAMES_OF = {
  'gateway.started': { version: null, providers: ACCOUNTS, auth: SCHEMES }
} as const satisfies NameTables

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
