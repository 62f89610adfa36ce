import type { ShownProviderChannel } from '../shown.ts'

type Channel = ShownProviderChannel['channel']

/** How numbers, times and names are said. Times are shown by the clock of whoever looks. */

const NAMES: Readonly<Record<string, string>> = {
  twilio: 'Twilio',
  vonage: 'Vonage',
  messagebird: 'MessageBird'
}

export function providerInWords(name: string): string {
  return NAMES[name] ?? name
}

export function channelInWords(channel: Channel | null): string {
  if (channel === null) return 'unknown'
  return channel === 'sms' ? 'SMS' : 'Voice'
}

const regions = new Intl.DisplayNames('en', { type: 'region' })

/** @param country ISO 3166-1 alpha-2, "other", or null for numbers of no country. */
export function countryInWords(country: string | null): string {
  if (country === null) return 'No country'
  if (country === 'other') return 'All others'
  return /^[A-Z]{2}$/u.test(country) ? (regions.of(country) ?? country) : country
}

/** A country as somebody types it, by its two letters: "de". Null for what is none. */
export function countryOf(typed: string): { readonly code: string; readonly name: string } | null {
  const code = typed.trim().toUpperCase()
  const name = /^[A-Z]{2}$/u.test(code) ? regions.of(code) : undefined
  return name === undefined || name === code ? null : { code, name }
}

const numbers = new Intl.NumberFormat('en')

export function countInWords(count: number): string {
  return numbers.format(count)
}

/** "1 code", "3 codes". */
export function times(count: number, one: string, many = `${one}s`): string {
  return `${countInWords(count)} ${count === 1 ? one : many}`
}

/** Rounded away from 0 and 100, so that one lost code among thousands does not read as none. */
export function shareInWords(part: number, whole: number): string {
  if (whole === 0) return '–'
  if (part === 0) return '0 %'
  if (part >= whole) return '100 %'
  const share = (part / whole) * 100
  return `${Math.min(99.9, Math.max(0.1, share)).toFixed(1)} %`
}

/** A short length: "320 ms", "1.24 s", "2.5 s", "12 s". */
export function msInWords(ms: number | null): string {
  if (ms === null) return '–'
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return ms < 10_000 ? `${Number((ms / 1_000).toFixed(2))} s` : `${Math.round(ms / 1_000)} s`
}

/** How long something has lasted or will last: "24 min", "3 h 10 min", "2 d 4 h". */
export function lengthInWords(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`
}

/** "the last 15 minutes", "the last hour". */
export function windowInWords(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes === 60) return 'the last hour'
  return minutes % 60 === 0 ? `the last ${minutes / 60} hours` : `the last ${times(minutes, 'minute')}`
}

const hourAndMinute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const andSecond = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit'
})
const dayAndTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit'
})

const DAY_MS = 24 * 60 * 60 * 1_000

/** "02:41", with its day where that is not within the last twenty hours or the next. */
export function momentInWords(atMs: number, nowMs: number): string {
  return (Math.abs(nowMs - atMs) < (DAY_MS * 5) / 6 ? hourAndMinute : dayAndTime).format(atMs)
}

/** "02:41:07". */
export function secondInWords(atMs: number): string {
  return andSecond.format(atMs)
}

const FLOWS: Readonly<Record<string, string>> = {
  sign_in: 'to sign in',
  enrollment: 'to enrol',
  unlock: 'to unlock an account',
  password_reset: 'to reset a password'
}

export function flowInWords(flow: string | null): string | null {
  return flow === null ? null : (FLOWS[flow] ?? flow.replaceAll('_', ' '))
}

/** Words of ours with underscores, for people. */
export function plain(word: string): string {
  return word.replaceAll('_', ' ')
}

/** "a, b and c". */
export function listInWords(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
