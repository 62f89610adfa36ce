import { isAlias, isMap, isScalar, isSeq, parseAllDocuments, type ErrorCode, type ParsedNode } from 'yaml'
import { findCredentials, isCredentialKey } from './credentials.ts'
import { quote, type FaultCode, type FaultList } from './faults.ts'
import type { Source, Span } from './source.ts'

export interface YamlTree {
  /** Null where the file is empty. */
  readonly root: ParsedNode | null
  /** Where the first fault of syntax lies: what comes before it was understood. Null if there is none. */
  readonly brokenAt: number | null
}

/** The file's own form needs 7. */
const MAX_DEPTH = 16

/** One missing bracket can make a fault of every line below it. */
const MAX_SYNTAX_FAULTS = 10

const NOT_USED: FaultCode = 'E152'

/** In our words: the library's messages may hold a piece of the file, and a secret with it. */
const SYNTAX_FAULTS: Readonly<Partial<Record<ErrorCode, readonly [FaultCode, string]>>> = {
  TAB_AS_INDENT: ['E150', 'a tab indents this line; YAML wants spaces'],
  BAD_INDENT: ['E150', 'the indentation does not fit the lines above, or a bracket is not closed'],
  MISSING_CHAR: ['E150', 'something is missing here: a closing quote, a bracket, a comma or a space'],
  BAD_DQ_ESCAPE: ['E150', 'unknown escape between double quotes; single quotes keep a backslash'],
  BLOCK_AS_IMPLICIT_KEY: ['E150', 'a second ": " in one line; a text that holds one needs quotes'],
  MULTILINE_IMPLICIT_KEY: ['E150', 'a key needs its ":" in the same line'],
  UNEXPECTED_TOKEN: ['E150', 'this does not belong here'],
  BAD_SCALAR_START: ['E150', 'a value cannot begin with this character; put it in quotes'],
  BAD_DIRECTIVE: [NOT_USED, 'lines that begin with % are not used here'],
  BAD_ALIAS: [NOT_USED, 'aliases (*name) are not used here; write the value out'],
  ALIAS_PROPS: [NOT_USED, 'aliases (*name) are not used here; write the value out'],
  MULTIPLE_ANCHORS: [NOT_USED, 'anchors (&name) are not used here; write the value out'],
  MULTIPLE_TAGS: [NOT_USED, 'tags (!name) are not used here'],
  TAG_RESOLVE_FAILED: [NOT_USED, 'tags (!name) are not used here'],
  BAD_COLLECTION_TYPE: [NOT_USED, 'tags (!name) are not used here'],
  RESOURCE_EXHAUSTION: ['E153', 'nested too deeply']
}

/** Reads YAML 1.2 of the plain kind: one document, each key once, no anchors, aliases, merge keys or tags. */
export function readYaml(source: Source, faults: FaultList): YamlTree {
  const documents = parseAllDocuments(source.text, {
    version: '1.2',
    merge: false,
    prettyErrors: false,
    // Ours is linear; the library compares every key with every other.
    uniqueKeys: false
  })
  const [document, second] = Array.isArray(documents) ? documents : []
  reportCredentialValues(source, faults)
  if (document === undefined) {
    faults.add('E154', { start: 0, end: 0 }, 'the file is empty')
    return { root: null, brokenAt: null }
  }

  const brokenAt = reportSyntax([...document.errors, ...document.warnings], faults)
  if (second !== undefined) {
    faults.add(
      'E154',
      spanOf(second.contents) ?? { start: second.range[0], end: 0 },
      'a second document begins here'
    )
  }
  if (document.directives.yaml.explicit === true) {
    faults.add(
      NOT_USED,
      { start: 0, end: 5 },
      'lines that begin with % are not used here: the file is YAML 1.2'
    )
  }
  if (document.contents === null || isEmpty(document.contents)) {
    if (brokenAt === null) faults.add('E154', { start: 0, end: 0 }, 'the file is empty')
    return { root: null, brokenAt }
  }
  inspect(document.contents, faults, 1)
  return { root: document.contents, brokenAt }
}

