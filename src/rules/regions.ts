import { commonBits, keyOfBits, type Bits } from '../domain/bits.ts'
import type { Facts } from '../domain/facts.ts'
import { CHANNELS, type Channel } from '../domain/message.ts'
import type { Lookup } from '../domain/rule-index.ts'
import type { Router } from '../domain/router.ts'
import { factsOf, letThrough, spaceOf, type Kind, type Space } from './space.ts'
import { TERRITORIES, type Territory } from './territories.ts'

/** A territory and a channel, with every kind of request in it that the rules of some files tell apart. */
export interface Region {
  readonly territory: Territory
  readonly channel: Channel
  readonly cells: readonly Cell[]
  /** Has nothing that a rule names: the usual request. */
  readonly isUsual: (cell: Cell) => boolean
  /** Says which requests are in some of the cells, one text for each group that hangs together; "" for all. */
  readonly describe: (cells: readonly Cell[]) => readonly string[]
  /** There were more kinds than {@link MOST_CELLS}: only the first ones are here. */
  readonly truncated: boolean
}

/** One kind of request. */
export interface Cell {
  readonly facts: Facts
  /** Its class on each axis. */
  readonly place: readonly number[]
}

/** Of one territory and channel. Files that people write have a handful. */
const MOST_CELLS = 5_000

type AxisName = 'prefix' | 'number_type' | 'flow' | 'locale' | 'org'

interface Class {
  readonly kind: Partial<Kind>
  /** As a rule would name them; null stands for all that no rule names. */
  readonly values: readonly (string | null)[]
}

interface Axis {
  readonly name: AxisName
  readonly classes: readonly Class[]
}

const HERE: ReadonlySet<Lookup['key']> = new Set(['country', 'not_country', 'channel', 'until'])

/** Walks territories and channels: all of them, in the order of country codes, global networks last, unless told. */
export function* regionsOf(
  routers: readonly Router[],
  atMs: number,
  { territories = TERRITORIES, channels = CHANNELS }: Partial<Extent> = {}
): Iterable<Region> {
  const space = spaceOf(routers.flatMap(({ rules }) => rules.map(({ when }) => when)))
  for (const territory of territories) {
    for (const channel of channels) yield regionOf({ routers, space, atMs }, territory, channel)
  }
}

export interface Extent {
  readonly territories: readonly Territory[]
  readonly channels: readonly Channel[]
}

interface Surroundings {
  readonly routers: readonly Router[]
  readonly space: Space
  readonly atMs: number
}

function regionOf({ routers, space, atMs }: Surroundings, territory: Territory, channel: Channel): Region {
  const [beginning] = space.beginningsOf(territory)
  const [type] = territory.types
  if (beginning === undefined || type === undefined) throw new Error('A territory has numbers.')
  const any: Kind = { beginning, type, channel, flow: null, locale: null, org: null }
  const facts = (kind: Partial<Kind>): Facts => factsOf(territory, { ...any, ...kind }, atMs)
  /** What may match here at all: only that tells requests apart. */
  const possible = routers.map((router) => letThrough(router, HERE, facts({})))

  function axis(name: AxisName, values: readonly (readonly [string | null, Partial<Kind>])[]): Axis {
    const keys: ReadonlySet<Lookup['key']> = new Set([name])
    const classes = new Map<string, { kind: Partial<Kind>; values: (string | null)[] }>()
    for (const [value, kind] of values) {
      const asked = facts(kind)
      const key = routers
        .map((router, i) => keyOfBits(commonBits(letThrough(router, keys, asked), possible[i] as Bits)))
        .join(';')
      const known = classes.get(key)
      if (known === undefined) classes.set(key, { kind, values: [value] })
      else known.values.push(value)
    }
    return { name, classes: [...classes.values()] }
  }

  // What no request of this territory can have tells nothing apart: prefixes first, they are the finest.
  const axes = narrowed(
    [
      axis(
        'prefix',
        space.beginningsOf(territory).map((one) => [one.prefix, { beginning: one }])
      ),
      axis(
        'number_type',
        territory.types.map((one) => [one, { type: one }])
      ),
      axis(
        'flow',
        space.flows.map((flow) => [flow, { flow }])
      ),
      axis(
        'locale',
        space.locales.map((locale) => [locale, { locale }])
      ),
      axis(
        'org',
        space.orgs.map((org) => [org, { org }])
      )
    ],
    routers
  )
  const { cells, truncated } = cellsOf(axes, facts)
  const usual = axes.map(({ classes }) => restOf(classes))
  return {
    territory,
    channel,
    cells,
    isUsual: ({ place }) => place.every((number, axis) => number === usual[axis]),
    describe: (some) => describe(axes, some),
    truncated
  }
}

