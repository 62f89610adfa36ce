import { createHash } from 'node:crypto'
import { markup, trusted, type Markup } from './markup.ts'

export interface RoutesPage {
  /** As given by the user. */
  readonly file: string
  /** 12 hex digits. */
  readonly hash: string
  /** ISO 8601. */
  readonly madeAt: string
  readonly rows: readonly RouteRow[]
}

export interface RouteRow {
  /** ISO code; null for numbers of no country. */
  readonly country: string | null
  readonly countryName: string
  readonly continent: string
  readonly channel: 'sms' | 'voice'
  /** Empty where it always holds. */
  readonly condition: string
  /** A rule's name, or "otherwise". */
  readonly rule: string
  readonly why: string | null
  readonly owner: string | null
  /** The reason, where the rule blocks. */
  readonly blocked: string | null
  /** Several where a split draws; their shares add up to 1. */
  readonly chains: readonly RouteChain[]
  readonly skipped: readonly { readonly provider: string; readonly reason: string }[]
}

interface RouteChain {
  readonly share: number
  readonly steps: readonly RouteStep[]
}

interface RouteStep {
  readonly provider: string
  readonly sender: string
  readonly timeoutMs: number
}

/** What a row ends in where no provider carries it. No provider's name has a "!". */
const BLOCKED = '!blocked'
const NOBODY = '!nobody'

const ENDS: ReadonlyMap<string, string> = new Map([
  [BLOCKED, 'blocked'],
  [NOBODY, 'no provider left']
])

/** The value of the filter that shows what holds without a condition. No condition has a "!". */
const ALWAYS = '!always'

const OTHERWISE = 'otherwise'

const NO_CONTINENT = 'No country'

const CHANNELS = { sms: 'Texts (sms)', voice: 'Calls (voice)' } as const satisfies Record<
  RouteRow['channel'],
  string
>

const CHANNEL_NAMES = Object.keys(CHANNELS) as readonly RouteRow['channel'][]

/**
 * Each is text on the page and the page's colour is text on it: 4.5 to 1 at least, which a test holds. Red is left
 * to what is blocked.
 */
const COLOURS: readonly { readonly light: string; readonly dark: string }[] = [
  { light: '#4a5f78', dark: '#aebfd4' },
  { light: '#8a5300', dark: '#f0b45e' },
  { light: '#5b6600', dark: '#c6d45a' },
  { light: '#2a7230', dark: '#86d98a' },
  { light: '#a3267c', dark: '#ff9bd8' },
  { light: '#7a4a2b', dark: '#dcb08c' },
  { light: '#0b6e66', dark: '#5fd4c4' },
  { light: '#1a5dbd', dark: '#84b8ff' },
  { light: '#6b3fb8', dark: '#c3a6ff' }
]

const cssColours = (scheme: 'light' | 'dark') =>
  COLOURS.map((colour, index) => `--colour-${index}: ${colour[scheme]};`).join(' ')

/** A mark that a screen reader leaves out, where the browser knows how to ask for that. */
const sign = (text: string) => `content: "${text}"; content: "${text}" / "";`

