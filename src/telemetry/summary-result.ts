import { alarmsOf } from './alarm-episodes.ts'
import { partsOf } from './bounded.ts'
import { episodesOf } from './breaker-episodes.ts'
import type { Histogram } from './histogram.ts'
import { OTHER } from './log-line.ts'
import type { SummaryCounts } from './summary-counts.ts'
import type { Quantiles, Summary } from './summary-shape.ts'
import { slotSummary } from './summary-slots.ts'
import { byText, byTime, countsOf, totalOf } from './tally.ts'

/** Puts what was counted in order, and says what had no room. */
export function summaryOf(
  counts: SummaryCounts,
  read: Pick<Summary, 'lines' | 'firstMs' | 'lastMs'>
): Summary {
  const nodes = new Set(counts.starts.entries.map(({ node }) => node))
  const restarts = nodes.size === 1 ? counts.starts.entries.map(({ atMs }) => atMs) : []
  const { startMs, widthMs, slots: all } = counts.slots.all()
  return {
    ...read,
    requests: {
      ...counts.requests,
      outcomes: countsOf(counts.requests.outcomes),
      durationMs: quantilesOf(counts.durations)
    },
    providers: [...counts.providers.entries]
      .map(([name, { durations, failures, ...sums }]) => ({
        name,
        ...sums,
        failures: countsOf(failures),
        durationMs: quantilesOf(durations)
      }))
      .filter(({ attempts, failoversFrom, failoversTo }) => attempts + failoversFrom + failoversTo > 0)
      .toSorted((one, other) => other.attempts - one.attempts || byText(one.name, other.name)),
    failovers: [...counts.failovers.entries]
      .map(([key, reasons]) => {
        const [from = OTHER, to = OTHER] = partsOf(key)
        return { from, to, reasons: countsOf(reasons) }
      })
      .toSorted(
        (one, other) =>
          totalOf(other.reasons) - totalOf(one.reasons) ||
          byText(one.from, other.from) ||
          byText(one.to, other.to)
      ),
    countries: [...counts.countries.entries]
      .map(([country, sums]) => ({ country: country === '' ? null : country, ...sums }))
      .toSorted(
        (one, other) => other.requests - one.requests || byText(one.country ?? '', other.country ?? '')
      ),
    worst: { lost: counts.minutes.worst('lost'), failedOver: counts.minutes.worst('failedOver') },
    breakers: episodesOf(counts.breakerEvents.entries, restarts),
    alarms: [...counts.alarms.entries]
      .flatMap(([key, events]) => {
        const [provider = OTHER, channel = OTHER, name = OTHER] = partsOf(key)
        return alarmsOf(events.entries).map((alarm) => ({ provider, channel, class: name, ...alarm }))
      })
      .toSorted(byTime(({ fromMs }) => fromMs)),
    drains: counts.drains.entries.toSorted(byTime(({ atMs }) => atMs)),
    unknownCodes: byCount(counts.unknownCodes.entries, ([provider = OTHER, code = '']) => ({
      provider,
      code
    })),
    resends: byCount(counts.resends.entries, ([provider = OTHER, country = '']) => ({
      provider,
      country: country === '' ? null : country
    })),
    rules: counts.rules.entries.toSorted(byTime(({ atMs }) => atMs)),
    hashes: [...counts.hashes.entries]
      .map(([hash, seen]) => ({ hash, ...seen }))
      .toSorted(byTime(({ firstMs }) => firstMs)),
    starts: counts.starts.entries.toSorted(byTime(({ atMs }) => atMs)),
    troubles: [...counts.troubles.entries]
      .map(([key, seen]) => {
        const [event = OTHER, reason = ''] = partsOf(key)
        return { event, reason: reason === '' ? null : reason, ...seen }
      })
      .toSorted(byTime(({ firstMs }) => firstMs)),
    series: { startMs, widthMs, slots: all.map((slot) => (slot === null ? null : slotSummary(slot))) },
    leftOut: Object.entries({
      'breaker openings and closings': counts.breakerEvents.leftOut(),
      alarms: [...counts.alarms.entries.values()].reduce((sum, { leftOut }) => sum + leftOut(), 0),
      drains: counts.drains.leftOut(),
      'changes of rules': counts.rules.leftOut(),
      starts: counts.starts.leftOut(),
      'requests, of the worst ten minutes': counts.minutes.leftOut()
    })
      .filter(([, count]) => count > 0)
      .map(([name, count]) => ({ name, count }))
  }
}

function quantilesOf(histogram: Histogram): Quantiles {
  return { p50: histogram.quantile(0.5), p95: histogram.quantile(0.95), p99: histogram.quantile(0.99) }
}

function byCount<T>(
  entries: ReadonlyMap<string, { readonly count: number }>,
  read: (parts: readonly string[]) => T
): readonly (T & { readonly count: number })[] {
  return [...entries]
    .toSorted(([one, { count: few }], [other, { count: many }]) => many - few || byText(one, other))
    .map(([key, { count }]) => ({ ...read(partsOf(key)), count }))
}
