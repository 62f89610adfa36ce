import type { E164, Phone } from './phone.ts'

export const CHANNELS = ['sms', 'voice'] as const
export type Channel = (typeof CHANNELS)[number]

/** What the user is doing while waiting for the code. */
export const FLOWS = ['enrollment', 'sign_in', 'unlock', 'password_reset'] as const
export type Flow = (typeof FLOWS)[number]

/** Okta's request, understood. Nothing behind it knows Okta's JSON. */
export interface OtpRequest {
  /** Null where the request carried none: then nothing can tell that it came twice. */
  readonly eventId: string | null
  /** Okta's id of the API request that caused it: joins our log with Okta's System Log. */
  readonly oktaRequestId: string | null
  readonly phone: Phone
  readonly channel: Channel
  readonly flow: Flow | null
  /** BCP-47, as sent. Null where none was sent. */
  readonly locale: string | null
  /** 1 to 16 letters or digits. Null only for an SMS whose text came rendered, without the code beside it. */
  readonly code: string | null
  /** Okta's rendered text of an SMS. */
  readonly text: string | null
  /** How long the code still lives, counted from arrival. Zero or less: it is over. */
  readonly lifeMs: number
  /** The Okta domain that sent it, in lower case. */
  readonly org: string | null
  readonly userId: string | null
  /** Sent by Okta's Preview: a dummy code, but a real message. */
  readonly preview: boolean
}

export const SENDER_KINDS = ['alphanumeric', 'number', 'short_code', 'messaging_service'] as const
export type SenderKind = (typeof SENDER_KINDS)[number]

/** Who the message comes from. */
export interface Sender {
  readonly name: string
  readonly kind: SenderKind
  readonly value: string
}

interface Outbound {
  readonly to: E164
  readonly sender: Sender
}

export interface OutboundSms extends Outbound {
  readonly channel: 'sms'
  readonly text: string
  /** How long the message is worth delivering, in ms; more than 0. Vendors round it into their own range. */
  readonly validityMs: number
}

export interface OutboundCall extends Outbound {
  readonly channel: 'voice'
  /** Digits to dial once the call is answered. */
  readonly extension: string | null
  readonly script: CallScript
}

export type OutboundMessage = OutboundSms | OutboundCall

/** What a call says, in one language: `intro`, the code's characters one by one, `again`, and once more. */
export interface CallScript {
  /** A language of our texts: "en", "pt", "zh". */
  readonly language: string
  /** The language as the user's locale named it, BCP-47 ("pt-BR"), for the choice of a voice. */
  readonly locale: string
  readonly intro: string
  readonly again: string
  readonly characters: readonly string[]
}
