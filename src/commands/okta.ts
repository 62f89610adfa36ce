import { Option, type Command } from 'commander'
import { examples, STATUS, type AddCommand, type Io, type Status } from './command.ts'
import { envFileOption, withEnvFile } from './env-file.ts'
import { HOOK_AUTHS, hookUrl, readHookUrl, type HookAuth } from './hook-caller.ts'
import { createOktaApi, readOrgUrl, type Hook, type OktaApi } from './okta-api.ts'
import { authInWords, readDesiredHook } from './okta-hook.ts'
import { preview, REQUEST_TYPES, type PreviewFlow } from './okta-preview.ts'
import { deactivate, register } from './okta-register.ts'
import { readSignIn } from './okta-sign-in.ts'

interface Common {
  readonly envFile?: string
  readonly json?: true
  readonly yes?: true
}

interface HookFlags extends Common {
  readonly url?: string
  readonly auth?: HookAuth
  readonly clientId?: string
  readonly tokenUrl?: string
  readonly scope?: string
}

const SIGN_IN = `
It signs in at OKTA_ORG_URL with an API token (OKTA_API_TOKEN) or as a service app (OKTA_CLIENT_ID, OKTA_PRIVATE_KEY; the scope
okta.inlineHooks.manage). Secrets may come from files: OKTA_API_TOKEN_FILE, OKTA_PRIVATE_KEY_FILE. Neither belongs into the gateway's
own environment, which never needs them.
`

export const addOkta: AddCommand = (program, io, end) => {
  const okta = program
    .command('okta')
    .description("the telephony hook in an org of Okta's: register, status, deactivate, preview")
    .addHelpText(
      'after',
      `${SIGN_IN}${examples('okta register --env-file .env', 'okta preview --to +46701740605')}`
    )
  addRegister(okta, io, end)
  addStatus(okta, io, end)
  addDeactivate(okta, io, end)
  addPreview(okta, io, end)
}

type End = (status: Status) => void

/** How Okta is to sign in at the gateway. */
function withAuth(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--auth <kind>',
        'how Okta signs in at the gateway (default: what the environment has)'
      ).choices(HOOK_AUTHS)
    )
    .option(
      '--client-id <id>',
      'OAuth 2.0: of the app that Okta is at the authorization server (default: OKTA_OAUTH_CLIENT_IDS)'
    )
    .option('--token-url <url>', 'OAuth 2.0: where Okta gets its token (default: below OKTA_OAUTH_ISSUERS)')
    .option('--scope <scope>', 'OAuth 2.0: what the token has to be for (default: OKTA_OAUTH_SCOPE)')
}

function openApi(io: Io, secrets: readonly string[] = []): { readonly api: OktaApi; readonly org: string } {
  const orgUrl = readOrgUrl(io)
  return { api: createOktaApi(io, orgUrl, readSignIn(io, orgUrl), secrets), org: orgUrl.host }
}

function addRegister(okta: Command, outer: Io, end: End): void {
  withAuth(
    okta
      .command('register')
      .description('create the hook, or bring it up to date; what would change is shown first')
      .option('--name <name>', 'of the hook', 'Switchboard')
      .option('--url <url>', "the gateway's address (default: PUBLIC_URL)")
  )
    .option(
      '--hook-key-id <id>',
      'OAuth 2.0: sign with this key of Workflow > Key Management, in place of a secret'
    )
    .option('--replace', 'take another hook out of use that is active now')
    .option('--yes', 'do not ask')
    .option('--json', 'the hook as Okta shows it')
    .addOption(envFileOption())
    .addHelpText(
      'after',
      `${SIGN_IN}${examples(
        'okta register --env-file .env',
        'okta register --auth header --yes',
        'okta register --env-file .env --auth oauth --hook-key-id HKY1'
      )}`
    )
    .action(
      async (
        options: HookFlags & { readonly name: string; readonly hookKeyId?: string; readonly replace?: true }
      ) => {
        const io = withEnvFile(outer, options.envFile)
        const desired = readDesiredHook(io, {
          name: options.name,
          url: readHookUrl(io, options.url),
          auth: options.auth,
          clientId: options.clientId,
          tokenUrl: options.tokenUrl,
          scope: options.scope,
          hookKeyId: options.hookKeyId
        })
        const { api, org } = openApi(io, desired.secrets)
        end(
          await register(io, api, {
            desired,
            org,
            replace: options.replace === true,
            yes: options.yes === true,
            json: options.json === true
          })
        )
      }
    )
}

