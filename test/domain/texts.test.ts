import fc from 'fast-check'
import { SegmentedMessage } from 'sms-segments-calculator'
import t from 'tap'
import { countSegments, isGsm7 } from '../../src/domain/gsm7.ts'
import { PHRASES, type Phrases } from '../../src/domain/phrases.ts'
import { LANGUAGE_NAMES, callScript, resolveLanguage, smsText } from '../../src/domain/texts.ts'

const LONGEST_CODE = 'W'.repeat(16)

const phrases: readonly (readonly [string, Phrases])[] = Object.entries(PHRASES)

t.test('smsText() fits one segment in every language with the longest code', async (t) => {
  for (const [key] of phrases) {
    const text = smsText(LONGEST_CODE, key)
    const { segmentsCount, encodingName } = new SegmentedMessage(text)
    t.equal(segmentsCount, 1, `${key}: ${encodingName}, ${text.length} characters`)
    t.equal(countSegments(text), 1, `${key}: by our own count`)
  }
})

t.test('smsText() puts the code in once, in the language asked for', async (t) => {
  t.equal(smsText('004217', 'EN-US'), 'Your verification code is 004217. Do not share it.')
  t.equal(smsText('004217', 'de-AT'), 'Ihr Bestätigungscode lautet 004217. Geben Sie ihn nicht weiter.')
  t.equal(smsText('004217', 'zh-Hant-TW'), '您的驗證碼是 004217，請勿告訴他人。')
  t.equal(smsText('$&$1', 'en'), 'Your verification code is $&$1. Do not share it.', 'a code is no pattern')
  for (const [key] of phrases) t.equal(smsText('004217', key).split('004217').length, 2, key)
})

t.test('callScript() says the code character by character', async (t) => {
  t.same(callScript('007A', 'pt-PT'), {
    language: 'pt',
    locale: 'pt-PT',
    intro: PHRASES.pt.intro,
    again: PHRASES.pt.again,
    characters: ['0', '0', '7', 'A']
  })
  t.match(callScript('1', 'cy-GB'), { language: 'en', locale: 'en-US', intro: PHRASES.en.intro })
})

t.test('resolveLanguage() falls back from region to language to English', async (t) => {
  const cases: readonly (readonly [string | null, keyof typeof PHRASES, string])[] = [
    [null, 'en', 'en-US'],
    ['', 'en', 'en-US'],
    ['EN-US', 'en', 'en-US'],
    ['en', 'en', 'en-US'],
    ['en-gb', 'en', 'en-GB'],
    ['de', 'de', 'de-DE'],
    ['DE-ch', 'de', 'de-CH'],
    ['de-CH-1996', 'de', 'de-CH'],
    ['de_AT', 'de', 'de-AT'],
    ['pt', 'pt', 'pt-BR'],
    ['pt-br', 'pt', 'pt-BR'],
    ['pt-PT', 'pt', 'pt-PT'],
    ['es-419', 'es', 'es-419'],
    ['fr-u-ca-gregory', 'fr', 'fr-FR'],
    ['sr-Latn-RS', 'en', 'en-US'],
    ['ru-Latn-RU', 'ru', 'ru-RU'],
    ['zh', 'zh', 'zh-CN'],
    ['zh-CN', 'zh', 'zh-CN'],
    ['zh-SG', 'zh', 'zh-SG'],
    ['cmn-Hans-CN', 'zh', 'zh-CN'],
    ['zh-TW', 'zh-hant', 'zh-TW'],
    ['zh-hk', 'zh-hant', 'zh-HK'],
    ['zh-Hant', 'zh-hant', 'zh-TW'],
    ['zh-Hant-TW', 'zh-hant', 'zh-TW'],
    ['ZH-HANT-HK', 'zh-hant', 'zh-HK'],
    ['zh-Hans-HK', 'zh', 'zh-HK'],
    ['no', 'nb', 'nb-NO'],
    ['no-NO', 'nb', 'nb-NO'],
    ['nn-NO', 'nb', 'nb-NO'],
    ['nb-SJ', 'nb', 'nb-SJ'],
    ['iw', 'he', 'he-IL'],
    ['in-ID', 'id', 'id-ID'],
    ['cy-GB', 'en', 'en-US'],
    ['english', 'en', 'en-US'],
    ['i-klingon', 'en', 'en-US'],
    ['de@euro', 'en', 'en-US'],
    ['deu', 'en', 'en-US'],
    ['*', 'en', 'en-US'],
    ['constructor', 'en', 'en-US'],
    ['__proto__', 'en', 'en-US'],
    [`de-DE-${'x'.repeat(29)}`, 'de', 'de-DE'],
    [`de-DE-${'x'.repeat(30)}`, 'en', 'en-US']
  ]
  for (const [locale, key, spoken] of cases) {
    const language = resolveLanguage(locale)
    t.equal(language.phrases, PHRASES[key], `${locale} is written in ${key}`)
    t.equal(language.locale, spoken, `${locale} is spoken as ${spoken}`)
  }
})

