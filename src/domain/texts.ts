import type { CallScript } from './message.ts'
import { PHRASES, type Phrases, type PhrasesKey } from './phrases.ts'

/** The language that a user is written and spoken to in. */
export interface Language {
  readonly phrases: Phrases
  /** BCP-47 in its canonical case, always with a region: the user's where the language is the user's. */
  readonly locale: string
}

/** The languages that we have texts in, ISO 639-1. */
export const LANGUAGE_NAMES: readonly string[] = [
  ...new Set(Object.values(PHRASES).map(({ language }) => language))
]

/** BCP 47 sets no limit; 35 is the longest that it asks everybody to take (RFC 5646, section 4.4.1). */
const MAX_LOCALE_LENGTH = 35

/** Language, script, region; what follows them is not looked at. */
const LOCALE = /^([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}|\d{3}))?(?![^-_])/u

/** Codes that ISO 639 has replaced, and languages whose readers we have a close text for. */
const LANGUAGE_ALIASES: Readonly<Record<string, PhrasesKey>> = {
  arb: 'ar',
  cmn: 'zh',
  in: 'id',
  iw: 'he',
  mo: 'ro',
  nn: 'nb',
  no: 'nb'
}

/** Where Chinese without a named script is written in traditional characters. */
const TRADITIONAL_CHINESE: ReadonlySet<string> = new Set(['hk', 'mo', 'tw'])

/**
 * The language for a BCP-47 locale in any case ("EN-US", "pt-BR", "zh-Hant-TW"): language and script or
 * region, else language, else English. Never fails: what is null, too long or no locale is English.
 */
export function resolveLanguage(locale: string | null): Language {
  const [, language = '', script, region] = readSubtags(locale)
  const key = findKey(LANGUAGE_ALIASES[language] ?? language, script, region)
  if (key === undefined) return { phrases: PHRASES.en, locale: `${PHRASES.en.language}-${PHRASES.en.region}` }

  const phrases = PHRASES[key]
  return { phrases, locale: `${phrases.language}-${region?.toUpperCase() ?? phrases.region}` }
}

function readSubtags(locale: string | null): readonly (string | undefined)[] {
  if (locale === null || locale.length > MAX_LOCALE_LENGTH) return []
  return LOCALE.exec(locale.toLowerCase()) ?? []
}

function findKey(language: string, script: string | undefined, region = ''): PhrasesKey | undefined {
  const written = script ?? (language === 'zh' && TRADITIONAL_CHINESE.has(region) ? 'hant' : '')
  return [`${language}-${written}`, language].find(isKey)
}

function isKey(key: string): key is PhrasesKey {
  return Object.hasOwn(PHRASES, key)
}

/** Our own text of an SMS, for a request that came without one. One segment for a code of up to 16 characters. */
export function smsText(code: string, locale: string | null): string {
  return resolveLanguage(locale).phrases.sms.replace('{code}', () => code)
}

/** What a call says. */
export function callScript(code: string, locale: string | null): CallScript {
  const { phrases, locale: spoken } = resolveLanguage(locale)
  return {
    language: phrases.language,
    locale: spoken,
    intro: phrases.intro,
    again: phrases.again,
    characters: [...code]
  }
}