/** Where a node stands; undefined where it has no place of its own. */
export function spanOf(node: ParsedNode | null | undefined): Span | undefined {
  return node === null || node === undefined ? undefined : { start: node.range[0], end: node.range[1] }
}

/** A key as it is written; undefined where it is no plain word. */
export function keyText(key: ParsedNode | null): string | undefined {
  if (!isScalar(key) || isEmpty(key)) return undefined
  return typeof key.value === 'string' ? key.value : key.source
}

/** Has a place, and nothing in it (`country:`)? */
export function isEmpty(node: ParsedNode | null): boolean {
  return node === null || (isScalar(node) && node.value === null && (node.source ?? '') === '')
}

function reportSyntax(
  errors: readonly { readonly code: ErrorCode; readonly pos: readonly [number, number] }[],
  faults: FaultList
): number | null {
  const seen = new Set<number>()
  let brokenAt: number | null = null
  for (const { code, pos } of errors.toSorted((a, b) => a.pos[0] - b.pos[0])) {
    const [start, end] = pos
    const [faultCode, message] = SYNTAX_FAULTS[code] ?? ['E150', 'this is no valid YAML']
    if (faultCode !== NOT_USED) brokenAt ??= start
    if (seen.has(start) || seen.size >= MAX_SYNTAX_FAULTS) continue
    seen.add(start)
    faults.add(faultCode, { start, end }, message)
    // Nothing that follows was looked at.
    if (faultCode === 'E153') break
  }
  return brokenAt
}

function reportCredentialValues(source: Source, faults: FaultList): void {
  for (const span of findCredentials(source.text)) {
    faults.add(
      'E140',
      span,
      'this looks like a credential; credentials come from the environment, never from this file'
    )
  }
}

function inspect(node: ParsedNode | null, faults: FaultList, depth: number): void {
  const span = spanOf(node)
  if (node === null || span === undefined) return
  if (depth > MAX_DEPTH) {
    faults.add('E153', span, `nested more than ${MAX_DEPTH} deep`)
    return
  }
  refuseExtras(node, span, faults)
  if (isSeq(node)) for (const item of node.items) inspect(item, faults, depth + 1)
  if (!isMap(node)) return

  const seen = new Set<string>()
  for (const { key, value } of node.items) {
    const text = keyText(key)
    const place = spanOf(key) ?? span
    if (text === undefined) {
      faults.add('E103', place, 'a key must be one word')
      continue
    }
    if (seen.has(text)) faults.add('E151', place, `the key ${quote(text)} stands here a second time`)
    if (text === '<<') faults.add(NOT_USED, place, 'merge keys (<<) are not used here; write the keys out')
    seen.add(text)
    inspect(key, faults, depth + 1)
    if (isCredentialKey(text)) reportCredentialKey(text, place, spanOf(value), faults)
    else inspect(value, faults, depth + 1)
  }
}

function reportCredentialKey(key: string, place: Span, value: Span | undefined, faults: FaultList): void {
  const span = value !== undefined && value.end > value.start ? value : place
  // The value was reported for its looks already.
  if (faults.hasErrorIn(span)) return
  faults.add(
    'E140',
    span,
    `${quote(key)} is a credential; credentials come from the environment, never from this file`
  )
}

function refuseExtras(node: ParsedNode, span: Span, faults: FaultList): void {
  if (isAlias(node)) {
    faults.add(NOT_USED, span, 'aliases (*name) are not used here; write the value out')
    return
  }
  if (node.anchor !== undefined) {
    faults.add(NOT_USED, span, 'anchors (&name) are not used here; write the value out')
  }
  if (node.tag !== undefined) faults.add(NOT_USED, span, 'tags (!name) are not used here')
}
