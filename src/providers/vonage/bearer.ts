import { createPrivateKey } from 'node:crypto'
import { Auth } from '@vonage/auth'

/** A token of the SDK lives for 900 s. Past this age no request takes it any more. */
const RENEW_AT_MS = 600_000
/** Past this age it is renewed beside the requests, so that none of them waits the 3 ms of an RSA signature. */
const RENEW_EARLY_AT_MS = 300_000

export interface Bearer {
  /** For the SDK's clients. Its tokens are signed once in ten minutes, not for each request. */
  readonly auth: Auth
  /** Renews the token where it is no longer young. Never rejects. */
  readonly renew: () => Promise<void>
}

/**
 * Signs in to the Voice API.
 *
 * @throws where `privateKey` is no RSA key in PEM. The SDK would take such a text for the path of a file.
 */
export function createBearer(
  settings: { readonly applicationId: string; readonly privateKey: string },
  now: () => number
): Bearer {
  const fault = privateKeyFault(settings.privateKey)
  if (fault !== null) throw new Error(fault)

  const auth = new Auth(settings)
  const sign = auth.createBearerHeader
  let header: string | undefined
  let signedAtMs = 0

  async function headerYoungerThan(ageMs: number): Promise<string> {
    const age = now() - signedAtMs
    // A clock that was set back counts as an old token.
    if (header === undefined || age < 0 || age >= ageMs) {
      const signingAtMs = now()
      header = await sign()
      signedAtMs = signingAtMs
    }
    return header
  }

  auth.createBearerHeader = () => headerYoungerThan(RENEW_AT_MS)

  async function renew(): Promise<void> {
    await headerYoungerThan(RENEW_EARLY_AT_MS)
  }

  return { auth, renew }
}

/** What is wrong with a Vonage application's private key, in a sentence that holds nothing of it. */
function privateKeyFault(pem: string): string | null {
  try {
    const key = createPrivateKey(pem)
    return key.asymmetricKeyType === 'rsa' ? null : 'The private key of Vonage must be an RSA key.'
  } catch {
    return 'The private key of Vonage is no private key in PEM.'
  }
}
