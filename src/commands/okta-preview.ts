import { randomUUID } from 'node:crypto'
import { isLoopback } from '../door/address.ts'
import { CommandFault, STATUS, type Io, type Status } from './command.ts'
import { askFirst } from './confirm.ts'
import { countInWords, findingInWords, problem, type Finding } from './findings.ts'
import { readHookHeader, readTokenSource, usualAuth, type HookAuth, type TokenSource } from './hook-caller.ts'
import { exchangeJson, transportInWords, type JsonAnswer } from './json-exchange.ts'
import { judgeAnswer, OKTA_WAITS_MS } from './okta-judge.ts'
import { hideSecrets, readSecret } from './secrets.ts'

export const REQUEST_TYPES = {
  enrollment: 'com.okta.user.telephony.pre-enrollment',
  sign_in: 'com.okta.user.telephony.mfa-verification',
  unlock: 'com.okta.user.telephony.account-unlock',
  password_reset: 'com.okta.user.telephony.password-reset'
} as const

export type PreviewFlow = keyof typeof REQUEST_TYPES

export interface PreviewOptions {
  readonly url: URL
  /** Okta's placeholder, where it is left out. */
  readonly to: string | undefined
  readonly channel: 'sms' | 'voice'
  readonly locale: string
  readonly flow: PreviewFlow
  readonly auth: HookAuth | undefined
  readonly clientId: string | undefined
  readonly tokenUrl: string | undefined
  readonly scope: string | undefined
  readonly yes: boolean
  readonly json: boolean
}

/** What Okta's Preview sends for a user without a phone. */
const PLACEHOLDER = '9876543210'
const CODE = '11111'
const LIFE_MS = 294_321

/** Longer than Okta, so that an answer that comes too late is told from one that does not come. */
const WITHIN_MS = 10_000

/** Sends what Okta's Preview would, signed in as Okta would be, and judges the answer as Okta would. */
export async function preview(
  io: Pick<
    Io,
    'print' | 'complain' | 'questions' | 'fetch' | 'env' | 'readFile' | 'now' | 'monotonic' | 'colour'
  >,
  options: PreviewOptions
): Promise<Status> {
  const { url, to, channel, json } = options
  const isPrivate = isLoopback(url.hostname)
  if (url.protocol !== 'https:' && !isPrivate) {
    throw new CommandFault('The credentials travel there: over https:// only, or to this machine.')
  }
  const signIn = await headersOf(io, options)
  if (to !== undefined) {
    const kind = channel === 'sms' ? 'text message' : 'call'
    const question = `A live gateway really sends a ${kind} with the code ${CODE} to ${to}. Go on?`
    const ended = await askFirst(io, { question, yes: options.yes })
    if (ended !== null) return ended
  }
  const answer = await exchangeJson(io, url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...signIn.headers },
    body: JSON.stringify(previewRequest(options, io.now())),
    withinMs: WITHIN_MS
  })
  const findings = findingsOf(answer, url).map((finding) => ({
    ...finding,
    what: hideSecrets(finding.what, signIn.secrets)
  }))
  if (json) {
    io.print(`${JSON.stringify({ url: url.href, flow: options.flow, channel, findings }, null, 2)}\n`)
  } else {
    io.print(`POST ${url.href}, as Okta's Preview would (${signIn.inWords})\n`)
    for (const finding of findings) io.print(findingInWords(finding, io))
    io.print(`${countInWords(findings)}\n`)
  }
  return findings.some(({ level }) => level === 'problem') ? STATUS.findings : STATUS.fine
}

function findingsOf(answer: JsonAnswer, { host }: URL): readonly Finding[] {
  if (answer.kind === 'no_answer') {
    const what =
      answer.cause === 'timeout'
        ? `no answer within ${WITHIN_MS} ms: Okta has hung up after ${OKTA_WAITS_MS}`
        : `${host}: ${transportInWords(answer.cause)}`
    return [problem('reach', what, 'switchboard doctor looks at the whole way')]
  }
  const { status, headers, text, elapsedMs } = answer
  return judgeAnswer({ status, contentType: headers.get('content-type'), text, elapsedMs })
}

interface Caller {
  readonly headers: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly inWords: string
}

