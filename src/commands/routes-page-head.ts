import { markup, type Markup } from './markup.ts'
import { carrierChip, outcome } from './routes-page-route.ts'
import {
  ALWAYS,
  carriersOf,
  CHANNEL_NAMES,
  CHANNELS,
  ENDS,
  placeOf,
  type RouteRow,
  type RoutesPage,
  type Sheet
} from './routes-page-sheet.ts'

export function head({ file, hash, madeAt }: RoutesPage, sheet: Sheet): Markup {
  const countries = sheet.rows.some(({ country }) => country === null) ? sheet.countries - 1 : sheet.countries
  return markup`<header>
<div class="intro">
<h1>Routes</h1>
<p>Which provider carries which code: ${countries} countries, ${sheet.names.rules.length} rules.</p>
<p class="quiet"><bdi>${file}</bdi> <code>${hash}</code>, made <time datetime="${madeAt}">${madeAt.replace(/T(\d\d:\d\d).*Z$/u, ' $1 UTC')}</time></p>
${CHANNEL_NAMES.map((channel) => usualChain(channel, sheet))}
</div>
${legend(sheet)}
</header>`
}

function usualChain(channel: RouteRow['channel'], { usual, countries, colours }: Sheet): Markup {
  const most = usual.get(placeOf({ channel, condition: '' }))
  if (most === undefined) return markup``
  return markup`<div class="usual"><span>Most common for ${channel}:</span>
${outcome(most.row, colours)}
<span class="quiet">${most.countries} of ${countries}</span></div>
`
}

function legend({ rows, names, colours }: Sheet): Markup {
  const always = rows.filter(({ condition }) => condition === '')
  const firsts = always.map(({ channel, ...row }) => ({
    channel,
    first: new Set(carriersOf({ channel, ...row }).first)
  }))
  const lines = names.carriers.map((carrier) => {
    const cells = CHANNEL_NAMES.map((channel) => {
      const countries = firsts.filter((row) => row.channel === channel && row.first.has(carrier)).length
      return markup`<td>${countries === 0 ? 0 : filterLink(carrier, channel, countries)}</td>`
    })
    return markup`<tr><th scope="row">${carrierChip(carrier, colours)}</th>${cells}</tr>\n`
  })
  return markup`<table class="legend">
<caption>Who goes first, in how many countries <small>Without conditions; a split counts for each.</small></caption>
<thead><tr><th scope="col">Provider</th>${CHANNEL_NAMES.map((channel) => markup`<th scope="col">${CHANNELS[channel]}</th>`)}</tr></thead>
<tbody>
${lines}</tbody>
</table>`
}

function filterLink(carrier: string, channel: RouteRow['channel'], countries: number): Markup {
  const filters = new URLSearchParams({ provider: carrier, position: 'first', channel, condition: ALWAYS })
  return markup`<a href="#${filters.toString()}">${countries}</a>`
}

/** The form is only shown by the script, for without it no filter works; the links then lead down the page. */
export function bar({ names }: Sheet): Markup {
  return markup`<div class="bar">
<nav aria-label="View"><a href="#by-country" data-view="country">By country</a><a href="#by-rule" data-view="rule">By rule</a></nav>
<details hidden>
<summary id="summary">Filters</summary>
<form id="filters" autocomplete="off">
<label class="wide"><span>Country or rule, several with commas</span><input type="search" name="text" placeholder="Sweden, SE, DK, a rule"></label>
${select(
  'provider',
  'Provider',
  'any',
  names.carriers.map((name) => [name, ENDS.get(name) ?? name])
)}
${select('position', 'Position', 'anywhere', [['first', 'first']])}
${select(
  'channel',
  'Channel',
  'both',
  CHANNEL_NAMES.map((name) => [name, CHANNELS[name]])
)}
${select(
  'rule',
  'Rule',
  'any',
  names.rules.map((name) => [name, name])
)}
${select(
  'condition',
  'Condition',
  'with and without',
  names.conditions.map((text) => [text, text === ALWAYS ? 'without' : text])
)}
${tick('differs', 'Only what differs from the most common chain')}
${tick('details', 'Senders and timeouts')}
${tick('repeat', 'Repeat in each country what holds in all')}
<button type="button" id="clear">Reset</button>
</form>
</details>
<p id="count" class="quiet" role="status" aria-live="polite"></p>
<p id="set" class="printed"></p>
</div>`
}

type Option = readonly [value: string, label: string]

function select(name: string, label: string, any: string, options: readonly Option[]): Markup {
  const lines = options.map(([value, label]) => markup`<option value="${value}">${label}</option>`)
  return markup`<label><span>${label}</span><select name="${name}"><option value="">${any}</option>${lines}</select></label>`
}

function tick(name: string, label: string): Markup {
  return markup`<label class="tick"><input type="checkbox" name="${name}"><span>${label}</span></label>`
}
