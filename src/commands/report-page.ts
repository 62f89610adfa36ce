import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { CountrySummary, Count, SlotSummary, Summary } from '../telemetry/summary-shape.ts'
import { totalOf } from '../telemetry/tally.ts'
import type { Io } from './command.ts'
import { markup, trusted, type Markup } from './markup.ts'
import { PROVIDER_COLOURS, SCRIPT, STYLE } from './report-page-parts.ts'
import {
  countInWords,
  countryInWords,
  dayOf,
  drainInWords,
  headlinesOf,
  lengthInWords,
  periodInWords,
  rulesInWords,
  shareInWords,
  times,
  wordsOf,
  type Words
} from './report-words.ts'

/** What draws the charts, as text to be put into the page. */
export interface ChartLibrary {
  readonly script: string
  readonly style: string
}

export interface ReportPage {
  /** As given by the user. */
  readonly files: readonly string[]
  readonly madeAtMs: number
  readonly summary: Summary
  readonly library: ChartLibrary
}

/** Null where it is not installed. Its licence asks to go with it. */
export function readChartLibrary({ readFile }: Pick<Io, 'readFile'>): ChartLibrary | null {
  const [script, style, licence] = ['dist/uPlot.iife.min.js', 'dist/uPlot.min.css', 'LICENSE'].map((name) => {
    try {
      return readFile(fileURLToPath(import.meta.resolve(`uplot/${name}`)))
    } catch {
      return null
    }
  })
  if (typeof script !== 'string' || typeof style !== 'string' || typeof licence !== 'string') return null
  const notice = `/*! uPlot\n${licence.replaceAll('*/', '* /').trim()}\n*/\n`
  return { script: `${notice}${script}`, style: `${notice}${style}` }
}

/** One page to look at: it asks no other host for anything, and without scripts its tables are there. */
export function renderReportPage({ files, madeAtMs, summary, library }: ReportPage): string {
  const words = wordsOf(summary)
  const script = `${library.script}\n;(() => {${SCRIPT}})()\n`
  const style = `${library.style}\n${STYLE}`
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    `script-src '${hashOf(script)}'`,
    "base-uri 'none'",
    "form-action 'none'"
  ].join('; ')
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Codes, ${periodInWords(summary)}</title>
<style>${trusted(style)}</style>
</head>
<body>
<header>
<h1>What became of the codes</h1>
<p>${periodInWords(summary)}</p>
<p class="quiet">${countInWords(summary.lines.counted)} lines of <bdi>${files.join(', ')}</bdi>; made ${`${dayOf(madeAtMs)} ${new Date(madeAtMs).toISOString().slice(11, 16)}`} UTC. All times are UTC.</p>
</header>
<main>
<ul class="headlines">
${headlinesOf(summary).map(({ text, isBad }) => markup`<li${trusted(isBad ? ' class="bad"' : '')}>${text}</li>\n`)}</ul>
${figures(summary)}
${chartSections(summary, words)}
${timeline(summary, words)}
${worst(summary, words)}
${providers(summary)}
${matrix(summary)}
${countries(summary)}
${outcomes(summary)}
${table('Codes that nobody has classified', ['Provider', 'Code', '#Attempts'], summary.unknownCodes, ({ provider, code, count }) => [provider, code === '' ? 'none' : code, count])}
${table('Asked again', ['After', 'In', '#Times'], summary.resends.slice(0, MOST_RESENDS), ({ provider, country, count }) => [provider, countryInWords(country), count])}
${rules(summary, words)}
${table('Nodes', ['Node', 'Started at', 'Version', 'Mode'], summary.starts, ({ node, atMs, version, mode }) => [node, words.time(atMs), version, mode])}
${table('Also', ['Event', '#Times', 'First', 'Last', 'What'], summary.troubles, ({ event, count, firstMs, lastMs, reason }) => [event, count, words.time(firstMs), words.time(lastMs), reason ?? ''])}
${leftOut(summary)}</main>
<script type="application/json" id="data">${trusted(dataOf(summary))}</script>
<script>${trusted(script)}</script>
</body>
</html>
`
  return page.markup
}

function hashOf(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`
}

