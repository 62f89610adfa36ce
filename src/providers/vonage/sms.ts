import { Auth } from '@vonage/auth'
import { SMSFailure, TypeEnum, type SMSMessages, type SMSParams } from '@vonage/sms'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { isGsm7 } from '../../domain/gsm7.ts'
import type { OutboundSms } from '../../domain/message.ts'
import { accepted, failed, type Failure, type Outcome } from '../../domain/outcome.ts'
import type { Exchange, HttpAnswer } from '../exchange.ts'
import { capRetryAfterMs } from '../http-status.ts'
import type { Limits } from '../provider.ts'
import { isTransactionId, readRefusal, unreadable, withoutAnswer, type VendorError } from '../refusal.ts'
import { createSdkCalls } from '../sdk-call.ts'
import { ExchangedSms } from './clients.ts'
import { VONAGE_SMS_CODES } from './codes.ts'
import { vonageNumber } from './number.ts'

export interface VonageSmsSettings {
  readonly apiKey: string
  readonly apiSecret: string
}

export type SendSms = (message: OutboundSms, limits: Limits) => Promise<Outcome>

/** Messages by Vonage's SMS API, built and read by its SDK. */
export function createVonageSms(settings: VonageSmsSettings, exchange: Exchange, now: () => number): SendSms {
  const calls = createSdkCalls(exchange)
  // Without a key the SDK asks the file system for a file named `undefined`, and Node warns of it.
  const client = new ExchangedSms(new Auth({ ...settings, privateKey: '' }), calls)

  return async function send(message, limits) {
    if (message.sender.kind === 'messaging_service') return failed('sender_refused', 'sender_kind')
    const { answer, read } = await calls.run(limits, () => sendAndRead(client, paramsOf(message)))
    return readOutcome(answer, read, now())
  }
}

/** The SDK throws what Vonage refuses, and takes a whole refusal for a partial one: what it read counts. */
async function sendAndRead(client: ExchangedSms, params: SMSParams): Promise<SMSMessages> {
  try {
    return await client.send(params)
  } catch (error) {
    if (error instanceof SMSFailure) return error.getResponse()
    throw error
  }
}

function paramsOf({ to, sender, text, validityMs }: OutboundSms): SMSParams {
  return {
    to: vonageNumber(to),
    from: sender.kind === 'number' ? vonageNumber(sender.value) : sender.value,
    text,
    // Without it, what GSM-7 cannot write arrives as question marks.
    ...(!isGsm7(text) && { type: TypeEnum.UNICODE }),
    // In ms, and no less than 20 s.
    ttl: Math.min(Math.max(Math.floor(validityMs), 20_000), 604_800_000)
  }
}

const Sent = Type.Object({ status: Type.Literal('0'), 'message-id': Type.String() })
const Refused = Type.Object({
  status: Type.String({ pattern: '^(?!0$)' }),
  'error-text': Type.Optional(Type.String())
})

/** A long text is several messages, each with a status and an id of its own. */
function readOutcome(answer: HttpAnswer | null, read: SMSMessages | undefined, nowMs: number): Outcome {
  if (answer?.kind !== 'answered') return withoutAnswer(answer)
  const isOk = answer.status >= 200 && answer.status <= 299
  const parts: readonly unknown[] = Array.isArray(read?.messages) ? read.messages : []
  const id = parts.find((part) => Value.Check(Sent, part))?.['message-id']
  const refused = parts.find((part) => Value.Check(Refused, part))

  if (refused === undefined && isOk) return isTransactionId(id) ? accepted(id) : unreadable(answer)
  const error = refused === undefined ? null : errorOf(refused)
  const refusal = readRefusal(answer, error, VONAGE_SMS_CODES, nowMs)
  // Some parts went and some did not. No phone shows such a message, yet it was sent: nobody knows.
  return isOk && id !== undefined ? partlySent(refusal) : refusal
}

function partlySent({ httpStatus, providerCode }: Failure): Failure {
  return failed('no_answer', 'partly_sent', { httpStatus, providerCode })
}

function errorOf(refused: Static<typeof Refused>): VendorError {
  const text = refused['error-text'] ?? ''
  return {
    code: refused.status,
    keys: namesRecipient(text) ? [`${refused.status}:to`, refused.status] : [refused.status],
    retryAfterMs: pauseIn(text)
  }
}

/** "Invalid value for param: to" */
function namesRecipient(text: string): boolean {
  return /(?:param(?:eter)?s?|value)\b.*[:\s'"`]to\b['"`]?\s*$/iu.test(text)
}

/** "Throughput Rate Exceeded - please wait [ 250 ] and retry": ms. */
function pauseIn(text: string): number | null {
  const ms = /wait \[\s*(\d{1,9})\s*\]/iu.exec(text)?.[1]
  return ms === undefined ? null : capRetryAfterMs(Number(ms))
}
