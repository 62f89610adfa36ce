import { createPrivateKey } from 'node:crypto'
import { Type } from 'typebox'
import { wordsOf } from '../callers/written.ts'
import { isLoopback } from '../door/address.ts'
import { readNetworks } from '../door/networks.ts'

/** A string that holds to a rule; the message never quotes the value, which may be a misplaced secret. */
export const text = (holds: (value: string) => boolean, message: string) =>
  Type.Optional(Type.Refine(Type.String({ minLength: 1 }), holds, () => message))

/** The same, where the rule says what it misses. */
export const written = (faultOf: (value: string) => string | null) =>
  Type.Optional(
    Type.Refine(
      Type.String({ minLength: 1 }),
      (value) => faultOf(value) === null,
      (value) => faultOf(value) ?? ''
    )
  )

/** The first fault of several words. */
export const each = (faultOf: (word: string) => string | null) => (value: string) =>
  wordsOf(value)
    .map(faultOf)
    .find((fault) => fault !== null) ?? null

export const anything = Type.Optional(Type.String({ minLength: 1 }))
export const secret = text(
  (value) => !/[\s\p{Cc}]/u.test(value),
  'must not hold white space or control characters'
)
export const port = text(
  (value) => /^\d{1,5}$/u.test(value) && Number(value) <= 65_535,
  'must be a port number from 0 to 65535'
)
export const url = text(
  isSafeUrl,
  'must be an https:// URL without credentials, query or fragment (http:// only to this machine or to a host name without a dot)'
)

export const bearerSecrets = text(
  (value) => value.split(/\s+/u).every(({ length }) => length >= 16),
  'must be one or several secrets of at least 16 characters, separated by white space'
)
export const endpoint = text(
  isEndpoint,
  'must be an http:// or https:// URL without credentials, query or fragment'
)
export const networks = (everybody: boolean) =>
  Type.Optional(
    Type.Refine(
      Type.String({ minLength: 1 }),
      (value) => readNetworks(value, { everybody }).kind === 'networks',
      (value) => {
        const read = readNetworks(value, { everybody })
        return read.kind === 'fault' ? read.message : ''
      }
    )
  )

function isEndpoint(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, username, password, search, hash } = new URL(value)
  return /^https?:$/u.test(protocol) && `${username}${password}${search}${hash}` === ''
}

/** Codes and credentials travel there: only over TLS, unless they stay on this machine or in its private network. */
export function isSafeUrl(value: string): boolean {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, username, password, search, hash } = new URL(value)
  if (`${username}${password}${search}${hash}` !== '') return false
  if (protocol === 'https:') return true
  return (
    protocol === 'http:' && (isLoopback(hostname) || (!hostname.includes('.') && !hostname.includes(':')))
  )
}

export function isPrivateKey(value: string): boolean {
  try {
    createPrivateKey(value)
    return true
  } catch {
    return false
  }
}
