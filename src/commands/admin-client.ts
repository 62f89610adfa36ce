import type { ShownOverride } from '../admin/admin-app.ts'
import { SANDBOX_ADMIN_SECRET } from '../admin/secret.ts'
import type { Io } from './command.ts'

const ASK_WITHIN_MS = 5_000

/** Asks a running gateway. Null where that did not work, which has then been said. */
export async function askGateway(
  io: Io,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown
): Promise<unknown> {
  const base = io.env['ADMIN_URL'] || `http://127.0.0.1:${io.env['ADMIN_PORT'] || 3002}`
  const secret = secretOf(io)
  if (secret === null || !URL.canParse(base)) {
    io.complain(secret === null ? 'ADMIN_SECRET_FILE cannot be read.\n' : 'ADMIN_URL is no URL.\n')
    return null
  }
  try {
    const response = await io.fetch(new URL(path, base), {
      method,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ASK_WITHIN_MS),
      redirect: 'error'
    })
    const answer: unknown = await response.json()
    if (response.ok) return answer
    const { error, mistakes } = answer as { readonly error: string; readonly mistakes?: readonly string[] }
    io.complain([error, ...(mistakes ?? []).map((mistake) => `  ${mistake}`), ''].join('\n'))
    return null
  } catch {
    // What an error of the connection says may hold the URL, and that a password.
    io.complain(
      `Nobody answers as a gateway at ${new URL(base).host}. Is it running, is ADMIN_SECRET set there, and is it ADMIN_URL or ADMIN_PORT?\n`
    )
    return null
  }
}

/** Several may be valid at once: the first one is ours. */
function secretOf({ env, readFile }: Io): string | null {
  const path = env['ADMIN_SECRET_FILE']
  const text =
    path === undefined || path === '' ? env['ADMIN_SECRET'] || SANDBOX_ADMIN_SECRET : readFile(path)
  return text === null ? null : (text.trim().split(/\s+/u)[0] ?? '')
}

/** "twilio sms SE  until 2026-11-24T17:00:00.000Z  by oncall: INC-123" */
export function sentenceOf({ provider, channel, country, until, by, why }: ShownOverride): string {
  const coverage = [provider, channel ?? 'sms and voice', country ?? 'every country'].join(', ')
  return `${coverage}: drained until ${until} by ${by}: ${why}`
}

/** The command that takes it back. */
export function undoOf({ provider, channel, country }: ShownOverride): string {
  const scope = [
    ...(channel === null ? [] : [`--channel ${channel}`]),
    ...(country === null ? [] : [`--country ${country}`])
  ]
  return ['switchboard undrain', provider, ...scope].join(' ')
}
