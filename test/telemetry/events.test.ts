import { readdirSync, readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import t from 'tap'
import { ECS_NAMES, ECS_NAMES_OF } from '../../src/telemetry/ecs.ts'
import {
  EVENT_NAMES,
  EVENTS,
  EveryLine,
  RequestContext,
  TRAITS,
  type GatewayEvent,
  type Report
} from '../../src/telemetry/events.ts'
import { renewedPage } from '../../src/telemetry/events-page.ts'
import { eventsSchema, eventsSchemaText } from '../../src/telemetry/events-schema.ts'
import { levelInWords, levelOf, levelsOf } from '../../src/telemetry/level.ts'
import { LOG_FORMATS, logFormat } from '../../src/telemetry/log-format.ts'
import { createLog, type LogFormat } from '../../src/telemetry/log.ts'
import { OTEL_NAMES } from '../../src/telemetry/otel.ts'
import { traceIdOf } from '../../src/telemetry/trace-context.ts'
import { described, type Described } from '../../src/telemetry/vocabulary/fields.ts'
import { anyContext, anyEvent } from '../fixtures/any-event.ts'
import { createTestLog } from '../fixtures/gateway.ts'
import { run, runGateway, urlOf } from '../fixtures/process.ts'
import { sampleBody, startStack, until } from '../fixtures/stack.ts'
import { faultOfLine } from '../fixtures/vocabulary.ts'

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

/** Every field of a schema, also those of objects in it, by its path. */
function* fieldsIn(schema: Described, path: string): Iterable<readonly [string, Described]> {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const here = `${path} ${name}`
    const one = field.anyOf?.[0] ?? field
    yield [here, { ...one, ...field }]
    yield* fieldsIn(one.items ?? one, here)
  }
}

t.test('every event and every field says what it means, every number its unit', async (t) => {
  const all = [
    ['line', described(EveryLine)],
    ['request', described(RequestContext)],
    ...EVENT_NAMES.map((name) => [name, described(EVENTS[name])] as const)
  ] as const
  for (const name of EVENT_NAMES) t.match(EVENTS[name], { description: /[.)]$/u }, name)
  for (const [event, schema] of all) {
    for (const [path, { description = '', unit, type = '' }] of fieldsIn(schema, event)) {
      t.ok(description.length >= 3, path)
      t.notMatch(description, /\||\n/u, `${path} fits into a table`)
      const isNumber = path !== 'line level' && (type === 'integer' || type === 'number')
      t.equal(unit !== undefined, isNumber, `${path} has a unit where it is a number`)
      const suffix = /_(ms|us)$/u.exec(path)?.[1]
      if (suffix !== undefined) t.equal(unit, suffix, path)
      else t.notOk(unit === 'ms' && path !== 'line time', `${path} says in its name that it is a time`)
    }
  }
})

t.test('the reference and the published schema are fresh', async (t) => {
  const hint = 'if not: node src/telemetry/write-events.ts'
  const page = read('docs/log-events.md')
  t.equal(page, renewedPage(page), hint)
  t.equal(read('docs/log-events.schema.json'), eventsSchemaText(), hint)
  for (const name of EVENT_NAMES) {
    const section = page.split(`### \`${name}\`\n`)[1]?.split('\n### ')[0] ?? ''
    t.ok(section.includes(`**${levelInWords(TRAITS[name].level)}.**`), name)
    for (const field of Object.keys(EVENTS[name].properties)) {
      t.ok(section.includes(`| \`${field}\` |`), `${name} ${field}`)
    }
  }
  t.throws(
    () => renewedPage(page.replace('<!-- rules: made', '<!-- rulez: made')),
    /rulez|no place for rules/u
  )
  t.throws(() => renewedPage(''), /no place for line/u)
})

