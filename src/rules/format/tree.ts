import { isMap, isScalar, isSeq, Lexer, type ParsedNode, type Scalar } from 'yaml'
import { createFaultList } from '../faults.ts'
import { createSource } from '../source.ts'
import { isEmpty, keyText, readYaml } from '../yaml-tree.ts'

/** With its "#". */
export interface Comment {
  readonly text: string
  /** A blank line comes before it. */
  readonly blank: boolean
}

interface FoundComment extends Comment {
  readonly start: number
  readonly column: number
  /** Nothing else stands in its line. */
  readonly alone: boolean
}

/** One value. */
export interface Text {
  readonly kind: 'text'
  readonly start: number
  readonly end: number
  readonly node: Scalar.Parsed
  /** Of a text behind "|" or ">", as it stands in the file. */
  readonly block: string | null
}

/** A map or a list, with what stands below its last entry. */
export interface Collection {
  readonly kind: 'map' | 'list'
  readonly start: number
  readonly end: number
  readonly column: number
  readonly flow: boolean
  /** A blank line stands between its entries. */
  readonly spaced: boolean
  readonly entries: readonly Entry[]
  /** Below the last entry. */
  readonly after: Comment[]
}

/** A key with its value, or an item of a list. */
export interface Entry {
  readonly start: number
  /** Of the value; where there is none, of the key or the dash. */
  readonly end: number
  readonly key: Scalar.Parsed | null
  readonly value: Text | Collection | null
  /** A blank line comes before it, below its comments. */
  readonly blank: boolean
  /** In lines of their own above it. */
  readonly above: Comment[]
  /** Between key or dash and value, in the line of the former. */
  readonly inside: Comment[]
  /** In the line in which the value ends, and below it in the same column. */
  readonly behind: Comment[]
}

/** A file as it is laid out anew. */
export interface Reading {
  readonly tree: Collection
  /** What has to stay. */
  readonly content: { readonly data: unknown; readonly comments: readonly string[] }
}

/** Undefined where there are faults, or no map. */
export function readTree(text: string): Reading | undefined {
  const source = createSource(text, '')
  const faults = createFaultList(source)
  const { root } = readYaml(source, faults)
  if (!isMap(root) || faults.sorted(null).length > 0) return undefined

  const { comments, dashes } = findMarks(text)
  const tree = toCollection(root, text, dashes.values())
  placeComments(comments, tree, text)
  return {
    tree,
    content: { data: dataOf(root), comments: comments.map((comment) => comment.text).toSorted() }
  }
}

function dataOf(node: ParsedNode | null): unknown {
  if (isMap(node)) return new Map(node.items.map(({ key, value }) => [keyText(key), dataOf(value)]))
  if (isSeq(node)) return node.items.map(dataOf)
  return isScalar(node) ? node.value : null
}

/** The lexer puts this before each scalar; it is no part of the text, and neither are the other two. */
const SCALAR = '\u001f'
const NOT_WRITTEN: ReadonlySet<string> = new Set([SCALAR, '\u0002', '\u0018'])

/** The comments, and the dashes of block lists, in the order of the file. */
function findMarks(text: string): {
  readonly comments: readonly FoundComment[]
  readonly dashes: readonly number[]
} {
  const comments: FoundComment[] = []
  const dashes: number[] = []
  let offset = 0
  let previous = ''
  for (const token of new Lexer().lex(text)) {
    if (previous !== SCALAR && token.startsWith('#')) comments.push(toComment(token, offset, text))
    if (previous !== SCALAR && token === '-') dashes.push(offset)
    if (previous === SCALAR || !NOT_WRITTEN.has(token)) offset += token.length
    previous = previous === SCALAR ? '' : token
  }
  return { comments, dashes }
}

function toComment(token: string, start: number, text: string): FoundComment {
  const { alone, blank } = lineBefore(text, start)
  return { text: token.trimEnd(), start, column: columnOf(text, start), alone, blank }
}

function columnOf(text: string, offset: number): number {
  return offset === 0 ? 0 : offset - text.lastIndexOf('\n', offset - 1) - 1
}

/** Is the place the first in its line, and is the line above blank? */
function lineBefore(text: string, offset: number): { readonly alone: boolean; readonly blank: boolean } {
  const lineStart = skipSpacesBack(text, offset)
  const alone = lineStart === 0 || text[lineStart - 1] === '\n'
  if (!alone || lineStart === 0) return { alone, blank: false }
  const above = skipSpacesBack(text, lineStart - 1)
  return { alone, blank: above === 0 || text[above - 1] === '\n' }
}

