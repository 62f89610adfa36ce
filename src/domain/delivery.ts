import type { ReplyPolicy } from './rules.ts'
import type { Certainty, FailureClass, OutcomeClass } from './outcome.ts'

/** Why an attempt was made. */
export type Trigger = 'first' | 'failover' | 'repeat' | 'last_resort'

/** One call to one provider, as it stood when Okta was answered. */
export interface Attempt {
  /** 1 for the first. */
  readonly number: number
  readonly provider: string
  readonly trigger: Trigger
  /** `in_flight`: the answer to Okta could not wait for it. */
  readonly result: OutcomeClass | 'in_flight'
  readonly certainty: Certainty
  readonly cause: string | null
  readonly providerCode: string | null
  readonly httpStatus: number | null
  readonly transactionId: string | null
  readonly durationMs: number
}

/** Classes that end a delivery: no other provider would be right to send it. */
export type StopClass = Extract<FailureClass, 'recipient_refused' | 'opted_out' | 'fraud_blocked'>

/** What all attempts for one request came to. */
export type Result =
  | { readonly kind: 'accepted'; readonly provider: string; readonly transactionId: string }
  | { readonly kind: 'refused'; readonly class: StopClass }
  /** Nobody accepted, and surely nothing was sent. */
  | { readonly kind: 'all_failed' }
  /**
   * Nobody accepted in time, and somebody may have sent it: the first such provider, or null where another
   * node has the request and was not heard of.
   */
  | { readonly kind: 'undecided'; readonly provider: string | null }
  /** Nobody was asked, as every provider that could be had as much as it takes. */
  | { readonly kind: 'no_capacity' }
  /** This gateway has more to do than it can do in time: nobody was asked. */
  | { readonly kind: 'overloaded'; readonly reason: 'in_flight' | 'event_loop' | 'memory' }
  | { readonly kind: 'blocked'; readonly reason: string }
  | { readonly kind: 'expired' }

/** One request's story: what Okta's answer and the summary line are made of. */
export interface Delivery {
  readonly result: Result
  readonly attempts: readonly Attempt[]
  /** Null where no rule was asked, as the code was over before. */
  readonly rule: string | null
  readonly rulesHash: string
  /** Of those rules: the same request again is answered as they say, whatever rules came since. */
  readonly policy: ReplyPolicy
  readonly lastResort: boolean
  readonly durationMs: number
}

/** What a refusal, a block or an overload says of why; null where the kind says it all. */
export function reasonOf(result: Result): string | null {
  switch (result.kind) {
    case 'refused':
      return result.class
    case 'blocked':
    case 'overloaded':
      return result.reason
    default:
      return null
  }
}
