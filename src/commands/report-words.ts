import type { Alarm, Count, Drain, RulesChange, Summary } from '../telemetry/summary-shape.ts'
import { totalOf } from '../telemetry/tally.ts'
import type { Episode } from '../telemetry/breaker-episodes.ts'

/** A sentence on top of a report; `isBad` where a person may have to do something. */
export interface Headline {
  readonly text: string
  readonly isBad: boolean
}

/** What has happened, the most important first. */
export function headlinesOf(summary: Summary): readonly Headline[] {
  const words = wordsOf(summary)
  const others = [
    ...losses(summary, words),
    ...outages(summary, words),
    ...signs(summary),
    ...ownTroubles(summary, words)
  ]
  return [
    acceptedInWords(summary, words),
    ...others.filter(({ isBad }) => isBad),
    ...others.filter(({ isBad }) => !isBad)
  ]
}

/** How this summary speaks of times. */
export interface Words {
  /** "03:12", or with its day where the log has more than one. */
  readonly time: (ms: number) => string
}

export function wordsOf({ firstMs, lastMs }: Pick<Summary, 'firstMs' | 'lastMs'>): Words {
  const isOneDay = firstMs !== null && lastMs !== null && dayOf(firstMs) === dayOf(lastMs)
  return {
    time: (ms) => (isOneDay && dayOf(ms) === dayOf(firstMs) ? minuteOf(ms) : `${dayOf(ms)} ${minuteOf(ms)}`)
  }
}

export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}

function minuteOf(ms: number): string {
  return new Date(ms).toISOString().slice(11, 16)
}

export function periodInWords({ firstMs, lastMs }: Pick<Summary, 'firstMs' | 'lastMs'>): string {
  if (firstMs === null || lastMs === null) return 'no time'
  const end = dayOf(firstMs) === dayOf(lastMs) ? minuteOf(lastMs) : `${dayOf(lastMs)} ${minuteOf(lastMs)}`
  return `${dayOf(firstMs)} ${minuteOf(firstMs)} to ${end} UTC (${lengthInWords(lastMs - firstMs)})`
}

