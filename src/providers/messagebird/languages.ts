import type { languages as Language } from 'messagebird/types/voice_messages.js'
import type { Voices } from '../speech.ts'

/**
 * The languages that voice messages are read in. Arabic, Czech, Finnish and Hindi are not among them.
 * https://developers.messagebird.com/api/voice-messaging/#supported-languages
 */
export const MESSAGEBIRD_LANGUAGES: Voices<Language> = {
  cy: 'cy-gb',
  da: 'da-dk',
  de: 'de-de',
  el: 'el-gr',
  en: 'en-us',
  'en-au': 'en-au',
  'en-gb': 'en-gb',
  'en-in': 'en-in',
  es: 'es-es',
  'es-mx': 'es-mx',
  'es-us': 'es-us',
  fr: 'fr-fr',
  'fr-ca': 'fr-ca',
  id: 'id-id',
  is: 'is-is',
  it: 'it-it',
  ja: 'ja-jp',
  ko: 'ko-kr',
  ms: 'ms-my',
  nb: 'nb-no',
  nl: 'nl-nl',
  pl: 'pl-pl',
  pt: 'pt-br',
  'pt-pt': 'pt-pt',
  ro: 'ro-ro',
  ru: 'ru-ru',
  sv: 'sv-se',
  ta: 'ta-in',
  th: 'th-th',
  tr: 'tr-tr',
  vi: 'vi-vn',
  zh: 'zh-cn',
  'zh-hk': 'zh-hk'
}
