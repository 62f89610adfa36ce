import type { Channel } from './message.ts'
import type { Country } from './phone.ts'

/** A person's word that a provider is not to be used. It beats the machine, and the machine never undoes it. */
export interface Override {
  /** Made when it is set: "twilio-sms-se" by what it covers, so that setting it again replaces it. */
  readonly id: string
  readonly provider: string
  /** Null: both. */
  readonly channel: Channel | null
  /** The country that rules match; null: all. */
  readonly country: Country | null
  /** A ticket or a sentence, for the next person. */
  readonly why: string
  readonly by: string
  /** Ms since 1970. */
  readonly setAt: number
  /** Ms since 1970: it ends then, by itself. At most {@link LONGEST_OVERRIDE_MS} after `setAt`. */
  readonly until: number
}

/** Seven days, in ms. What has to last longer belongs in the rules file. */
export const LONGEST_OVERRIDE_MS = 7 * 24 * 60 * 60_000

/** What a decision asks about. */
export interface Use {
  readonly provider: string
  readonly channel: Channel
  readonly country: Country | null
}

/** Does it hold for this use? An override for one country leaves numbers without a country alone. */
export function covers(override: Override, { provider, channel, country }: Use): boolean {
  return (
    override.provider === provider &&
    (override.channel === null || override.channel === channel) &&
    (override.country === null || override.country === country)
  )
}
