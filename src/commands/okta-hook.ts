import { CommandFault, type Io } from './command.ts'
import { readHookHeader, readTokenSource, usualAuth, type HookAuth } from './hook-caller.ts'
import { HOOK_TYPE, type Hook } from './okta-api.ts'
import { HIDDEN, readSecret } from './secrets.ts'

/** The version of the hook and of its channel: there is one. */
const VERSION = '1.0.0'

/** The longest address that Okta takes. */
const LONGEST_URL = 1_024

export interface HookOptions {
  readonly name: string
  readonly url: URL
  /** What the environment has, where it is left out. */
  readonly auth: HookAuth | undefined
  readonly clientId: string | undefined
  readonly tokenUrl: string | undefined
  readonly scope: string | undefined
  readonly hookKeyId: string | undefined
}

/** The hook as it is to be. */
export interface DesiredHook {
  readonly name: string
  readonly channel: { readonly type: 'HTTP' | 'OAUTH'; readonly config: Readonly<Record<string, unknown>> }
  /** How Okta signs in, without the secret. */
  readonly auth: string
  /** Where the secret comes from; null where Okta has it already. */
  readonly secretSource: string | null
  readonly secrets: readonly string[]
}

/** @throws CommandFault with what is missing. */
export function readDesiredHook(io: Pick<Io, 'env' | 'readFile'>, options: HookOptions): DesiredHook {
  const { name, url } = options
  if (url.protocol !== 'https:') throw new CommandFault(`Okta calls https:// only, and not ${url.href}.`)
  if (url.href.length > LONGEST_URL) throw new CommandFault('Okta takes no address above 1024 characters.')
  if (name.length === 0 || name.length > 255) throw new CommandFault('A name has 1 to 255 characters.')
  const base = { uri: url.href, method: 'POST' }
  const auth = options.auth ?? usualAuth(io)
  return auth === 'oauth' ? byOAuth(io, options, base) : byHeader(io, { ...options, auth }, base)
}

type Base = Readonly<Record<'uri' | 'method', string>>

function byHeader(io: Pick<Io, 'env' | 'readFile'>, { name, auth }: HookOptions, base: Base): DesiredHook {
  const header = readHookHeader(io, auth === 'oauth' ? undefined : auth)
  if (header === null) {
    throw new CommandFault(
      auth === 'header'
        ? 'OKTA_HEADER_NAME and OKTA_HEADER_SECRETS are needed for it.'
        : 'OKTA_BASIC_AUTH is missing: the pair user:password that the gateway takes (switchboard init makes one).'
    )
  }
  const { name: key, value, source } = header
  return {
    name,
    channel: {
      type: 'HTTP',
      config: { ...base, authScheme: { type: 'HEADER', key, value } }
    },
    auth: `the header ${key}`,
    secretSource: source,
    secrets: [value, value.replace(/^Basic /u, ''), ...plainSecrets(io)]
  }
}

/** As they stand in the environment. */
function plainSecrets(io: Pick<Io, 'env' | 'readFile'>): readonly string[] {
  return ['OKTA_BASIC_AUTH', 'OKTA_HEADER_SECRETS'].flatMap((name) =>
    (readSecret(io, name) ?? '').split(/\s+/u).flatMap((pair) => [pair, pair.slice(pair.indexOf(':') + 1)])
  )
}

