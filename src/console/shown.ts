import type { Channel } from '../domain/message.ts'

/**
 * What the console's server tells its page: the contract between the two. Times are ms since 1970, durations are ms,
 * numbers are masked, and nothing here ever holds a code.
 */

/** `GET /console/api/session`, for everybody. */
export interface ShownSession {
  /** Whoever asks has logged in. */
  readonly open: boolean
  readonly mode: 'sandbox' | 'live'
  /** The secret that everybody knows, where it is in force: in a sandbox to which nobody gave another. */
  readonly knownSecret: string | null
}

/** `GET /console/api/state`, and the server-sent event `state`, which comes when something of it has changed. */
export interface ShownState {
  readonly nowMs: number
  readonly node: {
    readonly version: string
    readonly mode: 'sandbox' | 'live'
    readonly startedAtMs: number
    /** Of what nodes share: `alone`, `connected`, `lost`. */
    readonly state: string
    readonly inFlight: number
    readonly hanging: number
  }
  /** How far back `providers` and `countries` look, in ms. */
  readonly windowMs: number
  readonly totals: ShownCounts
  /** The last hour, oldest first, this minute last; those without requests as well. */
  readonly minutes: readonly ShownMinute[]
  readonly providers: readonly ShownProvider[]
  readonly countries: readonly ShownCountry[]
  readonly overrides: readonly ShownDrain[]
  readonly rules: ShownRulesInForce
}