const STYLE = `
:root {
  color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif;
  --page: #ffffff; --ink: #1b1f24; --muted: #57606a; --line: #d5dae0; --band: #eef1f4; --link: #0b57a4; --stop: #b3261e;
  ${cssColours('light')}
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171b; --ink: #e6e9ed; --muted: #a3acb6; --line: #343b44; --band: #20252b; --link: #8ec2ff; --stop: #ff9d94;
    ${cssColours('dark')}
  }
}
${COLOURS.map((_, index) => `.colour-${index} { --colour: var(--colour-${index}); }`).join('\n')}

* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0 auto; max-width: 92rem; padding: 0 1.25rem 3rem; background: var(--page); color: var(--ink); }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 1rem 0 .5rem; scroll-margin-top: calc(var(--bar, 0px) + 1rem); }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: .2rem; }
h2:focus-visible { outline: none; }
code { font: .85em ui-monospace, monospace; color: var(--muted); }

header { display: flex; flex-wrap: wrap; gap: 1rem 3rem; justify-content: space-between; padding: 1.25rem 0 1rem; }
header p { margin: .3rem 0; overflow-wrap: anywhere; }
header .intro { flex: 1 1 24rem; }
.quiet { color: var(--muted); }
.usual { display: flex; flex-wrap: wrap; gap: .3rem .7rem; align-items: center; margin: .5rem 0 0; }
.legend { border-collapse: collapse; align-self: start; font-variant-numeric: tabular-nums; }
.legend caption { text-align: left; font-weight: 600; padding-bottom: .2rem; }
.legend caption small { display: block; font-weight: 400; color: var(--muted); }
.legend th, .legend td { padding: .15rem .8rem .15rem 0; text-align: left; font-weight: 400; }
.legend td, .legend thead th + th { text-align: right; padding-right: 0; min-width: 5.5rem; }
.legend thead th { color: var(--muted); font-size: .85rem; }

.bar { background: var(--page); padding: .5rem 0; border-bottom: 1px solid var(--line); }
nav { display: flex; gap: .3rem; margin-bottom: .5rem; }
nav a { padding: .3rem .9rem; border: 1px solid var(--line); border-radius: 2rem; text-decoration: none; }
nav a[aria-current="true"] { background: var(--ink); border-color: var(--ink); color: var(--page); font-weight: 600; }
summary { cursor: pointer; padding: .3rem 0; font-weight: 600; }
form { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: end; }
form label { display: grid; gap: .1rem; font-size: .8rem; color: var(--muted); }
form label.wide { flex: 1 1 13rem; }
form label.tick { grid-auto-flow: column; gap: .4rem; align-items: center; min-height: 2.1rem; color: var(--ink); }
form input:not([type="checkbox"]), form select, form button {
  font: inherit; font-size: .95rem; min-height: 2.1rem; padding: .2rem .5rem; width: 100%; max-width: 15rem;
  border: 1px solid var(--muted); border-radius: .4rem; background: var(--page); color: var(--ink);
}
form label.wide input { max-width: none; }
::placeholder { color: var(--muted); opacity: 1; }
form button { width: auto; padding: .2rem .9rem; cursor: pointer; }
.bar p { margin: .5rem 0 0; }

.routes { width: 100%; border-collapse: separate; border-spacing: 0; table-layout: fixed; }
.routes th, .routes td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.routes thead th { position: sticky; top: 0; z-index: 2; height: 2.25rem; background: var(--page); border-bottom: 2px solid var(--ink); }
.routes thead th:first-child { width: 17%; }
.routes tbody th { font-weight: 500; }
.routes .group th { position: sticky; top: 2.25rem; z-index: 1; background: var(--band); font-weight: 600; }
.group small { font-weight: 400; color: var(--muted); margin-left: .5rem; }
#by-country td:not(:has(.entry:not([hidden])))::after { content: "none that matches"; color: var(--muted); font-size: .85rem; }
[data-only="sms"] .voice, [data-only="voice"] .sms { display: none; }

/* A text that turns the direction of writing turns its own only. */
.name, .condition, .skipped, .rule, .end, .chain li { unicode-bidi: isolate; }
.entry { display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; }
.entry + .entry { margin-top: .35rem; }
.entry > .rule { margin-left: auto; }
.rule { font-size: .85rem; color: var(--muted); }
.rule:hover { color: var(--link); }
.condition, .skipped { font-size: .85rem; color: var(--muted); }
.entry > .condition::before { ${sign('\\21b3\\a0')} }
.entry > .condition::after { content: ":"; }
td > .condition { display: block; }
.split { display: grid; grid-template-columns: auto 1fr; gap: .25rem .6rem; align-items: baseline; }
.share { font-variant-numeric: tabular-nums; font-weight: 600; text-align: right; }
.chain { display: flex; flex-wrap: wrap; gap: .25rem 0; margin: 0; padding: 0; list-style-type: ""; }
.chain li, .chip, .end { border: 1px solid var(--colour); border-radius: .45rem; padding: 0 .5rem; font-size: .9rem; }
.chain li { position: relative; background: color-mix(in srgb, var(--colour) 9%, var(--page)); }
.chain li::before, .chain li::after { position: absolute; width: 1rem; text-align: center; color: var(--muted); font-weight: 400; }
.chain li:not(:last-child) { margin-right: 1.5rem; }
.chain li:not(:last-child)::after { ${sign('\\2192')} left: calc(100% + .25rem); }
.chain li:first-child, .chip { background: var(--colour); color: var(--page); font-weight: 600; }
.chain small { font-weight: 400; margin-left: .35rem; font-size: .8rem; }
.usual .chain small, .brief #by-country .chain small { display: none; }
.end {
  --colour: var(--stop); font-weight: 600; color: var(--stop); border-style: dashed;
  background: repeating-linear-gradient(135deg, transparent 0 5px, color-mix(in srgb, var(--stop) 12%, transparent) 5px 7px);
}
.end::before { ${sign('\\2715\\a0')} }
.condition ~ .end { font-weight: 400; background: none; }
td > .end { display: inline-block; }
.everywhere { background: color-mix(in srgb, var(--band) 45%, var(--page)); }

#by-rule .group th { position: static; padding-top: .7rem; }
#by-rule thead th:nth-child(2) { width: 43%; }
#by-rule tbody { scroll-margin-top: calc(var(--bar, 0px) + 2.5rem); }
.about { display: block; font-weight: 400; white-space: pre-wrap; }
.places { margin: 0; padding: 0; list-style-type: ""; }
.places li + li { margin-top: .15rem; }
.places b { font-weight: 600; }

@media (min-width: 60rem) {
  summary { display: none; }
}
@media (min-width: 60rem) and (min-height: 40rem) {
  .bar { position: sticky; top: 0; z-index: 3; }
  .routes thead th { top: var(--bar, 0px); }
  .routes .group th { top: calc(var(--bar, 0px) + 2.25rem); }
}
@media (max-width: 40rem) {
  body { padding: 0 .6rem 2rem; }
  header { padding-top: .8rem; }
  form label:not(.tick) { flex: 1 1 9rem; }
  form label.wide { flex-basis: 100%; }
  form input:not([type="checkbox"]), form select { max-width: none; font-size: 1rem; }
  .routes th, .routes td { padding: .4rem .3rem; font-size: .85rem; }
  .routes thead th:first-child { width: 26%; }
  #by-rule thead th:nth-child(2) { width: 40%; }
  .usual { margin-top: .2rem; }
  .usual > span:first-child { flex-basis: 100%; }
  .routes .chain { flex-direction: column; align-items: start; gap: .25rem; }
  .chain li, .end { font-size: .8rem; padding: 0 .35rem; }
  .routes .chain li:not(:last-child) { margin-right: 0; }
  .routes .chain li::after { display: none; }
  .routes .chain li + li { margin-left: 1rem; }
  .routes .chain li + li::before { ${sign('\\21b3')} right: 100%; }
  .routes .chain small { display: block; margin: 0; }
  .entry > .rule { margin-left: 0; }
  .split { grid-template-columns: 1fr; }
  .share { text-align: left; }
}
.printed { display: none; }
@media print {
  :root {
    font-size: 10px;
    --page: #ffffff; --ink: #000000; --muted: #444444; --line: #bbbbbb; --band: #eeeeee; --link: #000000; --stop: #a01008;
    ${cssColours('light')}
  }
  body { max-width: none; padding: 0; }
  nav, details { display: none; }
  .printed { display: block; }
  .bar, .routes thead th, .routes .group th { position: static; }
  tr { break-inside: avoid; }
  .group { break-after: avoid; }
  .rule, .legend a { text-decoration: none; }
  /* Printers leave backgrounds out: the first of a chain is told by its frame. */
  .chain li, .chain li:first-child, .chip, .end { background: none; color: var(--ink); }
  .chain li:first-child, .chip { border-width: 2px; }
}
`

