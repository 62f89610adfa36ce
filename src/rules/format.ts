import { isDeepStrictEqual } from 'node:util'
import { Document, isMap, isScalar, isSeq, Lexer, Scalar, YAMLMap, type ParsedNode } from 'yaml'
import { createFaultList } from './faults.ts'
import { createSource } from './source.ts'
import { isEmpty, keyText, readYaml } from './yaml-tree.ts'

const WIDTH = 110
const STEP = 2

const FILE_ORDER = [
  'version',
  'providers',
  'senders',
  'country_groups',
  'defaults',
  'reply',
  'canary',
  'rules',
  'otherwise'
]
const RULE_ORDER = ['name', 'why', 'owner', 'until', 'shadow', 'when', 'send', 'on_no_answer', 'block']

/**
 * The canonical form of a rules file that is valid YAML of our kind (`readYaml` reports nothing). Comments
 * and blank lines stay, and so does the meaning. Pure, and throws on no text.
 *
 * The YAML library reads, and decides on quotes; the layout is made here, since its own loses or moves
 * comments, such as those between a key and its value or behind an opening bracket. A comment has one of
 * four places: above an entry, behind it (further lines in the same column belong to it), behind the key of
 * a block, below the last entry of a block. One that stands anywhere else moves to the nearest of these. A
 * list or map that holds a comment is a block; so are the file itself, its rules and each of them. Folded
 * texts are folded anew; the lines of "|" and ">" stay. Marks ("---", "...") go.
 *
 * What was written is read again: if the data or a comment differ, and for a file with faults, the text
 * comes back as it was, but for byte order mark, line ends and the last line break.
 */
export function formatRules(text: string): string {
  const asWritten = withPlainEnds(text)
  const before = read(asWritten)
  if (before === undefined || before.tree.entries.length === 0) return asWritten

  const formatted = print(arrange(before.tree))
  const after = read(formatted)
  return after !== undefined && isDeepStrictEqual(after.content, before.content) ? formatted : asWritten
}

function withPlainEnds(text: string): string {
  const plain = text.replace(/^\ufeff+/u, '').replace(/\r+(?=\n|$)/gu, '')
  return plain === '' || plain.endsWith('\n') ? plain : `${plain}\n`
}

