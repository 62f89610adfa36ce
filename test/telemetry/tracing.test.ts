import t, { type Test } from 'tap'
import type { GatewayEvent, RequestContext } from '../../src/telemetry/events.ts'
import { createLosses } from '../../src/telemetry/tracing-losses.ts'
import { MOST_WAITING } from '../../src/telemetry/tracing-pipeline.ts'
import type { TracingSettings } from '../../src/telemetry/tracing-settings.ts'
import { createTracing, MOST_OPEN, type Tracing } from '../../src/telemetry/tracing.ts'
import { startCollector, takes, type Collector, type SeenSpan } from '../fixtures/collector.ts'
import { closedPort } from '../fixtures/raw-vendor.ts'
import { linesOf, runGateway, urlOf } from '../fixtures/process.ts'
import { ADMIN_SECRET, RULES, sampleBody, startStack, until, type Stack } from '../fixtures/stack.ts'

const CALLER = { trace: '4bf92f3577b34da6a3ce929d0e0e4736', span: '00f067aa0ba902b7' }

function settingsFor(
  { url }: Pick<Collector, 'url'>,
  sampler: TracingSettings['sampler'] = { kind: 'parentbased_always_on', ratio: 1 }
): TracingSettings {
  return {
    url: `${url}/v1/traces`,
    headers: { authorization: 'Bearer collector-secret' },
    serviceName: 'codes',
    resource: { 'deployment.environment.name': 'staging' },
    sampler
  }
}

async function tracedStack(
  t: Test,
  sampler?: TracingSettings['sampler']
): Promise<{ stack: Stack; collector: Collector; spansOf: (name: string) => readonly SeenSpan[] }> {
  const collector = await startCollector(t)
  const stack = await startStack(t, { tracing: settingsFor(collector, sampler) })
  return { stack, collector, spansOf: (name) => collector.spans().filter((span) => span.name === name) }
}

t.test(
  'a request that fails over is one trace: a server span, and a client span for each attempt',
  async (t) => {
    const { stack, collector, spansOf } = await tracedStack(t)
    await stack.sandbox.setFault('twilio', { mode: 'status', status: 503 })
    const before = Date.now()
    const { json } = await stack.send({}, { eventId: 'event-of-this-test' })
    t.match(json, { commands: [{ value: [{ status: 'SUCCESSFUL', provider: 'VONAGE' }] }] })
    await until(() => collector.spans().length === 3)

    const [request] = spansOf('otp.request')
    const [first, second] = spansOf('otp.attempt').toSorted(
      (a, b) => Number(a.attributes['switchboard.attempt']) - Number(b.attributes['switchboard.attempt'])
    )
    if (request === undefined || first === undefined || second === undefined) {
      throw new Error('There are three.')
    }
    const [completed] = stack.events('otp.request.completed')
    t.match(request, {
      kind: 2,
      parentSpanId: undefined,
      status: { code: 0 },
      attributes: {
        'switchboard.request_id': completed.request_id,
        'switchboard.okta_event_id': 'event-of-this-test',
        'switchboard.rules_hash': completed.rules_hash,
        'switchboard.rule': 'otherwise',
        'switchboard.outcome': 'accepted',
        'switchboard.provider': 'vonage',
        'switchboard.country': 'DE',
        'switchboard.channel': 'sms',
        'switchboard.failover': true,
        'switchboard.attempts': 2,
        'switchboard.provider_message_id': completed.provider_message_id
      },
      resource: {
        'service.name': 'codes',
        'service.version': '0.0.0',
        'deployment.environment.name': 'staging',
        'telemetry.sdk.name': 'opentelemetry'
      }
    })
    t.match(first, {
      kind: 3,
      parentSpanId: request.spanId,
      traceId: request.traceId,
      status: { code: 2 },
      links: [],
      attributes: {
        'server.service.name': 'twilio',
        'switchboard.provider': 'twilio',
        'switchboard.trigger': 'first',
        'switchboard.result': 'provider_error',
        'error.type': 'provider_error',
        'http.response.status_code': 503
      }
    })
    t.match(second, {
      kind: 3,
      parentSpanId: request.spanId,
      traceId: request.traceId,
      status: { code: 0 },
      links: [],
      attributes: {
        'server.service.name': 'vonage',
        'switchboard.trigger': 'failover',
        'switchboard.from': 'twilio',
        'switchboard.reason': 'provider_error',
        'switchboard.result': 'accepted',
        'switchboard.provider_message_id': completed.provider_message_id
      }
    })
    t.notOk('error.type' in second.attributes)

    // One after the other, within the request, by the wall clock.
    const times = [
      BigInt(Math.floor(before - 60_000)) * 1_000_000n,
      BigInt(request.startTimeUnixNano),
      BigInt(first.startTimeUnixNano),
      BigInt(first.endTimeUnixNano),
      BigInt(second.startTimeUnixNano),
      BigInt(second.endTimeUnixNano),
      BigInt(request.endTimeUnixNano),
      BigInt(Date.now() + 60_000) * 1_000_000n
    ]
    for (const [i, time] of times.entries()) t.ok(i === 0 || (times[i - 1] ?? 0n) <= time, `${i}`)

    t.same(
      [...new Set(ofRequests(stack).map(idsOf))],
      [`${request.traceId} ${request.spanId}`],
      'as in the log'
    )
    const page = await metricsOf(stack)
    t.match(page, new RegExp(`trace_id="${request.traceId}",request_id="${completed.request_id}"`, 'u'))
    const [{ path, headers } = { path: '', headers: {} }] = collector.requests
    t.equal(path, '/v1/traces')
    t.match(headers, { 'content-type': 'application/json', authorization: 'Bearer collector-secret' })
  }
)

