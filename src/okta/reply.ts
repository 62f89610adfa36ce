import type { Delivery, StopClass } from '../domain/delivery.ts'
import type { Channel } from '../domain/message.ts'
import type { ReplyPolicy } from '../domain/rules.ts'
import type { Misunderstanding } from './read-request.ts'

export type OktaStatus = 'SUCCESSFUL' | 'PENDING' | 'FAILED'

/** Okta copies it into its System Log, so that it holds no code and no number. */
interface DebugContext {
  readonly requestId: string
  readonly [key: string]: unknown
}

/** The documented answers: a command with one value, or an error whose summary the user is shown. */
export type OktaReply =
  | {
      readonly commands: readonly [
        {
          readonly type: 'com.okta.telephony.action'
          readonly value: readonly [
            {
              readonly status: OktaStatus
              readonly provider?: string
              readonly transactionId?: string
              readonly transactionMetadata: string
            }
          ]
        }
      ]
      readonly debugContext: DebugContext
    }
  | { readonly error: OktaError; readonly debugContext: DebugContext }

export interface OktaError {
  /** Shown to end users: no provider, login or number in it. */
  readonly errorSummary: string
  readonly errorCauses: readonly {
    readonly errorSummary: string
    readonly reason: string
    readonly domain: string
  }[]
}

interface Told {
  readonly channel: Channel
  readonly requestId: string
}

const TRY_ANOTHER_WAY = 'Try another way to verify.'

const REFUSED: { readonly [C in StopClass]: { readonly [K in Channel]: string } } = {
  recipient_refused: {
    sms: 'This phone number cannot receive text messages.',
    voice: 'This phone number cannot be called.'
  },
  opted_out: {
    sms: `This phone number has asked not to get text messages from us. ${TRY_ANOTHER_WAY}`,
    voice: `This phone number has asked not to get calls from us. ${TRY_ANOTHER_WAY}`
  },
  fraud_blocked: {
    sms: `A code cannot be sent to this phone number at the moment. ${TRY_ANOTHER_WAY}`,
    voice: `This phone number cannot be called at the moment. ${TRY_ANOTHER_WAY}`
  }
}

const MISUNDERSTOOD: { readonly [M in Misunderstanding]: string } = {
  wrong_shape: `The code could not be sent. ${TRY_ANOTHER_WAY}`,
  unknown_channel: `The code could not be sent this way. ${TRY_ANOTHER_WAY}`,
  invalid_phone_number:
    'This phone number is not complete or not valid. It has to begin with "+" and the country code.',
  invalid_code: `The code could not be sent. ${TRY_ANOTHER_WAY}`,
  missing_code: `The code could not be sent. ${TRY_ANOTHER_WAY}`,
  invalid_text: `The code could not be sent. ${TRY_ANOTHER_WAY}`
}

const NOT_SENT = 'The code could not be sent. Try again in a moment, or another way.'
const BLOCKED = `Codes are not sent to this phone number. ${TRY_ANOTHER_WAY}`
const EXPIRED = 'This code has expired. Ask for a new one.'

/** What Okta is told of a delivery. */
export function replyTo(delivery: Delivery, told: Told): OktaReply {
  const { result } = delivery
  const debugContext = debugOf(delivery, told.requestId)
  const metadata = metadataOf(delivery)

  switch (result.kind) {
    case 'accepted':
      return command('SUCCESSFUL', result, metadata, debugContext)
    case 'refused':
      return { error: errorOf(REFUSED[result.class][told.channel], result.class), debugContext }
    case 'expired':
      return { error: errorOf(EXPIRED, 'expired'), debugContext }
    case 'blocked':
      return delivery.policy.blocked === 'error'
        ? { error: errorOf(BLOCKED, 'blocked'), debugContext }
        : command('FAILED', {}, metadata, debugContext)
    case 'all_failed':
    case 'no_capacity':
    case 'overloaded':
      return delivery.policy.allFailed === 'error'
        ? { error: errorOf(NOT_SENT, 'all_failed'), debugContext }
        : command('FAILED', { provider: delivery.attempts.at(-1)?.provider }, metadata, debugContext)
    case 'undecided':
      return command(
        UNDECIDED_STATUS[delivery.policy.undecided],
        { provider: result.provider ?? undefined },
        metadata,
        debugContext
      )
    default:
      return result satisfies never
  }
}

const UNDECIDED_STATUS: { readonly [P in ReplyPolicy['undecided']]: OktaStatus } = {
  failed: 'FAILED',
  successful: 'SUCCESSFUL',
  pending: 'PENDING'
}

/** What Okta is told of a request that could be read but not understood. Nothing was sent for it. */
export function replyToMisunderstood(reason: Misunderstanding, requestId: string): OktaReply {
  return { error: errorOf(MISUNDERSTOOD[reason], reason), debugContext: { requestId, reason } }
}

/** The status for the log; `ERROR` stands for an error object. */
export function statusOf(reply: OktaReply): OktaStatus | 'ERROR' {
  return 'error' in reply ? 'ERROR' : reply.commands[0].value[0].status
}

/** The one shape of an error, for every door that Okta may stand at. */
export function errorOf(errorSummary: string, reason: string): OktaError {
  return { errorSummary, errorCauses: [{ errorSummary, reason, domain: 'switchboard' }] }
}

function command(
  status: OktaStatus,
  { provider, transactionId }: { readonly provider?: string | undefined; readonly transactionId?: string },
  transactionMetadata: string,
  debugContext: DebugContext
): OktaReply {
  const value = {
    status,
    ...(provider === undefined ? {} : { provider: provider.toUpperCase() }),
    ...(transactionId === undefined ? {} : { transactionId }),
    transactionMetadata
  }
  return { commands: [{ type: 'com.okta.telephony.action', value: [value] }], debugContext }
}

function metadataOf({ attempts, durationMs, rule }: Delivery): string {
  return `attempts=${attempts.length},duration=${durationMs}ms,rule=${rule ?? 'none'}`
}

function debugOf(
  { attempts, rule, rulesHash, lastResort, result }: Delivery,
  requestId: string
): DebugContext {
  return {
    requestId,
    outcome: result.kind,
    rule,
    rules: rulesHash,
    ...(lastResort ? { lastResort } : {}),
    attempts: attempts.map(({ provider, result: attemptResult, durationMs, providerCode }) => ({
      provider,
      result: attemptResult,
      ms: durationMs,
      ...(providerCode === null ? {} : { code: providerCode })
    }))
  }
}
