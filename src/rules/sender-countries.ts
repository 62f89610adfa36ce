import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import type { Country } from '../domain/phone.ts'
import { isCountry } from './countries.ts'
import { PROVIDERS } from './providers.ts'
import shipped from './sender-countries.json' with { type: 'json' }

const CLOSED = { additionalProperties: false } as const

const Row = Type.Object(
  {
    alphanumeric: Type.Enum(['refused', 'registration']),
    source: Type.String({ minLength: 1 }),
    only: Type.Optional(Type.Array(Type.Enum(PROVIDERS), { minItems: 1 })),
    note: Type.Optional(Type.String())
  },
  CLOSED
)

const Table = Type.Object(
  {
    version: Type.String({ minLength: 1, maxLength: 40 }),
    about: Type.Optional(Type.String()),
    sources: Type.Record(
      Type.String(),
      Type.Object({ title: Type.String(), url: Type.String(), read: Type.String() }, CLOSED)
    ),
    countries: Type.Record(Type.String(), Row, { maxProperties: 300 })
  },
  CLOSED
)
type Table = Static<typeof Table>

/** What carriers do with a name as sender, by country: the table src/rules/sender-countries.json, read. */
export interface SenderCountries {
  readonly version: string
  /** Where a provider cannot send under a name at all. */
  readonly refusedBy: ReadonlyMap<string, readonly Country[]>
  /** Where a name has to be registered first. */
  readonly registration: readonly Country[]
}

export type ReadSenderCountries =
  | { readonly kind: 'ok'; readonly table: SenderCountries }
  /** Sentences without a full stop. */
  | { readonly kind: 'faulty'; readonly faults: readonly string[] }

const compiled = Compile(Table)

/** Reads a table of the form of the one that ships. Every fault is named at once. */
export function readSenderCountries(json: string): ReadSenderCountries {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch {
    return { kind: 'faulty', faults: ['it is no JSON'] }
  }
  if (!compiled.Check(parsed)) {
    const faults = compiled
      .Errors(parsed)
      .map(({ instancePath, message }) => `${instancePath || '/'} ${message}`)
    return { kind: 'faulty', faults: faults.slice(0, 20) }
  }
  const { countries, sources } = parsed
  const faults = Object.entries(countries).flatMap(([code, { source }]) => [
    ...(isCountry(code) ? [] : [`/countries/${code} is no ISO country code`]),
    ...(Object.hasOwn(sources, source) ? [] : [`/countries/${code} names a source that is not under sources`])
  ])
  return faults.length > 0 ? { kind: 'faulty', faults } : { kind: 'ok', table: toTable(parsed) }
}

function toTable({ version, countries }: Table): SenderCountries {
  const rows = Object.entries(countries) as [Country, Static<typeof Row>][]
  const listed = (holds: (row: Static<typeof Row>) => boolean): readonly Country[] =>
    rows.flatMap(([country, row]) => (holds(row) ? [country] : []))
  return {
    version,
    refusedBy: new Map(
      PROVIDERS.map((provider) => [
        provider,
        listed(
          ({ alphanumeric, only }) =>
            alphanumeric === 'refused' && (only === undefined || only.includes(provider))
        )
      ])
    ),
    registration: listed(({ alphanumeric }) => alphanumeric === 'registration')
  }
}

/** The table that ships, which a test holds to its form. */
export const SENDER_COUNTRIES: SenderCountries = toTable(shipped as Table)
