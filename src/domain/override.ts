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

/** A minute, in ms: what is over sooner nobody notices. */
const SHORTEST_OVERRIDE_MS = 60_000

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 60 * 60_000, d: 24 * 60 * 60_000 }

/** Reads "30m", "2h" or "3d" into ms; null where it is none, shorter than a minute or longer than seven days. */
export function readOverrideLength(text: string): number | null {
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/u.exec(text) ?? []
  const ms = Number(count) * (UNITS_MS[unit] ?? 0)
  return ms >= SHORTEST_OVERRIDE_MS && ms <= LONGEST_OVERRIDE_MS ? ms : null
}

/** What it covers is what it is called, so that the same once more takes the place of the first. */
export function overrideId({
  provider,
  channel,
  country
}: Pick<Override, 'provider' | 'channel' | 'country'>) {
  return [provider, channel ?? 'all', country?.toLowerCase() ?? 'all'].join('-')
}
