import type { Channel, OutboundMessage } from '../domain/message.ts'
import type { Outcome } from '../domain/outcome.ts'

export const PROVIDER_NAMES = ['twilio', 'vonage', 'messagebird'] as const
export type ProviderName = (typeof PROVIDER_NAMES)[number]

export interface Limits {
  /**
   * From now, in ms: the request's body is on the wire by then, or the attempt ends as `not_reached`
   * with nothing sent. No queue in front of a socket may outlive it.
   */
  readonly startWithinMs: number
  /** From now, in ms: whatever was sent is given up by then, as `no_answer`. */
  readonly endWithinMs: number
  /** Aborted, it ends at once: as `not_reached` where nothing was written, else as `no_answer`. */
  readonly signal?: AbortSignal
}

/** A vendor's account that carries messages. */
export interface Provider {
  readonly name: ProviderName
  /** What its credentials and its API allow. */
  readonly channels: ReadonlySet<Channel>
  /** One call to the vendor, never a second. Never rejects but for bugs: a vendor's no is a value. */
  readonly send: (message: OutboundMessage, limits: Limits) => Promise<Outcome>
  /** Opens connections, or keeps them open, without sending anything. Never rejects. */
  readonly warm: () => Promise<void>
  readonly close: () => Promise<void>
}
