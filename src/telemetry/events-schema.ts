import { EVENT_NAMES, EVENTS, EveryLine, RequestContext, TRAITS, type EventName } from './events.ts'
import { levelsOf, levelInWords } from './level.ts'
import { described, type Described } from './vocabulary/fields.ts'

/** What pino calls the levels. */
const LEVEL_NUMBERS = { debug: 20, info: 30, warn: 40, error: 50 } as const

/** Those that are there always. */
const IDS = described(RequestContext).required ?? []

type JsonSchema = Readonly<Record<string, unknown>>

/** The log as JSON Schema, for whoever checks or reads it elsewhere: one kind of line an event. */
export function eventsSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: "A line of Switchboard's log",
    description:
      'LOG_FORMAT=native. Made by src/telemetry/write-events.ts; docs/log-events.md says the same for people.',
    oneOf: EVENT_NAMES.map((name) => ({ $ref: `#/$defs/${name}` })),
    $defs: Object.fromEntries(EVENT_NAMES.map((name) => [name, lineSchema(name)]))
  }
}

export function eventsSchemaText(): string {
  return `${JSON.stringify(eventsSchema(), null, 2)}\n`
}

function lineSchema(name: EventName): JsonSchema {
  const { about, level } = TRAITS[name]
  const { description, properties = {} } = described(EVENTS[name])
  const line = described(EveryLine).properties ?? {}
  const ids = about === 'process' ? {} : (described(RequestContext).properties ?? {})
  const always = about === 'request' ? IDS : []
  return {
    type: 'object',
    description,
    properties: {
      level: {
        enum: levelsOf(level).map((name) => LEVEL_NUMBERS[name]),
        description: levelInWords(level)
      },
      time: published(line['time']),
      event: { const: name },
      ...publishedAll(ids),
      ...publishedAll(properties),
      msg: published(line['msg'])
    },
    required: ['level', 'time', 'event', ...always, ...Object.keys(properties), 'msg'],
    // Where one of a request's ids is, all are.
    ...(about === 'either' ? { dependentRequired: Object.fromEntries(IDS.map((id) => [id, IDS])) } : {}),
    additionalProperties: false
  }
}

function publishedAll(fields: Readonly<Record<string, Described>>): JsonSchema {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, published(field)]))
}

/** What we say of a field in ways of our own, said in JSON Schema's. */
function published(field: Described | undefined): JsonSchema {
  const { description = '', unit, words, open, seeing: _, enum: values, ...schema } = field ?? {}
  const { anyOf, items, properties } = schema
  const said = unit === undefined ? description : `${description} (${unit})`
  return {
    ...(values === undefined ? {} : { type: 'string' }),
    ...schema,
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map((one) => published(withoutEcho(one, description))) }),
    ...(items === undefined ? {} : { items: published(items) }),
    ...(properties === undefined ? {} : { properties: publishedAll(properties) }),
    ...(words === undefined ? {} : wordsIn(words, open === true)),
    ...(said === '' ? {} : { description: said })
  }
}

/** The union says it already. */
function withoutEcho({ description, ...schema }: Described, said: string): Described {
  return description === undefined || description === said ? schema : { description, ...schema }
}

function wordsIn(words: Readonly<Record<string, string>>, isOpen: boolean): JsonSchema {
  if (isOpen) return { examples: Object.keys(words) }
  if (Object.values(words).every((meaning) => meaning === '')) return { enum: Object.keys(words) }
  return {
    oneOf: Object.entries(words).map(([word, meaning]) => ({
      const: word,
      ...(meaning === '' ? {} : { description: meaning })
    }))
  }
}
