import { CHANNELS, type Channel } from '../domain/message.ts'
import type { Country } from '../domain/phone.ts'
import type { OnNoAnswer, SenderEntry, When } from '../domain/rules.ts'
import { mayUseSender } from '../domain/sender.ts'
import { COUNTRIES } from './countries.ts'
import type { Draft, Whereabouts } from './decode.ts'
import { quote, type FaultList } from './faults.ts'
import type { WrittenSend } from './entries.ts'
import { fitsTwice, sayUnfit, type Budget } from './limits.ts'
import type { Span } from './source.ts'
import { parseDuration, writeDuration } from './values.ts'

/** What a chain is checked against. Entries that are faulty themselves are missing. */
export interface Surroundings {
  readonly channelsOf: ReadonlyMap<string, readonly Channel[]>
  readonly senders: ReadonlyMap<string, SenderEntry>
  readonly defaultSenders: readonly string[] | null
  readonly budget: Budget
  readonly where: Whereabouts
  readonly faults: FaultList
}

/** One provider of a chain. */
interface Link {
  readonly provider: string
  readonly span: Span
  readonly senders: readonly string[] | null
  readonly senderSpan: Span
}

export interface Chain {
  readonly send: Draft<WrittenSend>
  /** The place of its key. */
  readonly span: Span
  /** False where a part of it is faulty, and so perhaps missing. */
  readonly whole: boolean
  /** What its rule says, for steps that say nothing. */
  readonly onNoAnswer: OnNoAnswer | undefined
}

/**
 * Checks one `send`.
 *
 * @param when what its rule asks for; {} for "otherwise" and null where that is faulty.
 */
export function checkChain(
  { send, span, whole, onNoAnswer }: Chain,
  when: When | null,
  around: Surroundings
): void {
  const links = send.flatMap((step, index) => linksOf(send, step, index, around.where))
  reportTwice(links, around.faults)
  if (whole && links.length === 1) {
    around.faults.add('W202', span, 'a chain of one provider: when it fails, nobody takes over')
  }
  send.forEach((step, index) => {
    const waits = (typeof step === 'string' ? onNoAnswer : (step.on_no_answer ?? onNoAnswer)) === 'wait'
    // By its timeout nobody follows whoever is the last, or is waited for.
    checkTimeout(step, !waits && index < send.length - 1, around)
  })
  for (const step of send) checkWeights(step, around)
  if (when === null) return
  for (const link of links) checkLink(link, when, around)
}

type DraftStep = Draft<WrittenSend>[number]

function linksOf(
  send: Draft<WrittenSend>,
  step: DraftStep,
  index: number,
  where: Whereabouts
): readonly Link[] {
  if (typeof step === 'string') {
    const span = where.of(send, index)
    return [{ provider: step, span, senders: null, senderSpan: span }]
  }
  const senders = step.sender === undefined ? null : [step.sender].flat()
  const senderSpan = senders === null ? undefined : where.of(step, 'sender')

  if ('split' in step && step.split !== undefined) {
    const { split } = step
    return Object.keys(split).map((provider) => {
      const span = where.ofKey(split, provider)
      return { provider, span, senders, senderSpan: senderSpan ?? span }
    })
  }
  if (!('provider' in step) || step.provider === undefined) return []
  const span = where.of(step, 'provider')
  return [{ provider: step.provider, span, senders, senderSpan: senderSpan ?? span }]
}

function reportTwice(links: readonly Link[], faults: FaultList): void {
  const seen = new Set<string>()
  for (const { provider, span } of links) {
    if (seen.has(provider)) {
      faults.add('E112', span, `the provider ${quote(provider)} is in this chain already`)
    }
    seen.add(provider)
  }
}

function checkWeights(step: DraftStep, { where, faults }: Surroundings): void {
  if (typeof step === 'string' || !('split' in step) || step.split === undefined) return
  // A provider that is unknown has been left out, and its weight with it.
  if (faults.hasErrorIn(where.of(step, 'split'))) return
  const weights = Object.values(step.split)
  if (weights.length > 0 && weights.every((weight) => weight === 0)) {
    faults.add('E114', where.of(step, 'split'), 'all weights are 0: nobody would be drawn')
  }
}

function checkTimeout(step: DraftStep, isFollowed: boolean, { budget, where, faults }: Surroundings): void {
  if (typeof step === 'string' || step.timeout === undefined) return
  const ms = parseDuration(step.timeout)
  const span = where.of(step, 'timeout')
  if (ms > budget.deadlineMs) {
    const deadline = writeDuration(budget.deadlineMs)
    faults.add('E105', span, `the timeout (${step.timeout}) is longer than the deadline (${deadline})`)
  } else if (isFollowed && !fitsTwice(ms, budget)) {
    faults.add('W203', span, sayUnfit(ms, budget))
  }
}

function checkLink(link: Link, when: When, around: Surroundings): void {
  const { provider, span, senderSpan } = link
  const offered = around.channelsOf.get(provider)
  if (offered === undefined) return
  const channels = (when.channel ?? CHANNELS).filter((channel) => offered.includes(channel))
  if (channels.length === 0) {
    const asked = (when.channel ?? []).join(' and ')
    around.faults.add(
      'E113',
      span,
      `${quote(provider)} does not do ${asked}: its "channels" are ${offered.join(', ')}`
    )
    return
  }

  const senders = sendersOf(link, around)
  if (senders === undefined) return
  const names = senders.map(({ name }) => quote(name)).join(', ')
  const own = senders.filter(({ only }) => only === null || only.includes(provider))
  if (own.length === 0) {
    around.faults.add(
      'E132',
      senderSpan,
      `${quote(provider)} may not use ${names}: see "only" under "senders"`
    )
    return
  }
  const countries = countriesOf(when)
  const fits = own.some((sender) =>
    channels.some((channel) =>
      countries.some((country) => mayUseSender(sender, { provider, channel, country }))
    )
  )
  if (fits || countries.length === 0) return
  around.faults.add(
    'E133',
    senderSpan,
    `${quote(provider)} has no sender here: ${names} ${sayWhy(own, { provider, channels, countries })}`
  )
}

/** Undefined where one of them is faulty itself: then nothing can be said. */
function sendersOf({ senders }: Link, around: Surroundings): readonly SenderEntry[] | undefined {
  const names = senders ?? around.defaultSenders ?? []
  const entries = names.flatMap((name) => around.senders.get(name) ?? [])
  return entries.length === names.length && names.length > 0 ? entries : undefined
}

function countriesOf({ country, not_country: excluded = [] }: When): readonly (Country | null)[] {
  return (country ?? [...COUNTRIES, null]).filter((code) => code === null || !excluded.includes(code))
}

function sayWhy(
  senders: readonly SenderEntry[],
  {
    provider,
    channels,
    countries
  }: {
    readonly provider: string
    readonly channels: readonly Channel[]
    readonly countries: readonly (Country | null)[]
  }
): string {
  if (channels.every((channel) => channel === 'voice') && senders.every(({ kind }) => kind !== 'number')) {
    return 'cannot call; a call needs a sender of kind number'
  }
  const refused = senders.every(({ refusedBy }) =>
    countries.every((country) => country !== null && refusedBy.get(provider)?.includes(country) === true)
  )
  return refused
    ? `is alphanumeric, and ${countries.join(', ')} take numbers only`
    : 'may not be used for what the rule matches'
}
