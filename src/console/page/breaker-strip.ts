import type { VNode } from 'preact'
import { h } from './h.ts'
import { stretchesOf, type OfStrip } from './stretches.ts'
import { momentInWords, plain, secondInWords, times } from './words.ts'

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
