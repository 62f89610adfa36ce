import { SCHEMES, type RefusalCause } from '../../domain/admission.ts'
import { CHANNELS, FLOWS } from '../../domain/message.ts'
import type { OutcomeClass } from '../../domain/outcome.ts'
import { NUMBER_TYPES } from '../../domain/phone.ts'
import { among, amount, listOf, maybe, ms, oneOf, oneOfTable, record, text, word } from './fields.ts'
import { Type } from 'typebox'

/** Fields that several events have. */

export const provider = (description = 'the account that carries the message') => text(description)

export const channel = (description = 'a text message or a call') => among(description, CHANNELS)

export const country = (
  description = 'ISO 3166-1 alpha-2; null for a number of no country or of no known range'
) => maybe(text(description))

export const flow = () => maybe(among('what the user is doing at Okta; null where Okta does not say', FLOWS))

export const numberType = () => among('what kind of number it is, as its numbering plan says', NUMBER_TYPES)

export const locale = () =>
  maybe(text('language, script and region of the user, BCP-47, as Okta sent it; null where it sent none'))

export const org = () =>
  maybe(text('the Okta domain that sent it, in lower case; null where Okta names none', 255))

export const auth = (description: string) => among(description, SCHEMES)

export const orgName = (description: string) => maybe(text(description))

export const issuer = (description: string) => text(description, 255)

/** What each cause of src/domain/admission.ts means. */
export const REFUSAL_MEANINGS = {
  no_credentials: 'no `Authorization`, and not the header of `OKTA_HEADER_NAME`',
  several_credentials: 'one of these headers came more than once',
  malformed_credentials: 'HTTP Basic that holds no pair',
  scheme_not_accepted: 'a scheme that has no setting here',
  wrong_secret: 'none of the secrets',
  malformed_token: 'no signed token, one without a time, or one above 8 KiB',
  wrong_algorithm: 'not RS256',
  wrong_type: 'a token of another kind',
  wrong_issuer: 'none of the issuers',
  keys_unavailable: "the issuer's keys could not be fetched: see `auth.keys_failed`",
  unknown_key: 'no key, or one that the issuer does not have',
  bad_signature: 'forged, or damaged',
  expired: 'more than 60 s ago',
  not_yet_valid: 'more than 60 s from now',
  wrong_audience: 'meant for somebody else',
  wrong_client: 'issued to a client that is none of ours',
  wrong_scope: 'without our scope',
  wrong_org: 'the secret of one org, and the request of another'
} as const satisfies { readonly [C in RefusalCause]: string }

export const providerAndChannel = { provider: provider(), channel: channel() }

/** What each class of src/domain/outcome.ts means, for the table in docs/log-events.md. */
export const CLASS_MEANINGS = {
  accepted: 'taken, with a transaction id. Not: delivered',
  not_reached: 'failed before the request was written',
  no_answer: 'written, and no answer that can be read',
  provider_error: 'the vendor says that it is in trouble',
  throttled: 'too much at once',
  credentials: 'the vendor does not know us any more',
  quota: 'no money left there',
  sender_refused: 'this sender or account may not write there',
  bad_request: 'the vendor calls our request malformed',
  unknown: 'refused with a code that nobody has classified',
  recipient_refused: 'the number cannot get it from anybody',
  opted_out: 'the person said STOP',
  fraud_blocked: 'the vendor takes it for fraud'
} as const satisfies { readonly [C in OutcomeClass]: string }

const IN_THE_TABLE = 'a [class](#classes)'

export const outcomeClass = (description: string) => oneOfTable(description, CLASS_MEANINGS, IN_THE_TABLE)

export const transactionId = (description: string) => maybe(text(description, 128))

export const providerCode = () => maybe(text("the vendor's own code; null where its answer held none"))

export const httpStatus = () =>
  maybe(
    amount('HTTP status', "of the vendor's answer; null where there was none, and for an accepted attempt")
  )

export const attemptCause = () =>
  maybe(
    word('what happened, in one word; null for an accepted attempt', {
      ECONNREFUSED: "or another code of the transport's",
      timeout: '',
      refused: '',
      unreadable_answer: '',
      http_502: 'or another status'
    })
  )

export const trigger = () =>
  oneOf('why the attempt was made', {
    first: '',
    failover: '',
    repeat: 'it surely did not send before',
    last_resort: 'nobody else took it'
  })

/** What an attempt came to, in an event of its own and in the summary of its request. */
export const attemptFields = {
  attempt: amount('ordinal', '1 for the first', 1),
  provider: provider('who was asked'),
  trigger: trigger(),
  result: oneOfTable(
    'what it came to',
    { ...CLASS_MEANINGS, in_flight: 'Okta had to be answered before it ended' },
    `${IN_THE_TABLE}, or \`in_flight\``
  ),
  sent_certainty: oneOf('whether the message left with the provider', {
    sent: '',
    not_sent: '',
    unknown: 'it may be on its way'
  }),
  cause: attemptCause(),
  provider_code: providerCode(),
  http_status: httpStatus(),
  provider_message_id: transactionId("the vendor's transaction id; null where it did not accept"),
  duration_ms: ms('how long the attempt took, or had taken')
} as const

/** Where a rules file has a fault. */
export const places = (description: string) =>
  listOf(
    description,
    record({
      line: amount('line', '1 for the first'),
      column: amount('column', '1 for the first'),
      code: text('explained in [rule-faults.md](rule-faults.md)')
    })
  )

export const rulesRole = () =>
  oneOf('which of the two files', {
    live: 'it decides',
    candidate: '`ROUTING_SHADOW_FILE`: it is tried beside the rules'
  })

export const rulesTrigger = () =>
  oneOf('who wanted it read', {
    start: '',
    watch: 'a change of the file',
    signal: '`SIGHUP`',
    admin: 'the admin port'
  })

/** W3C Trace Context. */
export const traceId = () =>
  maybe(
    Type.String({
      description:
        'the trace that the request belongs to: of the `traceparent` (W3C) that came with it; where none did, or none that is valid, of the trace that begins here, or null where nothing is traced (`OTEL_EXPORTER_OTLP_ENDPOINT`)',
      pattern: '^[0-9a-f]{32}$'
    })
  )

/** W3C Trace Context. */
export const spanId = () =>
  Type.Optional(
    Type.String({
      description: 'our span `otp.request` in that trace; only where it is exported',
      pattern: '^[0-9a-f]{16}$'
    })
  )
