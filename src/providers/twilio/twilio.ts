import TwilioClient from 'twilio/lib/rest/Twilio.js'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { OutboundCall, OutboundMessage, OutboundSms } from '../../domain/message.ts'
import { accepted, failed, type Outcome } from '../../domain/outcome.ts'
import { createExchange, type ExchangeSettings, type HttpAnswer } from '../exchange.ts'
import type { Limits, Provider } from '../provider.ts'
import {
  isTransactionId,
  readJson,
  readRefusal,
  unreadable,
  withoutAnswer,
  type VendorError
} from '../refusal.ts'
import { createSdkCalls } from '../sdk-call.ts'
import { TWILIO_CODES } from './codes.ts'
import { createHttpClient } from './http-client.ts'
import { codeTwiml } from './twiml.ts'

export const TWILIO_BASE_URL = 'https://api.twilio.com'

export type TwilioSettings = {
  /** "AC" and 32 hex digits, also where an API key signs in. */
  readonly accountSid: string
  readonly baseUrl: string
} & ({ readonly authToken: string } | { readonly apiKey: string; readonly apiSecret: string })

export interface TwilioDeps {
  /** Ms since 1970. */
  readonly now: () => number
  readonly connections?: ExchangeSettings['connections']
}

/** Seconds; Twilio hangs up after as many, plus about five. */
const RING_LIMIT_S = 30
/** Seconds from the answer. Twice a code of 16 characters takes about 40. */
const CALL_LIMIT_S = 120

/**
 * Twilio: programmable messaging and voice. Its own client builds and reads, our exchange sends.
 *
 * @throws where `accountSid` does not start with "AC".
 */
export function createTwilio(settings: TwilioSettings, { now, connections }: TwilioDeps): Provider {
  const exchange = createExchange({ baseUrl: settings.baseUrl, ...(connections && { connections }) })
  const calls = createSdkCalls(exchange)
  const [username, password] =
    'apiKey' in settings ? [settings.apiKey, settings.apiSecret] : [settings.accountSid, settings.authToken]
  const client = new TwilioClient(username, password, {
    accountSid: settings.accountSid,
    httpClient: createHttpClient(calls),
    // Else the SDK takes both from the environment and rewrites the host.
    edge: '',
    region: ''
  })
  // Loads these parts of the SDK now, and not with the first passcode.
  const { messages, calls: phoneCalls } = client

  async function send(message: OutboundMessage, limits: Limits): Promise<Outcome> {
    if (message.channel === 'voice' && message.sender.kind !== 'number') {
      return failed('sender_refused', 'sender_kind')
    }
    const { answer, read } = await calls.run<{ readonly sid: string }>(limits, () =>
      message.channel === 'sms' ? messages.create(smsOf(message)) : phoneCalls.create(callOf(message))
    )
    return readOutcome(answer, read?.sid, now())
  }

  return {
    name: 'twilio',
    channels: new Set(['sms', 'voice']),
    send,
    warm: exchange.warm,
    close: exchange.close
  }
}

function smsOf({ to, sender, text, validityMs }: OutboundSms) {
  return {
    to,
    ...(sender.kind === 'messaging_service' ? { messagingServiceSid: sender.value } : { from: sender.value }),
    body: text,
    // How long it may wait at Twilio, in whole seconds.
    validityPeriod: Math.min(Math.max(Math.floor(validityMs / 1_000), 1), 36_000)
  }
}

function callOf({ to, sender, script, extension }: OutboundCall) {
  return {
    to,
    from: sender.value,
    twiml: codeTwiml(script),
    timeout: RING_LIMIT_S,
    timeLimit: CALL_LIMIT_S,
    // Each "w" waits half a second for the switchboard.
    ...(extension !== null && { sendDigits: `wwww${extension}` })
  }
}

const Refused = Type.Object({ code: Type.Union([Type.Integer(), Type.String()]) })

function readOutcome(answer: HttpAnswer | null, sid: unknown, nowMs: number): Outcome {
  if (answer?.kind !== 'answered') return withoutAnswer(answer)
  if (answer.status < 200 || answer.status > 299) {
    return readRefusal(answer, readError(answer.body), TWILIO_CODES, nowMs)
  }
  return isTransactionId(sid) ? accepted(sid) : unreadable(answer)
}

/** Both forms carry `code`: Twilio's own, and the newer problem details (RFC 9457). */
function readError(body: string): VendorError | null {
  const error = readJson(body)
  return Value.Check(Refused, error) ? { code: String(error.code) } : null
}
