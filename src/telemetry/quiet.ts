import type { GatewayEvent } from './events.ts'
import type { Listener } from './listener.ts'

type Refused = Extract<GatewayEvent, { event: 'okta.request.refused' | 'admin.request.refused' }>

/** Why a 401; others have none. */
type Cause = Extract<GatewayEvent, { event: 'okta.request.refused' }>['cause']

export interface QuietOptions {
  /** So many lines of one reason and cause are written in full in a window. */
  readonly few?: number
  readonly windowMs?: number
  /** Monotonic, in ms. */
  readonly now: () => number
}

export interface QuietLog extends Listener {
  /** Says what was still held back. */
  readonly close: () => void
}

const FEW = 10
const WINDOW_MS = 60_000

/** Beyond this, sources are counted no more. */
const MOST_SOURCES = 1_000

/** Reasons are words of ours; more than there are is a bug, and costs no memory. */
const MOST_REASONS = 50

interface Window {
  readonly event: Refused['event']
  readonly reason: string
  readonly cause: Cause
  written: number
  heldBack: number
  /** Of what was held back. */
  readonly sources: Map<string, number>
  readonly sinceMs: number
  readonly timer: NodeJS.Timeout
}

/**
 * Keeps whoever knocks again and again from filling the log: the first lines of a reason and its cause are written as they come, and
 * what follows within a minute is one line with its count. Metrics count each.
 */
export function quietLog(log: Listener, { few = FEW, windowMs = WINDOW_MS, now }: QuietOptions): QuietLog {
  const windows = new Map<string, Window>()

  function open(event: Refused): Window {
    const key = keyOf(event)
    const timer = setTimeout(() => end(key), windowMs)
    timer.unref()
    const window: Window = {
      event: event.event,
      reason: event.reason,
      cause: causeOf(event),
      written: 0,
      heldBack: 0,
      sources: new Map(),
      sinceMs: now(),
      timer
    }
    windows.set(key, window)
    return window
  }

  function end(key: string): void {
    const window = windows.get(key)
    if (window === undefined) return
    windows.delete(key)
    clearTimeout(window.timer)
    if (window.heldBack === 0) return
    const [busiest] = [...window.sources].toSorted(([, one], [, other]) => other - one)
    log.report({
      event: 'door.refusals',
      door: window.event === 'admin.request.refused' ? 'admin' : 'okta',
      reason: window.reason,
      cause: window.cause,
      refused: window.heldBack,
      sources: window.sources.size,
      busiest_source: busiest?.[0] ?? null,
      busiest_refused: busiest?.[1] ?? 0,
      for_ms: Math.round(now() - window.sinceMs)
    })
  }

  function take(event: Refused): void {
    const key = keyOf(event)
    const known = windows.get(key)
    if (known === undefined && windows.size >= MOST_REASONS) return log.report(event)
    const window = known ?? open(event)
    if (window.written < few) {
      window.written += 1
      return log.report(event)
    }
    window.heldBack += 1
    const source = ('source' in event ? event.source : null) ?? 'unknown'
    if (window.sources.has(source) || window.sources.size < MOST_SOURCES) {
      window.sources.set(source, (window.sources.get(source) ?? 0) + 1)
    }
  }

  return {
    report(event: GatewayEvent) {
      if (event.event === 'okta.request.refused' || event.event === 'admin.request.refused') take(event)
      else log.report(event)
    },
    forRequest: log.forRequest,
    close() {
      for (const key of windows.keys()) end(key)
    }
  }
}

function keyOf(refused: Refused): string {
  return `${refused.event}/${refused.reason}/${causeOf(refused)}`
}

function causeOf(refused: Refused): Cause {
  return 'cause' in refused ? refused.cause : null
}
