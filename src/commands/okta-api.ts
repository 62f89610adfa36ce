import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { isLoopback } from '../door/address.ts'
import { CommandFault, type Io } from './command.ts'
import { exchangeJson, transportInWords, type JsonAnswer } from './json-exchange.ts'
import type { OktaSignIn } from './okta-sign-in.ts'
import { hideSecrets } from './secrets.ts'

export const HOOK_TYPE = 'com.okta.telephony.provider'

const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]))

/** An inline hook as Okta shows it: never with its secret. */
const Hook = Type.Object({
  id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  name: Type.String(),
  status: Type.String(),
  type: Type.String(),
  lastUpdated: Text,
  metadata: Type.Optional(Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()])),
  channel: Type.Object({
    type: Type.String(),
    config: Type.Object({
      uri: Type.String(),
      headers: Type.Optional(Type.Union([Type.Array(Type.Unknown()), Type.Null()])),
      authScheme: Type.Optional(Type.Union([Type.Object({ key: Text }), Type.Null()])),
      authType: Text,
      clientId: Text,
      tokenUrl: Text,
      scope: Text,
      hookKeyId: Text
    })
  })
})
export type Hook = Static<typeof Hook>

const OktaError = Type.Object({
  errorCode: Type.String(),
  errorSummary: Type.Optional(Type.String()),
  errorCauses: Type.Optional(Type.Array(Type.Object({ errorSummary: Type.Optional(Type.String()) })))
})

export interface OktaApi {
  /** The telephony hooks of the org. */
  readonly list: () => Promise<readonly Hook[]>
  /** Registers it, active at once. */
  readonly create: (hook: object) => Promise<Hook>
  readonly replace: (id: string, hook: object) => Promise<Hook>
  readonly activate: (id: string) => Promise<Hook>
  readonly deactivate: (id: string) => Promise<Hook>
}

/**
 * Okta's Inline Hooks Management API, as far as a telephony hook needs it. What it does not grant ends the command, in
 * words. Nothing is repeated. https://developer.okta.com/docs/api/openapi/okta-management/management/tag/InlineHook/
 */
