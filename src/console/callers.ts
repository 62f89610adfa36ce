import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'

/** What our page sends with all that changes something. No form and no image of another site can. */
const CONSOLE_HEADER = 'x-switchboard-console'

/**
 * Does a request come from the console's own page, or from somebody who went there? Another site's page cannot set a
 * header of its own without asking first, which nobody here answers; the browser says besides where it comes from.
 */
export function isFromOurPage(
  headers: IncomingHttpHeaders,
  { changes }: { readonly changes: boolean }
): boolean {
  const site = headers['sec-fetch-site']
  if (!changes) {
    return site === undefined || OWN_SITES.has(site) || headers['sec-fetch-mode'] === 'navigate'
  }
  if (headers[CONSOLE_HEADER] === undefined) return false
  if (site !== undefined) return site === 'same-origin'
  // Browsers say the site only where the connection is safe.
  return headers.origin === undefined || hostOf(headers.origin) === headers.host
}

/** `none`: whoever typed the address. Another port of this machine is `same-site`, and not ours. */
const OWN_SITES: ReadonlySet<unknown> = new Set(['same-origin', 'none'])

/** Null where it is none, such as "null". */
function hostOf(origin: string): string | null {
  return URL.canParse(origin) ? new URL(origin).host : null
}

/** An IP address, localhost, or a name without a dot: nobody else's name leads here. */
export function isLocalName(host: string | undefined): boolean {
  const name = (host ?? '').replace(/:\d+$/u, '')
  return (
    isIP(name.replace(/^\[|\]$/gu, '')) !== 0 ||
    /^(?:[a-z0-9-]+\.)*localhost$/iu.test(name) ||
    /^[a-z0-9_-]+$/iu.test(name)
  )
}