t.test('attempts that overlap are siblings with a link, and a late one ends after its parent', async (t) => {
  const { stack, collector, spansOf } = await tracedStack(t)
  await stack.sandbox.setFault('twilio', { mode: 'slow', delay_ms: 600 })
  await stack.send()
  await until(() => collector.spans().length === 3)
  const [request] = spansOf('otp.request')
  const late = spansOf('otp.attempt').find(
    ({ attributes }) => attributes['switchboard.provider'] === 'twilio'
  )
  const other = spansOf('otp.attempt').find(
    ({ attributes }) => attributes['switchboard.provider'] === 'vonage'
  )
  t.match(late, {
    parentSpanId: request?.spanId,
    links: [],
    status: { code: 0 },
    attributes: { 'switchboard.result': 'accepted', 'switchboard.sent_certainty': 'sent' }
  })
  t.ok(Number(late?.attributes['switchboard.late_by_ms']) > 0)
  t.ok(BigInt(late?.endTimeUnixNano ?? 0) > BigInt(request?.endTimeUnixNano ?? 0))
  t.match(other, {
    parentSpanId: request?.spanId,
    links: [{ spanId: late?.spanId, traceId: request?.traceId }],
    attributes: { 'switchboard.from': 'twilio', 'switchboard.reason': 'no_answer' }
  })
  t.match(request?.attributes, { 'switchboard.possible_duplicate': true })
})

t.test('the same request again is a span of its own, without attempts', async (t) => {
  const { stack, collector, spansOf } = await tracedStack(t)
  const body = sampleBody()
  await stack.post(body)
  await stack.post(body)
  await until(() => collector.spans().length === 3)
  t.equal(spansOf('otp.attempt').length, 1)
  t.match(
    spansOf('otp.request').map(({ status, attributes: { 'switchboard.outcome': outcome } }) => [
      outcome,
      status.code
    ]),
    [
      ['accepted', 0],
      ['duplicate', 0]
    ]
  )
  t.equal(new Set(spansOf('otp.request').map(({ traceId }) => traceId)).size, 2)
})

t.test('a caller with a traceparent is the parent, and its decision is kept', async (t) => {
  const { stack, collector, spansOf } = await tracedStack(t)
  const { trace, span } = CALLER
  // What the caller does not keep, nobody does; what is no traceparent is no parent.
  await stack.post(sampleBody(), { traceparent: `00-${trace.replace('4', '5')}-${span}-00` })
  await stack.post(sampleBody(), { traceparent: `00-${trace}-${span}-zz`, tracestate: 'vendor=evil' })
  await stack.post(sampleBody(), { traceparent: `00-${trace}-${span}-01`, tracestate: 'vendor=opaque' })
  await until(() => collector.spans().length === 4)

  const [begun, joined] = spansOf('otp.request')
  t.match(joined, { traceId: trace, parentSpanId: span, traceState: 'vendor=opaque', flags: 0x301 })
  t.match(
    spansOf('otp.attempt').find(({ traceId }) => traceId === trace),
    { parentSpanId: joined?.spanId, traceState: 'vendor=opaque', flags: 0x101 }
  )
  t.match(begun, { parentSpanId: undefined, traceState: undefined, flags: 0x101 })
  t.not(begun?.traceId, trace)

  const byRequest = Map.groupBy(ofRequests(stack), ({ request_id: id }) => id)
  t.same(
    [...byRequest.values()].map((lines) => [...new Set(lines.map(idsOf))]),
    [
      [`${trace.replace('4', '5')} undefined`],
      [`${begun?.traceId} ${begun?.spanId}`],
      [`${trace} ${joined?.spanId}`]
    ]
  )
})

