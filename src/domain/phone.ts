import { Metadata, parsePhoneNumberFromString, type CountryCode, type NumberType as LibraryType } from 'libphonenumber-js/max'

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
   * The country that rules match: the number's own, else the main country of its calling code
   * (GB for an unassigned +44 number), else null.
   */
  readonly routingCountry: Country | null
  readonly callingCode: string
  readonly type: NumberType
  /** Digits to dial after the call is answered. */
  readonly extension: string | null
}

/** Global networks above the sky: Inmarsat, the mobile-satellite code, and the two international networks. */
const SATELLITE_CALLING_CODES: ReadonlySet<string> = new Set(['870', '881', '882', '883'])

/** Longer than any number with separators and an extension; what is longer is not looked at. */
const MAX_LENGTH = 64

/** Marks that phones paste round a number to keep its direction. They are no part of it. */
const DIRECTION_MARKS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu

const PHONE_CHARACTERS = /^[+\uff0b0-9()[\]\-./ \u00a0,;#=a-z]*$/iu

const metadata = new Metadata()

/**
 * Reads a number as Okta sends it: E.164, spaces and an extension (`x123`, `;ext=123`, `,123`) forgiven.
 *
 * @param defaultCountry the country of numbers written without "+"; null if such a number cannot be read.
 * @returns undefined where it is no phone number. An unassigned number of possible length is a number:
 *   the library's data is older than the newest range.
 */
export function parsePhone(raw: string, defaultCountry: Country | null = null): Phone | undefined {
  if (raw.length > MAX_LENGTH) return undefined
  const text = raw.replace(DIRECTION_MARKS, '').trim()
  if (!PHONE_CHARACTERS.test(text)) return undefined

  const parsed = parsePhoneNumberFromString(text.replace(/;(\d+)$/u, ';ext=$1'), {
    ...(defaultCountry === null ? {} : { defaultCountry }),
    extract: false
  })
  if (parsed === undefined || !parsed.isPossible()) return undefined

  const callingCode = parsed.countryCallingCode
  const country = parsed.country ?? null
  return {
    // The one place where a string becomes an E164.
    e164: parsed.number as string as E164,
    country: parsed.isValid() ? country : null,
    routingCountry: parsed.isValid() && country !== null ? country : mainCountryOf(callingCode),
    callingCode,
    type: SATELLITE_CALLING_CODES.has(callingCode) ? 'satellite' : typeOf(parsed.getType()),
    extension: parsed.ext ?? null
  }
}

function mainCountryOf(callingCode: string): Country | null {
  return metadata.getCountryCodesForCallingCode(callingCode)?.[0] ?? null
}

function typeOf(libraryType: LibraryType): NumberType {
  return (libraryType?.toLowerCase() as NumberType | undefined) ?? 'unknown'
}
