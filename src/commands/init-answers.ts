import { parsePhone, type Country } from '../domain/phone.ts'
import { isCountry, suggestPlace } from '../rules/countries.ts'
import { PROVIDERS } from '../rules/providers.ts'
import { CommandFault, type Io, type Questions } from './command.ts'
import { HOOK_AUTHS, type HookAuth } from './hook-caller.ts'

export type ProviderName = (typeof PROVIDERS)[number]

export interface InitAnswers {
  readonly publicUrl: string
  readonly providers: readonly ProviderName[]
  /** Empty: everywhere. */
  readonly countries: readonly Country[]
  readonly senderName: string | null
  readonly numbers: Readonly<Partial<Record<ProviderName, string>>>
  readonly auth: HookAuth
  /** Empty words where it is another kind. */
  readonly oauth: Readonly<Record<'issuer' | 'audience' | 'scope' | 'clientId', string>>
  /** Null: one node. */
  readonly redisUrl: string | null
  /** By variable; what is missing is filled in by hand. */
  readonly credentials: Readonly<Record<string, string>>
}

export interface InitSecrets {
  readonly okta: string
  readonly admin: string
  readonly logHashKey: string
  readonly stateKey: string
  readonly metrics: string
}

export interface InitFlags {
  readonly publicUrl?: string
  readonly provider?: readonly string[]
  readonly country?: readonly string[]
  readonly senderName?: string
  readonly number?: readonly string[]
  readonly auth?: HookAuth
  readonly issuer?: string
  readonly audience?: string
  readonly clientId?: string
  readonly scope?: string
  readonly redis?: true
}

/** The variables of each vendor's credentials, and what they are. */
export const CREDENTIALS: Readonly<
  Record<ProviderName, readonly { readonly name: string; readonly hint: string }[]>
> = {
  twilio: [
    { name: 'TWILIO_ACCOUNT_SID', hint: 'Begins with AC.' },
    {
      name: 'TWILIO_AUTH_TOKEN',
      hint: "The account's token, or leave it empty and give TWILIO_API_KEY and TWILIO_API_SECRET."
    }
  ],
  vonage: [
    { name: 'VONAGE_API_KEY', hint: 'For text messages.' },
    { name: 'VONAGE_API_SECRET', hint: 'For text messages.' },
    { name: 'VONAGE_APPLICATION_ID', hint: 'For calls.' },
    {
      name: 'VONAGE_PRIVATE_KEY_FILE',
      hint: "For calls: where the application's private key lies, a PEM file."
    }
  ],
  messagebird: [{ name: 'MESSAGEBIRD_ACCESS_KEY', hint: 'A live key.' }]
}

const AUTH_NAMES: Readonly<Record<HookAuth, string>> = {
  basic: 'HTTP headers, Basic: a user and a password that are made now (usual)',
  header: 'HTTP headers, a name of its own',
  oauth: 'OAuth 2.0, with a custom authorization server'
}

/** As anywhere in an .env file: no value that means something else in a shell, in Docker or in Node. */
const PLAIN = /^[\w.:/@+=,~-]*$/u

/**
 * What is needed: from flags, else from whoever sits at the terminal, else as it usually is.
 *
 * @throws CommandFault with what is wrong or missing.
 */
export async function readAnswers(
  io: Pick<Io, 'env'>,
  flags: InitFlags,
  ask: Questions | null
): Promise<InitAnswers> {
  const publicUrl =
    flags.publicUrl ??
    (await ask?.input('Under which address will Okta reach the gateway?', {
      initial: 'https://otp.example.com',
      check: urlFault
    })) ??
    missing('--public-url')
  hold(urlFault(publicUrl), '--public-url')

  const providers = providersOf(
    flags.provider ??
      (await ask?.chooseSome(
        'With which providers do you have accounts? (they are tried in this order; routing.yaml changes it)',
        PROVIDERS.map((value) => ({ value, name: value, checked: value === 'twilio' }))
      )) ??
      missing('--provider')
  )
  const countries = countriesOf(
    flags.country ??
      (ask === null
        ? []
        : [
            await ask.input(
              'Where do your users have their phones? (ISO codes such as SE,US; empty: everywhere)',
              {
                check: (text) => faultOfCall(() => countriesOf([text]))
              }
            )
          ])
  )
  const senderName =
    (flags.senderName ??
      (await ask?.input('Which name shall phones show? (1 to 11 letters and digits; empty: a number)', {
        check: nameFault
      }))) ||
    null
  if (senderName !== null) hold(nameFault(senderName), '--sender-name')

  const numbers = numbersOf(flags.number ?? (ask === null ? [] : await askNumbers(providers, ask)), providers)
  const auth =
    flags.auth ??
    (await ask?.choose(
      'How shall Okta sign in?',
      HOOK_AUTHS.map((value) => ({ value, name: AUTH_NAMES[value] }))
    )) ??
    'basic'
  const oauth = auth === 'oauth' ? await readOAuth(flags, ask) : NO_OAUTH
  const hasNodes =
    flags.redis === true ||
    (ask !== null && (await ask.confirm('Will several nodes share a Redis or Valkey?')))
  return {
    publicUrl: new URL(publicUrl).origin,
    providers,
    countries,
    senderName,
    numbers,
    auth,
    oauth,
    redisUrl: hasNodes ? redisOf(io.env['REDIS_URL']) : null,
    credentials: await readCredentials(io, providers, ask)
  }
}