interface Comment {
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

interface Text {
  readonly kind: 'text'
  readonly start: number
  readonly end: number
  readonly node: Scalar.Parsed
  /** Of a text behind "|" or ">", as it stands in the file. */
  readonly block: string | null
}

interface Collection {
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
interface Entry {
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

interface Reading {
  readonly tree: Collection
  /** What has to stay. */
  readonly content: { readonly data: unknown; readonly comments: readonly string[] }
}

/** Undefined where there are faults, or no map. */
function read(text: string): Reading | undefined {
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

/** Brings the keys into their order, and makes blocks of the file, its rules and each of them. */
function arrange(root: Collection): Collection {
  const [first, ...others] = root.entries
  if (first === undefined) return root
  // What stands above the first key speaks of the file, whichever key that is.
  const [top, ...below] = inOrder([{ ...first, above: [] }, ...others], FILE_ORDER).map(arrangeRules)
  if (top === undefined) return root
  const headed = top.start === first.start ? { ...top, above: first.above } : belowHeader(top, first.above)
  return { ...root, flow: false, spaced: true, entries: [headed, ...below] }
}

function belowHeader(entry: Entry, header: readonly Comment[]): Entry {
  const [own, ...rest] = entry.above
  if (header.length === 0) return entry
  return own === undefined
    ? { ...entry, above: [...header], blank: true }
    : { ...entry, above: [...header, { ...own, blank: true }, ...rest] }
}

function arrangeRules(entry: Entry): Entry {
  const { value: rules } = entry
  if (keyText(entry.key) !== 'rules' || rules?.kind !== 'list') return entry
  const entries = rules.entries.map((item) => {
    const { value: rule } = item
    if (rule?.kind !== 'map') return item
    return { ...item, value: { ...rule, flow: false, entries: inOrder(rule.entries, RULE_ORDER) } }
  })
  return { ...entry, value: { ...rules, flow: false, spaced: true, entries } }
}

/** Unknown keys stay behind the one that they follow. */
function inOrder(entries: readonly Entry[], order: readonly string[]): readonly Entry[] {
  let rank = -1
  const ranked = entries.map((entry) => {
    const own = order.indexOf(keyText(entry.key) ?? '')
    if (own !== -1) rank = own
    return { entry, rank }
  })
  return ranked.toSorted((a, b) => a.rank - b.rank).map(({ entry }) => entry)
}

/** An entry as lines; its comments above stay apart, since those of a first key move above its dash. */
interface Lines {
  readonly above: readonly Comment[]
  readonly blank: boolean
  readonly lines: readonly string[]
}

interface Pen {
  readonly indent: number
  readonly quote: Quote
}

function print(root: Collection): string {
  return `${printEntries(root, { indent: 0, quote: createQuote() }).join('\n')}\n`
}

function printEntries(collection: Collection, pen: Pen): readonly string[] {
  return layOut(
    collection.entries.map((entry) => printEntry(entry, pen)),
    collection,
    pen.indent
  )
}

function layOut(
  printed: readonly Lines[],
  { spaced, after }: Pick<Collection, 'spaced' | 'after'>,
  indent: number
): readonly string[] {
  const entries = printed.flatMap(({ above, blank, lines }, index) => {
    const all = [...printComments(above, indent), ...(blank ? [''] : []), ...lines]
    const bare = all[0] === '' ? all.slice(1) : all
    return index > 0 && (spaced || bare !== all) ? ['', ...bare] : bare
  })
  return [...entries, ...printComments(after, indent)]
}

function printComments(comments: readonly Comment[], indent: number): readonly string[] {
  return comments.flatMap(({ text, blank }) => [...(blank ? [''] : []), ' '.repeat(indent) + text])
}

function printEntry(entry: Entry, pen: Pen): Lines {
  const { key, value } = entry
  const { indent, quote } = pen
  const pad = ' '.repeat(indent)
  const head = key === null ? `${pad}-` : `${pad}${printScalar(key, quote.inFlow)}:`
  if (value?.kind === 'text') return printText(entry, { head, text: value }, pen)
  const flow = value === null || (!value.flow && value.entries.length > 0) ? '' : printFlow(value, quote)
  if (value === null || (flow !== null && fits(value, `${head} ${flow}`))) {
    const [comments, lifted] = commentsBehind(entry)
    return lift(entry, lifted, withComments(value === null ? head : `${head} ${flow}`, comments))
  }

  const below = { indent: indent + STEP, quote }
  if (key !== null) {
    const [comments, lifted] = commentsBehind(entry)
    return lift(entry, lifted, [...withComments(head, comments), ...printEntries(value, below)])
  }
  // The dash stands in the first line of its block, so what was above that line moves above the dash.
  const [first, ...rest] = value.entries.map((inner) => printEntry(inner, below))
  const lifted = [...entry.inside, ...entry.behind, ...(first?.above ?? [])]
  const lines = layOut([{ above: [], blank: false, lines: first?.lines ?? [] }, ...rest], value, below.indent)
  return lift(entry, lifted, [`${head} ${(lines[0] ?? '').slice(below.indent)}`, ...lines.slice(1)])
}

/** A list or map that is empty has no other form. */
function fits({ flow, entries }: Collection, line: string): boolean {
  return entries.length === 0 || (flow && line.length <= WIDTH)
}

/** The comments that stay behind the entry, and those for which there is no room but above it. */
function commentsBehind({ inside, behind }: Entry): readonly [readonly Comment[], readonly Comment[]] {
  return behind.length === 0 ? [inside, []] : [behind, inside]
}

function lift({ above, blank }: Entry, lifted: readonly Comment[], lines: readonly string[]): Lines {
  const [first, ...rest] = lifted
  if (first === undefined) return { above, blank, lines }
  return { above: [...above, { ...first, blank: blank || first.blank }, ...rest], blank: false, lines }
}

/** The comments behind a line, those after the first below it in its column. */
function withComments(line: string, [first, ...rest]: readonly Comment[]): readonly string[] {
  if (first === undefined) return [line]
  const pad = ' '.repeat(line.length + 1)
  return [`${line} ${first.text}`, ...rest.map(({ text }) => pad + text)]
}

function printText(
  entry: Entry,
  { head, text }: { readonly head: string; readonly text: Text },
  { indent, quote }: Pen
): Lines {
  const pad = ' '.repeat(indent + STEP)
  const block = printBlockText(text, pad)
  const [comments, lifted] = commentsBehind(entry)
  if (block !== null) {
    const { header, lines } = block
    // A second line of comments would be a line of the text.
    const [behind, above] = comments.length > 1 ? [[], [...lifted, ...comments]] : [comments, lifted]
    return lift(entry, above, [...withComments(`${head} ${header}`, behind), ...lines])
  }
  const lines = fold(`${head} ${printScalar(text.node, quote.inBlock)}`, head.length + 1, pad)
  return lift(entry, lifted, [...lines.slice(0, -1), ...withComments(lines.at(-1) ?? '', comments)])
}

/** Null for a text that ends in a way that "|" and ">" show badly. */
function printBlockText(
  { node, block }: Text,
  pad: string
): { readonly header: string; readonly lines: readonly string[] } | null {
  const value = String(node.value)
  if (block === null || /^$|\s$/u.test(value.replace(/\n$/u, ''))) return null
  const lines = block.trimEnd().split('\n').slice(1)
  const shift = indentOf(lines) - indentOf(value.split('\n'))
  const indicator = /^\n* /u.test(value) ? STEP : ''
  return {
    header: `${block.charAt(0)}${indicator}${value.endsWith('\n') ? '' : '-'}`,
    lines: lines.map((line) => (line.length > shift ? pad + line.slice(shift) : ''))
  }
}

/** Of the first line that is not blank. */
function indentOf(lines: readonly string[]): number {
  return (lines.find((line) => line.trim() !== '') ?? '').search(/[^ ]|$/u)
}

/** Breaks a line that is too long before words behind `from`, where the break reads as one space again. */
function fold(line: string, from: number, pad: string): readonly string[] {
  if (line.length <= WIDTH) return [line]
  const [first = '', ...words] = line.slice(from).split(/(?<=[^\s\\]) (?=[\p{L}\p{N}])/u)
  const lines: string[] = []
  let current = line.slice(0, from) + first
  for (const word of words) {
    if (current.length + 1 + word.length <= WIDTH) {
      current += ` ${word}`
    } else {
      lines.push(current)
      current = pad + word
    }
  }
  return [...lines, current]
}

/** In one line; null where a comment stands inside. */
function printFlow(value: Entry['value'], quote: Quote): string | null {
  if (value === null) return ''
  if (value.kind === 'text') return printScalar(value.node, quote.inFlow)
  const { kind, entries, after } = value
  const parts: string[] = []
  for (const { key, value: member, above, inside, behind } of entries) {
    const part = printFlow(member, quote)
    if (part === null || above.length + inside.length + behind.length > 0) return null
    parts.push(key === null ? part : `${printScalar(key, quote.inFlow)}:${part === '' ? '' : ` ${part}`}`)
  }
  if (after.length > 0) return null
  if (kind === 'list') return `[${parts.join(', ')}]`
  return parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`
}

/** What is no text (a number, true, null) stays as it is written. */
function printScalar({ value, source }: Scalar.Parsed, quote: (text: string) => string): string {
  return typeof value === 'string' ? quote(value) : source
}

/** How a text is written: plain where every tool reads it as this text, else in double quotes. */
interface Quote {
  readonly inBlock: (text: string) => string
  /** Between brackets and braces, and as a key: here commas and brackets need quotes. */
  readonly inFlow: (text: string) => string
}

/** Characters that only an escape shows, and that some tools take for the end of a line. */
const HIDDEN = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff]/gu

/**
 * YAML 1.1 has a type for dates. The library knows that too, but from a list that all who load it share, and
 * one of them (the test runner) takes dates out of it.
 */
const DATE =
  /^\d{4}-\d\d?-\d\d?(?:(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)?$/u

/** One document serves for all texts: to make one takes longer than to write it. */
function createQuote(): Quote {
  const scalar = new Scalar('')
  const map = new YAMLMap()
  map.set('k', scalar)
  const document = new Document(map, { version: '1.2', compat: 'yaml-1.1' })

  function write(text: string, flow: boolean): string {
    if (DATE.test(text) || text.search(HIDDEN) !== -1) return JSON.stringify(text).replace(HIDDEN, escape)
    scalar.value = text
    map.flow = flow
    const written = document.toString({ lineWidth: 0, singleQuote: false, blockQuote: false })
    return flow ? written.slice('{ k: '.length, -' }\n'.length) : written.slice('k: '.length, -'\n'.length)
  }

  return { inBlock: (text) => write(text, false), inFlow: (text) => write(text, true) }
}

function escape(character: string): string {
  return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
