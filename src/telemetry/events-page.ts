import { OUTCOME_CLASSES, type ClassPolicy, type OutcomeClass } from '../domain/outcome.ts'
import { ECS_NAMES, ECS_NAMES_OF } from './ecs.ts'
import { EVENT_NAMES, EVENTS, EveryLine, RequestContext, TRAITS, type EventName } from './events.ts'
import { levelInWords } from './level.ts'
import { OTEL_NAMES, OTEL_NAMES_OF } from './otel.ts'
import type { Section } from './vocabulary/definition.ts'
import { described, type Described } from './vocabulary/fields.ts'
import { CLASS_MEANINGS } from './vocabulary/shared.ts'

/** The parts of docs/log-events.md that are made of the vocabulary. What stands around them is written by hand. */
const PARTS: Readonly<Record<string, () => string>> = {
  line: () => tableOf(described(EveryLine)),
  ids: () => tableOf(described(RequestContext)),
  gateway: () => eventsOf('gateway'),
  rules: () => eventsOf('rules'),
  door: () => eventsOf('door'),
  request: () => eventsOf('request'),
  classes: classTable,
  breakers: () => eventsOf('breakers'),
  providers: () => eventsOf('providers'),
  names: namesTable
}

/** The page with its made parts made anew. Throws where it lacks a part, or has one that nobody makes. */
export function renewedPage(page: string): string {
  const made = new Set<string>()
  const renewed = page.replace(
    /(<!-- (\w+): made by src\/telemetry\/write-events\.ts -->\n)[^]*?(\n<!-- end of \2 -->)/gu,
    (_all, begin: string, name: string, end: string) => {
      const part = PARTS[name]
      if (part === undefined) throw new Error(`Nobody makes the part "${name}".`)
      made.add(name)
      return `${begin}${part()}${end}`
    }
  )
  const missing = Object.keys(PARTS).filter((name) => !made.has(name))
  if (missing.length > 0) throw new Error(`The page has no place for ${missing.join(', ')}.`)
  return renewed
}

function eventsOf(section: Section): string {
  return EVENT_NAMES.filter((name) => TRAITS[name].section === section)
    .map(eventInMarkdown)
    .join('\n\n')
}

function eventInMarkdown(name: EventName): string {
  const schema = described(EVENTS[name])
  return [
    `### \`${name}\``,
    `**${levelInWords(TRAITS[name].level)}.** ${schema.description ?? ''}`,
    tableOf(schema)
  ].join('\n\n')
}

function tableOf(schema: Described): string {
  return ['| field | type | |', '|---|---|---|', ...rowsOf(schema, '')].join('\n')
}

function rowsOf({ properties = {} }: Described, above: string): readonly string[] {
  return Object.entries(properties).flatMap(([name, field]) => {
    const path = `${above}${name}`
    const row = `| \`${path}\` | ${typeOf(field)} | ${field.description ?? ''} |`
    return [row, ...rowsBelow(field, path)]
  })
}

/** Of an object, and of a list of objects, what is in one. */
function rowsBelow(field: Described, path: string): readonly string[] {
  const one = field.anyOf?.[0] ?? field
  const inside = one.items ?? one
  if (inside.properties === undefined || inside.seeing !== undefined) return []
  return rowsOf(inside, one.items === undefined ? `${path}.` : `${path}[].`)
}

function typeOf(field: Described): string {
  const { anyOf, seeing, words, items, type = '', unit = '' } = field
  if (anyOf?.[0] !== undefined) {
    const one = anyOf[0]
    return one.words === undefined || one.open === true ? `${typeOf(one)} or null` : `${typeOf(one)}, null`
  }
  if (items !== undefined) {
    return items.properties === undefined ? `list of ${typeOf(items)}` : (items.seeing ?? 'list')
  }
  if (seeing !== undefined) return seeing
  if (words !== undefined) return field.open === true ? `text: ${inWords(words)} ...` : inWords(words)
  if (type === 'object') return 'object'
  return `${type === 'string' ? 'text' : type}${SAID_UNITS[unit] ?? ` (${unit})`}`
}

/** Where there is none, where a number is no amount of something, or where the unit has a sign. */
const SAID_UNITS: Readonly<Record<string, string>> = {
  '': '',
  ordinal: '',
  line: '',
  column: '',
  us: ' (µs)'
}

