import { REFUSAL_CAUSES } from '../domain/admission.ts'
import { CHANNELS, type Channel } from '../domain/message.ts'
import { OUTCOME_CLASSES, type OutcomeClass } from '../domain/outcome.ts'
import type { AttemptDetail, EventName, GatewayEvent } from './events.ts'
import type { Count, Exemplar, LabelsOf, MetricsRegistry } from './metrics-registry.ts'
import { WORDS, type MetricName } from './metrics-vocabulary.ts'

/** What is counted of an event, where something is. */
export type Handlers = {
  readonly [K in EventName]?: (event: Extract<GatewayEvent, { event: K }>, exemplar?: Exemplar) => void
}

/** Words of the rules files in force that are labels. */
export interface RuleWords {
  readonly names: Iterable<string>
  readonly blockReasons: Iterable<string>
}

export interface Counts {
  /** Each is told of every event. */
  readonly handlers: readonly Handlers[]
  /** Forgets the rules that are in force no more, and has those that are begin at 0. */
  readonly keepRules: (words: RuleWords) => void
}

export interface Bounds {
  readonly providers: readonly string[]
  readonly countries: readonly string[]
  /** Those of the file of orgs, by their names there. */
  readonly orgs: () => readonly string[]
  /** Ms since 1970. */
  readonly epoch: () => number
}

/** Okta waits so long, in ms. */
const OKTA_HANGS_UP_MS = 3_000

/** So many words of a rules file are labels; what is beyond is counted together, so that a page stays short. */
const MOST_RULE_WORDS = 1_000

/** What only a person can mend. */
export const ALARM_CLASSES = (Object.keys(OUTCOME_CLASSES) as OutcomeClass[]).filter(
  (name) => OUTCOME_CLASSES[name].breaker === 'open_now'
)

/** What `result` of an attempt says, by how sure it is that the message left. */
export const RESULT_OF = { sent: 'accepted', not_sent: 'failed', unknown: 'no_answer' } as const

export function createCounts(registry: MetricsRegistry, bounds: Bounds): Counts {
  const country = oneOf(bounds.countries)
  const words: Words = {
    provider: oneOf(bounds.providers),
    country: (code) => (code === null ? 'none' : country(code))
  }
  const matches = countMatches(registry)
  return {
    handlers: [
      countRequests(registry, words),
      countDoors(registry, bounds),
      countAttempts(registry, words, bounds),
      countBreakers(registry, words, bounds),
      matches.handlers,
      countReloads(registry, bounds),
      countNode(registry)
    ],
    keepRules: matches.keepRules
  }
}

interface Words {
  readonly provider: (name: string) => string
  readonly country: (code: string | null) => string
}

/** A word of a short list, or `other`: whatever it says, it makes no time series of its own. */
function oneOf(words: readonly string[]): (word: string) => string {
  const known = new Set(words)
  return (word) => (known.has(word) ? word : 'other')
}

function countRequests(registry: MetricsRegistry, { provider, country }: Words): Handlers {
  const requests = registry.counter('otp_hook_requests_total')
  const durations = registry.histogram('otp_hook_duration_seconds')
  const remaining = registry.histogram('otp_hook_deadline_remaining_seconds')
  const late = registry.counter('otp_hook_late_answers_total')
  const refusals = registry.counter('otp_hook_refusals_total')
  const overload = registry.counter('otp_overload_refusals_total')
  const resends = registry.counter('otp_resends_total')
  const duplicates = registry.counter('otp_duplicates_suppressed_total')
  for (const reason of ['deadline_passed', 'okta_hung_up']) late.begin({ reason })
  for (const reason of WORDS.hookRefusal) refusals.begin({ reason })
  for (const reason of WORDS.overload) overload.begin({ reason })
  for (const reason of ['in_flight', 'answered', 'other_node']) duplicates.begin({ reason })
  const hookRefusal = oneOf(WORDS.hookRefusal)
  const overloadReason = oneOf(WORDS.overload)

  return {
    'otp.request.completed'(event, exemplar) {
      const { outcome, duration_ms: durationMs, deadline_left_ms: leftMs } = event
      const channel = event.channel ?? 'none'
      requests.add({ channel, flow: event.flow ?? 'none', country: country(event.country), outcome })
      durations.observe({ channel, outcome }, durationMs / 1000, exemplar)
      remaining.observe({ outcome }, Math.max(0, leftMs) / 1000)
      if (leftMs < 0) {
        late.add({ reason: durationMs < OKTA_HANGS_UP_MS ? 'deadline_passed' : 'okta_hung_up' }, exemplar)
      }
      if (outcome === 'overloaded') overload.add({ reason: overloadReason(event.reason ?? 'other') })
    },
    'okta.request.refused': ({ reason }) => refusals.add({ reason: hookRefusal(reason) }),
    'otp.resend.detected': (event) =>
      resends.add({
        previous_provider: provider(event.previous_provider),
        channel: event.channel,
        country: country(event.country)
      }),
    'otp.request.duplicate_suppressed': ({ age_ms: ageMs, joined }) =>
      duplicates.add({ reason: ageMs === null ? 'other_node' : joined ? 'in_flight' : 'answered' })
  }
}

