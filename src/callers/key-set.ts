import { importJWK, type CryptoKey } from 'jose'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'

/** A key of an issuer with which a token's signature is verified. */
export interface VerificationKey {
  /** Its modulus: two keys are the same one where this is. */
  readonly modulus: string
  readonly key: CryptoKey
}

export type KeySet = ReadonlyMap<string, VerificationKey>

const MOST_KEYS = 32
export const LONGEST_KID = 256

/** Below that a signature can be forged with what money buys; above, verifying one takes as long as somebody likes. */
const LEAST_BITS = 2_048
const MOST_BITS = 8_192

const Keys = Compile(
  Type.Object({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems: MOST_KEYS }) })
)

const RsaKey = Compile(
  Type.Object({
    kty: Type.Literal('RSA'),
    kid: Type.String({ minLength: 1, maxLength: LONGEST_KID }),
    n: Type.String({ pattern: '^[A-Za-z0-9_-]+$' }),
    e: Type.String({ pattern: '^[A-Za-z0-9_-]{1,11}$' }),
    use: Type.Optional(Type.Literal('sig')),
    alg: Type.Optional(Type.Literal('RS256'))
  })
)

/**
 * The keys of an issuer's JSON Web Key Set (RFC 7517) that may sign tokens for us, by their `kid`: RSA of a fit length
 * and exponent, for signatures. Others are passed over; of two with one `kid` the first counts. Keys that were known stay the same
 * objects.
 *
 * @returns null where it is no such set.
 */
export async function readKeySet(json: unknown, known: KeySet): Promise<KeySet | null> {
  if (!Keys.Check(json)) return null
  const keys = new Map<string, VerificationKey>()
  for (const jwk of json.keys) {
    if (!RsaKey.Check(jwk) || keys.has(jwk.kid)) continue
    const { kid, kty, n, e } = jwk
    const bits = bitsOf(n)
    if (bits < LEAST_BITS || bits > MOST_BITS || !isFitExponent(e)) continue
    const modulus = `${n}.${e}`
    const before = known.get(kid)
    if (before?.modulus === modulus) keys.set(kid, before)
    else keys.set(kid, { modulus, key: await importJWK({ kty, n, e }, 'RS256') })
  }
  return keys
}

/** With 1 every signature holds, and an even one makes none. Usual is 65537. */
function isFitExponent(exponent: string): boolean {
  const value = BigInt(`0x${Buffer.from(exponent, 'base64url').toString('hex') || '0'}`)
  return value >= 3n && value % 2n === 1n
}

function bitsOf(modulus: string): number {
  const bytes = Buffer.from(modulus, 'base64url')
  const first = bytes.findIndex((byte) => byte !== 0)
  return first === -1 ? 0 : (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24
}
