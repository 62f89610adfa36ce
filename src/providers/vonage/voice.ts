import { NCCOActions, type CallWithNCCO } from '@vonage/voice'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import type { CallScript, OutboundCall } from '../../domain/message.ts'
import { accepted, failed, type Outcome } from '../../domain/outcome.ts'
import type { Exchange, HttpAnswer } from '../exchange.ts'
import type { Limits } from '../provider.ts'
import {
  isTransactionId,
  readJson,
  readRefusal,
  unreadable,
  withoutAnswer,
  type VendorError
} from '../refusal.ts'
import { createSdkCalls } from '../sdk-call.ts'
import { chooseSpeech } from '../speech.ts'
import type { Bearer } from './bearer.ts'
import { ExchangedVoice } from './clients.ts'
import { VONAGE_VOICE_CODES } from './codes.ts'
import { VONAGE_LANGUAGES } from './languages.ts'
import { vonageNumber } from './number.ts'

export type SendCall = (message: OutboundCall, limits: Limits) => Promise<Outcome>

/** Seconds. */
const RING_LIMIT_S = 30
/** Seconds from the answer. Twice a code of 16 characters takes about 40. */
const CALL_LIMIT_S = 120

/** Calls by Vonage's Voice API, built and read by its SDK. */
export function createVonageVoice({ auth }: Bearer, exchange: Exchange, now: () => number): SendCall {
  const calls = createSdkCalls(exchange)
  const client = new ExchangedVoice(auth, calls)

  return async function send(message, limits) {
    if (message.sender.kind !== 'number') return failed('sender_refused', 'sender_kind')
    const { answer, read } = await calls.run(limits, () => client.createOutboundCall(callOf(message)))
    return readOutcome(answer, read?.uuid, now())
  }
}

/** The script goes with the request: no second request carries the code. */
function callOf({ to, sender, script, extension }: OutboundCall): CallWithNCCO {
  const { script: spoken, voice: language } = chooseSpeech(script, VONAGE_LANGUAGES)
  return {
    to: [
      {
        type: 'phone',
        number: vonageNumber(to),
        // Each "p" waits half a second for the switchboard.
        ...(extension !== null && { dtmfAnswer: `pppp${extension}` })
      }
    ],
    from: { type: 'phone', number: vonageNumber(sender.value) },
    ncco: [{ action: NCCOActions.TALK, text: codeSsml(spoken), language, loop: 1 }],
    ringingTimer: RING_LIMIT_S,
    lengthTimer: CALL_LIMIT_S
  }
}

/**
 * The whole call in SSML. Vonage asks for single quotes in its attributes.
 * https://developer.vonage.com/en/voice/voice-api/concepts/customizing-tts
 */
export function codeSsml({ intro, again, characters }: CallScript): string {
  const slowly = `<prosody rate='slow'>${characters.map(sayCharacter).join('')}</prosody>`
  return `<speak>${escapeXml(intro)} ${slowly}<break time='1s'/>${escapeXml(again)} ${slowly}</speak>`
}

function sayCharacter(character: string): string {
  const kind = /^\d$/u.test(character) ? 'digits' : 'characters'
  return `<say-as interpret-as='${kind}'>${escapeXml(character)}</say-as><break time='400ms'/>`
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&apos;',
  '"': '&quot;'
}

function escapeXml(text: string): string {
  return text.replace(/[&<>'"]/gu, (mark) => XML_ENTITIES[mark] ?? '')
}

function readOutcome(answer: HttpAnswer | null, uuid: unknown, nowMs: number): Outcome {
  if (answer?.kind !== 'answered') return withoutAnswer(answer)
  if (answer.status < 200 || answer.status > 299) {
    return readRefusal(answer, readProblem(answer.body), VONAGE_VOICE_CODES, nowMs)
  }
  return isTransactionId(uuid) ? accepted(uuid) : unreadable(answer)
}

const Problem = Type.Object({ type: Type.String() })

/** RFC 7807: `type` is a URL, and what follows its "#" is the code. */
function readProblem(body: string): VendorError | null {
  const problem = readJson(body)
  const code = Value.Check(Problem, problem) ? problem.type.split('#')[1] : undefined
  return code === undefined ? null : { code: code.toLowerCase() }
}
