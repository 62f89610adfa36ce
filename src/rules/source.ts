/** A stretch of the text, in UTF-16 units from its beginning; `end` is the first one behind it. */
export interface Span {
  readonly start: number
  readonly end: number
}

export interface Position {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units; a byte order mark does not count. */
  readonly column: number
}

/** The text of a rules file, and where its lines begin. */
export interface Source {
  readonly text: string
  /** As messages name the file. */
  readonly file: string
  readonly positionOf: (offset: number) => Position
  /** The offset of a position; the end of the text where it lies behind it. */
  readonly offsetOf: (position: Position) => number
  /** The line without its line break and without a byte order mark. */
  readonly lineAt: (line: number) => string
}

const BYTE_ORDER_MARK = '\ufeff'

export function createSource(text: string, file: string): Source {
  const starts = lineStarts(text)

  function startOf(line: number): number {
    return starts[line - 1] ?? text.length
  }

  return {
    text,
    file,
    positionOf(offset) {
      const line = lineOf(starts, offset)
      return { line, column: Math.max(0, offset - startOf(line)) + 1 }
    },
    offsetOf: ({ line, column }) => Math.min(startOf(line) + column - 1, text.length),
    lineAt: (line) => text.slice(startOf(line), startOf(line + 1)).replace(/\r?\n$/u, '')
  }
}

function lineStarts(text: string): readonly number[] {
  const starts = [text.startsWith(BYTE_ORDER_MARK) ? 1 : 0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** The number of the last line that begins at or before the offset. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((starts[middle] ?? Infinity) <= offset) low = middle
    else high = middle
  }
  return low + 1
}
