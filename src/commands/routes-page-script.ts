/**
 * Only shows and hides what stands on the page, and writes counts. Attributes hold the positions of options, so that
 * no name has to be taken apart.
 */
export const SCRIPT = String.raw`
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
