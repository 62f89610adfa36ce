import type { ShownAttempt, ShownRequest } from '../shown.ts'
import { meaningOf, resultInWords, skipInWords } from './outcomes.ts'
import {
  channelInWords,
  countryInWords,
  flowInWords,
  listInWords,
  msInWords,
  plain,
  providerInWords
} from './words.ts'

/** What happened to one request, as one would tell a colleague. */
export function storyOf(request: ShownRequest): readonly string[] {
  return [
    ...beginning(request),
    ...choice(request),
    ...request.attempts.flatMap((_, index) => told(index, request)),
    ...ending(request),
    ...afterwards(request)
  ]
}

function beginning({ channel, country, phone, flow, preview, resend }: ShownRequest): readonly string[] {
  const how = channel === null ? 'A code' : channel === 'sms' ? 'A code by SMS' : 'A code by a call'
  const where =
    phone === null
      ? 'for a number that could not be read'
      : `for ${phone}${country === null ? '' : ` (${countryInWords(country)})`}`
  const why = flowInWords(flow)
  return [
    `${preview ? 'A preview of Okta’s admin console: a' : 'A'}${how.slice(1)} ${where}${why === null ? '' : `, ${why}`}.`,
    ...(resend === null
      ? []
      : [
          `The same person asked again, for the ${ordinal(resend.count)} time: ${providerInWords(resend.previousProvider)} had the code before, and so comes last.`
        ])
  ]
}

function ordinal(count: number): string {
  const ending = count % 100 > 10 && count % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')
  return `${count}${ending}`
}

function choice({ rule, candidates, skipped, end }: ShownRequest): readonly string[] {
  if (rule === null) return []
  const name = rule === 'otherwise' ? 'No rule matched, and “otherwise”' : `Rule ${rule}`
  if (candidates.length === 0) {
    return end?.outcome === 'blocked'
      ? [`${name} blocks it${end.reason === null ? '' : `: ${plain(end.reason)}`}.`]
      : [`${name} found nobody to send it.`]
  }
  const order = candidates.map(({ provider }) => providerInWords(provider))
  return [
    `${name} chose ${order.join(', then ')}.`,
    ...skipped.map(({ provider, reason }) => `${providerInWords(provider)} ${skipInWords(reason)}.`)
  ]
}

function told(index: number, request: ShownRequest): readonly string[] {
  const [before, attempt, next] = [index - 1, index, index + 1].map((at) => request.attempts[at])
  if (attempt === undefined) return []
  const { provider, trigger, startedAfterMs, endedAfterMs, result, providerCode } = attempt
  const name = providerInWords(provider)
  const wasSilent =
    before !== undefined && (before.endedAfterMs === null || before.endedAfterMs > startedAfterMs)
  const asked =
    trigger === 'last_resort'
      ? `${name} was asked as the last resort, ${msInWords(startedAfterMs)} after the arrival`
      : trigger === 'repeat'
        ? `${name} was asked once more`
        : before === undefined
          ? `${name} was asked`
          : wasSilent
            ? `${providerInWords(before.provider)} was still silent after ${msInWords(startedAfterMs - before.startedAfterMs)}, so ${name} was asked as well`
            : `${name} was asked next`
  if (result === null || endedAfterMs === null) {
    return [
      `${asked}${request.end === null ? '; it has not answered yet' : '; it had not answered when Okta had to be told'}.`
    ]
  }
  if (isLate(attempt, request)) {
    // What follows says that it was silent, and the end what came of it.
    return before === undefined && next !== undefined ? [] : [`${asked}.`]
  }
  const code = providerCode === null ? '' : ` (code ${providerCode})`
  return [`${asked} and ${resultInWords(result)}${code} after ${msInWords(endedAfterMs - startedAfterMs)}.`]
}

/** It came to something after Okta had been answered. Who won did not, whatever a busy clock says of the last ms. */
export function isLate({ endedAfterMs, won }: ShownAttempt, { end }: Pick<ShownRequest, 'end'>): boolean {
  return !won && end !== null && endedAfterMs !== null && endedAfterMs > end.afterMs
}

function ending(request: ShownRequest): readonly string[] {
  const { end, deadlineAfterMs } = request
  if (end === null) return []
  const leftMs = deadlineAfterMs - end.afterMs
  const inTime =
    leftMs >= 0 ? `${msInWords(leftMs)} before the deadline` : `${msInWords(-leftMs)} after the deadline`
  const answer = `Okta was told ${end.oktaStatus} after ${msInWords(end.afterMs)}, ${inTime}.`
  return end.outcome === 'accepted' || end.outcome === 'blocked'
    ? [answer]
    : [`The request ${meaningOf(request).sentence}.`, answer]
}

function afterwards({ attempts, end }: ShownRequest): readonly string[] {
  if (end === null) return []
  const late = attempts.filter((attempt) => isLate(attempt, { end }))
  const told = late.map(({ provider, endedAfterMs, result }) => {
    const after = msInWords((endedAfterMs ?? 0) - end.afterMs)
    return `${providerInWords(provider)} ${resultInWords(result ?? '')} ${after} after that.`
  })
  const senders = attempts.filter(({ result }) => result === 'accepted')
  if (senders.length > 1) {
    return [
      ...told,
      `${listInWords(senders.map(({ provider }) => providerInWords(provider)))} both took it: the phone most likely got it twice.`
    ]
  }
  return end.possibleDuplicate ? [...told, 'It may have been sent twice.'] : told
}

/** One line, for whoever only hears the list. */
export function lineOf(request: ShownRequest): string {
  const path = request.attempts.map(({ provider }) => providerInWords(provider)).join(', then ')
  return `${countryInWords(request.country)}, ${channelInWords(request.channel)}, ${meaningOf(request).words}${path === '' ? '' : `, ${path}`}`
}
