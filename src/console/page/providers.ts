import type { VNode } from 'preact'
import { signal } from '@preact/signals'
import type { ShownDrain, ShownProvider, ShownProviderChannel, ShownState } from '../shown.ts'
import { BreakerStrip } from './breaker-strip.ts'
import { DrainDialog, UndrainDialog } from './drain-dialog.ts'
import { h } from './h.ts'
import { scopeInWords } from './headline.ts'
import { Chip, Empty, Note, Share } from './parts.ts'
import type { Tone } from './outcomes.ts'
import {
  channelInWords,
  countInWords,
  lengthInWords,
  momentInWords,
  msInWords,
  plain,
  providerInWords,
  times,
  windowInWords
} from './words.ts'

/** Which dialog is open. */
const dialog = signal<
  | { readonly kind: 'drain'; readonly provider: ShownProvider }
  | { readonly kind: 'undrain'; readonly drain: ShownDrain }
  | null
>(null)
/** What the gateway said to the last change. */
const answered = signal<{ readonly text: string; readonly warnings: readonly string[] } | null>(null)

/** Who carries codes, how well, and the levers. */
export function Providers({ state }: { readonly state: ShownState }): VNode {
  const close = (): void => void (dialog.value = null)
  const done = (text: string, warnings: readonly string[]): void => {
    dialog.value = null
    answered.value = { text, warnings }
  }
  const open = dialog.value
  return h(
    'div',
    { class: 'view' },
    h('h1', { tabIndex: -1 }, 'Providers'),
    h(
      'p',
      { class: 'quiet-words' },
      `How each carried its attempts in ${windowInWords(state.windowMs)}. A breaker leaves a provider alone by itself; a drain is a person’s doing.`
    ),
    h('div', { role: 'status' }, answered.value === null ? null : h(Answered, answered.value)),
    h(Drains, { state }),
    state.providers.length === 0
      ? h(
          Empty,
          { title: 'No provider has credentials here.' },
          'Set them in the environment, and start the gateway again.'
        )
      : h(
          'div',
          { class: 'cards' },
          ...state.providers.map((provider) => h(Card, { key: provider.name, provider, state }))
        ),
    open?.kind === 'drain' ? h(DrainDialog, { provider: open.provider, close, done }) : null,
    open?.kind === 'undrain' ? h(UndrainDialog, { drain: open.drain, close, done }) : null
  )
}

function Answered({
  text,
  warnings
}: {
  readonly text: string
  readonly warnings: readonly string[]
}): VNode {
  return h(
    Note,
    { tone: warnings.length === 0 ? 'good' : 'warn' },
    h('p', null, text),
    ...warnings.map((warning) => h('p', null, h('b', null, 'Mind: '), warning, '.'))
  )
}

function Drains({ state }: { readonly state: ShownState }): VNode | null {
  if (state.overrides.length === 0) return null
  return h(
    'section',
    { 'aria-labelledby': 'drains', class: 'drains' },
    h('h2', { id: 'drains' }, 'Drained by people'),
    h(
      'ul',
      null,
      ...state.overrides.map((drain) =>
        h(
          'li',
          { key: scopeInWords(drain) },
          h(
            'div',
            null,
            h('b', null, scopeInWords(drain)),
            h('span', null, `: ${drain.why}`),
            h(
              'small',
              null,
              `by ${drain.by} at ${momentInWords(drain.setAtMs, state.nowMs)}, ends at ${momentInWords(drain.untilMs, state.nowMs)}, in ${lengthInWords(drain.untilMs - state.nowMs)}`
            )
          ),
          h(
            'button',
            {
              type: 'button',
              'aria-label': `Undrain ${scopeInWords(drain)}`,
              onClick: () => (dialog.value = { kind: 'undrain', drain })
            },
            'Undrain …'
          )
        )
      )
    )
  )
}

function Card({ provider, state }: { readonly provider: ShownProvider; readonly state: ShownState }): VNode {
  const name = providerInWords(provider.name)
  const { capacity } = provider
  return h(
    'article',
    { class: 'card', 'aria-labelledby': `provider-${provider.name}` },
    h(
      'header',
      null,
      h('h2', { id: `provider-${provider.name}` }, name),
      h(
        'button',
        {
          type: 'button',
          'aria-label': `Drain ${name}`,
          onClick: () => (dialog.value = { kind: 'drain', provider })
        },
        'Drain …'
      )
    ),
    ...provider.channels.map((channel) =>
      h(ChannelBlock, { key: channel.channel, channel, provider, state })
    ),
    h(
      'footer',
      null,
      h(
        'dl',
        { class: 'facts numbers' },
        h('dt', null, 'Capacity'),
        h('dd', null, capacity === null ? 'none in use' : h(Capacity, { capacity }))
      )
    )
  )
}