function byOAuth(io: Pick<Io, 'env' | 'readFile'>, options: HookOptions, base: Base): DesiredHook {
  const { name, hookKeyId } = options
  const { clientId, tokenUrl, scope } = readTokenSource(io, options)
  const secret = readSecret(io, 'OKTA_HOOK_CLIENT_SECRET')
  if (clientId === undefined || tokenUrl === undefined || scope === undefined) {
    throw new CommandFault(
      'OAuth 2.0 needs --client-id, --token-url (of the authorization server, such as https://example.okta.com/oauth2/default/v1/token) and --scope, or OKTA_OAUTH_CLIENT_IDS, OKTA_OAUTH_ISSUERS and OKTA_OAUTH_SCOPE.'
    )
  }
  if (!URL.canParse(tokenUrl) || new URL(tokenUrl).protocol !== 'https:') {
    throw new CommandFault('--token-url is no https:// address.')
  }
  if (new URL(tokenUrl).pathname.startsWith('/oauth2/v1/')) {
    throw new CommandFault(
      "--token-url is that of the org authorization server, whose tokens nobody but Okta can check: take a custom one's (/oauth2/default/v1/token)."
    )
  }
  if ((secret === null) === (hookKeyId === undefined)) {
    throw new CommandFault(
      'OAuth 2.0 needs a client secret (OKTA_HOOK_CLIENT_SECRET or OKTA_HOOK_CLIENT_SECRET_FILE) or a hook key (--hook-key-id; Workflow > Key Management), and not both.'
    )
  }
  const common = { ...base, clientId, tokenUrl, scope, authScheme: null }
  return {
    name,
    channel: {
      type: 'OAUTH',
      config:
        secret === null
          ? { ...common, authType: 'private_key_jwt', hookKeyId }
          : { ...common, authType: 'client_secret_post', clientSecret: secret }
    },
    auth: `OAuth 2.0 (${secret === null ? `private_key_jwt, hook key ${hookKeyId}` : 'client_secret_post'}) as ${clientId} for ${scope} at ${tokenUrl}`,
    secretSource: secret === null ? null : 'OKTA_HOOK_CLIENT_SECRET',
    secrets: secret === null ? [] : [secret]
  }
}

/** What is sent: what the org has set beside it (headers of its own, metadata) stays. */
export function bodyOf({ name, channel: { type, config } }: DesiredHook, before: Hook | null): object {
  const headers = before?.channel.config.headers ?? []
  const metadata = before?.metadata ?? null
  return {
    name,
    type: HOOK_TYPE,
    version: VERSION,
    channel: { type, version: VERSION, config: { ...config, headers } },
    ...(metadata === null ? {} : { metadata })
  }
}

/** How Okta signs in with a hook that is there, without the secret, which Okta shows nobody. */
export function authInWords({ channel: { type, config } }: Hook): string {
  if (type === 'OAUTH') {
    const { authType, hookKeyId, clientId, scope, tokenUrl } = config
    const how = hookKeyId == null ? (authType ?? 'unknown') : `${authType}, hook key ${hookKeyId}`
    return `OAuth 2.0 (${how}) as ${clientId ?? 'nobody'} for ${scope ?? 'no scope'} at ${tokenUrl ?? 'nowhere'}`
  }
  return config.authScheme?.key == null
    ? 'nothing: Okta skips such a hook'
    : `the header ${config.authScheme.key}`
}

/** The change as lines of a diff, the secret hidden. */
export function changeInWords(before: Hook | null, after: DesiredHook): string {
  const secret = after.secretSource === null ? null : `${HIDDEN} (${after.secretSource})`
  const rows: readonly (readonly [string, string | null, string | null])[] = [
    ['name', before?.name ?? null, after.name],
    ['URL', before?.channel.config.uri ?? null, String(after.channel.config['uri'])],
    ['sign-in', before === null ? null : authInWords(before), after.auth],
    // Whether it is the same one, nobody can see.
    ['secret', before === null || secret === null ? null : 'what Okta has', secret],
    ['status', before?.status ?? null, 'ACTIVE']
  ]
  return rows
    .flatMap(([name, old, next]) => {
      if (old === next) return old === null ? [] : [`  ${name.padEnd(8)} ${old}\n`]
      return [
        ...(old === null ? [] : [`- ${name.padEnd(8)} ${old}\n`]),
        ...(next === null ? [] : [`+ ${name.padEnd(8)} ${next}\n`])
      ]
    })
    .join('')
}
