import { CommandFault, type Io } from './command.ts'
import { readSecret } from './secrets.ts'

/** The path that Okta calls: `HOOK_PATH` of src/okta/hook-route.ts, which a test holds equal. */
const PATH = '/telephonyHook'

/** The address that Okta calls, below the gateway's own. */
export function hookUrl(publicUrl: string): URL {
  return new URL(PATH, publicUrl)
}

/**
 * The gateway's address: given, or PUBLIC_URL.
 *
 * @throws CommandFault where there is none, or it is no address.
 */
export function readHookUrl({ env }: Pick<Io, 'env'>, given: string | undefined): URL {
  const text = given ?? env['PUBLIC_URL'] ?? ''
  const name = given === undefined ? 'PUBLIC_URL' : '--url'
  if (text === '') {
    throw new CommandFault(
      'PUBLIC_URL is missing: the address under which Okta reaches the gateway, such as https://otp.example.com.'
    )
  }
  const url = URL.parse(text)
  if (url === null || !/^https?:$/u.test(url.protocol) || url.username + url.password + url.search !== '') {
    throw new CommandFault(`${name} is no https:// address without credentials and query.`)
  }
  return url.pathname === '/' ? hookUrl(text) : url
}

/** The header with which Okta is let in by the gateway. */
export interface HookHeader {
  readonly kind: 'basic' | 'header'
  readonly name: string
  readonly value: string
  /** Where it comes from, for people: "OKTA_BASIC_AUTH (the last of 2)". */
  readonly source: string
}

export const HOOK_AUTHS = ['basic', 'header', 'oauth'] as const
export type HookAuth = (typeof HOOK_AUTHS)[number]

/**
 * The header of the environment: of several secrets that are valid at once the last one, which is the newest where
 * they are rotated as the README says.
 *
 * @returns null where the environment has none of this kind.
 */
export function readHookHeader(
  io: Pick<Io, 'env' | 'readFile'>,
  kind?: 'basic' | 'header'
): HookHeader | null {
  if (kind !== 'header') {
    const basic = newest(readSecret(io, 'OKTA_BASIC_AUTH'), 'OKTA_BASIC_AUTH')
    if (basic !== null) {
      const value = `Basic ${Buffer.from(basic.value).toString('base64')}`
      return { kind: 'basic', name: 'Authorization', value, source: basic.source }
    }
  }
  if (kind === 'basic') return null
  const header = newest(readSecret(io, 'OKTA_HEADER_SECRETS'), 'OKTA_HEADER_SECRETS')
  const name = io.env['OKTA_HEADER_NAME'] || null
  if (header === null || name === null) return null
  return { kind: 'header', name, ...header }
}

/** How Okta signs in, as far as the gateway's settings say: what they have first of Basic, a header and OAuth 2.0. */
export function usualAuth(io: Pick<Io, 'env' | 'readFile'>): HookAuth {
  const header = readHookHeader(io)
  if (header !== null) return header.kind
  return (io.env['OKTA_OAUTH_ISSUERS'] ?? '').trim() === '' ? 'basic' : 'oauth'
}

/** Where Okta gets its token, and for whom; what is not known is left out. */
export interface TokenSource {
  readonly clientId: string | undefined
  readonly tokenUrl: string | undefined
  readonly scope: string | undefined
}

/** As flags say, else as the gateway's settings do: of several issuers and clients the last one, the newest. */
export function readTokenSource(
  { env }: Pick<Io, 'env'>,
  { clientId, tokenUrl, scope }: TokenSource
): TokenSource {
  const last = (name: string): string | undefined => env[name]?.split(/\s+/u).findLast((word) => word !== '')
  const issuer = last('OKTA_OAUTH_ISSUERS')
  return {
    clientId: clientId ?? last('OKTA_OAUTH_CLIENT_IDS'),
    // As Okta's custom authorization servers have it, below their issuer.
    tokenUrl: tokenUrl ?? (issuer === undefined ? undefined : `${issuer.replace(/\/+$/u, '')}/v1/token`),
    scope: scope ?? last('OKTA_OAUTH_SCOPE')
  }
}

function newest(
  text: string | null,
  name: string
): { readonly value: string; readonly source: string } | null {
  const all = text?.split(/\s+/u) ?? []
  const value = all.at(-1)
  if (value === undefined) return null
  return { value, source: all.length === 1 ? name : `${name}, the last of ${all.length}` }
}
