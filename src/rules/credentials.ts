import type { Span } from './source.ts'

const KEY =
  /(?:^|[_-])(?:token|secret|password|passwd|passphrase|credentials?|(?:api|access|auth|private|signing|account)[_-]?key)s?$/u

/**
 * Values that are a secret wherever they stand. A messaging service, MG and 32 hex digits, is none:
 * its hex digits follow a letter.
 */
const VALUES: readonly RegExp[] = [
  // Twilio: account sid, API key sid, and the auth token itself, https://www.twilio.com/docs/glossary/what-is-a-sid
  /(?<![A-Za-z0-9])(?:AC|SK)?[0-9a-f]{32}(?![A-Za-z0-9])/giu,
  // MessageBird's access keys, and others of that form.
  /(?<![A-Za-z0-9])(?:test|live|sk|pk)_[A-Za-z0-9]{16,}(?![A-Za-z0-9])/gu,
  // Vonage's private key; to its end, or to the end of the text where that is missing.
  /-----BEGIN [A-Z ]*(?:KEY|CERTIFICATE)[A-Z ]*-----(?:[\s\S]*?-----END [A-Z ]*-----|[\s\S]*)/gu,
  // A JSON web token.
  /(?<![A-Za-z0-9])eyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?/gu,
  // A password in a URL.
  /(?<=:\/\/)[^/\s:@"']+:[^@/\s"']+(?=@)/gu
]

/** In a line that is shown, everything behind a key of such a name is hidden, well-formed or not. */
const SHOWN_KEY =
  /(token|secret|password|passwd|passphrase|credentials?|(?:api|access|auth|private|signing|account)[_-]?key)(s?["']?\s*[:=]\s*)(\S.*)$/iu

const HIDDEN = '********'

/** Is this the name of something that is to be kept secret ("auth_token", "apiKey")? */
export function isCredentialKey(key: string): boolean {
  return KEY.test(key.replace(/(?<=[a-z])[A-Z]/gu, '_$&').toLowerCase())
}

/** Where a text holds what looks like a secret, comments included. */
export function findCredentials(text: string): readonly Span[] {
  return VALUES.flatMap((pattern) =>
    Array.from(text.matchAll(pattern), (match) => ({
      start: match.index,
      end: match.index + match[0].length
    }))
  )
}

/** A piece of the file made fit for other eyes: what looks like a secret is hidden. */
export function hideCredentials(text: string): string {
  const hidden = VALUES.reduce((rest, pattern) => rest.replace(pattern, HIDDEN), text)
  return hidden.replace(SHOWN_KEY, `$1$2${HIDDEN}`)
}

/** The same for a text of many lines. */
export function hideInText(text: string): string {
  // First what goes over several lines, then line by line.
  return hideCredentials(text).split('\n').map(hideCredentials).join('\n')
}

/** Hides a stretch and keeps its length, so that carets below it stay right. */
export function blank(text: string): string {
  return text.replace(/\S/g, '*')
}
