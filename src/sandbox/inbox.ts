import type { Channel } from '../domain/message.ts'

export const SANDBOX_PROVIDERS = ['twilio', 'vonage', 'messagebird'] as const
export type SandboxProvider = (typeof SANDBOX_PROVIDERS)[number]

/** What a phone of the sandbox received. */
export interface InboxMessage {
  /** The vendor's transaction id, as its answer had it. */
  readonly id: string
  readonly provider: SandboxProvider
  readonly channel: Channel
  /** E.164 with its "+". */
  readonly to: string
  /** What the phone shows as the sender, as the request had it. */
  readonly from: string
  /** The text of an SMS, or what a call says, in words. */
  readonly text: string
  /** What a call says as the request had it: TwiML, an NCCO as JSON, or a body. Null for an SMS. */
  readonly spoken: string | null
  /** The language of a call, as the vendor calls it. Null for an SMS. */
  readonly language: string | null
  /** What is dialled once a call is answered. */
  readonly extension: string | null
  /** How long the vendor may keep trying, in ms. Null where the request left it to the vendor. */
  readonly validityMs: number | null
  /** ISO 8601. */
  readonly at: string
}

/** A message on its way to a phone. */
export type Delivery = Omit<InboxMessage, 'provider' | 'channel' | 'at'>

export interface Inbox {
  readonly add: (message: InboxMessage) => void
  /** Newest last. */
  readonly all: () => readonly InboxMessage[]
  readonly clear: () => void
}

/** Keeps the newest `limit` messages. */
export function createInbox(limit: number): Inbox {
  const messages: InboxMessage[] = []
  return {
    add: (message) => {
      messages.push(message)
      if (messages.length > limit) messages.shift()
    },
    all: () => messages.slice(),
    clear: () => {
      messages.length = 0
    }
  }
}
