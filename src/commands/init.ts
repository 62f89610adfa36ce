import { join } from 'node:path'
import { Option } from 'commander'
import { firstRules } from '../rules/first-rules.ts'
import { examples, STATUS, type AddCommand, type Io } from './command.ts'
import { HOOK_AUTHS, type HookAuth } from './hook-caller.ts'
import {
  CREDENTIALS,
  readAnswers,
  type InitAnswers,
  type InitFlags,
  type InitSecrets
} from './init-answers.ts'
import { envFileOf, oktaFormOf } from './init-files.ts'

interface Options extends InitFlags {
  readonly out: string
  readonly yes?: true
  readonly force?: true
  readonly printSecrets?: true
  readonly json?: true
}

const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value]

export const addInit: AddCommand = (program, io, end) => {
  program
    .command('init')
    .description('write settings with strong secrets and a first rules file, and say what Okta has to know')
    .option('--public-url <url>', 'under which Okta will reach the gateway')
    .option('--provider <name>', 'twilio, vonage or messagebird; several, in order of preference', several)
    .option('--country <codes>', 'where codes are sent, such as SE,US (default: everywhere)', several)
    .option('--sender-name <name>', 'what phones show where names are allowed (default: a number)')
    .option(
      '--number <provider=number>',
      'a number bought there, such as twilio=+46701740605; several',
      several
    )
    .addOption(new Option('--auth <kind>', 'how Okta signs in (default: basic)').choices(HOOK_AUTHS))
    .option('--issuer <url>', 'OAuth 2.0: of the authorization server')
    .option('--audience <audience>', 'OAuth 2.0: of its tokens (default: api://default)')
    .option('--client-id <id>', 'OAuth 2.0: of the app that Okta uses')
    .option('--scope <scope>', 'OAuth 2.0: what the token has to be for')
    .option('--redis', 'several nodes share the Redis of REDIS_URL')
    .option('--out <folder>', 'where to write .env and routing.yaml', '.')
    .option('--force', 'write over files that are there; the secrets in them are lost')
    .option('--print-secrets', "show Okta's secret here as well; else it is only in .env")
    .option('--yes', 'ask nothing: what no flag says is as it usually is')
    .option('--json', 'for machines, without secrets')
    .addHelpText(
      'after',
      `
Credentials of providers are taken from the environment where they stand there (TWILIO_AUTH_TOKEN and so on), and asked for else: never
from a flag, which a shell remembers. What is left empty is filled in by hand.
${examples('init', 'init --yes --public-url https://otp.example.com --provider twilio --provider vonage --country SE,NO,US')}`
    )
    .action(async ({ out, yes, force, printSecrets, json, ...flags }: Options) => {
      const [envPath, rulesPath] = [join(out, '.env'), join(out, 'routing.yaml')]
      const there = [envPath, rulesPath].filter((path) => io.readFile(path) !== null)
      if (there.length > 0 && force !== true) {
        io.complain(
          `${there.join(' and ')}: there already. --force writes over it; --out FOLDER writes elsewhere. Nothing was written.\n`
        )
        return end(STATUS.findings)
      }
      const answers = await readAnswers(io, flags, yes === true ? null : io.questions)
      const secrets = drawSecrets(io)
      const env = envFileOf(answers, secrets, rulesPath)
      try {
        await io.writeSecretFile(envPath, env.text)
        await io.writeFile(rulesPath, firstRules(answers))
      } catch {
        io.complain(`${out} cannot be written to.\n`)
        return end(STATUS.findings)
      }
      const line = env.lineOf(answers.auth === 'basic' ? "# In Okta's form" : 'OKTA_HEADER_SECRETS=')
      const form = oktaFormOf(answers, secrets, {
        envFile: envPath,
        line,
        showSecrets: printSecrets === true
      })
      const todo = leftToDo(answers, rulesPath)
      if (json === true) {
        const files = { env: envPath, rules: rulesPath }
        // For machines there is no reason to show a secret that stands in a file.
        const shown = oktaFormOf(answers, secrets, { envFile: envPath, line, showSecrets: false })
        io.print(`${JSON.stringify({ files, okta: Object.fromEntries(shown), todo }, null, 2)}\n`)
        return
      }
      io.print(inWords({ envPath, rulesPath, form, todo, auth: answers.auth }))
    })
}

/** Letters and digits of base64url: nothing that a shell, Docker or Okta would read as something else. */
function drawSecrets({ randomBytes }: Pick<Io, 'randomBytes'>): InitSecrets {
  const draw = (): string => randomBytes(24).toString('base64url')
  return {
    okta: draw(),
    admin: draw(),
    logHashKey: draw(),
    // As many bytes as AES-256 takes.
    stateKey: randomBytes(32).toString('hex'),
    metrics: draw()
  }
}

function leftToDo({ providers, credentials, numbers }: InitAnswers, rulesPath: string): readonly string[] {
  const empty = providers
    .flatMap((provider) => CREDENTIALS[provider].map(({ name }) => name))
    .filter((name) => (credentials[name] ?? '') === '')
  const invented = providers.filter((provider) => numbers[provider] === undefined)
  return [
    ...(empty.length === 0 ? [] : [`fill in ${empty.join(', ')} (docs/providers.md says where they are)`]),
    ...(invented.length === 0
      ? []
      : [`put your own number of ${invented.join(', ')} into ${rulesPath}: the one there is made up`])
  ]
}

function inWords({
  envPath,
  rulesPath,
  form,
  todo,
  auth
}: {
  readonly envPath: string
  readonly rulesPath: string
  readonly form: ReturnType<typeof oktaFormOf>
  readonly todo: readonly string[]
  readonly auth: HookAuth
}): string {
  const steps = [
    ...todo,
    `start it behind HTTPS: node_modules/.bin/node --env-file=${envPath} bin/switchboard.js`,
    `switchboard doctor --env-file ${envPath}`,
    `register the hook: switchboard okta register --env-file ${envPath}${
      auth === 'oauth' ? ' (with OKTA_HOOK_CLIENT_SECRET in your shell, or --hook-key-id)' : ''
    }, or by hand as above`,
    `try it: switchboard okta preview --env-file ${envPath} --to NUMBER, switchboard send --env-file ${envPath} --to NUMBER`
  ]
  return [
    `${envPath} holds the settings and their secrets, for you alone to read (0600); ${rulesPath} the rules.\n`,
    `\nIn Okta's admin console: Workflow > Inline Hooks > Add Inline Hook > Telephony\n`,
    ...form.map(([field, value]) => `  ${field.padEnd(24)}${value}\n`),
    '\nNext:\n',
    ...steps.map((step, i) => `  ${i + 1}. ${step}\n`),
    '\nThe whole way, by minutes: docs/going-live.md\n'
  ].join('')
}
