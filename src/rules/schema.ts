import { Type, type Static, type TSchema } from 'typebox'
import { CHANNELS, FLOWS, SENDER_KINDS } from '../domain/message.ts'
import { NUMBER_TYPES } from '../domain/phone.ts'
import { COUNTRIES } from './countries.ts'
import { PROVIDERS } from './providers.ts'
import { DURATION, MOMENT, parseDuration, PERCENT } from './values.ts'

/**
 * What the checker knows beyond JSON Schema. It stands in the schema under `check`, and is left out of the
 * one for editors.
 */
export interface Check {
  /** A text with a meaning of its own. */
  readonly form?: 'duration' | 'percent' | 'prefix' | 'moment'
  /** Limits of a duration. */
  readonly leastMs?: number
  readonly mostMs?: number
  /** The text names one of these; a `place` is a country or a group of countries. */
  readonly refersTo?: Referent
  /** The same for the keys of an object. */
  readonly keysReferTo?: Referent
  /** Said of a key that does not fit the pattern. */
  readonly keyFault?: string
  /** What stands here by mistake is most likely a secret: no message has it. */
  readonly isUnquoted?: boolean
}

/** `provider` is one listed in the file, `any_provider` one that the gateway knows. */
export type Referent = 'provider' | 'any_provider' | 'sender' | 'country' | 'place'

const CLOSED = { additionalProperties: false } as const

/** Every list of names in the file, and every map, ends here. */
const MAX_NAMES = 300
const MAX_RULES = 10_000

const NAME = '^[a-z][a-z0-9_-]{0,63}$'
const NAME_FAULT = 'is no name: 1 to 64 small letters, digits, "_" and "-", a letter first'

/** What holds where the file says nothing, as it would be written there. */
export const DEFAULTS = {
  deadline: '2500ms',
  attemptTimeout: '900ms',
  minAttempt: '300ms',
  maxAttempts: 3,
  breaker: {
    window: '10s',
    minCalls: 5,
    failureRate: '50%',
    inARow: 5,
    openFor: '2s',
    openAtMost: '4s'
  },
  resend: { within: '10m', preferOtherProvider: true },
  reply: { allFailed: 'failed', undecided: 'failed', blocked: 'error' },
  canary: { minSample: 200 },
  reason: 'blocked'
} as const

function check(knowledge: Check): { readonly check: Check } {
  return { check: knowledge }
}

function duration(least: string, most: string, description: string, more: { default?: string } = {}) {
  return Type.String({
    description: `${description} With its unit: ms, s or m; ${least} to ${most}.`,
    pattern: DURATION,
    patternErrorMessage: 'is no time: write it with its unit, as 2500ms, 2.5s or 10m',
    ...check({ form: 'duration', leastMs: parseDuration(least), mostMs: parseDuration(most) }),
    ...more
  })
}

function percent(description: string, more: { default: string }) {
  return Type.String({
    description,
    pattern: PERCENT,
    patternErrorMessage: 'is no percentage: write it as 50%',
    ...check({ form: 'percent' }),
    ...more
  })
}

function count(minimum: number, maximum: number, description: string, more: { default?: number } = {}) {
  return Type.Integer({ minimum, maximum, description, ...more })
}

function text(maxLength: number, description: string) {
  return Type.String({
    minLength: 1,
    maxLength,
    description,
    // It is printed on terminals.
    pattern: String.raw`^[^\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+$`,
    patternErrorMessage: 'holds control characters; write it as one line of text'
  })
}

function oneOrMore<T extends TSchema>(one: T, description: string) {
  return Type.Union([one, Type.Array(one, { minItems: 1, maxItems: MAX_NAMES })], { description })
}

function map<T extends TSchema>(value: T, description: string) {
  return Type.Record(Type.String({ pattern: NAME }), value, {
    ...CLOSED,
    description,
    maxProperties: MAX_NAMES,
    ...check({ keyFault: NAME_FAULT })
  })
}

const Provider = Type.Enum(PROVIDERS, {
  description: 'A provider, as listed under "providers".',
  ...check({ refersTo: 'provider' })
})

const SenderName = Type.String({
  pattern: NAME,
  maxLength: 64,
  description: 'A sender, as listed under "senders".',
  ...check({ refersTo: 'sender' })
})

const Senders = oneOrMore(
  SenderName,
  'A sender, or several in order of preference: the first that may be used with the provider, the country and the channel is taken.'
)

