import type VoiceResponse from 'twilio/lib/twiml/VoiceResponse.js'
import type { Voices } from '../speech.ts'

export type TwilioVoice = Readonly<Required<Pick<VoiceResponse.SayAttributes, 'language' | 'voice'>>>

/**
 * Voices that take SSML: Amazon Polly's, neural where there is one; Google's where Polly has none. The plain
 * voices (man, woman, alice) take no SSML, and the generative ones drop parts of it.
 * https://www.twilio.com/docs/voice/twiml/say/text-speech
 */
export const TWILIO_VOICES: Voices<TwilioVoice> = {
  ar: { language: 'arb', voice: 'Polly.Zeina' },
  cs: { language: 'cs-CZ', voice: 'Google.cs-CZ-Wavenet-A' },
  da: { language: 'da-DK', voice: 'Polly.Sofie-Neural' },
  de: { language: 'de-DE', voice: 'Polly.Vicki-Neural' },
  'de-at': { language: 'de-AT', voice: 'Polly.Hannah-Neural' },
  el: { language: 'el-GR', voice: 'Google.el-GR-Wavenet-A' },
  en: { language: 'en-US', voice: 'Polly.Joanna-Neural' },
  'en-au': { language: 'en-AU', voice: 'Polly.Olivia-Neural' },
  'en-gb': { language: 'en-GB', voice: 'Polly.Amy-Neural' },
  'en-ie': { language: 'en-IE', voice: 'Polly.Niamh-Neural' },
  'en-in': { language: 'en-IN', voice: 'Polly.Kajal-Neural' },
  es: { language: 'es-ES', voice: 'Polly.Lucia-Neural' },
  'es-mx': { language: 'es-MX', voice: 'Polly.Mia-Neural' },
  'es-us': { language: 'es-US', voice: 'Polly.Lupe-Neural' },
  fi: { language: 'fi-FI', voice: 'Polly.Suvi-Neural' },
  fr: { language: 'fr-FR', voice: 'Polly.Lea-Neural' },
  'fr-be': { language: 'fr-BE', voice: 'Polly.Isabelle-Neural' },
  'fr-ca': { language: 'fr-CA', voice: 'Polly.Gabrielle-Neural' },
  he: { language: 'he-IL', voice: 'Google.he-IL-Wavenet-A' },
  hi: { language: 'hi-IN', voice: 'Polly.Kajal-Neural' },
  hu: { language: 'hu-HU', voice: 'Google.hu-HU-Wavenet-A' },
  id: { language: 'id-ID', voice: 'Google.id-ID-Wavenet-A' },
  it: { language: 'it-IT', voice: 'Polly.Bianca-Neural' },
  ja: { language: 'ja-JP', voice: 'Polly.Tomoko-Neural' },
  ko: { language: 'ko-KR', voice: 'Polly.Seoyeon-Neural' },
  nb: { language: 'nb-NO', voice: 'Polly.Ida-Neural' },
  nl: { language: 'nl-NL', voice: 'Polly.Laura-Neural' },
  'nl-be': { language: 'nl-BE', voice: 'Polly.Lisa-Neural' },
  pl: { language: 'pl-PL', voice: 'Polly.Ola-Neural' },
  pt: { language: 'pt-BR', voice: 'Polly.Camila-Neural' },
  'pt-pt': { language: 'pt-PT', voice: 'Polly.Ines-Neural' },
  ro: { language: 'ro-RO', voice: 'Google.ro-RO-Wavenet-A' },
  ru: { language: 'ru-RU', voice: 'Polly.Tatyana' },
  sv: { language: 'sv-SE', voice: 'Polly.Elin-Neural' },
  th: { language: 'th-TH', voice: 'Google.th-TH-Standard-A' },
  tr: { language: 'tr-TR', voice: 'Polly.Burcu-Neural' },
  uk: { language: 'uk-UA', voice: 'Google.uk-UA-Wavenet-A' },
  vi: { language: 'vi-VN', voice: 'Google.vi-VN-Wavenet-A' },
  zh: { language: 'cmn-CN', voice: 'Polly.Zhiyu-Neural' }
}
