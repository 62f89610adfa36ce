/** The default alphabet but its escape character: 3GPP TS 23.038, section 6.2.1. */
const BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?' +
  '¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'

/** The extension table, an escape and a character each: section 6.2.1.1. */
const EXTENSION = '\f^{}\\[~]|€'

interface Capacity {
  /** Units in a message that fits one segment. */
  readonly alone: number
  /** Units beside the header that joins several segments. */
  readonly joined: number
}

const GSM7: Capacity = { alone: 160, joined: 153 }
const UCS2: Capacity = { alone: 70, joined: 67 }

/** Septets of a UTF-16 unit; 0 where the alphabet has no such character. */
const SEPTETS = buildSeptets()

function buildSeptets(): Uint8Array {
  const septets = new Uint8Array(0x20ad)
  for (const character of BASIC) septets[character.charCodeAt(0)] = 1
  for (const character of EXTENSION) septets[character.charCodeAt(0)] = 2
  return septets
}

function septetsAt(text: string, index: number): number {
  return SEPTETS[text.charCodeAt(index)] ?? 0
}

/** Can the text be sent in GSM 7-bit, without a national language table? */
export function isGsm7(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (septetsAt(text, i) === 0) return false
  }
  return true
}

/**
 * How many messages a text costs: 1 up to 160 septets or, where a character is outside GSM 7-bit, 70
 * UTF-16 units; beyond that, parts of 153 or 67. An escape sequence or a surrogate pair stays in one part.
 * The empty text is a message too: 1.
 */
export function countSegments(text: string): number {
  return isGsm7(text) ? count(text, GSM7, septetsAt) : count(text, UCS2, unitsAt)
}

/** A surrogate pair counts at its first half. */
function unitsAt(text: string, index: number): number {
  if (isPair(text, index)) return 2
  return index > 0 && isPair(text, index - 1) ? 0 : 1
}

function isPair(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xd800 && (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00
}

function count(text: string, capacity: Capacity, sizeAt: (text: string, index: number) => number): number {
  let total = 0
  let parts = 1
  let used = 0
  for (let i = 0; i < text.length; i++) {
    const size = sizeAt(text, i)
    total += size
    if (used + size > capacity.joined) {
      parts++
      used = 0
    }
    used += size
  }
  return total <= capacity.alone ? 1 : parts
}
