import type { Channel } from '../domain/message.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * What doctor asks of the gateway's own parts, which commands know nothing of: the process joins them. Nothing here
 * ever holds a secret.
 */
export interface Probes {
  readonly open: (env: Environment) => Opened
  /** Until when the certificate is good that somebody finds there. Rejects within the time where there is none. */
  readonly certificate: (url: URL, withinMs: number) => Promise<{ readonly validToMs: number }>
}

export type Opened =
  /** Faults in words that follow the variable's name. */
  | {
      readonly kind: 'faulty'
      readonly faults: readonly { readonly name: string; readonly message: string }[]
    }
  | ({ readonly kind: 'ok' } & Surroundings)

/** What the settings lead to. */
export interface Surroundings {
  readonly mode: 'sandbox' | 'live'
  readonly publicUrl: string | null
  readonly hasAdmin: boolean
  readonly hasHashKey: boolean
  readonly accounts: readonly AccountProbe[]
  /** Null: each node has its own memory. */
  readonly redis: ((withinMs: number) => Promise<RedisReading>) | null
  /** The authorization servers whose tokens open, each once. */
  readonly issuers: readonly IssuerProbe[]
}

export interface IssuerProbe {
  readonly issuer: string
  /** Fetches its metadata and keys as the gateway does at its start; resolves within a few seconds. */
  readonly read: () => Promise<IssuerReading>
}

export type IssuerReading =
  | { readonly kind: 'reached'; readonly keys: number }
  /** One word: "ENOTFOUND", "http_404", "org_authorization_server". */
  | { readonly kind: 'lost'; readonly cause: string }

export interface AccountProbe {
  readonly provider: string
  readonly channels: readonly Channel[]
  readonly variables: readonly string[]
  readonly read: (limits: { readonly withinMs: number }) => Promise<AccountProbeReading>
}

export type AccountProbeReading =
  | {
      readonly kind: 'signed_in'
      readonly balance: {
        readonly amount: number
        readonly currency: string
        readonly isEndless: boolean
      } | null
      readonly skewMs: number | null
    }
  | {
      readonly kind: 'refused' | 'forbidden' | 'unreadable'
      readonly httpStatus: number
      readonly skewMs: number | null
    }
  | { readonly kind: 'no_answer'; readonly cause: string }

export type RedisReading =
  | { readonly kind: 'reached'; readonly roundTripMs: number }
  /** One word: "ECONNREFUSED", "WRONGPASS", "UNREADABLE_VALUE". */
  | { readonly kind: 'lost'; readonly cause: string }
