import type { Channel } from '../domain/message.ts'
import type { Answered, HttpAnswer, HttpRequest } from './exchange.ts'
import { createExchange } from './exchange.ts'
import type { ProviderName } from './provider.ts'

/** How long whoever asks will wait for a vendor's word on an account, in ms. */
export interface AccountLimits {
  readonly withinMs: number
}

export interface Balance {
  readonly amount: number
  /** As the vendor names it: an ISO code, or "credits". */
  readonly currency: string
  /** The vendor fills it up by itself, or sends a bill: it cannot run out. */
  readonly isEndless: boolean
}

/** What a vendor says to one cheap question that only the account's credentials are answered to. */
export type AccountReading =
  /** The credentials are good. `balance` is null where this API tells none. */
  | { readonly kind: 'signed_in'; readonly balance: Balance | null; readonly skewMs: number | null }
  | { readonly kind: 'refused'; readonly httpStatus: number; readonly skewMs: number | null }
  /** Known there, and not allowed to ask this: whether it may send, nobody has said. */
  | { readonly kind: 'forbidden'; readonly httpStatus: number; readonly skewMs: number | null }
  /** An answer of no form that the vendor has documented. */
  | { readonly kind: 'unreadable'; readonly httpStatus: number; readonly skewMs: number | null }
  /** In one word: a code of the transport's. */
  | { readonly kind: 'no_answer'; readonly cause: string }

/** One sign-in at a vendor. Vonage has two. */
export interface Account {
  readonly provider: ProviderName
  readonly channels: readonly Channel[]
  /** The variables that hold its credentials. */
  readonly variables: readonly string[]
  /** Sends nothing, costs nothing. Never rejects. */
  readonly read: (limits: AccountLimits) => Promise<AccountReading>
}

export interface AccountDeps {
  /** Ms since 1970. */
  readonly now: () => number
}

export interface AccountQuestion {
  readonly baseUrl: string
  readonly path: string
  /** With the credentials in it. May have to sign something. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>
  /** Undefined: it is not the documented form. */
  readonly readBalance: (body: string) => Balance | null | undefined
}

/** Asks by a connection of its own, once, and reads status, clock and balance. */
export async function askAccount(
  { baseUrl, path, headers, readBalance }: AccountQuestion,
  { withinMs }: AccountLimits,
  { now }: AccountDeps
): Promise<AccountReading> {
  const exchange = createExchange({ baseUrl, connections: 1, connectTimeoutMs: withinMs })
  try {
    const request: HttpRequest = { method: 'GET', path, headers: await headers(), body: '' }
    const askedAtMs = now()
    const answer = await exchange.request(request, { startWithinMs: withinMs, endWithinMs: withinMs })
    return readingOf(answer, readBalance, (askedAtMs + now()) / 2)
  } finally {
    await exchange.close()
  }
}

function readingOf(
  answer: HttpAnswer,
  readBalance: AccountQuestion['readBalance'],
  midwayMs: number
): AccountReading {
  if (answer.kind !== 'answered') return { kind: 'no_answer', cause: answer.cause }
  const { status: httpStatus } = answer
  const skewMs = skewOf(answer, midwayMs)
  if (httpStatus === 401) return { kind: 'refused', httpStatus, skewMs }
  if (httpStatus === 403 || httpStatus === 404) return { kind: 'forbidden', httpStatus, skewMs }
  const balance = httpStatus === 200 ? readBalance(answer.body) : undefined
  return balance === undefined
    ? { kind: 'unreadable', httpStatus, skewMs }
    : { kind: 'signed_in', balance, skewMs }
}

/** How far our clock is ahead of the vendor's, whose `Date` has whole seconds: half a one is added. */
function skewOf({ headers }: Answered, midwayMs: number): number | null {
  const { date } = headers
  const theirsMs = typeof date === 'string' ? Date.parse(date) + 500 : Number.NaN
  return Number.isNaN(theirsMs) ? null : Math.round(midwayMs - theirsMs)
}

export function basicAuthorization(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}
