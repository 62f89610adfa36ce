import type { Channel, Flow } from './message.ts'
import type { Phone } from './phone.ts'

/** Everything that a decision may know of a request. */
export interface Facts {
  readonly channel: Channel
  readonly phone: Phone
  readonly flow: Flow | null
  readonly locale: string | null
  readonly org: string | null
  /** Ms since 1970: rules may have an end. */
  readonly atMs: number
  /** Who it is for, user and number: one person keeps one arm of a split. */
  readonly person: string
  /** On a resend, the provider that had the code before, where it is to come last; else null. */
  readonly triedLast: string | null
}
