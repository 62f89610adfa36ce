import type { BreakerEvent } from './breaker-episodes.ts'
import type { AlarmEvent } from './alarm-episodes.ts'
import { createList, createTable } from './bounded.ts'
import { createHistogram } from './histogram.ts'
import { createSlot, mergeSlots, type Slot } from './summary-slots.ts'
import type { Drain, RulesChange, Start } from './summary-shape.ts'
import { createTally } from './tally.ts'
import { createSlots, type Slots } from './time-slots.ts'
import { createMinutes } from './worst-window.ts'

/** How much of each table is kept. Beyond that things are counted as "other", or as left out. */
const MOST = {
  providers: 16,
  failovers: 500,
  unknownCodes: 500,
  resends: 2_000,
  alarms: 100,
  /** Of each alarm. */
  alarmEvents: 500,
  troubles: 200,
  hashes: 100,
  breakerEvents: 5_000,
  drains: 500,
  rules: 500,
  starts: 500,
  /** More than a chart has room for. */
  slots: 480
}

/** All that is remembered of a log while it is read. It does not grow with the log. */
export type SummaryCounts = ReturnType<typeof createSummaryCounts>

export function createSummaryCounts() {
  const requests = createRequestCounts()
  const durations = createHistogram()
  const providers = createTable(MOST.providers, createProviderCounts)
  const failovers = createTable(MOST.failovers, createTally)
  const countries = createTable(Infinity, createCountryCounts)
  const unknownCodes = createTable(MOST.unknownCodes, createCount)
  const resends = createTable(MOST.resends, createCount)
  const alarms = createTable(MOST.alarms, () => createList<AlarmEvent>(MOST.alarmEvents))
  const troubles = createTable(MOST.troubles, createSeen)
  const hashes = createTable(MOST.hashes, createSeen)
  const breakerEvents = createList<BreakerEvent>(MOST.breakerEvents)
  const drains = createList<Drain>(MOST.drains)
  const rules = createList<RulesChange>(MOST.rules)
  const starts = createList<Start>(MOST.starts)
  const minutes = createMinutes()
  const slots: Slots<Slot> = createSlots({ most: MOST.slots, make: createSlot, merge: mergeSlots })

  return {
    requests,
    durations,
    providers,
    failovers,
    countries,
    unknownCodes,
    resends,
    alarms,
    troubles,
    hashes,
    breakerEvents,
    drains,
    rules,
    starts,
    minutes,
    slots
  }
}

const createCount = () => ({ count: 0 })

const createSeen = () => ({ count: 0, firstMs: Infinity, lastMs: -Infinity })

const createCountryCounts = () => ({ requests: 0, wanted: 0, accepted: 0, failedOver: 0, resends: 0 })

const createRequestCounts = () => ({
  total: 0,
  wanted: 0,
  outcomes: createTally(),
  failedOver: 0,
  acceptedAfterFailover: 0,
  lastResort: 0,
  late: 0,
  possibleDoubles: 0,
  lateAcceptances: 0
})

const createProviderCounts = () => ({
  attempts: 0,
  accepted: 0,
  acceptedLate: 0,
  failures: createTally(),
  durations: createHistogram(),
  failoversFrom: 0,
  failoversTo: 0
})

/** It was there at that moment. */
export function see(seen: ReturnType<typeof createSeen>, atMs: number): void {
  seen.count += 1
  seen.firstMs = Math.min(seen.firstMs, atMs)
  seen.lastMs = Math.max(seen.lastMs, atMs)
}