/**
 * Only shows and hides what stands on the page, and writes counts. Attributes hold the positions of options, so that
 * no name has to be taken apart.
 */
const SCRIPT = String.raw`
'use strict'
const $ = (selector, root = document) => [...root.querySelectorAll(selector)]
const byId = (id) => document.getElementById(id)
const plain = (text) => text.normalize('NFD').replace(/[\u0300-\u036f]/gu, '').toLowerCase().trim()

const form = byId('filters')
const { text, provider, position, channel, rule, condition, differs, details, repeat } = form.elements
const controls = [...form.elements].filter(({ name }) => name !== '')
const views = { country: byId('by-country'), rule: byId('by-rule') }
const ruleNames = [...rule.options].map(({ value }) => plain(value))
let view = 'country'

const lines = $('#by-country tr[data-code]').map((line) => ({
  line,
  code: line.dataset.code.toLowerCase(),
  name: plain(line.querySelector('.name').textContent),
  entries: $('.entry', line)
}))
const everywhere = $('.everywhere').map((line) => ({ line, entries: $('.entry', line) }))
const codes = new Set(lines.map(({ code }) => code))
const parts = $('#by-rule tr[data-codes]').map((part) => ({
  part,
  codes: new Set(part.dataset.codes.toLowerCase().split(' '))
}))

// Two letters that are a country's code mean that country, not each name that has them inside.
const isCountry = ({ code, name }, word) => (codes.has(word) ? word === code : name.includes(word))
const isRule = ({ dataset }, word) => !codes.has(word) && ruleNames[dataset.rule].includes(word)

function matches({ dataset }) {
  const among = (position.value === 'first' ? dataset.first : dataset.any).split(' ')
  return (
    (provider.selectedIndex === 0 || among.includes(String(provider.selectedIndex))) &&
    (channel.value === '' || dataset.channel === channel.value) &&
    (rule.selectedIndex === 0 || dataset.rule === String(rule.selectedIndex)) &&
    (condition.selectedIndex === 0 || dataset.condition === String(condition.selectedIndex)) &&
    (!differs.checked || 'differs' in dataset)
  )
}

function filterCountries(words) {
  const names = (country) => words.length === 0 || words.some((word) => isCountry(country, word))
  for (const { line, entries, ...country } of lines) filterLine(line, entries, names(country), words)
  for (const { line, entries } of everywhere) filterLine(line, entries, lines.some(names), words)
  for (const group of $('#by-country tbody')) countGroup(group)
}

function filterLine(line, entries, named, words) {
  for (const entry of entries) {
    const meant = named || words.some((word) => isRule(entry, word))
    // What stands on top of the table for every country is not said again in each, unless it is asked for.
    entry.hidden = !meant || !matches(entry) || ('folds' in entry.dataset && !repeat.checked)
  }
  line.hidden = entries.every(({ hidden }) => hidden)
}

function countGroup(group) {
  const members = $('tr[data-code], .everywhere', group)
  const shown = members.filter(({ hidden }) => !hidden).length
  group.hidden = shown === 0
  for (const count of $('.count', group)) {
    count.textContent = shown === members.length ? String(shown) : shown + ' of ' + members.length
  }
}

function filterRules(words) {
  for (const { part, codes } of parts) {
    const isMeant = (word) =>
      isRule(part, word) || lines.some((country) => codes.has(country.code) && isCountry(country, word))
    part.hidden = !(matches(part) && (words.length === 0 || words.some(isMeant)))
  }
  for (const group of $('#by-rule tbody')) group.hidden = $('tr[data-codes]', group).every(({ hidden }) => hidden)
}

function showCount() {
  byId('count').textContent = view === 'country' ? countedCountries() : counted($('#by-rule tbody'), 'rules')
  const set = controls.filter((control) => control !== details && control !== repeat && stateOf(control) !== '')
  byId('summary').textContent = set.length === 0 ? 'Filters' : 'Filters (' + set.length + ' set)'
  byId('set').textContent = set.length === 0 ? '' : 'Filters: ' + set.map(wordsOf).join('; ')
}

function countedCountries() {
  const countries = lines.filter(({ code }) => code !== '').map(({ line }) => line)
  const noCountry = lines.some(({ code, line }) => code === '' && !line.hidden)
  const every = countries.some((line) => line.hidden) && everywhere.some(({ line }) => !line.hidden)
  return (
    counted(countries, 'countries') +
    (noCountry ? ', and numbers of no country' : '') +
    (every ? ', and what holds in every country' : '')
  )
}

function counted(all, what) {
  const shown = all.filter(({ hidden }) => !hidden).length
  return (shown === all.length ? 'All ' + shown : shown + ' of ' + all.length) + ' ' + what + ' shown'
}

const stateOf = (control) => (control.type === 'checkbox' ? (control.checked ? 'yes' : '') : control.value.trim())

function wordsOf(control) {
  const label = control.labels[0].querySelector('span').textContent
  if (control.type === 'checkbox') return label
  return label + ': ' + (control.selectedOptions ? control.selectedOptions[0].textContent : control.value)
}

function stateAs(view) {
  const state = new URLSearchParams(view === 'rule' ? { view } : {})
  for (const control of controls) if (stateOf(control) !== '') state.set(control.name, stateOf(control))
  return '#' + state
}

function show() {
  const words = text.value.split(',').map(plain).filter((word) => word !== '')
  filterCountries(words)
  filterRules(words)
  views.country.hidden = view !== 'country'
  views.rule.hidden = view !== 'rule'
  views.country.dataset.only = channel.value
  // A heading across three columns would keep the hidden one's place.
  for (const heading of $('#by-country .group th')) heading.colSpan = channel.value === '' ? 3 : 2
  document.body.classList.toggle('brief', !details.checked)
  for (const link of $('nav a')) {
    link.href = stateAs(link.dataset.view)
    link.setAttribute('aria-current', String(link.dataset.view === view))
  }
  showCount()
}

function readState() {
  // The anchors that also work without scripts: a view's, a rule's.
  const anchor = /^#(?:by-(country|rule)|rule-(\d+))$/u.exec(location.hash)
  const state = new URLSearchParams(anchor ? '' : location.hash.slice(1))
  view = anchor ? (anchor[1] ?? 'rule') : state.get('view') === 'rule' ? 'rule' : 'country'
  for (const control of controls) {
    if (control.type === 'checkbox') control.checked = state.get(control.name) === 'yes'
    else control.value = state.get(control.name) ?? ''
    if (control.selectedIndex === -1) control.selectedIndex = 0
  }
  if (anchor && anchor[2]) rule.selectedIndex = Number(anchor[2])
}

const keepState = () => history.replaceState(null, '', stateAs(view))

function follow() {
  const before = view
  readState()
  show()
  keepState()
  if (view !== before) views[view].querySelector('h2').focus()
}

form.addEventListener('input', () => (show(), keepState()))
form.addEventListener('submit', (event) => event.preventDefault())
byId('clear').addEventListener('click', () => (form.reset(), show(), keepState(), text.focus()))
addEventListener('hashchange', follow)

const bar = document.querySelector('.bar')
new ResizeObserver(() => document.documentElement.style.setProperty('--bar', bar.offsetHeight + 'px')).observe(bar)
const wide = matchMedia('(min-width: 60rem)')
const unfold = () => (form.parentElement.open = wide.matches)
wide.addEventListener('change', unfold)

unfold()
form.parentElement.hidden = false
readState()
show()
if (location.hash !== '') keepState()
`

