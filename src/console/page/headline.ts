import type { ShownDrain, ShownProvider, ShownProviderChannel, ShownState } from '../shown.ts'
import type { Tone } from './outcomes.ts'
import {
  channelInWords,
  countryInWords,
  lengthInWords,
  listInWords,
  momentInWords,
  providerInWords,
  shareInWords,
  times,
  windowInWords
} from './words.ts'

export interface Remark {
  readonly tone: Tone
  readonly text: string
  /** Where more about it stands, as a place of the page. */
  readonly place: string
}

export interface Headline extends Omit<Remark, 'place'> {
  readonly remarks: readonly Remark[]
}

/** With fewer codes than this a share says nothing. */
const LEAST_CODES = 10
/** What a healthy gateway carries at least, of the codes; below the second, people cannot sign in. */
const [WELL, POORLY] = [0.99, 0.95]
/** More failovers than this hide a provider that is broken. */
const MUCH_FAILOVER = 0.1

/** How it stands, in one sentence, for somebody who was just woken up. What else matters follows. */
export function headlineOf(state: ShownState): Headline {
  const { totals, nowMs } = state
  const out = state.providers.flatMap((provider) =>
    provider.channels
      .filter(({ breaker, isInRules }) => breaker !== 'closed' && isInRules)
      .map((channel) => ({ provider, channel }))
  )
  const accepted = totals.wanted === 0 ? null : totals.accepted / totals.wanted
  const isEnough = totals.wanted >= LEAST_CODES
  const isLosing = accepted !== null && isEnough && accepted < WELL
  const failoverShare = totals.wanted === 0 ? 0 : totals.failedOver / totals.wanted
  const share = `${shareInWords(totals.accepted, totals.wanted)} of ${times(totals.wanted, 'code')} accepted in ${windowInWords(state.windowMs)}`
  const remarks = remarksOf(state)

  if (out.length > 0) {
    const names = listInWords(out.map(({ provider, channel }) => nameOf(provider, channel)))
    const sinces = out.flatMap(({ channel }) => (channel.sinceMs === null ? [] : [channel.sinceMs]))
    const since = sinces.length === 0 ? '' : ` since ${momentInWords(Math.min(...sinces), nowMs)}`
    const verb = out.length === 1 ? 'is' : 'are'
    if (accepted === null) {
      return { tone: 'warn', text: `${names} ${verb} out${since}. No code was asked for since.`, remarks }
    }
    const outSince = `${names} ${verb} out${since}`
    if (isLosing) return { tone: 'bad', text: `${outSince}, and codes are lost: only ${share}.`, remarks }
    if (accepted >= WELL) return { tone: 'warn', text: `${outSince}, others carry it: ${share}.`, remarks }
    // Too few to judge, and yet nobody may read that others carry them.
    return { tone: accepted === 0 ? 'bad' : 'warn', text: `${outSince}: only ${share}.`, remarks }
  }
  if (accepted === null) {
    return { tone: 'quiet', text: `No code was asked for in ${windowInWords(state.windowMs)}.`, remarks }
  }
  if (!isEnough) {
    const text = `${totals.accepted} of ${times(totals.wanted, 'code')} accepted in ${windowInWords(state.windowMs)}: too few to judge.`
    return { tone: totals.accepted === totals.wanted ? 'good' : 'quiet', text, remarks }
  }
  if (isLosing) {
    return { tone: accepted < POORLY ? 'bad' : 'warn', text: `Codes are lost: only ${share}.`, remarks }
  }
  if (failoverShare > MUCH_FAILOVER) {
    const part = shareInWords(totals.failedOver, totals.wanted)
    return {
      tone: 'warn',
      text: `Failover hides a trouble: ${share}, but ${part} not by the first provider.`,
      remarks
    }
  }
  return { tone: 'good', text: `All is well: ${share}.`, remarks }
}

function nameOf(
  { name }: Pick<ShownProvider, 'name'>,
  { channel }: Pick<ShownProviderChannel, 'channel'>
): string {
  return `${providerInWords(name)} ${channelInWords(channel)}`
}

/** "MessageBird, SMS, to Brazil". */
export function scopeInWords({
  provider,
  channel,
  country
}: Pick<ShownDrain, 'provider' | 'channel' | 'country'>): string {
  const channels = channel === null ? 'SMS and voice' : channelInWords(channel)
  const where = country === null ? 'to every country' : `to ${countryInWords(country)}`
  return `${providerInWords(provider)}, ${channels}, ${where}`
}

function remarksOf({ providers, overrides, rules, node, nowMs }: ShownState): readonly Remark[] {
  const cooling = providers.flatMap((provider) =>
    provider.channels.flatMap((channel): readonly Remark[] =>
      channel.coolingMs === null
        ? []
        : [
            {
              tone: 'warn',
              text: `${nameOf(provider, channel)} asked to be left alone for ${lengthInWords(channel.coolingMs)}.`,
              place: 'providers'
            }
          ]
    )
  )
  const full = providers.flatMap(({ name, capacity }): readonly Remark[] =>
    capacity === null || capacity.refused === 0
      ? []
      : [
          {
            tone: 'warn',
            text: `${providerInWords(name)} is asked more than its account takes.`,
            place: 'providers'
          }
        ]
  )
  const drained = overrides.map((drain): Remark => ({
    tone: 'quiet',
    text: `Drained: ${scopeInWords(drain)}, until ${momentInWords(drain.untilMs, nowMs)}, by ${drain.by}: ${drain.why}`,
    place: 'providers'
  }))
  return [
    ...(node.state === 'lost'
      ? [
          {
            tone: 'bad',
            text: 'This node has lost Redis: it goes on alone, and does not know what other nodes know.',
            place: 'providers'
          } as const
        ]
      : []),
    ...(rules.rejection === null
      ? []
      : [
          {
            tone: 'warn',
            text: `The rules file was changed at ${momentInWords(rules.rejection.atMs, nowMs)} and has faults: the rules before it are in force.`,
            place: 'rules'
          } as const
        ]),
    ...(rules.candidate?.canaryStopped === true
      ? [{ tone: 'warn', text: 'The canary of the candidate was stopped.', place: 'rules' } as const]
      : []),
    ...cooling,
    ...full,
    ...drained
  ]
}
