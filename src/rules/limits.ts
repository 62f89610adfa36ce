import type { Draft, Whereabouts } from './decode.ts'
import type { FaultList } from './faults.ts'
import { DEFAULTS, type RulesFile } from './schema.ts'
import { parseDuration, writeDuration } from './values.ts'

/** The times that steps are held against. */
export interface Budget {
  readonly deadlineMs: number
  readonly minAttemptMs: number
}

/** Checks the times of `defaults` against each other. */
export function checkTimes(
  defaults: Draft<RulesFile['defaults']>,
  { where, faults }: { where: Whereabouts; faults: FaultList }
): Budget {
  const { breaker = {} } = defaults
  const deadline = defaults.deadline ?? DEFAULTS.deadline
  const attemptTimeout = defaults.attempt_timeout ?? DEFAULTS.attemptTimeout
  const minAttempt = defaults.min_attempt ?? DEFAULTS.minAttempt
  const budget = { deadlineMs: parseDuration(deadline), minAttemptMs: parseDuration(minAttempt) }

  /** At the first of these keys that the file has. */
  function place(holder: object, ...keys: readonly string[]) {
    return where.of(holder, keys.find((key) => Object.hasOwn(holder, key)) ?? '')
  }

  const attemptMs = parseDuration(attemptTimeout)
  if (attemptMs > budget.deadlineMs) {
    const span = place(defaults, 'attempt_timeout', 'deadline')
    faults.add('E105', span, `attempt_timeout (${attemptTimeout}) is longer than the deadline (${deadline})`)
  } else if (!fitsTwice(attemptMs, budget)) {
    faults.add(
      'W203',
      place(defaults, 'attempt_timeout', 'deadline', 'min_attempt'),
      sayUnfit(attemptMs, budget)
    )
  }
  if (budget.minAttemptMs > attemptMs) {
    const span = place(defaults, 'min_attempt', 'attempt_timeout')
    faults.add('E105', span, `min_attempt (${minAttempt}) is longer than attempt_timeout (${attemptTimeout})`)
  }

  const openFor = breaker.open_for ?? DEFAULTS.breaker.openFor
  const openAtMost = breaker.open_at_most ?? DEFAULTS.breaker.openAtMost
  if (parseDuration(openFor) > parseDuration(openAtMost)) {
    const span = place(breaker, 'open_at_most', 'open_for')
    faults.add('E105', span, `open_at_most (${openAtMost}) is shorter than open_for (${openFor})`)
  }
  return budget
}

/** Does a second attempt start when the first has used up its time? */
export function fitsTwice(firstMs: number, { deadlineMs, minAttemptMs }: Budget): boolean {
  return firstMs + minAttemptMs <= deadlineMs
}

export function sayUnfit(firstMs: number, { deadlineMs, minAttemptMs }: Budget): string {
  const [first, deadline, left, least] = [firstMs, deadlineMs, deadlineMs - firstMs, minAttemptMs].map(
    writeDuration
  )
  return `${first} of the deadline of ${deadline} leave ${left}: no second attempt starts with less than ${least} (min_attempt)`
}