t.test('resolveLanguage() makes a locale with a region of any string', async (t) => {
  const asked = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.stringMatching(/^[a-zA-Z]{2,3}([-_][a-zA-Z0-9]{1,8}){0,4}$/u)
  )
  fc.assert(
    fc.property(asked, (asked) => /^[a-z]{2}-(?:[A-Z]{2}|\d{3})$/u.test(resolveLanguage(asked).locale))
  )
  t.pass()
})

t.test('every language has its name, its region, and texts that are fit to send', async (t) => {
  for (const [key, { language, region, sms, intro, again }] of phrases) {
    t.equal(key.split('-')[0], language, `${key}: named after its language`)
    t.equal(resolveLanguage(key).phrases.sms, sms, `${key}: found by its own key`)
    t.equal(new Intl.Locale(key).maximize().region, region, `${key}: the main region as CLDR has it`)
    t.match(sms, /^[^{}]*\{code\}[^{}]*$/u, `${key}: one place for the code`)
    for (const text of [sms, intro, again]) {
      t.equal(text, text.normalize('NFC').trim(), `${key}: composed letters, no white space at the ends`)
      t.notMatch(text, /[<>&"\p{Cc}\p{Cf}]|https?:|www\./iu, `${key}: no markup, invisible marks or links`)
    }
    for (const spoken of [intro, again]) {
      t.notMatch(spoken, /\d|code\}/u, `${key}: no digit beside the code's`)
    }
  }
})

t.test('the languages that are promised are there', async (t) => {
  const promised = 'en de fr es pt it nl sv da nb fi pl cs tr ja ko zh hi ar ru'.split(' ')
  t.same(
    promised.filter((language) => !LANGUAGE_NAMES.includes(language)),
    []
  )
})

t.test('isGsm7() agrees with the oracle on every character up to U+24FF', async (t) => {
  const differing: string[] = []
  for (let unit = 0; unit < 0x2500; unit++) {
    const text = String.fromCharCode(unit)
    if (isGsm7(text) !== isGsm7ByOracle(text)) differing.push(unit.toString(16))
  }
  t.same(differing, [])
})

t.test('isGsm7() agrees with the oracle on any text', async (t) => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), gsm7Text(40))
  fc.assert(fc.property(text, (text) => isGsm7(text) === isGsm7ByOracle(text)))
  t.pass()
})

t.test(
  'countSegments() agrees with the oracle on GSM-7 texts, escapes at the borders included',
  async (t) => {
    fc.assert(
      fc.property(gsm7Text(480), (text) => countSegments(text) === new SegmentedMessage(text).segmentsCount)
    )
    t.pass()
  }
)

t.test(
  'countSegments() agrees with the oracle on UCS-2 texts, surrogate pairs at the borders included',
  async (t) => {
    const character = fc.constantFrom('a', '€', '[', 'ж', '码', '한', '👍', '𝄞')
    const text = fc.array(character, { maxLength: 210 }).map((characters) => characters.join(''))
    fc.assert(fc.property(text, (text) => countSegments(text) === new SegmentedMessage(text).segmentsCount))
    t.pass()
  }
)

t.test('countSegments() at the borders', async (t) => {
  const cases: readonly (readonly [string, string, number])[] = [
    ['nothing is one message', '', 1],
    ['160 septets', 'a'.repeat(160), 1],
    ['161 septets', 'a'.repeat(161), 2],
    ['two full parts', 'a'.repeat(306), 2],
    ['one septet more', 'a'.repeat(307), 3],
    ['80 escape sequences', '€'.repeat(80), 1],
    ['81 escape sequences', '€'.repeat(81), 2],
    ['no escape sequence stands across two parts: 76 in each', '€'.repeat(153), 3],
    ['70 units', 'ж'.repeat(70), 1],
    ['71 units', 'ж'.repeat(71), 2],
    ['two full parts of units', 'ж'.repeat(134), 2],
    ['one unit more', 'ж'.repeat(135), 3],
    ['35 pairs', '👍'.repeat(35), 1],
    ['36 pairs', '👍'.repeat(36), 2],
    ['no pair stands across two parts: 33 in each', '👍'.repeat(67), 3],
    ['a character of the extension is one unit in UCS-2', `ж${'€'.repeat(69)}`, 1],
    ['half a pair is a unit of its own', '\ud83d'.repeat(70), 1]
  ]
  for (const [name, text, segments] of cases) t.equal(countSegments(text), segments, name)
})

t.test('countSegments() lets a letter and its combining accent stand in two parts', async (t) => {
  // TS 23.040 (9.2.3.24.1) only forbids to split a character, and an accent is one of its own: 134 units
  // are two full parts. The oracle keeps whole graphemes together, and so needs a third.
  const text = 'e\u0301'.repeat(67)
  t.equal(text.length, 134)
  t.equal(countSegments(text), 2)
  t.equal(new SegmentedMessage(text).segmentsCount, 3)
})

function isGsm7ByOracle(text: string): boolean {
  return new SegmentedMessage(text).encodingName === 'GSM-7'
}

function gsm7Text(maxLength: number): fc.Arbitrary<string> {
  const character = fc.constantFrom('a', 'Z', '7', ' ', '\r', '\n', 'ñ', 'Ω', '€', '[', '~', '\f')
  return fc.array(character, { maxLength, size: 'max' }).map((characters) => characters.join(''))
}
