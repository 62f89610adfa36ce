import type { Channel, Flow, OtpRequest } from '../domain/message.ts'
import { parsePhone, type Country } from '../domain/phone.ts'
import { isHookBody, type HookBody } from './hook-body.ts'

/** Why a request that could be read was not understood. */
export type Misunderstanding =
  | 'wrong_shape'
  | 'unknown_channel'
  | 'invalid_phone_number'
  | 'invalid_code'
  | 'missing_code'
  | 'invalid_text'

export type ReadRequest =
  | {
      readonly kind: 'understood'
      readonly request: OtpRequest
      /** It came as a JSON number, which may have cost it leading zeros. */
      readonly codeAsNumber: boolean
    }
  | {
      readonly kind: 'not_understood'
      readonly reason: Misunderstanding
      readonly channel: Channel | null
      readonly ids: RequestIds
      readonly preview: boolean
    }

/** Okta's ids as far as they can be read: safe to log, and to send back. */
export type RequestIds = Pick<OtpRequest, 'eventId' | 'oktaRequestId'>

/** Okta's codes live for 5 minutes; the hook's own fields say so in every sample that has them. */
const DEFAULT_LIFE_MS = 5 * 60_000

/** Ten segments: more than any template that Okta lets an admin write (160 characters). */
const LONGEST_TEXT = 1_530

const CODE = /^[0-9A-Za-z]{1,16}$/u

/** Control characters but tab and line breaks, and the marks that reverse a text's direction. */
// oxlint-disable-next-line no-control-regex
const UNFIT_FOR_TEXT = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u

const FLOW_BY_REQUEST_TYPE: Readonly<Record<string, Flow>> = {
  'com.okta.user.telephony.pre-enrollment': 'enrollment',
  'com.okta.user.telephony.mfa-verification': 'sign_in',
  'com.okta.user.telephony.account-unlock': 'unlock',
  'com.okta.user.telephony.password-reset': 'password_reset'
}

/** How every request of Okta's Preview can be told. */
const PREVIEW_URL = /\/generatePreview$/u

/**
 * Reads Okta's request: lenient where Okta is loose, strict where a wrong guess would send something
 * wrong. What it does not need it does not look at.
 *
 * @param defaultCountry the country of numbers written without "+".
 * @param otherwiseOrg the org of requests that name none.
 */
export function readRequest(
  body: unknown,
  defaultCountry: Country | null,
  otherwiseOrg: string | null = null
): ReadRequest {
  const nothing = { eventId: null, oktaRequestId: null }
  if (!isHookBody(body)) {
    return { kind: 'not_understood', reason: 'wrong_shape', channel: null, ids: nothing, preview: false }
  }

  const { context, messageProfile: profile, userProfile } = body.data
  const ids = { eventId: readId(body.eventId), oktaRequestId: readId(context?.request?.id) }
  const preview = PREVIEW_URL.test(readText(context?.request?.url?.value) ?? '')
  const channel = readChannel(readText(profile.deliveryChannel) ?? '')
  const no = (reason: Misunderstanding): ReadRequest => ({
    kind: 'not_understood',
    reason,
    channel,
    ids,
    preview
  })

  if (channel === null) return no('unknown_channel')

  const phone = parsePhone(readText(profile.phoneNumber) ?? '', defaultCountry)
  if (phone === undefined) return no('invalid_phone_number')

  const template = readText(profile.msgTemplate)
  const text = channel === 'sms' ? template : null
  if (text !== null && (text.length > LONGEST_TEXT || UNFIT_FOR_TEXT.test(text))) return no('invalid_text')

  const code = readCode(profile.otpCode, template)
  if (code !== null && !CODE.test(code)) return no('invalid_code')
  if (code === null && text === null) return no('missing_code')

  const request: OtpRequest = {
    ...ids,
    phone,
    channel,
    flow: FLOW_BY_REQUEST_TYPE[readText(body.requestType) ?? readText(profile.eventAction) ?? ''] ?? null,
    locale: readLocale(profile.locale),
    code,
    text,
    lifeMs: readLifeMs(body),
    org: orgOf(body) ?? otherwiseOrg,
    userId: readText(userProfile?.userId),
    preview
  }
  return { kind: 'understood', request, codeAsNumber: typeof profile.otpCode === 'number' }
}

/** Every spelling of the voice channel that Okta's pages have used: `CALL`, `voice call`, `voice`. */
function readChannel(written: string): Channel | null {
  const channel = written.toLowerCase()
  if (channel === 'sms') return 'sms'
  return /voice|call|phone/u.test(channel) ? 'voice' : null
}

/** White space around a value is forgiven; an empty one is none. */
function readText(value: string | number | null | undefined): string | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : null
  const text = value?.trim() ?? ''
  return text === '' ? null : text
}

/** An id is passed on and logged, so that only what looks like one is kept. */
function readId(value: string | number | null | undefined): string | null {
  const id = readText(value)
  return id !== null && /^[\w.:-]{1,64}$/u.test(id) ? id : null
}

/**
 * A code that came as a number has lost its leading zeros. Where the rendered text still shows it with
 * them, that is what the user has to type.
 */
function readCode(value: string | number | null | undefined, template: string | null): string | null {
  const code = readText(value)
  if (code === null || typeof value !== 'number' || template === null) return code
  return (
    template.match(/\d+/gu)?.find((digits) => /^0+/u.test(digits) && digits.replace(/^0+/u, '') === code) ??
    code
  )
}

/** Language, script and region, which are all that is matched; nothing else of it is kept or logged. */
const LOCALE = /^[a-z]{2,3}(?:[-_][a-z]{4})?(?:[-_](?:[a-z]{2}|\d{3}))?(?=$|[-_])/iu

function readLocale(value: string | number | null | undefined): string | null {
  return LOCALE.exec(readText(value) ?? '')?.[0].replaceAll('_', '-') ?? null
}

/** `otpExpires` less `eventTime`: two readings of Okta's clock, so that ours does not matter. */
function readLifeMs({ eventTime, data }: HookBody): number {
  const lifeMs =
    Date.parse(readText(data.messageProfile.otpExpires) ?? '') - Date.parse(readText(eventTime) ?? '')
  return Number.isNaN(lifeMs) ? DEFAULT_LIFE_MS : lifeMs
}

/** The Okta domain that a request says it is of, whatever else is in it; null where it says none that can be read. */
export function orgOf(body: unknown): string | null {
  const source = typeof body === 'object' && body !== null && 'source' in body ? body.source : null
  if (typeof source !== 'string' || !URL.canParse(source.trim())) return null
  const { hostname } = new URL(source.trim())
  return /^[a-z0-9.-]{1,253}$/u.test(hostname) ? hostname : null
}
