import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { State } from '../state/state.ts'

/** Counts of resends run for so long, in ms. */
const COUNT_FOR_MS = 60 * 60_000

const Remembered = Type.Object({
  provider: Type.String(),
  atMs: Type.Number(),
  resends: Type.Integer({ minimum: 0 })
})
type Remembered = Static<typeof Remembered>
const compiled = Compile(Remembered)

/** The code that the same person was sent before. */
export interface Earlier {
  /** Who was asked last to carry it. */
  readonly provider: string
  readonly ageMs: number
  /** Which resend this one is: 1 for the first. */
  readonly resend: number
}

/** Who was sent a code a moment ago, and by whom: asking again says that it may not have come. */
export interface Resends {
  readonly recall: (person: string) => Promise<Earlier | null>
  /** @param resend 0 for a first code. */
  readonly remember: (person: string, provider: string, resend: number, forMs: number) => Promise<void>
  /** Counts one against the provider that had the code before. @returns how many within the hour. */
  readonly count: (provider: string, country: string | null) => Promise<number>
}

export interface ResendsDependencies {
  readonly state: State
  /** A keyed digest: what is remembered names nobody. */
  readonly digest: (text: string) => string
  /** Ms since 1970, as nodes have no other clock in common. */
  readonly epoch: () => number
}

export function createResends({ state, digest, epoch }: ResendsDependencies): Resends {
  const keyOf = (person: string): string => `resend:${digest(person)}`

  return {
    async recall(person) {
      const text = await state.get(keyOf(person))
      const remembered = text === null ? null : readRemembered(text)
      if (remembered === null) return null
      const { provider, atMs, resends } = remembered
      return { provider, ageMs: Math.max(0, Math.round(epoch() - atMs)), resend: resends + 1 }
    },
    async remember(person, provider, resend, forMs) {
      const remembered: Remembered = { provider, atMs: epoch(), resends: resend }
      await state.put(keyOf(person), JSON.stringify(remembered), forMs)
    },
    count: (provider, country) => state.increment(`resends:${provider}:${country ?? 'none'}`, COUNT_FOR_MS)
  }
}

/** Null for what a node of another version wrote. */
function readRemembered(text: string): Remembered | null {
  try {
    const value: unknown = JSON.parse(text)
    return compiled.Check(value) ? value : null
  } catch {
    return null
  }
}
