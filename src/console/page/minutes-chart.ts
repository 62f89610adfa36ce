import type { VNode } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import type { ShownMinute } from '../shown.ts'
import { h } from './h.ts'
import { state, theme } from './store.ts'
import { countInWords, msInWords, secondInWords } from './words.ts'

const HEIGHT_PX = 132

/** A minute's codes, from the bottom: by the first provider, after a failover, by nobody. */
const PARTS = [
  { name: 'first provider', colour: '--bar-first', of: firstOf },
  { name: 'after failover', colour: '--bar-after', of: ({ rescued }: ShownMinute) => rescued },
  { name: 'not accepted', colour: '--bar-lost', of: lostOf }
] as const

function firstOf({ accepted, rescued }: ShownMinute): number {
  return Math.max(0, accepted - rescued)
}

function lostOf({ wanted, accepted }: ShownMinute): number {
  return Math.max(0, wanted - accepted)
}

/** Codes by minute over the last hour. The same numbers stand below it as a table. */
export function MinutesChart(): VNode {
  const place = useRef<HTMLDivElement>(null)
  const minutes = state.value?.minutes ?? []
  const chosenTheme = theme.value

  useEffect(() => {
    const box = place.current
    if (box === null) return
    const chart = new uPlot(optionsFor(box), [[]], box)
    const resized = new ResizeObserver(() => chart.setSize({ width: box.clientWidth, height: HEIGHT_PX }))
    resized.observe(box)
    const scheme = matchMedia('(prefers-color-scheme: dark)')
    const recolour = (): void => chart.redraw(false, true)
    scheme.addEventListener('change', recolour)
    charts.set(box, chart)
    return () => {
      resized.disconnect()
      scheme.removeEventListener('change', recolour)
      charts.delete(box)
      chart.destroy()
    }
  }, [])

  useEffect(() => {
    if (place.current !== null) charts.get(place.current)?.setData(columnsOf(minutes))
  }, [minutes, chosenTheme])

  return h(
    'figure',
    { class: 'minutes', 'aria-label': 'Codes by minute, the last hour' },
    h(
      'figcaption',
      null,
      h('span', null, 'Codes by minute, the last hour'),
      ...PARTS.map(({ name }) => h('span', { class: `key ${name.replaceAll(' ', '-')}` }, name))
    ),
    h('div', { ref: place, class: 'chart', 'aria-hidden': 'true' }),
    h(
      'details',
      null,
      h('summary', null, 'The same as a table'),
      h(
        'div',
        { class: 'table-place short', tabIndex: 0, role: 'region', 'aria-label': 'Codes by minute' },
        h(Numbers, { minutes })
      )
    )
  )
}

const charts = new WeakMap<HTMLElement, uPlot>()

function Numbers({ minutes }: { readonly minutes: readonly ShownMinute[] }): VNode {
  return h(
    'table',
    null,
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        h('th', { scope: 'col' }, 'Minute'),
        ...['Codes', 'Accepted', 'Failed over', 'p99'].map((name) =>
          h('th', { scope: 'col', class: 'number' }, name)
        )
      )
    ),
    h(
      'tbody',
      null,
      ...minutes
        .filter(({ wanted }) => wanted > 0)
        .toReversed()
        .map(({ atMs, wanted, accepted, failedOver, p99Ms }) =>
          h(
            'tr',
            { key: atMs },
            h('th', { scope: 'row', class: 'number' }, secondInWords(atMs).slice(0, 5)),
            ...[countInWords(wanted), countInWords(accepted), countInWords(failedOver), msInWords(p99Ms)].map(
              (cell) => h('td', { class: 'number' }, cell)
            )
          )
        )
    )
  )
}

/** Stacked: each column holds what is below it as well, the tallest first, so that the others are drawn upon it. */
function columnsOf(minutes: readonly ShownMinute[]): uPlot.AlignedData {
  const times = minutes.map(({ atMs }) => atMs / 1_000)
  const sums = PARTS.map((_, index) =>
    minutes.map((minute) => PARTS.slice(0, index + 1).reduce((sum, { of }) => sum + of(minute), 0))
  )
  return [times, ...sums.toReversed()]
}

function optionsFor(box: HTMLElement): uPlot.Options {
  const bars = uPlot.paths.bars?.({ size: [0.8, 24], align: 1 })
  const axis: uPlot.Axis = {
    stroke: () => colourOf('--quiet'),
    grid: { stroke: () => colourOf('--line'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
    gap: 4
  }
  return {
    width: box.clientWidth,
    height: HEIGHT_PX,
    padding: [8, 18, 0, 0],
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { range: (_, least, most) => [least, most + 60] },
      y: { range: (_, __, most) => [0, Math.max(4, Math.ceil(most * 1.1))] }
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 22,
        space: 70,
        values: (_, at) => at.map((seconds) => secondInWords(seconds * 1_000).slice(0, 5))
      },
      {
        ...axis,
        size: 38,
        space: 34,
        values: (_, at) => at.map((count) => (Number.isInteger(count) ? countInWords(count) : ''))
      }
    ],
    series: [
      {},
      ...PARTS.toReversed().map(({ name, colour }): uPlot.Series => ({
        label: name,
        fill: () => colourOf(colour),
        width: 0,
        points: { show: false },
        ...(bars === undefined ? {} : { paths: bars })
      }))
    ]
  }
}

/** A canvas takes no variables: the colour as the theme in force has it. */
function colourOf(name: string): string {
  const probe = document.getElementById('colour-probe')
  if (probe === null) return 'gray'
  probe.style.color = `var(${name})`
  return getComputedStyle(probe).color
}
