import { Type, type Static } from 'typebox'
import { MAX_OVERRIDES, type Overrides } from '../delivery/overrides.ts'
import { CHANNELS } from '../domain/message.ts'
import { readOverrideLength, type Override } from '../domain/override.ts'
import { suggest } from '../domain/suggest.ts'
import { isCountry, suggestPlace } from '../rules/countries.ts'
import { wrong, type Refusal } from './refusal.ts'

// One line, as it is printed; what it says is the business of whoever writes it.
const Remark = Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f]+$' })
const Scope = {
  provider: Type.String({ minLength: 1, maxLength: 64 }),
  channel: Type.Optional(Type.Enum([...CHANNELS])),
  country: Type.Optional(Type.String({ minLength: 2, maxLength: 64 }))
}

/** Who is to be drained, for how long, why, and by whom. */
export const DrainDraft = Type.Object(
  { ...Scope, for: Type.String({ minLength: 1, maxLength: 16 }), why: Remark, by: Remark },
  { additionalProperties: false }
)
export type DrainDraft = Static<typeof DrainDraft>

/** What is to be taken back, and by whom. */
export const DrainRemoval = Type.Object({ ...Scope, by: Remark }, { additionalProperties: false })
export type DrainRemoval = Static<typeof DrainRemoval>
type Scope = Pick<DrainRemoval, 'provider' | 'channel' | 'country'>

export type Drained =
  | {
      readonly kind: 'drained'
      readonly override: Override
      readonly replaced: Override | null
      /** Sentences without a full stop: a person may switch everything off, and should know it. */
      readonly warnings: readonly string[]
    }
  | { readonly kind: 'refused'; readonly status: 400 | 409; readonly refusal: Refusal }

export type Undrained =
  | { readonly kind: 'undrained'; readonly removed: readonly Override[]; readonly still: readonly Override[] }
  | { readonly kind: 'refused'; readonly status: 400; readonly refusal: Refusal }

/** Taking providers out of use and back, as people ask for it. */
export interface Drains {
  readonly list: () => readonly Override[]
  readonly drain: (draft: DrainDraft) => Promise<Drained>
  readonly undrain: (removal: DrainRemoval) => Promise<Undrained>
}

export interface DrainsDependencies {
  readonly overrides: Overrides
  /** Those that have credentials, with what they carry. */
  readonly providers: ReadonlyMap<string, ReadonlySet<string>>
  /** Every name that a rules file may hold, with credentials or without. */
  readonly knownProviders: readonly string[]
}

export function createDrains({ overrides, providers, knownProviders }: DrainsDependencies): Drains {
  function warningsOf({ provider, country }: Override): readonly string[] {
    const warnings: string[] = []
    if (!providers.has(provider)) {
      warnings.push(`${provider} has no credentials here, so that it is not used anyway`)
    }
    for (const channel of CHANNELS) {
      const carriers = [...providers].filter(([, channels]) => channels.has(channel))
      const left = carriers.filter(
        ([name]) => overrides.drainedBy({ provider: name, channel, country }) === null
      )
      if (carriers.length > 0 && left.length === 0) {
        warnings.push(
          `nobody is left for ${channel}${country === null ? '' : ` to ${country}`}: every provider is drained`
        )
      }
    }
    return warnings
  }

  return {
    list: overrides.list,
    async drain(draft) {
      const { why, by } = draft
      const forMs = readOverrideLength(draft.for)
      const mistakes = [
        ...mistakesIn(draft, knownProviders),
        ...(forMs === null ? ['for is no length of time: write 30m, 2h or 3d; 1m to 7d'] : [])
      ]
      if (mistakes.length > 0 || forMs === null) {
        return { kind: 'refused', status: 400, refusal: wrong(mistakes) }
      }
      const set = await overrides.set({ ...scopeOf(draft), why, by, forMs })
      if (set.kind === 'too_many') {
        const error = `There are ${MAX_OVERRIDES} overrides already. Remove some, or write a rule.`
        return { kind: 'refused', status: 409, refusal: { error, mistakes: [] } }
      }
      const { override, replaced } = set
      return { kind: 'drained', override, replaced, warnings: warningsOf(override) }
    },
    async undrain(removal) {
      const mistakes = mistakesIn(removal, knownProviders)
      if (mistakes.length > 0) return { kind: 'refused', status: 400, refusal: wrong(mistakes) }
      const removed = await overrides.remove(scopeOf(removal), removal.by)
      const still = overrides.list().filter(({ provider }) => provider === removal.provider)
      return { kind: 'undrained', removed, still }
    }
  }
}

function mistakesIn({ provider, country }: Scope, known: readonly string[]): readonly string[] {
  const mistakes: string[] = []
  if (!known.includes(provider)) {
    mistakes.push(
      `provider "${provider}" is unknown${didYouMean(suggest(provider, known) ?? known.join(', '))}`
    )
  }
  if (country !== undefined && !isCountry(country)) {
    mistakes.push(`country "${country}" is no ISO code${didYouMean(suggestPlace(country, []))}`)
  }
  return mistakes
}

function didYouMean(meant: string | undefined): string {
  return meant === undefined ? '' : `: did you mean ${meant}?`
}

function scopeOf({ provider, channel, country }: Scope): Pick<Override, 'provider' | 'channel' | 'country'> {
  return {
    provider,
    channel: channel ?? null,
    country: country !== undefined && isCountry(country) ? country : null
  }
}
