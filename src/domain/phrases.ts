/** What we say in one language. */
export interface Phrases {
  /** ISO 639-1 of the language, where the key names a script too. */
  readonly language: string
  /** ISO 3166-1 alpha-2 of the main region: the voice of a locale that names none ("de" is spoken as "de-DE"). */
  readonly region: string
  /** A text message. `{code}` stands in it once. */
  readonly sms: string
  /** Spoken before the code, and before it is said again. The characters of the code follow after a pause. */
  readonly intro: string
  readonly again: string
}

/**
 * Our own texts. Formal where the language has to choose, and short: a text message has to fit one segment
 * with a code of 16 characters. That is 160 characters in GSM 7-bit, and 70 where a letter is outside it
 * (`ó`, `ê`, `ş`, all of Greek, Cyrillic, Arabic, Chinese ...); a test counts. No company's name and no link.
 *
 * Keys are in lower case: a language, or a language and a script.
 */
export const PHRASES = {
  en: {
    language: 'en',
    region: 'US',
    sms: 'Your verification code is {code}. Do not share it.',
    intro: 'Hello. Your verification code is:',
    again: 'Once more, your code is:'
  },
  ar: {
    language: 'ar',
    region: 'EG',
    sms: 'رمز التحقق الخاص بك هو {code}. لا تشاركه مع أحد.',
    intro: 'مرحبًا. رمز التحقق الخاص بك هو:',
    again: 'مرة أخرى، رمز التحقق هو:'
  },
  cs: {
    language: 'cs',
    region: 'CZ',
    sms: 'Váš ověřovací kód je {code}. Nikomu ho nesdělujte.',
    intro: 'Dobrý den. Váš ověřovací kód je:',
    again: 'Opakujeme, váš kód je:'
  },
  da: {
    language: 'da',
    region: 'DK',
    sms: 'Din bekræftelseskode er {code}. Del den ikke med andre.',
    intro: 'Hej. Din bekræftelseskode er:',
    again: 'Vi gentager, din kode er:'
  },
  de: {
    language: 'de',
    region: 'DE',
    sms: 'Ihr Bestätigungscode lautet {code}. Geben Sie ihn nicht weiter.',
    intro: 'Guten Tag. Ihr Bestätigungscode lautet:',
    again: 'Noch einmal, Ihr Code lautet:'
  },
  el: {
    language: 'el',
    region: 'GR',
    sms: 'Ο κωδικός επαλήθευσης είναι {code}. Μην τον κοινοποιήσετε.',
    intro: 'Γεια σας. Ο κωδικός επαλήθευσής σας είναι:',
    again: 'Επαναλαμβάνουμε, ο κωδικός σας είναι:'
  },
  es: {
    language: 'es',
    region: 'ES',
    sms: 'Su código de verificación es {code}. No lo comparta.',
    intro: 'Hola. Su código de verificación es:',
    again: 'Una vez más, su código es:'
  },
  fi: {
    language: 'fi',
    region: 'FI',
    sms: 'Vahvistuskoodisi on {code}. Älä jaa sitä muille.',
    intro: 'Hei. Vahvistuskoodisi on:',
    again: 'Vielä kerran, koodisi on:'
  },
  fr: {
    language: 'fr',
    region: 'FR',
    sms: 'Votre code de vérification est {code}. Ne le communiquez à personne.',
    intro: 'Bonjour. Votre code de vérification est :',
    again: 'Encore une fois, votre code est :'
  },
  he: {
    language: 'he',
    region: 'IL',
    sms: 'קוד האימות שלך הוא {code}. אין למסור אותו לאף אחד.',
    intro: 'שלום. קוד האימות שלך הוא:',
    again: 'שוב, הקוד שלך הוא:'
  },
  hi: {
    language: 'hi',
    region: 'IN',
    sms: 'आपका सत्यापन कोड {code} है। इसे किसी के साथ साझा न करें।',
    intro: 'नमस्ते। आपका सत्यापन कोड है:',
    again: 'एक बार फिर, आपका कोड है:'
  },
  hu: {
    language: 'hu',
    region: 'HU',
    sms: 'Az Ön ellenőrző kódja: {code}. Ne ossza meg senkivel.',
    intro: 'Üdvözöljük. Az Ön ellenőrző kódja:',
    again: 'Ismételjük, az Ön kódja:'
  },
  id: {
    language: 'id',
    region: 'ID',
    sms: 'Kode verifikasi Anda adalah {code}. Jangan berikan kepada siapa pun.',
    intro: 'Halo. Kode verifikasi Anda adalah:',
    again: 'Sekali lagi, kode Anda adalah:'
  },
  it: {
    language: 'it',
    region: 'IT',
    sms: 'Il codice di verifica è {code}. Non condividerlo con nessuno.',
    intro: 'Salve. Il codice di verifica è:',
    again: 'Ripetiamo, il codice è:'
  },
  ja: {
    language: 'ja',
    region: 'JP',
    sms: '認証コードは {code} です。他の人に教えないでください。',
    intro: 'こんにちは。認証コードをお伝えします。',
    again: 'もう一度お伝えします。'
  },
  ko: {
    language: 'ko',
    region: 'KR',
    sms: '인증 코드는 {code}입니다. 다른 사람에게 알려 주지 마세요.',
    intro: '안녕하세요. 인증 코드를 알려 드립니다.',
    again: '다시 한번 알려 드립니다.'
  },
  nb: {
    language: 'nb',
    region: 'NO',
    sms: 'Bekreftelseskoden din er {code}. Ikke del den med andre.',
    intro: 'Hei. Bekreftelseskoden din er:',
    again: 'Vi gjentar, koden din er:'
  },
  nl: {
    language: 'nl',
    region: 'NL',
    sms: 'Uw verificatiecode is {code}. Deel deze code met niemand.',
    intro: 'Hallo. Uw verificatiecode is:',
    again: 'Nogmaals, uw code is:'
  },
  pl: {
    language: 'pl',
    region: 'PL',
    sms: 'Kod weryfikacyjny: {code}. Nie udostępniaj go nikomu.',
    intro: 'Dzień dobry. Twój kod weryfikacyjny to:',
    again: 'Powtarzamy, Twój kod to:'
  },
  // "Divulgar" is said alike in Brazil and in Portugal, where "share" is not.
  pt: {
    language: 'pt',
    region: 'BR',
    sms: 'O seu código de verificação é {code}. Não o divulgue.',
    intro: 'Olá. O seu código de verificação é:',
    again: 'Mais uma vez, o seu código é:'
  },
  ro: {
    language: 'ro',
    region: 'RO',
    sms: 'Codul de verificare este {code}. Nu îl divulgați nimănui.',
    intro: 'Bună ziua. Codul de verificare este:',
    again: 'Repetăm, codul este:'
  },
  ru: {
    language: 'ru',
    region: 'RU',
    sms: 'Ваш код подтверждения: {code}. Никому его не сообщайте.',
    intro: 'Здравствуйте. Ваш код подтверждения:',
    again: 'Повторяем. Ваш код:'
  },
  sv: {
    language: 'sv',
    region: 'SE',
    sms: 'Din verifieringskod är {code}. Dela den inte med någon.',
    intro: 'Hej. Din verifieringskod är:',
    again: 'En gång till, din kod är:'
  },
  th: {
    language: 'th',
    region: 'TH',
    sms: 'รหัสยืนยันของคุณคือ {code} โปรดอย่าเปิดเผยแก่ผู้อื่น',
    intro: 'สวัสดี รหัสยืนยันของคุณคือ',
    again: 'อีกครั้ง รหัสของคุณคือ'
  },
  tr: {
    language: 'tr',
    region: 'TR',
    sms: 'Doğrulama kodunuz: {code}. Kimseyle paylaşmayın.',
    intro: 'Merhaba. Doğrulama kodunuz:',
    again: 'Tekrar ediyoruz, kodunuz:'
  },
  uk: {
    language: 'uk',
    region: 'UA',
    sms: 'Ваш код підтвердження: {code}. Нікому його не повідомляйте.',
    intro: 'Вітаємо. Ваш код підтвердження:',
    again: 'Повторюємо. Ваш код:'
  },
  vi: {
    language: 'vi',
    region: 'VN',
    sms: 'Mã xác minh của bạn là {code}. Không chia sẻ mã này.',
    intro: 'Xin chào. Mã xác minh của bạn là:',
    again: 'Xin nhắc lại, mã của bạn là:'
  },
  zh: {
    language: 'zh',
    region: 'CN',
    sms: '您的验证码是 {code}，请勿告诉他人。',
    intro: '您好。您的验证码是：',
    again: '重复一遍，您的验证码是：'
  },
  'zh-hant': {
    language: 'zh',
    region: 'TW',
    sms: '您的驗證碼是 {code}，請勿告訴他人。',
    intro: '您好。您的驗證碼是：',
    again: '再重複一次，您的驗證碼是：'
  }
} as const satisfies Readonly<Record<string, Phrases>>

export type PhrasesKey = keyof typeof PHRASES
