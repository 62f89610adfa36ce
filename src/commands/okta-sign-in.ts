import { createHash, createPrivateKey, randomUUID, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { CommandFault, type Io } from './command.ts'
import { exchangeJson, type JsonAnswer } from './json-exchange.ts'
import { readSecret } from './secrets.ts'

/** Puts on a request what lets it in at Okta. */
export interface OktaSignIn {
  readonly headersFor: (method: string, url: URL) => Promise<SignedIn>
  /** What must not be shown, whoever says it. */
  readonly secrets: () => readonly string[]
  /** "the API token", "the service app 0oa…". */
  readonly inWords: string
}

export type SignedIn =
  | { readonly kind: 'headers'; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'refused'; readonly answer: JsonAnswer }

const SCOPE = 'okta.inlineHooks.manage'

const HOW = `Give an API token (OKTA_API_TOKEN or OKTA_API_TOKEN_FILE; in the admin console: Security > API > Tokens), or a service app
(OKTA_CLIENT_ID with OKTA_PRIVATE_KEY_FILE, and ${SCOPE} granted to it).`

/** @throws CommandFault where the environment has no sign-in, or half of one. */
export function readSignIn(
  io: Pick<Io, 'env' | 'readFile' | 'fetch' | 'now' | 'monotonic'>,
  orgUrl: URL
): OktaSignIn {
  const token = readSecret(io, 'OKTA_API_TOKEN')
  const key = readSecret(io, 'OKTA_PRIVATE_KEY')
  const clientId = io.env['OKTA_CLIENT_ID'] || null
  if (token !== null && (key !== null || clientId !== null)) {
    throw new CommandFault('There is an API token, and a service app as well: give one of them.')
  }
  if (token !== null) return byToken(token)
  if (key === null || clientId === null) {
    throw new CommandFault(
      key === clientId
        ? `Nothing says who you are at Okta. ${HOW}`
        : `${key === null ? 'OKTA_PRIVATE_KEY' : 'OKTA_CLIENT_ID'} is missing: a service app needs both.`
    )
  }
  return byServiceApp(io, { orgUrl, clientId, key, keyId: io.env['OKTA_KEY_ID'] || null })
}

function byToken(token: string): OktaSignIn {
  // Pasted with its scheme, as it stands in Okta's examples.
  const bare = token.replace(/^SSWS\s+/iu, '')
  if (/[^\x21-\x7e]/u.test(bare)) throw new CommandFault('OKTA_API_TOKEN holds what no token of Okta does.')
  return {
    headersFor: async () => ({ kind: 'headers', headers: { authorization: `SSWS ${bare}` } }),
    secrets: () => [bare],
    inWords: 'the API token'
  }
}

interface ServiceApp {
  readonly orgUrl: URL
  readonly clientId: string
  /** PEM, or the JSON of a JWK. */
  readonly key: string
  readonly keyId: string | null
}

const Token = Type.Object({ access_token: Type.String({ minLength: 1 }), token_type: Type.String() })
const Refusal = Type.Object({ error: Type.String(), error_description: Type.Optional(Type.String()) })

/** Proves that whoever uses a token is who was given it. RFC 9449 */
interface Proofs {
  readonly proof: (claims: {
    readonly method: string
    readonly url: URL
    readonly nonce?: string
    readonly accessToken?: string
  }) => Promise<string>
}

/**
 * Client credentials with a signed assertion, and with DPoP where the app asks for it, as new ones do.
 * https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/
 * https://developer.okta.com/docs/guides/dpop/oktaresourceserver/main/
 */
function byServiceApp(
  io: Pick<Io, 'fetch' | 'now' | 'monotonic'>,
  { orgUrl, clientId, key, keyId }: ServiceApp
): OktaSignIn {
  const { privateKey, kid } = readKey(key)
  const tokenUrl = new URL('/oauth2/v1/token', orgUrl)
  const tokens: string[] = []
  let signedIn: Promise<{ readonly token: string; readonly proofs: Proofs | null } | JsonAnswer> | null = null

  async function assertion(): Promise<string> {
    const header = { alg: 'RS256', ...((keyId ?? kid) === null ? {} : { kid: keyId ?? kid ?? '' }) }
    const nowS = Math.floor(io.now() / 1_000)
    // Here and not above: no other command waits for it.
    const { SignJWT } = await import('jose')
    return await new SignJWT({})
      .setProtectedHeader(header)
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(tokenUrl.href)
      .setIssuedAt(nowS)
      .setExpirationTime(new Date(nowS * 1_000 + LIFE_MS))
      .setJti(randomUUID())
      .sign(privateKey)
  }

  async function ask(dpop: string | null): Promise<JsonAnswer> {
    return await exchangeJson(io, tokenUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(dpop === null ? {} : { dpop })
      },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        scope: SCOPE,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await assertion()
      }).toString()
    })
  }

  async function signIn() {
    let answer = await ask(null)
    let proofs: Proofs | null = null
    if (errorOf(answer) === 'invalid_dpop_proof') {
      proofs = await createProofs(io.now)
      answer = await ask(await proofs.proof({ method: 'POST', url: tokenUrl }))
      const nonce = answer.kind === 'answered' ? answer.headers.get('dpop-nonce') : null
      if (errorOf(answer) === 'use_dpop_nonce' && nonce !== null) {
        answer = await ask(await proofs.proof({ method: 'POST', url: tokenUrl, nonce }))
      }
    }
    if (answer.kind !== 'answered' || answer.status !== 200 || !Value.Check(Token, answer.json)) return answer
    tokens.push(answer.json.access_token)
    return { token: answer.json.access_token, proofs }
  }

  return {
    async headersFor(method, url) {
      signedIn ??= signIn()
      const signed = await signedIn
      if ('kind' in signed) return { kind: 'refused', answer: signed }
      const { token, proofs } = signed
      if (proofs === null) return { kind: 'headers', headers: { authorization: `Bearer ${token}` } }
      const dpop = await proofs.proof({ method, url, accessToken: token })
      return { kind: 'headers', headers: { authorization: `DPoP ${token}`, dpop } }
    },
    secrets: () => [key, ...tokens],
    inWords: `the service app ${clientId}`
  }
}

