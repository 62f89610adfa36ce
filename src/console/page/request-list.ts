import type { VNode } from 'preact'
import { signal } from '@preact/signals'
import type { ShownRequest } from '../shown.ts'
import { h } from './h.ts'
import { icon } from './icons.ts'
import { meaningOf, toneOfResult } from './outcomes.ts'
import { Chip, Empty } from './parts.ts'
import { detail, place, providerNames, requests, state } from './store.ts'
import { Story } from './story.ts'
import { channelInWords, countryInWords, msInWords, providerInWords, secondInWords, times } from './words.ts'

interface Filter {
  readonly country: string
  readonly provider: string
  readonly outcome: string
}

const EVERYTHING: Filter = { country: '', provider: '', outcome: '' }

const filter = signal<Filter>(EVERYTHING)
/** What is shown while the list stands still; null while it is live. */
const frozen = signal<readonly ShownRequest[] | null>(null)

/** What a country is called in a filter: numbers of no country have to be found, too. */
const countryKey = (country: string | null): string => country ?? '-'

function passes(request: ShownRequest, { country, provider, outcome }: Filter): boolean {
  if (country !== '' && countryKey(request.country) !== country) return false
  if (provider !== '' && !request.attempts.some((attempt) => attempt.provider === provider)) return false
  if (outcome === '') return true
  if (outcome === 'failover') return request.end?.failover === true
  if (outcome === 'trouble') return ['bad', 'warn'].includes(meaningOf(request).tone)
  return (request.end?.outcome ?? 'under_way') === outcome
}

export function Requests(): VNode {
  const all = frozen.value ?? requests.value
  const shown = all.filter((request) => passes(request, filter.value))
  const opened = detail.value
  return h(
    'section',
    { class: 'requests', 'aria-labelledby': 'requests' },
    h('div', { class: 'section-head' }, h('h2', { id: 'requests' }, 'Last requests'), h(Pause, {})),
    h(Filters, { all }),
    opened === '' || shown.some(({ id }) => id === opened) ? null : h(Gone, { id: opened }),
    shown.length === 0
      ? h(Nothing, { isFiltered: all.length > 0 })
      : h('ol', { class: 'request-list' }, ...shown.map((request) => rowOf(request, request.id === opened))),
    h(
      'p',
      { class: 'quiet-words' },
      `${times(shown.length, 'request')} shown${shown.length === all.length ? '' : ` of ${all.length}`}. The gateway’s log has them all: `,
      h('code', null, 'switchboard tail'),
      '.'
    )
  )
}

function Pause(): VNode {
  const held = frozen.value
  const missed =
    held === null ? 0 : requests.value.filter(({ id }) => !held.some((request) => request.id === id)).length
  return h(
    'button',
    {
      type: 'button',
      'aria-pressed': held !== null,
      class: 'quiet-button',
      onClick: () => (frozen.value = held === null ? requests.peek() : null)
    },
    icon(held === null ? 'pause' : 'play'),
    held === null ? 'Pause' : `Go on${missed === 0 ? '' : `, ${missed} new`}`
  )
}

function Filters({ all }: { readonly all: readonly ShownRequest[] }): VNode {
  const countries = [...new Set(all.map(({ country }) => country))].toSorted((a, b) =>
    countryInWords(a).localeCompare(countryInWords(b))
  )
  const providers = providerNames.value.split(' ').filter((name) => name !== '')
  const chosen = filter.value
  const known = chosen.country === '' || countries.some((country) => countryKey(country) === chosen.country)
  return h(
    'div',
    { class: 'filters', role: 'group', 'aria-label': 'Filter' },
    h(Choose, {
      label: 'Country',
      field: 'country',
      options: [
        ['', 'Every country'],
        ...countries.map((country) => [countryKey(country), countryInWords(country)] as const),
        ...(known ? [] : [[chosen.country, countryInWords(chosen.country)] as const])
      ]
    }),
    h(Choose, {
      label: 'Provider',
      field: 'provider',
      options: [['', 'Every provider'], ...providers.map((name) => [name, providerInWords(name)] as const)]
    }),
    h(Choose, {
      label: 'Outcome',
      field: 'outcome',
      options: [
        ['', 'Every outcome'],
        ['trouble', 'Only trouble'],
        ['failover', 'Failed over'],
        ['accepted', 'Accepted'],
        ['failed', 'Failed'],
        ['undecided', 'Undecided'],
        ['refused', 'Refused'],
        ['blocked', 'Blocked'],
        ['under_way', 'Under way']
      ]
    }),
    chosen === EVERYTHING
      ? null
      : h(
          'button',
          { type: 'button', class: 'quiet-button', onClick: () => (filter.value = EVERYTHING) },
          'Show all'
        )
  )
}

