import { OTHER } from './log-line.ts'

export interface Table<T> {
  readonly entries: ReadonlyMap<string, T>
  readonly at: (key: string) => T
  /** The key itself, or {@link OTHER} where it is new and the table is full. */
  readonly nameOf: (key: string) => string
}

export function createTable<T>(most: number, make: () => T): Table<T> {
  const entries = new Map<string, T>()

  function nameOf(key: string): string {
    return entries.has(key) || entries.size < most ? key : OTHER
  }

  return {
    entries,
    nameOf,
    at(key) {
      const name = nameOf(key)
      const existing = entries.get(name)
      if (existing !== undefined) return existing
      const made = make()
      entries.set(name, made)
      return made
    }
  }
}

/** The first so many that are added. */
export function createList<T>(most: number) {
  const entries: T[] = []
  let leftOut = 0
  return {
    entries,
    leftOut: () => leftOut,
    add(entry: T): void {
      if (entries.length < most) entries.push(entry)
      else leftOut += 1
    }
  }
}

/** No word has a line's end in it. */
export const keyOf = (...parts: readonly string[]): string => parts.join('\n')

export const partsOf = (key: string): readonly string[] => (key === OTHER ? [] : key.split('\n'))
