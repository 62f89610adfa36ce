import { stdTimeFunctions } from 'pino'
import type { EventName, GatewayEvent } from './events.ts'
import {
  errorTypeOf,
  renamed,
  SERVICE_NAME,
  SHARED_NAMES,
  SHARED_NAMES_OF,
  type NameTable,
  type NameTables
} from './foreign-names.ts'
import type { LogFormat } from './log.ts'

/** The version whose names these are. All of them are older. */
const ECS_VERSION = '8.17.0'

const NS_PER_MS = 1_000_000

/** https://www.elastic.co/docs/reference/ecs/ecs-field-reference */
export const ECS_NAMES = {
  trace_id: 'trace.id',
  span_id: 'span.id',
  request_id: 'http.request.id',
  rule: 'rule.name',
  rules_hash: 'rule.ruleset',
  ...SHARED_NAMES,
  provider_code: 'error.code',
  reason: 'event.reason'
} as const satisfies NameTable

/** Where a field of one event means something of its own. */
export const ECS_NAMES_OF: NameTables = {
  ...SHARED_NAMES_OF,
  'gateway.fault': { error: 'error.type', code: 'error.code' }
}

/** Elastic Common Schema, flat: `{"log.level":"info","@timestamp":"...","event.action":"otp.failover",...}`. */
export function ecsFormat(version: string): LogFormat {
  return {
    pino: {
      base: { 'ecs.version': ECS_VERSION, 'service.name': SERVICE_NAME, 'service.version': version },
      messageKey: 'message',
      timestamp: () => stdTimeFunctions.isoTime().replace('"time"', '"@timestamp"'),
      formatters: { level: (label) => ({ 'log.level': label }) }
    },
    fieldsOf(event, context) {
      const {
        'switchboard.duration_ms': durationMs,
        'switchboard.frames': frames,
        ...line
      } = renamed(event, context, { names: ECS_NAMES, namesOf: ECS_NAMES_OF })
      const errorType = errorTypeOf(event)
      const outcome = outcomeOf(event)
      return {
        'event.kind': 'event',
        'event.action': event.event,
        ...categoryOf(event.event),
        ...(outcome === null ? {} : { 'event.outcome': outcome }),
        ...(typeof durationMs === 'number' ? { 'event.duration': durationMs * NS_PER_MS } : {}),
        ...(errorType === null ? {} : { 'error.type': errorType }),
        ...(Array.isArray(frames) ? { 'error.stack_trace': frames.join('\n') } : {}),
        ...line
      }
    }
  }
}

type Outcome = 'success' | 'failure' | 'unknown'

/** `unknown` where the code may be on its way, and nobody can say so. */
function outcomeOf(event: GatewayEvent): Outcome | null {
  switch (event.event) {
    case 'otp.attempt.completed':
    case 'otp.attempt.late_result':
      if (event.result === 'accepted') return 'success'
      return event.sent_certainty === 'unknown' ? 'unknown' : 'failure'
    case 'otp.request.completed':
      if (event.outcome === 'duplicate') return OUTCOME_OF_STATUS[event.okta_status]
      if (event.outcome === 'accepted') return 'success'
      return event.outcome === 'undecided' ? 'unknown' : 'failure'
    case 'rules.loaded':
    case 'rules.unchanged':
    case 'secrets.reloaded':
    case 'tls.loaded':
      return 'success'
    case 'rules.rejected':
    case 'secrets.rejected':
    case 'tls.rejected':
    case 'door.refusals':
    case 'okta.request.refused':
    case 'admin.request.refused':
      return 'failure'
    default:
      return null
  }
}

/** Of the first request's answer, which a duplicate is given. */
const OUTCOME_OF_STATUS = {
  SUCCESSFUL: 'success',
  PENDING: 'unknown',
  FAILED: 'failure',
  ERROR: 'failure'
} as const satisfies Record<string, Outcome>

/** By the first word of an event's name. */
const CATEGORIES: Readonly<Record<string, string>> = {
  gateway: 'process',
  log: 'process',
  traces: 'process',
  state: 'database',
  rules: 'configuration',
  okta: 'api',
  door: 'api',
  secrets: 'configuration',
  tls: 'configuration',
  otp: 'api',
  admin: 'api',
  circuit: 'network',
  provider: 'network'
}

/** All others are `info`. */
const TYPES: { readonly [K in EventName]?: string } = {
  'gateway.started': 'start',
  'gateway.stopped': 'end',
  'rules.loaded': 'change',
  'rules.candidate_removed': 'change',
  'okta.request.refused': 'denied',
  'door.refusals': 'denied',
  'secrets.reloaded': 'change',
  'tls.loaded': 'change',
  'admin.request.refused': 'denied',
  'otp.request.received': 'start',
  'otp.request.completed': 'end'
}

function categoryOf(name: EventName) {
  const category = CATEGORIES[name.slice(0, name.indexOf('.'))]
  return {
    ...(category === undefined ? {} : { 'event.category': [category] }),
    'event.type': [TYPES[name] ?? 'info']
  }
}
