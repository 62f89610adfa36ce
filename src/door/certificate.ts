import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { readAddress } from './address.ts'

/** What TLS is ended with, as PEM. */
export interface TlsMaterial {
  /** Ours first, then those that lead to an authority. */
  readonly cert: string
  readonly key: string
  /** Authorities whose certificates callers have to show; null: nobody has to. */
  readonly clientCa: string | null
}

export interface TlsPair extends TlsMaterial {
  /** SHA-256 of our certificate, in hex. */
  readonly fingerprint: string
  /** Ms since 1970. */
  readonly expiresMs: number
  /** Certificates that are shown. */
  readonly chain: number
  readonly isFor: (host: string) => boolean
}

/** What is wrong with one of them, in words that follow its name; never holds a value. */
export interface TlsFault {
  readonly name: string
  readonly message: string
}

export type ReadTls =
  | { readonly kind: 'ok'; readonly pair: TlsPair }
  | { readonly kind: 'faulty'; readonly faults: readonly TlsFault[] }

/** An authority's list for clients has some; the public's has a hundred and fifty. */
const MOST_CERTIFICATES = 500

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu

/** Holds a certificate, its chain and its key against each other and the clock. */
export function readTls(material: TlsMaterial, nowMs: number): ReadTls {
  const chain = certificatesIn(material.cert)
  const [own] = chain ?? []
  const key = keyIn(material.key)
  const faults: TlsFault[] = []
  const wrong = (name: TlsFault['name'], message: string): unknown => faults.push({ name, message })

  if (own === undefined || chain === null) {
    wrong(
      'TLS_CERT',
      'must be certificates in PEM form, ours first (TLS_CERT_FILE takes the name of their file)'
    )
  } else {
    for (const message of faultsOfChain(chain, nowMs)) wrong('TLS_CERT', message)
  }
  if (key === null) {
    wrong(
      'TLS_KEY',
      'must be a private key in PEM form, without a passphrase (TLS_KEY_FILE takes the name of its file)'
    )
  } else if (own !== undefined && !own.checkPrivateKey(key)) {
    wrong('TLS_KEY', 'is not the key of the first certificate in TLS_CERT')
  }
  if (material.clientCa !== null && (certificatesIn(material.clientCa) ?? []).length === 0) {
    wrong(
      'TLS_CLIENT_CA',
      'must be certificates of authorities in PEM form (TLS_CLIENT_CA_FILE takes the name of their file)'
    )
  }
  if (faults.length === 0) {
    const refusal = refusalOf(material)
    if (refusal !== null) wrong('TLS_CERT', `and its key are refused by OpenSSL (${refusal})`)
  }
  if (faults.length > 0 || own === undefined || chain === null) return { kind: 'faulty', faults }
  return {
    kind: 'ok',
    pair: {
      ...material,
      fingerprint: own.fingerprint256.replaceAll(':', '').toLowerCase(),
      expiresMs: own.validToDate.getTime(),
      chain: chain.length,
      isFor(host) {
        const address = readAddress(host)
        // By its alternative names alone, as whoever calls sees it.
        const isFor = address === null ? own.checkHost(host, { subject: 'never' }) : own.checkIP(address)
        return isFor !== undefined
      }
    }
  }
}

/** Null where one of them cannot be read. */
function certificatesIn(pem: string): readonly X509Certificate[] | null {
  const texts = pem.match(CERTIFICATE) ?? []
  if (texts.length > MOST_CERTIFICATES) return null
  try {
    return texts.map((text) => new X509Certificate(text))
  } catch {
    return null
  }
}

function keyIn(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem)
  } catch {
    return null
  }
}

/** What callers would stumble over. */
function faultsOfChain(chain: readonly X509Certificate[], nowMs: number): readonly string[] {
  return chain.flatMap((certificate, index) => {
    const issuer = chain[index + 1]
    const which = index === 0 ? '' : `: certificate ${index + 1} of its chain`
    if (nowMs >= certificate.validToDate.getTime()) {
      return [`has ended on ${dayOf(certificate.validToDate)}${which}`]
    }
    if (nowMs < certificate.validFromDate.getTime()) {
      return [`does not hold before ${dayOf(certificate.validFromDate)}${which}`]
    }
    return issuer !== undefined && !certificate.checkIssued(issuer)
      ? [`is in disorder: certificate ${index + 2} of its chain did not sign the one before it`]
      : []
  })
}

function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10)
}

/** The code of OpenSSL's no, such as to a key that is too short; null where it takes them. */
function refusalOf({ cert, key, clientCa }: TlsMaterial): string | null {
  try {
    createSecureContext({ cert, key, ...(clientCa === null ? {} : { ca: clientCa }) })
    return null
  } catch (error) {
    return error instanceof Error && 'code' in error && typeof error.code === 'string'
      ? error.code
      : 'unknown'
  }
}