async function headersOf(
  io: Pick<Io, 'env' | 'readFile' | 'fetch' | 'monotonic'>,
  options: PreviewOptions
): Promise<Caller> {
  const auth = options.auth ?? usualAuth(io)
  if (auth === 'oauth') return await tokenOf(io, readTokenSource(io, options))
  const header = readHookHeader(io, auth)
  if (header === null) {
    throw new CommandFault(
      auth === 'header'
        ? 'OKTA_HEADER_NAME and OKTA_HEADER_SECRETS are missing: the header that the gateway takes.'
        : 'OKTA_BASIC_AUTH is missing: the pair user:password that the gateway takes. --env-file .env reads it where init has written it.'
    )
  }
  const { name, value, source } = header
  return {
    headers: { [name]: value },
    secrets: [value, value.replace(/^Basic /u, '')],
    inWords: `${name} of ${source}`
  }
}

/** As Okta does for `client_secret_post`. Its hook key never leaves Okta, so that the other way cannot be tried from here. */
async function tokenOf(
  io: Pick<Io, 'env' | 'readFile' | 'fetch' | 'monotonic'>,
  { clientId, tokenUrl, scope }: TokenSource
): Promise<Caller> {
  const secret = readSecret(io, 'OKTA_HOOK_CLIENT_SECRET')
  if (secret === null || clientId === undefined || tokenUrl === undefined || scope === undefined) {
    throw new CommandFault(
      'With OAuth 2.0 it needs OKTA_HOOK_CLIENT_SECRET, and the settings OKTA_OAUTH_... or --client-id, --token-url and --scope. A hook with a hook key (private_key_jwt) can be tried by Okta alone: Workflow > Inline Hooks > Preview.'
    )
  }
  const url = URL.parse(tokenUrl)
  if (url === null) throw new CommandFault('--token-url is no address.')
  const answer = await exchangeJson(io, url, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope,
      client_id: clientId,
      client_secret: secret
    }).toString()
  })
  const fields =
    answer.kind === 'answered' ? (answer.json as { readonly access_token?: unknown } | null) : null
  const token = fields?.access_token
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/u.test(token)) {
    const why =
      answer.kind === 'answered' ? `it answered with HTTP ${answer.status}` : transportInWords(answer.cause)
    throw new CommandFault(`The authorization server at ${url.host} gives no token: ${why}.`)
  }
  return {
    headers: { authorization: `Bearer ${token}` },
    secrets: [token, secret],
    inWords: `a token of ${url.host}`
  }
}

/** https://developer.okta.com/docs/reference/telephony-hook/: every sample there is a request of Preview. */
function previewRequest(
  { to, channel, locale, flow }: Pick<PreviewOptions, 'to' | 'channel' | 'locale' | 'flow'>,
  nowMs: number
): object {
  const atMs = Math.floor(nowMs / 1_000) * 1_000
  return {
    eventId: randomUUID().replaceAll('-', '').slice(0, 22),
    eventTime: new Date(atMs).toISOString(),
    eventType: 'com.okta.telephony.provider',
    eventTypeVersion: '1.0',
    contentType: 'application/json',
    cloudEventVersion: '0.1',
    source: 'https://switchboard-preview.okta.com/api/v1/inlineHooks/calPreview',
    requestType: REQUEST_TYPES[flow],
    data: {
      context: {
        request: {
          id: `reqPreview${randomUUID().slice(0, 8)}`,
          method: 'POST',
          url: { value: '/api/internal/v1/inlineHooks/com.okta.telephony.provider/generatePreview' },
          ipAddress: '127.0.0.1'
        }
      },
      userProfile: {
        firstName: 'test',
        lastName: 'user',
        login: 'test.user@example.com',
        userId: `00uPreview${randomUUID().slice(0, 8)}`
      },
      messageProfile: {
        ...(channel === 'sms' ? { msgTemplate: `(HOOK)Your code is ${CODE}` } : {}),
        phoneNumber: to ?? PLACEHOLDER,
        otpExpires: new Date(atMs + LIFE_MS).toISOString(),
        deliveryChannel: channel === 'sms' ? 'SMS' : 'voice call',
        otpCode: CODE,
        locale
      }
    }
  }
}