/** Names that the page's filters know, in the order of their options. The option before the first is "any". */
interface Names {
  /** Providers, and then what a row ends in. */
  readonly carriers: readonly string[]
  readonly rules: readonly string[]
  readonly conditions: readonly string[]
}

interface CountryLine {
  readonly code: string
  readonly name: string
  readonly continent: string
  readonly rows: readonly RouteRow[]
}

/** What the parts of the page are made from. */
interface Sheet {
  readonly rows: readonly RouteRow[]
  readonly names: Names
  readonly colours: ReadonlyMap<string, number>
  /** Numbers of no country counted as one. */
  readonly countries: number
  readonly continents: ReadonlyMap<string, readonly CountryLine[]>
  readonly usual: ReadonlyMap<string, Usual>
  /** One row for each that all countries have. */
  readonly everywhere: readonly RouteRow[]
  /** The rows of countries that {@link everywhere} says already. */
  readonly folding: ReadonlySet<RouteRow>
}

/**
 * Which provider carries which country: a page for people, which asks no other host for anything, and which can be
 * read, though not filtered, without scripts.
 */
export function renderRoutesPage(page: RoutesPage): string {
  const sheet = sheetOf(page.rows)
  return `<!doctype html>\n${
    markup`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Routes of ${page.file} (${page.hash})</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
${head(page, sheet)}
<main>
${bar(sheet)}
${byCountry(sheet)}
${byRule(sheet)}
</main>
<script>${trusted(SCRIPT)}</script>
</body>
</html>
`.markup
  }`
}

