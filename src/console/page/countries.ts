import type { VNode } from 'preact'
import { signal } from '@preact/signals'
import type { ShownCountry, ShownState } from '../shown.ts'
import { h } from './h.ts'
import { icon } from './icons.ts'
import type { Tone } from './outcomes.ts'
import { Empty, Share } from './parts.ts'
import { detail, place } from './store.ts'
import { countInWords, countryInWords, msInWords, providerInWords, times, windowInWords } from './words.ts'

/** Larger is more to look at, and comes first. */
const ORDERS = {
  worst: { words: 'Worst first', of: ({ counts }: ShownCountry) => troubleOf(counts) },
  failedOver: {
    words: 'Most failover',
    of: ({ counts }: ShownCountry) => shareOf(counts.failedOver, counts.wanted)
  },
  resends: {
    words: 'Asked again most',
    of: ({ counts }: ShownCountry) => shareOf(counts.resends, counts.wanted)
  },
  slowest: { words: 'Slowest', of: ({ counts }: ShownCountry) => counts.p99Ms ?? 0 },
  most: { words: 'Most codes', of: ({ counts }: ShownCountry) => counts.wanted }
} as const

type Order = keyof typeof ORDERS

const order = signal<Order>('worst')
const leastCodes = signal(1)

function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}

/** A lost code weighs more than any number of failovers. */
function troubleOf({ wanted, accepted, failedOver }: ShownCountry['counts']): number {
  return shareOf(wanted - accepted, wanted) * 1_000 + shareOf(failedOver, wanted)
}

/** Where codes are lost or carried by the second choice. */
export function Countries({ state }: { readonly state: ShownState }): VNode {
  const shown = state.countries
    .filter(({ counts }) => counts.wanted >= leastCodes.value)
    .toSorted(
      (a, b) => ORDERS[order.value].of(b) - ORDERS[order.value].of(a) || b.counts.wanted - a.counts.wanted
    )
  const hidden = state.countries.length - shown.length
  return h(
    'div',
    { class: 'view' },
    h('h1', { tabIndex: -1 }, 'Countries'),
    h(
      'p',
      { class: 'quiet-words' },
      `Of the codes of ${windowInWords(state.windowMs)}. Accepted is not delivered: many who ask again are a sign that messages do not arrive.`
    ),
    h(Choices, {}),
    shown.length === 0
      ? h(
          Empty,
          { title: 'No country has that many codes yet.' },
          hidden === 0 ? 'They appear with the first codes.' : 'Choose a lower minimum.'
        )
      : h(Grid, { countries: shown }),
    hidden === 0 || shown.length === 0
      ? null
      : h(
          'p',
          { class: 'quiet-words' },
          `${times(hidden, 'country has', 'countries have')} fewer codes and ${hidden === 1 ? 'is' : 'are'} not shown.`
        )
  )
}

function Choices(): VNode {
  return h(
    'div',
    { class: 'filters', role: 'group', 'aria-label': 'Order and minimum' },
    h(
      'label',
      null,
      h('span', null, 'Order'),
      h(
        'select',
        { value: order.value, onChange: ({ currentTarget }) => (order.value = currentTarget.value as Order) },
        ...Object.entries(ORDERS).map(([value, { words }]) => h('option', { value }, words))
      )
    ),
    h(
      'label',
      null,
      h('span', null, 'With at least'),
      h(
        'select',
        {
          value: leastCodes.value,
          onChange: ({ currentTarget }) => (leastCodes.value = Number(currentTarget.value))
        },
        ...[1, 5, 20, 100].map((count) => h('option', { value: count }, times(count, 'code')))
      )
    )
  )
}

const COLUMNS: readonly (readonly [name: string, order: Order | null])[] = [
  ['Codes', 'most'],
  ['Accepted', 'worst'],
  ['Failed over', 'failedOver'],
  ['Asked again', 'resends'],
  ['p50', null],
  ['p99', 'slowest']
]