t.test('the published schema is valid, and takes each line by one branch', async (t) => {
  const ajv = new Ajv2020({ strict: true, allErrors: true })
  t.ok(ajv.validateSchema(eventsSchema()))
  const check = ajv.compile(eventsSchema())
  const line = { level: 30, time: 1, event: 'gateway.stopped', reason: 'SIGTERM', msg: 'stopped' }
  t.ok(check(line))
  const wrong = [
    { ...line, event: 'gateway.stopt' },
    { ...line, level: 50 },
    { ...line, code: '123456' },
    { ...line, reason: 'x'.repeat(65) },
    { ...line, reason: null },
    { ...line, request_id: 'of no request' },
    { event: line.event, level: line.level, time: line.time, msg: line.msg }
  ]
  for (const value of wrong) t.notOk(check(value), JSON.stringify(value))
  const ids = { request_id: 'r', trace_id: null, okta_event_id: null, okta_request_id: null, rules_hash: 'h' }
  const fault = {
    level: 50,
    time: 1,
    event: 'gateway.fault',
    where: 'w',
    error: 'e',
    code: null,
    frames: [],
    msg: 'm'
  }
  t.ok(check(fault), 'a bug may be in no request')
  t.ok(check({ ...fault, ...ids }))
  t.notOk(check({ ...fault, request_id: 'r' }), 'but has all ids of one, or none')
})

