import { MESSAGEBIRD_BASE_URL } from '../providers/messagebird/messagebird.ts'
import type { ProviderSettings } from '../providers/registry.ts'
import { TWILIO_BASE_URL } from '../providers/twilio/twilio.ts'
import { VONAGE_API_URL, VONAGE_REST_URL } from '../providers/vonage/vonage.ts'
import { missing, type SettingFault } from './fault.ts'
import { SECRET_NAMES, type SettingName, type Values } from './variables.ts'

/** A provider, or a channel of it, that cannot be used for want of credentials. */
export interface Unavailable {
  readonly provider: string
  readonly channels: readonly ('sms' | 'voice')[]
  readonly missing: readonly string[]
}

const CREDENTIALS = SECRET_NAMES.filter((name) => /^(TWILIO|VONAGE|MESSAGEBIRD)_/u.test(name))
const BASE_URLS = [
  'TWILIO_BASE_URL',
  'VONAGE_REST_URL',
  'VONAGE_API_URL',
  'MESSAGEBIRD_BASE_URL'
] as const satisfies readonly SettingName[]

/** The providers are played unless somebody has credentials, or says so. */
export function isSandbox(values: Values): boolean {
  return (
    values.SANDBOX === 'on' ||
    (values.SANDBOX !== 'off' && CREDENTIALS.every((name) => values[name] === undefined))
  )
}

/** What would go to real providers, where they are played. */
export function sandboxFaults(values: Values): readonly SettingFault[] {
  const why = 'has no place in the sandbox, which plays the providers itself'
  return [
    ...CREDENTIALS.filter((name) => values[name] !== undefined).map((name) => ({
      name,
      message: `${why}: remove it, or set SANDBOX=off to send real messages`
    })),
    ...BASE_URLS.filter((name) => values[name] !== undefined).map((name) => ({
      name,
      message: `${why}: remove it, or give that provider's credentials as well`
    }))
  ]
}

/** What is missing to reach real ones. */
export function credentialFaults(values: Values): readonly SettingFault[] {
  const faults: SettingFault[] = []
  if (CREDENTIALS.every((name) => values[name] === undefined)) {
    const message =
      'no provider has credentials. Give those of Twilio, Vonage (VONAGE_API_KEY and so on) or MessageBird (MESSAGEBIRD_ACCESS_KEY)'
    faults.push(missing('TWILIO_ACCOUNT_SID', message))
  }
  faults.push(...twilioFaults(values))
  for (const [one, other, what] of PAIRS) {
    if ((values[one] === undefined) === (values[other] === undefined)) continue
    const [present, absent] = values[one] === undefined ? [other, one] : [one, other]
    faults.push(missing(absent, `${present} is set, and ${what} needs both`))
  }
  return faults
}

const PAIRS = [
  ['TWILIO_API_KEY', 'TWILIO_API_SECRET', 'an API key of Twilio'],
  ['VONAGE_API_KEY', 'VONAGE_API_SECRET', 'SMS by Vonage'],
  ['VONAGE_APPLICATION_ID', 'VONAGE_PRIVATE_KEY', 'voice by Vonage']
] as const

function twilioFaults(values: Values): readonly SettingFault[] {
  const {
    TWILIO_ACCOUNT_SID: sid,
    TWILIO_AUTH_TOKEN: token,
    TWILIO_API_KEY: key,
    TWILIO_API_SECRET: secretOfKey
  } = values
  if (sid === undefined && (token ?? key ?? secretOfKey) !== undefined) {
    return [missing('TWILIO_ACCOUNT_SID', 'other credentials of Twilio are set, and none works without it')]
  }
  if (sid !== undefined && (token ?? key ?? secretOfKey) === undefined) {
    return [
      missing('TWILIO_AUTH_TOKEN', 'TWILIO_ACCOUNT_SID needs it, or TWILIO_API_KEY and TWILIO_API_SECRET')
    ]
  }
  return []
}

/** The accounts that can be used, and what cannot. */
export function providersOf(values: Values): {
  readonly providers: ProviderSettings
  readonly unavailable: readonly Unavailable[]
} {
  const {
    TWILIO_ACCOUNT_SID: accountSid,
    TWILIO_AUTH_TOKEN: authToken,
    TWILIO_API_KEY: apiKey,
    TWILIO_API_SECRET: apiSecret,
    VONAGE_API_KEY: vonageKey,
    VONAGE_API_SECRET: vonageSecret,
    VONAGE_APPLICATION_ID: applicationId,
    VONAGE_PRIVATE_KEY: privateKey,
    MESSAGEBIRD_ACCESS_KEY: accessKey
  } = values
  const unavailable: Unavailable[] = []

  const twilioKey = apiKey !== undefined && apiSecret !== undefined ? { apiKey, apiSecret } : null
  const twilioAuth = twilioKey ?? (authToken === undefined ? null : { authToken })
  const twilio =
    accountSid === undefined || twilioAuth === null
      ? null
      : { accountSid, ...twilioAuth, baseUrl: values.TWILIO_BASE_URL ?? TWILIO_BASE_URL }
  if (twilio === null) {
    unavailable.push({ provider: 'twilio', channels: ['sms', 'voice'], missing: ['TWILIO_ACCOUNT_SID'] })
  }

  const sms =
    vonageKey !== undefined && vonageSecret !== undefined
      ? { apiKey: vonageKey, apiSecret: vonageSecret }
      : null
  const voice = applicationId !== undefined && privateKey !== undefined ? { applicationId, privateKey } : null
  const restUrl = values.VONAGE_REST_URL ?? VONAGE_REST_URL
  const apiUrl = values.VONAGE_API_URL ?? VONAGE_API_URL
  const vonage = sms === null && voice === null ? null : { sms, voice, restUrl, apiUrl }
  if (sms === null) unavailable.push({ provider: 'vonage', channels: ['sms'], missing: ['VONAGE_API_KEY'] })
  if (voice === null) {
    unavailable.push({ provider: 'vonage', channels: ['voice'], missing: ['VONAGE_APPLICATION_ID'] })
  }

  const messagebird =
    accessKey === undefined
      ? null
      : { accessKey, baseUrl: values.MESSAGEBIRD_BASE_URL ?? MESSAGEBIRD_BASE_URL }
  if (messagebird === null) {
    unavailable.push({
      provider: 'messagebird',
      channels: ['sms', 'voice'],
      missing: ['MESSAGEBIRD_ACCESS_KEY']
    })
  }
  return { providers: { twilio, vonage, messagebird }, unavailable }
}
