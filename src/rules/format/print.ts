import { createQuote, type Quote } from './quote.ts'
import type { Collection, Comment, Entry, Text } from './tree.ts'
import type { Scalar } from 'yaml'

/** In characters: what is longer becomes a block, or is folded. */
const WIDTH = 110

/** Of indentation. */
const STEP = 2

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

/** The layout: how a tree is written. */
export function printTree(root: Collection): string {
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
