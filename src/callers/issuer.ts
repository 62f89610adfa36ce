import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { isLoopback } from '../door/address.ts'

/** Okta's own domains, where an authorization server that is not the org's has `/oauth2/` in its issuer. */
const OKTA_DOMAIN = /\.(?:okta\.com|oktapreview\.com|okta-emea\.com|okta-gov\.com|okta\.mil|trexcloud\.com)$/u

/** What keeps a text from being the issuer of tokens, in words that say what to do; null: nothing does. */
export function issuerFault(issuer: string): string | null {
  if (!URL.canParse(issuer) || issuer.length > 255) return 'is no URL'
  const { protocol, hostname, pathname, username, password, search, hash } = new URL(issuer)
  if (`${username}${password}${search}${hash}` !== '' || /[?#]/u.test(issuer)) {
    return 'must be a URL without credentials, query or fragment'
  }
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) {
    return 'must be an https:// URL: its keys decide who comes in'
  }
  if (OKTA_DOMAIN.test(hostname) && !/^\/oauth2\/[\w-]+$/u.test(pathname)) return ORG_SERVER
  return null
}

const ORG_SERVER =
  "names Okta's org authorization server: its tokens are opaque and nobody but Okta can check them. Use a custom authorization server, whose issuer ends in /oauth2/default or /oauth2/aus..."

/**
 * Where an issuer's metadata may be, the likeliest first: as Okta has always had it, as RFC 8414 wants it, and as OpenID
 * Connect does. https://developer.okta.com/docs/api/openapi/okta-oauth/oauth/customas
 */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/+$/u, '')
  const urls = [
    `${origin}${path}/.well-known/oauth-authorization-server`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`
  ]
  return [...new Set(urls)]
}

const Metadata = Compile(
  Type.Object({
    issuer: Type.String(),
    jwks_uri: Type.String({ maxLength: 2_048 }),
    token_endpoint: Type.Optional(Type.String())
  })
)

export type ReadMetadata =
  | { readonly kind: 'ok'; readonly jwksUri: string }
  | {
      readonly kind: 'unusable'
      readonly cause: 'wrong_shape' | 'issuer_mismatch' | 'org_authorization_server' | 'foreign_jwks_uri'
    }

/** Reads an issuer's metadata (RFC 8414), and believes nothing of it that leads elsewhere. */
export function readMetadata(json: unknown, issuer: string): ReadMetadata {
  if (!Metadata.Check(json)) return { kind: 'unusable', cause: 'wrong_shape' }
  if (json.issuer !== issuer) return { kind: 'unusable', cause: 'issuer_mismatch' }
  const { origin } = new URL(issuer)
  // An org's own server behind a domain of its owner's, which the issuer's name does not show.
  if (json.token_endpoint === `${origin}/oauth2/v1/token`) {
    return { kind: 'unusable', cause: 'org_authorization_server' }
  }
  if (!URL.canParse(json.jwks_uri) || !isBelow(new URL(json.jwks_uri), origin)) {
    return { kind: 'unusable', cause: 'foreign_jwks_uri' }
  }
  return { kind: 'ok', jwksUri: json.jwks_uri }
}

function isBelow({ origin, username, password }: URL, expected: string): boolean {
  return origin === expected && `${username}${password}` === ''
}
