import { createHash, timingSafeEqual } from 'node:crypto'
import type { BasicPair } from './terms.ts'

/** Whose secret is this? Null: nobody's. */
export type FindOwner<T> = (secret: string) => T | null

/**
 * Compares against every secret, whichever fits, over digests of one length: the time it takes tells
 * neither how much of a secret was right nor which of several it was.
 */
export function createSecretCheck<T>(known: readonly (readonly [secret: string, owner: T])[]): FindOwner<T> {
  const digests = known.map(([secret, owner]) => ({ digest: digestOf(secret), owner }))
  return (secret) => {
    const given = digestOf(secret)
    return digests.reduce<T | null>(
      (found, { digest, owner }) => (timingSafeEqual(digest, given) ? owner : found),
      null
    )
  }
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

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
