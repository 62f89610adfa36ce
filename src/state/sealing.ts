import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const ALGORITHM = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Encrypts what leaves the process, so that whoever can read or write the store learns and changes nothing. */
export interface Sealing {
  /** @param place where it is kept: it cannot be opened anywhere else. */
  readonly seal: (text: string, place: string) => string
  /** Null for what was not sealed with one of our keys for this place, or was changed since. */
  readonly open: (sealed: string, place: string) => string | null
}

export type StateKeys =
  | { readonly kind: 'keys'; readonly keys: readonly Buffer[] }
  /** In words that follow the name of a variable; never holds a value. */
  | { readonly kind: 'fault'; readonly message: string }

/**
 * Reads one or two keys of 32 bytes, as hex, base64 or base64url, separated by white space. The first one
 * seals, each of them opens: to change the key, put the new one behind the old one on every node, then in
 * front of it, and take the old one away when what it sealed has expired.
 */
export function readStateKeys(text: string): StateKeys {
  const keys = text
    .trim()
    .split(/\s+/u)
    .map((one) => (/^[0-9a-f]{64}$/iu.test(one) ? Buffer.from(one, 'hex') : Buffer.from(one, 'base64')))
  if (keys.length > 2 || keys.some(({ length }) => length !== 32)) {
    return {
      kind: 'fault',
      message:
        'must be one or two keys of 32 bytes in base64 or hex, the current one first ("openssl rand -base64 32" makes one)'
    }
  }
  return { kind: 'keys', keys }
}

/** @param keys one or more of 32 bytes; the first one seals. */
export function createSealing(keys: readonly Buffer[]): Sealing {
  const [current] = keys
  if (current === undefined) throw new RangeError('There is no key to seal with.')

  return {
    seal(text, place) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, current, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(Buffer.from(place))
      const sealed = [cipher.update(text, 'utf8'), cipher.final()]
      return Buffer.concat([nonce, cipher.getAuthTag(), ...sealed]).toString('base64url')
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed, 'base64url')
      if (bytes.length < NONCE_BYTES + TAG_BYTES) return null
      for (const key of keys) {
        const text = openWith(key, bytes, place)
        if (text !== null) return text
      }
      return null
    }
  }
}

function openWith(key: Buffer, bytes: Buffer, place: string): string | null {
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES
  })
  decipher.setAAD(Buffer.from(place))
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  try {
    return (
      decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8')
    )
  } catch {
    return null
  }
}
