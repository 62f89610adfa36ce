import { Type, type TNull, type TProperties, type TSchema, type TUnion } from 'typebox'

/**
 * What fields are made of. Each says what it means; a number says its unit; a word says what its values mean. The
 * reference page and the published schema are made of that, so that what is written here is read by people.
 */

/** Beyond this no name, id or word of ours goes. */
const LONGEST_NAME = 64

/** A name, an id, a word: short, and never free text of somebody else. */
export function text(description: string, maxLength = LONGEST_NAME) {
  return Type.String({ description, maxLength })
}

/** A URL, a path, a sentence of ours: as long as it is. */
export function longText(description: string) {
  return Type.String({ description })
}

/** What stands for a number or a person, and is made of it with a key. */
export function hash(description: string) {
  return Type.String({ description, pattern: '^[0-9a-f]{8,64}$' })
}

/** A whole number of something. */
export function amount(unit: string, description: string, minimum?: number) {
  return Type.Integer({ description, unit, ...(minimum === undefined ? {} : { minimum }) })
}

export function ms(description: string) {
  return amount('ms', description)
}

/** A number that need not be whole. */
export function fraction(unit: string, description: string) {
  return Type.Number({ description, unit })
}

export function yesNo(description: string) {
  return Type.Boolean({ description })
}

/** One of these words, and no other. An empty meaning: the word speaks for itself. */
export function oneOf<const W extends Readonly<Record<string, string>>>(description: string, words: W) {
  return Type.Enum(Object.keys(words) as (keyof W & string)[], { description, words })
}

/** The same, where the page has its own place for what the words mean: `seeing` says which. */
export function oneOfTable<const W extends Readonly<Record<string, string>>>(
  description: string,
  words: W,
  seeing: string
) {
  return Type.Enum(Object.keys(words) as (keyof W & string)[], { description, words, seeing })
}

/** One of a list of words that speak for themselves. */
export function among<const W extends string>(description: string, words: readonly W[]) {
  return Type.Enum([...words], {
    description,
    words: Object.fromEntries(words.map((word) => [word, '']))
  })
}

/** One of these words, or another that nobody has thought of: a code of the operating system, say. */
export function word(description: string, known: Readonly<Record<string, string>>) {
  return Type.String({ description, maxLength: LONGEST_NAME, words: known, open: true })
}

export function listOf<T extends TSchema>(description: string, items: T) {
  return Type.Array(items, { description })
}

/** An object. Where its fields stand on the page already, `seeing` says where. */
export function record<F extends TProperties>(fields: F, description?: string, seeing?: string) {
  return Type.Object(fields, {
    additionalProperties: false,
    ...(description === undefined ? {} : { description }),
    ...(seeing === undefined ? {} : { seeing })
  })
}

/** What it is, or null. */
export function maybe<T extends TSchema>(schema: T): TUnion<[T, TNull]> {
  const { description } = schema as { description?: string }
  return Type.Union([schema, Type.Null()], description === undefined ? {} : { description })
}

/** A schema as it reads: plain JSON Schema, and beside it what the functions above have said. */
export interface Described {
  readonly type?: string
  readonly description?: string
  readonly unit?: string
  readonly enum?: readonly string[]
  readonly words?: Readonly<Record<string, string>>
  readonly open?: true
  readonly seeing?: string
  readonly anyOf?: readonly Described[]
  readonly items?: Described
  readonly properties?: Readonly<Record<string, Described>>
  readonly required?: readonly string[]
}

/** TypeBox' types say less of their schemas than is in them. */
export function described(schema: TSchema): Described {
  return schema
}
