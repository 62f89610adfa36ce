import { getCountryCallingCode } from 'libphonenumber-js/max'
import { NUMBER_TYPES, SATELLITE_CALLING_CODES, type Country, type NumberType } from '../domain/phone.ts'
import { COUNTRIES } from './countries.ts'

/** Where a number can be from: a country, or a global network that belongs to none. */
export interface Territory {
  /** Null for a global network. */
  readonly country: Country | null
  /** Without "+". */
  readonly callingCode: string
  /** The types that its numbers can have. */
  readonly types: readonly NumberType[]
}

/**
 * Calling codes of no country: freephone, shared cost, Inmarsat, personal numbers, mobile satellite, the
 * international networks, disaster relief, premium rate.
 * https://www.itu.int/pub/T-SP-E.164D
 */
const GLOBAL_CALLING_CODES = ['800', '808', '870', '878', '881', '882', '883', '888', '979'] as const

const EARTHLY: readonly NumberType[] = NUMBER_TYPES.filter((type) => type !== 'satellite')

export const TERRITORIES: readonly Territory[] = [
  ...COUNTRIES.map((country): Territory => ({
    country,
    callingCode: getCountryCallingCode(country),
    types: EARTHLY
  })),
  ...GLOBAL_CALLING_CODES.map((callingCode): Territory => ({
    country: null,
    callingCode,
    types: SATELLITE_CALLING_CODES.has(callingCode) ? ['satellite'] : EARTHLY
  }))
]
