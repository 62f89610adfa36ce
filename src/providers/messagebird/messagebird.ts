import type { MessageParameters } from 'messagebird'
import type { VoiceParametersWithRecipients } from 'messagebird/types/voice_messages.js'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { OutboundCall, OutboundMessage, OutboundSms } from '../../domain/message.ts'
import { accepted, failed, type Failure, type Outcome } from '../../domain/outcome.ts'
import { createExchange, type ExchangeSettings, type HttpAnswer, type HttpRequest } from '../exchange.ts'
import type { Limits, Provider } from '../provider.ts'
import {
  isTransactionId,
  readJson,
  readRefusal,
  unreadable,
  withoutAnswer,
  type VendorError
} from '../refusal.ts'
import { chooseSpeech } from '../speech.ts'
import { MESSAGEBIRD_CODES } from './codes.ts'
import { MESSAGEBIRD_LANGUAGES } from './languages.ts'

export const MESSAGEBIRD_BASE_URL = 'https://rest.messagebird.com'

export interface MessageBirdSettings {
  readonly accessKey: string
  readonly baseUrl: string
}

export interface MessageBirdDeps {
  /** Ms since 1970. */
  readonly now: () => number
  readonly connections?: ExchangeSettings['connections']
}

/**
 * MessageBird, the classic API (rest.messagebird.com). Its SDK can be made safe in no way, so the requests
 * are ours; its types shape them, and a test holds them equal to what the SDK sends.
 */
export function createMessageBird(
  settings: MessageBirdSettings,
  { now, connections }: MessageBirdDeps
): Provider {
  const exchange = createExchange({ baseUrl: settings.baseUrl, ...(connections && { connections }) })
  const headers = {
    Authorization: `AccessKey ${settings.accessKey}`,
    'Content-Type': 'application/json',
    Accept: 'application/json'
  }

  async function send(message: OutboundMessage, limits: Limits): Promise<Outcome> {
    const refusal = refuseHere(message)
    if (refusal !== null) return refusal
    const answer = await exchange.request({ method: 'POST', headers, ...contentOf(message) }, limits)
    return readOutcome(answer, now())
  }

  return {
    name: 'messagebird',
    channels: new Set(['sms', 'voice']),
    send,
    warm: exchange.warm,
    close: exchange.close
  }
}

/** What this API cannot do, said before anything is sent. */
function refuseHere(message: OutboundMessage): Failure | null {
  const { kind } = message.sender
  if (message.channel === 'sms') {
    return kind === 'messaging_service' ? failed('sender_refused', 'sender_kind') : null
  }
  if (kind !== 'number') return failed('sender_refused', 'sender_kind')
  // Voice messages cannot dial on: the switchboard would hear the code.
  return message.extension === null ? null : failed('sender_refused', 'extension_not_dialled')
}

function contentOf(message: OutboundMessage): Pick<HttpRequest, 'path' | 'body'> {
  return message.channel === 'sms'
    ? { path: '/messages', body: JSON.stringify(smsOf(message)) }
    : { path: '/voicemessages', body: JSON.stringify(callOf(message)) }
}

function smsOf({ to, sender, text, validityMs }: OutboundSms): MessageParameters {
  return {
    originator: sender.kind === 'number' ? digitsOf(sender.value) : sender.value,
    recipients: [digitsOf(to)],
    body: text,
    // The default swaps or drops what GSM-7 cannot write.
    datacoding: 'auto',
    // In whole seconds.
    validity: Math.max(Math.floor(validityMs / 1_000), 1)
  }
}

/** No SSML here: commas make the pauses. The vendor says the whole twice. */
function callOf({ to, sender, script }: OutboundCall): VoiceParametersWithRecipients {
  const { script: spoken, voice: language } = chooseSpeech(script, MESSAGEBIRD_LANGUAGES)
  return {
    originator: digitsOf(sender.value),
    recipients: [digitsOf(to)],
    body: `${spoken.intro} ${spoken.characters.join(', ')}.`,
    language,
    repeat: 2,
    // The default listens for a machine, up to 7 s, before it speaks to anybody.
    ifMachine: 'continue'
  }
}

function digitsOf(number: string): string {
  return number.replace(/^\+/u, '')
}

const Sent = Type.Object({
  id: Type.String(),
  recipients: Type.Object({ items: Type.Array(Type.Unknown(), { minItems: 1 }) })
})

const Refused = Type.Object({
  errors: Type.Array(
    Type.Object({
      code: Type.Union([Type.Integer(), Type.String()]),
      parameter: Type.Optional(Type.Union([Type.String(), Type.Null()]))
    }),
    { minItems: 1 }
  )
})

function readOutcome(answer: HttpAnswer, nowMs: number): Outcome {
  if (answer.kind !== 'answered') return withoutAnswer(answer)
  const body = readJson(answer.body)
  const error = readError(body)
  if (error !== null || answer.status < 200 || answer.status > 299) {
    return readRefusal(answer, error, MESSAGEBIRD_CODES, nowMs)
  }
  return Value.Check(Sent, body) && isTransactionId(body.id) ? accepted(body.id) : unreadable(answer)
}

function readError(body: unknown): VendorError | null {
  if (!Value.Check(Refused, body)) return null
  const [error] = body.errors
  if (error === undefined) return null
  const code = String(error.code)
  return { code, keys: [`${code}:${error.parameter ?? ''}`, code] }
}
