import { amount, maybe, ms, oneOf, text, word } from './fields.ts'
import { event } from './definition.ts'
import {
  attemptCause,
  channel,
  country,
  httpStatus,
  outcomeClass,
  provider,
  providerAndChannel,
  providerCode
} from './shared.ts'

const openCause = () =>
  word('why', {
    failure_rate: '',
    in_a_row: '',
    silent: 'calls that wait for long, one after another',
    probe_failed: '',
    credentials: '',
    quota: ''
  })

/** One breaker for each provider and channel. */
export const BREAKER_EVENTS = {
  'circuit.opened': event({
    section: 'breakers',
    about: 'process',
    level: 'warn',
    description: 'It is left alone for a while.',
    fields: {
      ...providerAndChannel,
      cause: openCause(),
      failures: amount('failures', 'in the window'),
      window_n: amount('calls', 'in the window'),
      open_ms: ms('until one request may try it again')
    }
  }),
  'circuit.half_opened': event({
    section: 'breakers',
    about: 'process',
    level: 'info',
    description: 'The next request tries it.',
    fields: providerAndChannel
  }),
  'circuit.closed': event({
    section: 'breakers',
    about: 'process',
    level: 'info',
    description: 'It is back.',
    fields: providerAndChannel
  }),
  'circuit.kept_closed': event({
    section: 'breakers',
    about: 'process',
    level: 'error',
    description:
      "It ought to open, and is the last of its channel that is not out: somebody has to be asked. What fails everywhere is more likely ours (the network, DNS, a sender) than everybody's. Once, until a call succeeds.",
    fields: { ...providerAndChannel, cause: openCause() }
  })
} as const

/** What a person wrote: one line, ours to print. */
const remark = (description: string) => text(description, 200)

const override = {
  id: text('`twilio-sms-se`: what it covers'),
  provider: provider('who is drained'),
  channel: maybe(channel('null: both')),
  country: country('ISO 3166-1 alpha-2; null: all'),
  why: remark('as that person wrote it'),
  by: remark('who did it, as that person wrote it'),
  until: text('ISO 8601')
} as const

/** Accounts: what people have to do, and what they have done. */
export const PROVIDER_EVENTS = {
  'provider.alarm': event({
    section: 'providers',
    about: 'process',
    level: 'error',
    description:
      '**Page somebody.** The provider refuses our credentials, or our money there is used up. Failover hides it, and nothing mends it but a person. Once when it begins, and again each hour while it lasts.',
    fields: {
      ...providerAndChannel,
      class: outcomeClass('`credentials` or `quota`'),
      cause: attemptCause(),
      provider_code: providerCode(),
      http_status: httpStatus()
    }
  }),
  'provider.alarm_over': event({
    section: 'providers',
    about: 'process',
    level: 'info',
    description: 'It accepts again.',
    fields: {
      ...providerAndChannel,
      class: outcomeClass('`credentials` or `quota`'),
      after_ms: ms('since it began')
    }
  }),
  'provider.cooling': event({
    section: 'providers',
    about: 'process',
    level: 'warn',
    description:
      'It said "too much" (429), and is left alone: as long as it asked for, a second where it named no time, a minute at most. Its breaker does not count that. Once for each time.',
    fields: { ...providerAndChannel, for_ms: ms('how long it is left alone') }
  }),
  'provider.override_set': event({
    section: 'providers',
    about: 'process',
    level: 'warn',
    description: 'A person has taken it out of use.',
    fields: { ...override, for_ms: ms('from now until its end') }
  }),
  'provider.override_ended': event({
    section: 'providers',
    about: 'process',
    level: 'warn',
    description: 'It is in use again, as far as this person is concerned.',
    fields: {
      ...override,
      reason: oneOf('why', { expired: 'written by each node', removed: '', replaced: '' }),
      ended_by: maybe(remark('who ended it; null where it expired'))
    }
  })
} as const
