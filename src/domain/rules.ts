import type { Channel, Flow, Sender } from './message.ts'
import type { Country, NumberType } from './phone.ts'

/** What a rule asks of a request: keys are ANDed, a list is ORed. Groups are resolved, prefixes start with "+". */
export interface When {
  readonly country?: readonly Country[]
  readonly not_country?: readonly Country[]
  readonly prefix?: readonly string[]
  readonly number_type?: readonly NumberType[]
  readonly channel?: readonly Channel[]
  readonly flow?: readonly Flow[]
  /** BCP-47, lower case; "en" holds for "en-us" too. */
  readonly locale?: readonly string[]
  /** Okta domains, lower case. */
  readonly org?: readonly string[]
}

/** What follows when an attempt's timeout passes: the next provider starts beside it, or it is waited for. */
export type OnNoAnswer = 'next' | 'wait'

/** Where no step and no rule says it. A phone that rings twice is a nuisance, a missing text is worse. */
export const ON_NO_ANSWER = { sms: 'next', voice: 'wait' } as const satisfies Record<Channel, OnNoAnswer>

interface StepSettings {
  /** Names of senders in order of preference; null for the defaults. The first that may be used there is. */
  readonly senders: readonly string[] | null
  /** Null for the default. */
  readonly timeoutMs: number | null
  /** Null for the channel's own: {@link ON_NO_ANSWER}. */
  readonly onNoAnswer: OnNoAnswer | null
}

export type Step =
  | ({ readonly kind: 'provider'; readonly provider: string } & StepSettings)
  /** One arm is drawn by weight, stable for a person; the other arms follow it, heaviest first. */
  | ({ readonly kind: 'split'; readonly arms: readonly Arm[] } & StepSettings)

export interface Arm {
  readonly provider: string
  /** Not negative; at least one of a split is above 0. */
  readonly weight: number
}

export type Action =
  | { readonly kind: 'send'; readonly steps: readonly Step[] }
  | { readonly kind: 'block'; readonly reason: string }

export interface Rule {
  readonly name: string
  readonly when: When
  readonly action: Action
  /** Why it is there, for whoever reads it next year. */
  readonly why: string | null
  /** Whom to ask. */
  readonly owner: string | null
  /** Ms since 1970: the first moment at which it applies no more. Null: it has no end. */
  readonly untilMs: number | null
  /** Looked at and logged, never applied. */
  readonly shadow: boolean
  /** The countries as the file names them, groups unresolved: for people. */
  readonly written: { readonly [K in 'country' | 'not_country']?: readonly string[] }
}

/** For a candidate file: whose requests it decides, while the rest keeps to the rules in force. */
export interface Canary {
  /** The share of people, 0 to 1. One person is always in it or never. */
  readonly share: number
  /** Only requests of these Okta domains; null for all. */
  readonly orgs: readonly string[] | null
  /** So many requests of each side before it is judged. */
  readonly minSample: number
}

export interface SenderEntry extends Sender {
  /** The only providers that may use it; null for any. */
  readonly only: readonly string[] | null
  readonly onlyFor: readonly Country[] | null
  readonly notFor: readonly Country[]
  /** Countries whose carriers take no such sender, by provider. */
  readonly refusedBy: ReadonlyMap<string, readonly Country[]>
  /** Where it has been registered, as carriers of some countries ask for. */
  readonly registeredIn: readonly Country[]
}

export interface ProviderEntry {
  readonly channels: readonly Channel[]
  readonly onlyFor: readonly Country[] | null
  readonly notFor: readonly Country[]
  /** Messages a second that the account takes, of both channels together; null: as many as come. */
  readonly capacityPerSecond: number | null
}

export interface BreakerSettings {
  readonly windowMs: number
  /** Calls in the window before the failure rate counts. */
  readonly minCalls: number
  /** 0 to 1. */
  readonly failureRate: number
  /** So many failures one after another open it, whatever the window says. */
  readonly inARow: number
  readonly openForMs: number
  /** Reopening doubles the wait up to this. */
  readonly openAtMostMs: number
}

export interface Defaults {
  /** From the arrival of Okta's request to the answer. */
  readonly deadlineMs: number
  readonly attemptTimeoutMs: number
  /** With less than this left, no new attempt starts. */
  readonly minAttemptMs: number
  /** Providers tried in the first pass. */
  readonly maxAttempts: number
  readonly senders: readonly string[]
  /** How a number without "+" is read; null: not at all. */
  readonly country: Country | null
  readonly resend: ResendSettings
  readonly breaker: BreakerSettings
}

export interface ResendSettings {
  /** The same user and number again, with a new event id, within this time is a resend. */
  readonly withinMs: number
  /** The provider tried last goes to the end of the chain. */
  readonly preferOtherProvider: boolean
}

/** What Okta is told when no provider accepted. */
export interface ReplyPolicy {
  readonly allFailed: 'failed' | 'error'
  readonly undecided: 'failed' | 'successful' | 'pending'
  readonly blocked: 'failed' | 'error'
}

/** A rules file, read and checked. */
export interface RuleSet {
  /** The first 12 hex digits of the SHA-256 of the file. */
  readonly hash: string
  readonly providers: ReadonlyMap<string, ProviderEntry>
  readonly senders: ReadonlyMap<string, SenderEntry>
  readonly defaults: Defaults
  readonly reply: ReplyPolicy
  /** In order: the first that matches wins. */
  readonly rules: readonly Rule[]
  readonly otherwise: Action
  /** Null where the file says nothing of it. It counts only in a candidate file. */
  readonly canary: Canary | null
}
