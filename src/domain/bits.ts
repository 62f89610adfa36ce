/** A set of small numbers, one bit each: the rules of a file by their place in it. */
export type Bits = Uint32Array

export function wordsFor(count: number): number {
  return Math.ceil(count / 32)
}

/** The numbers below `count` for which it holds. */
export function bitsWhere(count: number, holds: (number: number) => boolean): Bits {
  const bits = new Uint32Array(wordsFor(count))
  for (let number = 0; number < count; number++) if (holds(number)) setBit(bits, number)
  return bits
}

export function setBit(bits: Bits, number: number): void {
  bits[number >>> 5] = (bits[number >>> 5] as number) | (1 << (number & 31))
}

export function clearBit(bits: Bits, number: number): void {
  bits[number >>> 5] = (bits[number >>> 5] as number) & ~(1 << (number & 31))
}

export function hasBit(bits: Bits, number: number): boolean {
  return ((bits[number >>> 5] as number) & (1 << (number & 31))) !== 0
}

/** Adds to the first set what is in the second. */
export function addBits(bits: Bits, more: Bits): void {
  for (let word = 0; word < bits.length; word++) bits[word] = (bits[word] as number) | (more[word] as number)
}

/** What is in both. */
export function commonBits(one: Bits, other: Bits): Bits {
  const common = new Uint32Array(one.length)
  for (let word = 0; word < one.length; word++) common[word] = (one[word] as number) & (other[word] as number)
  return common
}

export function isEmpty(bits: Bits): boolean {
  return bits.every((word) => word === 0)
}

/** Is all of the first in the second? */
export function isWithin(bits: Bits, wider: Bits): boolean {
  for (let word = 0; word < bits.length; word++) {
    if (((bits[word] as number) & ~(wider[word] as number)) !== 0) return false
  }
  return true
}

export function countBits(bits: Bits): number {
  let count = 0
  for (let word of bits) for (; word !== 0; word &= word - 1) count++
  return count
}

/** The lowest number in the set, or -1. */
export function lowestBit(bits: Bits): number {
  for (let word = 0; word < bits.length; word++) {
    if (bits[word] !== 0) return word * 32 + lowestInWord(bits[word] as number)
  }
  return -1
}

/** 0 to 31, of a word that is not 0. */
export function lowestInWord(word: number): number {
  // `x & -x` keeps the lowest bit alone.
  return 31 - Math.clz32(word & -word)
}

/** The same text for the same set: a key to find it by. */
export function keyOfBits(bits: Bits): string {
  return String.fromCharCode(...new Uint16Array(bits.buffer, bits.byteOffset, bits.length * 2))
}
