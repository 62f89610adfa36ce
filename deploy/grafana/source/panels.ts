import { coloursOf, NO_JUDGEMENT } from './looks.ts'
import type { Link, Mapping, Override, Panel, Row, Shown, Threshold, Transformation } from './model.ts'
import type { Asked } from './queries.ts'

/** A panel that has no place yet, and that is so many of 24 columns wide. */
export interface Placed {
  readonly width: number
  readonly panel: DistributedOmit<Panel, 'id' | 'gridPos'>
}

type DistributedOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

interface Said {
  readonly title: string
  /** In plain words: what to look at, and what to do. */
  readonly description: string
  readonly width: number
}

interface Measured {
  /** Of Grafana's list: s, percentunit, reqps, short, bytes, ... */
  readonly unit: string
  readonly decimals?: number
  readonly thresholds?: readonly Threshold[]
  readonly mappings?: readonly Mapping[]
  readonly noValue?: string
  readonly min?: number
  readonly max?: number
}

function measured({ thresholds = NO_JUDGEMENT, ...rest }: Measured): Shown {
  return { ...rest, thresholds: { mode: 'absolute', steps: [...thresholds] } }
}

function targets(queries: readonly Asked[]) {
  return queries.map((query, i) => ({ ...query, refId: String.fromCodePoint(65 + i) }))
}

interface Drawn extends Said, Measured {
  readonly queries: readonly Asked[]
  /** How they lie on each other: their sum is what is drawn, or their share of it. */
  readonly stacked?: 'normal' | 'percent'
  readonly as?: 'line' | 'bars'
  /** Lines at the thresholds. */
  readonly limits?: readonly Threshold[]
  /** What the legend says of each series, beside its name. */
  readonly calcs?: readonly string[]
  readonly links?: readonly Link[]
  readonly overrides?: readonly Override[]
}

/** Something over time. */
export function timeSeries(drawn: Drawn): Placed {
  const {
    title,
    description,
    width,
    queries,
    stacked,
    as = 'line',
    limits,
    calcs = [],
    links,
    overrides = []
  } = drawn
  const { unit, decimals, noValue, mappings, min = 0, max } = drawn
  return {
    width,
    panel: {
      type: 'timeseries',
      title,
      description,
      ...(links === undefined ? {} : { links }),
      targets: targets(queries),
      fieldConfig: {
        defaults: {
          ...measured({
            unit,
            min,
            thresholds: limits ?? NO_JUDGEMENT,
            ...(max === undefined ? {} : { max }),
            ...(decimals === undefined ? {} : { decimals }),
            ...(noValue === undefined ? {} : { noValue }),
            ...(mappings === undefined ? {} : { mappings })
          }),
          color: { mode: 'palette-classic-by-name' },
          custom: {
            drawStyle: as,
            lineInterpolation: 'linear',
            lineWidth: as === 'bars' ? 0 : 1,
            fillOpacity: as === 'bars' ? 80 : stacked === undefined ? 8 : 40,
            showPoints: 'auto',
            pointSize: 4,
            // A gap is a gap: a share of too few is not drawn, and no line leads over it.
            spanNulls: false,
            stacking: { mode: stacked ?? 'none', group: 'A' },
            thresholdsStyle: { mode: limits === undefined ? 'off' : 'dashed' }
          }
        },
        overrides: [...coloursOfAll(queries), ...overrides]
      },
      options: {
        legend: {
          showLegend: true,
          displayMode: calcs.length > 0 ? 'table' : 'list',
          placement: 'bottom',
          calcs: [...calcs]
        },
        tooltip: { mode: 'multi', sort: 'desc', hideZeros: true }
      }
    }
  }
}

/** Several queries may name their series after the same label. */
function coloursOfAll(queries: readonly Asked[]): readonly Override[] {
  const byName = queries
    .flatMap(({ legendFormat = '' }) => coloursOf(legendFormat))
    .map((override) => [override.matcher.options, override] as const)
  return [...new Map(byName).values()]
}

interface Figure extends Said, Measured {
  readonly query: Asked
  readonly links?: readonly Link[]
}

/** One figure, large. */
export function stat({ title, description, width, query, links, ...measure }: Figure): Placed {
  return {
    width,
    panel: {
      type: 'stat',
      title,
      description,
      ...(links === undefined ? {} : { links }),
      targets: targets([query]),
      fieldConfig: { defaults: { ...measured(measure), color: { mode: 'thresholds' } }, overrides: [] },
      options: {
        colorMode: 'background',
        graphMode: 'none',
        justifyMode: 'center',
        orientation: 'auto',
        percentChangeColorMode: 'standard',
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        showPercentChange: false,
        textMode: 'value',
        wideLayout: true
      }
    }
  }
}

