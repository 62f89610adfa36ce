import type { BasicPair } from './terms.ts'

/*
 * How callers are written, in the environment and in the file of orgs. Each `...Fault` says what is wrong in words that go
 * behind the name, and never quotes the value; null: nothing is.
 */

/** Several values of one setting, separated by white space. */
export function wordsOf(value: string): readonly string[] {
  return value.split(/\s+/u).filter((word) => word !== '')
}

export function pairsOf(value: string): readonly BasicPair[] {
  return wordsOf(value).map((pair) => {
    const colon = pair.indexOf(':')
    return colon === -1
      ? { user: pair, password: '' }
      : { user: pair.slice(0, colon), password: pair.slice(colon + 1) }
  })
}

export function pairsFault(value: string): string | null {
  const pairs = pairsOf(value)
  const areWhole = pairs.length > 0 && pairs.every(({ user, password }) => user !== '' && password !== '')
  return areWhole ? null : 'must be one or several user:password pairs, separated by white space'
}

const LEAST_SECRET = 16

/** A header carries ASCII and nothing else unharmed. */
export function headerSecretsFault(value: string): string | null {
  const secrets = wordsOf(value)
  const areFit = secrets.length > 0 && secrets.every((secret) => /^[!-~]+$/u.test(secret))
  return areFit && secrets.every(({ length }) => length >= LEAST_SECRET)
    ? null
    : `must be one or several secrets of at least ${LEAST_SECRET} letters, digits and signs of ASCII, separated by white space`
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2 */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]{1,64}$/u

/** What HTTP, proxies and Okta write themselves: a secret there is lost, overwritten or logged. */
const TAKEN =
  /^(?:accept|accept-.*|connection|content-.*|cookie|date|expect|forwarded|host|keep-alive|proxy-.*|te|traceparent|tracestate|trailer|transfer-encoding|upgrade|user-agent|via|x-forwarded-.*)$/iu

export function headerNameFault(name: string): string | null {
  if (!HEADER_NAME.test(name)) return 'must be the name of an HTTP header, such as x-otp-gateway-key'
  return TAKEN.test(name)
    ? 'is a header that HTTP, a proxy or Okta writes itself: choose another, such as x-otp-gateway-key'
    : null
}

/** Of an audience, a scope, a client id: one word, as RFC 6749 has them. */
export function wordFault(value: string): string | null {
  return /^[!-~]{1,256}$/u.test(value) && !/["\\]/u.test(value)
    ? null
    : 'must be one word, as the authorization server has it'
}
