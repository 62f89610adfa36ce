/** A line of a log, parsed and not yet believed: whoever can write to the log can write anything there. */
export type LogLine = Readonly<Record<string, unknown>>

/** What stands for a name that is none, and for those for which a table has no room. */
export const OTHER = 'other'

/** Nothing that is thrown; null for what is no JSON object. What a shipper puts before the "{" is passed over. */
export function parseLine(line: string): LogLine | null {
  const start = line.indexOf('{')
  if (start === -1) return null
  try {
    const value: unknown = JSON.parse(start === 0 ? line : line.slice(start))
    return typeof value === 'object' && value !== null ? (value as LogLine) : null
  } catch {
    return null
  }
}

export function textIn(line: LogLine, field: string): string | null {
  const value = line[field]
  return typeof value === 'string' ? value : null
}

export function numberIn(line: LogLine, field: string): number | null {
  const value = line[field]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

const WORD = /^[\w.:/@ -]{1,64}$/u

/** As many digits as a number of a person has. */
const NUMBER_LIKE = /\d{7}/u

/** A name or a code of ours or a vendor's; null where there is none, {@link OTHER} for what cannot be one. */
export function wordIn(line: LogLine, field: string): string | null {
  const value = textIn(line, field)
  if (value === null) return null
  return WORD.test(value) && !NUMBER_LIKE.test(value) ? value : OTHER
}

/** ISO 3166; null for anything else. */
export function countryIn(line: LogLine): string | null {
  const value = textIn(line, 'country')
  return value !== null && /^[A-Z]{2}$/u.test(value) ? value : null
}

/** Of a rules file. */
export function hashIn(line: LogLine, field: string): string | null {
  const value = textIn(line, field)
  return value !== null && /^[0-9a-f]{8,64}$/u.test(value) ? value : null
}

const MOST_REMARK = 200

/** Six digits or more, however they are grouped. */
const DIGITS = /\d(?:[\s().+/-]?\d){5,}/gu

/** What a person wrote: one line, without what could be a number or a code. */
export function remarkIn(line: LogLine, field: string): string | null {
  const value = textIn(line, field)
  if (value === null) return null
  return plainText(value.slice(0, MOST_REMARK)).replace(DIGITS, (digits) => digits.replace(/\d/gu, 'x'))
}

/** Controls, marks that turn the direction of writing, and what ends a line: each could make a text lie. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]+/gu

/** What may be shown on a terminal as it is. */
export function plainText(text: string): string {
  return text.replace(UNPRINTABLE, ' ')
}