interface Tabular extends Said {
  readonly queries: readonly Asked[]
  readonly transformations: readonly Transformation[]
  readonly overrides?: readonly Override[]
  /** A column, as it is called in the end: the largest first. */
  readonly sortBy?: string
  readonly noValue?: string
}

/** Rows and columns. */
export function table(tabular: Tabular): Placed {
  const {
    title,
    description,
    width,
    queries,
    transformations,
    overrides = [],
    sortBy,
    noValue = 'nothing'
  } = tabular
  return {
    width,
    panel: {
      type: 'table',
      title,
      description,
      targets: targets(queries),
      transformations,
      fieldConfig: {
        defaults: {
          ...measured({ unit: 'short', noValue }),
          custom: { align: 'auto', cellOptions: { type: 'auto' }, filterable: true, inspect: true }
        },
        overrides
      },
      options: {
        cellHeight: 'sm',
        frameIndex: 0,
        showHeader: true,
        ...(sortBy === undefined ? {} : { sortBy: [{ displayName: sortBy, desc: true }] })
      }
    }
  }
}

interface States extends Said {
  readonly queries: readonly Asked[]
  readonly mappings: readonly Mapping[]
}

/** What state something was in, and when. */
export function stateTimeline({ title, description, width, queries, mappings }: States): Placed {
  return {
    width,
    panel: {
      type: 'state-timeline',
      title,
      description,
      targets: targets(queries),
      fieldConfig: {
        defaults: {
          ...measured({ unit: 'none', mappings }),
          color: { mode: 'thresholds' },
          custom: { fillOpacity: 80, lineWidth: 0 }
        },
        overrides: []
      },
      options: {
        alignValue: 'left',
        mergeValues: true,
        rowHeight: 0.85,
        showValue: 'auto',
        legend: { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] },
        tooltip: { mode: 'single', sort: 'none' }
      }
    }
  }
}

interface Bars extends Said, Measured {
  readonly query: Asked
}

/** A figure for each of a few. */
export function bars({ title, description, width, query, ...measure }: Bars): Placed {
  return {
    width,
    panel: {
      type: 'bargauge',
      title,
      description,
      targets: targets([query]),
      fieldConfig: { defaults: { ...measured(measure), color: { mode: 'thresholds' } }, overrides: [] },
      options: {
        displayMode: 'basic',
        legend: { showLegend: false, displayMode: 'hidden', placement: 'bottom', calcs: [] },
        maxVizHeight: 40,
        minVizHeight: 16,
        minVizWidth: 8,
        namePlacement: 'left',
        orientation: 'horizontal',
        reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
        showUnfilled: true,
        sizing: 'auto',
        valueMode: 'color'
      }
    }
  }
}

interface Lines extends Said {
  readonly query: Asked
  readonly oldestFirst?: boolean
  /** A line is laid out as JSON, over several. */
  readonly laidOut?: boolean
}

/** Lines of the log. */
export function logs({
  title,
  description,
  width,
  query,
  oldestFirst = false,
  laidOut = false
}: Lines): Placed {
  return {
    width,
    panel: {
      type: 'logs',
      title,
      description,
      targets: targets([query]),
      fieldConfig: { defaults: {}, overrides: [] },
      options: {
        dedupStrategy: 'none',
        enableLogDetails: true,
        prettifyLogMessage: laidOut,
        showCommonLabels: false,
        showLabels: false,
        showLogContextToggle: false,
        showTime: true,
        sortOrder: oldestFirst ? 'Ascending' : 'Descending',
        timestampResolution: 'ms',
        wrapLogMessage: true
      }
    }
  }
}

/** Words, in Markdown. */
export function words({ title, description, width, content }: Said & { readonly content: string }): Placed {
  return {
    width,
    panel: {
      type: 'text',
      title,
      description,
      fieldConfig: { defaults: {}, overrides: [] },
      options: { mode: 'markdown', content }
    }
  }
}

/** Panels beside each other, so many units of 30 pixels high; a title begins a new part of the dashboard. */
export interface Shelf {
  readonly title?: string
  readonly height: number
  readonly panels: readonly Placed[]
}

const COLUMNS = 24

/** Gives each panel its place, from left to right and from top to bottom, and a number. */
export function layOut(shelves: readonly Shelf[]): readonly (Panel | Row)[] {
  const laid: (Panel | Row)[] = []
  let y = 0
  for (const { title, height, panels } of shelves) {
    if (title !== undefined) {
      const gridPos = { h: 1, w: COLUMNS, x: 0, y }
      laid.push({ type: 'row', id: laid.length + 1, title, collapsed: false, gridPos, panels: [] })
      y += 1
    }
    let x = 0
    for (const { width, panel } of panels) {
      if (x + width > COLUMNS) throw new RangeError(`"${panel.title}" does not fit into its row.`)
      laid.push({ ...panel, id: laid.length + 1, gridPos: { h: height, w: width, x, y } })
      x += width
    }
    y += height
  }
  return laid
}