function addStatus(okta: Command, outer: Io, end: End): void {
  okta
    .command('status')
    .description('show the telephony hooks of the org')
    .option('--json', 'the hooks as Okta shows them')
    .addOption(envFileOption())
    .addHelpText('after', `${SIGN_IN}${examples('okta status')}`)
    .action(async ({ envFile, json }: Common) => {
      const io = withEnvFile(outer, envFile)
      const { api, org } = openApi(io)
      const hooks = await api.list()
      if (json === true) return io.print(`${JSON.stringify(hooks, null, 2)}\n`)
      const publicUrl = io.env['PUBLIC_URL'] ?? ''
      const ours = URL.canParse(publicUrl) ? hookUrl(publicUrl).href : null
      for (const hook of hooks) io.print(hookInWords(hook, ours))
      const active = hooks.find(({ status }) => status === 'ACTIVE')
      io.print(`${org}: ${whereCodesGo(active, ours)}\n`)
      if (active === undefined || (ours !== null && active.channel.config.uri !== ours)) end(STATUS.findings)
    })
}

function hookInWords(hook: Hook, ours: string | null): string {
  const { uri } = hook.channel.config
  return [
    `${hook.name} (${hook.id}): ${hook.status}`,
    `  ${uri}${uri === ours ? ' (this gateway)' : ''}`,
    `  Okta signs in with ${authInWords(hook)}`,
    ...(hook.lastUpdated == null ? [] : [`  changed ${hook.lastUpdated}`]),
    ''
  ].join('\n')
}

function whereCodesGo(active: Hook | undefined, ours: string | null): string {
  if (active === undefined) {
    return 'no telephony hook is active. Okta sends codes by its own providers where the org has them; else nobody does'
  }
  const { uri } = active.channel.config
  if (ours === null) return `codes go through ${active.name}`
  return uri === ours
    ? `codes go through ${active.name}, to this gateway`
    : `codes go through ${active.name}, and not to this gateway (PUBLIC_URL leads to ${ours})`
}

function addDeactivate(okta: Command, outer: Io, end: End): void {
  okta
    .command('deactivate')
    .description('take the active telephony hook out of use')
    .option('--name <name>', 'only if the active hook is this one')
    .option('--yes', 'do not ask')
    .addOption(envFileOption())
    .addHelpText(
      'after',
      `${SIGN_IN}${examples('okta deactivate', 'okta deactivate --name Switchboard --yes')}`
    )
    .action(async ({ envFile, name, yes }: Common & { readonly name?: string }) => {
      const io = withEnvFile(outer, envFile)
      const { api, org } = openApi(io)
      end(await deactivate(io, api, { name, yes: yes === true, org }))
    })
}

function addPreview(okta: Command, outer: Io, end: End): void {
  const flows = Object.keys(REQUEST_TYPES) as PreviewFlow[]
  withAuth(
    okta
      .command('preview')
      .description("send the request that Okta's Preview would to the gateway, and judge its answer")
      .option('--url <url>', "the gateway's address (default: PUBLIC_URL)")
      .option(
        '--to <number>',
        'a phone of yours (default: 9876543210, which Okta sends for a user without one)'
      )
      .addOption(new Option('--channel <channel>', 'how').choices(['sms', 'voice']).default('sms'))
      .option('--locale <locale>', 'the language of the user', 'EN-US')
      .addOption(new Option('--flow <flow>', 'what the user is doing').choices(flows).default('sign_in'))
  )
    .option('--yes', 'do not ask, although a live gateway really sends')
    .option('--json', 'for machines')
    .addOption(envFileOption())
    .addHelpText(
      'after',
      `
It asks nothing of Okta: it takes Okta's place, with the credentials that the gateway takes (OKTA_BASIC_AUTH; OKTA_HEADER_NAME and
OKTA_HEADER_SECRETS; or, with OAuth 2.0, OKTA_HOOK_CLIENT_SECRET and the settings OKTA_OAUTH_...). The code is 11111.
${examples('okta preview --env-file .env --to +46701740605', 'okta preview --url http://127.0.0.1:3000 --channel voice')}`
    )
    .action(
      async (
        options: HookFlags & {
          readonly to?: string
          readonly channel: 'sms' | 'voice'
          readonly locale: string
          readonly flow: PreviewFlow
        }
      ) => {
        const io = withEnvFile(outer, options.envFile)
        end(
          await preview(io, {
            url: readHookUrl(io, options.url),
            to: options.to,
            channel: options.channel,
            locale: options.locale,
            flow: options.flow,
            auth: options.auth,
            clientId: options.clientId,
            tokenUrl: options.tokenUrl,
            scope: options.scope,
            yes: options.yes === true,
            json: options.json === true
          })
        )
      }
    )
}
