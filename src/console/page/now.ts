import type { VNode } from 'preact'
import { useMemo } from 'preact/hooks'
import type { ShownState } from '../shown.ts'
import { h } from './h.ts'
import { headlineOf } from './headline.ts'
import { icon, iconOf } from './icons.ts'
import { MinutesChart } from './minutes-chart.ts'
import { Figure } from './parts.ts'
import { Requests } from './request-list.ts'
import { countInWords, msInWords, shareInWords, windowInWords } from './words.ts'

/** How it stands, and the last requests. */
export function Now({ state }: { readonly state: ShownState }): VNode {
  const { tone, text, remarks } = headlineOf(state)
  // The list has signals of its own: figures that change leave it alone.
  const list = useMemo(() => h(Requests, {}), [])
  return h(
    'div',
    { class: 'view' },
    h(
      'div',
      { class: `headline ${tone}` },
      h('span', { class: 'headline-mark' }, iconOf(tone)),
      h('h1', { tabIndex: -1 }, text)
    ),
    remarks.length === 0
      ? null
      : h(
          'ul',
          { class: 'remarks' },
          ...remarks.map((remark) =>
            h(
              'li',
              { class: remark.tone },
              icon(remark.tone === 'quiet' ? 'dash' : 'alert'),
              h('a', { href: `#${remark.place}` }, remark.text)
            )
          )
        ),
    h('div', { class: 'now-top' }, h(Totals, { state }), h(MinutesChart, {})),
    list
  )
}

function Totals({ state }: { readonly state: ShownState }): VNode {
  const { totals, node, windowMs } = state
  const lost = totals.wanted - totals.accepted
  return h(
    'dl',
    { class: 'figures', 'aria-label': `Figures of ${windowInWords(windowMs)}` },
    h(Figure, {
      name: 'Accepted',
      value: shareInWords(totals.accepted, totals.wanted),
      hint:
        lost === 0
          ? `of ${countInWords(totals.wanted)}`
          : `${countInWords(lost)} of ${countInWords(totals.wanted)} not`,
      tone: lost > 0 ? 'warn' : 'quiet'
    }),
    h(Figure, {
      name: 'Failed over',
      value: shareInWords(totals.failedOver, totals.wanted),
      hint: countInWords(totals.failedOver)
    }),
    h(Figure, {
      name: 'Half answered within',
      value: msInWords(totals.p50Ms),
      hint: `99 % within ${msInWords(totals.p99Ms)}`
    }),
    h(Figure, {
      name: 'Under way',
      value: countInWords(node.inFlight),
      hint: node.hanging === 0 ? 'none hangs' : `${countInWords(node.hanging)} hanging`
    }),
    h(Figure, { name: 'Asked again', value: countInWords(totals.resends) }),
    h(Figure, { name: 'Late', value: countInWords(totals.late), tone: totals.late > 0 ? 'bad' : 'quiet' })
  )
}
