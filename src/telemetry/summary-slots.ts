import { createHistogram, type Histogram } from './histogram.ts'
import type { SlotSummary } from './summary-shape.ts'
import { byText, count, countsOf, createTally, type Tally } from './tally.ts'

export interface Slot {
  readonly outcomes: Tally
  wanted: number
  failedOver: number
  acceptedAfterFailover: number
  late: number
  resends: number
  readonly failoversFrom: Tally
  readonly durations: Map<string, Histogram>
}

export function createSlot(): Slot {
  return {
    outcomes: createTally(),
    wanted: 0,
    failedOver: 0,
    acceptedAfterFailover: 0,
    late: 0,
    resends: 0,
    failoversFrom: createTally(),
    durations: new Map()
  }
}

export function mergeSlots(into: Slot, from: Slot): void {
  into.wanted += from.wanted
  into.failedOver += from.failedOver
  into.acceptedAfterFailover += from.acceptedAfterFailover
  into.late += from.late
  into.resends += from.resends
  for (const [name, some] of from.outcomes) count(into.outcomes, name, some)
  for (const [name, some] of from.failoversFrom) count(into.failoversFrom, name, some)
  for (const [name, histogram] of from.durations) histogramOf(into, name).merge(histogram)
}

export function histogramOf({ durations }: Slot, provider: string): Histogram {
  const existing = durations.get(provider)
  if (existing !== undefined) return existing
  const made = createHistogram()
  durations.set(provider, made)
  return made
}

export function slotSummary({ outcomes, failoversFrom, durations, ...counts }: Slot): SlotSummary {
  return {
    ...counts,
    outcomes: countsOf(outcomes),
    failoversFrom: countsOf(failoversFrom),
    providers: [...durations]
      .map(([name, histogram]) => ({ name, p50: histogram.quantile(0.5), p99: histogram.quantile(0.99) }))
      .toSorted((one, other) => byText(one.name, other.name))
  }
}
