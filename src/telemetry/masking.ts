import { createHmac } from 'node:crypto'
import type { Phone } from '../domain/phone.ts'

/** What may be said in public of a number and a user. */
export interface Masking {
  /** Country and last two digits: "SE…67", "+870…89". */
  readonly phone: (phone: Phone) => string
  /** The same for the same number as long as the key is: joins lines without naming anybody. */
  readonly phoneHash: (phone: Phone) => string
  readonly userHash: (userId: string) => string
}

/** @param key from the settings, or random: then hashes change with each start. */
export function createMasking(key: string): Masking {
  // 64 bits: no two users of one company collide, and a table of all numbers needs the key.
  const hash = (kind: string, value: string): string =>
    createHmac('sha256', key).update(`${kind}:${value}`).digest('hex').slice(0, 16)

  return {
    phone: ({ country, callingCode, e164 }) => `${country ?? `+${callingCode}`}…${e164.slice(-2)}`,
    phoneHash: ({ e164 }) => hash('phone', e164),
    userHash: (userId) => hash('user', userId)
  }
}
