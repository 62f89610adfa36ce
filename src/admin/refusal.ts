import type { FastifyError } from 'fastify'

/** What somebody is told who is not given what he asked for: one sentence, and what is wrong field by field. */
export interface Refusal {
  readonly error: string
  readonly mistakes: readonly string[]
}

const ERRORS: Readonly<Record<number, string>> = {
  400: 'The request is not as it should be.',
  415: 'The body has to be application/json.',
  500: 'Something went wrong here.'
}

/** What somebody asked for that cannot be done as it was written. */
export function wrong(mistakes: readonly string[]): Refusal {
  return { error: 'The request is not as it should be.', mistakes }
}

/**
 * What an error of the framework's comes to, without a word of what was sent.
 *
 * @param bodyLimit of the route, in bytes.
 */
export function refusalOf(
  error: FastifyError,
  bodyLimit: number
): { readonly status: number; readonly refusal: Refusal } {
  const status = error.statusCode !== undefined && error.statusCode < 500 ? error.statusCode : 500
  const mistakes = (error.validation ?? []).map(({ instancePath, message, params }) => {
    const field = instancePath.slice(1)
    const what = field === '' ? 'the body' : field
    const { additionalProperty: extra, allowedValues: allowed } = params
    if (Array.isArray(allowed)) return `${what} must be one of ${allowed.join(', ')}`
    return `${what} ${message ?? 'is wrong'}${typeof extra === 'string' ? ` (${extra})` : ''}`
  })
  const said = status === 413 ? `The body is larger than ${bodyLimit / 1024} KiB.` : ERRORS[status]
  return { status, refusal: { error: said ?? 'The request could not be handled.', mistakes } }
}
