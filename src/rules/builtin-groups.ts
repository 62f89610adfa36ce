import { countries as worldOf, type TContinentCode } from 'countries-list'
import { getCountryCallingCode } from 'libphonenumber-js/max'
import type { Country } from '../domain/phone.ts'
import { COUNTRIES } from './countries.ts'
import type { SenderCountries } from './sender-countries.ts'

/** https://european-union.europa.eu/principles-countries-history/eu-countries_en */
const EU = 'AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK'.split(
  ' '
) as readonly Country[]

/** https://www.efta.int/eea: the EU, Iceland, Liechtenstein and Norway. */
const EEA: readonly Country[] = [...EU, 'IS', 'LI', 'NO']

/** https://www.gcc-sg.org: the member states of the Gulf Cooperation Council. */
const GCC: readonly Country[] = ['AE', 'BH', 'KW', 'OM', 'QA', 'SA']

const CONTINENTS = {
  africa: 'AF',
  antarctica: 'AN',
  asia: 'AS',
  europe: 'EU',
  north_america: 'NA',
  oceania: 'OC',
  south_america: 'SA'
} as const satisfies Record<string, TContinentCode>

const CONTINENT_NAMES = Object.keys(CONTINENTS) as readonly (keyof typeof CONTINENTS)[]

/** Groups that every file knows without saying them. A file's own group of the same name takes its place. */
export function builtinGroups({
  registration
}: Pick<SenderCountries, 'registration'>): ReadonlyMap<string, readonly Country[]> {
  return new Map<string, readonly Country[]>([
    ['eu', EU],
    ['eea', EEA],
    ['gcc', GCC],
    // The North American Numbering Plan: everybody behind +1.
    ['nanp', COUNTRIES.filter((country) => getCountryCallingCode(country) === '1')],
    ...CONTINENT_NAMES.map(
      (name) => [name, COUNTRIES.filter((country) => continentOf(country) === name)] as const
    ),
    ['sender_registration', registration]
  ])
}

/** Every country that has phone numbers is on one continent. */
export function continentOf(country: Country): (typeof CONTINENT_NAMES)[number] {
  const { continent } = worldOf[country]
  const name = CONTINENT_NAMES.find((candidate) => CONTINENTS[candidate] === continent)
  if (name === undefined) throw new Error(`The country ${country} is on no continent.`)
  return name
}

export const BUILTIN_GROUP_NAMES: readonly string[] = [...builtinGroups({ registration: [] }).keys()]
