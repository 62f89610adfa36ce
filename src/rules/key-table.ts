import { RulesFile } from './schema.ts'
import type { Shape } from './decode.ts'

interface Described extends Shape {
  readonly description?: string
  readonly default?: string | number | boolean
}

/** Every key of the language as a table in Markdown, made of the schema that the checker walks along. */
export function keyTable(): string {
  // A TypeBox schema is plain JSON Schema; its type says so less plainly.
  const rows = rowsOf(RulesFile as unknown as Described, '')
  return ['| key | value | |', '|---|---|---|', ...rows].join('\n')
}

function rowsOf(shape: Described, path: string): readonly string[] {
  const own = Object.entries(shape.properties ?? {}).flatMap(([key, member]) => {
    const name = path === '' ? key : `${path}.${key}`
    return [rowOf(name, member, shape.required?.includes(key) ?? false), ...below(member, name)]
  })
  const named = Object.values(shape.patternProperties ?? {}).flatMap((member) => {
    const name = `${path}.NAME`
    return [rowOf(name, member, false), ...below(member, name)]
  })
  return [...own, ...named]
}

/** Of a value that may be one or a list the entries; of a step that may be of several kinds each. */
function below(shape: Described, name: string): readonly string[] {
  const entries = shape.items === undefined ? shape : (shape.items as Described)
  const suffix = shape.items === undefined ? name : `${name}[]`
  // The three providers have the same keys, and so have rules and "otherwise".
  if (entries.title === 'provider' && !name.endsWith('twilio')) return []
  if (entries.title === 'split' || name.startsWith('otherwise.')) return []
  const kinds = (entries.anyOf ?? [entries]).filter(
    ({ properties, patternProperties }) => properties ?? patternProperties
  )
  const seen = new Set<string>()
  return kinds
    .flatMap((kind) => rowsOf(kind as Described, suffix))
    .filter((row) => {
      const key = row.split('|')[1] ?? ''
      if (seen.has(key)) return false
      seen.add(key)
      return true
    })
}

function rowOf(name: string, shape: Described, isRequired: boolean): string {
  const { description = '', default: usual } = shape
  const notes = [
    ...(isRequired ? ['Required.'] : []),
    ...(usual === undefined ? [] : [`Where it is missing: \`${String(usual)}\`.`])
  ]
  return `| \`${name}\` | ${valueOf(shape)} | ${[description, ...notes].join(' ').trim().replaceAll('|', '\\|')} |`
}

function valueOf(shape: Described): string {
  const { anyOf, items, type, enum: words, const: only, check } = shape
  if (anyOf !== undefined) {
    const [one, list] = anyOf as readonly Described[]
    return list?.items === undefined ? 'a name or a map' : `${valueOf(one as Described)}, or a list`
  }
  if (items !== undefined) return 'a list'
  if (only !== undefined) return `\`${only}\``
  if (words !== undefined && words.length <= MOST_WORDS) {
    return words.map((word) => `\`${String(word)}\``).join(', ')
  }
  if (check?.form !== undefined) return FORMS[check.form]
  if (type === 'object') return 'a map'
  return type === 'string' || type === undefined ? 'text' : type
}

/** Longer lists stand elsewhere. */
const MOST_WORDS = 13

const FORMS = {
  duration: 'a time, `900ms`',
  percent: 'a percentage, `50%`',
  prefix: 'digits in quotes, `"+441"`',
  moment: 'a day or a moment'
} as const
