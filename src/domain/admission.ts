/** How Okta may show who it is: HTTP Basic, a header of the admin's choice, or a token of OAuth 2.0. */
export const SCHEMES = ['basic', 'header', 'oauth'] as const
export type Scheme = (typeof SCHEMES)[number]

/** Why somebody was not let in. For whoever operates the gateway: the caller is not told. */
export const REFUSAL_CAUSES = [
  'no_credentials',
  'several_credentials',
  'malformed_credentials',
  'scheme_not_accepted',
  'wrong_secret',
  'malformed_token',
  'wrong_algorithm',
  'wrong_type',
  'wrong_issuer',
  'keys_unavailable',
  'unknown_key',
  'bad_signature',
  'expired',
  'not_yet_valid',
  'wrong_audience',
  'wrong_client',
  'wrong_scope',
  'wrong_org'
] as const
export type RefusalCause = (typeof REFUSAL_CAUSES)[number]

/** An org that has doors of its own on a gateway for several. */
export interface Org {
  /** Its name in the file of orgs. */
  readonly name: string
  /** The domains that Okta may say it is, in lower case; the first one stands for it where Okta says none. */
  readonly domains: readonly string[]
}

/** The headers of a request by their names in lower case, each with all values that it came with. */
export type DistinctHeaders = ReadonlyMap<string, readonly string[]>

/** Who was let in. */
export interface Admission {
  readonly kind: 'admitted'
  readonly auth: Scheme
  /** Whose secret or token it was; null on a gateway that does not tell orgs apart. */
  readonly org: Org | null
  /** Who issued the token; null for a secret. */
  readonly issuer: string | null
}

export interface Refusal {
  readonly kind: 'refused'
  readonly cause: RefusalCause
  /** What was tried; null where nothing was, or nothing that could be read. */
  readonly auth: Scheme | null
  /** Whose secret it was, where it opens another org's door; else null. */
  readonly org: Org | null
}

export type Verdict = Admission | Refusal

/** A secret opens the door of its own org. Where Okta names no org, it is the one whose secret it is. */
export function mayActFor({ org }: Admission, named: string | null): boolean {
  return org === null || named === null || org.domains.includes(named)
}
