import { createHash } from 'node:crypto'
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type CryptoKey,
  type JWTPayload,
  type ProtectedHeaderParameters
} from 'jose'
import { LRUCache } from 'lru-cache'
import type { Org, RefusalCause } from '../domain/admission.ts'
import type { TokenTerms } from './terms.ts'
import type { IssuerKeys } from './issuer-keys.ts'
import { LONGEST_KID } from './key-set.ts'

/** What a token has to say, and whose door it then opens. */
export interface OwnedTerms extends TokenTerms {
  readonly org: Org | null
}

export type TokenVerdict =
  | { readonly kind: 'valid'; readonly issuer: string; readonly org: Org | null }
  | { readonly kind: 'invalid'; readonly cause: RefusalCause }

export type CheckToken = (token: string) => Promise<TokenVerdict>

export interface TokenDependencies {
  readonly terms: readonly OwnedTerms[]
  readonly keysOf: (issuer: string) => IssuerKeys | undefined
  /** Ms since 1970. */
  readonly epoch: () => number
  /** Verified tokens that are kept, so that the same one is not verified again; 0: none. */
  readonly mostKept?: number
}

/** Okta's have about 1 KiB. */
const LONGEST_TOKEN = 8 * 1024

/** How far two clocks may lie apart. */
export const SKEW_S = 60

/** Okta gets a new token a few times an hour, for each hook. */
const MOST_KEPT = 256

/** RFC 9068 has the second; Okta writes none. Upper and lower case are the same. */
const TYPES = new Set([undefined, 'at+jwt', 'application/at+jwt', 'jwt'])

interface Kept {
  readonly issuer: string
  readonly kid: string
  /** The key that verified it: with the key goes the token. */
  readonly key: CryptoKey
  readonly owner: Extract<TokenVerdict, { kind: 'valid' }>
  readonly claims: JWTPayload
}

/**
 * Checks access tokens (RFC 9068, in Okta's form): RS256, signed with a key of an issuer that is named in the settings,
 * for our audience, within its time, with our scope, to one of our clients.
 */
export function createTokenCheck({
  terms,
  keysOf,
  epoch,
  mostKept = MOST_KEPT
}: TokenDependencies): CheckToken {
  const kept = mostKept === 0 ? null : new LRUCache<string, Kept>({ max: mostKept })
  const issuers = new Set(terms.map(({ issuer }) => issuer))

  async function verify(token: string, digest: string): Promise<TokenVerdict> {
    const read = readToken(token)
    if (typeof read === 'string') return invalid(read)
    const { kid, issuer } = read
    const keys = issuers.has(issuer) ? keysOf(issuer) : undefined
    if (keys === undefined) return invalid('wrong_issuer')
    const key = keys.find(kid) ?? (await findNew(kid, keys))
    if (key === null) return invalid(keys.condition() === 'none' ? 'keys_unavailable' : 'unknown_key')

    const claims = await verifiedClaims(token, key, { issuer, atMs: epoch() })
    if (typeof claims === 'string') return invalid(claims)
    const owner = ownerOf(
      claims,
      terms.filter((one) => one.issuer === issuer)
    )
    if (typeof owner === 'string') return invalid(owner)
    const verdict = { kind: 'valid', issuer, org: owner.org } as const
    kept?.set(digest, { issuer, kid, key, owner: verdict, claims })
    return verdict
  }

  return async (token) => {
    if (token.length > LONGEST_TOKEN) return invalid('malformed_token')
    const digest = createHash('sha256').update(token).digest('base64url')
    const known = kept?.get(digest)
    if (known === undefined || keysOf(known.issuer)?.find(known.kid) !== known.key) {
      return await verify(token, digest)
    }
    const late = timeFault(known.claims, epoch())
    return late === null ? known.owner : invalid(late)
  }
}

function invalid(cause: RefusalCause): TokenVerdict {
  return { kind: 'invalid', cause }
}

async function findNew(kid: string, keys: IssuerKeys): Promise<CryptoKey | null> {
  await keys.lookAgain()
  return keys.find(kid)
}

