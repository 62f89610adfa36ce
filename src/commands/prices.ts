import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { parse } from 'yaml'
import { isCountry } from '../rules/countries.ts'
import { PROVIDERS } from '../rules/providers.ts'
import type { PriceOf } from '../rules/replay.ts'

const ByPlace = Type.Record(Type.String({ pattern: '^([A-Z]{2}|default)$' }), Type.Number({ minimum: 0 }))

const ByChannel = Type.Object(
  { sms: Type.Optional(ByPlace), voice: Type.Optional(ByPlace) },
  { additionalProperties: false }
)

const File = Type.Object(
  {
    currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    prices: Type.Object(
      {
        twilio: Type.Optional(ByChannel),
        vonage: Type.Optional(ByChannel),
        messagebird: Type.Optional(ByChannel)
      } satisfies Record<(typeof PROVIDERS)[number], unknown>,
      { additionalProperties: false }
    )
  },
  { additionalProperties: false }
)

export interface Prices {
  /** ISO 4217. */
  readonly currency: string
  /** Of one message; of a long text, of one segment. */
  readonly priceOf: PriceOf
}

const compiled = Compile(File)

/** @returns sentences without a full stop, where it is not as it should be. */
export function readPrices(yaml: string): Prices | readonly string[] {
  let value: unknown
  try {
    value = parse(yaml, { maxAliasCount: 0 })
  } catch {
    return ['it is no YAML']
  }
  if (!compiled.Check(value)) {
    return compiled.Errors(value).map(({ instancePath, message }) => `${instancePath || '/'} ${message}`)
  }
  const { currency, prices } = value
  const unknown = Object.values(prices)
    .flatMap(({ sms = {}, voice = {} }) => [...Object.keys(sms), ...Object.keys(voice)])
    .filter((place) => place !== 'default' && !isCountry(place))
  if (unknown.length > 0) return [`${[...new Set(unknown)].join(', ')}: no ISO country code`]

  return {
    currency,
    priceOf: (provider, channel, country) => {
      const known = PROVIDERS.find((name) => name === provider)
      const places = known === undefined ? undefined : prices[known]?.[channel]
      return places?.[country ?? 'default'] ?? places?.['default']
    }
  }
}
