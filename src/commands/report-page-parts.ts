/** What runs and how it looks, on the page of a report: {@link renderReportPage}. */

/** Of providers, by their place in the alphabet. Red and green are left to what was lost and what was carried. */
export const PROVIDER_COLOURS: readonly { readonly light: string; readonly dark: string }[] = [
  { light: '#1a5dbd', dark: '#84b8ff' },
  { light: '#8a5300', dark: '#f0b45e' },
  { light: '#6b3fb8', dark: '#c3a6ff' },
  { light: '#0b6e66', dark: '#5fd4c4' },
  { light: '#a3267c', dark: '#ff9bd8' },
  { light: '#4a5f78', dark: '#aebfd4' }
]

const coloursOf = (scheme: 'light' | 'dark') =>
  PROVIDER_COLOURS.map((colour, index) => `--provider-${index}: ${colour[scheme]};`).join(' ')

const LIGHT = `
  --page: #ffffff; --ink: #1b1f24; --muted: #57606a; --line: #d5dae0; --band: #eef1f4; --bad: #b3261e; --good: #1f7a3d;
  --first: #57a773; --after: #d9a441; --lost: #c8382e; --aside: #a9b2bc; --out: rgba(200, 56, 46, .13);
  ${coloursOf('light')}
`

const DARK = `
  --page: #14171b; --ink: #e6e9ed; --muted: #a3acb6; --line: #343b44; --band: #20252b; --bad: #ff9d94; --good: #86d98a;
  --first: #4f9d6b; --after: #d9a441; --lost: #f0655a; --aside: #5d6873; --out: rgba(240, 101, 90, .2);
  ${coloursOf('dark')}
`

export const STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
:root.printed { color-scheme: light; ${LIGHT} }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; max-width: 76rem; padding: 0 1.25rem 3rem; background: var(--page); color: var(--ink); }
h1 { font-size: 1.5rem; margin: 1.25rem 0 .2rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .3rem 0; overflow-wrap: anywhere; }
:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
.quiet { color: var(--muted); }
p bdi { overflow-wrap: anywhere; }

.headlines { margin: 1rem 0; padding: 0; list-style-type: ""; }
.headlines li { padding: .35rem .8rem; border-left: .3rem solid var(--line); margin: .25rem 0; overflow-wrap: anywhere; }
.headlines .bad { border-color: var(--bad); font-weight: 600; }
.headlines .bad::before { content: "! "; color: var(--bad); }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .6rem; margin: 1rem 0; }
.figures div { border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .7rem; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dt { color: var(--muted); font-size: .85rem; }
.figures dd { margin: 0; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }

.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); }
thead th { color: var(--muted); font-size: .85rem; font-weight: 600; border-bottom: 2px solid var(--line); }
tbody th { font-weight: 500; white-space: nowrap; }
.number { text-align: right; white-space: nowrap; }
.when { white-space: nowrap; }
caption { text-align: left; color: var(--muted); padding-bottom: .3rem; }

.chart { margin: .5rem 0 .2rem; }
.chart .u-legend { text-align: left; font-size: .85rem; margin: 0; }
.chart .u-legend th, .chart .u-legend td { border: 0; padding: 1px 4px; width: auto; }
.chart .u-legend, .chart .u-legend tr { width: auto; }
.chart .u-select { background: var(--out); }
summary { cursor: pointer; color: var(--muted); padding: .3rem 0; }
details .wide { max-height: 24rem; overflow-y: auto; }

.lanes { table-layout: fixed; }
.lane svg, .bar { display: block; width: 100%; height: 1.1rem; background: var(--band); }
.lanes th:first-child { width: 17%; white-space: normal; }
.lanes th:nth-child(3) { width: 36%; }
.lanes .words { font-size: .9rem; }
.lanes .words p { margin: 0; }
.wide td:not(.number) { min-width: 9rem; }
.wide td.bars { min-width: 5rem; }
.bar { height: .8rem; min-width: 5rem; margin-top: .3rem; }
td.bars { width: 22%; min-width: 6rem; }
svg .out, svg .lost { fill: var(--lost); }
svg .drain { fill: var(--after); }
svg .alarm { fill: var(--bad); }
svg .first { fill: var(--first); }
svg .after { fill: var(--after); }
svg .rules { fill: var(--ink); }
svg .volume { fill: var(--muted); }
.key { display: inline-block; width: .8em; height: .8em; border-radius: .15em; margin: 0 .2em 0 .8em; }
.key.first { background: var(--first); } .key.after { background: var(--after); } .key.lost { background: var(--lost); }

.matrix td { text-align: right; border-left: 1px solid var(--line); padding: .4rem .6rem; }
.matrix small { display: block; color: var(--muted); font-size: .8rem; }
.matrix thead th + th { text-align: right; padding-right: .6rem; }
.heat-1 { background: color-mix(in srgb, var(--after) 10%, transparent); }
.heat-2 { background: color-mix(in srgb, var(--after) 20%, transparent); }
.heat-3 { background: color-mix(in srgb, var(--after) 32%, transparent); }
.heat-4 { background: color-mix(in srgb, var(--after) 45%, transparent); }
.heat-4 small { color: inherit; }

