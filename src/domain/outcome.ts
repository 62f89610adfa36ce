/** How sure it is that a message left with the provider. */
export type Certainty = 'sent' | 'not_sent' | 'unknown'

export interface ClassPolicy {
  /** May the next provider be tried? */
  readonly next: boolean
  /** May the same provider be tried again in a second pass? Only where nothing was sent and the fault may pass. */
  readonly again: boolean
  /** What the provider's breaker makes of it. `neutral` says nothing about the provider's health. */
  readonly breaker: 'success' | 'failure' | 'half_failure' | 'open_now' | 'neutral'
  /** Was the message sent? */
  readonly certainty: Certainty
  /** What a person has to do about it. */
  readonly people: 'none' | 'when_it_opens' | 'if_it_lasts' | 'page' | 'ticket' | 'count' | 'log_loudly'
}

/**
 * What an attempt can come to. One row decides four things apart from each other: go on? try again?
 * does the breaker count it? must a person look?
 */
export const OUTCOME_CLASSES = {
  /** A 2xx with a transaction id in hand. Accepted is not delivered. */
  accepted: { next: false, again: false, breaker: 'success', certainty: 'sent', people: 'none' },
  /** DNS, TCP, TLS, pool full: it failed before the body was written. */
  not_reached: {
    next: true,
    again: true,
    breaker: 'failure',
    certainty: 'not_sent',
    people: 'when_it_opens'
  },
  /** The request left, and no answer came that can be read. The message may be on its way. */
  no_answer: {
    next: true,
    again: false,
    breaker: 'failure',
    certainty: 'unknown',
    people: 'when_it_opens'
  },
  /** The provider says that it is in trouble itself. */
  provider_error: {
    next: true,
    again: true,
    breaker: 'failure',
    certainty: 'not_sent',
    people: 'when_it_opens'
  },
  /** Too much at once for this account or sender. */
  throttled: { next: true, again: true, breaker: 'neutral', certainty: 'not_sent', people: 'if_it_lasts' },
  /** The provider does not know us any more. Failover would hide a dead key for ever: page somebody. */
  credentials: { next: true, again: false, breaker: 'open_now', certainty: 'not_sent', people: 'page' },
  /** No money left at the provider. */
  quota: { next: true, again: false, breaker: 'open_now', certainty: 'not_sent', people: 'page' },
  /** This sender may not write or call there: a matter of the rules file, not of health. */
  sender_refused: { next: true, again: false, breaker: 'neutral', certainty: 'not_sent', people: 'ticket' },
  /** The provider calls our request malformed: our fault. */
  bad_request: { next: true, again: false, breaker: 'neutral', certainty: 'not_sent', people: 'page' },
  /** The number cannot get this message from anybody. */
  recipient_refused: { next: false, again: false, breaker: 'neutral', certainty: 'not_sent', people: 'none' },
  /** The person said STOP. Another provider would be a way round that. */
  opted_out: { next: false, again: false, breaker: 'neutral', certainty: 'not_sent', people: 'none' },
  /** The provider takes it for fraud. Going on would route around the protection. */
  fraud_blocked: { next: false, again: false, breaker: 'neutral', certainty: 'not_sent', people: 'count' },
  /** A refusal with a code that nobody has classified yet. */
  unknown: { next: true, again: false, breaker: 'half_failure', certainty: 'not_sent', people: 'log_loudly' }
} as const satisfies Record<string, ClassPolicy>

export type OutcomeClass = keyof typeof OUTCOME_CLASSES
export type FailureClass = Exclude<OutcomeClass, 'accepted'>

export interface Acceptance {
  readonly class: 'accepted'
  /** The vendor's own id of the message or call. */
  readonly transactionId: string
}

export interface Failure {
  readonly class: FailureClass
  /**
   * What happened, in one word for logs: an error code of the transport ("ECONNREFUSED") or of ours
   * ("unreadable_answer"). Never free text of a vendor: that may hold the number.
   */
  readonly cause: string
  /** The vendor's own code, where the answer held one. */
  readonly providerCode: string | null
  readonly httpStatus: number | null
  /** How long the provider asked us to stay away. */
  readonly retryAfterMs: number | null
}

/** What one attempt came to. */
export type Outcome = Acceptance | Failure

export function accepted(transactionId: string): Acceptance {
  return { class: 'accepted', transactionId }
}

export function failed(
  failureClass: FailureClass,
  cause: string,
  details: Partial<Pick<Failure, 'providerCode' | 'httpStatus' | 'retryAfterMs'>> = {}
): Failure {
  return {
    class: failureClass,
    cause,
    providerCode: details.providerCode ?? null,
    httpStatus: details.httpStatus ?? null,
    retryAfterMs: details.retryAfterMs ?? null
  }
}