const Place = Type.String({
  pattern: '^([A-Z]{2}|[a-z][a-z0-9_-]{0,63})$',
  maxLength: 64,
  description:
    'An ISO 3166-1 alpha-2 code, such as GB, or the name of a country group: of your own, or eu, eea, gcc, nanp, africa, antarctica, asia, europe, north_america, oceania, south_america, sender_registration.',
  ...check({ refersTo: 'place' })
})

const onlyFor = Type.Optional(oneOrMore(Place, 'Used for these countries and groups only.'))
const notFor = Type.Optional(oneOrMore(Place, 'Never used for these countries and groups.'))

const ProviderEntry = Type.Object(
  {
    channels: oneOrMore(
      Type.Enum(CHANNELS, { description: 'A way to reach a phone.' }),
      'What this account may be used for.'
    ),
    not_for: notFor,
    only_for: onlyFor,
    capacity_per_second: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        description:
          'Messages a second that the account takes, texts and calls together. What comes beyond goes to the next provider.'
      })
    )
  },
  {
    ...CLOSED,
    title: 'provider',
    description: 'An account that carries messages. Its credentials come from the environment.'
  }
)

const SenderEntry = Type.Object(
  {
    kind: Type.Enum(SENDER_KINDS, {
      description:
        'alphanumeric: a name, 1 to 11 letters, digits and spaces, not for calls, and not where carriers take no names. number: "+" and digits, in quotes. short_code: 3 to 8 digits, in quotes. messaging_service: a sender pool of Twilio, MG and 32 hex digits.'
    }),
    value: text(64, 'What the phone shows, in the form of its kind.'),
    only: Type.Optional(oneOrMore(Provider, 'The only providers that may use it.')),
    only_for: onlyFor,
    not_for: notFor,
    registered_in: Type.Optional(
      oneOrMore(
        Place,
        'Countries and groups in which a name has been registered, where carriers ask for that.'
      )
    )
  },
  { ...CLOSED, title: 'sender', description: 'Who a message comes from.' }
)

const Breaker = Type.Object(
  {
    window: Type.Optional(
      duration('1s', '10m', 'How far back failures count.', { default: DEFAULTS.breaker.window })
    ),
    min_calls: Type.Optional(
      count(1, 10_000, 'Calls in the window before the failure rate counts.', {
        default: DEFAULTS.breaker.minCalls
      })
    ),
    failure_rate: Type.Optional(
      percent('The share of failed calls in the window that opens it: 1% to 100%.', {
        default: DEFAULTS.breaker.failureRate
      })
    ),
    in_a_row: Type.Optional(
      count(1, 1_000, 'So many failures one after another open it, whatever the window says.', {
        default: DEFAULTS.breaker.inARow
      })
    ),
    open_for: Type.Optional(
      duration('100ms', '10m', 'How long it stays open at first.', { default: DEFAULTS.breaker.openFor })
    ),
    open_at_most: Type.Optional(
      duration('100ms', '60m', 'Reopening doubles the wait up to this.', {
        default: DEFAULTS.breaker.openAtMost
      })
    )
  },
  {
    ...CLOSED,
    title: 'breaker',
    description: 'When a provider that fails is left alone for a while. One breaker per provider and channel.'
  }
)

const Defaults = Type.Object(
  {
    deadline: Type.Optional(
      duration(
        '500ms',
        '2900ms',
        'From the first byte of the request to the answer; Okta hangs up after 3 s.',
        {
          default: DEFAULTS.deadline
        }
      )
    ),
    attempt_timeout: Type.Optional(
      duration('50ms', '2900ms', 'Then the next provider starts; the first is left running.', {
        default: DEFAULTS.attemptTimeout
      })
    ),
    min_attempt: Type.Optional(
      duration('10ms', '1000ms', 'With less than this left, no new attempt starts.', {
        default: DEFAULTS.minAttempt
      })
    ),
    max_attempts: Type.Optional(
      count(1, 10, 'Providers tried in the first pass.', { default: DEFAULTS.maxAttempts })
    ),
    sender: Senders,
    country: Type.Optional(
      Type.Enum(COUNTRIES, {
        description: 'The country of numbers that come without "+". Without it they cannot be read.',
        ...check({ refersTo: 'country' })
      })
    ),
    resend: Type.Optional(
      Type.Object(
        {
          within: Type.Optional(
            duration('10s', '60m', 'The same user and number again within this time is a resend.', {
              default: DEFAULTS.resend.within
            })
          ),
          prefer_other_provider: Type.Optional(
            Type.Boolean({
              description: 'On a resend the provider tried last moves to the end.',
              default: DEFAULTS.resend.preferOtherProvider
            })
          )
        },
        {
          ...CLOSED,
          title: 'resend',
          description: 'Somebody asks again: the first message may not have arrived.'
        }
      )
    ),
    breaker: Type.Optional(Breaker)
  },
  { ...CLOSED, title: 'defaults', description: 'What holds wherever a rule says nothing else.' }
)

