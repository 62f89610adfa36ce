import type { Voices } from '../speech.ts'

/**
 * Languages of `talk` as the Voice API's specification 1.10.0 lists them.
 * https://developer.vonage.com/en/voice/voice-api/concepts/text-to-speech
 */
export const VONAGE_LANGUAGES: Voices<string> = {
  ar: 'ar',
  cs: 'cs-CZ',
  da: 'da-DK',
  de: 'de-DE',
  el: 'el-GR',
  en: 'en-US',
  'en-au': 'en-AU',
  'en-gb': 'en-GB',
  'en-in': 'en-IN',
  'en-za': 'en-ZA',
  es: 'es-ES',
  'es-mx': 'es-MX',
  'es-us': 'es-US',
  fi: 'fi-FI',
  fr: 'fr-FR',
  'fr-ca': 'fr-CA',
  he: 'he-IL',
  hi: 'hi-IN',
  hu: 'hu-HU',
  id: 'id-ID',
  it: 'it-IT',
  ja: 'ja-JP',
  ko: 'ko-KR',
  nb: 'nb-NO',
  nl: 'nl-NL',
  pl: 'pl-PL',
  pt: 'pt-BR',
  'pt-pt': 'pt-PT',
  ro: 'ro-RO',
  ru: 'ru-RU',
  sv: 'sv-SE',
  th: 'th-TH',
  tr: 'tr-TR',
  uk: 'uk-UA',
  vi: 'vi-VN',
  zh: 'cmn-CN',
  'zh-tw': 'cmn-TW'
}
