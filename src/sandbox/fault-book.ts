import { CHANNELS, type Channel } from '../domain/message.ts'
import type { Fault } from './fault.ts'
import type { SandboxProvider } from './inbox.ts'

export interface FaultInForce {
  readonly channels: readonly Channel[]
  readonly fault: Fault
  /** Requests that it still holds for; null without a limit. */
  readonly left: number | null
  /** ISO 8601; null where it stays until it is cleared. */
  readonly until: string | null
}

export interface FaultBook {
  /** Null clears. Without a channel it replaces what held for either. */
  readonly set: (provider: SandboxProvider, fault: Fault | null, channel?: Channel) => void
  /** The fault that the next request meets, which counts as met. Null for a healthy answer. */
  readonly draw: (provider: SandboxProvider, channel: Channel) => Fault | null
  /** The fault in force, met or not. */
  readonly peek: (provider: SandboxProvider, channel: Channel) => Fault | null
  readonly list: (provider: SandboxProvider) => readonly FaultInForce[]
}

interface Entry {
  readonly fault: Fault
  readonly untilMs: number
  left: number
}

export interface FaultBookDeps {
  /** Epoch ms. */
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
}

export function createFaultBook({ now, random }: FaultBookDeps): FaultBook {
  const entries = new Map<string, Entry>()

  function set(provider: SandboxProvider, fault: Fault | null, channel?: Channel): void {
    const entry = fault === null ? null : entryOf(fault, now())
    // One entry under both keys: a count is for both channels together.
    for (const each of channel === undefined ? CHANNELS : [channel]) {
      if (entry === null) entries.delete(keyOf(provider, each))
      else entries.set(keyOf(provider, each), entry)
    }
  }

  function find(provider: SandboxProvider, channel: Channel): Entry | null {
    const entry = entries.get(keyOf(provider, channel))
    return entry === undefined || entry.left <= 0 || now() >= entry.untilMs ? null : entry
  }

  function draw(provider: SandboxProvider, channel: Channel): Fault | null {
    const entry = find(provider, channel)
    if (entry === null) return null
    const { fault } = entry
    if ('share' in fault && fault.share !== undefined && random() >= fault.share) return null
    entry.left -= 1
    return fault
  }

  function list(provider: SandboxProvider): readonly FaultInForce[] {
    const found = CHANNELS.map((channel) => find(provider, channel)).filter((entry) => entry !== null)
    return [...new Set(found)].map((entry) => ({
      channels: CHANNELS.filter((channel) => find(provider, channel) === entry),
      fault: entry.fault,
      left: Number.isFinite(entry.left) ? entry.left : null,
      until: Number.isFinite(entry.untilMs) ? new Date(entry.untilMs).toISOString() : null
    }))
  }

  return { set, draw, peek: (provider, channel) => find(provider, channel)?.fault ?? null, list }
}

function entryOf(fault: Fault, nowMs: number): Entry {
  return {
    fault,
    left: 'count' in fault && fault.count !== undefined ? fault.count : Number.POSITIVE_INFINITY,
    untilMs: nowMs + (fault.duration_ms ?? Number.POSITIVE_INFINITY)
  }
}

function keyOf(provider: SandboxProvider, channel: Channel): string {
  return `${provider}/${channel}`
}
