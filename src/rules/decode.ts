import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
  type YAMLSeq
} from 'yaml'
import { suggest } from '../domain/suggest.ts'
import { isCredentialKey } from './credentials.ts'
import { didYouMean, quote, type FaultList } from './faults.ts'
import type { Check, Referent } from './schema.ts'
import type { Span } from './source.ts'
import { parseDuration, parseEnd, parsePercent, readingsOf, writeDuration } from './values.ts'
import { isEmpty, keyText, spanOf } from './yaml-tree.ts'

/** What of JSON Schema the rules file's schema uses. */
export interface Shape {
  readonly type?: string
  readonly title?: string
  readonly properties?: Readonly<Record<string, Shape>>
  readonly patternProperties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly oneOf?: readonly { readonly required: readonly string[] }[]
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly anyOf?: readonly Shape[]
  readonly items?: Shape
  readonly minItems?: number
  readonly maxItems?: number
  readonly enum?: readonly unknown[]
  readonly const?: string | number
  readonly pattern?: string
  readonly patternErrorMessage?: string
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly check?: Check
}

/** A value of which any part may be missing, because it was faulty. */
export type Draft<T> = T extends readonly (infer Item)[]
  ? readonly Draft<Item>[]
  : T extends object
    ? { readonly [K in keyof T]?: Draft<T[K]> | undefined }
    : T

/** A name in the file that stands for something declared elsewhere. */
export interface Reference {
  readonly to: Referent
  readonly name: string
  readonly span: Span
}

interface Places {
  readonly key: Span
  readonly value: Span
}

/** Where the members of decoded maps and lists stand in the file. */
export class Whereabouts {
  readonly #members = new WeakMap<object, Map<string | number, Places>>()

  note(holder: object, member: string | number, places: Places): void {
    const members = this.#members.get(holder) ?? new Map<string | number, Places>()
    this.#members.set(holder, members.set(member, places))
  }

  /** The place of a member's value, or of its key where the value has none. */
  of(holder: object, member: string | number): Span {
    return this.#members.get(holder)?.get(member)?.value ?? NOWHERE
  }

  ofKey(holder: object, member: string | number): Span {
    return this.#members.get(holder)?.get(member)?.key ?? NOWHERE
  }
}

const NOWHERE: Span = { start: 0, end: 0 }

interface Context {
  readonly faults: FaultList
  readonly where: Whereabouts
  readonly references: Reference[]
}

/** A node to decode, and how messages speak of it. */
interface Subject {
  readonly node: ParsedNode | null
  /** In quotes, such as "deadline"; or "this". */
  readonly label: string
  /** Where to point if the node has no place of its own. */
  readonly span: Span
}

/**
 * Reads a YAML tree along a schema. What does not fit is reported with its place and left out of the
 * draft; the names that refer to something are collected, to be looked up when everything is declared.
 */
export function decode(
  shape: Shape,
  root: ParsedNode,
  faults: FaultList
): { readonly draft: unknown; readonly where: Whereabouts; readonly references: readonly Reference[] } {
  const context: Context = { faults, where: new Whereabouts(), references: [] }
  const draft = decodeNode(context, shape, { node: root, label: 'the file', span: spanOf(root) ?? NOWHERE })
  return { draft, where: context.where, references: context.references }
}

function decodeNode(context: Context, shape: Shape, subject: Subject): unknown {
  const { node, label, span } = subject
  // Reported when the tree was read.
  if (isAlias(node)) return undefined
  if (isEmpty(node)) {
    context.faults.add('E103', span, `${label} has no value`)
    return undefined
  }
  const fitting = chooseShape(shape, node)
  if (fitting === undefined) {
    context.faults.add('E103', span, `${label} is ${kindOfNode(node)}, and must be ${kindsOf(shape)}`)
    return undefined
  }
  if (isMap<ParsedNode>(node)) return decodeMap(context, fitting, node, subject)
  if (isSeq(node)) return decodeList(context, fitting, node, subject)
  return isScalar(node) ? decodeScalar(context, fitting, node, subject) : undefined
}

type Kind = 'a map' | 'a list' | 'one value'

function kindOfNode(node: ParsedNode | null): Kind {
  if (isMap(node)) return 'a map'
  return isSeq(node) ? 'a list' : 'one value'
}

