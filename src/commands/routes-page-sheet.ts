import { COLOURS } from './routes-page-style.ts'

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

export interface RouteChain {
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

export const NOBODY = '!nobody'

export const ENDS: ReadonlyMap<string, string> = new Map([
  [BLOCKED, 'blocked'],
  [NOBODY, 'no provider left']
])

/** The value of the filter that shows what holds without a condition. No condition has a "!". */
export const ALWAYS = '!always'

const OTHERWISE = 'otherwise'

export const NO_CONTINENT = 'No country'

export const CHANNELS = { sms: 'Texts (sms)', voice: 'Calls (voice)' } as const satisfies Record<
  RouteRow['channel'],
  string
>

export const CHANNEL_NAMES = Object.keys(CHANNELS) as readonly RouteRow['channel'][]

/** Names that the page's filters know, in the order of their options. The option before the first is "any". */
interface Names {
  /** Providers, and then what a row ends in. */
  readonly carriers: readonly string[]
  readonly rules: readonly string[]
  readonly conditions: readonly string[]
}

export interface CountryLine {
  readonly code: string
  readonly name: string
  readonly continent: string
  readonly rows: readonly RouteRow[]
}

/** What the parts of the page are made from. */
export interface Sheet {
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

/** What most countries share, of one channel under one condition. */
interface Usual {
  readonly outcome: string
  readonly row: RouteRow
  readonly countries: number
}

export function sheetOf(rows: readonly RouteRow[]): Sheet {
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
export const routeOf = ({ channel, condition, rule, blocked, chains, skipped }: RouteRow) =>
  JSON.stringify([channel, condition, rule, blocked, chains, skipped])

const nameOf = ({ provider }: { readonly provider: string }) => provider

const providersOf = (chains: readonly RouteChain[]) => chains.flatMap(({ steps }) => steps.map(nameOf))

const otherwiseLast = (one: string, other: string) => Number(one === OTHERWISE) - Number(other === OTHERWISE)

export const unique = (texts: readonly string[]) => [...new Set(texts)].toSorted()

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

export const placeOf = ({ channel, condition }: Pick<RouteRow, 'channel' | 'condition'>) =>
  `${channel} ${condition}`

/** Senders and timeouts apart: a country that asks for another sender still has the common chain. */
export function outcomeOf({ blocked, chains }: RouteRow): string {
  return JSON.stringify([blocked, chains.map(({ share, steps }) => [share, steps.map(nameOf)])])
}

export function carriersOf({ blocked, chains }: RouteRow): {
  readonly first: string[]
  readonly any: string[]
} {
  if (blocked !== null) return { first: [BLOCKED], any: [BLOCKED] }
  const any = providersOf(chains)
  if (any.length === 0) return { first: [NOBODY], any: [NOBODY] }
  return { first: chains.flatMap(({ steps }) => steps.slice(0, 1).map(nameOf)), any }
}