const Reply = Type.Object(
  {
    all_failed: Type.Optional(
      Type.Enum(['failed', 'error'], {
        description: 'When surely nothing was sent.',
        default: DEFAULTS.reply.allFailed
      })
    ),
    undecided: Type.Optional(
      Type.Enum(['failed', 'successful', 'pending'], {
        description:
          'When the deadline comes and a provider has not answered yet. "failed" makes a double message likely, "successful" risks a missing one.',
        default: DEFAULTS.reply.undecided
      })
    ),
    blocked: Type.Optional(
      Type.Enum(['failed', 'error'], {
        description: 'When a rule blocks the number.',
        default: DEFAULTS.reply.blocked
      })
    )
  },
  { ...CLOSED, title: 'reply', description: 'What Okta is told.' }
)

const OrgDomain = Type.String({
  description: 'An Okta domain, such as acme.okta.com.',
  maxLength: 253,
  pattern: String.raw`^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$`,
  patternErrorMessage: 'is no Okta domain: write it without https:// and without a path, as acme.okta.com'
})

const Canary = Type.Object(
  {
    percent: count(
      1,
      100,
      'The share of people whose requests this file decides. One person is always in it or never.'
    ),
    org: Type.Optional(oneOrMore(OrgDomain, 'Only requests of these orgs.')),
    min_sample: Type.Optional(
      count(20, 100_000, 'So many requests of each side before it is judged.', {
        default: DEFAULTS.canary.minSample
      })
    )
  },
  {
    ...CLOSED,
    title: 'canary',
    description:
      'For a candidate file (ROUTING_SHADOW_FILE): it decides for a share of people, and stops by itself when more of them get no code.'
  }
)

/** What a rule may ask. A new predicate begins as a line here. */
const When = Type.Object(
  {
    country: Type.Optional(oneOrMore(Place, "The number's country.")),
    not_country: Type.Optional(oneOrMore(Place, "Not the number's country.")),
    prefix: Type.Optional(
      oneOrMore(
        Type.String({
          description: 'How the number begins, in quotes: "+441".',
          pattern: String.raw`^\+[1-9]\d{0,14}$`,
          patternErrorMessage: 'is no beginning of a number: write "+" and 1 to 15 digits, in quotes',
          ...check({ form: 'prefix' })
        }),
        'How the number begins.'
      )
    ),
    number_type: Type.Optional(
      oneOrMore(
        Type.Enum(NUMBER_TYPES, { description: 'A type of number.' }),
        'What kind of line it is. US and Canadian numbers are fixed_line_or_mobile, and satisfy "mobile" and "fixed_line" too.'
      )
    ),
    channel: Type.Optional(
      oneOrMore(
        Type.Enum(CHANNELS, { description: 'A way to reach a phone.' }),
        'How the code is to be carried.'
      )
    ),
    flow: Type.Optional(
      oneOrMore(Type.Enum(FLOWS, { description: 'A flow of Okta.' }), 'What the user is doing.')
    ),
    locale: Type.Optional(
      oneOrMore(
        Type.String({
          description: 'A language, "en", or a language and a region, "en-US". "en" holds for "en-US" too.',
          pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$',
          patternErrorMessage: 'is no locale: write "en" or "en-US"'
        }),
        "The user's language."
      )
    ),
    org: Type.Optional(oneOrMore(OrgDomain, 'The Okta org that asks.'))
  },
  {
    ...CLOSED,
    title: 'when',
    minProperties: 1,
    description: 'What must hold for the rule to apply: all of the keys, for each any of its values.'
  }
)

const onNoAnswer = (whose: string) =>
  Type.Optional(
    Type.Enum(['next', 'wait'], {
      description: `When a timeout passes without an answer: "next" starts the next provider beside it, which can make two messages; "wait" waits for it. ${whose}`
    })
  )

const stepSettings = {
  sender: Type.Optional(Senders),
  timeout: Type.Optional(duration('50ms', '2900ms', 'Then the next provider starts.')),
  on_no_answer: onNoAnswer('As the rule says, where it is missing.')
}

const weight = Type.Optional(
  Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'Its share of the whole.' })
)

const ProviderStep = Type.Object({ provider: Provider, ...stepSettings }, { ...CLOSED, title: 'step' })

