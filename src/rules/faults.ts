import { hideCredentials } from './credentials.ts'
import type { Source, Span } from './source.ts'

/**
 * Every fault there is. Codes are stable: they may be searched for, linked and silenced by others. E is an
 * error, which keeps a file out of use; W is a warning. `needs` is what must have been understood for the
 * fault to be true, should the YAML break off somewhere: nothing but the text, what stands above, or the
 * whole file. Each has a section in docs/rule-faults.md.
 */
export const FAULTS = {
  E100: { title: 'A value is not written as it must be', needs: 'above' },
  E101: { title: 'Unknown key', needs: 'above' },
  E102: { title: 'A key is missing', needs: 'file' },
  E103: { title: 'The wrong kind of value', needs: 'file' },
  E104: { title: 'Not one of the allowed words', needs: 'above' },
  E105: { title: 'Outside its limits', needs: 'above' },
  E106: { title: 'Two rules of one name', needs: 'above' },
  E107: { title: 'One of two keys, not both and not neither', needs: 'file' },
  E108: { title: 'A rule that asks for nothing', needs: 'above' },
  E110: { title: 'Unknown provider', needs: 'above' },
  E111: { title: 'A provider that is not listed under providers', needs: 'file' },
  E112: { title: 'A provider twice in one chain', needs: 'above' },
  E113: { title: 'A channel that the provider does not do', needs: 'file' },
  E114: { title: 'A split whose weights are all 0', needs: 'above' },
  E120: { title: 'Unknown country or country group', needs: 'file' },
  E121: { title: 'A country group that contains itself', needs: 'above' },
  E130: { title: 'Unknown sender', needs: 'file' },
  E131: { title: 'A sender that is not of its kind', needs: 'above' },
  E132: { title: 'A sender that this provider may not use', needs: 'file' },
  E133: { title: 'No sender that may be used there', needs: 'file' },
  E140: { title: 'A credential in the file', needs: 'text' },
  E150: { title: 'Not YAML', needs: 'text' },
  E151: { title: 'A key twice', needs: 'text' },
  E152: { title: 'A part of YAML that is not used here', needs: 'text' },
  E153: { title: 'Nested too deeply', needs: 'text' },
  E154: { title: 'Not one document', needs: 'text' },
  E190: { title: 'Too many faults', needs: 'text' },
  W201: { title: 'A rule that is never reached', needs: 'file' },
  W202: { title: 'A chain with one provider', needs: 'file' },
  W203: { title: 'Timeouts that do not fit the deadline', needs: 'file' },
  W204: { title: 'Blocked without a reason', needs: 'file' },
  W205: { title: 'Never used', needs: 'file' },
  W206: { title: 'A rule that has ended', needs: 'above' },
  W207: { title: 'A rule that ends soon', needs: 'above' },
  W208: { title: 'A name that has to be registered', needs: 'file' },
  W209: { title: 'A group that takes the place of a built-in one', needs: 'above' },
  W210: { title: 'A canary outside of a candidate file', needs: 'above' }
} as const satisfies Record<`${'E' | 'W'}${number}`, { title: string; needs: 'text' | 'above' | 'file' }>

export type FaultCode = keyof typeof FAULTS

export interface Fault {
  readonly code: FaultCode
  readonly severity: 'error' | 'warning'
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
  /** In UTF-16 units; may reach over several lines. */
  readonly length: number
  /** One sentence with the suggestion in it, without a full stop. Never holds a credential. */
  readonly message: string
  /** What to write instead, as far as that can be told. */
  readonly suggestion: string | null
}

/** What is found while a file is read. */
export interface FaultList {
  add(code: FaultCode, span: Span, message: string, suggestion?: string): void
  /** Does an error lie in this stretch? */
  hasErrorIn(span: Span): boolean
  /** By place. `brokenAt` is where the YAML broke off: without what cannot be known because of that. */
  sorted(brokenAt: number | null): readonly Fault[]
}

/** Behind so many of each severity, nothing is gained by naming more. */
const MAX_FAULTS = 200

export function createFaultList(source: Source): FaultList {
  const found: (Fault & Span)[] = []
  const counts = { error: 0, warning: 0 }

  function add(code: FaultCode, span: Span, message: string, suggestion?: string): void {
    // A credential is all there is to say of a place.
    if (code !== 'E140' && found.some((other) => other.code === 'E140' && overlap(other, span))) return
    const severity = severityOf(code)
    counts[severity] += 1
    if (counts[severity] > MAX_FAULTS) return
    const { start, end } = span
    const fault = {
      code,
      severity,
      file: source.file,
      ...source.positionOf(start),
      length: Math.max(1, end - start)
    }
    found.push({ ...fault, message, suggestion: suggestion ?? null, start, end })
  }

  return {
    add,
    hasErrorIn: (span) =>
      found.some(({ severity, start }) => severity === 'error' && start >= span.start && start < span.end),
    sorted(brokenAt) {
      const reliable = found.filter((fault) => brokenAt === null || holdsAbove(brokenAt, fault))
      const places = reliable.toSorted((a, b) => a.start - b.start || (a.code < b.code ? -1 : 1))
      const faults = places.map(({ start: _start, end: _end, ...fault }): Fault => fault)
      return counts.error > MAX_FAULTS ? [...faults, tooMany(source)] : faults
    }
  }
}

function holdsAbove(brokenAt: number, { code, start }: Pick<Fault, 'code'> & Span): boolean {
  const { needs } = FAULTS[code]
  return needs === 'text' || (needs === 'above' && start < brokenAt)
}

function overlap(a: Span, b: Span): boolean {
  return a.start < b.end && b.start < a.end
}

function tooMany({ file, text, positionOf }: Source): Fault {
  const message = `only the first ${MAX_FAULTS} errors are shown`
  return {
    code: 'E190',
    severity: 'error',
    file,
    ...positionOf(text.length),
    length: 1,
    message,
    suggestion: null
  }
}

function severityOf(code: FaultCode): Fault['severity'] {
  return code.startsWith('E') ? 'error' : 'warning'
}

const MAX_QUOTED = 40

/** A piece of the file in quotes, as a message may show it: short, on one line, without a secret. */
export function quote(text: string): string {
  const shown = printable(hideCredentials(text))
  return `"${shown.length > MAX_QUOTED ? `${shown.slice(0, MAX_QUOTED - 1)}…` : shown}"`
}

/** Control and direction characters, which could rewrite a terminal's line, become visible. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\ufffd')
}

export function didYouMean(suggestion: string | undefined): string {
  return suggestion === undefined ? '' : ` - did you mean "${suggestion}"?`
}