/** Of the requests that a provider was meant to carry. */
export interface ShownCounts {
  readonly requests: number
  readonly wanted: number
  readonly accepted: number
  readonly failedOver: number
  readonly late: number
  readonly resends: number
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

/** Counted as {@link ShownCounts} are. */
export interface ShownMinute {
  readonly atMs: number
  readonly wanted: number
  readonly accepted: number
  readonly failedOver: number
  /** Accepted, and not by the first provider. */
  readonly rescued: number
  readonly p99Ms: number | null
}

export interface ShownProvider {
  readonly name: string
  readonly channels: readonly ShownProviderChannel[]
  /** Of this node, within the last second; null where the rules set no limit or nothing was sent. */
  readonly capacity: { readonly perSecond: number; readonly taken: number; readonly refused: number } | null
}

export interface ShownProviderChannel {
  readonly channel: Channel
  readonly breaker: 'closed' | 'open' | 'half_open'
  /** Since when it is so; null where it never changed. */
  readonly sinceMs: number | null
  /** Newest last, at most 50. */
  readonly history: readonly ShownTransition[]
  readonly coolingMs: number | null
  /** The rules in force list it for this channel. */
  readonly isInRules: boolean
  /** Somebody has drained the whole of it. */
  readonly isDrained: boolean
  readonly attempts: number
  readonly accepted: number
  /** By class, most first. */
  readonly failures: readonly { readonly class: string; readonly count: number }[]
  readonly p50Ms: number | null
  readonly p99Ms: number | null
}

export interface ShownTransition {
  readonly atMs: number
  readonly to: 'open' | 'half_open' | 'closed' | 'kept_closed'
  readonly cause: string | null
}

export interface ShownCountry {
  /** ISO 3166-1 alpha-2; null: numbers of no country. "other" is what the table had no room for. */
  readonly country: string | null
  readonly counts: ShownCounts
  readonly providers: readonly {
    readonly provider: string
    readonly attempts: number
    readonly accepted: number
    readonly failoversFrom: number
    readonly resendsAfter: number
    readonly p50Ms: number | null
    readonly p99Ms: number | null
  }[]
}

export interface ShownDrain {
  readonly provider: string
  readonly channel: Channel | null
  readonly country: string | null
  readonly why: string
  readonly by: string
  readonly setAtMs: number
  readonly untilMs: number
}

export interface ShownRulesInForce {
  readonly file: string
  readonly hash: string
  readonly loadedAtMs: number
  /** Of the file as it is now; null where it is in force. */
  readonly rejection: { readonly atMs: number; readonly words: string } | null
  readonly candidate: {
    readonly file: string
    readonly hash: string | null
    readonly canaryPercent: number | null
    readonly canaryStopped: boolean
  } | null
  /** In the file's order, and `otherwise` last. */
  readonly rules: readonly {
    readonly name: string
    readonly does: 'send' | 'block'
    readonly shadow: boolean
    readonly owner: string | null
    readonly why: string | null
    readonly untilMs: number | null
    /** Requests that it decided within the last hour, as far as this node has run so long. */
    readonly matchedLastHour: number
    /** Since the process started; null: never. */
    readonly lastMatchedAtMs: number | null
  }[]
}

/** `GET /console/api/rules/text`: the live file that is in force, credentials that somebody wrote into it hidden. */
export interface ShownRulesText {
  readonly file: string
  readonly hash: string
  readonly text: string
}

/** One request. `GET /console/api/requests` gives the newest first; the event `requests` gives those that changed. */
export interface ShownRequest {
  readonly id: string
  readonly traceId: string | null
  readonly oktaEventId: string | null
  readonly arrivedAtMs: number
  readonly channel: Channel | null
  readonly flow: string | null
  readonly country: string | null
  /** Masked. */
  readonly phone: string | null
  readonly preview: boolean
  readonly org: string | null
  readonly rulesHash: string | null
  readonly rule: string | null
  readonly candidates: readonly {
    readonly provider: string
    readonly senderKind: string
    readonly timeoutMs: number
  }[]
  readonly skipped: readonly { readonly provider: string; readonly reason: string }[]
  readonly resend: { readonly count: number; readonly previousProvider: string } | null
  /** Counted from the arrival, as all `...AfterMs` are. */
  readonly deadlineAfterMs: number
  readonly attempts: readonly ShownAttempt[]
  /** Null while it is under way. */
  readonly end: {
    readonly afterMs: number
    readonly outcome: string
    readonly reason: string | null
    readonly oktaStatus: string
    readonly provider: string | null
    readonly transactionId: string | null
    readonly failover: boolean
    readonly lastResort: boolean
    readonly possibleDuplicate: boolean
  } | null
}

export interface ShownAttempt {
  readonly attempt: number
  readonly provider: string
  readonly trigger: string
  readonly startedAfterMs: number
  /** Null while it runs. May be behind the answer to Okta. */
  readonly endedAfterMs: number | null
  /** `accepted`, or the class of the failure; null while it runs. */
  readonly result: string | null
  readonly providerCode: string | null
  readonly httpStatus: number | null
  readonly transactionId: string | null
  /** It won: its id was told to Okta. */
  readonly won: boolean
}

/** `POST /console/api/explain` with {@link ExplainAsked}. */
export interface ShownExplanation {
  /** Masked; null where it is no number that can be reached. */
  readonly phone: string | null
  readonly country: string | null
  readonly numberType: string | null
  /** What `switchboard explain` prints, without colours, and with the number masked. */
  readonly report: string
  readonly winner: string | null
  readonly rules: readonly {
    readonly name: string
    /** `would_match`, were it not in the shadow. `not_looked_at`: an earlier one took it. */
    readonly verdict: 'matches' | 'no' | 'would_match' | 'not_looked_at'
    readonly because: string | null
  }[]
  /** What people get: several where a split draws. */
  readonly variants: readonly {
    /** Of people, 0 to 1. */
    readonly share: number
    readonly blocked: string | null
    readonly chain: readonly {
      readonly provider: string
      readonly sender: string
      readonly timeoutMs: number
      readonly isLastResort: boolean
    }[]
    readonly skipped: readonly { readonly provider: string; readonly reason: string }[]
  }[]
}

export interface ExplainAsked {
  readonly number: string
  readonly channel: Channel
  readonly locale?: string
  readonly org?: string
}

/** `POST /console/api/candidate` with `{ text }`: what the file would change. Nothing is loaded. */
export interface ShownCandidate {
  /** What `switchboard check` prints. */
  readonly check: {
    readonly ok: boolean
    readonly errors: number
    readonly warnings: number
    readonly report: string
  }
  /** What `switchboard diff` prints against the live file; null where the candidate has errors. */
  readonly diff: { readonly changes: number; readonly report: string } | null
  /** What `switchboard replay` prints over the requests held in memory; null where the candidate has errors. */
  readonly replay: { readonly requests: number; readonly changed: number; readonly report: string } | null
}

/** `POST /console/api/drains` with {@link DrainAsked}; `DELETE /console/api/drains` with its scope. */
export interface DrainAsked {
  readonly provider: string
  readonly channel?: Channel
  readonly country?: string
  /** As `switchboard drain` takes it: `30m`, `2h`, `3d`. */
  readonly for: string
  readonly why: string
  readonly by: string
}

/** `GET /console/api/sandbox`, and the event `sandbox`; 404 where the gateway is live. Codes are shown on purpose here. */
export interface ShownSandbox {
  /** Newest first, at most 100. */
  readonly inbox: readonly {
    readonly id: string
    readonly atMs: number
    readonly provider: string
    readonly channel: Channel
    readonly to: string
    readonly from: string
    readonly text: string
    readonly language: string | null
  }[]
  readonly faults: readonly {
    readonly provider: string
    /** The fault in force in words; null: it is healthy. */
    readonly fault: string | null
    readonly mode: string | null
  }[]
  /** What `PUT /console/api/sandbox/faults/:provider` takes as `mode`; DELETE makes it healthy again. */
  readonly modes: readonly { readonly mode: string; readonly words: string }[]
  /** Numbers that `POST /console/api/sandbox/send` may be asked for. */
  readonly samples: readonly {
    readonly number: string
    readonly country: string
    readonly channel: Channel
    readonly words: string
  }[]
}

/** `POST /console/api/sandbox/send`: Okta's documented request, to this gateway's own hook. */
export interface SendAsked {
  readonly number: string
  readonly channel: Channel
  /** For the person of the last one: a resend. Else somebody new asks each time. */
  readonly again?: boolean
}

/** What Okta would have been told. */
export interface ShownSent {
  readonly requestId: string | null
  readonly httpStatus: number
  readonly tookMs: number
  /** Okta's answer as it went over the wire. */
  readonly body: string
}

/** Any answer of 4xx and 5xx. */
export interface ShownRefusal {
  readonly error: string
  readonly mistakes: readonly string[]
}
