import { Type, type Static, type TProperties } from 'typebox'
import { Value } from 'typebox/value'
import { CHANNELS } from '../domain/message.ts'

/** A day, in ms. */
const LONGEST_MS = 86_400_000

const Ms = Type.Integer({ minimum: 1, maximum: 600_000 })
const Status = Type.Integer({ minimum: 200, maximum: 599 })

const scope = {
  /** Both channels, where it is missing. */
  channel: Type.Optional(Type.Enum([...CHANNELS])),
  /** Of the requests, drawn one by one; 1 where it is missing. */
  share: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  /** Only so many requests; all, where it is missing. */
  count: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000 })),
  /** Only for so long; until it is cleared, where it is missing. */
  duration_ms: Type.Optional(Type.Integer({ minimum: 1, maximum: LONGEST_MS }))
}

function fault<M extends string, P extends TProperties>(mode: M, fields: P) {
  return Type.Object({ mode: Type.Literal(mode), ...fields, ...scope }, { additionalProperties: false })
}

/** How a vendor can fail. Each row is a `mode` with the fields that it takes, apart from its scope. */
export const FAULTS = {
  /**
   * An error in the vendor's own shape: any HTTP status, any vendor code, or both. Of Vonage SMS the code
   * is the status inside an answer of HTTP 200. A 2xx without a code answers `{}`.
   */
  status: fault('status', {
    status: Type.Optional(Status),
    code: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[a-z0-9-]{1,40}$' })])
    )
  }),
  /** Takes the request's head, leaves its body in the socket, never answers. */
  hang_before_read: fault('hang_before_read', {}),
  /** Takes all of the request, never answers, delivers nothing. */
  hang_after_read: fault('hang_after_read', {}),
  /** Delivers, never answers. */
  accept_then_hang: fault('accept_then_hang', {}),
  /** Resets the connection before the body is read. */
  reset_before_read: fault('reset_before_read', {}),
  /** Resets the connection after the body was read, delivers nothing. */
  reset_after_read: fault('reset_after_read', {}),
  /** Delivers, then resets the connection. */
  accept_then_reset: fault('accept_then_reset', {}),
  /** Delivers, answers with the head at once and the body in drops until `over_ms` is over. */
  dribble: fault('dribble', { over_ms: Ms }),
  /** Delivers, answers after a delay: fixed, even between two bounds, or log-normal. */
  slow: fault('slow', {
    delay_ms: Type.Union([
      Type.Integer({ minimum: 0, maximum: 600_000 }),
      Type.Object({ min: Ms, max: Ms }, { additionalProperties: false }),
      Type.Object({ median: Ms, p99: Ms }, { additionalProperties: false })
    ])
  }),
  /** A page of HTML, as a proxy in front of the vendor writes it; 502 where `status` is missing. */
  html: fault('html', { status: Type.Optional(Status) }),
  /** 200 with no body. Delivers nothing. */
  empty_200: fault('empty_200', {}),
  /** 429 as the vendor says it, with or without `Retry-After`, in seconds or as a date. */
  throttle: fault('throttle', {
    retry_after_s: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400 })),
    retry_after_form: Type.Optional(Type.Enum(['seconds', 'date']))
  }),
  /** Sends the caller elsewhere; 308 where `status` is missing, and to a path of its own that takes nothing. */
  redirect: fault('redirect', {
    status: Type.Optional(Type.Enum([301, 302, 303, 307, 308])),
    location: Type.Optional(Type.String({ pattern: '^https?://', maxLength: 2_000 }))
  }),
  /** 200 with so many bytes of JSON; 10 MiB where `bytes` is missing. Delivers nothing. */
  huge_body: fault('huge_body', { bytes: Type.Optional(Type.Integer({ minimum: 1, maximum: 104_857_600 })) }),
  /** Connections are refused, those that are open are cut. Cleared, it listens on the same port again. */
  refuse: Type.Object(
    { mode: Type.Literal('refuse'), channel: scope.channel, duration_ms: scope.duration_ms },
    { additionalProperties: false }
  )
} as const