/** Of a longer table nobody reads the end; it is in --json. */
const MOST_RESENDS = 50

function figures({ requests }: Summary): Markup {
  const accepted = countOf(requests.outcomes, 'accepted')
  const { wanted, failedOver, late, possibleDoubles, durationMs } = requests
  const shown: readonly (readonly [string, string])[] = [
    ['codes', countInWords(wanted)],
    ['accepted', shareInWords(accepted, wanted)],
    ['failed over', shareInWords(failedOver, wanted)],
    ['too late for Okta', countInWords(late)],
    ['perhaps sent twice', countInWords(possibleDoubles)],
    ['half answered within', ms(durationMs.p50)],
    ['95 % within', ms(durationMs.p95)],
    ['99 % within', ms(durationMs.p99)]
  ]
  return markup`<dl class="figures">${shown.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function ms(value: number | null): string {
  return value === null ? '-' : `${countInWords(value)} ms`
}

function countOf(counts: readonly Count[], name: string): number {
  return counts.find((count) => count.name === name)?.count ?? 0
}

function chartSections(summary: Summary, words: Words): Markup {
  const { widthMs } = summary.series
  if (summary.requests.total === 0) return markup``
  const width = lengthInWords(widthMs)
  return markup`<section class="long" aria-labelledby="over-time">
<h2 id="over-time">Over time</h2>
<p class="quiet">In steps of ${width}. Shaded: some breaker was open.</p>
<div id="charts" hidden>
<h3>Codes</h3>
<div class="chart" data-chart="outcomes" role="img" aria-label="What became of the codes, in steps of ${width}"></div>
<h3>Share that failed over</h3>
<div class="chart" data-chart="failovers" role="img" aria-label="Share of codes that failed over, in steps of ${width}"></div>
<h3>How long a provider takes to accept</h3>
<div class="chart" data-chart="durations" role="img" aria-label="Median and 99th percentile of each provider, in steps of ${width}"></div>
</div>
<details id="numbers" open><summary>The numbers of these charts</summary>
${overTime(summary, words)}
</details>
</section>`
}

function overTime({ providers, series: { startMs, widthMs, slots } }: Summary, { time }: Words): Markup {
  const names = providers.map(({ name }) => name)
  const header = [
    'From',
    ...STACK.map(({ name }) => `#${name}`),
    '#failed over',
    ...names.map((name) => `#${name} p50, p99`)
  ]
  const lines = slots.flatMap((slot, index) => {
    if (slot === null) return []
    const durations = names.map((name) => {
      const found = slot.providers.find((provider) => provider.name === name)
      return found === undefined ? '-' : `${ms(found.p50)}, ${ms(found.p99)}`
    })
    const parts = STACK.map(({ of }) => of(slot))
    return [
      [time(startMs + index * widthMs), ...parts, shareInWords(slot.failedOver, slot.wanted), ...durations]
    ]
  })
  return cells(header, lines)
}

/** From below. */
const STACK: readonly {
  readonly name: string
  readonly tone: string
  readonly of: (slot: SlotSummary) => number
}[] = [
  {
    name: 'accepted by the first',
    tone: 'first',
    of: (slot) => countOf(slot.outcomes, 'accepted') - slot.acceptedAfterFailover
  },
  { name: 'accepted after a failover', tone: 'after', of: (slot) => slot.acceptedAfterFailover },
  { name: 'not accepted', tone: 'lost', of: (slot) => slot.wanted - countOf(slot.outcomes, 'accepted') },
  { name: 'not for a provider', tone: 'aside', of: (slot) => totalOf(slot.outcomes) - slot.wanted }
]