/** Whatever a text smuggled in would not run: only this script and this style may. */
function policy(): string {
  return [
    "default-src 'none'",
    `style-src '${sourceHash(STYLE)}'`,
    `script-src '${sourceHash(SCRIPT)}'`,
    "base-uri 'none'",
    "form-action 'none'"
  ].join('; ')
}

function sourceHash(source: string): string {
  return `sha256-${createHash('sha256').update(source).digest('base64')}`
}

function sheetOf(rows: readonly RouteRow[]): Sheet {
  const lines = countryLines(rows)
  const common = rowsOfAll(lines)
  const providers = unique(
    rows.flatMap(({ chains, skipped }) => [...providersOf(chains), ...skipped.map(nameOf)])
  )
  return {
    rows,
    names: {
      carriers: [...providers, ...ENDS.keys()],
      rules: unique(rows.map(({ rule }) => rule)).toSorted(otherwiseLast),
      conditions: [ALWAYS, ...unique(rows.map(({ condition }) => condition)).filter((text) => text !== '')]
    },
    colours: coloursOf(providers),
    countries: lines.length,
    continents: Map.groupBy(lines, ({ continent }) => continent),
    usual: usualOutcomes(rows, lines.length),
    // The copies have no line of a country, and so are never folded themselves.
    everywhere: common.map((row) => ({ ...row })),
    folding: new Set(lines.flatMap((line) => foldingRows(line, new Set(common.map(routeOf)))))
  }
}

