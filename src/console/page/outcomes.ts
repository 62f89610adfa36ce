import type { ShownRequest } from '../shown.ts'

/** How something stands, for the eye: always beside words. */
export type Tone = 'good' | 'warn' | 'bad' | 'quiet'

interface Meaning {
  readonly words: string
  readonly tone: Tone
  /** What it means, as the end of "The request ...". */
  readonly sentence: string
}

/** What became of a request. https://developer.okta.com/docs/reference/telephony-hook/ says what Okta does then. */
const OUTCOMES: Readonly<Record<string, Meaning>> = {
  accepted: { words: 'accepted', tone: 'good', sentence: 'was taken by a provider' },
  refused: {
    words: 'refused',
    tone: 'warn',
    sentence: 'was refused for a reason that another provider would not change'
  },
  failed: { words: 'failed', tone: 'bad', sentence: 'was taken by nobody' },
  undecided: {
    words: 'undecided',
    tone: 'bad',
    sentence: 'had no provider’s answer before the deadline; a message may have been sent'
  },
  blocked: { words: 'blocked', tone: 'quiet', sentence: 'was blocked by a rule, and nothing was sent' },
  expired: { words: 'expired', tone: 'quiet', sentence: 'came when its code was no longer valid' },
  no_capacity: {
    words: 'no capacity',
    tone: 'bad',
    sentence: 'found every provider at what its account takes'
  },
  overloaded: { words: 'overloaded', tone: 'bad', sentence: 'was one too many for this gateway' },
  duplicate: {
    words: 'duplicate',
    tone: 'quiet',
    sentence: 'was seen before, and had the first answer again'
  },
  not_understood: { words: 'not understood', tone: 'warn', sentence: 'could not be understood' }
}

const UNDER_WAY: Meaning = { words: 'under way', tone: 'quiet', sentence: 'is under way' }

export function meaningOf({ end }: Pick<ShownRequest, 'end'>): Meaning {
  if (end === null) return UNDER_WAY
  return OUTCOMES[end.outcome] ?? { words: end.outcome, tone: 'quiet', sentence: `ended as ${end.outcome}` }
}

/** What an attempt came to, after the name of its provider. */
const RESULTS: Readonly<Record<string, string>> = {
  accepted: 'took it',
  not_reached: 'could not be reached',
  no_answer: 'did not answer',
  provider_error: 'is in trouble itself',
  throttled: 'said: too much at once',
  credentials: 'did not accept our credentials',
  quota: 'said that the account has no money left',
  sender_refused: 'refused the sender',
  bad_request: 'called our request malformed',
  unknown: 'refused with a code that nobody has classified yet',
  recipient_refused: 'said that this number cannot get it',
  opted_out: 'said that the person wants no messages',
  fraud_blocked: 'took it for fraud'
}

export function resultInWords(result: string): string {
  return RESULTS[result] ?? `ended as ${result.replaceAll('_', ' ')}`
}

export function toneOfResult(result: string | null): Tone {
  if (result === null) return 'quiet'
  if (result === 'accepted') return 'good'
  return ['recipient_refused', 'opted_out', 'fraud_blocked'].includes(result) ? 'warn' : 'bad'
}

const SKIPS: Readonly<Record<string, string>> = {
  no_credentials: 'has no credentials here',
  no_channel: 'does not carry this channel',
  not_for_country: 'is not used for this country',
  no_sender: 'has no sender for this country',
  drained: 'is drained by a person',
  breaker_open: 'is left out by its breaker',
  cooling_down: 'asked to be left alone',
  beyond_max_attempts: 'would have been one attempt too many',
  no_capacity: 'has all that its account takes'
}

export function skipInWords(reason: string): string {
  return SKIPS[reason] ?? reason.replaceAll('_', ' ')
}