function inWords(words: Readonly<Record<string, string>>): string {
  return Object.entries(words)
    .map(([word, meaning]) => (meaning === '' ? `\`${word}\`` : `\`${word}\` (${meaning})`))
    .join(', ')
}

const BREAKER_IN_WORDS: { readonly [B in ClassPolicy['breaker']]: string } = {
  success: 'success',
  failure: 'counts',
  half_failure: 'counts half',
  open_now: 'opens at once',
  neutral: '-'
}

const CERTAINTY_IN_WORDS: { readonly [C in ClassPolicy['certainty']]: string } = {
  sent: 'sent',
  not_sent: 'not sent',
  unknown: '**unknown**'
}

function classTable(): string {
  const rows = (Object.keys(OUTCOME_CLASSES) as OutcomeClass[]).map((name) => {
    const { next, breaker, certainty } = OUTCOME_CLASSES[name]
    const goesOn = next ? 'yes' : name === 'accepted' ? '' : '**no**'
    return `| \`${name}\` | ${CLASS_MEANINGS[name]} | ${goesOn} | ${BREAKER_IN_WORDS[breaker]} | ${levelOfClass(name)} | ${CERTAINTY_IN_WORDS[certainty]} |`
  })
  return [
    '| result | meaning | next provider? | breaker | level | sent? |',
    '|---|---|---|---|---|---|',
    ...rows
  ].join('\n')
}

function levelOfClass(name: OutcomeClass): string {
  const rule = TRAITS['otp.attempt.completed'].level
  if (typeof rule === 'string' || !('by' in rule)) throw new Error('An attempt is as loud as its result.')
  const level = rule.levels[name] ?? rule.otherwise
  if (OUTCOME_CLASSES[name].breaker === 'open_now') return `${level}, and \`provider.alarm\``
  return level === 'error' ? `**${level}**` : level
}

function named(name: string | null | undefined, field: string): string {
  return name === null ? '' : `\`${name ?? `switchboard.${field}`}\``
}

/** What our fields are called elsewhere, as far as they are called anything. */
function namesTable(): string {
  const fields = new Set([...Object.keys(ECS_NAMES), ...Object.keys(OTEL_NAMES)])
  const ecs: Readonly<Record<string, string>> = ECS_NAMES
  const otel: Readonly<Record<string, string>> = { ...OTEL_NAMES, trace_id: 'TraceId', span_id: 'SpanId' }
  const rows = [...fields].map(
    (field) => `| \`${field}\` | ${named(ecs[field], field)} | ${named(otel[field], field)} |`
  )
  const own = EVENT_NAMES.flatMap((event) => {
    const names = { ecs: ECS_NAMES_OF[event] ?? {}, otel: OTEL_NAMES_OF[event] ?? {} }
    return [...new Set([...Object.keys(names.ecs), ...Object.keys(names.otel)])].map(
      (field) =>
        `| \`${field}\` of \`${event}\` | ${named(names.ecs[field], field)} | ${named(names.otel[field], field)} |`
    )
  })
  return [
    '| `native` | `ecs` | `otel`, in `Attributes` where nothing else is said |',
    '|---|---|---|',
    '| `level` | `log.level` | `SeverityText`, `SeverityNumber`, beside `Attributes` |',
    '| `time` | `@timestamp`, ISO 8601 | `Timestamp`, ns since 1970 as text, beside `Attributes` |',
    '| `msg` | `message` | `Body`, beside `Attributes` |',
    '| `event` | `event.action`; `event.kind`, `event.category`, `event.type` go with it | `EventName`, beside `Attributes` |',
    '| `duration_ms` | `event.duration`, **ns** | `switchboard.duration_ms` |',
    '| `result` of an attempt that failed, `class` of an alarm, `reason` of a failover | also `error.type` | also `error.type` |',
    '| what an attempt, a request, a reload came to | also `event.outcome`: `success`, `failure`, `unknown` (it may have been sent) | |',
    '| `frames` of `gateway.fault` | `error.stack_trace` | `exception.stacktrace` |',
    ...rows,
    ...own,
    '| | `ecs.version`, `service.name`, `service.version` | `service.name`, `service.version` in `Resource` |',
    '| every other field | `switchboard.` and its name | `switchboard.` and its name |'
  ].join('\n')
}