const LIFE_MS = 5 * 60_000

function errorOf(answer: JsonAnswer): string | null {
  return answer.kind === 'answered' && Value.Check(Refusal, answer.json) ? answer.json.error : null
}

function readKey(text: string): { readonly privateKey: KeyObject; readonly kid: string | null } {
  try {
    if (!text.startsWith('{')) {
      return { privateKey: rsa(createPrivateKey(text.replaceAll('\\n', '\n'))), kid: null }
    }
    const jwk = JSON.parse(text) as JWK
    const privateKey = rsa(createPrivateKey({ key: jwk, format: 'jwk' }))
    return { privateKey, kid: typeof jwk.kid === 'string' ? jwk.kid : null }
  } catch {
    throw new CommandFault(
      "OKTA_PRIVATE_KEY is no RSA key: the service app's private key, in PEM or as a JWK, as Okta showed it once."
    )
  }
}

function rsa(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'rsa') throw new Error('It is another kind of key.')
  return key
}

/** A key of this command, which ends with it. */
async function createProofs(now: () => number): Promise<Proofs> {
  const { exportJWK, generateKeyPair, SignJWT } = await import('jose')
  const { privateKey, publicKey } = await generateKeyPair('RS256')
  const jwk = await exportJWK(publicKey)
  return {
    async proof({ method, url, nonce, accessToken }) {
      const claims = {
        htm: method,
        htu: url.origin + url.pathname,
        ...(nonce === undefined ? {} : { nonce }),
        ...(accessToken === undefined
          ? {}
          : { ath: createHash('sha256').update(accessToken).digest('base64url') })
      }
      return await new SignJWT(claims)
        .setProtectedHeader({ typ: 'dpop+jwt', alg: 'RS256', jwk })
        .setIssuedAt(Math.floor(now() / 1_000))
        .setJti(randomUUID())
        .sign(privateKey)
    }
  }
}
