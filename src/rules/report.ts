import { blank, hideCredentials } from './credentials.ts'
import { printable, type Fault } from './faults.ts'
import { createSource, type Source } from './source.ts'

export interface ReportOptions {
  /** Colours of a terminal. */
  readonly colour: boolean
}

/** The width of a line number with what stands before it. */
const GUTTER = 6

/** Longer lines are shown as a window round the fault. */
const MAX_SHOWN = 110

const COLOURS = { error: '\u001b[31m', warning: '\u001b[33m', off: '\u001b[0m' }

/** Faults for people: place, code and sentence, the line in question, and carets under the fault. */
export function renderFaults(text: string, faults: readonly Fault[], { colour }: ReportOptions): string {
  const source = hideSecrets(text, faults)
  // A file in one line has all of its faults there.
  const lines = new Map<number, string>()
  const lineAt = (line: number): string => {
    const shown = lines.get(line) ?? hideKeepingLength(source.lineAt(line))
    lines.set(line, shown)
    return shown
  }
  return faults.map((fault) => `${renderFault(lineAt(fault.line), fault, colour)}\n`).join('')
}

/** Lines and columns of the answer are those of the text. */
function hideSecrets(text: string, faults: readonly Fault[]): Source {
  const { offsetOf } = createSource(text, '')
  let shown = text
  for (const fault of faults) {
    if (fault.code !== 'E140') continue
    const start = offsetOf(fault)
    const end = start + fault.length
    shown = shown.slice(0, start) + blank(shown.slice(start, end)) + shown.slice(end)
  }
  return createSource(shown, '')
}

function renderFault(shownLine: string, fault: Fault, colour: boolean): string {
  const { file, line, column, severity, code, message } = fault
  const label = colour ? `${COLOURS[severity]}${severity}${COLOURS.off}` : severity
  const { shown, carets } = excerpt(shownLine, column, fault.length)

  return [
    `${file}:${line}:${column} ${label} ${code} ${message}`,
    `${String(line).padStart(GUTTER)} | ${shown}`,
    `${' '.repeat(GUTTER)} | ${colour ? `${COLOURS[severity]}${carets}${COLOURS.off}` : carets}`
  ].join('\n')
}

function excerpt(line: string, column: number, length: number): { shown: string; carets: string } {
  const from =
    line.length <= MAX_SHOWN ? 0 : Math.max(0, Math.min(column - 1 - MAX_SHOWN / 2, line.length - MAX_SHOWN))
  const window = line.slice(from, from + MAX_SHOWN)
  const before = window.slice(0, column - 1 - from)
  const width = Math.max(1, Math.min(length, window.length - before.length))
  return {
    shown: window.split('\t').map(printable).join('\t').trimEnd(),
    // A tab stays a tab, so that the carets stand under the fault at any tab width.
    carets: before.replace(/[^\t]/gu, ' ') + '^'.repeat(width)
  }
}

/** A second look, for files that are too broken to be understood: what still looks like a secret is blanked. */
function hideKeepingLength(line: string): string {
  const hidden = hideCredentials(line)
  if (hidden === line) return line
  let same = 0
  while (hidden[same] === line[same]) same++
  return line.slice(0, same) + blank(line.slice(same))
}
