import { createHash, timingSafeEqual } from 'node:crypto'

/** Known to everybody: it opens a sandbox and nothing else. */
export const SANDBOX_ADMIN_SECRET = 'sandbox-admin-secret'

/**
 * Is this one of our secrets? Compared over digests of one length against each of them: the time it takes tells
 * nothing.
 *
 * @param secrets those that hold now; they may be others later.
 */
export function createSecretCheck(secrets: () => readonly string[]): (secret: string) => boolean {
  let holding: readonly string[] = []
  let known: readonly Buffer[] = []
  return (secret) => {
    const now = secrets()
    if (now !== holding) {
      known = now.map(digestOf)
      holding = now
    }
    const given = digestOf(secret)
    return known.reduce((found, digest) => timingSafeEqual(digest, given) || found, false)
  }
}

/** Is this `Authorization` header one of our bearer secrets? */
export function createBearerCheck(secrets: () => readonly string[]): (header: string | undefined) => boolean {
  const isSecret = createSecretCheck(secrets)
  return (header = '') => {
    const [, secret = ''] = /^bearer +(.+)$/iu.exec(header) ?? []
    return isSecret(secret)
  }
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