@media (max-width: 40rem) {
  body { padding: 0 .7rem 2rem; }
  th, td { font-size: .85rem; padding-right: .5rem; }
  tbody th { white-space: normal; }
  .figures { grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); }
  .figures dd { font-size: 1.1rem; }
  .lanes thead { display: none; }
  .lanes th:first-child { width: auto; }
  .lanes tr { display: grid; grid-template-columns: 1fr; padding: .3rem 0; border-bottom: 1px solid var(--line); }
  .lanes th, .lanes td, .lanes td.words { border: 0; width: auto; padding: .1rem 0; }
}
@media print {
  :root { color-scheme: light; ${LIGHT} font-size: 11px; }
  body { max-width: none; padding: 0; }
  section, tr, .chart { break-inside: avoid; }
  .long { break-inside: auto; }
  h2, h3 { break-after: avoid; }
  details { display: none; }
  svg, .key, td { print-color-adjust: exact; }
}
`

/** Draws what stands in the page's data. Each chart's numbers are also in a table. */
export const SCRIPT = String.raw`
'use strict'
const data = JSON.parse(document.getElementById('data').textContent)
const root = document.documentElement
const number = (value) => (value === null || value === undefined ? '-' : value.toLocaleString('en'))
const ms = (value) => (value === null || value === undefined ? '-' : number(value) + ' ms')
const share = (value) => (value === null || value === undefined ? '-' : value.toFixed(1) + ' %')
const iso = (seconds) => new Date(seconds * 1000).toISOString()
const colour = (name) => getComputedStyle(root).getPropertyValue('--' + name).trim()

const DAY = 86400
const ticks = (u, splits, axis, space, step) =>
  splits.map((at) => (step >= DAY || at % DAY === 0 ? iso(at).slice(5, 10) : iso(at).slice(11, 16)))

/** While a breaker was open. */
function shade(u) {
  const { left, top, width, height } = u.bbox
  u.ctx.save()
  u.ctx.fillStyle = colour('out')
  for (const [from, to] of data.outages) {
    const start = Math.max(left, u.valToPos(from, 'x', true))
    const end = Math.min(left + width, u.valToPos(to, 'x', true))
    if (end > start) u.ctx.fillRect(start, top, Math.max(2, end - start), height)
  }
  u.ctx.restore()
}

const bars = uPlot.paths.bars({ size: [1, Infinity], align: 1, gap: 1 })

/** Each on top of those below; the legend says its own. */
function stacked(parts) {
  const sums = []
  let below = data.times.map(() => 0)
  for (const { values } of parts) {
    below = values.map((value, index) => (value === null ? null : value + (below[index] ?? 0)))
    sums.push(below)
  }
  return {
    columns: sums.toReversed(),
    series: parts.toReversed().map(({ name, tone, values }) => ({
      label: name,
      fill: colour(tone),
      width: 0,
      paths: bars,
      points: { show: false },
      value: (u, sum, place, index) => (index === null ? '-' : number(values[index]))
    }))
  }
}

const line = (name, tone, value, more = {}) => ({
  label: name,
  stroke: colour(tone),
  width: 2,
  spanGaps: false,
  points: { size: 4 },
  value: (u, shown) => value(shown),
  ...more
})

const CHARTS = {
  outcomes: () => stacked(data.outcomes),
  failovers: () => ({
    columns: [data.failoverShare],
    series: [line('failed over', 'after', share, { fill: colour('out') })],
    unit: ' %'
  }),
  durations: () => ({
    columns: data.providers.flatMap(({ p50, p99 }) => [p50, p99]),
    series: data.providers.flatMap(({ name }, index) => {
      const tone = 'provider-' + (index % data.colours)
      return [line(name + ' p50', tone, ms), line(name + ' p99', tone, ms, { dash: [5, 4], width: 1.5 })]
    }),
    unit: ' ms'
  })
}

const shown = []

function draw(box) {
  const { columns, series, unit = '' } = CHARTS[box.dataset.chart]()
  const [ink, grid] = [colour('muted'), colour('line')]
  const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1 } }
  const chart = new uPlot(
    {
      width: box.clientWidth,
      height: 240,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      cursor: { sync: { key: 'time' }, y: false },
      scales: { x: { range: () => [data.times[0], data.times.at(-1) + data.width] }, y: { range: (u, least, most) => [0, Math.max(1, most * 1.08)] } },
      axes: [
        { ...axis, values: ticks, space: 60 },
        { ...axis, size: 74, values: (u, splits) => splits.map((at) => number(at) + unit) }
      ],
      series: [{ label: 'UTC', value: (u, at) => (at === null ? '-' : iso(at).slice(5, 16).replace('T', ' ')) }, ...series],
      hooks: { drawClear: [shade] }
    },
    [data.times, ...columns],
    box
  )
  shown.push({ chart, box })
}

const boxes = [...document.querySelectorAll('[data-chart]')]

function drawAll() {
  for (const { chart } of shown.splice(0)) chart.destroy()
  for (const box of boxes) draw(box)
}

// Without this script there are no charts, and their numbers are open.
const [charts, numbers] = ['charts', 'numbers'].map((id) => document.getElementById(id))
if (charts !== null) charts.hidden = false
if (numbers !== null) numbers.open = false
drawAll()
for (const { box } of shown) {
  new ResizeObserver(() => {
    const { chart } = shown.find((one) => one.box === box) ?? {}
    if (chart !== undefined && chart.width !== box.clientWidth) chart.setSize({ width: box.clientWidth, height: 240 })
  }).observe(box)
}
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll)
addEventListener('beforeprint', () => (root.classList.add('printed'), drawAll()))
addEventListener('afterprint', () => (root.classList.remove('printed'), drawAll()))
`
