import { markup, trusted, type Markup } from './markup.ts'
import { conditionOf, filterData, outcome, skippedOf } from './routes-page-route.ts'
import {
  CHANNEL_NAMES,
  CHANNELS,
  NO_CONTINENT,
  routeOf,
  type CountryLine,
  type RouteRow,
  type Sheet
} from './routes-page-sheet.ts'

export function byCountry(sheet: Sheet): Markup {
  return markup`<section id="by-country" aria-labelledby="country-heading">
<h2 id="country-heading" tabindex="-1">By country</h2>
<table class="routes" aria-labelledby="country-heading">
<thead><tr><th scope="col">Country</th>${CHANNEL_NAMES.map((channel) => markup`<th scope="col" class="${channel}">${CHANNELS[channel]}</th>`)}</tr></thead>
${everywhereGroup(sheet)}${[...sheet.continents].map(([continent, lines]) => continentGroup(continent, lines, sheet))}</table>
</section>`
}

function everywhereGroup(sheet: Sheet): Markup {
  if (sheet.everywhere.length === 0) return markup``
  return markup`<tbody>
<tr class="everywhere"><th scope="row">Every country, before its own line</th>${cells(sheet.everywhere, sheet)}</tr>
</tbody>
`
}

function continentGroup(continent: string, lines: readonly CountryLine[], sheet: Sheet): Markup {
  return markup`<tbody>
<tr class="group"><th scope="rowgroup" colspan="3">${continent}<small class="count">${lines.length}</small></th></tr>
${lines.map((line) => countryLine(line, sheet))}</tbody>
`
}

function countryLine({ code, name, rows }: CountryLine, sheet: Sheet): Markup {
  return markup`<tr data-code="${code}"><th scope="row"><span class="name">${name}</span> <code>${code}</code></th>${cells(rows, sheet)}</tr>\n`
}

function cells(rows: readonly RouteRow[], sheet: Sheet): readonly Markup[] {
  return CHANNEL_NAMES.map((channel) => {
    const entries = rows.filter((row) => row.channel === channel).map((row) => entry(row, sheet))
    return markup`<td class="${channel}">${entries}</td>`
  })
}

function entry(row: RouteRow, sheet: Sheet): Markup {
  const rule = sheet.names.rules.indexOf(row.rule) + 1
  return markup`<div class="entry"${filterData(row, sheet)}${trusted(sheet.folding.has(row) ? ' data-folds' : '')}>${conditionOf(row)}${outcome(row, sheet.colours)}${skippedOf(row)}<a class="rule" href="#rule-${rule}">${row.rule}</a></div>`
}

export function byRule(sheet: Sheet): Markup {
  const byName = Map.groupBy(sheet.rows, ({ rule }) => rule)
  return markup`<section id="by-rule" aria-labelledby="rule-heading">
<h2 id="rule-heading" tabindex="-1">By rule</h2>
<table class="routes" aria-labelledby="rule-heading">
<thead><tr><th scope="col">Channel, condition</th><th scope="col">Chain</th><th scope="col">Countries</th></tr></thead>
${sheet.names.rules.map((name, index) => ruleGroup(`rule-${index + 1}`, byName.get(name) ?? [], sheet))}</table>
</section>`
}

function ruleGroup(id: string, rows: readonly RouteRow[], sheet: Sheet): Markup {
  const [row] = rows
  if (row === undefined) return markup``
  const lines = [...Map.groupBy(rows, routeOf).values()].map((rows) => ruleLine(rows, sheet))
  return markup`<tbody id="${id}">
<tr class="group"><th scope="rowgroup" colspan="3"><bdi>${row.rule}</bdi><small>${row.owner === null ? 'no owner' : markup`owner: <bdi>${row.owner}</bdi>`}</small>${row.why === null ? '' : markup`<bdi class="about">${row.why}</bdi>`}</th></tr>
${lines}</tbody>
`
}

function ruleLine(rows: readonly RouteRow[], sheet: Sheet): Markup {
  const [row] = rows
  if (row === undefined) return markup``
  const codes = new Set(rows.map(({ country }) => country ?? ''))
  return markup`<tr data-codes="${[...codes].join(' ')}"${filterData(row, sheet)}><td>${CHANNELS[row.channel]} ${conditionOf(row)}</td><td>${outcome(row, sheet.colours)}${skippedOf(row)}</td><td>${places(codes, sheet)}</td></tr>
`
}

function places(codes: ReadonlySet<string>, { countries, continents }: Sheet): Markup {
  if (codes.size === countries) return markup`everywhere`
  const lines = [...continents].map(([continent, lines]) => placesOn(continent, lines, codes))
  return markup`<ul class="places">${lines}</ul>`
}

/** So many exceptions are shorter said than what is left. */
const FEW = 5

function placesOn(continent: string, lines: readonly CountryLine[], codes: ReadonlySet<string>): Markup {
  const [inside, outside] = [true, false].map((is) =>
    lines.filter(({ code }) => codes.has(code) === is).map(({ name }) => name)
  )
  if (inside === undefined || outside === undefined || inside.length === 0) return markup``
  if (continent === NO_CONTINENT) return markup`<li>${inside.join(', ')}</li>`
  return markup`<li><b>${continent}</b> ${placeNames(inside, outside)}</li>`
}

function placeNames(inside: readonly string[], outside: readonly string[]): string {
  if (outside.length === 0) return `all ${inside.length}`
  const isMost = outside.length <= FEW && inside.length >= 2 * outside.length
  return `${inside.length}: ${isMost ? `all but ${outside.join(', ')}` : inside.join(', ')}`
}
