import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'
import type { OpenCause } from '../../src/delivery/breaker.ts'
import type { OverloadReason } from '../../src/delivery/overload.ts'
import { CHANNELS } from '../../src/domain/message.ts'
import { OUTCOME_CLASSES, type OutcomeClass } from '../../src/domain/outcome.ts'
import { PROVIDER_NAMES } from '../../src/providers/provider.ts'
import { COUNTRIES } from '../../src/rules/countries.ts'
import type { GatewayEvent } from '../../src/telemetry/events.ts'
import { METRICS_COUNTRIES } from '../../src/telemetry/metrics-countries.ts'
import type { MetricsReadings } from '../../src/telemetry/metrics-levels.ts'
import { prefersOpenMetrics } from '../../src/telemetry/metrics-registry.ts'
import { metricsTable } from '../../src/telemetry/metrics-table.ts'
import { METRICS, WORDS, type MetricDefinition } from '../../src/telemetry/metrics-vocabulary.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { pageOf, readMetrics } from '../fixtures/prometheus.ts'
import { linesOf, runGateway, urlOf } from '../fixtures/process.ts'
import {
  ADMIN_SECRET,
  METRICS_SECRET,
  RULES,
  sampleBody,
  startStack,
  until,
  type Stack
} from '../fixtures/stack.ts'

const NOTHING: MetricsReadings = {
  inFlight: 0,
  hanging: 0,
  breakers: [],
  inService: [],
  overrides: [],
  capacity: [],
  issuers: [],
  state: 'memory',
  rules: { names: ['otherwise'], blockReasons: [] }
}

/** Metrics that nobody but the test tells anything. */
function startMetrics(readings: () => Partial<MetricsReadings> = () => ({})) {
  const bugs: unknown[] = []
  const metrics = createMetrics({
    providers: PROVIDER_NAMES,
    countries: METRICS_COUNTRIES,
    orgs: () => [],
    readings: () => ({ ...NOTHING, ...readings() }),
    epoch: () => 1_800_000_000_000,
    onBug: (error) => bugs.push(error)
  })
  return { ...metrics, bugs, read: async () => pageOf((await metrics.page('text/plain')).text) }
}

const attempt = {
  attempt: 1,
  provider: 'twilio',
  trigger: 'first',
  result: 'accepted',
  sent_certainty: 'sent',
  cause: null,
  provider_code: null,
  http_status: null,
  provider_message_id: null,
  duration_ms: 100
} as const

const completed: Extract<GatewayEvent, { event: 'otp.request.completed' }> = {
  event: 'otp.request.completed',
  outcome: 'accepted',
  reason: null,
  channel: 'sms',
  flow: 'sign_in',
  country: 'SE',
  phone: 'SE…67',
  phone_hash: '0123456789abcdef',
  preview: false,
  rule: 'otherwise',
  provider: 'twilio',
  provider_message_id: null,
  failover: false,
  last_resort: false,
  attempts: 1,
  attempts_detail: [],
  possible_duplicate: false,
  org_name: null,
  okta_status: 'SUCCESSFUL',
  duration_ms: 120,
  deadline_left_ms: 2_380
}

const hastyBreaker = (inARow: number): string =>
  RULES.replace(
    /breaker: .*/u,
    `breaker: { window: 10s, min_calls: 100, failure_rate: 50%, in_a_row: ${inARow}, open_for: 10s, open_at_most: 30s }`
  )