function kindOf(shape: Shape): Kind {
  if (shape.type === 'object') return 'a map'
  return shape.type === 'array' ? 'a list' : 'one value'
}

function kindsOf({ anyOf, ...shape }: Shape): string {
  return [...new Set((anyOf ?? [shape]).map(kindOf))].join(' or ')
}

/** Of several shapes the one that was meant: of the node's kind and, for a map, with its required keys. */
function chooseShape(shape: Shape, node: ParsedNode | null): Shape | undefined {
  const kind = kindOfNode(node)
  const fitting = (shape.anyOf ?? [shape]).filter((branch) => kindOf(branch) === kind)
  if (fitting.length < 2 || !isMap(node)) return fitting[0]
  return fitting.find(({ required = [] }) => required.every((key) => node.has(key))) ?? fitting[0]
}

type MapNode = YAMLMap.Parsed

function decodeMap(context: Context, shape: Shape, node: MapNode, { label, span }: Subject): object {
  const { faults, where } = context
  const draft: Record<string, unknown> = Object.create(null) as Record<string, unknown>
  const start = spanOf(node.items[0]?.key) ?? span
  const size = node.items.length

  if (size > (shape.maxProperties ?? Infinity)) {
    faults.add('E105', start, `${label} has ${size} entries; at most ${shape.maxProperties} are read`)
  }
  for (const { key, value } of node.items.slice(0, shape.maxProperties)) {
    const name = keyText(key)
    const keySpan = spanOf(key) ?? span
    // Both were reported when the tree was read; of a key that stands twice the first counts.
    if (name === undefined || isCredentialKey(name) || Object.hasOwn(draft, name)) continue
    const member = shapeOfMember(context, shape, name, keySpan)
    if (member === undefined) continue

    const valueSpan = isEmpty(value) ? keySpan : (spanOf(value) ?? keySpan)
    where.note(draft, name, { key: keySpan, value: valueSpan })
    draft[name] = decodeNode(context, member, { node: value, label: quote(name), span: valueSpan })
  }

  for (const name of shape.required ?? []) {
    if (!node.has(name)) faults.add('E102', start, `${label} has no "${name}"`)
  }
  if (shape.oneOf !== undefined) requireOne(shape.oneOf, { node, label, start }, faults)
  if (shape.title === 'when' && size === 0) {
    faults.add('E108', span, 'a rule needs a condition; what holds for everything else is "otherwise"')
  } else if (size < (shape.minProperties ?? 0)) {
    faults.add('E105', start, `${label} needs at least ${shape.minProperties} of ${listNames(shape)}`)
  }
  return draft
}

function requireOne(
  choices: NonNullable<Shape['oneOf']>,
  { node, label, start }: { node: MapNode; label: string; start: Span },
  faults: FaultList
): void {
  const names = choices.flatMap(({ required }) => required)
  const present = names.filter((name) => node.has(name))
  if (present.length === 1) return
  const wanted = names.map((name) => `"${name}"`)
  const message =
    present.length === 0
      ? `${label} has neither ${wanted.join(' nor ')}`
      : `${label} has both ${wanted.join(' and ')}: keep one of them`
  const second = node.items.find(({ key }) => keyText(key) === present.at(-1))
  faults.add('E107', spanOf(second?.key) ?? start, message)
}

function shapeOfMember(context: Context, shape: Shape, name: string, span: Span): Shape | undefined {
  const { properties = {}, patternProperties = {}, check = {} } = shape
  if (check.keysReferTo !== undefined) context.references.push({ to: check.keysReferTo, name, span })
  if (Object.hasOwn(properties, name)) return properties[name]

  const [pattern, member] = Object.entries(patternProperties)[0] ?? []
  if (pattern !== undefined) {
    if (!new RegExp(pattern, 'u').test(name)) {
      context.faults.add('E100', span, `${quote(name)} ${check.keyFault ?? 'is no name'}`)
    }
    return member
  }
  // The look-up of the reference says more than "unknown key".
  if (check.keysReferTo === undefined) reportUnknownKey(context.faults, name, span, Object.keys(properties))
  return undefined
}