t.test('whatever happens is written as a line that keeps to the vocabulary', async (t) => {
  const lines: string[] = []
  const seen = new Set<string>()
  const log = createTestLog('debug', (line) => lines.push(line))
  fc.assert(
    fc.property(anyEvent, anyContext, (event, context) => {
      lines.length = 0
      seen.add(event.event)
      // Only who is in a request has its report.
      const report = TRAITS[event.event].about === 'request' ? log.forRequest(context) : log.report
      report(event)
      const [line = '{}'] = lines
      const { level, msg } = JSON.parse(line)
      if (lines.length !== 1) t.fail(`${lines.length} lines`)
      if (faultOfLine(line) !== null) t.fail(faultOfLine(line) ?? '')
      if (level !== { debug: 20, info: 30, warn: 40, error: 50 }[levelOf(event)]) t.fail(line)
      if (!levelsOf(TRAITS[event.event].level).includes(levelOf(event))) t.fail(line)
      if (typeof msg !== 'string' || msg === '' || /undefined|\[object/u.test(msg)) t.fail(line)
    }),
    { numRuns: 2_000 }
  )
  t.equal(seen.size, EVENT_NAMES.length)
})

t.test('how loud an event is goes by its fields where it says so', async (t) => {
  const attempt = { event: 'otp.attempt.completed' } as const
  t.equal(levelOf({ ...attempt, result: 'accepted' } as GatewayEvent), 'info')
  t.equal(levelOf({ ...attempt, result: 'no_answer' } as GatewayEvent), 'warn')
  t.equal(levelOf({ ...attempt, result: 'credentials' } as GatewayEvent), 'warn')
  t.equal(levelOf({ ...attempt, result: 'unknown' } as GatewayEvent), 'error')
  t.equal(levelOf({ event: 'rules.loaded', warnings: [] } as unknown as GatewayEvent), 'info')
  t.equal(levelOf({ event: 'rules.loaded', warnings: [{}] } as unknown as GatewayEvent), 'warn')
  t.equal(levelOf({ event: 'otp.request.completed', outcome: 'undecided' } as GatewayEvent), 'warn')
  t.equal(levelOf({ event: 'otp.request.completed', outcome: 'duplicate' } as GatewayEvent), 'info')
  t.equal(levelOf({ event: 'otp.attempt.started' } as GatewayEvent), 'debug')
})

t.test('what no schema knows cannot be reported: it does not compile', async (t) => {
  const events: unknown[] = []
  const report: Report = (event: GatewayEvent) => void events.push(event)
  const request = { code: '123456', reason: 'SIGTERM' }
  const named = { event: 'gateway.stopped', reason: 'SIGTERM', code: '123456' } as const

  report({ event: 'gateway.stopped', reason: 'SIGTERM' })
  // @ts-expect-error -- a field that the event does not have
  report({ event: 'gateway.stopped', reason: 'SIGTERM', code: '123456' })
  // @ts-expect-error -- the same, of another event
  report({ event: 'gateway.stopped', reason: 'SIGTERM', in_flight: 1 })
  // @ts-expect-error -- the same, out of an object that is spread
  report({ event: 'gateway.stopped', ...request })
  // @ts-expect-error -- the same, in an object with a name
  report(named)
  // @ts-expect-error -- a field that is missing
  report({ event: 'gateway.stopped' })
  // @ts-expect-error -- a field of another type
  report({ event: 'gateway.stopped', reason: 15 })
  // @ts-expect-error -- a word that is none of the field's
  report({ event: 'gateway.overloaded', reason: 'too_much', in_flight: 1 })
  // @ts-expect-error -- an event that nobody has defined
  report({ event: 'gateway.stopt', reason: 'SIGTERM' })
  t.equal(events.length, 9, 'the compiler is asked, and nobody else')
})

const MAY_CREATE_LOGS = new Set(['test/fixtures/gateway.ts', 'test/telemetry/events.test.ts'])

t.test('a test whose gateway writes a wrong line fails', async (t) => {
  t.match(faultOfLine('{"level":30,"time":1,"event":"otp.sent","msg":"m"}'), /no event "otp\.sent"/u)
  t.match(faultOfLine('{"event":'), /no JSON/u)
  t.match(
    faultOfLine('{"level":30,"time":1,"event":"gateway.stopped","reason":"x","code":"1","msg":"m"}'),
    /gateway\.stopped does not keep .* additional properties/u
  )
  const program = (report: string) =>
    `import { createTestLog } from './test/fixtures/gateway.ts'
     const log = createTestLog('info', () => {})
     try { ${report} } catch {}
     setTimeout(() => process.exit(0), 50)`
  // Who makes a log of its own writes lines that nobody holds against anything.
  const writers = readdirSync(new URL('..', import.meta.url), { recursive: true, encoding: 'utf8' })
    .map((name) => `test/${name}`)
    .filter((name) => name.endsWith('.ts') && /\bcreateLog\(/u.test(read(name)))
  t.same(
    writers.filter((name) => !MAY_CREATE_LOGS.has(name)),
    [],
    'createTestLog() is for them'
  )
  const right = run(t, process.execPath, [
    '-e',
    program(`log.report({ event: 'gateway.stopped', reason: 'x' })`)
  ])
  t.equal(await right.ended, 0, right.stderr())
  const wrong = run(t, process.execPath, [
    '-e',
    program(`log.report({ event: 'gateway.stopped', code: '1' })`)
  ])
  t.equal(await wrong.ended, 1)
  t.match(wrong.stderr(), /gateway\.stopped does not keep to the vocabulary/u)
})

t.test('a trace id is taken from a traceparent that is exactly right, and from no other', async (t) => {
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  const span = '00f067aa0ba902b7'
  const cases: readonly (readonly [string | readonly string[] | undefined, string | null])[] = [
    [`00-${trace}-${span}-01`, trace],
    [`00-${trace}-${span}-00`, trace],
    [`00-${trace}-${span}-ff`, trace],
    [`00-${'1'.repeat(32)}-${span}-01`, '1'.repeat(32)],
    // A later version may append what nobody here knows.
    [`01-${trace}-${span}-01`, trace],
    [`cc-${trace}-${span}-01-what-the-future-brings`, trace],
    [`cc-${trace}-${span}-01-`, trace],
    [`cc-${trace}-${span}-01.x`, null],
    [`00-${trace}-${span}-01-x`, null],
    [`00-${trace}-${span}-01-`, null],
    [`ff-${trace}-${span}-01`, null],
    [`00-${'0'.repeat(32)}-${span}-01`, null],
    [`00-${trace}-${'0'.repeat(16)}-01`, null],
    [`00-${trace.toUpperCase()}-${span}-01`, null],
    [`00-${trace.slice(1)}-${span}-01`, null],
    [`00-${trace}0-${span}-01`, null],
    [`00-${trace}-${span}`, null],
    [`00-${trace}-${span}-1`, null],
    [`00-${trace}-${span}-0g`, null],
    [` 00-${trace}-${span}-01`, null],
    [`00-${trace}-${span}-01\n`, null],
    [`00-${trace}-${span}-01, 00-${trace}-${span}-01`, null],
    [[`00-${trace}-${span}-01`], null],
    ['', null],
    [undefined, null]
  ]
  for (const [header, traceId] of cases) t.equal(traceIdOf(header), traceId, JSON.stringify(header))
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 80 }), (header) => traceIdOf(header) === null),
    { numRuns: 1_000 }
  )
})

