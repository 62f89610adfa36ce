import { verify } from 'node:crypto'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { SandboxCredentials } from './credentials.ts'
import { readJson } from './vendor.ts'

const Header = Type.Object({ alg: Type.Literal('RS256') })

const Claims = Type.Object({
  application_id: Type.String(),
  iat: Type.Number(),
  jti: Type.String({ minLength: 1 }),
  exp: Type.Optional(Type.Number()),
  nbf: Type.Optional(Type.Number())
})

/** Seconds that two clocks may be apart. */
const LEEWAY_S = 60

/** Seconds; a token without `exp` lives 15 minutes. */
const DEFAULT_LIFE_S = 900

/**
 * Is it a token of this application, signed by it, and not over?
 * https://developer.vonage.com/en/getting-started/concepts/authentication
 */
export function isValidJwt(
  token: string,
  { publicKey, applicationId }: SandboxCredentials['vonage'],
  nowMs: number
): boolean {
  const [header = '', payload = '', signature = '', ...more] = token.split('.')
  if (more.length > 0 || !Value.Check(Header, readPart(header))) return false
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    publicKey,
    Buffer.from(signature, 'base64url')
  )
  const claims = readPart(payload)
  if (!isSigned || !Value.Check(Claims, claims) || claims.application_id !== applicationId) return false

  const nowS = nowMs / 1_000
  const begins = Math.max(claims.iat, claims.nbf ?? 0)
  return begins <= nowS + LEEWAY_S && nowS < (claims.exp ?? claims.iat + DEFAULT_LIFE_S)
}

function readPart(part: string): unknown {
  return readJson(Buffer.from(part, 'base64url').toString())
}
