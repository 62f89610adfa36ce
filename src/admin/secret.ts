import { digestOf, ownerOfDigest } from '../secret-digest.ts'

/** Known to everybody: it opens a sandbox and nothing else. */
export const SANDBOX_ADMIN_SECRET = 'sandbox-admin-secret'

/** As well known; it reads a sandbox's metrics. */
export const SANDBOX_METRICS_SECRET = 'sandbox-metrics-secret'

/**
 * Is this one of our secrets? Compared over digests of one length against each of them: the time it takes tells
 * nothing.
 *
 * @param secrets those that hold now; they may be others later.
 */
export function createSecretCheck(secrets: () => readonly string[]): (secret: string) => boolean {
  const keyring = createKeyring(secrets)
  return (secret) => keyring.find(secret) !== null
}

/** The secrets that hold, for whoever has to know later which of them was said, and may not keep it. */
export interface Keyring {
  /** @returns what to remember of it: its digest; null where it is none of ours. */
  readonly find: (secret: string) => Buffer | null
  /** Does the secret of that digest hold still? */
  readonly holds: (digest: Buffer) => boolean
}

export function createKeyring(secrets: () => readonly string[]): Keyring {
  let holding: readonly string[] = []
  let known: readonly (readonly [digest: Buffer, isKnown: true])[] = []

  function holds(given: Buffer): boolean {
    const now = secrets()
    if (now !== holding) {
      known = now.map((secret) => [digestOf(secret), true])
      holding = now
    }
    return ownerOfDigest(known, given) !== null
  }

  return {
    find(secret) {
      const given = digestOf(secret)
      return holds(given) ? given : null
    },
    holds
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
