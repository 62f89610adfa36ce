import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { CHANNELS } from '../domain/message.ts'
import { covers, LONGEST_OVERRIDE_MS, overrideId, type Override, type Use } from '../domain/override.ts'
import type { State } from '../state/state.ts'
import type { GatewayEvent, Report } from '../telemetry/events.ts'

/** In force at once. Nobody needs as many: what is wanted is then a rule. */
export const MAX_OVERRIDES = 200

/** Another node's word is in force here after so long at most, in ms. */
const REFRESH_EVERY_MS = 1_000

const COLLECTION = 'overrides'

export type OverrideDraft = Pick<Override, 'provider' | 'channel' | 'country' | 'why' | 'by'> & {
  /** How long it is to hold. */
  readonly forMs: number
}

export type SetOverride =
  | { readonly kind: 'set'; readonly override: Override; readonly replaced: Override | null }
  | { readonly kind: 'too_many' }

/** What people have switched off. Everything here is a copy on this node: a decision never waits for it. */
export interface Overrides {
  /** In force now, newest first. */
  readonly list: () => readonly Override[]
  /** The override that keeps this use out; null where none does. */
  readonly drainedBy: (use: Use) => Override | null
  readonly set: (draft: OverrideDraft) => Promise<SetOverride>
  /** Ends every override within this scope; null stands for all. @returns those that it ended. */
  readonly remove: (
    scope: Pick<Override, 'provider' | 'channel' | 'country'>,
    by: string
  ) => Promise<readonly Override[]>
  /** Learns what other nodes know, and goes on doing so. */
  readonly start: () => Promise<void>
  readonly close: () => void
}

export interface OverridesDependencies {
  readonly state: State
  /** Ms since 1970: the only clock that nodes and people have in common. */
  readonly epoch: () => number
  readonly report: Report
  readonly refreshEveryMs?: number
}

/** The last word on one scope. One that was taken back stays as a note, so that no other node brings it back. */
interface Word {
  readonly override: Override
  /** When it was said, ms since 1970: the later one holds. */
  readonly at: number
  readonly removedBy: string | null
}

const Remark = Type.String({ minLength: 1, maxLength: 200 })
const compiled = Compile(
  Type.Object({
    override: Type.Object({
      id: Type.String({ maxLength: 64 }),
      provider: Type.String({ maxLength: 64 }),
      channel: Type.Union([Type.Enum([...CHANNELS]), Type.Null()]),
      country: Type.Union([Type.String({ pattern: '^[A-Z]{2}$' }), Type.Null()]),
      why: Remark,
      by: Remark,
      setAt: Type.Number(),
      until: Type.Number()
    }),
    at: Type.Number(),
    removedBy: Type.Union([Remark, Type.Null()])
  })
)

export function createOverrides({ state, epoch, report, ...options }: OverridesDependencies): Overrides {
  const words = new Map<string, Word>()
  let refreshing: NodeJS.Timeout | undefined
  let closed = false

  const isInForce = ({ override, removedBy }: Word): boolean => removedBy === null && override.until > epoch()

  function list(): readonly Override[] {
    return [...words.values()]
      .filter(isInForce)
      .map(({ override }) => override)
      .toSorted((a, b) => b.setAt - a.setAt)
  }

  async function say(word: Word): Promise<void> {
    words.set(word.override.id, word)
    const leftMs = word.override.until - epoch()
    if (leftMs > 0) {
      const ttlMs = Math.min(leftMs, LONGEST_OVERRIDE_MS)
      await state.putEntry(COLLECTION, word.override.id, JSON.stringify(word), ttlMs)
    }
  }

  /** Takes over what is newer elsewhere, and says again what the state has lost. Then what is over is forgotten. */
  async function refresh(): Promise<void> {
    const there = new Map<string, Word>()
    for (const [id, text] of await state.entries(COLLECTION)) {
      const word = readWord(text)
      if (word !== null && word.override.id === id) there.set(id, word)
    }
    for (const [id, word] of there) {
      if (word.at > (words.get(id)?.at ?? 0)) words.set(id, word)
    }
    for (const [id, word] of words) {
      if (word.override.until <= epoch()) {
        words.delete(id)
        if (word.removedBy === null) report(endedEvent(word.override, 'expired', null))
      } else if (word.at > (there.get(id)?.at ?? 0)) {
        await say(word)
      }
    }
  }

  function refreshAgain(): void {
    if (closed) return
    refreshing = setTimeout(async () => {
      await refresh()
      refreshAgain()
    }, options.refreshEveryMs ?? REFRESH_EVERY_MS)
    refreshing.unref()
  }

  return {
    list,
    drainedBy(use) {
      for (const word of words.values()) {
        if (covers(word.override, use) && isInForce(word)) return word.override
      }
      return null
    },
    async set({ forMs, ...draft }) {
      const now = epoch()
      const id = overrideId(draft)
      const known = words.get(id)
      const replaced = known !== undefined && isInForce(known) ? known.override : null
      if (replaced === null && list().length >= MAX_OVERRIDES) return { kind: 'too_many' }
      const until = now + Math.min(forMs, LONGEST_OVERRIDE_MS)
      const override: Override = { id, ...draft, setAt: now, until }
      await say({ override, at: Math.max(now, (known?.at ?? 0) + 1), removedBy: null })
      if (replaced !== null) report(endedEvent(replaced, 'replaced', override.by))
      report({ event: 'provider.override_set', ...fieldsOf(override), for_ms: until - now })
      return { kind: 'set', override, replaced }
    },
    async remove(scope, by) {
      const ended: Override[] = []
      for (const word of words.values()) {
        const { override, at } = word
        const isWithin =
          override.provider === scope.provider &&
          (scope.channel === null || override.channel === scope.channel) &&
          (scope.country === null || override.country === scope.country)
        if (!isWithin || !isInForce(word)) continue
        await say({ override, at: Math.max(epoch(), at + 1), removedBy: by })
        report(endedEvent(override, 'removed', by))
        ended.push(override)
      }
      return ended
    },
    async start() {
      await refresh()
      refreshAgain()
    },
    close() {
      closed = true
      clearTimeout(refreshing)
    }
  }
}

/** Null for what a node of another version wrote. */
function readWord(text: string): Word | null {
  try {
    const value: unknown = JSON.parse(text)
    return compiled.Check(value) ? (value as Word) : null
  } catch {
    return null
  }
}

function fieldsOf({ id, provider, channel, country, why, by, until }: Override) {
  return { id, provider, channel, country, why, by, until: new Date(until).toISOString() }
}

function endedEvent(
  override: Override,
  reason: 'expired' | 'removed' | 'replaced',
  endedBy: string | null
): GatewayEvent {
  return { event: 'provider.override_ended', ...fieldsOf(override), reason, ended_by: endedBy }
}