/** As the flag would say it: "twilio=+46701740605". */
async function askNumbers(providers: readonly ProviderName[], ask: Questions): Promise<readonly string[]> {
  const pairs: string[] = []
  for (const provider of providers) {
    const number = await ask.input(`A number that you bought at ${provider}? (with "+"; empty: later)`, {
      check: (text) => text === '' || faultOfCall(() => numbersOf([`${provider}=${text}`], providers))
    })
    if (number !== '') pairs.push(`${provider}=${number}`)
  }
  return pairs
}

const NO_OAUTH: InitAnswers['oauth'] = { issuer: '', audience: '', scope: '', clientId: '' }

async function readOAuth(flags: InitFlags, ask: Questions | null): Promise<InitAnswers['oauth']> {
  const issuer =
    flags.issuer ??
    (await ask?.input('The issuer of the authorization server?', {
      initial: 'https://example.okta.com/oauth2/default',
      check: issuerFault
    })) ??
    missing('--issuer')
  hold(issuerFault(issuer), '--issuer')
  const clientId =
    flags.clientId ?? (await ask?.input('The client ID of the app that Okta uses?')) ?? missing('--client-id')
  const audience =
    flags.audience ??
    (await ask?.input('Its audience? (Security > API shows it)', { initial: 'api://default' })) ??
    'api://default'
  const scope =
    flags.scope ?? (await ask?.input('The custom scope?', { initial: 'otp' })) ?? missing('--scope')
  for (const [name, value] of [
    ['--client-id', clientId],
    ['--audience', audience],
    ['--scope', scope]
  ] as const) {
    if (value === '' || !PLAIN.test(value)) {
      throw new CommandFault(`${name} has to be one word, as the authorization server shows it.`)
    }
  }
  return { issuer: issuer.replace(/\/+$/u, ''), audience, scope, clientId }
}

/** From the environment, so that no secret stands in a shell's history; else asked for, unseen. */
async function readCredentials(
  { env }: Pick<Io, 'env'>,
  providers: readonly ProviderName[],
  ask: Questions | null
): Promise<InitAnswers['credentials']> {
  const credentials: Record<string, string> = {}
  for (const { name } of providers.flatMap((provider) => CREDENTIALS[provider])) {
    const check = (text: string): true | string =>
      PLAIN.test(text) || 'It holds characters that no such credential has.'
    const given = env[name] || (await ask?.secret(`${name}? (empty: later)`, { check })) || ''
    hold(check(given), name)
    credentials[name] = given
  }
  return credentials
}

function missing(flag: string): never {
  throw new CommandFault(`${flag} is missing, and nobody is there to ask.`)
}

function hold(verdict: true | string, name: string): void {
  if (verdict !== true) throw new CommandFault(`${name}: ${verdict}`)
}

function faultOfCall(call: () => unknown): true | string {
  try {
    call()
    return true
  } catch (error) {
    if (error instanceof CommandFault) return error.message
    throw error
  }
}

function urlFault(text: string): true | string {
  const url = URL.parse(text)
  const isGood =
    url !== null && url.protocol === 'https:' && url.username + url.password + url.search + url.hash === ''
  return (
    (isGood && PLAIN.test(text)) ||
    'It has to be an https:// address without credentials and query: Okta calls nothing else.'
  )
}

function issuerFault(text: string): true | string {
  if (urlFault(text) !== true) return 'It has to be an https:// address.'
  return (
    /^\/oauth2\/[\w-]+\/*$/u.test(new URL(text).pathname) ||
    "It has to be a custom authorization server (/oauth2/default): nobody but Okta can check the org's own tokens."
  )
}

function nameFault(text: string): true | string {
  return (
    text === '' ||
    (/^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/u.test(text) && text === text.trim()) ||
    'A name has 1 to 11 letters, digits and spaces, at least one letter.'
  )
}

function providersOf(words: readonly string[]): readonly ProviderName[] {
  const given = [...new Set(words.flatMap(wordsIn).map((word) => word.toLowerCase()))]
  const unknown = given.find((word) => !PROVIDERS.some((name) => name === word))
  if (unknown !== undefined) {
    throw new CommandFault(`There is no provider "${unknown}": ${PROVIDERS.join(', ')}.`)
  }
  if (given.length === 0) throw new CommandFault(`Name one of ${PROVIDERS.join(', ')} at least.`)
  return given as ProviderName[]
}

function countriesOf(words: readonly string[]): readonly Country[] {
  return [
    ...new Set(
      words.flatMap(wordsIn).map((word) => {
        const code = word.toUpperCase()
        if (isCountry(code)) return code
        const meant = suggestPlace(word, [])
        throw new CommandFault(
          `"${word}" is no ISO country code${meant === undefined ? '' : `: did you mean ${meant}?`}`
        )
      })
    )
  ]
}

function numbersOf(
  pairs: readonly string[],
  providers: readonly ProviderName[]
): Partial<Record<ProviderName, string>> {
  const numbers: Partial<Record<ProviderName, string>> = {}
  for (const pair of pairs) {
    const [name = '', number = ''] = pair.split('=')
    const provider = providers.find((one) => one === name)
    const phone = parsePhone(number)
    if (provider === undefined || phone === undefined || phone.extension !== null) {
      throw new CommandFault('--number is written as twilio=+46701740605, with a provider that is named.')
    }
    numbers[provider] = phone.e164
  }
  return numbers
}

function redisOf(url: string | undefined): string {
  const given = url || 'redis://127.0.0.1:6379'
  if (!PLAIN.test(given) || !/^rediss?:\/\//u.test(given)) {
    throw new CommandFault('REDIS_URL is no redis:// or rediss:// URL.')
  }
  return given
}

function wordsIn(text: string): readonly string[] {
  return text.split(/[\s,]+/u).filter((word) => word !== '')
}
