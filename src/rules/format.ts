import { isDeepStrictEqual } from 'node:util'
import { printTree } from './format/print.ts'
import { readTree, type Collection, type Comment, type Entry } from './format/tree.ts'
import { keyText } from './yaml-tree.ts'

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
  return canonicalForm(text) ?? withPlainEnds(text)
}

/** The same; null where the text would come back as it was because something in it is not understood. */
export function canonicalForm(text: string): string | null {
  const before = readTree(withPlainEnds(text))
  if (before === undefined || before.tree.entries.length === 0) return null

  const formatted = printTree(arrange(before.tree))
  const after = readTree(formatted)
  return after !== undefined && isDeepStrictEqual(after.content, before.content) ? formatted : null
}

function withPlainEnds(text: string): string {
  const plain = text.replace(/^\ufeff+/u, '').replace(/\r+(?=\n|$)/gu, '')
  return plain === '' || plain.endsWith('\n') ? plain : `${plain}\n`
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