/** Who was let in, and why somebody was not. */
function countDoors(registry: MetricsRegistry, { orgs }: Bounds): Handlers {
  const unauthorized = registry.counter('otp_hook_unauthorized_total')
  const requests = registry.counter('otp_org_requests_total')
  const strangers = registry.counter('otp_org_refusals_total')
  for (const cause of REFUSAL_CAUSES) unauthorized.begin({ cause })
  for (const org of orgs()) strangers.begin({ org })
  const fit = (org: string): string => (orgs().includes(org) ? org : 'other')

  return {
    'otp.request.completed'({ org_name: org, channel, outcome }) {
      if (org !== null) requests.add({ org: fit(org), channel: channel ?? 'none', outcome })
    },
    'okta.request.refused'({ cause, org_name: org }) {
      if (cause !== null) unauthorized.add({ cause })
      if (org !== null) strangers.add({ org: fit(org) })
    }
  }
}

function countAttempts(
  registry: MetricsRegistry,
  { provider, country }: Words,
  { providers }: Bounds
): Handlers {
  const attempts = registry.counter('otp_provider_attempts_total')
  const durations = registry.histogram('otp_provider_attempt_duration_seconds')
  const failovers = registry.counter('otp_failovers_total')
  const lastResorts = registry.counter('otp_last_resort_total')
  const lateResults = registry.counter('otp_late_results_total')
  const unknownCodes = registry.counter('otp_provider_unknown_codes_total')
  const rejections = registry.counter('otp_capacity_rejections_total')
  for (const name of providers) {
    for (const result of Object.values(RESULT_OF)) lateResults.begin({ provider: name, result })
    for (const counter of [lastResorts, unknownCodes, rejections]) counter.begin({ provider: name })
  }

  type Ended = AttemptDetail & { readonly channel: Channel; readonly country: string | null }

  function countAttempt(event: Ended, exemplar: Exemplar | undefined): void {
    const { channel, trigger } = event
    const by = { provider: provider(event.provider), channel, result: RESULT_OF[event.sent_certainty] }
    const errorClass = event.result === 'accepted' ? 'none' : event.result
    attempts.add({ ...by, country: country(event.country), error_class: errorClass, trigger })
    durations.observe(by, event.duration_ms / 1000, exemplar)
    if (event.result === 'unknown') unknownCodes.add({ provider: by.provider }, exemplar)
  }

  return {
    'otp.attempt.started'(event) {
      if (event.trigger === 'last_resort') lastResorts.add({ provider: provider(event.provider) })
    },
    'otp.attempt.completed': countAttempt,
    'otp.attempt.late_result'(event, exemplar) {
      countAttempt(event, exemplar)
      const result = RESULT_OF[event.sent_certainty]
      lateResults.add({ provider: provider(event.provider), result }, exemplar)
    },
    'otp.failover': ({ from, to, reason, channel }, exemplar) =>
      failovers.add({ from: provider(from), to: provider(to), reason, channel }, exemplar),
    'otp.attempt.skipped'(event) {
      if (event.reason === 'no_capacity') rejections.add({ provider: provider(event.provider) })
    }
  }
}

function countBreakers(registry: MetricsRegistry, { provider }: Words, { providers }: Bounds): Handlers {
  const transitions = registry.counter('otp_circuit_transitions_total')
  const keptClosed = registry.gauge('otp_circuit_kept_closed')
  const alarm = registry.gauge('otp_provider_alarm')
  const openCause = oneOf(WORDS.openCause)
  const kept = new Set<string>()

  type Use = { readonly provider: string; readonly channel: Channel }

  function sound(use: Use, raised?: OutcomeClass): void {
    const by = { provider: provider(use.provider), channel: use.channel }
    for (const name of ALARM_CLASSES) alarm.set({ ...by, class: name }, name === raised ? 1 : 0)
  }

  function keep(use: Use, isKept: boolean): void {
    const by = { provider: provider(use.provider), channel: use.channel }
    const key = `${by.provider}/${by.channel}`
    if (isKept) kept.add(key)
    else if (!kept.delete(key)) return
    keptClosed.set(by, isKept ? 1 : 0)
  }

  for (const name of providers) {
    for (const channel of CHANNELS) {
      sound({ provider: name, channel })
      keptClosed.set({ provider: name, channel }, 0)
    }
  }

  const changed = (use: Use, to: string, cause: string): void =>
    transitions.add({ provider: provider(use.provider), channel: use.channel, to, cause })

  return {
    'circuit.opened'(event) {
      changed(event, 'open', openCause(event.cause))
      keep(event, false)
    },
    'circuit.half_opened': (event) => changed(event, 'half_open', 'none'),
    'circuit.closed': (event) => changed(event, 'closed', 'none'),
    'circuit.kept_closed'(event) {
      changed(event, 'kept_closed', openCause(event.cause))
      keep(event, true)
    },
    'otp.attempt.completed'(event) {
      if (kept.size > 0 && event.result === 'accepted') keep(event, false)
    },
    'provider.alarm': (event) => sound(event, event.class),
    'provider.alarm_over': (event) => sound(event)
  }
}

