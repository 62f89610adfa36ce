import { createHash, timingSafeEqual } from 'node:crypto'

/** Known to everybody: it opens a sandbox and nothing else. */
export const SANDBOX_ADMIN_SECRET = 'sandbox-admin-secret'

/**
 * Is this `Authorization` header one of our bearer secrets? Compared over digests of one length against each
 * of them: the time it takes tells nothing.
 */
export function createBearerCheck(secrets: readonly string[]): (header: string | undefined) => boolean {
  const known = secrets.map(digestOf)
  return (header = '') => {
    const [, secret = ''] = /^bearer +(.+)$/iu.exec(header) ?? []
    const given = digestOf(secret)
    return known.reduce((found, digest) => timingSafeEqual(digest, given) || found, false)
  }
}

function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
