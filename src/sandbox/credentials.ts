import { generateKeyPair, randomBytes, randomUUID } from 'node:crypto'
import { promisify } from 'node:util'

/** What the sandbox's vendors take as a sign-in. */
export interface SandboxCredentials {
  readonly twilio: {
    readonly accountSid: string
    readonly authToken: string
    readonly apiKey?: string
    readonly apiSecret?: string
  }
  readonly vonage: {
    readonly apiKey: string
    readonly apiSecret: string
    readonly applicationId: string
    /** PEM, PKCS#8. */
    readonly privateKey: string
    /** PEM, SPKI. */
    readonly publicKey: string
  }
  readonly messagebird: { readonly accessKey: string }
}

/** Fresh credentials in the shapes that the vendors give out. They open nothing but this sandbox. */
export async function createCredentials(): Promise<SandboxCredentials> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' }
  })
  return {
    twilio: {
      accountSid: `AC${randomHex(16)}`,
      authToken: randomHex(16),
      apiKey: `SK${randomHex(16)}`,
      apiSecret: randomBytes(24).toString('base64url')
    },
    vonage: {
      apiKey: randomHex(4),
      apiSecret: randomBytes(12).toString('base64url'),
      applicationId: randomUUID(),
      privateKey,
      publicKey
    },
    messagebird: { accessKey: randomBytes(18).toString('base64url').replace(/[_-]/gu, 'x') }
  }
}

/** Lower-case hex, two digits for each byte. */
export function randomHex(bytes: number): string {
  return randomBytes(bytes).toString('hex')
}