t.test('without a caller the sampler decides, and the log has a trace id all the same', async (t) => {
  const { stack, collector } = await tracedStack(t, { kind: 'parentbased_always_off', ratio: 1 })
  await stack.send()
  const { trace, span } = CALLER
  await stack.post(sampleBody(), { traceparent: `00-${trace}-${span}-01` })
  await until(() => collector.spans().length === 2)
  t.same([...new Set(collector.spans().map(({ traceId }) => traceId))], [trace])
  const [first] = ofRequests(stack)
  t.match(first.trace_id, /^[0-9a-f]{32}$/u)
  t.notOk('span_id' in first)

  for (const [ratio, kept] of [
    [0, 0],
    [1, 2_000],
    [0.25, 500]
  ] as const) {
    const { tracing } = aTracing(t, settingsFor(collector, { kind: 'parentbased_traceidratio', ratio }))
    const ids = Array.from({ length: 2_000 }, (_, i) => tracing.traceOf(arrival(`${i}`)))
    const count = ids.filter(({ span_id: id }) => id !== undefined).length
    t.ok(Math.abs(count - kept) <= (ratio === 0.25 ? 150 : 0), `${ratio} keeps ${count} of 2000`)
  }
})

t.test('whoever is not let in has no trace, and what failed is an error', async (t) => {
  const { stack, collector, spansOf } = await tracedStack(t)
  await stack.post(sampleBody(), { authorization: 'Basic nobody' })
  await stack.post('{')
  for (const name of ['twilio', 'vonage', 'messagebird'] as const) {
    await stack.sandbox.setFault(name, { mode: 'status', status: 503 })
  }
  await stack.send()
  await stack.send({ phoneNumber: 'nobody' })
  // What a rule blocks is as it has to be.
  await stack.send({ phoneNumber: '+499001234567' })
  await until(() => spansOf('otp.request').length === 3)
  t.same(
    spansOf('otp.request').map(({ status: { code }, attributes }) => [
      attributes['switchboard.outcome'],
      code,
      attributes['error.type']
    ]),
    [
      ['failed', 2, 'failed'],
      ['not_understood', 2, 'not_understood'],
      ['blocked', 0, undefined]
    ]
  )
  t.same(
    stack.events('okta.request.refused').map(({ trace_id: id }) => id),
    [null, null]
  )
  t.equal(collector.spans().length, 3 + stack.events('otp.attempt.completed').length)
})

t.test('nothing that is exported holds a code, a number, a name, a text or a secret', async (t) => {
  const collector = await startCollector(t)
  const stack = await startStack(t, {
    tracing: settingsFor(collector),
    rules: RULES.replace('max_attempts: 3', 'max_attempts: 3\n  resend: { within: 60s }')
  })
  const number = '+4915123456789'
  const profile = { phoneNumber: number, otpCode: '738291', msgTemplate: 'Hush: 738291' }
  await stack.sandbox.setFault('twilio', { mode: 'status', status: 400, code: 21211 })
  await stack.send(profile, {}, 'the-user')
  await stack.sandbox.setFault('vonage', { mode: 'slow', delay_ms: 400 })
  await stack.send(profile, {}, 'the-user')
  await stack.send({ ...profile, deliveryChannel: 'Voice call' }, {}, 'the-user')
  await stack.send({ ...profile, phoneNumber: '738291 is no number' })
  await until(() => stack.events('otp.attempt.late_result').length > 0)
  await stack.tracing?.close()

  const all = collector.texts.join('\n')
  t.ok(collector.spans().length >= 8)
  t.notMatch(all, /738291|Hush|4915123456789|15123456789|3456789|the-user|collector-secret|an-okta-secret/u)
  const [received] = stack.events('otp.request.received')
  for (const field of ['phone', 'phone_hash', 'user_hash']) {
    t.ok(received[field].length > 4)
    t.notOk(all.includes(received[field]), field)
  }
  t.notMatch(all, /"key":"[^"]*(?:prefix|phone|user)/u)
  const { firstName, lastName, login } = JSON.parse(sampleBody()).data.userProfile
  for (const name of [firstName, lastName, login]) t.notOk(all.includes(name), name)
})