function reportUnknownKey(faults: FaultList, name: string, span: Span, known: readonly string[]): void {
  if (name === '<<') return
  const nearest = suggest(name, known)
  const help = nearest === undefined ? `; known here: ${known.join(', ')}` : didYouMean(nearest)
  faults.add('E101', span, `unknown key ${quote(name)}${help}`, nearest)
}

function listNames({ properties = {} }: Shape): string {
  return Object.keys(properties).join(', ')
}

function decodeList(
  context: Context,
  shape: Shape,
  node: YAMLSeq.Parsed,
  { label, span }: Subject
): readonly unknown[] {
  const { faults, where } = context
  const size = node.items.length
  if (size > (shape.maxItems ?? Infinity)) {
    faults.add('E105', span, `${label} has ${size} entries; at most ${shape.maxItems} are read`)
  }
  if (size < (shape.minItems ?? 0)) faults.add('E105', span, `${label} is an empty list`)

  const itemLabel = shape.items?.title === undefined ? `an entry of ${label}` : `this ${shape.items.title}`
  const draft: unknown[] = []
  for (const item of node.items.slice(0, shape.maxItems)) {
    const place = spanOf(item) ?? span
    const value = decodeNode(context, shape.items ?? {}, {
      node: item,
      label: itemLabel,
      span: place
    })
    if (value === undefined) continue
    where.note(draft, draft.length, { key: place, value: place })
    draft.push(value)
  }
  return draft
}

/** What is wrong with a value, and what to write instead. */
interface Complaint {
  readonly code: 'E100' | 'E103' | 'E104' | 'E105'
  readonly message: string
  readonly suggestion?: string | undefined
}

function decodeScalar(
  context: Context,
  shape: Shape,
  node: Scalar.Parsed,
  { label, span }: Subject
): unknown {
  const { value } = node
  const refersTo = shape.check?.refersTo
  const complaint =
    typeof value === 'string' && refersTo !== undefined ? undefined : findComplaint(shape, node, label)
  if (complaint !== undefined) {
    context.faults.add(complaint.code, span, complaint.message, complaint.suggestion)
    return undefined
  }
  if (typeof value === 'string' && refersTo !== undefined) {
    context.references.push({ to: refersTo, name: value, span })
  }
  return value
}

function findComplaint(shape: Shape, node: Scalar.Parsed, label: string): Complaint | undefined {
  const { value } = node
  const written = node.source
  if (shape.const !== undefined) {
    return value === shape.const
      ? undefined
      : { code: 'E104', message: `${label} is ${quote(written)}, and must be ${shape.const}` }
  }
  switch (shape.type ?? 'string') {
    case 'integer':
      return complainOfNumber(shape, node, label)
    case 'boolean':
      return typeof value === 'boolean'
        ? undefined
        : { code: 'E104', message: `${label} is ${quote(written)}, and must be true or false` }
    default:
      return typeof value === 'string'
        ? complainOfText(shape, value, label)
        : complainOfNoText(shape, node, label)
  }
}

function complainOfNumber(
  { minimum, maximum }: Shape,
  node: Scalar.Parsed,
  label: string
): Complaint | undefined {
  const { value, source } = node
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    const unquoted = typeof value === 'string' && /^\d+$/u.test(value) ? value : undefined
    const help = unquoted === undefined ? '' : `; write ${unquoted} without quotes`
    return {
      code: 'E103',
      message: `${label} is ${quote(source)}, which is no whole number${help}`,
      suggestion: unquoted
    }
  }
  const inside = value >= (minimum ?? -Infinity) && value <= (maximum ?? Infinity)
  return inside
    ? undefined
    : { code: 'E105', message: `${label} is ${value}, and must be from ${minimum} to ${maximum}` }
}