t.test('a trace id is on every line of its request, and nothing else of a header is', async (t) => {
  const { post, lines, send } = await startStack(t)
  const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
  await post(sampleBody(), { traceparent: `00-${trace}-00f067aa0ba902b7-01` })
  await post('{', { traceparent: `00-${trace}-00f067aa0ba902b7-01` })
  const ofTrace = lines().filter(({ request_id: id }) => id !== undefined)
  t.same([...new Set(ofTrace.map(({ trace_id: id }) => id))], [trace])
  t.ok(ofTrace.some(({ event }) => event === 'okta.request.refused'))
  t.ok(ofTrace.some(({ event }) => event === 'otp.request.completed'))
  t.notMatch(JSON.stringify(lines()), '00f067aa0ba902b7')

  const before = lines().length
  for (const header of ['evil', `00-${trace}-00f067aa0ba902b7-01-evil`, `00-${'0'.repeat(32)}-evil`]) {
    await post(sampleBody(), { traceparent: header })
    await post('{', { traceparent: header })
  }
  await send()
  const others = lines().slice(before)
  t.ok(others.length > 20)
  t.same([...new Set(others.map(({ trace_id: id }) => id))], [null])
  t.notMatch(JSON.stringify(others), /evil/u)
})

/** The lines that a format makes of an event, with the native one beside it. */
function linesOfFormat(format: LogFormat | null): (event: GatewayEvent, context: RequestContext) => any {
  let line = ''
  const log = createLog('debug', { write: (text) => void (line = text) }, format)
  return (event, context) => {
    const isInRequest = TRAITS[event.event].about === 'request'
    const report: (event: GatewayEvent) => void = isInRequest ? log.forRequest(context) : log.report
    report(event)
    const value = JSON.parse(line)
    // A name that is there twice would be read by one as this, by another as that.
    if (countKeys(value) !== line.match(/"(?:[^"\\]|\\.)*":/gu)?.length) throw new Error(line)
    return value
  }
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return (
    Object.values(value).reduce<number>((sum, one) => sum + countKeys(one), 0) +
    (Array.isArray(value) ? 0 : Object.keys(value).length)
  )
}

/** Everything that is said in a value, without the names. */
function leavesOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : [value]
}

/** What Elastic says of the fields that are used, and of the words that some may hold. */
const ECS_TYPES: Readonly<Record<string, RegExp | 'number' | 'string'>> = {
  '@timestamp': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/u,
  'log.level': /^(?:debug|info|warn|error)$/u,
  message: 'string',
  'ecs.version': /^\d+\.\d+\.\d+$/u,
  'service.name': /^switchboard$/u,
  'service.version': /^1\.2\.3$/u,
  'event.kind': /^event$/u,
  'event.action': 'string',
  'event.category': /^\["(?:api|configuration|database|network|process)"\]$/u,
  'event.type': /^\["(?:info|start|end|change|denied)"\]$/u,
  'event.outcome': /^(?:success|failure|unknown)$/u,
  'event.duration': 'number',
  'event.reason': 'string',
  'error.type': 'string',
  'error.code': 'string',
  'error.stack_trace': 'string',
  'http.request.id': 'string',
  'http.response.status_code': 'number',
  'rule.name': 'string',
  'rule.ruleset': 'string',
  'user.hash': 'string',
  'trace.id': /^[0-9a-f]{32}$/u,
  'span.id': /^[0-9a-f]{16}$/u
}

t.test('other names say what the event says, and nothing else', async (t) => {
  const native = linesOfFormat(null)
  for (const name of LOG_FORMATS.filter((format) => format !== 'native')) {
    const other = linesOfFormat(logFormat(name, '1.2.3'))
    fc.assert(
      fc.property(anyEvent, anyContext, (event, context) => {
        const own = native(event, context)
        const line = other(event, context)
        const { level: _level, time: _time, ...said } = own
        const known = new Set(leavesOf(said))
        const fields = name === 'ecs' ? line : line.Attributes
        for (const [field, value] of Object.entries<unknown>(fields)) {
          const isMade =
            /^(?:ecs\.version|service\.|log\.level|@timestamp|event\.(?:kind|category|type|outcome|duration)|(?:error\.stack_trace|exception\.stacktrace)$)/u.test(
              field
            )
          if (isMade) continue
          for (const leaf of leavesOf(value)) if (!known.has(leaf)) t.fail(`${name} ${field} is made up`)
        }
        // Nothing is lost but what is null, and what every line has as its service's version.
        const { version: _version, duration_ms: durationMs, frames, ...kept } = said
        const saidThere = new Set(leavesOf(line))
        const lost = leavesOf(kept).filter((leaf) => leaf !== null && !saidThere.has(leaf))
        if (lost.length > 0) t.fail(`${name} ${event.event} loses ${JSON.stringify(lost)}`)
        if (Array.isArray(frames)) {
          t.equal(fields[name === 'ecs' ? 'error.stack_trace' : 'exception.stacktrace'], frames.join('\n'))
        }
        if (durationMs !== undefined) {
          const there = name === 'ecs' ? fields['event.duration'] / 1e6 : fields['switchboard.duration_ms']
          if (there !== durationMs) t.fail(`${name} ${event.event} lasts ${there}`)
        }
      }),
      { numRuns: 500 }
    )
  }
})

