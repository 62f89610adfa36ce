import { CHANNELS, SENDER_KINDS } from '../../domain/message.ts'
import {
  among,
  amount,
  fraction,
  hash,
  listOf,
  maybe,
  ms,
  oneOf,
  record,
  text,
  word,
  yesNo
} from './fields.ts'
import { event } from './definition.ts'
import {
  attemptFields,
  auth,
  channel,
  country,
  flow,
  issuer,
  locale,
  numberType,
  org,
  orgName,
  outcomeClass,
  provider,
  providerAndChannel,
  REFUSAL_MEANINGS,
  traceId,
  transactionId,
  trigger
} from './shared.ts'

/** Who was not let in, and what tokens are checked with. */
export const DOOR_EVENTS = {
  'okta.request.refused': event({
    section: 'door',
    about: 'process',
    level: 'warn',
    description:
      'Somebody was not let in, or the body could not be read at all. These requests have no `otp.request.completed`.',
    fields: {
      request_id: text('ours; whoever called got it back in `debugContext.requestId`'),
      trace_id: traceId(),
      reason: word('why', {
        unauthorized: '401',
        invalid_json: '400',
        body_too_large: '413',
        unsupported_media_type: '415',
        internal_error: '500',
        source_not_allowed: '403: not in `ALLOWED_SOURCES`',
        no_client_certificate: '403: none that `TLS_CLIENT_CA` signed',
        too_many_requests: '429: more than `SOURCE_LIMIT`',
        too_many_failures: '429: wrong credentials again and again. Right ones are let in all the same',
        malformed_http: '400: no HTTP that can be read in one way only',
        headers_too_large: '431',
        too_slow: '408: it did not come in time',
        refused: 'any other'
      }),
      source: maybe(
        text(
          "the network address that it came from: the connection's, or what a proxy of `TRUSTED_PROXIES` says. Null where that is no address"
        )
      ),
      cause: maybe(oneOf('of a 401, which the caller is not told; else null', REFUSAL_MEANINGS)),
      auth: maybe(auth('what was tried; null where nothing was, or nothing that is known')),
      org_name: orgName('with `wrong_org`, whose secret it was, as `ORGS_FILE` calls it; else null'),
      http_status: amount('HTTP status', 'what was answered'),
      duration_ms: ms('from the arrival of the request')
    }
  }),
  'door.refusals': event({
    section: 'door',
    about: 'process',
    level: 'warn',
    description:
      'Of one reason and cause, ten lines are written in a minute; what else was turned away is counted here when the minute is over. Metrics count each.',
    fields: {
      door: oneOf('where', { okta: '`okta.request.refused`', admin: '`admin.request.refused`' }),
      reason: text('as in the lines before it'),
      cause: maybe(oneOf('the same', REFUSAL_MEANINGS)),
      refused: amount('requests', 'turned away without a line of their own', 1),
      sources: amount('addresses', 'that they came from; 1000 are told apart'),
      busiest_source: maybe(text('who came most often; null where no address is known')),
      busiest_refused: amount('requests', 'of the busiest'),
      for_ms: ms('since the first of all')
    }
  }),
  'auth.keys_fetched': event({
    section: 'door',
    about: 'process',
    level: 'info',
    description:
      "An issuer's keys were fetched for the first time, changed, or came again after a failure. They are fetched anew every ten minutes, which is not told of where nothing changed.",
    fields: {
      issuer: issuer('whose tokens they verify'),
      keys: amount('keys', 'that may sign tokens now', 1),
      added: amount('keys', 'that were not there before'),
      removed: amount('keys', 'that are there no more'),
      by: oneOf('why they were fetched', {
        start: '',
        refresh: 'it was time',
        unknown_key: 'a token named a key that was not known'
      })
    }
  }),
  'auth.keys_failed': event({
    section: 'door',
    about: 'process',
    level: 'error',
    description:
      "An issuer's keys could not be fetched. It is tried again, at first after a second, then once a minute. Written when it begins, and again when no keys are left: then its tokens are refused.",
    fields: {
      issuer: issuer('whose'),
      cause: word('why, in one word', {
        timeout: '',
        ECONNREFUSED: "or another code of the transport's",
        http_404: 'or another status',
        redirect: 'none is followed',
        too_large: 'above 64 KiB',
        not_json: '',
        wrong_shape: '',
        issuer_mismatch: 'its metadata speaks of another issuer',
        foreign_jwks_uri: 'its metadata says that the keys are somewhere else',
        org_authorization_server: "Okta's org authorization server, whose tokens nobody else can check",
        no_usable_keys: 'none for RS256, or all too short'
      }),
      known_keys: amount('keys', 'from before, that still serve, for 24 h at most; 0: none')
    }
  })
} as const

