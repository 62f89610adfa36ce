import { OUTCOME_CLASSES } from '../domain/outcome.ts'

/**
 * Every metric of ours: what `/metrics` is made of, and the table in docs/observability.md. Dashboards and alerts
 * read these names and labels, so that a change here is a line in the CHANGELOG. Values of labels are words from
 * short lists: no number, no user, no code, nothing that a caller writes.
 */
export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** One sentence, for whoever meets it in Prometheus. */
  readonly help: string
  readonly labels: readonly string[]
  readonly buckets?: readonly number[]
  /** The request that was counted last goes along, where OpenMetrics is asked for. */
  readonly exemplars?: true
}

/** Around the timeouts of attempts, the deadline of 2.5 s, and the 3 s after which Okta hangs up. */
const REQUEST_BUCKETS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 2.8, 3] as const

/** An attempt that was left running is heard out for ten seconds. */
const ATTEMPT_BUCKETS = [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 2.5, 5, 10] as const

/** In `0` is what came at the deadline or after it. */
const REMAINING_BUCKETS = [0, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 2.5] as const

export const METRICS = {
  otp_hook_requests_total: {
    type: 'counter',
    help: 'Requests of Okta that were let in and answered, by what became of them.',
    labels: ['channel', 'flow', 'country', 'outcome']
  },
  otp_hook_duration_seconds: {
    type: 'histogram',
    help: 'From the arrival of a request to its answer.',
    labels: ['channel', 'outcome'],
    buckets: REQUEST_BUCKETS,
    exemplars: true
  },
  otp_hook_deadline_remaining_seconds: {
    type: 'histogram',
    help: 'What was left of the deadline when a request was answered; 0 where it had passed.',
    labels: ['outcome'],
    buckets: REMAINING_BUCKETS
  },
  otp_hook_late_answers_total: {
    type: 'counter',
    help: 'Answers after the deadline: before Okta hung up, or after it (okta_hung_up).',
    labels: ['reason'],
    exemplars: true
  },
  otp_hook_refusals_total: {
    type: 'counter',
    help: 'Requests that were not let in, or could not be read at all.',
    labels: ['reason']
  },
  otp_hook_unauthorized_total: {
    type: 'counter',
    help: 'Requests that were not let in, by what was wrong with their secret or token.',
    labels: ['cause']
  },
  otp_org_requests_total: {
    type: 'counter',
    help: 'Requests that were let in and answered, by the org of ORGS_FILE whose secret opened; without that file none.',
    labels: ['org', 'channel', 'outcome']
  },
  otp_org_refusals_total: {
    type: 'counter',
    help: 'Requests with the secret of one org in the name of another, by the org whose secret it was.',
    labels: ['org']
  },
  otp_issuer_keys: {
    type: 'gauge',
    help: '1 for the state in which the keys of an issuer of tokens are. none: its tokens are refused.',
    labels: ['issuer', 'state']
  },
  otp_hook_in_flight: { type: 'gauge', help: 'Codes on their way.', labels: [] },
  otp_overload_refusals_total: {
    type: 'counter',
    help: 'Requests that were refused at once because this node had more to do than it can do in time.',
    labels: ['reason']
  },

  otp_provider_attempts_total: {
    type: 'counter',
    help: 'Calls to a provider, each once, when it came to its end: also after Okta was answered.',
    labels: ['provider', 'channel', 'country', 'result', 'error_class', 'trigger']
  },
  otp_provider_attempt_duration_seconds: {
    type: 'histogram',
    help: 'How long a provider took to answer, also where nobody waited any more.',
    labels: ['provider', 'channel', 'result'],
    buckets: ATTEMPT_BUCKETS,
    exemplars: true
  },
  otp_failovers_total: {
    type: 'counter',
    help: 'A request went on from one provider to the next.',
    labels: ['from', 'to', 'reason', 'channel'],
    exemplars: true
  },
  otp_last_resort_total: {
    type: 'counter',
    help: 'Attempts at a provider that a breaker or a cool-down held back, as nobody else was left.',
    labels: ['provider']
  },
  otp_late_results_total: {
    type: 'counter',
    help: 'Attempts that ended after Okta was answered. An accepted one is likely a second message.',
    labels: ['provider', 'result'],
    exemplars: true
  },
  otp_provider_unknown_codes_total: {
    type: 'counter',
    help: 'Refusals with a code that nobody has classified. The code stands in the log.',
    labels: ['provider'],
    exemplars: true
  },
  otp_provider_alarm: {
    type: 'gauge',
    help: '1 while a provider refuses our credentials or has no money of ours left, until it accepts again.',
    labels: ['provider', 'channel', 'class']
  },
  otp_provider_in_service: {
    type: 'gauge',
    help: 'Of those that have credentials and that the rules list: 1, or 0 while a person has drained all of it.',
    labels: ['provider', 'channel']
  },
  otp_provider_override: {
    type: 'gauge',
    help: '1 while a person has drained a provider: everywhere, or for some countries only.',
    labels: ['provider', 'channel', 'scope', 'state']
  },
  otp_provider_override_until_timestamp_seconds: {
    type: 'gauge',
    help: 'When the first of the drains that this node holds to has to end.',
    labels: ['provider', 'channel', 'scope']
  },
  otp_provider_capacity_used_ratio: {
    type: 'gauge',
    help: 'What this node gave a provider within the last second, as a share of what the account takes from all nodes.',
    labels: ['provider']
  },
  otp_capacity_rejections_total: {
    type: 'counter',
    help: 'A provider was passed over because its account takes no more a second.',
    labels: ['provider']
  },
  otp_attempts_hanging: {
    type: 'gauge',
    help: 'Attempts that nobody waits for any more, and that are still heard out.',
    labels: []
  },
  otp_circuit_state: {
    type: 'gauge',
    help: '1 for the state in which the breaker of a provider and channel is.',
    labels: ['provider', 'channel', 'state']
  },
  otp_circuit_transitions_total: {
    type: 'counter',
    help: 'Changes of a breaker. kept_closed: it ought to open, and is the last that is not out.',
    labels: ['provider', 'channel', 'to', 'cause']
  },
  otp_circuit_kept_closed: {
    type: 'gauge',
    help: '1 while a provider fails like all others of the channel and is kept in as the last one, until it accepts.',
    labels: ['provider', 'channel']
  },

  otp_resends_total: {
    type: 'counter',
    help: 'Somebody asked again for a code, by the provider that had the one before.',
    labels: ['previous_provider', 'channel', 'country']
  },
  otp_duplicates_suppressed_total: {
    type: 'counter',
    help: 'The same request came again, and nothing was sent for it.',
    labels: ['reason']
  },
  otp_blocked_total: {
    type: 'counter',
    help: 'Requests that a rule blocked, by the reason that the rules file gives.',
    labels: ['reason', 'mode']
  },

  otp_rule_matches_total: {
    type: 'counter',
    help: 'Requests that a rule decided; 0 for those of the file in force that have decided none.',
    labels: ['rule']
  },
  otp_rules_info: {
    type: 'gauge',
    help: '1 for the rules in force and for the candidate that is tried beside them, by their hash.',
    labels: ['role', 'hash']
  },
  otp_rules_reloads_total: {
    type: 'counter',
    help: 'Readings of a rules file, by what came of them: loaded, unchanged, rejected.',
    labels: ['role', 'result']
  },
  otp_rules_last_reload_successful: {
    type: 'gauge',
    help: '1 where the file as it is now is in force, 0 where it was rejected.',
    labels: ['role']
  },
  otp_rules_last_reload_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When the rules in force were loaded.',
    labels: ['role']
  },
  otp_rules_last_rejection_timestamp_seconds: {
    type: 'gauge',
    help: 'When a file was last rejected; not there if none was.',
    labels: ['role']
  },
  otp_rules_canary_stops_total: {
    type: 'counter',
    help: 'Candidates that were stopped because more people got no code by them.',
    labels: []
  },

  otp_state_reachable: {
    type: 'gauge',
    help: '1 where the nodes reach the Redis that they share, 0 where this one has lost it; not there without one.',
    labels: []
  },
  otp_state_losses_total: {
    type: 'counter',
    help: 'This node lost the shared state and went on with its own memory.',
    labels: []
  },
  otp_admin_refusals_total: {
    type: 'counter',
    help: 'Requests to the admin port that were not let in.',
    labels: ['reason']
  },
  otp_secrets_reloads_total: {
    type: 'counter',
    help: 'Readings of the secrets while running, by what came of them: reloaded, rejected.',
    labels: ['result']
  },
  otp_tls_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'When the certificate in force ends; not there without one.',
    labels: []
  },
  otp_tls_last_reload_successful: {
    type: 'gauge',
    help: '1 where the certificate in the files is in force, 0 where it was rejected; not there without one.',
    labels: []
  },
  otp_faults_total: {
    type: 'counter',
    help: 'Bugs that were caught. What they are stands in the log, as gateway.fault.',
    labels: []
  },
  otp_log_lines_dropped_total: {
    type: 'counter',
    help: 'Lines of the log that its reader did not take in time, counted when lines flow again (log.dropped).',
    labels: []
  },
  otp_traces_lost: {
    type: 'gauge',
    help: '1 while spans do not reach the collector of traces. How many and why stands in the log (traces.lost).',
    labels: []
  }
} as const satisfies Record<string, MetricDefinition>

export type MetricName = keyof typeof METRICS

/** What labels may say where an event says it in words that are not bound by a type. A test holds them to the code. */
export const WORDS = {
  hookRefusal: [
    'unauthorized',
    'invalid_json',
    'body_too_large',
    'unsupported_media_type',
    'internal_error',
    'source_not_allowed',
    'no_client_certificate',
    'too_many_requests',
    'too_many_failures',
    'malformed_http',
    'headers_too_large',
    'too_slow',
    'refused'
  ],
  adminRefusal: ['unauthorized', 'wrong_secret', 'too_many_log_ins', 'other_site', 'foreign_name'],
  overload: ['in_flight', 'event_loop', 'memory'],
  openCause: ['failure_rate', 'in_a_row', 'silent', 'probe_failed', ...Object.keys(OUTCOME_CLASSES)]
} as const satisfies Record<string, readonly string[]>
