import type { Override, Threshold, Transformation } from './model.ts'

/** Puts the rows of several queries together by the labels that they share, drops the time, and names what is left. */
export function joined(names: Readonly<Record<string, string>>): readonly Transformation[] {
  return [{ id: 'merge', options: {} }, named(names)]
}

/** Keeps these columns, in this order and under these names. */
export function named(names: Readonly<Record<string, string>>): Transformation {
  return {
    id: 'organize',
    options: {
      includeByName: Object.fromEntries(Object.keys(names).map((name) => [name, true])),
      indexByName: Object.fromEntries(Object.keys(names).map((name, i) => [name, i])),
      renameByName: names,
      excludeByName: {}
    }
  }
}

/** Makes columns of the fields of each line. */
export const FIELDS_OF_LINES: Transformation = {
  id: 'extractFields',
  options: { source: 'Line', format: 'json', replace: true, keepTime: true }
}

/** A cross table: a row for each value of one column, a column for each value of another. */
export function crossed(row: string, column: string): Transformation {
  return {
    id: 'groupingToMatrix',
    options: { rowField: row, columnField: column, valueField: 'Value', emptyValue: 'empty' }
  }
}

/** How a column is shown. */
export function column(name: string, unit: string, thresholds?: readonly Threshold[]): Override {
  return {
    matcher: { id: 'byName', options: name },
    properties: [
      { id: 'unit', value: unit },
      ...(thresholds === undefined
        ? []
        : [
            { id: 'thresholds', value: { mode: 'absolute', steps: [...thresholds] } },
            { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } }
          ])
    ]
  }
}

/** Where a cell of this column leads. */
export function leads(name: string, title: string, url: string): Override {
  return {
    matcher: { id: 'byName', options: name },
    properties: [{ id: 'links', value: [{ title, url, targetBlank: false }] }]
  }
}

export function wide(name: string, width: number): Override {
  return { matcher: { id: 'byName', options: name }, properties: [{ id: 'custom.width', value: width }] }
}

/** The more, the darker: for cells that count. */
export const HEAT: Override = {
  matcher: { id: 'byType', options: 'number' },
  properties: [
    { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
    { id: 'color', value: { mode: 'continuous-YlRd' } },
    { id: 'decimals', value: 0 }
  ]
}