/** What rules did: their names and reasons are words of the file. */
function countMatches(registry: MetricsRegistry): { handlers: Handlers } & Pick<Counts, 'keepRules'> {
  const matches = wordsOfTheFile(registry.counter('otp_rule_matches_total'), (rule) => ({ rule }))
  const blocked = wordsOfTheFile(registry.counter('otp_blocked_total'), (reason) => ({
    reason,
    mode: 'enforce'
  }))
  const handlers: Handlers = {
    'otp.route.decided': ({ rule }) => matches.add(rule),
    'otp.request.completed'({ outcome, reason }) {
      if (outcome === 'blocked') blocked.add(reason ?? 'other')
    }
  }
  return {
    handlers,
    keepRules({ names, blockReasons }) {
      matches.keep(new Set(names))
      blocked.keep(new Set(blockReasons))
    }
  }
}

function wordsOfTheFile<N extends MetricName>(counter: Count<N>, labelsOf: (word: string) => LabelsOf<N>) {
  const words = new Set<string>()

  /** Beyond the limit they are counted, and not told apart. */
  function fit(word: string): string {
    if (words.has(word)) return word
    if (words.size >= MOST_RULE_WORDS) return 'other'
    words.add(word)
    return word
  }

  return {
    add: (word: string) => counter.add(labelsOf(fit(word))),
    keep(inForce: ReadonlySet<string>) {
      for (const word of words) {
        if (inForce.has(word)) continue
        words.delete(word)
        counter.remove(labelsOf(word))
      }
      for (const word of inForce) {
        if (fit(word) === word) counter.begin(labelsOf(word))
      }
    }
  }
}

function countReloads(registry: MetricsRegistry, { epoch }: Bounds): Handlers {
  const info = registry.gauge('otp_rules_info')
  const reloads = registry.counter('otp_rules_reloads_total')
  const succeeded = registry.gauge('otp_rules_last_reload_successful')
  const loadedAt = registry.gauge('otp_rules_last_reload_success_timestamp_seconds')
  const rejectedAt = registry.gauge('otp_rules_last_rejection_timestamp_seconds')
  const canaryStops = registry.counter('otp_rules_canary_stops_total')
  for (const result of ['loaded', 'unchanged', 'rejected']) reloads.begin({ role: 'live', result })

  return {
    'rules.loaded'({ role, rules_hash: hash, previous_hash: previous }) {
      if (previous !== null) info.remove({ role, hash: previous })
      info.set({ role, hash }, 1)
      reloads.add({ role, result: 'loaded' })
      succeeded.set({ role }, 1)
      loadedAt.set({ role }, epoch() / 1000)
    },
    'rules.unchanged'({ role }) {
      reloads.add({ role, result: 'unchanged' })
      succeeded.set({ role }, 1)
    },
    'rules.rejected'({ role }) {
      reloads.add({ role, result: 'rejected' })
      succeeded.set({ role }, 0)
      rejectedAt.set({ role }, epoch() / 1000)
    },
    'rules.candidate_removed'({ rules_hash: hash }) {
      if (hash !== null) info.remove({ role: 'candidate', hash })
      // A file that is gone has neither failed nor succeeded: an alert on it would never end.
      succeeded.remove({ role: 'candidate' })
      loadedAt.remove({ role: 'candidate' })
    },
    'rules.canary_stopped': () => canaryStops.add({})
  }
}

function countNode(registry: MetricsRegistry): Handlers {
  const stateLosses = registry.counter('otp_state_losses_total')
  const refusals = registry.counter('otp_admin_refusals_total')
  const faults = registry.counter('otp_faults_total')
  const secrets = registry.counter('otp_secrets_reloads_total')
  const expiry = registry.gauge('otp_tls_certificate_expiry_timestamp_seconds')
  const tlsSucceeded = registry.gauge('otp_tls_last_reload_successful')
  for (const result of ['reloaded', 'rejected']) secrets.begin({ result })
  const linesDropped = registry.counter('otp_log_lines_dropped_total')
  const tracesLost = registry.gauge('otp_traces_lost')
  linesDropped.begin({})
  tracesLost.set({}, 0)
  const adminRefusal = oneOf(WORDS.adminRefusal)
  for (const reason of WORDS.adminRefusal) refusals.begin({ reason })

  return {
    'state.lost': () => stateLosses.add({}),
    'admin.request.refused': ({ reason }) => refusals.add({ reason: adminRefusal(reason) }),
    'gateway.fault': () => faults.add({}),
    'secrets.reloaded': () => secrets.add({ result: 'reloaded' }),
    'secrets.rejected': () => secrets.add({ result: 'rejected' }),
    'tls.loaded'({ expires }) {
      expiry.set({}, Date.parse(expires) / 1000)
      tlsSucceeded.set({}, 1)
    },
    'tls.rejected': () => tlsSucceeded.set({}, 0),
    'log.dropped': ({ lines }) => linesDropped.addSome({}, lines),
    'traces.lost': () => tracesLost.set({}, 1),
    'traces.back': () => tracesLost.set({}, 0)
  }
}
