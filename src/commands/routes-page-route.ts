import { markup, trusted, type Markup } from './markup.ts'
import {
  ALWAYS,
  carriersOf,
  ENDS,
  NOBODY,
  outcomeOf,
  placeOf,
  unique,
  type RouteChain,
  type RouteRow,
  type Sheet
} from './routes-page-sheet.ts'

export function outcome({ blocked, chains }: RouteRow, colours: Sheet['colours']): Markup {
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

export function carrierChip(carrier: string, colours: Sheet['colours']): Markup {
  const end = ENDS.get(carrier)
  if (end !== undefined) return markup`<span class="end">${end}</span>`
  return markup`<span class="chip ${colourOf(carrier, colours)}">${carrier}</span>`
}

const colourOf = (provider: string, colours: Sheet['colours']) => `colour-${colours.get(provider) ?? 0}`

function percent(share: number): string {
  return new Intl.NumberFormat('en', { style: 'percent', maximumFractionDigits: 1 }).format(share)
}

export function conditionOf({ condition }: RouteRow): Markup {
  return condition === '' ? markup`` : markup`<span class="condition">if ${condition}</span>`
}

export function skippedOf({ skipped }: RouteRow): Markup {
  if (skipped.length === 0) return markup``
  const words = skipped.map(({ provider, reason }) => `${provider} (${reason})`).join(', ')
  return markup`<span class="skipped">skipped: ${words}</span>`
}

/** What the script filters by. */
export function filterData(row: RouteRow, { names, usual }: Sheet): Markup {
  const positions = (carriers: readonly string[]) =>
    unique(carriers)
      .map((carrier) => names.carriers.indexOf(carrier) + 1)
      .join(' ')
  const { first, any } = carriersOf(row)
  const condition = names.conditions.indexOf(row.condition === '' ? ALWAYS : row.condition) + 1
  const differs = usual.get(placeOf(row))?.outcome === outcomeOf(row) ? '' : ' data-differs'
  return markup` data-channel="${row.channel}" data-rule="${names.rules.indexOf(row.rule) + 1}" data-condition="${condition}" data-first="${positions(first)}" data-any="${positions(any)}"${trusted(differs)}`
}
