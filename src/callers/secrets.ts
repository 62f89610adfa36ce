import { digestOf, ownerOfDigest } from '../secret-digest.ts'
import type { BasicPair } from './terms.ts'

/** Whose secret is this? Null: nobody's. */
export type FindOwner<T> = (secret: string) => T | null

/** Takes as long whoever asks: {@link ownerOfDigest}. */
export function createSecretCheck<T>(known: readonly (readonly [secret: string, owner: T])[]): FindOwner<T> {
  const digests = known.map(([secret, owner]) => [digestOf(secret), owner] as const)
  return (secret) => ownerOfDigest(digests, digestOf(secret))
}

/** A pair as one secret. No other pair is written the same way. */
export function secretOfPair({ user, password }: BasicPair): string {
  return JSON.stringify([user, password])
}

/**
 * The pair in an `Authorization` header of HTTP Basic; null where it holds none.
 * https://www.rfc-editor.org/rfc/rfc7617#section-2
 */
export function pairOfHeader(header: string): BasicPair | null {
  const [, encoded] = /^basic +([\w.~+/-]+=*)$/iu.exec(header) ?? []
  if (encoded === undefined) return null
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return null
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}