/** Rows with a condition that each country has just so: one of each. */
function rowsOfAll(lines: readonly CountryLine[]): readonly RouteRow[] {
  const countries = lines.filter(({ code }) => code !== '')
  const conditional = countries.flatMap(({ rows }) => rows.filter(({ condition }) => condition !== ''))
  const alike = [...Map.groupBy(conditional, routeOf).values()]
  return alike.flatMap((rows) => (rows.length === countries.length ? rows.slice(0, 1) : []))
}

/**
 * In order, the first condition that holds decides. So a row is folded only as long as no condition of the country's
 * own comes before it: there it stands in its place.
 */
function foldingRows({ code, rows }: CountryLine, common: ReadonlySet<string>): readonly RouteRow[] {
  if (code === '') return []
  const conditional = rows.filter(({ condition }) => condition !== '')
  return CHANNEL_NAMES.flatMap((channel) => {
    const ordered = conditional.filter((row) => row.channel === channel)
    const own = ordered.findIndex((row) => !common.has(routeOf(row)))
    return own === -1 ? ordered : ordered.slice(0, own)
  })
}

/** Alike for rows that say the same of different countries. */
const routeOf = ({ channel, condition, rule, blocked, chains, skipped }: RouteRow) =>
  JSON.stringify([channel, condition, rule, blocked, chains, skipped])

const nameOf = ({ provider }: { readonly provider: string }) => provider

const providersOf = (chains: readonly RouteChain[]) => chains.flatMap(({ steps }) => steps.map(nameOf))

const otherwiseLast = (one: string, other: string) => Number(one === OTHERWISE) - Number(other === OTHERWISE)

const unique = (texts: readonly string[]) => [...new Set(texts)].toSorted()

/** By continent and name, numbers of no country last; in each the row that always holds comes first. */
function countryLines(rows: readonly RouteRow[]): readonly CountryLine[] {
  const { compare } = new Intl.Collator('en')
  return [...Map.groupBy(rows, ({ country }) => country)]
    .map(([country, rows]) => ({
      code: country ?? '',
      name: rows[0]?.countryName ?? '',
      continent: rows[0]?.continent ?? '',
      rows: rows.toSorted((one, other) => Number(one.condition !== '') - Number(other.condition !== ''))
    }))
    .toSorted(
      (one, other) =>
        Number(one.code === '') - Number(other.code === '') ||
        compare(one.continent, other.continent) ||
        compare(one.name, other.name)
    )
}

/** A provider keeps its colour from page to page: it comes from the name, and only moves on where two meet. */
function coloursOf(providers: readonly string[]): ReadonlyMap<string, number> {
  const colours = new Map<string, number>()
  const taken = new Set<number>()
  for (const provider of providers) {
    let colour = [...provider].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % COLOURS.length
    while (taken.has(colour) && taken.size < COLOURS.length) colour = (colour + 1) % COLOURS.length
    taken.add(colour)
    colours.set(provider, colour)
  }
  return colours
}

/** What most countries share, of one channel under one condition. */
interface Usual {
  readonly outcome: string
  readonly row: RouteRow
  readonly countries: number
}

/**
 * Rows that always hold are measured by what is most common. Those with a condition need a majority: else what only
 * one country has would be its own measure, and never be seen to differ.
 */
function usualOutcomes(rows: readonly RouteRow[], countries: number): ReadonlyMap<string, Usual> {
  const usual = new Map<string, Usual>()
  for (const [place, comparable] of Map.groupBy(rows, placeOf)) {
    const most = mostCommon(comparable)
    const enough = comparable[0]?.condition === '' ? 0 : countries / 2
    if (most !== undefined && most.countries > enough) usual.set(place, most)
  }
  return usual
}