/** An axis on which nothing is told apart has one class, and is as good as none. */
function narrowed(axes: readonly Axis[], routers: readonly Router[]): readonly Axis[] {
  return routers.every(({ ruleCount }) => ruleCount === 0)
    ? []
    : axes.filter(({ classes }) => classes.length > 1)
}

function cellsOf(
  axes: readonly Axis[],
  facts: (kind: Partial<Kind>) => Facts
): { readonly cells: readonly Cell[]; readonly truncated: boolean } {
  let partial: { readonly place: readonly number[]; readonly kind: Partial<Kind> }[] = [
    { place: [], kind: {} }
  ]
  let truncated = false
  for (const { classes } of axes) {
    const next = partial.flatMap(({ place, kind }) =>
      classes.map((one, number) => ({ place: [...place, number], kind: { ...kind, ...one.kind } }))
    )
    truncated ||= next.length > MOST_CELLS
    partial = next.slice(0, MOST_CELLS)
  }
  return { cells: partial.map(({ place, kind }) => ({ place, facts: facts(kind) })), truncated }
}

/** For each axis the classes that are meant. */
type Box = readonly (readonly number[])[]

function describe(axes: readonly Axis[], cells: readonly Cell[]): readonly string[] {
  return boxesOf(cells.map(({ place }) => place)).map((box) =>
    axes.flatMap((axis, number) => sayClasses(axis, box[number] ?? [])).join(', ')
  )
}

/** Puts cells together into as few boxes as one pass along the axes finds. */
function boxesOf(places: readonly (readonly number[])[]): readonly Box[] {
  if (places.length === 0) return []
  if (places[0]?.length === 0) return [[]]
  const byClass = new Map<number, (readonly number[])[]>()
  for (const [first = 0, ...rest] of places) byClass.set(first, [...(byClass.get(first) ?? []), rest])

  const alike = new Map<string, { classes: number[]; boxes: readonly Box[] }>()
  for (const [number, rests] of byClass) {
    const boxes = boxesOf(rests)
    const key = JSON.stringify(boxes)
    const known = alike.get(key)
    if (known === undefined) alike.set(key, { classes: [number], boxes })
    else known.classes.push(number)
  }
  return [...alike.values()].flatMap(({ classes, boxes }) => boxes.map((box): Box => [classes, ...box]))
}

const AXIS_IN_WORDS: { readonly [N in AxisName]: string } = {
  prefix: 'numbers in',
  number_type: 'number type',
  flow: 'flow',
  locale: 'locale',
  org: 'org'
}

/** "number type premium_rate, shared_cost", "locale not fr"; nothing where all are meant. */
function sayClasses({ name, classes }: Axis, meant: readonly number[]): readonly string[] {
  if (meant.length === classes.length) return []
  const rest = restOf(classes)
  const named = meant.includes(rest)
    ? classes.filter((_, number) => !meant.includes(number))
    : classes.filter((_, number) => meant.includes(number))
  const values = named.flatMap((one) => one.values).map((value) => value ?? 'none')
  return [`${AXIS_IN_WORDS[name]} ${meant.includes(rest) ? 'not ' : ''}${values.join(', ')}`]
}

/** The class that is said by what it is not: the one that holds what no rule names, else the largest. */
function restOf(classes: readonly Class[]): number {
  const unnamed = classes.findIndex(({ values }) => values.includes(null))
  const sizes = classes.map(({ values }) => values.length)
  const largest = sizes.indexOf(Math.max(...sizes))
  return unnamed === -1 || (sizes[unnamed] === 1 && (sizes[largest] ?? 0) > 3) ? largest : unnamed
}