t.test('a collector that fails costs no request anything, and is spoken of once', async (t) => {
  const answers: readonly (readonly [string, Collector['answer'], RegExp])[] = [
    ['answers 500', (response) => response.writeHead(500).end('no collector-secret here'), /^http_500$/u],
    [
      'asks for patience',
      (response) => response.writeHead(503, { 'retry-after': '60' }).end(),
      /^http_503$/u
    ],
    ['sends elsewhere', (response) => response.writeHead(307, { location: '/' }).end(), /^http_307$/u],
    ['hangs', () => {}, /^stopped$/u],
    [
      'dribbles',
      (response) => {
        const timer = setInterval(() => response.write(' '), 20)
        response.on('close', () => clearInterval(timer))
      },
      /^stopped$/u
    ],
    ['takes a part', (response) => response.end('{"partialSuccess":{"rejectedSpans":"2"}}'), /^rejected$/u]
  ]
  for (const [name, answer, cause] of answers) {
    await t.test(name, async (t) => {
      const { stack, collector } = await tracedStack(t)
      collector.answer = answer
      for (let i = 0; i < 3; i++) {
        const { json } = await stack.send()
        t.match(json, { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] })
      }
      await until(() => collector.requests.length > 0)
      await stack.tracing?.close()
      const lost = stack.events('traces.lost')
      t.equal(lost.length, 1)
      t.match(lost[0], { level: 40, cause, spans: cause.test('rejected') ? 2 : 6 })
      t.same(stack.events('gateway.fault'), [])
      t.notMatch(JSON.stringify(stack.lines()), /collector-secret|127\.0\.0\.1:\d+\/v1/u)
    })
  }
  await t.test('is not there, and comes back', async (t) => {
    const collector = await startCollector(t)
    const { tracing, reported } = aTracing(t, settingsFor({ url: await closedPort() }))
    request(tracing, 'one')
    await tracing.close()
    t.match(reported, [{ event: 'traces.lost', cause: /^(ECONNREFUSED|stopped)$/u, spans: 2 }])
    // Repeated as long as a collector needs to start anew: nothing is lost.
    let refusals = 2
    collector.answer = (response) => (refusals-- > 0 ? response.writeHead(503).end() : takes(response))
    // Three seconds pass with each request, and some part of a millisecond.
    const now = (): number => performance.now() + collector.requests.length * 3_000.3
    const patient = aTracing(t, settingsFor(collector), now)
    request(patient.tracing, 'two')
    await until(() => collector.requests.length === 3)
    await patient.tracing.close()
    t.same(patient.reported, [])
  })
})

t.test('what is lost is said when it begins and when it is over, and not in between', async (t) => {
  const reported: GatewayEvent[] = []
  let nowMs = 0
  const losses = createLosses({ report: (event: GatewayEvent) => reported.push(event), now: () => nowMs })
  losses.arrived()
  losses.lose(0, 'rejected')
  t.same(reported, [])
  losses.lose(3, 'http_500')
  nowMs = 9_000
  losses.lose(4, 'ECONNREFUSED')
  nowMs = 18_999
  // A collector that is too slow takes some, and loses others.
  losses.arrived()
  t.same(reported, [{ event: 'traces.lost', cause: 'http_500', spans: 3 }])
  nowMs = 19_000
  losses.arrived()
  losses.arrived()
  t.same(reported.slice(1), [{ event: 'traces.back', after_ms: 19_000, spans: 7 }])
  losses.lose(1, 'queue_full')
  losses.close()
  t.same(reported.slice(2), [{ event: 'traces.lost', cause: 'queue_full', spans: 1 }])
  losses.lose(1, 'stopped')
  losses.close()
  t.same(reported.slice(3), [{ event: 'traces.lost', cause: 'stopped', spans: 2 }])
})