function mostCommon(rows: readonly RouteRow[]): Usual | undefined {
  return [...Map.groupBy(rows, outcomeOf)]
    .flatMap(([outcome, [row, ...others]]) => (row ? [{ outcome, row, countries: others.length + 1 }] : []))
    .toSorted((one, other) => other.countries - one.countries)[0]
}

const placeOf = ({ channel, condition }: Pick<RouteRow, 'channel' | 'condition'>) => `${channel} ${condition}`

/** Senders and timeouts apart: a country that asks for another sender still has the common chain. */
function outcomeOf({ blocked, chains }: RouteRow): string {
  return JSON.stringify([blocked, chains.map(({ share, steps }) => [share, steps.map(nameOf)])])
}

function carriersOf({ blocked, chains }: RouteRow): { readonly first: string[]; readonly any: string[] } {
  if (blocked !== null) return { first: [BLOCKED], any: [BLOCKED] }
  const any = providersOf(chains)
  if (any.length === 0) return { first: [NOBODY], any: [NOBODY] }
  return { first: chains.flatMap(({ steps }) => steps.slice(0, 1).map(nameOf)), any }
}

function head({ file, hash, madeAt }: RoutesPage, sheet: Sheet): Markup {
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

function carrierChip(carrier: string, colours: Sheet['colours']): Markup {
  const end = ENDS.get(carrier)
  if (end !== undefined) return markup`<span class="end">${end}</span>`
  return markup`<span class="chip ${colourOf(carrier, colours)}">${carrier}</span>`
}

const colourOf = (provider: string, colours: Sheet['colours']) => `colour-${colours.get(provider) ?? 0}`

/** The form is only shown by the script, for without it no filter works; the links then lead down the page. */
function bar({ names }: Sheet): Markup {
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

function byCountry(sheet: Sheet): Markup {
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

function conditionOf({ condition }: RouteRow): Markup {
  return condition === '' ? markup`` : markup`<span class="condition">if ${condition}</span>`
}

function skippedOf({ skipped }: RouteRow): Markup {
  if (skipped.length === 0) return markup``
  const words = skipped.map(({ provider, reason }) => `${provider} (${reason})`).join(', ')
  return markup`<span class="skipped">skipped: ${words}</span>`
}

/** What the script filters by. */
function filterData(row: RouteRow, { names, usual }: Sheet): Markup {
  const positions = (carriers: readonly string[]) =>
    unique(carriers)
      .map((carrier) => names.carriers.indexOf(carrier) + 1)
      .join(' ')
  const { first, any } = carriersOf(row)
  const condition = names.conditions.indexOf(row.condition === '' ? ALWAYS : row.condition) + 1
  const differs = usual.get(placeOf(row))?.outcome === outcomeOf(row) ? '' : ' data-differs'
  return markup` data-channel="${row.channel}" data-rule="${names.rules.indexOf(row.rule) + 1}" data-condition="${condition}" data-first="${positions(first)}" data-any="${positions(any)}"${trusted(differs)}`
}

function outcome({ blocked, chains }: RouteRow, colours: Sheet['colours']): Markup {
  if (blocked !== null) return markup`<span class="end">blocked: ${blocked}</span>`
  const [only, ...others] = chains
  if (only === undefined) return markup`<span class="end">${ENDS.get(NOBODY) ?? NOBODY}</span>`
  if (others.length === 0) return chainList(only, colours)
  const shares = chains.map(
    (chain) => markup`<span class="share">${percent(chain.share)}</span>${chainList(chain, colours)}`
  )
  return markup`<div class="split">${shares}</div>`
}

function chainList({ steps }: RouteChain, colours: Sheet['colours']): Markup {
  if (steps.length === 0) return markup`<span class="end">${ENDS.get(NOBODY) ?? NOBODY}</span>`
  const chips = steps.map(
    ({ provider, sender, timeoutMs }) =>
      markup`<li class="${colourOf(provider, colours)}">${provider}<small>${sender}, ${timeoutMs} ms</small></li>`
  )
  return markup`<ol class="chain">${chips}</ol>`
}

function percent(share: number): string {
  return new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 }).format(share)
}

function byRule(sheet: Sheet): Markup {
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