function skipSpacesBack(text: string, from: number): number {
  let at = from
  while (at > 0 && ' \t\r'.includes(text[at - 1] ?? '')) at -= 1
  return at
}

type CollectionNode = Extract<ParsedNode, { readonly items: unknown }>

/** The dashes are used up in the order in which the items come. */
function toCollection(node: CollectionNode, text: string, dashes: Iterator<number>): Collection {
  const flow = node.flow === true
  const entries = isMap(node)
    ? node.items.flatMap(({ key, value }) =>
        isScalar(key) ? [toEntry({ key, value, start: key.range[0], end: key.range[1] }, text, dashes)] : []
      )
    : node.items.map((value) => {
        const [start, end] = value.range
        const dash = flow ? null : (dashes.next().value as number)
        return toEntry(
          { key: null, value, start: dash ?? start, end: dash === null ? end : dash + 1 },
          text,
          dashes
        )
      })
  const start = flow ? node.range[0] : (entries[0]?.start ?? node.range[0])
  return {
    kind: isMap(node) ? 'map' : 'list',
    start,
    end: flow ? node.range[1] : (entries.at(-1)?.end ?? node.range[1]),
    column: columnOf(text, start),
    flow,
    spaced: false,
    entries,
    after: []
  }
}

interface EntryNode {
  readonly key: Scalar.Parsed | null
  readonly value: ParsedNode | null
  readonly start: number
  readonly end: number
}

function toEntry({ key, value: node, start, end }: EntryNode, text: string, dashes: Iterator<number>): Entry {
  const value = toValue(node, text, dashes)
  return {
    start,
    end: value?.end ?? end,
    key,
    value,
    blank: lineBefore(text, start).blank,
    above: [],
    inside: [],
    behind: []
  }
}

function toValue(node: ParsedNode | null, text: string, dashes: Iterator<number>): Entry['value'] {
  if (isMap(node) || isSeq(node)) return toCollection(node, text, dashes)
  if (!isScalar(node) || isEmpty(node)) return null
  const [start, end] = node.range
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED'
  return { kind: 'text', start, end, node, block: isBlock ? text.slice(start, end) : null }
}

function placeComments(comments: readonly FoundComment[], root: Collection, text: string): void {
  let previous: { readonly comment: FoundComment; readonly place: Comment[] } | null = null
  for (const comment of comments) {
    const continued: boolean = previous !== null && goesOn(previous.comment, comment, text)
    const place: Comment[] = previous !== null && continued ? previous.place : placeOf(comment, root, text)
    place.push(comment)
    // Below a comment of its own line the indentation decides.
    previous = comment.alone && !continued ? null : { comment, place }
  }
}

/** Does a comment go on with what the one behind the line above began? */
function goesOn(above: FoundComment, comment: FoundComment, text: string): boolean {
  const between = text.slice(above.start + above.text.length, comment.start)
  return comment.column === above.column && /^\s*$/u.test(between) && between.split('\n').length === 2
}

function placeOf(
  comment: FoundComment,
  { entries, after, ...within }: Collection,
  text: string,
  owner?: Entry
): Comment[] {
  const { start, alone, column } = comment
  const index = lastBefore(start, entries)
  const entry = entries[index]
  const next = entries[index + 1]
  if (entry === undefined) {
    if (within.flow && owner !== undefined && !alone) return owner.inside
    return next?.above ?? owner?.above ?? after
  }

  const { value } = entry
  const outside = next?.above ?? after
  const inBetween = alone && entry.inside.length === 0 ? entry.above : entry.inside
  if (value !== null && start < value.start && !alone) return inBetween
  if (value?.kind === 'text' && start < value.start) return inBetween
  if (value?.kind === 'text' && start < value.end) return entry.behind
  const sameLine = !alone && !text.slice(entry.end, start).includes('\n')
  if (value === null || value.kind === 'text') return sameLine ? entry.behind : outside

  if (start < value.start) return value.flow ? inBetween : placeOf(comment, value, text, entry)
  if (start < value.end) return placeOf(comment, value, text, entry)
  if (value.flow) return sameLine ? entry.behind : outside
  // Behind the last entry of a block the indentation tells what a comment belongs to.
  const deeper = alone && outside.length === 0 && column > within.column && column >= value.column
  return sameLine || deeper ? placeOf(comment, value, text, entry) : outside
}

/** The index of the last entry that begins before the offset; -1 if none does. */
function lastBefore(offset: number, entries: readonly Entry[]): number {
  let low = -1
  let high = entries.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((entries[middle]?.start ?? Infinity) < offset) low = middle
    else high = middle
  }
  return low
}
