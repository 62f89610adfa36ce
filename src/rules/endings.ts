import type { Rule } from '../domain/rules.ts'

/** A temporary rule that comes to its end, or has. */
export interface Ending {
  readonly rule: string
  readonly owner: string | null
  /** Ms since 1970. */
  readonly untilMs: number
  /** 7 to 1; 0 where it has ended. */
  readonly daysLeft: number
}

const DAY_MS = 24 * 60 * 60_000

/** A week before, and then each day. */
const FIRST_WARNING_DAYS = 7

/** What has to be said of the ends of rules in a stretch of time, its beginning not included. */
export function endingsBetween(
  rules: readonly Pick<Rule, 'name' | 'owner' | 'untilMs'>[],
  fromMs: number,
  toMs: number
): readonly Ending[] {
  return rules.flatMap(({ name, owner, untilMs }): readonly Ending[] => {
    if (untilMs === null) return []
    for (let daysLeft = 0; daysLeft <= FIRST_WARNING_DAYS; daysLeft++) {
      const dueMs = untilMs - daysLeft * DAY_MS
      // The latest word that is due is enough.
      if (dueMs > fromMs && dueMs <= toMs) return [{ rule: name, owner, untilMs, daysLeft }]
    }
    return []
  })
}
