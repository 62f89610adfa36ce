import type { Country } from '../domain/phone.ts'
import { COUNTRIES } from '../rules/countries.ts'

/** Longer lists of exceptions are harder to read than the list itself. */
const MOST_EXCEPTIONS = 60

/**
 * "DK, NO, SE, +870", or "every country but CA, US; and +870".
 *
 * @param networks calling codes of no country, without "+".
 */
export function placesInWords({
  countries,
  networks
}: {
  readonly countries: readonly Country[]
  readonly networks: readonly string[]
}): string {
  const global = networks.map((code) => `+${code}`)
  const rest = COUNTRIES.filter((country) => !countries.includes(country))
  if (rest.length > MOST_EXCEPTIONS) return [...countries, ...global].join(', ')
  const all = rest.length === 0 ? 'every country' : `every country but ${rest.join(', ')}`
  return global.length === 0 ? all : `${all}; and ${global.join(', ')}`
}
