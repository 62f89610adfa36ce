import type { Refusal } from '../domain/admission.ts'

/** Thrown to end a request with 401. What was wrong is on it for the log, and not for the caller. */
export type NotAdmitted = Error & { readonly statusCode: 401; readonly refusal: Refusal }

export function notAdmitted(refusal: Refusal): NotAdmitted {
  return Object.assign(new Error('Unauthorized.'), { statusCode: 401 as const, refusal })
}

/** Why nobody was let in; null where an error is about something else. */
export function refusalOf(error: Error): Refusal | null {
  return 'refusal' in error ? (error as NotAdmitted).refusal : null
}