t.test("LOG_FORMAT=ecs keeps to Elastic's names and types, one type a name", async (t) => {
  const line = linesOfFormat(logFormat('ecs', '1.2.3'))
  const types = new Map<string, string>()
  const wrong = new Set<string>()
  fc.assert(
    fc.property(anyEvent, anyContext, (event, context) => {
      for (const [field, value] of Object.entries<any>(line(event, context))) {
        const rule = ECS_TYPES[field] ?? (/^switchboard\.\w+$/u.test(field) ? null : 'no such field')
        const said = typeof value === 'string' ? value : JSON.stringify(value)
        if (rule instanceof RegExp ? !rule.test(said) : rule !== null && typeof value !== rule) {
          wrong.add(`${field} is ${said}`)
        }
        // What is in a list has to be of one type too, and an empty list is of any.
        const shape = Array.isArray(value) ? `list of ${typeof value[0]}` : typeof value
        if (shape === 'list of undefined') continue
        if ((types.get(field) ?? shape) !== shape) wrong.add(`${field} of ${event.event} is ${shape}`)
        types.set(field, shape)
      }
    }),
    { numRuns: 2_000 }
  )
  t.same([...wrong], [])
  t.ok(types.size > 60)
  const of = (event: GatewayEvent) => line(event, CONTEXT)
  t.match(of(ATTEMPT), {
    'log.level': 'warn',
    'event.action': 'otp.attempt.completed',
    'event.outcome': 'unknown',
    'event.duration': 900_000_000,
    'error.type': 'no_answer',
    'error.code': undefined,
    'http.request.id': 'our-id',
    'trace.id': CONTEXT.trace_id,
    'rule.ruleset': '4ea60d24e9cf',
    'switchboard.okta_event_id': 'okta-event',
    'switchboard.provider': 'messagebird',
    message: 'messagebird gave no answer that can be read (timeout) after 900 ms'
  })
  t.match(of({ ...ATTEMPT, result: 'accepted', sent_certainty: 'sent' }), { 'event.outcome': 'success' })
  t.notOk('error.type' in of({ ...ATTEMPT, result: 'accepted', sent_certainty: 'sent' }))
  t.match(
    of({ ...ATTEMPT, result: 'unknown', sent_certainty: 'not_sent', http_status: 400, provider_code: '99' }),
    {
      'event.outcome': 'failure',
      'error.type': 'unknown',
      'error.code': '99',
      'http.response.status_code': 400
    }
  )
  const outcomes: readonly (readonly [string, string, string])[] = [
    ['accepted', 'SUCCESSFUL', 'success'],
    ['undecided', 'FAILED', 'unknown'],
    ['failed', 'FAILED', 'failure'],
    ['blocked', 'ERROR', 'failure'],
    ['duplicate', 'SUCCESSFUL', 'success'],
    ['duplicate', 'PENDING', 'unknown'],
    ['duplicate', 'ERROR', 'failure']
  ]
  for (const [outcome, status, there] of outcomes) {
    const completed = { event: 'otp.request.completed', outcome, okta_status: status, attempts_detail: [] }
    t.match(of(completed as unknown as GatewayEvent), { 'event.outcome': there }, `${outcome} ${status}`)
  }
  for (const field of Object.keys(ECS_NAMES)) t.ok(isField(field), `there is a field ${field}`)
  for (const [event, names] of Object.entries(ECS_NAMES_OF)) {
    const { properties } = EVENTS[event as GatewayEvent['event']]
    for (const field of Object.keys(names)) t.ok(field in properties, `${event} has a field ${field}`)
  }
})

const OTEL_RECORD = 'Attributes Body EventName Resource SeverityNumber SeverityText Timestamp'

const OTEL_ATTRIBUTE =
  /^(?:switchboard\.\w+|error\.type|exception\.(?:type|stacktrace)|user\.hash|http\.response\.status_code)$/u

