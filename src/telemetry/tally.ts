import type { Count } from './summary-shape.ts'

export type Tally = Map<string, number>

export const createTally = (): Tally => new Map()

export function count(tally: Tally, name: string, more = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + more)
}

export function countsOf(tally: Tally): readonly Count[] {
  return [...tally]
    .map(([name, count]) => ({ name, count }))
    .toSorted((one, other) => other.count - one.count || byText(one.name, other.name))
}

export function totalOf(counts: readonly Count[]): number {
  return counts.reduce((sum, { count }) => sum + count, 0)
}

export function byText(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}

export function byTime<T>(timeOf: (entry: T) => number): (one: T, other: T) => number {
  return (one, other) => timeOf(one) - timeOf(other)
}
