/**
 * Says what is wrong with the environment's switches for debug output, which no log masking sees.
 *
 * `DEBUG` with anything that matches `vonage:` makes Vonage's SDK print the application's private key and
 * every request (jwt/tokenGenerate.ts, server-client/client.ts). `NODE_DEBUG` with `http`, `net`, `tls` or
 * `undici` makes Node print what it sends.
 *
 * @returns the variable and what is wrong with it, for whoever starts the process, or null.
 */
export function sdkDebugFault(env: {
  readonly DEBUG?: string | undefined
  readonly NODE_DEBUG?: string | undefined
}): { readonly name: string; readonly message: string } | null {
  if (patterns(env.DEBUG).some(reachesVonage)) {
    return {
      name: 'DEBUG',
      message: 'must not match "vonage:*": the SDK of Vonage would print the private key'
    }
  }
  if (patterns(env.NODE_DEBUG).some((name) => PRINTING_SECTIONS.some((section) => matches(name, section)))) {
    const sections = PRINTING_SECTIONS.join(', ')
    return {
      name: 'NODE_DEBUG',
      message: `must not name ${sections}: Node would print codes and credentials`
    }
  }
  return null
}

const PRINTING_SECTIONS = ['http', 'https', 'http2', 'net', 'tls', 'quic', 'undici', 'fetch']

function patterns(value: string | undefined): readonly string[] {
  return (value ?? '').split(/[\s,]+/u).filter((pattern) => pattern !== '' && !pattern.startsWith('-'))
}

/** "*", "vo*", "vonage:jwt", "vonage*": any pattern that may hold for a name that begins with "vonage". */
function reachesVonage(pattern: string): boolean {
  const [beforeStar = ''] = pattern.toLowerCase().split('*')
  return beforeStar.startsWith('vonage') || (pattern.includes('*') && 'vonage:'.startsWith(beforeStar))
}

function matches(pattern: string, section: string): boolean {
  const [beforeStar = ''] = pattern.toLowerCase().split('*')
  return pattern.includes('*') ? section.startsWith(beforeStar) : beforeStar === section
}
