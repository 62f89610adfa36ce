import { CREDENTIALS, type InitAnswers, type InitSecrets } from './init-answers.ts'

/** One file, and for each secret in it the line on which it stands, 1 for the first. */
export interface EnvFile {
  readonly text: string
  readonly lineOf: (name: string) => number
}

/** What stands in the comment above the secret, for whoever has to paste it. */
const IN_OKTA = "In Okta's form, Authentication secret:"

/** The settings as a file that docker compose, Node and a shell read in the same way: no value needs quotes. */
export function envFileOf(answers: InitAnswers, secrets: InitSecrets, rulesFile: string): EnvFile {
  const { publicUrl, redisUrl, providers, credentials } = answers
  const text = `# Written by "switchboard init". It holds secrets: nobody but you may read it, and no repository gets it.
# Every setting there is: .env.example

# The address under which Okta reaches the gateway, by HTTPS.
PUBLIC_URL=${publicUrl}
ROUTING_FILE=${rulesFile}

# --- Okta: what lets it in
${doorOf(answers, secrets)}
# --- Commands and metrics, on a port of their own
ADMIN_SECRET=${secrets.admin}
# Reads metrics, and can do nothing else: for Prometheus.
METRICS_SECRET=${secrets.metrics}
# Joins lines of the log about one person, across restarts and nodes.
LOG_HASH_KEY=${secrets.logHashKey}
${
  redisUrl === null
    ? ''
    : `
# --- Several nodes: each has this file, the same on all
REDIS_URL=${redisUrl}
# What is kept in Redis is sealed with it.
STATE_KEY=${secrets.stateKey}
`
}
# --- Providers (where their credentials are: docs/providers.md)
${providers
  .flatMap((provider) =>
    CREDENTIALS[provider].map(({ name, hint }) => `# ${hint}\n${name}=${credentials[name] ?? ''}\n`)
  )
  .join('')}`
  const lines = text.split('\n')
  return {
    text,
    lineOf: (start) => lines.findIndex((line) => line.startsWith(start)) + 1
  }
}

function doorOf({ auth, oauth }: InitAnswers, { okta }: InitSecrets): string {
  switch (auth) {
    case 'basic':
      return `# ${IN_OKTA} ${basicValue(okta)}\nOKTA_BASIC_AUTH=okta:${okta}\n`
    case 'header':
      return `OKTA_HEADER_NAME=${HEADER_NAME}\n# ${IN_OKTA} the same value\nOKTA_HEADER_SECRETS=${okta}\n`
    case 'oauth':
      return `# Okta signs in with a token of this authorization server, made out to this client for this scope.
OKTA_OAUTH_ISSUERS=${oauth.issuer}
OKTA_OAUTH_AUDIENCE=${oauth.audience}
OKTA_OAUTH_SCOPE=${oauth.scope}
OKTA_OAUTH_CLIENT_IDS=${oauth.clientId}
`
    default:
      return auth satisfies never
  }
}

export const HEADER_NAME = 'x-switchboard-key'

function basicValue(password: string): string {
  return `Basic ${Buffer.from(`okta:${password}`).toString('base64')}`
}

/** What to type into Okta's form, field by field and in its words; secrets only where they were asked for. */
export function oktaFormOf(
  { publicUrl, auth, oauth }: InitAnswers,
  { okta }: InitSecrets,
  {
    envFile,
    line,
    showSecrets
  }: { readonly envFile: string; readonly line: number; readonly showSecrets: boolean }
): readonly (readonly [field: string, value: string])[] {
  const url = new URL('/telephonyHook', publicUrl).href
  const head = [
    ['Name', 'Switchboard'],
    ['URL', url]
  ] as const
  if (auth === 'oauth') {
    return [
      ...head,
      ['Authentication', 'OAuth 2.0'],
      ['Client authentication', 'Use client secret, or Use private key'],
      ['Client ID', oauth.clientId],
      ['Token URL', `${oauth.issuer}/v1/token`],
      ['Scope', oauth.scope]
    ]
  }
  const value = auth === 'basic' ? basicValue(okta) : okta
  return [
    ...head,
    ['Authentication', 'HTTP headers'],
    ['Authentication field', auth === 'basic' ? 'Authorization' : HEADER_NAME],
    [
      'Authentication secret',
      showSecrets
        ? value
        : `line ${line} of ${envFile}, behind the ${auth === 'basic' ? 'colon' : '"="'} (--print-secrets shows it)`
    ]
  ]
}
