import { getCountries } from 'libphonenumber-js/max'
import type { Country } from '../domain/phone.ts'
import { suggest } from '../domain/suggest.ts'

/** Every country that has phone numbers: ISO 3166-1 alpha-2, and XK for Kosovo. */
export const COUNTRIES: readonly Country[] = getCountries()

const known: ReadonlySet<string> = new Set(COUNTRIES)

/** What people write in place of the ISO code. */
const COMMON_NAMES: Readonly<Record<string, Country>> = {
  UK: 'GB',
  EN: 'GB',
  ENGLAND: 'GB',
  SCOTLAND: 'GB',
  WALES: 'GB',
  USA: 'US',
  UAE: 'AE',
  KOREA: 'KR',
  HOLLAND: 'NL',
  TURKEY: 'TR'
}

export function isCountry(text: string): text is Country {
  return known.has(text)
}

/** What was meant by a word that is neither a country nor one of these groups: "UK", "se", "Germany". */
export function suggestPlace(word: string, groups: Iterable<string>): string | undefined {
  const upper = word.toUpperCase()
  if (isCountry(upper)) return upper
  // One letter changed makes another country of any code: there is nothing to guess.
  const common = Object.hasOwn(COMMON_NAMES, upper) ? COMMON_NAMES[upper] : undefined
  return common ?? countryNamed(upper) ?? (word.length > 2 ? suggest(word, groups) : undefined)
}

function countryNamed(upper: string): Country | undefined {
  if (upper.length < 4) return undefined
  const names = new Intl.DisplayNames('en', { type: 'region' })
  return COUNTRIES.find((country) => names.of(country)?.toUpperCase() === upper)
}