async function admin({ gateway }: Stack, method: string, path: string, body?: unknown): Promise<number> {
  const answer = await fetch(`${gateway.adminUrl}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${ADMIN_SECRET}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' })
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  await answer.arrayBuffer()
  return answer.status
}

const read = ({ gateway }: Stack) => readMetrics(gateway.adminUrl)

t.test('a code that goes out is counted by channel, flow, country, provider, rule and time', async (t) => {
  const stack = await startStack(t)
  await stack.send({ phoneNumber: '+46701740605' })
  await stack.send({ phoneNumber: '+46701740606' })
  await stack.send({ phoneNumber: '+3546111234', deliveryChannel: 'VOICE CALL' })

  const { sum } = await read(stack)
  const sms = { channel: 'sms', country: 'SE' }
  t.equal(sum('otp_hook_requests_total', { ...sms, flow: 'enrollment', outcome: 'accepted' }), 2)
  t.equal(sum('otp_hook_requests_total', { channel: 'voice', country: 'other' }), 1, 'Iceland is not named')
  const first = { provider: 'twilio', result: 'accepted', error_class: 'none', trigger: 'first' }
  t.equal(sum('otp_provider_attempts_total', { ...sms, ...first }), 2)
  t.equal(sum('otp_hook_duration_seconds_count', { channel: 'sms', outcome: 'accepted' }), 2)
  t.equal(sum('otp_hook_duration_seconds_bucket', { le: '3', channel: 'sms' }), 2)
  t.equal(sum('otp_provider_attempt_duration_seconds_count', { provider: 'twilio', channel: 'voice' }), 1)
  t.equal(sum('otp_hook_deadline_remaining_seconds_count', { outcome: 'accepted' }), 3)
  t.equal(sum('otp_rule_matches_total', { rule: 'otherwise' }), 3)
  t.equal(
    sum('otp_rule_matches_total', { rule: 'premium' }),
    0,
    'a rule that decided nothing is seen as such'
  )
  t.equal(sum('otp_failovers_total'), null)
  t.equal(sum('otp_hook_late_answers_total'), 0)
  t.equal(sum('otp_hook_in_flight'), 0)
  t.equal(sum('otp_rules_last_reload_successful', { role: 'live' }), 1)
  t.equal(sum('otp_state_reachable'), null, 'there is no state that could be lost')
  t.ok((sum('nodejs_eventloop_lag_p99_seconds') ?? -1) >= 0)
  t.ok((sum('process_cpu_seconds_total') ?? 0) > 0)
})

t.test('what goes wrong at a provider is counted by its class, and so is what follows', async (t) => {
  const stack = await startStack(t)
  await stack.sandbox.setFault('twilio', { mode: 'status', status: 400, code: 99999 })
  await stack.sandbox.setFault('vonage', { mode: 'status', status: 503 })
  await stack.send({ phoneNumber: '+4915155550101' })
  const failed = await read(stack)
  const of = (provider: string, error: string) => ({ provider, result: 'failed', error_class: error })
  t.equal(failed.sum('otp_provider_attempts_total', of('twilio', 'unknown')), 1)
  t.equal(
    failed.sum('otp_provider_attempts_total', { ...of('vonage', 'provider_error'), trigger: 'failover' }),
    1
  )
  t.equal(failed.sum('otp_provider_unknown_codes_total', { provider: 'twilio' }), 1)
  t.equal(failed.sum('otp_provider_unknown_codes_total', { provider: 'vonage' }), 0)
  const way = { from: 'twilio', to: 'vonage', reason: 'unknown', channel: 'sms' }
  t.equal(failed.sum('otp_failovers_total', way), 1)
  t.equal(failed.sum('otp_failovers_total', { from: 'vonage', to: 'messagebird' }), 1)
  t.equal(failed.sum('otp_hook_requests_total', { outcome: 'accepted' }), 1, 'nobody felt it')

  await stack.sandbox.clear()
  await stack.sandbox.setFault('twilio', { mode: 'slow', delay_ms: 600 })
  await stack.send({ phoneNumber: '+4915155550102' })
  t.equal((await read(stack)).sum('otp_attempts_hanging'), 1)
  await until(() => stack.events('otp.attempt.late_result').length > 0)
  const late = await read(stack)
  t.equal(late.sum('otp_late_results_total', { provider: 'twilio', result: 'accepted' }), 1)
  t.equal(late.sum('otp_provider_attempts_total'), 5, 'an attempt counts once, however late it ends')
  t.equal(late.sum('otp_attempts_hanging'), 0)
})

t.test('a dead key is an alarm until the provider accepts again', async (t) => {
  const stack = await startStack(t, { rules: RULES.replace('open_for: 2s', 'open_for: 500ms') })
  await stack.sandbox.setFault('twilio', { mode: 'status', status: 401 })
  await stack.send()
  const alarmed = await read(stack)
  t.equal(alarmed.sum('otp_provider_alarm', { provider: 'twilio', channel: 'sms', class: 'credentials' }), 1)
  t.equal(alarmed.sum('otp_provider_alarm'), 1, 'and no other')
  const open = { provider: 'twilio', channel: 'sms', state: 'open' }
  t.equal(alarmed.sum('otp_circuit_state', open), 1)
  t.equal(alarmed.sum('otp_circuit_state', { ...open, state: 'closed' }), 0)
  t.equal(alarmed.sum('otp_circuit_transitions_total', { to: 'open', cause: 'credentials' }), 1)

  await stack.sandbox.clear()
  await until(() => stack.events('circuit.half_opened').length > 0)
  await stack.send()
  const over = await read(stack)
  t.equal(over.sum('otp_provider_alarm'), 0)
  t.equal(over.sum('otp_circuit_state', { ...open, state: 'closed' }), 1)
  t.equal(over.sum('otp_circuit_transitions_total', { to: 'half_open', cause: 'none' }), 1)
  t.equal(over.sum('otp_circuit_transitions_total', { to: 'closed' }), 1)
})

t.test('the last provider that is kept in while it fails is seen, and the last resort', async (t) => {
  const stack = await startStack(t, { rules: hastyBreaker(2) })
  for (const provider of PROVIDER_NAMES) {
    await stack.sandbox.setFault(provider, { mode: 'status', status: 503 })
  }
  await stack.send()
  const failing = await read(stack)
  const last = { provider: 'messagebird', channel: 'sms' }
  t.equal(failing.sum('otp_circuit_kept_closed', last), 1)
  t.equal(failing.sum('otp_circuit_kept_closed'), 1)
  t.equal(failing.sum('otp_circuit_state', { channel: 'sms', state: 'closed' }), 1)
  t.equal(failing.sum('otp_circuit_transitions_total', { ...last, to: 'kept_closed', cause: 'in_a_row' }), 1)
  t.equal(failing.sum('otp_hook_requests_total', { outcome: 'failed' }), 1)
  t.ok((failing.sum('otp_last_resort_total') ?? 0) > 0)

  await stack.sandbox.clear()
  await stack.send()
  t.equal((await read(stack)).sum('otp_circuit_kept_closed'), 0)
})

t.test('who was not let in, and what could not be read, is counted by its reason', async (t) => {
  const stack = await startStack(t)
  await stack.post(sampleBody(), { authorization: 'Basic eDp5' })
  await stack.post('{')
  await stack.post(JSON.stringify({ x: 'x'.repeat(65 * 1024) }))
  await stack.post('a=b', { 'content-type': 'application/x-www-form-urlencoded' })
  await stack.post('{}')
  await (await fetch(`${stack.gateway.adminUrl}/metrics`)).arrayBuffer()

  const { sum } = await read(stack)
  for (const reason of ['unauthorized', 'invalid_json', 'body_too_large', 'unsupported_media_type']) {
    t.equal(sum('otp_hook_refusals_total', { reason }), 1, reason)
  }
  t.equal(sum('otp_hook_refusals_total', { reason: 'other' }), null)
  const unread = { channel: 'none', flow: 'none', country: 'none', outcome: 'not_understood' }
  t.equal(sum('otp_hook_requests_total', unread), 1)
  t.equal(sum('otp_admin_refusals_total', { reason: 'unauthorized' }), 1)
})

t.test('what is blocked, comes twice, is asked for again, or is too much is counted', async (t) => {
  const rules = RULES.replace('twilio: { channels', 'twilio: { capacity_per_second: 1, channels')
  const stack = await startStack(t, { rules, maxInFlight: 1 })
  await stack.send({ phoneNumber: '+449098790000' })
  const body = sampleBody({ phoneNumber: '+4915155550111' }, {}, 'the same user')
  await stack.sandbox.setFault('twilio', { mode: 'slow', delay_ms: 150 })
  await Promise.all([stack.post(body), stack.post(body), stack.send()])
  await stack.post(body)
  await stack.sandbox.clear()
  await stack.send({ phoneNumber: '+4915155550111' }, {}, 'the same user')
  // Twilio takes one a second: of these at least one has to go on.
  await stack.send()
  await stack.send()

  await until(() => stack.events('otp.resend.detected').length > 0)
  const { sum } = await read(stack)
  t.equal(sum('otp_blocked_total', { reason: 'premium_number', mode: 'enforce' }), 1)
  t.equal(sum('otp_duplicates_suppressed_total', { reason: 'in_flight' }), 1)
  t.equal(sum('otp_duplicates_suppressed_total', { reason: 'answered' }), 1)
  t.equal(sum('otp_duplicates_suppressed_total', { reason: 'other_node' }), 0)
  t.equal(sum('otp_resends_total', { previous_provider: 'twilio', channel: 'sms', country: 'DE' }), 1)
  t.equal(sum('otp_overload_refusals_total', { reason: 'in_flight' }), 1)
  t.equal(sum('otp_hook_requests_total', { outcome: 'overloaded' }), 1)
  t.ok((sum('otp_capacity_rejections_total', { provider: 'twilio' }) ?? 0) >= 1)
  t.ok((sum('otp_provider_capacity_used_ratio', { provider: 'twilio' }) ?? -1) >= 0)
})

t.test('what a person has drained is seen, with its end, and who is left', async (t) => {
  const stack = await startStack(t)
  const { sum: before } = await read(stack)
  t.equal(before('otp_provider_in_service'), 6)
  t.equal(before('otp_provider_override'), 0)
  t.equal(before('otp_provider_override_until_timestamp_seconds'), null)

  const drain = { why: 'INC-123', by: 'oncall', for: '2h' }
  t.equal(await admin(stack, 'POST', '/overrides', { ...drain, provider: 'twilio', channel: 'sms' }), 201)
  t.equal(await admin(stack, 'POST', '/overrides', { ...drain, provider: 'vonage', country: 'BR' }), 201)
  const { sum, text } = await read(stack)
  t.equal(sum('otp_provider_override', { provider: 'twilio', state: 'drained' }), 1)
  const everywhere = { provider: 'twilio', channel: 'sms', scope: 'everywhere' }
  t.equal(sum('otp_provider_override', everywhere), 1)
  t.equal(sum('otp_provider_override', { provider: 'vonage', scope: 'some_countries' }), 2, 'both channels')
  t.equal(sum('otp_provider_in_service', { provider: 'twilio', channel: 'sms' }), 0)
  t.equal(sum('otp_provider_in_service', { provider: 'vonage' }), 2, 'elsewhere it goes on')
  const leftS = (sum('otp_provider_override_until_timestamp_seconds', everywhere) ?? 0) - Date.now() / 1000
  t.ok(leftS > 7_100 && leftS <= 7_200)
  t.notMatch(text, /INC-123|oncall/u)

  await admin(stack, 'DELETE', '/overrides?provider=twilio&by=oncall')
  t.equal((await read(stack)).sum('otp_provider_override', everywhere), 0)
})

t.test('rules that left the file leave the page', async (t) => {
  const stack = await startStack(t)
  await stack.send({ phoneNumber: '+449098790000' })
  t.equal((await read(stack)).sum('otp_rule_matches_total', { rule: 'premium' }), 1)

  stack.files.live = RULES.replace('name: premium', 'name: renamed').replace('premium_number', 'costly')
  await stack.gateway.reloadRules('admin')
  const { sum } = await read(stack)
  t.equal(sum('otp_rule_matches_total', { rule: 'premium' }), null)
  t.equal(sum('otp_rule_matches_total', { rule: 'renamed' }), 0)
  t.equal(sum('otp_blocked_total', { reason: 'premium_number' }), null)
  t.equal(sum('otp_blocked_total', { reason: 'costly' }), 0)
  t.equal(sum('otp_rules_info'), 1)

  stack.files.live = `${RULES}\nnonsense: true\n`
  await stack.gateway.reloadRules('admin')
  t.equal((await read(stack)).sum('otp_rules_last_reload_successful', { role: 'live' }), 0)
})

t.test('a late answer is counted by whether Okta was still there', async (t) => {
  const { report, read } = startMetrics()
  report(completed)
  report({ ...completed, duration_ms: 2_600, deadline_left_ms: -100 })
  report({ ...completed, duration_ms: 3_400, deadline_left_ms: -900 })
  const { sum } = await read()
  t.equal(sum('otp_hook_late_answers_total', { reason: 'deadline_passed' }), 1)
  t.equal(sum('otp_hook_late_answers_total', { reason: 'okta_hung_up' }), 1)
  t.equal(sum('otp_hook_deadline_remaining_seconds_bucket', { le: '0' }), 2)
})

t.test('what the nodes share is seen to be reachable or not, and bugs are counted', async (t) => {
  let state: MetricsReadings['state'] = 'redis'
  const { report, read } = startMetrics(() => ({ state }))
  t.equal((await read()).sum('otp_state_reachable'), 1)
  state = 'redis_unreachable'
  report({ event: 'state.lost', cause: 'ECONNREFUSED' })
  report({ event: 'gateway.fault', where: 'request', error: 'TypeError', code: null, frames: [] })
  const { sum } = await read()
  t.equal(sum('otp_state_reachable'), 0)
  t.equal(sum('otp_state_losses_total'), 1)
  t.equal(sum('otp_faults_total'), 1)
  t.equal(sum('otp_log_lines_dropped_total'), 0)
  t.equal(sum('otp_traces_lost'), 0)
  report({ event: 'log.dropped', lines: 70, bytes: 7_000, for_ms: 1_000, cause: 'slow_reader' })
  report({ event: 'log.dropped', lines: 7, bytes: 700, for_ms: 1_000, cause: 'slow_reader' })
  report({ event: 'traces.lost', cause: 'http_500', spans: 3 })
  const later = await read()
  t.equal(later.sum('otp_log_lines_dropped_total'), 77)
  t.equal(later.sum('otp_traces_lost'), 1)
  report({ event: 'traces.back', after_ms: 1_000, spans: 4 })
  t.equal((await read()).sum('otp_traces_lost'), 0)
  state = 'memory'
  t.equal((await read()).sum('otp_state_reachable'), null)
})

t.test('what happens to the process outside of requests is counted, too', async (t) => {
  // A promise that nobody looked at, on demand.
  const bug = "process.on('SIGUSR2',()=>void(Promise.reject(new TypeError('738291'))))"
  const running = runGateway(t, {
    ADMIN_SECRET,
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}`
  })
  await urlOf(running)
  const { admin } = linesOf(running).find(({ event }) => event === 'gateway.started')
  const faults = async (): Promise<string | undefined> => {
    const response = await fetch(`${admin}/metrics`, { headers: { authorization: `Bearer ${ADMIN_SECRET}` } })
    return /^otp_faults_total (\d+)$/mu.exec(await response.text())?.[1]
  }
  t.equal(await faults(), '0')
  running.child.kill('SIGUSR2')
  await until(() => linesOf(running).some(({ event }) => event === 'gateway.fault'))
  t.equal(await faults(), '1')
})

