import type { Alarm } from './summary-shape.ts'
import { byTime } from './tally.ts'

export interface AlarmEvent {
  readonly atMs: number
  readonly isOver: boolean
}

/** An alarm is said again each hour, and by each node: it is one until it is over. */
export function alarmsOf(events: readonly AlarmEvent[]): readonly Pick<Alarm, 'fromMs' | 'toMs' | 'count'>[] {
  const alarms: { fromMs: number; toMs: number | null; count: number }[] = []
  for (const { atMs, isOver } of events.toSorted(byTime(({ atMs }) => atMs))) {
    const current = alarms.at(-1)
    if (isOver) {
      if (current !== undefined) current.toMs = atMs
    } else if (current !== undefined && current.toMs === null) current.count += 1
    else alarms.push({ fromMs: atMs, toMs: null, count: 1 })
  }
  return alarms
}
