import { commonBits, keyOfBits, lowestBit, type Bits } from '../domain/bits.ts'
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

/** Kinds of requests on which the same rules may hold. */
export interface Cell {
  /** One of them. */
  readonly facts: Facts
  /** All of them, as boxes that do not overlap. */
  readonly boxes: readonly Box[]
}

/** For each axis the classes that are meant. */
type Box = readonly (readonly number[])[]

/** Of one territory and channel. Files that people write have a handful. */
const MOST_CELLS = 5_000

/** Of one cell: more words than that nobody reads. */
const MOST_BOXES = 200

type AxisName = 'prefix' | 'number_type' | 'flow' | 'locale' | 'org'

/** Values that no rule tells apart. */
interface Class {
  readonly kind: Partial<Kind>
  /** As a rule would name them; null stands for all that no rule names. */
  readonly values: readonly (string | null)[]
  /** By router: the rules that let them through, of those that may match here at all. */
  readonly bits: readonly Bits[]
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
    const classes = new Map<string, Class & { readonly values: (string | null)[] }>()
    for (const [value, kind] of values) {
      const asked = facts(kind)
      const bits = routers.map((router, i) =>
        commonBits(letThrough(router, keys, asked), possible[i] as Bits)
      )
      const known = classes.get(keyOfAll(bits))
      if (known === undefined) classes.set(keyOfAll(bits), { kind, values: [value], bits })
      else known.values.push(value)
    }
    return { name, classes: [...classes.values()] }
  }

  // What no request of this territory can have tells nothing apart: prefixes first, they are the finest.
  const all = [
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
  ]
  const axes = all.filter(({ classes }) => classes.length > 1)
  const { cells, truncated } = cellsOf(axes, leftBy(all, possible), facts)
  const usual = axes.map(({ classes }) => restOf(classes))
  return {
    territory,
    channel,
    cells,
    isUsual: ({ boxes }) =>
      boxes.some((box) => usual.every((number, place) => box[place]?.includes(number) === true)),
    describe: (some) => describe(axes, some),
    truncated
  }
}

/** Without rules that ask for what an axis has no choice in, and has not. */
function leftBy(axes: readonly Axis[], possible: readonly Bits[]): readonly Bits[] {
  return possible.map((bits, router) =>
    axes.reduce(
      (left, { classes: [first, ...more] }) =>
        first === undefined || more.length > 0 ? left : commonBits(left, first.bits[router] as Bits),
      bits
    )
  )
}

function keyOfAll(bits: readonly Bits[]): string {
  return bits.map(keyOfBits).join(';')
}

interface Partly {
  readonly kind: Partial<Kind>
  readonly bits: readonly Bits[]
  readonly boxes: readonly Box[]
}

/**
 * Goes along the axes. Kinds on which the same rules are left are one cell from there on, and behind a rule that
 * holds whatever the further axes say no other one counts: so the cells are as few as the ways that there are.
 */
function cellsOf(
  axes: readonly Axis[],
  possible: readonly Bits[],
  facts: (kind: Partial<Kind>) => Facts
): { readonly cells: readonly Cell[]; readonly truncated: boolean } {
  let truncated = false
  let cells: readonly Partly[] = [{ kind: {}, bits: possible, boxes: [[]] }]
  for (const [place, axis] of axes.entries()) {
    const certain = certainFrom(axes.slice(place + 1), possible)
    const next = new Map<string, Partly>()
    for (const cell of cells) {
      for (const [key, { kind, bits, numbers }] of partsOf(cell, axis, certain)) {
        const boxes = cell.boxes.map((box) => [...box, numbers])
        const known = next.get(key)
        if (known === undefined && next.size >= MOST_CELLS) truncated = true
        else next.set(key, { kind, bits, ...known, boxes: fewer([...(known?.boxes ?? []), ...boxes]) })
      }
    }
    cells = [...next.values()]
  }
  return { cells: cells.map(({ kind, boxes }) => ({ facts: facts(kind), boxes })), truncated }
}

/** Rules that hold on every class of these axes. */
function certainFrom(axes: readonly Axis[], possible: readonly Bits[]): readonly Bits[] {
  return possible.map((all, router) =>
    axes
      .flatMap(({ classes }) => classes)
      .reduce((certain, { bits }) => commonBits(certain, bits[router] as Bits), all)
  )
}

/** A cell by the classes of an axis; those that leave the same rules stay together. */
function partsOf(cell: Partly, { classes }: Axis, certain: readonly Bits[]) {
  const parts = new Map<string, { kind: Partial<Kind>; bits: readonly Bits[]; numbers: number[] }>()
  for (const [number, { kind, bits: own }] of classes.entries()) {
    const bits = cell.bits.map((left, router) =>
      upToCertain(commonBits(left, own[router] as Bits), certain[router] as Bits)
    )
    const key = keyOfAll(bits)
    const known = parts.get(key)
    if (known === undefined) parts.set(key, { kind: { ...cell.kind, ...kind }, bits, numbers: [number] })
    else known.numbers.push(number)
  }
  return parts
}

/** Without the rules behind the first that is certain to hold: it takes all that comes to it. */
function upToCertain(left: Bits, certain: Bits): Bits {
  const first = lowestBit(commonBits(left, certain))
  if (first === -1) return left
  const kept = left.slice()
  kept.fill(0, (first >>> 5) + 1)
  kept[first >>> 5] = (kept[first >>> 5] as number) & (0xffffffff >>> (31 - (first & 31)))
  return kept
}

/** Boxes that differ on one axis only are one. */
function fewer(boxes: readonly Box[]): readonly Box[] {
  if (boxes.length > MOST_BOXES) return boxes.slice(0, MOST_BOXES)
  const kept = [...boxes]
  for (let one = 0; one < kept.length; one++) {
    for (let other = one + 1; other < kept.length; other++) {
      const joined = join(kept[one] as Box, kept[other] as Box)
      if (joined === null) continue
      kept[one] = joined
      kept.splice(other, 1)
      // It may fit to one that it was held against before.
      other = one
    }
  }
  return kept
}

function join(one: Box, other: Box): Box | null {
  const differing = one.flatMap((classes, axis) => (sameNumbers(classes, other[axis] ?? []) ? [] : [axis]))
  const [axis, ...more] = differing
  if (axis === undefined) return one
  if (more.length > 0) return null
  return one.map((classes, place) =>
    place === axis ? [...classes, ...(other[place] ?? [])].toSorted((a, b) => a - b) : classes
  )
}

function sameNumbers(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((number, place) => number === other[place])
}

function describe(axes: readonly Axis[], cells: readonly Cell[]): readonly string[] {
  return fewer(cells.flatMap(({ boxes }) => boxes)).map((box) =>
    axes.flatMap((axis, number) => sayClasses(axis, box[number] ?? [])).join(', ')
  )
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
