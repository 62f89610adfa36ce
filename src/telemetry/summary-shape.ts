import type { Episode } from './breaker-episodes.ts'
import type { Window } from './worst-window.ts'

/** What a log came to. Times are ms since 1970; of a share, both numbers are there. */
export interface Summary {
  readonly lines: {
    /** Counted here. */
    readonly counted: number
    /** Before `since` or behind `until`. */
    readonly outside: number
    /** Events of ours whose time cannot be: years away. */
    readonly untimed: number
    /** No events of ours. */
    readonly foreign: number
  }
  readonly firstMs: number | null
  readonly lastMs: number | null
  readonly requests: {
    readonly total: number
    /** Those that a provider was meant to carry: all but `refused`, `blocked`, `expired`, `duplicate`, `not_understood`. */
    readonly wanted: number
    readonly outcomes: readonly Count[]
    /** More than one provider was asked. */
    readonly failedOver: number
    readonly acceptedAfterFailover: number
    readonly lastResort: number
    /** Okta was answered behind the deadline. */
    readonly late: number
    /** More than one message was sent, or may have been. */
    readonly possibleDoubles: number
    /** A provider accepted after Okta had been answered. */
    readonly lateAcceptances: number
    readonly durationMs: Quantiles
  }
  readonly providers: readonly ProviderSummary[]
  readonly failovers: readonly {
    readonly from: string
    readonly to: string
    readonly reasons: readonly Count[]
  }[]
  readonly countries: readonly CountrySummary[]
  readonly worst: { readonly lost: Window | null; readonly failedOver: Window | null }
  readonly breakers: readonly Episode[]
  readonly alarms: readonly Alarm[]
  readonly drains: readonly Drain[]
  /** Vendors' codes that nobody has classified. */
  readonly unknownCodes: readonly {
    readonly provider: string
    readonly code: string
    readonly count: number
  }[]
  readonly resends: readonly {
    readonly provider: string
    readonly country: string | null
    readonly count: number
  }[]
  readonly rules: readonly RulesChange[]
  readonly hashes: readonly (Seen & { readonly hash: string })[]
  readonly starts: readonly Start[]
  /** What else a person has to know of, by event. */
  readonly troubles: readonly (Seen & { readonly event: string; readonly reason: string | null })[]
  /** Over time; each slot that has nothing is null. */
  readonly series: {
    readonly startMs: number
    readonly widthMs: number
    readonly slots: readonly (SlotSummary | null)[]
  }
  /** What tables had no room for, by table. */
  readonly leftOut: readonly Count[]
}

export interface Count {
  readonly name: string
  readonly count: number
}

export interface Quantiles {
  readonly p50: number | null
  readonly p95: number | null
  readonly p99: number | null
}

export interface ProviderSummary {
  readonly name: string
  /** Those that have ended. */
  readonly attempts: number
  /** In time, and after Okta had been answered. */
  readonly accepted: number
  readonly acceptedLate: number
  readonly failures: readonly Count[]
  /** How long it took to accept. */
  readonly durationMs: Quantiles
  readonly failoversFrom: number
  readonly failoversTo: number
}

export interface CountrySummary {
  /** ISO 3166; null for numbers of no country. */
  readonly country: string | null
  readonly requests: number
  readonly wanted: number
  readonly accepted: number
  readonly failedOver: number
  readonly resends: number
}

export interface Alarm {
  readonly provider: string
  readonly channel: string
  readonly class: string
  readonly fromMs: number
  /** Null: nothing says that it is over. */
  readonly toMs: number | null
  readonly count: number
}

export interface Drain {
  readonly atMs: number
  readonly kind: 'set' | 'ended'
  readonly provider: string
  readonly channel: string | null
  readonly country: string | null
  readonly by: string | null
  readonly why: string | null
  readonly untilMs: number | null
  /** Of one that ended. */
  readonly reason: string | null
}

export interface RulesChange {
  readonly atMs: number
  readonly kind: 'loaded' | 'rejected' | 'canary_stopped' | 'candidate_removed'
  readonly role: string
  readonly file: string | null
  readonly hash: string | null
  readonly previousHash: string | null
  /** Rules of a file that was loaded, errors of one that was rejected. */
  readonly count: number | null
  readonly by: string | null
}

export interface Start {
  readonly atMs: number
  readonly node: string
  readonly version: string
  readonly mode: string
}

interface Seen {
  readonly count: number
  readonly firstMs: number
  readonly lastMs: number
}

export interface SlotSummary {
  readonly outcomes: readonly Count[]
  readonly wanted: number
  readonly failedOver: number
  readonly acceptedAfterFailover: number
  readonly late: number
  readonly resends: number
  readonly failoversFrom: readonly Count[]
  readonly providers: readonly {
    readonly name: string
    readonly p50: number | null
    readonly p99: number | null
  }[]
}