/** What the charts are drawn of. A "<" would let a text end the element that it stands in. */
function dataOf({ providers, breakers, lastMs, series: { startMs, widthMs, slots } }: Summary): string {
  const data = {
    times: slots.map((_, index) => (startMs + index * widthMs) / 1000),
    width: widthMs / 1000,
    colours: PROVIDER_COLOURS.length,
    outcomes: STACK.map(({ name, tone, of }) => ({
      name,
      tone,
      values: slots.map((slot) => (slot === null ? null : of(slot)))
    })),
    failoverShare: slots.map((slot) =>
      slot === null || slot.wanted === 0 ? null : (slot.failedOver / slot.wanted) * 100
    ),
    providers: providers
      .map(({ name }) => {
        const found = slots.map((slot) => slot?.providers.find((provider) => provider.name === name) ?? null)
        return {
          name,
          p50: found.map((slot) => slot?.p50 ?? null),
          p99: found.map((slot) => slot?.p99 ?? null)
        }
      })
      .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    outages: breakers.map(({ fromMs, toMs }) => [fromMs / 1000, (toMs ?? lastMs ?? fromMs) / 1000])
  }
  return JSON.stringify(data).replaceAll('<', String.raw`\u003c`)
}

interface Stretch {
  readonly fromMs: number
  readonly toMs: number
  readonly kind: 'out' | 'alarm' | 'drain' | 'rules'
}

interface Lane {
  readonly name: string
  readonly stretches: readonly Stretch[]
  readonly words: readonly string[]
}

/** What lasted how long, one lane for each. */
function timeline(summary: Summary, words: Words): Markup {
  const { firstMs, lastMs } = summary
  const lanes = lanesOf(summary, words)
  if (lanes.length === 0 || firstMs === null || lastMs === null) return markup``
  const place = (atMs: number): number =>
    ((Math.min(Math.max(atMs, firstMs), lastMs) - firstMs) / Math.max(1, lastMs - firstMs)) * 1000
  const lines = lanes.map(({ name, stretches, words }) => {
    const rects = stretches.map(({ fromMs, toMs, kind }) => {
      const from = Math.min(place(fromMs), 997)
      return markup`<rect class="${kind}" x="${from.toFixed(1)}" width="${Math.max(3, place(toMs) - from).toFixed(1)}" height="10"/>`
    })
    return markup`<tr><th scope="row">${name}</th><td class="lane"><svg viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">${rects}</svg></td><td class="words">${words.map((text) => markup`<p><bdi>${text}</bdi></p>`)}</td></tr>\n`
  })
  return markup`<section class="long" aria-labelledby="timeline">
<h2 id="timeline">Breakers, alarms, drains, rules</h2>
<table class="lanes">
<thead><tr><th scope="col">What</th><th scope="col">${words.time(firstMs)} to ${words.time(lastMs)}</th><th scope="col">When</th></tr></thead>
<tbody>
${lines}</tbody>
</table>
</section>`
}

/** More of one lane is said by its count. */
const MOST_WORDS = 12

function few(texts: readonly string[]): readonly string[] {
  if (texts.length <= MOST_WORDS) return texts
  return [...texts.slice(0, MOST_WORDS), `and ${countInWords(texts.length - MOST_WORDS)} more`]
}

function lanesOf({ breakers, alarms, drains, rules, lastMs }: Summary, words: Words): readonly Lane[] {
  const endMs = lastMs ?? 0
  const { time } = words
  const until = (toMs: number | null): string => (toMs === null ? 'still is' : time(toMs))
  const drained = Map.groupBy(drains, ({ provider, channel, country }) =>
    [provider, channel, country].filter((part) => part !== null).join(' ')
  )
  return [
    ...[...Map.groupBy(breakers, ({ provider, channel }) => `${provider} ${channel}`)].map(
      ([name, episodes]) => ({
        name: `${name} open`,
        stretches: episodes.map(({ fromMs, toMs }) => ({
          fromMs,
          toMs: toMs ?? endMs,
          kind: 'out' as const
        })),
        words: few(
          episodes.map(
            ({ fromMs, toMs, cause, openings }) =>
              `${time(fromMs)} to ${until(toMs)}: ${cause}${openings > 1 ? `, opened ${times(openings)}` : ''}`
          )
        )
      })
    ),
    ...alarms.map(({ provider, channel, class: name, fromMs, toMs }) => ({
      name: `${provider} ${channel}: ${name}`,
      stretches: [{ fromMs, toMs: toMs ?? endMs, kind: 'alarm' as const }],
      words: [`${time(fromMs)} to ${toMs === null ? 'the end: not over' : time(toMs)}`]
    })),
    ...[...drained].map(([name, changes]) => ({
      name: `${name} drained`,
      stretches: changes.flatMap(({ kind, atMs, untilMs }, index) => {
        if (kind === 'ended') return []
        const ends = [changes[index + 1]?.atMs, untilMs ?? undefined, endMs].filter((ms) => ms !== undefined)
        return [{ fromMs: atMs, toMs: Math.min(...ends), kind: 'drain' as const }]
      }),
      words: few(changes.map((drain) => `${time(drain.atMs)} ${drainInWords(drain, words)}`))
    })),
    ...(rules.length === 0
      ? []
      : [
          {
            name: 'rules',
            stretches: rules.map(({ atMs }) => ({ fromMs: atMs, toMs: atMs, kind: 'rules' as const })),
            words: few(
              rules.map(
                (change) => `${time(change.atMs)} ${change.kind.replaceAll('_', ' ')} ${change.hash ?? ''}`
              )
            )
          }
        ])
  ]
}

