import type { CallScript } from '../domain/message.ts'
import { callScript } from '../domain/texts.ts'

/**
 * A vendor's voices by language: "pt" for any Portuguese, "pt-pt" for one of Portugal. Keys are in lower
 * case. English must be there, for it is what everything falls back to.
 */
export type Voices<V> = Readonly<Record<string, V>> & { readonly en: V }

export interface Speech<V> {
  readonly script: CallScript
  readonly voice: V
}

/**
 * The script, and a voice that speaks its language. Where the vendor has none, the script is taken in
 * English: an English voice cannot read Arabic.
 */
export function chooseSpeech<V>(script: CallScript, voices: Voices<V>): Speech<V> {
  const voice = findVoice(script, voices)
  if (voice !== undefined) return { script, voice }
  return { script: callScript(script.characters.join(''), 'en'), voice: voices.en }
}

function findVoice<V>({ language, locale }: CallScript, voices: Voices<V>): V | undefined {
  const tag = locale.toLowerCase()
  // A locale whose language we have no text in ("cy-GB") comes with an English text.
  const isOfLanguage = tag.startsWith(`${language}-`)
  for (const key of isOfLanguage ? [tag, language] : [language]) {
    if (Object.hasOwn(voices, key)) return voices[key]
  }
  return undefined
}