/** "3 d 2 h", "41 min", "12 s". */
export function lengthInWords(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 120) return `${minutes} min`
  if (minutes < 48 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  const hours = Math.round(minutes / 60)
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

function pair(large: number, unit: string, small: number, smaller: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smaller}`
}

/** "99.2 %". All and nothing are said of all and nothing only, however close it comes. */
export function shareInWords(part: number, whole: number): string {
  if (whole === 0) return '-'
  if (part === 0) return '0 %'
  if (part === whole) return '100 %'
  const value = (part / whole) * 100
  if (value < 0.1) return '<0.1 %'
  if (value > 99.9) return '>99.9 %'
  const digits = value < 10 || value > 90 ? 1 : 0
  return `${value.toFixed(digits)} %`
}

/** "1,234". */
export function countInWords(count: number): string {
  return count.toLocaleString('en')
}

/** "1 answer", "3 answers". */
export function some(count: number, one: string, several = `${one}s`): string {
  return `${countInWords(count)} ${count === 1 ? one : several}`
}

/** "once", "3 times". */
export function times(count: number): string {
  if (count === 1) return 'once'
  return count === 2 ? 'twice' : `${countInWords(count)} times`
}

function acceptedInWords(summary: Summary, words: Words): Headline {
  const { wanted, outcomes, failedOver } = summary.requests
  if (wanted === 0) return { text: 'No code was there for a provider to carry.', isBad: false }
  const accepted = outcomes.find(({ name }) => name === 'accepted')?.count ?? 0
  const what = `${shareInWords(accepted, wanted)} of ${some(wanted, 'code')} accepted`
  if (failedOver === 0) return { text: `${what}, none needed a failover.`, isBad: accepted < wanted * 0.99 }
  const away = awayInWords(summary, words)
  return {
    text: `${what}; ${shareInWords(failedOver, wanted)} needed a failover${away}.`,
    // A failover that works hides a provider that does not.
    isBad: accepted < wanted * 0.99 || failedOver > wanted * 0.05
  }
}

/** ", nearly all away from vonage since 03:12". */
function awayInWords(summary: Summary, words: Words): string {
  const from = new Map<string, number>()
  for (const { from: name, reasons } of summary.failovers) {
    from.set(name, (from.get(name) ?? 0) + totalOf(reasons))
  }
  const [[name, most] = ['', 0], ...others] = [...from].toSorted(([, one], [, other]) => other - one)
  const total = others.reduce((sum, [, count]) => sum + count, most)
  if (total === 0) return ''
  const when = spanInWords(summary, name, words)
  if (most === total) return `, all away from ${name}${when}`
  if (most >= total * 0.9) return `, nearly all away from ${name}${when}`
  if (most >= total * 0.6) return `, mostly away from ${name}${when}`
  return ''
}

/** With fewer, their times say nothing. */
const LEAST_FAILOVERS = 10

/** A stretch is worth its name where it has that share of all, in no more than that share of the time. */
const [LEAST_WITHIN, MOST_OF_TIME] = [0.7, 0.6]

/** " since 03:12", or " from 03:12 to 03:50"; nothing where they go through the whole period. */
function spanInWords(
  { series: { startMs, widthMs, slots } }: Summary,
  name: string,
  { time }: Words
): string {
  const counts = slots.map((slot) => slot?.failoversFrom.find((count) => count.name === name)?.count ?? 0)
  const total = counts.reduce((sum, count) => sum + count, 0)
  if (total < LEAST_FAILOVERS) return ''
  const { first, last } = densestStretch(counts)
  const within = counts.slice(first, last + 1).reduce((sum, count) => sum + count, 0)
  if (within < total * LEAST_WITHIN || last - first + 1 > slots.length * MOST_OF_TIME) return ''
  const from = time(startMs + first * widthMs)
  if (last >= slots.length - 2) return ` since ${from}`
  return ` from ${from} to ${time(startMs + (last + 1) * widthMs)}`
}

/** Where there is most above the average, in one piece. */
function densestStretch(counts: readonly number[]): { readonly first: number; readonly last: number } {
  const average = counts.reduce((sum, count) => sum + count, 0) / counts.length
  let [first, sum, bestSum, best] = [0, 0, 0, { first: 0, last: counts.length - 1 }]
  for (const [index, count] of counts.entries()) {
    if (sum <= 0) [first, sum] = [index, 0]
    sum += count - average
    if (sum > bestSum) [bestSum, best] = [sum, { first, last: index }]
  }
  return best
}

/** Fewer are no bad time, but bad luck. */
const LEAST_LOST = 3

function losses({ requests, worst }: Summary, { time }: Words): readonly Headline[] {
  const { late, possibleDoubles, lateAcceptances } = requests
  const headlines: Headline[] = []
  if (late > 0) {
    headlines.push({
      text: `${some(late, 'answer')} came behind the deadline, too late for Okta.`,
      isBad: true
    })
  }
  if (worst.lost !== null && worst.lost.counts.lost >= LEAST_LOST) {
    const { fromMs, toMs, counts } = worst.lost
    const share = shareInWords(counts.lost, counts.wanted)
    const text = `Worst from ${time(fromMs)} to ${time(toMs)}: ${share} of ${some(counts.wanted, 'code')} not accepted in time.`
    headlines.push({ text, isBad: true })
  }
  if (possibleDoubles > 0) {
    headlines.push({ text: `${some(possibleDoubles, 'code')} may have been sent twice.`, isBad: false })
  }
  if (lateAcceptances > 0) {
    const text = `A provider accepted after Okta had been answered, ${times(lateAcceptances)}: most likely second messages.`
    headlines.push({ text, isBad: false })
  }
  return headlines
}

function outages({ alarms, breakers, lastMs }: Summary, words: Words): readonly Headline[] {
  const outs = [...Map.groupBy(breakers, ({ provider, channel }) => `${provider} ${channel}`)]
  return [
    ...alarms.map((alarm) => ({ text: alarmInWords(alarm, words), isBad: alarm.toMs === null })),
    ...outs.map(([name, episodes]) => ({
      text: outagesInWords(name, episodes, lastMs ?? 0, words),
      isBad: episodes.some(({ toMs }) => toMs === null)
    }))
  ]
}

const ALARMS: Readonly<Record<string, string>> = {
  credentials: 'refuses our credentials',
  quota: 'has no money of ours left'
}

function alarmInWords({ provider, channel, class: name, fromMs, toMs }: Alarm, { time }: Words): string {
  const what = `${provider} ${channel} ${ALARMS[name] ?? `needs a person (${name})`}`
  return toMs === null
    ? `${what} since ${time(fromMs)}, and nothing says that it is over: a person has to act.`
    : `${what}: from ${time(fromMs)} to ${time(toMs)}.`
}

function outagesInWords(name: string, episodes: readonly Episode[], lastMs: number, { time }: Words): string {
  const current = episodes.find(({ toMs }) => toMs === null)
  const outMs = episodes.reduce((sum, { fromMs, toMs }) => sum + (toMs ?? lastMs) - fromMs, 0)
  const [first] = episodes
  const often = episodes.length === 1 ? '' : ` ${times(episodes.length)},`
  if (current !== undefined) {
    const before = episodes.length === 1 ? '' : `, and was ${times(episodes.length - 1)} before`
    return `The breaker of ${name} is open since ${time(current.fromMs)}: ${current.cause}${before}.`
  }
  const when = first === undefined || episodes.length > 1 ? '' : ` from ${time(first.fromMs)}: ${first.cause}`
  return `The breaker of ${name} was open${often} for ${lengthInWords(outMs)}${when}.`
}

/** With fewer, people in a hurry. */
const LEAST_RESENDS = 5

function signs({ resends, unknownCodes }: Summary): readonly Headline[] {
  const headlines: Headline[] = []
  const again = totalOf(resends.map(({ provider, count }) => ({ name: provider, count })))
  const [most] = resends
  if (again >= LEAST_RESENDS && most !== undefined) {
    const place = most.country === null ? '' : ` in ${most.country}`
    const text = `People asked again ${times(again)}, most often after ${most.provider}${place} (${countInWords(most.count)}).`
    headlines.push({ text, isBad: false })
  }
  const codes = totalOf(unknownCodes.map(({ code, count }) => ({ name: code, count })))
  if (codes > 0) {
    const named = unknownCodes
      .slice(0, 3)
      .map(({ provider, code }) => `${provider} ${code === '' ? '(none)' : code}`)
    const text = `${some(codes, 'refusal')} with a code that nobody has classified: ${named.join(', ')}${unknownCodes.length > 3 ? ' ...' : ''}.`
    headlines.push({ text, isBad: true })
  }
  return headlines
}

const TROUBLES: Readonly<Record<string, (count: number) => string>> = {
  'gateway.fault': (count) => some(count, 'bug'),
  'gateway.overloaded': (count) => `too much at once ${times(count)}`,
  'state.lost': (count) => `the shared state lost ${times(count)}`,
  'circuit.kept_closed': (count) => `the last provider of a channel failed too, ${times(count)}`
}

function ownTroubles({ rules, troubles }: Summary, { time }: Words): readonly Headline[] {
  const headlines: Headline[] = []
  const last = rules.findLast(({ role }) => role === 'live')
  if (last?.kind === 'rejected') {
    const text = `The rules file was rejected at ${time(last.atMs)}, and nothing was loaded since.`
    headlines.push({ text, isBad: true })
  }
  const own = Object.entries(TROUBLES).flatMap(([event, inWords]) => {
    const count = totalOf(
      troubles
        .filter((trouble) => trouble.event === event)
        .map(({ count }): Count => ({ name: event, count }))
    )
    return count === 0 ? [] : [inWords(count)]
  })
  if (own.length > 0) headlines.push({ text: `The gateway itself: ${own.join('; ')}.`, isBad: true })
  return headlines
}

const countryNames = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })

/** "Sweden (SE)". */
export function countryInWords(country: string | null): string {
  if (country === null) return 'no country'
  const name = countryNames.of(country)
  return name === undefined ? country : `${name} (${country})`
}

export function drainInWords({ kind, by, why, untilMs, reason }: Drain, { time }: Words): string {
  const who = by === null ? '' : ` by ${by}`
  if (kind === 'ended') return `back (${reason ?? 'ended'}${who})`
  const until = untilMs === null ? '' : ` until ${time(untilMs)}`
  return `drained${who}${until}${why === null ? '' : `: ${why}`}`
}

export function rulesInWords({ kind, role, file, hash, previousHash, count, by }: RulesChange): string {
  const name = file ?? 'a file'
  const wanted = by === null ? '' : ` (${by})`
  switch (kind) {
    case 'loaded': {
      const before = previousHash === null ? '' : `, before it ${previousHash}`
      const what = role === 'live' ? 'in force' : 'tried beside the rules'
      return `${name}, ${some(count ?? 0, 'rule')} (${hash ?? 'no hash'}), is ${what}${wanted}${before}`
    }
    case 'rejected':
      return `${name} was rejected with ${some(count ?? 0, 'error')}${wanted}; ${hash ?? 'nothing'} stays`
    case 'canary_stopped':
      return `the candidate ${hash ?? ''} was stopped: it decides nothing any more`
    case 'candidate_removed':
      return `${name} is there no more`
    default:
      return kind satisfies never
  }
}