export function createOktaApi(
  io: Pick<Io, 'fetch' | 'monotonic'>,
  orgUrl: URL,
  signIn: OktaSignIn,
  secrets: readonly string[]
): OktaApi {
  const hide = (text: string): string => hideSecrets(text, [...signIn.secrets(), ...secrets])

  async function ask(method: string, path: string, body?: object): Promise<unknown> {
    const url = new URL(path, orgUrl)
    const signed = await signIn.headersFor(method, url)
    if (signed.kind === 'refused') throw new CommandFault(signInFault(signed.answer, signIn, orgUrl, hide))
    const answer = await exchangeJson(io, url, {
      method,
      headers: {
        ...signed.headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    if (answer.kind === 'answered' && answer.status >= 200 && answer.status < 300) return answer.json
    throw new CommandFault(faultInWords(answer, signIn, orgUrl, hide))
  }

  async function one(method: string, path: string, body?: object): Promise<Hook> {
    const hook = await ask(method, path, body)
    if (!Value.Check(Hook, hook)) throw new CommandFault(strange(orgUrl))
    return hook
  }

  return {
    async list() {
      const hooks = await ask('GET', `/api/v1/inlineHooks?type=${HOOK_TYPE}`)
      if (!Value.Check(Type.Array(Hook), hooks)) throw new CommandFault(strange(orgUrl))
      return hooks.filter(({ type }) => type === HOOK_TYPE)
    },
    create: (hook) => one('POST', '/api/v1/inlineHooks', hook),
    replace: (id, hook) => one('PUT', `/api/v1/inlineHooks/${id}`, hook),
    activate: (id) => one('POST', `/api/v1/inlineHooks/${id}/lifecycle/activate`),
    deactivate: (id) => one('POST', `/api/v1/inlineHooks/${id}/lifecycle/deactivate`)
  }
}

/**
 * The org's address, without what people paste along.
 *
 * @throws CommandFault where it is missing or no address of an org.
 */
export function readOrgUrl({ env }: Pick<Io, 'env'>): URL {
  const given = env['OKTA_ORG_URL'] ?? ''
  if (given === '') {
    throw new CommandFault("OKTA_ORG_URL is missing: your org's address, such as https://example.okta.com.")
  }
  const url = URL.parse(given.includes('://') ? given : `https://${given}`)
  if (
    url === null ||
    (url.protocol !== 'https:' && !isLoopback(url.hostname)) ||
    url.username + url.password !== ''
  ) {
    throw new CommandFault('OKTA_ORG_URL is no https:// address of an org.')
  }
  if (/-admin\.(?:okta|oktapreview|okta-emea|okta-gov)\.com$/u.test(url.hostname)) {
    throw new CommandFault(
      `OKTA_ORG_URL is the address of the admin console. The org's own is https://${url.hostname.replace('-admin.', '.')}.`
    )
  }
  return new URL(url.origin)
}

type Hide = (text: string) => string

function faultInWords(answer: JsonAnswer, signIn: OktaSignIn, { host }: URL, hide: Hide): string {
  if (answer.kind === 'no_answer') return `${host}: ${transportInWords(answer.cause)}.`
  const { status, json, headers } = answer
  if (!Value.Check(OktaError, json)) {
    return status >= 300 && status < 400
      ? `${host} sends elsewhere (HTTP ${status}): OKTA_ORG_URL has to be the org's own address.`
      : `${host} answered with HTTP ${status}, and not as Okta does. Is OKTA_ORG_URL the address of an org?`
  }
  const code = clean(json.errorCode, hide)
  const said = [json.errorSummary, ...(json.errorCauses ?? []).map(({ errorSummary }) => errorSummary)]
    .filter((one) => one !== undefined && one !== '')
    .map((one) => clean(one ?? '', hide))
  return `${meaningOf(status, headers, signIn)}\nOkta says (HTTP ${status}, ${code}): ${said.join(' ') || 'nothing more'}`
}

function meaningOf(status: number, headers: Headers, { inWords }: OktaSignIn): string {
  switch (status) {
    case 400:
      return 'Okta does not take it as it is.'
    case 401:
      return `Okta does not know ${inWords}: it was mistyped, revoked, or has expired (a token does after 30 days without use).`
    case 403:
      return `${inWords[0]?.toUpperCase()}${inWords.slice(1)} may not do that: whoever made the token needs a role that manages inline hooks (a super admin does); a service app needs such a role and the scope okta.inlineHooks.manage.`
    case 404:
      return 'There is no such hook any more. Look again: switchboard okta status'
    case 409:
      return 'Somebody else changed it meanwhile. Look again: switchboard okta status'
    case 429:
      return `Too many requests to Okta's API${untilOf(headers)}. Nothing is repeated here: try again then.`
    default:
      return status >= 500 ? 'Okta is in trouble: try again in a moment.' : 'Okta refused.'
  }
}

/** https://developer.okta.com/docs/reference/rl-best-practices/: seconds since 1970. */
function untilOf(headers: Headers): string {
  const seconds = Number(headers.get('x-rate-limit-reset') ?? Number.NaN)
  return Number.isSafeInteger(seconds) && seconds > 0 && seconds < 1e11
    ? ` until ${new Date(seconds * 1_000).toISOString()}`
    : ''
}

function signInFault(answer: JsonAnswer, { inWords }: OktaSignIn, { host }: URL, hide: Hide): string {
  if (answer.kind === 'no_answer') return `${host}: ${transportInWords(answer.cause)}.`
  const { error, error_description: description } = (answer.json ?? {}) as Readonly<Record<string, unknown>>
  if (typeof error !== 'string') {
    return `${host} answered with HTTP ${answer.status} when it was asked for a token, and not as Okta does.`
  }
  const why = typeof description === 'string' ? `: ${clean(description, hide)}` : ''
  return `Okta gives no token to ${inWords}. Is its key registered with the app, is the scope okta.inlineHooks.manage granted, and does this machine's clock go right?\nOkta says (HTTP ${answer.status}): ${clean(error, hide)}${why}`
}

function strange({ host }: URL): string {
  return `${host} answered with something that is no inline hook.`
}

const LONGEST = 300

/** Words of somebody else, as one line without what could do harm on a terminal. */
function clean(text: string, hide: Hide): string {
  return hide(text)
    .replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .trim()
    .slice(0, LONGEST)
}
