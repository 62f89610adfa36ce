import type { GatewayEvent } from './events.ts'

export type RequestOutcome = Extract<GatewayEvent, { event: 'otp.request.completed' }>['outcome']

/**
 * What a request's end says of the providers: they carried it, they did not, or it was never theirs to carry. A
 * number that nobody can reach is no fault of theirs.
 */
export const PART = {
  accepted: 'carried',
  failed: 'lost',
  undecided: 'lost',
  no_capacity: 'lost',
  overloaded: 'lost',
  refused: 'aside',
  blocked: 'aside',
  expired: 'aside',
  duplicate: 'aside',
  not_understood: 'aside'
} as const satisfies Record<RequestOutcome, 'carried' | 'lost' | 'aside'>