function Grid({ countries }: { readonly countries: readonly ShownCountry[] }): VNode {
  return h(
    'div',
    { class: 'table-place' },
    h(
      'table',
      { class: 'grid' },
      h('caption', { class: 'unseen' }, 'Countries'),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          h('th', { scope: 'col' }, 'Country'),
          ...COLUMNS.map(([name, by]) =>
            h(
              'th',
              {
                scope: 'col',
                class: 'number',
                ...(by === order.value ? { 'aria-sort': 'descending' as const } : {})
              },
              by === null
                ? name
                : h('button', { type: 'button', class: 'sort', onClick: () => (order.value = by) }, name)
            )
          )
        )
      ),
      ...countries.map((country) => h(Line, { key: String(country.country), country }))
    )
  )
}

function toneOfLoss(accepted: number, wanted: number): Tone {
  const share = shareOf(accepted, wanted)
  return share >= 0.99 ? 'good' : share >= 0.95 ? 'warn' : 'bad'
}

function Line({ country }: { readonly country: ShownCountry }): VNode {
  const { counts, providers } = country
  const code = country.country ?? '-'
  const isOpen = detail.value === code
  const toggle = (): void => {
    place.value = isOpen ? 'countries' : `countries/${code}`
    history.replaceState(null, '', `#${place.peek()}`)
  }
  return h(
    'tbody',
    { class: isOpen ? 'open' : '' },
    h(
      'tr',
      null,
      h(
        'th',
        { scope: 'row' },
        h(
          'button',
          { type: 'button', class: 'opens', 'aria-expanded': isOpen, onClick: toggle },
          icon('chevron'),
          h('span', null, countryInWords(country.country)),
          h('small', null, country.country ?? '')
        )
      ),
      h('td', { class: 'number', 'data-name': 'Codes' }, countInWords(counts.wanted)),
      h(
        'td',
        { class: 'number', 'data-name': 'Accepted' },
        h(Share, {
          part: counts.accepted,
          whole: counts.wanted,
          tone: toneOfLoss(counts.accepted, counts.wanted)
        })
      ),
      h(
        'td',
        { class: 'number', 'data-name': 'Failed over' },
        h(Share, { part: counts.failedOver, whole: counts.wanted, tone: 'warn' })
      ),
      h('td', { class: 'number', 'data-name': 'Asked again' }, countInWords(counts.resends)),
      h('td', { class: 'number', 'data-name': 'p50' }, msInWords(counts.p50Ms)),
      h('td', { class: 'number', 'data-name': 'p99' }, msInWords(counts.p99Ms))
    ),
    isOpen
      ? h(
          'tr',
          { class: 'inside' },
          h(
            'td',
            { colSpan: 7 },
            providers.length === 0
              ? h('p', { class: 'quiet-words' }, 'Nobody was asked.')
              : h(ByProvider, { country })
          )
        )
      : null
  )
}

function ByProvider({ country }: { readonly country: ShownCountry }): VNode {
  return h(
    'table',
    { class: 'by-provider' },
    h('caption', null, `Attempts for ${countryInWords(country.country)}, by provider`),
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        h('th', { scope: 'col' }, 'Provider'),
        ...['Attempts', 'Accepted', 'Left for another', 'Asked again after', 'p50', 'p99'].map((name) =>
          h('th', { scope: 'col', class: 'number' }, name)
        )
      )
    ),
    h(
      'tbody',
      null,
      ...country.providers.map(
        ({ provider, attempts, accepted, failoversFrom, resendsAfter, p50Ms, p99Ms }) =>
          h(
            'tr',
            { key: provider },
            h('th', { scope: 'row' }, providerInWords(provider)),
            h('td', { class: 'number' }, countInWords(attempts)),
            h(
              'td',
              { class: 'number' },
              h(Share, { part: accepted, whole: attempts, tone: toneOfLoss(accepted, attempts) })
            ),
            h('td', { class: 'number' }, countInWords(failoversFrom)),
            h('td', { class: 'number' }, countInWords(resendsAfter)),
            h('td', { class: 'number' }, msInWords(p50Ms)),
            h('td', { class: 'number' }, msInWords(p99Ms))
          )
      )
    )
  )
}