export type FaultMode = keyof typeof FAULTS
export type Fault = { [M in FaultMode]: Static<(typeof FAULTS)[M]> }[FaultMode]
export type Delay = Extract<Fault, { mode: 'slow' }>['delay_ms']

/** Which requests a fault holds for. */
export type FaultScope = Partial<
  Pick<Extract<Fault, { mode: 'status' }>, 'channel' | 'share' | 'count' | 'duration_ms'>
>

export type FaultReading =
  | { readonly kind: 'fault'; readonly fault: Fault }
  /** Sentences for the person who wrote it. */
  | { readonly kind: 'mistakes'; readonly mistakes: readonly string[] }

/** Reads a fault as a person wrote it, and names every mistake at once. */
export function readFault(input: unknown): FaultReading {
  const mode = typeof input === 'object' && input !== null && 'mode' in input ? input.mode : undefined
  if (typeof mode !== 'string' || !Object.hasOwn(FAULTS, mode)) {
    return mistakes([`mode must be one of ${Object.keys(FAULTS).join(', ')}`])
  }
  const schema = FAULTS[mode as FaultMode]
  if (!Value.Check(schema, input)) return mistakes(mistakesIn(schema, input))
  const fault: Fault = input
  const contradictions = contradictionsIn(fault)
  return contradictions.length === 0 ? { kind: 'fault', fault } : mistakes(contradictions)
}

function mistakes(sentences: readonly string[]): FaultReading {
  return { kind: 'mistakes', mistakes: [...new Set(sentences)] }
}

/** Of fields that may be written in more than one way. */
const FORMS: Readonly<Record<string, string>> = {
  code: "a number or a word, as the vendor's list of codes has it",
  delay_ms: 'a number, {"min", "max"} or {"median", "p99"}, in whole ms'
}

function mistakesIn(schema: (typeof FAULTS)[FaultMode], input: unknown): readonly string[] {
  // What is wrong with each form of a field helps nobody: the field's own error names the forms.
  const errors = Value.Errors(schema, input).filter(({ schemaPath }) => !schemaPath.includes('/anyOf/'))
  return errors.flatMap((error) => {
    const field = error.instancePath.slice(1).replaceAll('/', '.')
    switch (error.keyword) {
      case 'additionalProperties':
        return []
      case 'boolean':
        return [
          `${field} is not a field of this mode, which has ${Object.keys(schema.properties).join(', ')}`
        ]
      case 'required':
        return error.params.requiredProperties.map(
          (name) => `${field === '' ? '' : `${field}.`}${name} is missing`
        )
      case 'enum':
        return [`${field} must be one of ${error.params.allowedValues.join(', ')}`]
      case 'anyOf':
        return [`${field} must be ${FORMS[field] ?? 'of another form'}`]
      default:
        return [`${field === '' ? 'the body' : field} ${error.message}`]
    }
  })
}

function contradictionsIn(fault: Fault): readonly string[] {
  if (fault.mode === 'status' && fault.status === undefined && fault.code === undefined) {
    return ['status or code is missing']
  }
  if (fault.mode !== 'slow' || typeof fault.delay_ms === 'number') return []
  const [low, high] =
    'min' in fault.delay_ms
      ? [fault.delay_ms.min, fault.delay_ms.max]
      : [fault.delay_ms.median, fault.delay_ms.p99]
  return low > high ? ['delay_ms ends below its beginning'] : []
}

/** The 99th percentile of the normal distribution. */
const NORMAL_P99 = 2.326_347_9

/** @returns ms. */
export function drawDelay(delay: Delay, random: () => number): number {
  if (typeof delay === 'number') return delay
  if ('min' in delay) return delay.min + (delay.max - delay.min) * random()
  // Box-Muller; 1 - random() is never 0.
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const sigma = Math.log(delay.p99 / delay.median) / NORMAL_P99
  return Math.min(delay.median * Math.exp(sigma * normal), LONGEST_MS)
}
