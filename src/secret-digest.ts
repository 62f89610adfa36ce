import { createHash, timingSafeEqual } from 'node:crypto'

/** What stands for a secret where it is compared: it has one length, whatever the secret was. */
export function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}

/**
 * Whose digest is this? Null: nobody's. Compares against each, whichever fits: the time it takes tells neither how much
 * of a secret was right nor which of several it was.
 */
export function ownerOfDigest<T>(
  known: readonly (readonly [digest: Buffer, owner: T])[],
  given: Buffer
): T | null {
  return known.reduce<T | null>(
    (found, [digest, owner]) => (timingSafeEqual(digest, given) ? owner : found),
    null
  )
}