/** A value that YAML reads as a number, true, false or null where a text belongs. */
function complainOfNoText(shape: Shape, { value, source }: Scalar.Parsed, label: string): Complaint {
  const { form, leastMs = 0, mostMs = Infinity } = shape.check ?? {}
  if (form === 'duration' && typeof value === 'number') {
    const readings = readingsOf(value, leastMs, mostMs)
    const help = readings.length === 0 ? 'write it with ms, s or m' : `write ${readings.join(' or ')}`
    return { code: 'E100', message: `${source} has no unit; ${help}`, suggestion: readings[0] }
  }
  if (form === 'percent' && typeof value === 'number') {
    const suggestion = `${value <= 1 ? value * 100 : value}%`
    return { code: 'E100', message: `${source} has no "%"; write ${suggestion}`, suggestion }
  }
  if (shape.enum !== undefined) return complainOfWord(shape.enum, source, label)
  const kind = typeof value === 'number' || typeof value === 'bigint' ? 'the number ' : ''
  const suggestion = `"${source}"`
  return {
    code: 'E100',
    message: `${printableSource(source)} is read as ${kind}${String(value)}; write ${quote(source)} in quotes`,
    suggestion
  }
}

/** The source of a number or of null is short and harmless, unless it is a long row of digits. */
function printableSource(source: string): string {
  return quote(source).slice(1, -1)
}

function complainOfText(shape: Shape, text: string, label: string): Complaint | undefined {
  if (shape.enum !== undefined) {
    return shape.enum.includes(text) ? undefined : complainOfWord(shape.enum, text, label)
  }
  if (text.length > (shape.maxLength ?? Infinity)) {
    return {
      code: 'E105',
      message: `${label} has ${text.length} characters; at most ${shape.maxLength} are allowed`
    }
  }
  if (text === '') return { code: 'E103', message: `${label} is an empty text` }
  if (shape.pattern === undefined || new RegExp(shape.pattern, 'u').test(text)) {
    return shape.check === undefined ? undefined : complainOfRange(shape.check, text, label)
  }
  const suggestion = repair(shape.check, text)
  const help = suggestion === undefined ? '' : ` - did you mean ${suggestion}?`
  return {
    code: 'E100',
    message: `${shape.check?.isUnquoted === true ? label : quote(text)} ${shape.patternErrorMessage ?? 'is not of the right form'}${help}`,
    suggestion
  }
}

function complainOfRange(check: Check, text: string, label: string): Complaint | undefined {
  const { form, leastMs = 0, mostMs = Infinity } = check
  if (form === 'duration') {
    const ms = parseDuration(text)
    if (ms >= leastMs && ms <= mostMs) return undefined
    const limits = `${writeDuration(leastMs)} to ${writeDuration(mostMs)}`
    return { code: 'E105', message: `${label} is ${text}, and must be from ${limits}` }
  }
  if (form === 'percent') {
    const share = parsePercent(text)
    if (share >= 0.01 && share <= 1) return undefined
    return { code: 'E105', message: `${label} is ${text}, and must be from 1% to 100%` }
  }
  if (form === 'moment' && Number.isNaN(parseEnd(text))) {
    return { code: 'E100', message: `${quote(text)} is no day or time that there is` }
  }
  return undefined
}

/** What was meant by a text that has nearly the right form. */
function repair(check: Check | undefined, text: string): string | undefined {
  const { form, leastMs = 0, mostMs = Infinity } = check ?? {}
  if (form === 'duration') {
    const close = text.toLowerCase().replace(/[\s_]/gu, '')
    const unit = /^[\d.]+(ms|s|m)(?:\w*)$/u.exec(close)?.[1]
    if (unit !== undefined) return keepDuration(`${Number.parseFloat(close)}${unit}`)
    const bare = /^\d{1,7}(\.\d{1,3})?$/u.test(close) ? Number(close) : Number.NaN
    return readingsOf(bare, leastMs, mostMs)[0]
  }
  if (form === 'prefix') {
    const digits = text.replace(/\D/gu, '').replace(/^0+/u, '')
    return digits !== '' && digits.length <= 15 ? `"+${digits}"` : undefined
  }
  return form === 'percent' && /^\d{1,3}$/u.test(text) ? `${text}%` : undefined
}

function keepDuration(written: string): string | undefined {
  return Number.isNaN(parseDuration(written)) ? undefined : written
}

function complainOfWord(words: readonly unknown[], text: string, label: string): Complaint {
  const known = words.map(String)
  const suggestion = suggest(text, known)
  const help = suggestion === undefined ? `; one of ${known.join(', ')}` : didYouMean(suggestion)
  return { code: 'E104', message: `${label} cannot be ${quote(text)}${help}`, suggestion }
}