t.test('neither what waits for the collector nor what is open grows without end', async (t) => {
  const collector = await startCollector(t)
  collector.answer = () => {}
  const hanging = aTracing(t, settingsFor(collector))
  for (let i = 0; i < MOST_WAITING; i++) request(hanging.tracing, `${i}`)
  t.match(hanging.reported, [{ event: 'traces.lost', cause: 'queue_full', spans: 1 }])
  await hanging.tracing.close()
  t.match(hanging.reported, [{}, { event: 'traces.lost', spans: 2 * MOST_WAITING }])
  t.equal(hanging.reported.length, 2)

  const leaking = await startCollector(t)
  const { tracing, reported } = aTracing(t, settingsFor(leaking))
  const first = tracing.traceOf(arrival('first'))
  const report = tracing.forRequest(contextOf('first', first))
  report({ event: 'otp.attempt.started', attempt: 1, provider: 'twilio', trigger: 'first' })
  for (let i = 0; i < MOST_OPEN; i++) tracing.traceOf(arrival(`${i}`))
  await until(() => leaking.spans().length === 2)
  for (const span of leaking.spans()) {
    t.match(span, {
      traceId: first.trace_id,
      status: { code: 2 },
      attributes: { 'error.type': 'unfinished' }
    })
  }
  // It may still be spoken of.
  report({ ...COMPLETED, outcome: 'accepted' })
  t.equal(leaking.spans().length, 2)
  t.same(reported, [])
})

t.test('a bug on the way ends the span, and a bug of the tracing ends nothing', async (t) => {
  const collector = await startCollector(t)
  const { tracing } = aTracing(t, settingsFor(collector))
  const ids = tracing.traceOf(arrival('a'))
  const report = tracing.forRequest(contextOf('a', ids))
  report({
    event: 'gateway.fault',
    where: 'provider twilio',
    error: 'TypeError',
    code: null,
    frames: ['at x']
  })
  tracing.report({
    event: 'okta.request.refused',
    request_id: 'a',
    trace_id: ids.trace_id,
    reason: 'internal_error',
    http_status: 500,
    duration_ms: 1
  })
  await until(() => collector.spans().length === 1)
  t.match(collector.spans(), [
    {
      status: { code: 2 },
      attributes: { 'error.type': 'internal_error', 'http.response.status_code': 500 },
      events: [
        {
          name: 'exception',
          attributes: { 'exception.type': 'TypeError', 'switchboard.where': 'provider twilio' }
        }
      ]
    }
  ])

  const bugs: unknown[] = []
  const broken = createTracing({
    settings: settingsFor(collector),
    version: '1.2.3',
    clock: {
      now: () => performance.now(),
      epoch() {
        throw new Error('no clock')
      }
    },
    report() {},
    onBug: (error) => bugs.push(error)
  })
  t.same(broken.traceOf(arrival('b')), { trace_id: null })
  t.same(
    broken.traceOf({
      ...arrival('c'),
      headers: { traceparent: `00-${CALLER.trace}-${CALLER.span}-01` }
    }),
    { trace_id: CALLER.trace }
  )
  broken.forRequest(contextOf('c', { trace_id: null }))({ event: 'otp.failover' } as never)
  t.equal(bugs.length, 2)
  await broken.close()
})