const SplitStep = Type.Object(
  {
    split: Type.Object(
      { twilio: weight, vonage: weight, messagebird: weight } satisfies Record<
        (typeof PROVIDERS)[number],
        unknown
      >,
      {
        ...CLOSED,
        title: 'split',
        minProperties: 2,
        description:
          'Providers and their weights: { twilio: 80, vonage: 20 }. One person keeps one provider; the others follow it.',
        ...check({ keysReferTo: 'provider' })
      }
    ),
    ...stepSettings
  },
  { ...CLOSED, title: 'step' }
)

const action = {
  send: Type.Optional(
    Type.Array(Type.Union([Provider, ProviderStep, SplitStep]), {
      minItems: 1,
      maxItems: 20,
      description: 'The providers to try, in order. A name alone is a step with the defaults.'
    })
  ),
  on_no_answer: onNoAnswer(
    'For steps that do not say; where it is missing, next for texts and wait for calls.'
  ),
  block: Type.Optional(
    Type.Object(
      {
        reason: Type.Optional(
          Type.String({
            pattern: '^[a-z][a-z0-9_]{0,63}$',
            patternErrorMessage:
              'is no reason: 1 to 64 small letters, digits and "_", such as premium_number',
            description: 'One word for logs and metrics, such as premium_number.',
            default: DEFAULTS.reason
          })
        )
      },
      { ...CLOSED, title: 'block', description: 'Answer without sending.' }
    )
  )
}

const SEND_OR_BLOCK = { oneOf: [{ required: ['send'] }, { required: ['block'] }] }

const Rule = Type.Object(
  {
    name: Type.String({
      description: 'How logs and metrics name it. Unique.',
      pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
      maxLength: 64,
      patternErrorMessage: 'is no rule name: small letters, digits and single hyphens, such as nordics-sms'
    }),
    why: Type.Optional(text(500, 'Why it is there, for whoever reads it next year.')),
    owner: Type.Optional(text(100, 'Whom to ask.')),
    until: Type.Optional(
      Type.String({
        description:
          'When a temporary rule ends: a day, 2026-12-31, which is its last one (UTC), or a moment, 2026-12-31T18:00Z. Seven days before, there are warnings.',
        pattern: MOMENT,
        patternErrorMessage: 'is no end: write a day, 2026-12-31, or a moment, 2026-12-31T18:00Z',
        ...check({ form: 'moment' })
      })
    ),
    shadow: Type.Optional(
      Type.Boolean({
        description: 'Looked at and logged (rules.shadow_diff), never applied.',
        default: false
      })
    ),
    when: When,
    ...action
  },
  { ...CLOSED, ...SEND_OR_BLOCK, title: 'rule' }
)

/** The whole file. The checker walks along it, and the schema for editors is this one. */
export const RulesFile = Type.Object(
  {
    version: Type.Literal(1, { description: 'The version of this language.' }),
    providers: Type.Object(
      {
        twilio: Type.Optional(ProviderEntry),
        vonage: Type.Optional(ProviderEntry),
        messagebird: Type.Optional(ProviderEntry)
      } satisfies Record<(typeof PROVIDERS)[number], unknown>,
      {
        ...CLOSED,
        title: 'providers',
        minProperties: 1,
        description: 'The accounts that carry messages.',
        ...check({ keysReferTo: 'any_provider' })
      }
    ),
    senders: map(SenderEntry, 'Who messages come from, each under a name of its own.'),
    country_groups: Type.Optional(
      map(
        Type.Array(Place, {
          minItems: 1,
          maxItems: MAX_NAMES,
          description: 'Its countries, and other groups.'
        }),
        'Countries under one name. A group may hold other groups. Known without being said here: eu, eea, gcc, nanp, the continents, sender_registration.'
      )
    ),
    defaults: Defaults,
    reply: Type.Optional(Reply),
    canary: Type.Optional(Canary),
    rules: Type.Optional(
      Type.Array(Rule, { maxItems: MAX_RULES, description: 'In order: the first rule that matches wins.' })
    ),
    otherwise: Type.Object(action, {
      ...CLOSED,
      ...SEND_OR_BLOCK,
      title: 'otherwise',
      description: 'What happens when no rule matches.'
    })
  },
  {
    ...CLOSED,
    title: 'routing rules',
    description: 'Which provider carries which code. See docs/rule-faults.md for faults.'
  }
)

export type RulesFile = Static<typeof RulesFile>

/** The JSON Schema that editors read, as the text of config/routing.schema.json. */
export function editorSchema(): string {
  const schema = { $schema: 'http://json-schema.org/draft-07/schema#', ...RulesFile }
  return `${JSON.stringify(schema, (key, value: unknown) => (key === 'check' ? undefined : value), 2)}\n`
}
