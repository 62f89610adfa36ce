import type { VNode } from 'preact'
import type { ShownProviderChannel } from '../shown.ts'
import { h } from './h.ts'
import { momentInWords, plain, secondInWords, times } from './words.ts'

interface OfStrip {
  readonly channel: Pick<ShownProviderChannel, 'breaker' | 'history'>
  readonly nowMs: number
  readonly windowMs: number
}

export interface Stretch {
  readonly state: 'closed' | 'open' | 'half_open'
  readonly fromMs: number
  readonly toMs: number
}

/** How a breaker stood within the window, oldest first. What came before the first transition is its opposite. */
export function stretchesOf({ channel: { breaker, history }, nowMs, windowMs }: OfStrip): readonly Stretch[] {
  const startMs = nowMs - windowMs
  const changes = history.flatMap(({ atMs, to }) => (to === 'kept_closed' ? [] : [{ atMs, state: to }]))
  const first = changes[0]
  const before =
    changes.findLast(({ atMs }) => atMs <= startMs)?.state ??
    (first === undefined ? breaker : first.state === 'open' ? 'closed' : 'open')
  const within = changes.filter(({ atMs }) => atMs > startMs && atMs < nowMs)
  return [{ atMs: startMs, state: before }, ...within].map(({ atMs, state }, index) => ({
    state,
    fromMs: atMs,
    toMs: within[index]?.atMs ?? nowMs
  }))
}

/** The last hour of a breaker, as a strip. A short opening is still to be seen. */
export function BreakerStrip(props: OfStrip): VNode {
  const { channel, nowMs, windowMs } = props
  const stretches = stretchesOf(props)
  const openings = stretches.filter(
    ({ state }, index) => state === 'open' && stretches[index - 1]?.state !== 'half_open'
  )
  const said =
    openings.length === 0
      ? 'Not open in the last hour'
      : `Open ${times(openings.length, 'time')} in the last hour`
  const percent = (ms: number): number => Math.max(0, ((ms - (nowMs - windowMs)) / windowMs) * 100)
  return h(
    'div',
    { class: 'strip' },
    h(
      'svg',
      { role: 'img', 'aria-label': said },
      h('rect', { class: 'closed', width: '100%', height: '100%' }),
      ...stretches
        .filter(({ state }) => state !== 'closed')
        .map(({ state, fromMs, toMs }) =>
          h('rect', {
            class: state,
            x: `${percent(fromMs)}%`,
            width: `${Math.max(0.6, percent(toMs) - percent(fromMs))}%`,
            height: '100%'
          })
        )
    ),
    h(
      'div',
      { class: 'strip-scale', 'aria-hidden': 'true' },
      h('span', null, '1 h ago'),
      h('span', null, said),
      h('span', null, 'now')
    ),
    channel.history.length === 0
      ? null
      : h(
          'details',
          null,
          h('summary', null, 'What its breaker did'),
          h(
            'ol',
            { class: 'history' },
            ...channel.history
              .toReversed()
              .slice(0, 12)
              .map(({ atMs, to, cause }) =>
                h(
                  'li',
                  null,
                  h('span', { class: 'number', title: momentInWords(atMs, nowMs) }, secondInWords(atMs)),
                  ` ${plain(to)}${cause === null ? '' : `: ${plain(cause)}`}`
                )
              )
          )
        )
  )
}
