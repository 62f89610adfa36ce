import { SANDBOX_ADMIN_SECRET } from '../admin/secret.ts'
import type { Io } from './command.ts'
import { exchangeJson } from './json-exchange.ts'

const ASK_WITHIN_MS = 5_000

/** Where the gateway takes commands, as far as the environment says. */
export function adminUrl({ env }: Pick<Io, 'env'>): string {
  return env['ADMIN_URL'] || `http://127.0.0.1:${env['ADMIN_PORT'] || 3002}`
}

export interface Question {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  /** The gateway's admin port; that of the environment where it is left out. */
  readonly base?: string
  readonly withinMs?: number
}

/** Asks a running gateway. Null where that did not work, which has then been said. */
export async function askGateway(
  io: Io,
  { method, path, body, base = adminUrl(io), withinMs = ASK_WITHIN_MS }: Question
): Promise<unknown> {
  const secret = secretOf(io)
  if (secret === null || !URL.canParse(base)) {
    io.complain(
      secret === null
        ? 'ADMIN_SECRET_FILE cannot be read.\n'
        : 'The address of the gateway (ADMIN_URL) is no URL.\n'
    )
    return null
  }
  const answer = await exchangeJson(io, new URL(path, base), {
    method,
    headers: {
      authorization: `Bearer ${secret}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    withinMs
  })
  const { status, json } = answer.kind === 'answered' ? answer : { status: 0, json: undefined }
  if (status >= 200 && status < 300 && json !== undefined) return json
  const { error, mistakes } = (json ?? {}) as {
    readonly error?: unknown
    readonly mistakes?: readonly string[]
  }
  // The hook's own port answers in Okta's form.
  io.complain(
    typeof error === 'string'
      ? [error, ...(mistakes ?? []).map((mistake) => `  ${mistake}`), ''].join('\n')
      : `Nobody answers as a gateway at ${new URL(base).host}. Is it running, is ADMIN_SECRET set there, and is it ADMIN_URL or ADMIN_PORT?\n`
  )
  return null
}

/** Several may be valid at once: the first one is ours. */
function secretOf({ env, readFile }: Io): string | null {
  const path = env['ADMIN_SECRET_FILE']
  const text =
    path === undefined || path === '' ? env['ADMIN_SECRET'] || SANDBOX_ADMIN_SECRET : readFile(path)
  return text === null ? null : (text.trim().split(/\s+/u)[0] ?? '')
}