function worst({ worst }: Summary, { time }: Words): Markup {
  const lines = [
    { window: worst.lost, what: 'not accepted in time', part: worst.lost?.counts.lost },
    { window: worst.failedOver, what: 'failed over', part: worst.failedOver?.counts.failedOver }
  ].flatMap(({ window, what, part = 0 }) =>
    window === null
      ? []
      : [
          [
            `${time(window.fromMs)} to ${time(window.toMs)}`,
            what,
            part,
            window.counts.wanted,
            shareInWords(part, window.counts.wanted)
          ]
        ]
  )
  return table('Worst ten minutes', ['When', 'What', '#Codes', '#Of', '#Share'], lines, (line) => line)
}

function providers({ providers }: Summary): Markup {
  return table(
    'Providers',
    ['Provider', '#Attempts', '#Accepted', '#p50', '#p95', '#p99', '#Failovers from', '#to', 'Failures'],
    providers,
    ({ name, attempts, accepted, acceptedLate, durationMs, failoversFrom, failoversTo, failures }) => [
      name,
      attempts,
      shareInWords(accepted, attempts),
      ms(durationMs.p50),
      ms(durationMs.p95),
      ms(durationMs.p99),
      failoversFrom,
      failoversTo,
      countsInWords(
        acceptedLate > 0 ? [...failures, { name: 'accepted too late', count: acceptedLate }] : failures
      )
    ]
  )
}

function countsInWords(counts: readonly Count[]): string {
  return counts.map(({ name, count }) => `${name} ${countInWords(count)}`).join(', ')
}

const HEATS = 4

function matrix({ failovers }: Summary): Markup {
  if (failovers.length === 0) return markup``
  const names = [...new Set(failovers.flatMap(({ from, to }) => [from, to]))].toSorted()
  const most = Math.max(...failovers.map(({ reasons }) => totalOf(reasons)))
  const cell = (from: string, to: string): Markup => {
    const reasons = failovers.find((failover) => failover.from === from && failover.to === to)?.reasons
    if (reasons === undefined) return markup`<td class="quiet">-</td>`
    const total = totalOf(reasons)
    return markup`<td class="heat-${Math.ceil((total / most) * HEATS)}">${countInWords(total)}<small>${countsInWords(reasons)}</small></td>`
  }
  return markup`<section aria-labelledby="matrix">
<h2 id="matrix">Failovers</h2>
<div class="wide"><table class="matrix">
<caption>From the provider on the left to the one on top, and why.</caption>
<thead><tr><th scope="col">From</th>${names.map((name) => markup`<th scope="col">to ${name}</th>`)}</tr></thead>
<tbody>
${names.map((from) => markup`<tr><th scope="row">${from}</th>${names.map((to) => cell(from, to))}</tr>\n`)}</tbody>
</table></div>
</section>`
}