t.test("LOG_FORMAT=otel is OpenTelemetry's record, with attributes under its names or ours", async (t) => {
  const line = linesOfFormat(logFormat('otel', '1.2.3'))
  fc.assert(
    fc.property(anyEvent, anyContext, (event, context) => {
      const { TraceId, SpanId, ...record } = line(event, context)
      const odd = Object.keys(record.Attributes).filter((field) => !OTEL_ATTRIBUTE.test(field))
      const isRecord =
        Object.keys(record).toSorted().join(' ') === OTEL_RECORD &&
        (TraceId === undefined || /^[0-9a-f]{32}$/u.test(TraceId)) &&
        (SpanId === undefined || /^[0-9a-f]{16}$/u.test(SpanId)) &&
        JSON.stringify(record.Resource) === '{"service.name":"switchboard","service.version":"1.2.3"}' &&
        /^\d{13}000000$/u.test(record.Timestamp)
      if (odd.length > 0 || !isRecord) t.fail(JSON.stringify({ odd, TraceId, ...record }))
    }),
    { numRuns: 500 }
  )
  t.match(line(ATTEMPT, CONTEXT), {
    SeverityText: 'WARN',
    SeverityNumber: 13,
    EventName: 'otp.attempt.completed',
    TraceId: CONTEXT.trace_id,
    Body: 'messagebird gave no answer that can be read (timeout) after 900 ms',
    Attributes: {
      'error.type': 'no_answer',
      'switchboard.request_id': 'our-id',
      'switchboard.result': 'no_answer',
      'switchboard.duration_ms': 900,
      'switchboard.rules_hash': '4ea60d24e9cf'
    }
  })
  for (const field of Object.keys(OTEL_NAMES)) t.ok(isField(field), `there is a field ${field}`)
})

t.test('LOG_FORMAT changes the lines of the process, and no code', async (t) => {
  for (const [format, actionOf] of [
    ['ecs', (line: any) => line['event.action']],
    ['otel', (line: any) => line.EventName]
  ] as const) {
    const gateway = runGateway(t, { LOG_FORMAT: format, ADMIN_SECRET: 'the-admin-secret-of-a-test' })
    const lines = (): readonly any[] =>
      gateway
        .stdout()
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line) => JSON.parse(line))
    await until(() => lines().some((line) => actionOf(line) === 'gateway.started'))
    const started = lines().find((line) => actionOf(line) === 'gateway.started')
    const { 'switchboard.url': url } = format === 'ecs' ? started : started.Attributes
    const answer = await fetch(`${url}/telephonyHook`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from('okta:sandbox').toString('base64')}`
      },
      body: sampleBody({
        otpCode: '738291',
        msgTemplate: 'Your code is 738291',
        phoneNumber: '+4915123456789'
      })
    })
    t.match(await answer.json(), { commands: [{ value: [{ status: 'SUCCESSFUL' }] }] })
    gateway.child.kill('SIGTERM')
    t.equal(await gateway.ended, 0)
    const actions = new Set(lines().map(actionOf))
    for (const name of ['rules.loaded', 'otp.route.decided', 'otp.request.completed', 'gateway.stopped']) {
      t.ok(actions.has(name), `${format} ${name}`)
    }
    t.notMatch(gateway.stdout(), /738291|15123456789|"level":|"msg":/u)
  }
  // Nobody takes a word for a format that is none.
  const wrong = runGateway(t, { LOG_FORMAT: 'json' })
  t.equal(await wrong.ended, 1)
  t.match(wrong.stderr(), /LOG_FORMAT must be one of native, ecs, otel/u)
  t.ok(await urlOf(runGateway(t, { LOG_FORMAT: 'native' })))
})

function isField(name: string): boolean {
  return name in RequestContext.properties || EVENT_NAMES.some((event) => name in EVENTS[event].properties)
}

const CONTEXT: RequestContext = {
  request_id: 'our-id',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  okta_event_id: 'okta-event',
  okta_request_id: null,
  rules_hash: '4ea60d24e9cf'
}

const ATTEMPT: Extract<GatewayEvent, { event: 'otp.attempt.completed' }> = {
  event: 'otp.attempt.completed',
  attempt: 1,
  provider: 'messagebird',
  trigger: 'first',
  result: 'no_answer',
  sent_certainty: 'unknown',
  cause: 'timeout',
  provider_code: null,
  http_status: null,
  provider_message_id: null,
  duration_ms: 900,
  channel: 'sms',
  country: 'SE',
  deadline_left_ms: 1_600
}