function Choose({
  label,
  field,
  options
}: {
  readonly label: string
  readonly field: keyof Filter
  readonly options: readonly (readonly [value: string, words: string])[]
}): VNode {
  return h(
    'label',
    null,
    h('span', { class: 'unseen' }, label),
    h(
      'select',
      {
        value: filter.value[field],
        onChange: ({ currentTarget }) => (filter.value = { ...filter.peek(), [field]: currentTarget.value })
      },
      ...options.map(([value, words]) => h('option', { value }, words))
    )
  )
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }): VNode {
  if (isFiltered) return h(Empty, { title: 'Nothing like that.' }, 'Take a filter away to see the others.')
  return state.peek()?.node.mode === 'sandbox'
    ? h(
        Empty,
        { title: 'No request yet.' },
        h('a', { href: '#sandbox' }, 'Send Okta’s sample'),
        ' and watch it arrive here.'
      )
    : h(Empty, { title: 'No request yet.' }, 'The first code that Okta asks for appears here by itself.')
}

function Gone({ id }: { readonly id: string }): VNode {
  return h(
    'div',
    { class: 'note warn' },
    icon('alert'),
    h(
      'p',
      null,
      'Request ',
      h('code', null, id),
      requests.value.some((request) => request.id === id)
        ? ' does not pass the filter.'
        : ' is not among the last ones any more. The log has it: search for its id.',
      ' ',
      h('a', { href: '#now' }, 'Close')
    )
  )
}

const rows = new WeakMap<ShownRequest, { readonly isOpen: boolean; readonly row: VNode }>()

/** The same element for what has not changed, which Preact then leaves alone: one new code draws one row. */
function rowOf(request: ShownRequest, isOpen: boolean): VNode {
  const known = rows.get(request)
  if (known?.isOpen === isOpen) return known.row
  const row = h(Row, { key: request.id, request, isOpen })
  rows.set(request, { isOpen, row })
  return row
}

function Row({ request, isOpen }: { readonly request: ShownRequest; readonly isOpen: boolean }): VNode {
  const { id, arrivedAtMs, country, phone, channel, end, resend, preview } = request
  const meaning = meaningOf(request)
  const toggle = (): void => {
    place.value = isOpen ? 'now' : `now/${encodeURIComponent(id)}`
    // Not a step of its own for "back".
    history.replaceState(null, '', `#${place.peek()}`)
  }
  return h(
    'li',
    { class: `request ${meaning.tone}${isOpen ? ' open' : ''}` },
    h(
      'h3',
      null,
      h(
        'button',
        { type: 'button', class: 'request-row', 'aria-expanded': isOpen, onClick: toggle },
        h(
          'time',
          { class: 'number', dateTime: new Date(arrivedAtMs).toISOString() },
          secondInWords(arrivedAtMs)
        ),
        h(
          'span',
          { class: 'request-to' },
          h('span', null, countryInWords(country)),
          h('small', { class: 'number' }, phone ?? '')
        ),
        h('span', { class: 'request-channel' }, channelInWords(channel)),
        h(Path, { request }),
        h(
          'span',
          { class: 'request-end' },
          resend === null ? null : h('small', { class: 'tag' }, 'asked again'),
          preview ? h('small', { class: 'tag' }, 'preview') : null,
          h(Chip, { tone: meaning.tone }, meaning.words)
        ),
        h('span', { class: 'request-took number' }, end === null ? '…' : msInWords(end.afterMs)),
        icon('chevron')
      )
    ),
    isOpen ? h(Story, { request }) : null
  )
}

/** Of one request, in the list; where there are more, the first ones and the last. */
const MOST_HOPS = 5
const FIRST_HOPS = 2

function Path({ request }: { readonly request: ShownRequest }): VNode {
  const { attempts, end } = request
  if (attempts.length === 0) {
    return h('span', { class: 'path quiet-words' }, end === null ? 'being decided' : 'nobody was asked')
  }
  // When everything fails there may be a dozen. The story has them all.
  const hidden = attempts.length <= MOST_HOPS ? 0 : attempts.length - MOST_HOPS + 1
  return h(
    'span',
    { class: 'path' },
    ...attempts.flatMap(({ provider, result, won }, index) => {
      if (hidden > 0 && index === FIRST_HOPS) return [icon('arrow'), h('small', null, `${hidden} more`)]
      if (hidden > 0 && index > FIRST_HOPS && index < FIRST_HOPS + hidden) return []
      return [
        index === 0 ? null : icon('arrow'),
        h(
          'span',
          { class: `hop ${result === 'accepted' && !won ? 'warn' : toneOfResult(result)}` },
          icon(result === null ? 'dots' : result === 'accepted' ? 'check' : 'cross'),
          providerInWords(provider),
          h(
            'span',
            { class: 'unseen' },
            result === null ? ' (no answer yet)' : ` (${result.replaceAll('_', ' ')})`
          )
        )
      ]
    })
  )
}
