import VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js'
import type { CallScript } from '../../domain/message.ts'
import { chooseSpeech } from '../speech.ts'
import { TWILIO_VOICES, type TwilioVoice } from './voices.ts'

/**
 * What the call says, as TwiML that goes with the request: no second request carries the code. The SDK's
 * builder escapes the text. About 2,600 characters for a code of 16, of 4,000 that Twilio takes.
 */
export function codeTwiml(script: CallScript): string {
  const speech = chooseSpeech(script, TWILIO_VOICES)
  const { intro, again, characters } = speech.script

  const response = new VoiceResponse()
  say(response, speech.voice, intro, characters)
  response.pause({ length: 1 })
  say(response, speech.voice, again, characters)
  return response.toString()
}

function say(
  response: VoiceResponse,
  voice: TwilioVoice,
  text: string,
  characters: CallScript['characters']
): void {
  const slowly = response.say(voice, `${text} `).prosody({ rate: 'slow' }, '')
  for (const character of characters) {
    slowly.sayAs({ 'interpret-as': /^\d$/u.test(character) ? 'digits' : 'characters' }, character)
    slowly.break({ time: '400ms' })
  }
}
