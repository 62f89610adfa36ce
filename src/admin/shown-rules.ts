import type { CanaryReading } from '../delivery/canaries.ts'
import type { Fault } from '../rules/faults.ts'
import type { Rejection, Reload, RulesStatus } from '../rules/keeper.ts'
import { renderFaults } from '../rules/report.ts'

/** The rules in force as people and probes read them: times in ISO 8601, no line of the file. */
export interface ShownRules {
  readonly file: string
  readonly hash: string
  readonly count: number
  readonly loadedAt: string
  readonly ageSeconds: number
  /** Of the file as it is now; null where it is in force. */
  readonly rejection: ShownRejection | null
  readonly candidate: {
    readonly file: string
    readonly hash: string | null
    /** The share of people it decides for; null: nobody. */
    readonly canaryPercent: number | null
    /** It was clearly worse, and decides for nobody any more. */
    readonly canaryStopped: boolean
    readonly canaryRequests: number
    readonly canaryFailures: number
    readonly rejection: ShownRejection | null
  } | null
}

export interface ShownRejection {
  readonly at: string
  readonly errors: readonly Pick<Fault, 'line' | 'column' | 'code'>[]
  readonly unreadable: string | null
}

/** What a reload came to, for whoever asked for it. */
export interface ShownReload {
  readonly role: Reload['role']
  readonly result: Reload['result']
  readonly faults: readonly Fault[]
  /** The faults with the lines in question, credentials hidden; or why the file cannot be read. "" where there is nothing. */
  readonly report: string
}

export function shownRules(status: RulesStatus, canary: CanaryReading | null, nowMs: number): ShownRules {
  const { file, hash, count, loadedAtMs, rejection, candidate } = status
  return {
    file,
    hash,
    count,
    loadedAt: new Date(loadedAtMs).toISOString(),
    ageSeconds: Math.round((nowMs - loadedAtMs) / 1000),
    rejection: shownRejection(rejection),
    candidate:
      candidate === null
        ? null
        : {
            file: candidate.file,
            hash: candidate.hash,
            canaryPercent: canary === null ? null : Math.round(canary.share * 100),
            canaryStopped: canary?.stopped ?? false,
            canaryRequests: canary?.requests ?? 0,
            canaryFailures: canary?.failures ?? 0,
            rejection: shownRejection(candidate.rejection)
          }
  }
}

const MOST_SHOWN = 20

function shownRejection(rejection: Rejection | null): ShownRejection | null {
  if (rejection === null) return null
  const errors = rejection.faults.filter(({ severity }) => severity === 'error').slice(0, MOST_SHOWN)
  return {
    at: new Date(rejection.atMs).toISOString(),
    errors: errors.map(({ line, column, code }) => ({ line, column, code })),
    unreadable: rejection.unreadable
  }
}

export function shownReload({ role, result, rejection }: Reload): ShownReload {
  const { faults = [], text = null, unreadable = null } = rejection ?? {}
  const report = text === null ? (unreadable ?? '') : renderFaults(text, faults, { colour: false })
  return { role, result, faults, report }
}
