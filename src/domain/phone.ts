import { parsePhoneNumberFromString, type CountryCode, type PhoneNumber } from 'libphonenumber-js/max'

declare const e164: unique symbol
/** A number in E.164 with its "+". {@link parsePhone} is its only maker. */
export type E164 = string & { readonly [e164]: true }

/** An ISO 3166-1 alpha-2 code. */
export type Country = CountryCode

/** libphonenumber's types in lower case, plus `satellite` and `unknown`. */
export const NUMBER_TYPES = [
  'mobile',
  'fixed_line',
  'fixed_line_or_mobile',
  'premium_rate',
  'toll_free',
  'shared_cost',
  'voip',
  'personal_number',
  'pager',
  'uan',
  'voicemail',
  'satellite',
  'unknown'
] as const
export type NumberType = (typeof NUMBER_TYPES)[number]

export interface Phone {
  readonly e164: E164
  /** Null where the number belongs to no country (+800) or to no known range of one (+447700900123). */
  readonly country: Country | null
  /**
   * The country that rules match: the number's own, else the one its area code belongs to (PR for an
   * unassigned +1787 number), else the main one of its calling code (GB for an unassigned +44 number), else null.
   */
  readonly routingCountry: Country | null
  /** Without "+". */
  readonly callingCode: string
  readonly type: NumberType
  /** Digits to dial after the call is answered: 1 to 11 of them. */
  readonly extension: string | null
}

/** Global networks above the sky: Inmarsat, the mobile-satellite code, and the two international networks. */
export const SATELLITE_CALLING_CODES: ReadonlySet<string> = new Set(['870', '881', '882', '883'])

/** Longer than any number with separators and an extension; what is longer is not looked at. */
const MAX_LENGTH = 64

/** What phones and people put round and between digits: direction marks, invisible marks, spaces, dashes, brackets. */
const PADDING =
  /[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff \u00a0\u2000-\u200a\u202f\-\u2010-\u2015\u2212()[\]./]/gu

/** What is left then: digits, and perhaps an extension. Only digits of ASCII, for nothing else comes from Okta. */
const NUMBER = /^(\+?\d+)(?:(?:;ext=|;|,+|#|x|extn?:?|extension:?)(\d{1,11})#?)?$/u

/** The longest that ITU-T E.164 allows, and the shortest that any country has assigned. */
const E164_SHAPE = /^\+[1-9]\d{6,14}$/u

/**
 * Reads a number as Okta sends it: E.164, separators and an extension (`x123`, `;ext=123`, `,123`) forgiven.
 *
 * @param defaultCountry the country of numbers written without "+"; null if such a number cannot be read.
 * @returns undefined where it is no phone number. An unassigned number of possible length is a number:
 *   the library's data is older than the newest range.
 */
export function parsePhone(raw: string, defaultCountry: Country | null = null): Phone | undefined {
  if (raw.length > MAX_LENGTH) return undefined
  const [, digits, extension] = NUMBER.exec(raw.replace(PADDING, '').toLowerCase()) ?? []
  if (digits === undefined) return undefined

  const parsed = digits.startsWith('+') ? parseInternational(digits) : parseNational(digits, defaultCountry)
  if (parsed === undefined || !parsed.isPossible() || !E164_SHAPE.test(parsed.number)) return undefined

  const callingCode = parsed.countryCallingCode
  return {
    // The one place where a string becomes an E164.
    e164: parsed.number as E164,
    country: parsed.isValid() ? (parsed.country ?? null) : null,
    // The library names the main country first.
    routingCountry: parsed.getPossibleCountries()[0] ?? null,
    callingCode,
    type: SATELLITE_CALLING_CODES.has(callingCode) ? 'satellite' : typeOf(parsed),
    extension: extension ?? null
  }
}

/**
 * The library drops what it takes for a national or a carrier's prefix. Where that makes a known number it
 * is right ("+44 (0)7911 ..."); elsewhere it is a guess that would send the code to somebody else.
 */
function parseInternational(digits: string): PhoneNumber | undefined {
  const parsed = parsePhoneNumberFromString(digits, { extract: false })
  return parsed !== undefined && (parsed.number === digits || parsed.isValid()) ? parsed : undefined
}

/** The E.164 form is read again: a number goes the same way however it was written. */
function parseNational(digits: string, defaultCountry: Country | null): PhoneNumber | undefined {
  if (defaultCountry === null) return undefined
  const parsed = parsePhoneNumberFromString(digits, { defaultCountry, extract: false })
  return parsed === undefined ? undefined : parseInternational(parsed.number)
}

function typeOf(parsed: PhoneNumber): NumberType {
  return (parsed.getType()?.toLowerCase() as NumberType | undefined) ?? 'unknown'
}

/** Of a number's digits in the country so many stay unsaid at least, beside the last two, which are said elsewhere. */
const UNSAID_DIGITS = 4

const LAST_DIGITS = 2

const MOST_SAID_DIGITS = 3

/**
 * How a number begins, as far as that may be said where the number may not: the calling code, and up to three
 * digits more while four between them and the last two stay unsaid. So ten thousand numbers begin and end like it. In
 * the few countries whose numbers have less than six digits it says nothing but the country.
 */
export function prefixFitToLog({ e164, callingCode }: Pick<Phone, 'e164' | 'callingCode'>): string {
  const national = e164.length - 1 - callingCode.length
  const said = Math.max(0, Math.min(MOST_SAID_DIGITS, national - UNSAID_DIGITS - LAST_DIGITS))
  return e164.slice(0, 1 + callingCode.length + said)
}