function countries({ countries }: Summary): Markup {
  if (countries.length === 0) return markup``
  const most = Math.max(1, ...countries.map(({ requests }) => requests))
  return markup`<section class="long" aria-labelledby="countries">
<h2 id="countries">Countries</h2>
<div class="wide"><table>
<caption>Bars: how many requests, and of the codes<span class="key first"></span>accepted by the first<span class="key after"></span>failed over<span class="key lost"></span>not accepted.</caption>
<thead><tr><th scope="col">Country</th><th scope="col" class="number">Requests</th><th scope="col"></th><th scope="col" class="number">Accepted</th><th scope="col" class="number">Failed over</th><th scope="col"></th><th scope="col" class="number">Asked again</th></tr></thead>
<tbody>
${countries.map((country) => countryLine(country, most))}</tbody>
</table></div>
</section>`
}

function countryLine(
  { country, requests, wanted, accepted, failedOver, resends }: CountrySummary,
  most: number
): Markup {
  const lost = wanted - accepted
  const failed = Math.min(failedOver, wanted - lost)
  return markup`<tr><th scope="row">${countryInWords(country)}</th><td class="number">${countInWords(requests)}</td><td class="bars">${bar([['volume', requests]], most)}</td><td class="number">${shareInWords(accepted, wanted)}</td><td class="number">${shareInWords(failedOver, wanted)}</td><td class="bars">${bar(
    [
      ['first', wanted - lost - failed],
      ['after', failed],
      ['lost', lost]
    ],
    wanted
  )}</td><td class="number">${countInWords(resends)}</td></tr>\n`
}

function bar(parts: readonly (readonly [kind: string, count: number])[], whole: number): Markup {
  let x = 0
  const rects = parts.map(([kind, count]) => {
    const width = whole === 0 ? 0 : (count / whole) * 1000
    x += width
    return width === 0
      ? markup``
      : markup`<rect class="${kind}" x="${(x - width).toFixed(1)}" width="${width.toFixed(1)}" height="10"/>`
  })
  return markup`<svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">${rects}</svg>`
}

function outcomes({ requests }: Summary): Markup {
  return table(
    'Requests by outcome',
    ['Outcome', '#Requests', '#Share'],
    requests.outcomes,
    ({ name, count }) => [name, count, shareInWords(count, requests.total)]
  )
}

function rules({ rules, hashes, requests }: Summary, words: Words): Markup {
  return markup`${table('Rules', ['At', 'What'], rules, (change) => [words.time(change.atMs), rulesInWords(change)])}
${table('Decided by', ['Rules', '#Requests', '#Share', 'From', 'To'], hashes, ({ hash, count, firstMs, lastMs }) => [hash, count, shareInWords(count, requests.total), words.time(firstMs), words.time(lastMs)])}`
}

function leftOut({ leftOut }: Summary): Markup {
  return markup`${leftOut.map(({ name, count }) => markup`<p class="quiet">Too many ${name}: ${countInWords(count)} are left out.</p>\n`)}`
}

type Cell = string | number

/** @param header with a "#" in front of columns of numbers. */
function table<T>(
  title: string,
  header: readonly string[],
  entries: readonly T[],
  line: (entry: T) => readonly Cell[]
): Markup {
  if (entries.length === 0) return markup``
  const id = title.toLowerCase().replaceAll(' ', '-')
  return markup`<section class="long" aria-labelledby="${id}">
<h2 id="${id}">${title}</h2>
${cells(header, entries.map(line))}
</section>`
}

function cells(header: readonly string[], lines: readonly (readonly Cell[])[]): Markup {
  const isNumber = header.map((name) => name.startsWith('#'))
  const kind = (column: number): Markup => trusted(isNumber[column] === true ? ' class="number"' : '')
  const text = (cell: Cell): Markup =>
    markup`<bdi>${typeof cell === 'number' ? countInWords(cell) : cell}</bdi>`
  return markup`<div class="wide"><table>
<thead><tr>${header.map((name, column) => markup`<th scope="col"${kind(column)}>${name.replace(/^#/u, '')}</th>`)}</tr></thead>
<tbody>
${lines.map((line) => markup`<tr>${line.map((cell, column) => (column === 0 ? markup`<th scope="row">${text(cell)}</th>` : markup`<td${kind(column)}>${text(cell)}</td>`))}</tr>\n`)}</tbody>
</table></div>`
}