t.test(
  'without an endpoint nothing of the SDK is loaded; with one a process flushes when it stops',
  async (t) => {
    const probe = {
      ADMIN_SECRET,
      NODE_OPTIONS: `--import=${new URL('../fixtures/loaded-modules.ts', import.meta.url).href}`
    }
    const loaded = (stderr: string): readonly string[] =>
      [...stderr.matchAll(/^loaded \S*\/node_modules\/(@opentelemetry\/[^/\s]+)/gmu)].map(
        ([, name = '']) => name
      )
    const isOfSdk = (name: string): boolean => name !== '@opentelemetry/api'
    const send = async (url: string): Promise<unknown> => {
      const response = await fetch(`${url}/telephonyHook`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Basic ${Buffer.from('okta:sandbox').toString('base64')}`
        },
        body: sampleBody()
      })
      return await response.json()
    }

    const off = runGateway(t, probe)
    await send(await urlOf(off))
    off.child.kill('SIGTERM')
    t.equal(await off.ended, 0)
    t.match(off.stderr(), /^loaded \S*\/src\/telemetry\/metrics\.ts$/mu, 'the probe sees what is loaded')
    t.same(loaded(off.stderr()).filter(isOfSdk), [])
    t.notMatch(off.stderr(), /telemetry\/tracing(?!-settings)\S*\.ts/u)
    t.notMatch(off.stdout(), /span_id|"trace_id":"/u)

    const collector = await startCollector(t)
    const on = runGateway(t, {
      ...probe,
      OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/otlp/`,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=a%20secret',
      OTEL_SERVICE_NAME: 'codes',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,host.name=node%201',
      // Not ours: the SDK would take them behind our back.
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-other=1',
      OTEL_BSP_MAX_QUEUE_SIZE: '0'
    })
    const url = await urlOf(on)
    t.match(await send(url), { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] })
    on.child.kill('SIGTERM')
    t.equal(await on.ended, 0)
    t.ok(loaded(on.stderr()).some(isOfSdk))
    t.equal(collector.spans().length, 2)
    t.match(collector.spans()[0]?.resource, { 'service.name': 'codes', 'host.name': 'node 1' })
    const [{ path, headers } = { path: '', headers: {} }] = collector.requests
    t.equal(path, '/otlp/v1/traces')
    t.equal(headers['x-api-key'], 'a secret')
    t.notOk('x-other' in headers)
    const completed = linesOf(on).find(({ event }) => event === 'otp.request.completed')
    t.equal(completed.trace_id, collector.spans()[0]?.traceId)
    t.notMatch(on.stdout(), /a secret|a%20secret/u)
  }
)

/** Lines that carry a request's ids. */
function ofRequests(stack: Stack): readonly any[] {
  return stack
    .lines()
    .filter((line) => 'request_id' in line && 'rules_hash' in line && 'okta_event_id' in line)
}

function idsOf({ trace_id: trace, span_id: span }: any): string {
  return `${trace} ${span}`
}

async function metricsOf({ gateway }: Stack): Promise<string> {
  const response = await fetch(`${gateway.adminUrl}/metrics`, {
    headers: { authorization: `Bearer ${ADMIN_SECRET}`, accept: 'application/openmetrics-text' }
  })
  return await response.text()
}

/** The tracing by itself; bugs end the test. */
function aTracing(
  t: Test,
  settings: TracingSettings,
  now = (): number => performance.now()
): { tracing: Tracing; reported: GatewayEvent[] } {
  const reported: GatewayEvent[] = []
  const tracing = createTracing({
    settings,
    version: '1.2.3',
    clock: { now, epoch: () => Date.now() },
    report: (event: GatewayEvent) => reported.push(event),
    onBug(error) {
      throw error
    }
  })
  t.teardown(tracing.close)
  return { tracing, reported }
}

function arrival(requestId: string) {
  return { requestId, arrivedAtMs: performance.now(), headers: {} }
}

function contextOf(id: string, trace: Pick<RequestContext, 'trace_id' | 'span_id'>): RequestContext {
  return { request_id: id, okta_event_id: null, okta_request_id: null, rules_hash: '4ea60d24e9cf', ...trace }
}

const COMPLETED: Extract<GatewayEvent, { event: 'otp.request.completed' }> = {
  event: 'otp.request.completed',
  outcome: 'failed',
  reason: null,
  channel: 'sms',
  flow: null,
  country: 'SE',
  phone: null,
  phone_hash: null,
  preview: false,
  rule: 'otherwise',
  provider: null,
  provider_message_id: null,
  failover: false,
  last_resort: false,
  attempts: 1,
  attempts_detail: [],
  possible_duplicate: false,
  okta_status: 'FAILED',
  duration_ms: 100,
  deadline_left_ms: 2_400
}

/** A request with one attempt: two spans. */
function request(tracing: Tracing, id: string): void {
  const report = tracing.forRequest(contextOf(id, tracing.traceOf(arrival(id))))
  report({ event: 'otp.attempt.started', attempt: 1, provider: 'twilio', trigger: 'first' })
  report({
    event: 'otp.attempt.completed',
    attempt: 1,
    provider: 'twilio',
    trigger: 'first',
    result: 'provider_error',
    sent_certainty: 'not_sent',
    cause: 'http_503',
    provider_code: null,
    http_status: 503,
    provider_message_id: null,
    duration_ms: 100,
    channel: 'sms',
    country: 'SE',
    deadline_left_ms: 2_400
  })
  report(COMPLETED)
}