/** What a token says of itself, before anything of it is believed: enough to find the key. */
function readToken(token: string): { readonly kid: string; readonly issuer: string } | RefusalCause {
  let header: ProtectedHeaderParameters
  let claims: JWTPayload
  try {
    header = decodeProtectedHeader(token)
    claims = decodeJwt(token)
  } catch {
    return 'malformed_token'
  }
  const { alg, typ, kid, crit } = header
  if (alg !== 'RS256') return 'wrong_algorithm'
  if (crit !== undefined || (typ !== undefined && typeof typ !== 'string')) return 'malformed_token'
  if (!TYPES.has(typ?.toLowerCase())) return 'wrong_type'
  if (typeof kid !== 'string' || kid === '' || kid.length > LONGEST_KID) return 'unknown_key'
  return typeof claims.iss === 'string' ? { kid, issuer: claims.iss } : 'wrong_issuer'
}

/** The claims, once the signature and the times are right. */
async function verifiedClaims(
  token: string,
  key: CryptoKey,
  { issuer, atMs }: { readonly issuer: string; readonly atMs: number }
): Promise<JWTPayload | RefusalCause> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: ['RS256'],
      issuer,
      clockTolerance: SKEW_S,
      currentDate: new Date(atMs),
      requiredClaims: ['exp']
    })
    return timeFault(payload, atMs) ?? payload
  } catch (error) {
    if (error instanceof errors.JOSEError) return causeOf(error)
    throw error
  }
}

/** Said by claims that were verified already, at another time. */
function timeFault({ exp, nbf, iat }: JWTPayload, atMs: number): 'expired' | 'not_yet_valid' | null {
  const nowS = Math.floor(atMs / 1000)
  if (exp === undefined || exp <= nowS - SKEW_S) return 'expired'
  // Okta writes no "nbf". A token from the future is one whose time has not come, whatever it is called.
  return Math.max(nbf ?? 0, iat ?? 0) > nowS + SKEW_S ? 'not_yet_valid' : null
}

function causeOf(error: errors.JOSEError): RefusalCause {
  if (error instanceof errors.JWTExpired) return 'expired'
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad_signature'
  if (error instanceof errors.JOSEAlgNotAllowed) return 'wrong_algorithm'
  if (error instanceof errors.JWTClaimValidationFailed && error.reason === 'check_failed') {
    if (error.claim === 'nbf') return 'not_yet_valid'
    if (error.claim === 'iss') return 'wrong_issuer'
  }
  return 'malformed_token'
}

/** Whose terms these claims meet. Where none are met, the cause is what came closest. */
function ownerOf(claims: JWTPayload, terms: readonly OwnedTerms[]): OwnedTerms | RefusalCause {
  const audiences = asList(claims.aud)
  const forUs = terms.filter(({ audience }) => audiences.includes(audience))
  if (forUs.length === 0) return 'wrong_audience'
  const clients = clientsOf(claims)
  const ofOurs = forUs.filter(
    ({ clientIds }) => clients.length > 0 && clients.every((id) => clientIds.includes(id))
  )
  if (ofOurs.length === 0) return 'wrong_client'
  const scopes = scopesOf(claims)
  return ofOurs.find(({ scope }) => scopes.includes(scope)) ?? 'wrong_scope'
}

/**
 * To whom it was issued: Okta's `cid`, RFC 9068's `client_id`, OpenID Connect's `azp`; all that are there have to be
 * ours. Without any of them, whom it speaks of, which is the client where nobody signed in.
 */
function clientsOf({ cid, client_id: clientId, azp, sub }: JWTPayload): readonly string[] {
  const named = [cid, clientId, azp].filter((claim) => claim !== undefined)
  return (named.length > 0 ? named : [sub]).map((claim) => (typeof claim === 'string' ? claim : ''))
}

/** Okta's list `scp`, or RFC 9068's words in `scope`. */
function scopesOf({ scp, scope }: JWTPayload): readonly string[] {
  return [...asList(scp), ...(typeof scope === 'string' ? scope.split(' ') : [])]
}

function asList(claim: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return list.filter((one) => typeof one === 'string')
}
