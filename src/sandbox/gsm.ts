/** The GSM 7-bit default alphabet and its extension table (3GPP TS 23.038, section 6.2.1). */
const BASIC = new Set(
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
)
const EXTENSION = new Set('\f^{}\\[~]|€')

export function isGsm(text: string): boolean {
  return Array.from(text).every((character) => BASIC.has(character) || EXTENSION.has(character))
}

/** What a phone shows of a text that was sent in the GSM alphabet although it does not fit. */
export function garble(text: string): string {
  return Array.from(text, (character) => (isGsm(character) ? character : '?')).join('')
}

/** How many parts a text takes: 160 or 153 septets each in the GSM alphabet, 70 or 67 UTF-16 units otherwise. */
export function countParts(text: string, isUnicode: boolean): number {
  const [single, each] = isUnicode ? [70, 67] : [160, 153]
  const size = isUnicode ? text.length : countSeptets(text)
  return size <= single ? 1 : Math.ceil(size / each)
}

function countSeptets(text: string): number {
  return Array.from(text).reduce((sum, character) => sum + (EXTENSION.has(character) ? 2 : 1), 0)
}