function Capacity({ capacity }: { readonly capacity: NonNullable<ShownProvider['capacity']> }): VNode {
  const { perSecond, taken, refused } = capacity
  const tone = refused > 0 ? 'bad' : taken / perSecond > 0.8 ? 'warn' : 'good'
  return h(
    'span',
    null,
    h(Share, { part: taken, whole: perSecond, tone }),
    h(
      'small',
      null,
      ` of ${countInWords(perSecond)} a second${refused === 0 ? '' : `, ${countInWords(refused)} refused`}`
    )
  )
}

interface OfChannel {
  readonly channel: ShownProviderChannel
  readonly provider: ShownProvider
  readonly state: ShownState
}

function ChannelBlock({ channel, provider, state }: OfChannel): VNode {
  const { attempts, accepted, failures, p50Ms, p99Ms, isInRules } = channel
  const name = channelInWords(channel.channel)
  const { tone, words, detail } = standingOf(channel, state.nowMs)
  const partial = state.overrides.filter(
    (drain) =>
      drain.provider === provider.name &&
      drain.country !== null &&
      (drain.channel === null || drain.channel === channel.channel)
  )
  return h(
    'section',
    {
      class: `channel ${isInRules ? '' : 'unused'}`,
      'aria-label': `${providerInWords(provider.name)} ${name}`
    },
    h('div', { class: 'channel-head' }, h('h3', null, name), h(Chip, { tone }, words)),
    h('p', { class: 'channel-detail' }, detail),
    h(BreakerStrip, { channel, nowMs: state.nowMs, windowMs: HISTORY_MS }),
    h(
      'dl',
      { class: 'facts numbers' },
      h('dt', null, 'Accepted'),
      h(
        'dd',
        null,
        attempts === 0
          ? h('span', { class: 'quiet-words' }, 'nobody asked it')
          : h(Share, { part: accepted, whole: attempts, tone: accepted / attempts < 0.9 ? 'bad' : 'good' }),
        attempts === 0 ? null : h('small', null, ` of ${times(attempts, 'attempt')}`)
      ),
      h('dt', null, 'Answers in'),
      h(
        'dd',
        { class: 'number' },
        msInWords(p50Ms),
        p99Ms === null ? null : h('small', null, ` p99 ${msInWords(p99Ms)}`)
      ),
      h('dt', null, 'Failures'),
      h(
        'dd',
        null,
        failures.length === 0
          ? 'none'
          : failures.map(({ class: name, count }) => `${plain(name)} ${countInWords(count)}`).join(', ')
      )
    ),
    partial.length === 0
      ? null
      : h(
          'p',
          { class: 'channel-detail' },
          h(Chip, { tone: 'warn' }, `drained for ${partial.map(({ country }) => country).join(', ')}`)
        )
  )
}

const HISTORY_MS = 60 * 60 * 1_000

/** A drain says more than a breaker, and a breaker more than a cool-down. */
function standingOf(
  { isInRules, isDrained, breaker, sinceMs, coolingMs, history }: ShownProviderChannel,
  nowMs: number
): { readonly tone: Tone; readonly words: string; readonly detail: string } {
  const since =
    sinceMs === null ? '' : ` since ${momentInWords(sinceMs, nowMs)}, for ${lengthInWords(nowMs - sinceMs)}`
  const cause = history.findLast(({ to }) => to === 'open')?.cause ?? null
  const why = cause === null ? '' : `: ${plain(cause)}`
  if (isDrained) return { tone: 'warn', words: 'drained', detail: 'By a person. It is not asked at all.' }
  if (breaker === 'open') return { tone: 'bad', words: 'out', detail: `Breaker open${since}${why}` }
  if (breaker === 'half_open') {
    return { tone: 'warn', words: 'on trial', detail: `One request may try it${since}; it was out${why}` }
  }
  if (coolingMs !== null) {
    return {
      tone: 'warn',
      words: 'cooling down',
      detail: `It asked to be left alone, for ${lengthInWords(coolingMs)} yet`
    }
  }
  if (!isInRules) return { tone: 'quiet', words: 'not in the rules', detail: 'No rule in force names it' }
  return {
    tone: 'good',
    words: 'in service',
    detail: sinceMs === null ? 'Its breaker never opened' : `Breaker closed${since}`
  }
}
