import type { Facts } from '../domain/facts.ts'
import type { Channel, SenderKind } from '../domain/message.ts'
import type { Country } from '../domain/phone.ts'
import { variantsOf, type Plan, type Router, type Skipped } from '../domain/router.ts'
import type { OnNoAnswer } from '../domain/rules.ts'
import { regionsOf, type Cell, type Extent, type Region } from './regions.ts'

/** What a file does with a kind of request, while every provider is well. */
export interface Route {
  /** The rule's name, or "otherwise". */
  readonly rule: string
  /** The reason, where the rule blocks. */
  readonly blocked: string | null
  /** Several where a split draws; none where it blocks. */
  readonly chains: readonly RouteChain[]
  readonly skipped: readonly Skipped[]
}

export interface RouteChain {
  /** The share of people who get it, 0 to 1. */
  readonly share: number
  /** In the order of asking. */
  readonly steps: readonly RouteStep[]
}

export interface RouteStep {
  readonly provider: string
  readonly sender: string
  readonly senderKind: SenderKind
  readonly timeoutMs: number
  readonly onNoAnswer: OnNoAnswer
}

/** One line of the matrix: requests of a country and a channel that go one way. */
export interface RouteRow extends Route {
  /** Null for numbers of no country. */
  readonly country: Country | null
  /** Without "+": tells the global networks apart. */
  readonly callingCode: string
  readonly channel: Channel
  /** Which of them: "number type premium_rate". None for all that the other lines of it leave over. */
  readonly conditions: readonly string[]
}

const WELL = () => ({ kind: 'ready' }) as const

export function routeOf(router: Router, facts: Facts): Route {
  const variants = variantsOf(router, facts, WELL)
  const [first] = variants
  if (first === undefined) throw new Error('There is a plan for everybody.')
  return {
    rule: first.plan.rule,
    blocked: first.plan.kind === 'block' ? first.plan.reason : null,
    chains: variants.flatMap(({ share, plan }) =>
      plan.kind === 'send' ? [{ share, steps: stepsOf(plan) }] : []
    ),
    skipped: first.plan.kind === 'send' ? first.plan.skipped : []
  }
}

function stepsOf({ chain }: Extract<Plan, { kind: 'send' }>): readonly RouteStep[] {
  return chain.map(({ provider, sender, timeoutMs, onNoAnswer }) => ({
    provider,
    sender: sender.name,
    senderKind: sender.kind,
    timeoutMs,
    onNoAnswer
  }))
}

export interface Matrix {
  readonly rows: readonly RouteRow[]
  /** There are more kinds of requests than were looked at: some ways may be missing. */
  readonly truncated: boolean
}

/** The whole matrix, or a part of it: country by channel by whatever else the rules ask for. */
export function routesOf(router: Router, atMs: number, extent: Partial<Extent> = {}): Matrix {
  const regions = [...regionsOf([router], atMs, extent)]
  return {
    rows: regions.flatMap((region) => rowsOf(router, region)),
    truncated: regions.some(({ truncated }) => truncated)
  }
}

/** What happens in one region, each way once; the usual one last. */
function rowsOf(router: Router, region: Region): readonly RouteRow[] {
  const { territory, channel, cells, describe, isUsual } = region
  const { country, callingCode } = territory
  const rows = groupBy(cells, ({ facts }) => routeOf(router, facts)).map(({ key, members }) => {
    const rest = members.some(isUsual)
    const row: RouteRow = { country, callingCode, channel, conditions: rest ? [] : describe(members), ...key }
    return { row, rest }
  })
  return rows.toSorted((a, b) => Number(a.rest) - Number(b.rest)).map(({ row }) => row)
}

/** Groups cells by what is made of each, compared by value; in the order in which they first appear. */
export function groupBy<K>(
  cells: readonly Cell[],
  keyOf: (cell: Cell) => K
): readonly { readonly key: K; readonly members: readonly Cell[] }[] {
  const groups = new Map<string, { key: K; members: Cell[] }>()
  for (const cell of cells) {
    const key = keyOf(cell)
    const text = JSON.stringify(key)
    const known = groups.get(text)
    if (known === undefined) groups.set(text, { key, members: [cell] })
    else known.members.push(cell)
  }
  return [...groups.values()]
}