t.test('both forms are complete in any order, and the newer one leads to the log', async (t) => {
  const stack = await startStack(t)
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  await stack.post(sampleBody(), { traceparent: `00-${traceId}-b7ad6b7169203331-01` })
  const prometheus =
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1'
  const names = ({ series }: Awaited<ReturnType<typeof read>>) =>
    [...new Set(series.map(({ name }) => name))].toSorted((a, b) => a.localeCompare(b))

  const open = await readMetrics(stack.gateway.adminUrl, prometheus)
  const [classic, again] = await Promise.all([read(stack), readMetrics(stack.gateway.adminUrl, prometheus)])
  t.match(open.contentType, /^application\/openmetrics-text; version=1\.0\.0/u)
  t.match(classic.contentType, /^text\/plain; version=0\.0\.4/u)
  t.same(names(classic), names(open))
  t.same(names(again), names(open))
  t.match(classic.text, /^# TYPE otp_hook_requests_total counter$/mu)
  t.match(open.text, /^# TYPE otp_hook_requests counter$/mu)
  t.ok(open.text.endsWith('\n# EOF\n'))
  t.notMatch(classic.text, / # \{/u, 'the older form has no exemplars')

  const [{ request_id: id }] = stack.events('otp.request.completed')
  for (const name of ['otp_hook_duration_seconds_bucket', 'otp_provider_attempt_duration_seconds_bucket']) {
    t.match(
      open.text,
      new RegExp(
        `^${name}\\{[^}]*\\} 1 # \\{trace_id="${traceId}",request_id="${id}"\\} [\\d.]+ [\\d.]+$`,
        'mu'
      ),
      name
    )
  }
})

t.test('prefersOpenMetrics() reads the header as it is meant', async (t) => {
  const cases: readonly [string | undefined, boolean][] = [
    [undefined, false],
    ['', false],
    ['*/*', false],
    ['text/plain', false],
    ['text/html, */*;q=0.8', false],
    ['application/openmetrics-text', true],
    ['Application/OpenMetrics-Text; version=1.0.0; charset=utf-8', true],
    ['application/openmetrics-text;q=0.5,text/plain;q=0.4', true],
    ['application/openmetrics-text;q=0.4, text/plain', false],
    ['application/openmetrics-text;q=0', false],
    ['application/openmetrics-text;q=nonsense', false],
    ['text/plain;version=0.0.4;q=0.5, application/openmetrics-text;version=1.0.0', true]
  ]
  for (const [accept, expected] of cases) t.equal(prefersOpenMetrics(accept), expected, accept ?? 'none')
})

t.test('no number, person, code, text or word of a caller is on the page', async (t) => {
  const stack = await startStack(t)
  const secrets =
    "15155550199 5155550199 738291 Geheimnis user-of-this-test event-of-this-test 99999 evil.example.com x-evil Add-Min O'Brien isaac.brock HOOK".split(
      ' '
    )
  await stack.sandbox.setFault('twilio', { mode: 'status', status: 400, code: 99999 })
  const profile = {
    phoneNumber: '+4915155550199',
    otpCode: '738291',
    msgTemplate: 'Geheimnis 738291 (HOOK)',
    locale: 'x-evil"}\notp_evil 1'
  }
  const top = {
    eventId: 'event-of-this-test',
    source: 'https://evil.example.com/x',
    requestType: 'Add-Min"} 1'
  }
  await stack.send(profile, top, 'user-of-this-test')
  await stack.send({ ...profile, phoneNumber: `+49${secrets[0]}"}` }, { ...top, eventId: 'a"b' })
  await stack.send({ ...profile, deliveryChannel: 'O\'Brien"} 1' }, { ...top, eventId: 'c' })
  t.equal(stack.events('otp.request.completed').length, 3)

  for (const accept of ['text/plain', 'application/openmetrics-text']) {
    const { text, series } = await readMetrics(stack.gateway.adminUrl, accept)
    // Figures may hold any digits. An exemplar holds our request_id, and nothing else.
    const exemplar = / # \{request_id="[0-9a-f-]{36}"\} [\d.]+ [\d.]+$/gmu
    const page = text.replaceAll(exemplar, '').replaceAll(/ [\d.e+-]+$/gmu, '')
    t.notMatch(page, / # \{/u)
    for (const secret of secrets) t.notOk(page.includes(secret), `${accept}: ${secret}`)
    for (const { name, labels } of series.filter((one) => one.name.startsWith('otp_'))) {
      for (const [label, word] of Object.entries(labels)) {
        if (label === 'hash') t.match(word, /^[0-9a-f]{12}$/u)
        else if (label !== 'le') t.match(word, /^(?:[a-z][a-z0-9_-]{0,63}|[A-Z]{2})$/u, name)
      }
    }
  }
})

t.test('whatever events say, the page stays short', async (t) => {
  const names = Array.from({ length: 3_000 }, (_, i) => `rule-${i}`)
  const { report, read, bugs } = startMetrics(() => ({ rules: { names, blockReasons: names } }))
  const word = fc.oneof(fc.string({ maxLength: 64 }), fc.uuid(), fc.stringMatching(/^\+\d{8,15}$/u))
  const provider = fc.oneof(fc.constantFrom<string>(...PROVIDER_NAMES), word)
  const country = fc.oneof(fc.constantFrom<string>(...COUNTRIES), word, fc.constant(null))
  const channel = fc.constantFrom(...CHANNELS)
  const result = fc.constantFrom(...(Object.keys(OUTCOME_CLASSES) as OutcomeClass[]))
  const events: fc.Arbitrary<GatewayEvent> = fc
    .record({ provider, other: provider, country, channel, result, word, rule: fc.constantFrom(...names) })
    .chain(({ provider, other, country, channel, result, word, rule }) => {
      const { certainty } = OUTCOME_CLASSES[result]
      const ended = { ...attempt, provider, result, sent_certainty: certainty, channel, country }
      const by = { provider, channel }
      return fc.constantFrom<GatewayEvent>(
        { ...completed, channel, country, outcome: 'accepted' },
        { ...completed, channel, country, outcome: 'overloaded', reason: word },
        { ...completed, channel, country, outcome: 'blocked', reason: rule },
        { event: 'otp.attempt.completed', ...ended, deadline_left_ms: 1 },
        { event: 'otp.attempt.late_result', ...ended, late_by_ms: 1 },
        { event: 'otp.attempt.started', attempt: 1, provider, trigger: 'last_resort' },
        { event: 'otp.attempt.skipped', ...by, reason: 'no_capacity' },
        { event: 'otp.failover', from: provider, to: other, reason: 'throttled', attempt: 2, channel },
        {
          event: 'otp.resend.detected',
          resend_count: 1,
          previous_provider: provider,
          age_ms: 1,
          channel,
          country,
          within_hour: 1
        },
        {
          event: 'okta.request.refused',
          request_id: 'x',
          trace_id: null,
          reason: word,
          source: null,
          cause: null,
          auth: null,
          org_name: word,
          http_status: 400,
          duration_ms: 1
        },
        { event: 'admin.request.refused', reason: word, http_status: 401 },
        { event: 'circuit.opened', ...by, cause: word, failures: 1, window_n: 1, open_ms: 1 },
        { event: 'circuit.kept_closed', ...by, cause: word },
        { event: 'provider.alarm', ...by, class: 'quota', cause: word, provider_code: word, http_status: 402 }
      )
    })
  for (const event of fc.sample(events, { numRuns: 20_000, seed: 1 })) report(event)

  t.same(bugs, [])
  const { series } = await read()
  const own = series.filter(({ name }) => name.startsWith('otp_'))
  const words = new Map<string, Set<string>>()
  for (const { labels } of own) {
    for (const [label, word] of Object.entries(labels)) {
      words.set(label, (words.get(label) ?? new Set()).add(word))
    }
  }
  t.ok((words.get('country')?.size ?? 0) <= METRICS_COUNTRIES.length + 2)
  for (const label of ['provider', 'from', 'to', 'previous_provider']) {
    const others = ['other', 'open', 'half_open', 'closed', 'kept_closed']
    t.ok(
      [...(words.get(label) ?? [])].every((word) => [...PROVIDER_NAMES, ...others].includes(word)),
      label
    )
  }
  t.ok((words.get('rule')?.size ?? 0) <= 1_001, 'rules beyond the thousandth are counted together')
  for (const { name, labels } of own) {
    t.ok(
      Object.values(labels).every((word) => word.length <= 24),
      name
    )
  }
  t.ok(own.length < 9_000, `${own.length} lines`)
})

t.test('what cannot be counted costs nobody a code, and is said', async (t) => {
  const { forRequest, report, read, bugs } = startMetrics()
  const context = {
    request_id: 'x'.repeat(200),
    trace_id: null,
    okta_event_id: null,
    okta_request_id: null,
    rules_hash: 'x'
  }
  t.doesNotThrow(() => report({ ...completed, duration_ms: Number.NaN }))
  t.doesNotThrow(() => forRequest(context)(completed))
  t.equal(bugs.length, 2)
  report(completed)
  t.ok((await read()).sum('otp_hook_requests_total'), 'what follows is counted')
})

t.test('every metric of the vocabulary is on the page, under its type, and no other of ours', async (t) => {
  const stack = await startStack(t)
  const { text } = await read(stack)
  const shown = [...text.matchAll(/^# TYPE (otp_\w+) (\w+)$/gmu)].map(([, name = '', type]) => [name, type])
  t.same(
    Object.fromEntries(shown),
    Object.fromEntries(Object.entries<MetricDefinition>(METRICS).map(([name, { type }]) => [name, type]))
  )
})

t.test('the words of labels are those of the code', async (t) => {
  const overload = { in_flight: 0, event_loop: 0, memory: 0 } satisfies Record<OverloadReason, 0>
  const causes = { failure_rate: 0, in_a_row: 0, silent: 0, probe_failed: 0 } satisfies Record<
    Exclude<OpenCause, OutcomeClass>,
    0
  >
  t.same(WORDS.overload, Object.keys(overload))
  t.same(WORDS.openCause, [...Object.keys(causes), ...Object.keys(OUTCOME_CLASSES)])
  const app = readFileSync(new URL('../../src/app.ts', import.meta.url), 'utf8')
  const reasons = [...app.matchAll(/reason: '(\w+)',\s+summary/gu)].map(([, reason]) => reason)
  t.same(new Set(WORDS.hookRefusal), new Set(reasons))
  t.equal(METRICS_COUNTRIES.length, 40)
  t.ok(METRICS_COUNTRIES.every((code) => COUNTRIES.some((country) => country === code)))
})

t.test('a page needs the secret, and is on the admin port alone', async (t) => {
  const { gateway } = await startStack(t)
  for (const authorization of ['', 'Bearer ', 'Bearer wrong-secret-of-a-test', `Basic ${ADMIN_SECRET}`]) {
    const answer = await fetch(`${gateway.adminUrl}/metrics`, { headers: { authorization } })
    t.equal(answer.status, 401)
    t.notMatch(await answer.text(), /otp_/u)
  }
  t.equal((await fetch(`${gateway.url}/metrics`)).status, 404, 'Okta and the world do not reach it')

  const headers = { authorization: `Bearer ${METRICS_SECRET}` }
  const page = await fetch(`${gateway.adminUrl}/metrics?a=1`, { headers })
  t.match(await page.text(), /^otp_hook_in_flight 0$/mu, 'a secret of its own opens it,')
  for (const [method, path] of [
    ['GET', '/status'],
    ['GET', '/rules'],
    ['POST', '/rules/reload'],
    ['GET', '/overrides'],
    ['POST', '/overrides'],
    ['DELETE', '/overrides'],
    ['POST', '/metrics'],
    ['POST', '/send'],
    ['GET', '/metrics/../status'],
    ['GET', '/nothing?/metrics']
  ] as const) {
    const answer = await fetch(`${gateway.adminUrl}${path}`, { method, headers })
    t.equal(answer.status, 401, `and nothing else: ${method} ${path}`)
  }
  const login = await fetch(`${gateway.adminUrl}/console/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-switchboard-console': '1' },
    body: JSON.stringify({ secret: METRICS_SECRET })
  })
  t.equal(login.status, 401, 'nor the console')
})

t.test('docs/observability.md has every metric', async (t) => {
  const page = readFileSync(new URL('../../docs/observability.md', import.meta.url), 'utf8')
  t.ok(page.includes(metricsTable()), 'is fresh; if not: node src/telemetry/metrics-write-table.ts')
})
