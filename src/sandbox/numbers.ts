import { parsePhoneNumberFromString } from 'libphonenumber-js/max'

/** A vendor's number: digits with the country code, no "+". */
export const MSISDN = /^\d{7,15}$/u
export const E164 = /^\+[1-9]\d{6,14}$/u

/** At most 11 characters, at least one letter: what phones show instead of a number. */
export const ALPHANUMERIC_SENDER = /^(?=.*[A-Za-z])[A-Za-z0-9 &_.+-]{1,11}$/u

/** Carriers there take nothing but numbers as the sender. */
const NUMBERS_ONLY: ReadonlySet<string> = new Set(['US', 'CA', 'PR'])

/** @param to E.164 with its "+". */
export function takesAlphanumericSender(to: string): boolean {
  return !NUMBERS_ONLY.has(parsePhoneNumberFromString(to)?.country ?? '')
}