const phoneHash = 'of the number, keyed with `LOG_HASH_KEY`'

/** One request, from its arrival to its last late answer. */
export const REQUEST_EVENTS = {
  'otp.request.received': event({
    section: 'request',
    about: 'request',
    level: 'info',
    description: 'Okta asks for a code.',
    fields: {
      flow: flow(),
      channel: channel(),
      country: country(),
      number_type: numberType(),
      phone: text('masked: `SE…05`, or `+870…00` where there is no country'),
      phone_hash: hash(phoneHash),
      user_hash: maybe(hash("the same of Okta's user id; null where Okta names none")),
      locale: locale(),
      org: org(),
      org_name: orgName('whose secret let it in, as `ORGS_FILE` calls the org; null without that file'),
      auth: auth('what let it in'),
      auth_issuer: maybe(issuer('who issued the token; null for a secret')),
      preview: yesNo("sent by Okta's Preview"),
      code_as_number: yesNo('the code came as a JSON number, and may have lost leading zeros'),
      life_ms: ms('how long the code lives')
    }
  }),
  'otp.request.duplicate_suppressed': event({
    section: 'request',
    about: 'request',
    level: 'info',
    description: "The same request again. Nothing is sent, the first one's answer is given.",
    fields: {
      age_ms: maybe(ms('since the first; null where another node had it')),
      joined: yesNo('the first was still under way')
    }
  }),
  'otp.resend.detected': event({
    section: 'request',
    about: 'request',
    level: 'warn',
    description:
      'The same user and number again within `resend.within`, with a new event id. It is sent, by somebody else first. A few are people in a hurry; many for one provider and country are messages that do not arrive.',
    fields: {
      resend_count: amount('resends', '1 for the second code', 1),
      previous_provider: provider('who was tried last'),
      age_ms: ms('since then'),
      channel: channel(),
      country: country(),
      within_hour: amount(
        'resends',
        'after this provider in this country since an hour at most, of all nodes that share their state',
        1
      )
    }
  }),
  'otp.route.decided': event({
    section: 'request',
    about: 'request',
    level: 'info',
    description:
      'It holds all that a decision is made of, but neither number nor person: `switchboard replay` makes it again by another file.',
    fields: {
      rule: text('its name, or `otherwise`'),
      channel: channel(),
      routing_country: maybe(
        text(
          "what `country` in a rule was held against: the number's country, or the main one of its calling code; null where there is none"
        )
      ),
      number_type: numberType(),
      number_prefix: text(
        'the calling code and up to three digits more, as far as ten thousand numbers at least begin so and end like it'
      ),
      flow: flow(),
      locale: locale(),
      org: org(),
      tried_last: maybe(text('on a resend, who had the code before and so comes last; else null')),
      blocked: yesNo('the rule blocks: nothing is sent'),
      candidates: listOf(
        'in the order to try',
        record({
          provider: provider('who would be asked'),
          sender_kind: among('what the phone would show', SENDER_KINDS),
          timeout_ms: ms('how long its attempt may take')
        })
      ),
      skipped: listOf(
        'who is not asked, and why',
        record({
          provider: provider('who is not asked'),
          reason: oneOf('why', {
            no_credentials: '',
            no_channel: '',
            not_for_country: '',
            no_sender: '',
            drained: 'by a person',
            breaker_open: '',
            cooling_down: 'it asked to be left alone',
            beyond_max_attempts: ''
          })
        })
      ),
      split: maybe(
        record(
          {
            arm: text('the provider that the split drew'),
            from: fraction('0 to 1', 'the least draw with which it would have been the same'),
            to: fraction('0 to 1', 'the least draw above that with which it would not')
          },
          'the provider that a split drew, and the draws (from 0 to 1) with which it would have been the same; null without a split'
        )
      ),
      last_resorts: listOf(
        'who is asked when nobody in the chain took it: those that a breaker or a cool-down holds back, the least bad first',
        provider('who would be asked')
      ),
      decide_us: amount('us', 'how long the decision took, in **microseconds**')
    }
  }),
  'rules.shadow_diff': event({
    section: 'request',
    about: 'request',
    level: 'info',
    description:
      'What is tried beside the rules would have done something else with this request. Nothing else comes of it.',
    fields: {
      source: oneOf('what was tried', {
        rules: 'the live file with its `shadow` rules',
        file: 'the candidate'
      }),
      shadow_hash: text('of that file'),
      channel: channel(),
      country: country('as `routing_country` of `otp.route.decided`'),
      rule: text('which decided'),
      shadow_rule: text('which would have'),
      blocked: yesNo('the rule that decided blocks'),
      shadow_blocked: yesNo('the other would have blocked'),
      providers: listOf('in the order to try', provider()),
      shadow_providers: listOf(
        'in the order in which they would have been tried. Where they are the same, sender, timeout or rule differ',
        provider()
      )
    }
  }),
  'otp.attempt.skipped': event({
    section: 'request',
    about: 'request',
    level: 'warn',
    description: "A provider's turn came, and it was passed over.",
    fields: {
      ...providerAndChannel,
      reason: oneOf('why', {
        no_capacity: 'it has all that `capacity_per_second` says',
        breaker_open: 'since the plan was made'
      })
    }
  }),
  'otp.attempt.started': event({
    section: 'request',
    about: 'request',
    level: 'debug',
    description: 'A provider is asked.',
    fields: {
      attempt: amount('ordinal', '1 for the first'),
      provider: provider('who is asked'),
      trigger: trigger()
    }
  }),
  'otp.attempt.completed': event({
    section: 'request',
    about: 'request',
    level: {
      by: 'result',
      // Dead credentials and an empty account have an event of their own: provider.alarm.
      levels: {
        accepted: 'info',
        recipient_refused: 'info',
        opted_out: 'info',
        bad_request: 'error',
        unknown: 'error'
      },
      otherwise: 'warn'
    },
    description:
      'One for each attempt that ended before Okta was answered. (One that did not is in `attempts_detail` as `in_flight`, and ends as `otp.attempt.late_result`.)',
    fields: {
      ...attemptFields,
      channel: channel(),
      country: country(),
      deadline_left_ms: ms('until the deadline')
    }
  }),
  'otp.failover': event({
    section: 'request',
    about: 'request',
    level: 'warn',
    description: 'The next provider is asked.',
    fields: {
      from: provider('who was asked before'),
      to: provider('who is asked now'),
      reason: outcomeClass('what came of the one before; `no_answer` also where it is still running'),
      attempt: amount('ordinal', 'the number of the attempt that starts'),
      channel: channel()
    }
  }),
  'otp.request.completed': event({
    section: 'request',
    about: 'request',
    level: {
      by: 'outcome',
      levels: {
        failed: 'warn',
        undecided: 'warn',
        no_capacity: 'warn',
        overloaded: 'warn',
        not_understood: 'warn'
      },
      otherwise: 'info'
    },
    description:
      'Exactly one for each request that was let in and whose JSON could be read. Most dashboards need nothing else. (A bug of ours in between ends as `okta.request.refused` with `internal_error`.)',
    fields: {
      outcome: oneOf('[what Okta is told](../README.md#what-okta-is-told)', {
        accepted: '',
        refused: '',
        failed: '',
        undecided: '',
        blocked: '',
        expired: '',
        no_capacity: 'everybody has all that the rules say it takes',
        overloaded: '',
        duplicate: '',
        not_understood: ''
      }),
      reason: maybe(
        text(
          "`refused`: the class. `blocked`: the rule's reason. `overloaded`: as in `gateway.overloaded`. `not_understood`: `wrong_shape`, `unknown_channel`, `invalid_phone_number`, `invalid_code`, `missing_code`, `invalid_text`. Else null"
        )
      ),
      channel: maybe(among('a text message or a call; null where it could not be read', CHANNELS)),
      flow: flow(),
      country: country(),
      phone: maybe(text('masked, as in `otp.request.received`; null where it could not be read')),
      phone_hash: maybe(hash(`${phoneHash}; null where it could not be read`)),
      preview: yesNo("sent by Okta's Preview"),
      rule: maybe(text('which decided; null where none was asked')),
      provider: maybe(text('who accepted; null where nobody did')),
      provider_message_id: transactionId('the transaction id of who accepted; null where nobody did'),
      failover: yesNo('more than one provider was asked'),
      last_resort: yesNo(
        'one that was asked was held back by its breaker or a cool-down, as nobody else took it'
      ),
      attempts: amount('attempts', '0 for a duplicate'),
      attempts_detail: listOf(
        'all attempts, from `attempt` to `duration_ms`; here `result` may be `in_flight`',
        record(attemptFields, undefined, 'as in `otp.attempt.completed`')
      ),
      possible_duplicate: yesNo('more than one attempt was sent, or may have been'),
      org_name: orgName('as in `otp.request.received`'),
      okta_status: oneOf('what Okta is told', {
        SUCCESSFUL: '',
        PENDING: '',
        FAILED: '',
        ERROR: 'an `error` object'
      }),
      duration_ms: ms('from the arrival of the request'),
      deadline_left_ms: ms('until the deadline; below 0: too late')
    }
  }),
  'otp.attempt.late_result': event({
    section: 'request',
    about: 'request',
    level: 'warn',
    description:
      'What an attempt came to after Okta had been answered. It is heard out for 10 s. `result: accepted` is most likely a second message.',
    fields: {
      ...attemptFields,
      channel: channel(),
      country: country(),
      late_by_ms: ms('since the answer to Okta')
    }
  }),
  'otp.test.requested': event({
    section: 'request',
    about: 'request',
    level: 'info',
    description:
      "A person sends one code of our own making by the rules in force (`switchboard send`). Its decision and its attempts have the usual events; it is no request of Okta's, and has neither `otp.request.received` nor `otp.request.completed`.",
    fields: {
      by: text('who asked for it, as they said'),
      channel: channel(),
      country: country(),
      number_type: numberType(),
      phone: text('masked, as in `otp.request.received`'),
      phone_hash: hash(phoneHash),
      locale: locale()
    }
  }),
  'otp.test.completed': event({
    section: 'request',
    about: 'request',
    level: { by: 'outcome', levels: { accepted: 'info', blocked: 'info' }, otherwise: 'warn' },
    description: 'What came of it.',
    fields: {
      outcome: oneOf('what it came to', {
        accepted: '',
        refused: '',
        all_failed: '',
        undecided: '',
        blocked: '',
        expired: '',
        no_capacity: '',
        overloaded: ''
      }),
      reason: maybe(text('as in `otp.request.completed`')),
      channel: channel(),
      country: country(),
      rule: maybe(text('which decided; null where none was asked')),
      provider: maybe(text('who accepted; null where nobody did')),
      provider_message_id: transactionId('the transaction id of who accepted; null where nobody did'),
      attempts_detail: listOf(
        'all attempts, from `attempt` to `duration_ms`; here `result` may be `in_flight`',
        record(attemptFields, undefined, 'as in `otp.attempt.completed`')
      ),
      duration_ms: ms('from the arrival of the request')
    }
  })
} as const
