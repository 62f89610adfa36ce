import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { Readable } from 'node:stream'
import { Script } from 'node:vm'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { followFile } from '../../src/commands/follow-file.ts'
import { readChartLibrary, renderReportPage } from '../../src/commands/report-page.ts'
import { headlinesOf, lengthInWords, shareInWords } from '../../src/commands/report-words.ts'
import { episodesOf } from '../../src/telemetry/breaker-episodes.ts'
import { createHistogram } from '../../src/telemetry/histogram.ts'
import { parseLine } from '../../src/telemetry/log-line.ts'
import { createSummarizer, OUTCOMES, type SummaryOptions } from '../../src/telemetry/summary.ts'
import type { Summary } from '../../src/telemetry/summary-shape.ts'
import { createSlots } from '../../src/telemetry/time-slots.ts'
import { createMinutes, surelyAtLeast } from '../../src/telemetry/worst-window.ts'
import { NOW, runWith, type Ran } from '../fixtures/commands-io.ts'
import { run } from '../fixtures/process.ts'
import { storyOf, STORY_START } from '../fixtures/report/story.ts'
import { startStack, until } from '../fixtures/stack.ts'

const STORY = [...storyOf()].join('')

const MINUTE = 60_000

/** A command that finds the story of a bad night in "otp.ndjson". */
function runOnStory(args: readonly string[], over: Parameters<typeof runWith>[1] = {}): Promise<Ran> {
  return runWith(args, {
    async openFile(path) {
      if (path !== 'otp.ndjson') throw Object.assign(new Error('no'), { code: 'ENOENT' })
      return { stream: Readable.from([Buffer.from(STORY)]), bytes: STORY.length }
    },
    ...over
  })
}

function summaryOf(
  lines: readonly (string | object | null)[],
  options: Partial<SummaryOptions> = {}
): Summary {
  const summarizer = createSummarizer({ nowMs: NOW, ...options })
  for (const line of lines) summarizer.add(typeof line === 'string' ? parseLine(line) : (line as any))
  return summarizer.result()
}

const completed = (over: object = {}) => ({
  event: 'otp.request.completed',
  time: STORY_START,
  outcome: 'accepted',
  channel: 'sms',
  country: 'SE',
  failover: false,
  possible_duplicate: false,
  duration_ms: 100,
  deadline_left_ms: 2400,
  ...over
})

t.test('every command says exactly what stands beside it', async (t) => {
  const golden: Readonly<Record<string, readonly [string, number]>> = {
    'help-of-report': ['report --help', 0],
    'help-of-tail': ['tail --help', 0],
    report: ['report otp.ndjson', 0],
    'report-since': ['report otp.ndjson --since 2026-11-25T03:10 --until 2026-11-25T03:20Z', 0],
    'report-length': ['report otp.ndjson --since 8h --until 7h45m', 2],
    'report-nothing': ['report otp.ndjson --since 1h', 1],
    'report-json': ['report otp.ndjson --since 2026-11-25T03:12Z --until 2026-11-25T03:15Z --json', 0],
    'tail-request': ['tail otp.ndjson --request REQUEST', 0],
    'tail-circuit': ['tail otp.ndjson --event circuit', 0],
    'tail-error': ['tail otp.ndjson --level error', 0]
  }
  const failedOver = summaryRequest()
  for (const [name, [line, status]] of Object.entries(golden)) {
    const ran = await runOnStory(line.split(' ').map((word) => (word === 'REQUEST' ? failedOver : word)))
    const text = `$ switchboard ${line}\n${ran.out}${ran.err === '' ? '' : `--- on standard error\n${ran.err}`}`
    const path = new URL(`../fixtures/report/golden/${name}.txt`, import.meta.url)
    // UPDATE_REPORTS=1 node test/commands/report.test.ts writes them anew, to be read in the diff.
    if (process.env['UPDATE_REPORTS'] === '1') {
      mkdirSync(new URL('.', path), { recursive: true })
      writeFileSync(path, text)
    }
    t.equal(text, existsSync(path) ? readFileSync(path, 'utf8') : 'nothing', name)
    t.equal(ran.status, status, name)
  }
})

/** The id of the first request that failed over. */
function summaryRequest(): string {
  const line = STORY.split('\n').find((line) => line.includes('"otp.failover"')) ?? '{}'
  return JSON.parse(line).request_id
}

t.test('docs/report.md shows what the commands really print', async (t) => {
  const page = new URL('../../docs/report.md', import.meta.url)
  let text = readFileSync(page, 'utf8')
  let blocks = 0
  for (const [block, line = '', printed] of text.matchAll(
    /```console\n\$ switchboard ([^\n]+)\n([^]*?)```/gu
  )) {
    blocks += 1
    const { out } = await runOnStory(line.split(' '))
    // UPDATE_REPORTS=1 node test/commands/report.test.ts writes them anew, to be read in the diff.
    if (process.env['UPDATE_REPORTS'] === '1') {
      text = text.replace(block, () => `\`\`\`console\n$ switchboard ${line}\n${out}\`\`\``)
    } else t.equal(printed, out, line)
  }
  if (process.env['UPDATE_REPORTS'] === '1') writeFileSync(page, text)
  t.ok(blocks >= 2)
})

t.test('what is not understood ends with 2', async (t) => {
  const cases: readonly [string, RegExp][] = [
    ['report', /missing required argument 'file'/u],
    ['report otp.ndjson --since yesterday', /"yesterday" is no time/u],
    ['report otp.ndjson --since 2026-13-45', /is no time/u],
    ['report otp.ndjson --until 12', /"12" is no time/u],
    ['report otp.ndjson --until 25.11.2026', /is no time/u],
    ['report otp.ndjson --since 1h --until 2h', /--since has to be before --until/u],
    ['tail otp.ndjson --level loud', /Allowed choices are trace, debug/u],
    ['tail -f', /--follow needs a file/u]
  ]
  for (const [line, message] of cases) {
    t.match(await runOnStory(line.split(' ')), { status: 2, out: '', err: message }, line)
  }
})

t.test('times are read as they are written', async (t) => {
  const countedSince = async (since: string) =>
    JSON.parse((await runOnStory(['report', 'otp.ndjson', '--json', '--since', since])).out).lines.counted
  const from = (ms: number) =>
    STORY.split('\n').filter((line) => line !== '' && JSON.parse(line).time >= ms).length
  t.equal(await countedSince('9h'), from(NOW - 9 * 60 * MINUTE))
  t.equal(await countedSince('540m'), from(NOW - 9 * 60 * MINUTE))
  t.equal(await countedSince('2026-11-25T04:00'), from(NOW - 8 * 60 * MINUTE), 'UTC')
  t.equal(await countedSince('2026-11-25T05:00+01:00'), from(NOW - 8 * 60 * MINUTE))
  t.equal(await countedSince('2026-11-25'), from(0))
  t.equal(await countedSince('1w'), from(0))
})

t.test('a histogram is right to within one percent, and merging is adding', (t) => {
  const value = fc.oneof(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 2 ** 21 - 1 }))
  const share = fc.constantFrom(0.01, 0.5, 0.95, 0.99, 1)
  fc.assert(
    fc.property(
      fc.array(value, { minLength: 1, maxLength: 300 }),
      share,
      fc.nat(300),
      (values, share, cut) => {
        const histogram = createHistogram()
        const rest = createHistogram()
        for (const [index, ms] of values.entries()) (index < cut ? histogram : rest).add(ms)
        histogram.merge(rest)
        const sorted = values.toSorted((one, other) => one - other)
        const exact = sorted[Math.max(1, Math.ceil(share * values.length)) - 1] ?? 0
        const found = histogram.quantile(share) ?? -1
        t.equal(histogram.count(), values.length)
        t.ok(Math.abs(found - exact) <= exact * 0.01, `${found} for ${exact}`)
      }
    )
  )
  t.equal(createHistogram().quantile(0.5), null)
  const odd = createHistogram()
  for (const ms of [-5, 1e300, 0.5]) odd.add(ms)
  t.equal(odd.count(), 3)
  t.end()
})

t.test('slots become wider when there are many, and nothing is lost', (t) => {
  const moment = fc.integer({ min: 0, max: 400 * 24 * 60 }).map((minutes) => STORY_START + minutes * MINUTE)
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (moments, most) => {
      const slots = createSlots({
        most,
        make: () => ({ count: 0 }),
        merge: (into, from) => (into.count += from.count)
      })
      for (const ms of moments) slots.at(ms).count += 1
      const { startMs, widthMs, slots: all } = slots.all()
      t.ok(all.length <= most)
      const naive = Array.from(all, (_, index) => {
        const from = startMs + index * widthMs
        return moments.filter((ms) => ms >= from && ms < from + widthMs).length
      })
      t.same(
        all.map((slot) => slot?.count ?? 0),
        naive
      )
      t.equal(
        all.reduce((sum, slot) => sum + (slot?.count ?? 0), 0),
        moments.length
      )
    })
  )
  t.end()
})

t.test('the worst ten minutes are those that a naive search finds', (t) => {
  const request = fc.record({ minute: fc.nat(60), isLost: fc.boolean(), failedOver: fc.boolean() })
  fc.assert(
    fc.property(fc.array(request, { maxLength: 400 }), (requests) => {
      const minutes = createMinutes()
      for (const { minute, isLost, failedOver } of requests) {
        minutes.add(STORY_START + minute * MINUTE + 5, {
          wanted: 1,
          lost: Number(isLost),
          failedOver: Number(failedOver)
        })
      }
      const times = requests.map(({ minute }) => minute)
      const [first, last] = [Math.min(...times), Math.max(...times)]
      const ranks = Array.from({ length: 61 }, (_, from) => {
        if (from < first || (from > first && from + 9 > last)) return 0
        const within = requests.filter(({ minute }) => minute >= from && minute < from + 10)
        if (within.length < 20) return 0
        return surelyAtLeast(within.filter(({ isLost }) => isLost).length, within.length)
      })
      const worst = minutes.worst('lost')
      const rank = worst === null ? 0 : surelyAtLeast(worst.counts.lost, worst.counts.wanted)
      t.equal(rank, Math.max(...ranks))
    })
  )
  const full = createMinutes(2)
  for (const minute of [0, 1, 2, 0]) full.add(minute * MINUTE, { wanted: 30, lost: 3, failedOver: 0 })
  t.match(full.worst('lost'), { fromMs: 0, counts: { wanted: 90, lost: 9 } })
  t.equal(full.leftOut(), 30)
  t.ok(surelyAtLeast(300, 2500) > surelyAtLeast(3, 20), 'a few unlucky are no bad time')
  t.equal(surelyAtLeast(0, 50), 0)
  t.end()
})

t.test('counts are those of a naive count, in whatever order the lines come', (t) => {
  const country = fc.constantFrom('SE', 'US', 'DE', null, 'se', '<b>')
  const provider = fc.constantFrom('twilio', 'vonage', 'messagebird')
  const time = fc.integer({ min: 0, max: 10 * 60 }).map((minutes) => STORY_START + minutes * MINUTE)
  const request = fc.record({
    event: fc.constant('otp.request.completed'),
    time,
    outcome: fc.constantFrom(...OUTCOMES),
    country,
    failover: fc.boolean(),
    possible_duplicate: fc.boolean(),
    duration_ms: fc.nat(4_000),
    deadline_left_ms: fc.integer({ min: -500, max: 2_500 })
  })
  const attempt = fc.record({
    event: fc.constantFrom('otp.attempt.completed', 'otp.attempt.late_result'),
    time,
    provider,
    result: fc.constantFrom('accepted', 'no_answer', 'unknown', 'throttled'),
    provider_code: fc.constantFrom('1', '2', null),
    duration_ms: fc.nat(4_000)
  })
  const failover = fc.record({
    event: fc.constant('otp.failover'),
    time,
    from: provider,
    to: provider,
    reason: fc.constantFrom('no_answer', 'throttled')
  })
  const resend = fc.record({
    event: fc.constant('otp.resend.detected'),
    time,
    previous_provider: provider,
    country
  })
  fc.assert(
    fc.property(fc.array(fc.oneof(request, attempt, failover, resend), { maxLength: 80 }), (lines) => {
      const summary = summaryOf(lines)
      const all: readonly any[] = lines
      const requests = all.filter(({ event }) => event === 'otp.request.completed')
      const wanted = requests.filter(({ outcome }) =>
        ['accepted', 'failed', 'undecided', 'no_capacity', 'overloaded'].includes(outcome)
      )
      const accepted = wanted.filter(({ outcome }) => outcome === 'accepted')
      t.equal(summary.requests.total, requests.length)
      t.equal(summary.requests.wanted, wanted.length)
      t.equal(summary.requests.failedOver, wanted.filter(({ failover }) => failover).length)
      t.equal(summary.requests.acceptedAfterFailover, accepted.filter(({ failover }) => failover).length)
      t.equal(summary.requests.late, requests.filter((line) => line.deadline_left_ms < 0).length)
      t.equal(summary.requests.possibleDoubles, requests.filter((line) => line.possible_duplicate).length)
      for (const { name, count } of summary.requests.outcomes) {
        t.equal(count, requests.filter(({ outcome }) => outcome === name).length, name)
      }
      for (const one of summary.providers) {
        const attempts = all.filter(({ event, provider }) => /attempt/u.test(event) && provider === one.name)
        t.equal(one.attempts, attempts.length)
        const failures = one.failures.reduce((sum, { count }) => sum + count, 0)
        t.equal(one.accepted + one.acceptedLate + failures, attempts.length)
        t.equal(one.failoversFrom, all.filter(({ from }) => from === one.name).length)
        t.equal(one.failoversTo, all.filter(({ to }) => to === one.name).length)
      }
      const places = (line: any) =>
        /^[A-Z]{2}$/u.test(line.country) && line.country !== null ? line.country : null
      for (const one of summary.countries) {
        const here = requests.filter((line) => places(line) === one.country)
        t.equal(one.requests, here.length)
        t.equal(
          one.resends,
          all.filter((line) => line.previous_provider && places(line) === one.country).length
        )
      }
      const unknown = all.filter(({ result }) => result === 'unknown')
      t.equal(
        summary.unknownCodes.reduce((sum, { count }) => sum + count, 0),
        unknown.length
      )
      const { slots } = summary.series
      const inSlots = slots.flatMap((slot) => slot?.outcomes ?? []).reduce((sum, { count }) => sum + count, 0)
      t.equal(inSlots, requests.length)
      t.same(summaryOf(lines.toReversed()), summary)
    }),
    { numRuns: 60 }
  )
  t.end()
})

t.test('a breaker is out until the last node has it back, or the one process is gone', (t) => {
  const of = (kind: 'opened' | 'closed', atMs: number) => ({
    kind,
    atMs,
    provider: 'v',
    channel: 'sms',
    cause: 'x'
  })
  const spans = (...args: Parameters<typeof episodesOf>) =>
    episodesOf(...args).map(({ fromMs, toMs, openings }) => [fromMs, toMs, openings])
  t.same(spans([of('closed', 5), of('opened', 1)], []), [[1, 5, 1]])
  t.same(spans([of('opened', 1), of('opened', 2), of('closed', 5), of('closed', 7)], []), [[1, 7, 2]])
  t.same(spans([of('closed', 0), of('opened', 1), of('closed', 2), of('opened', 3)], []), [
    [1, 2, 1],
    [3, null, 1]
  ])
  t.same(spans([of('opened', 1)], [0, 4, 9]), [[1, 4, 1]])
  t.end()
})

t.test('tables are bounded: what has no room is counted as other, or said', (t) => {
  const lines = Array.from({ length: 3_000 }, (_, index) => [
    {
      event: 'otp.attempt.completed',
      time: STORY_START,
      provider: `p${index}`,
      result: 'unknown',
      provider_code: `c${index}`
    },
    {
      event: 'circuit.opened',
      time: STORY_START + index,
      provider: `p${index}`,
      channel: 'sms',
      cause: `x${index}`
    },
    { event: 'circuit.closed', time: STORY_START + index, provider: `p${index}`, channel: 'sms' },
    {
      event: 'provider.alarm',
      time: STORY_START + index,
      provider: `p${index}`,
      channel: `c${index}`,
      class: `k${index}`
    },
    { event: 'provider.override_set', time: STORY_START, provider: `p${index}`, why: 'x'.repeat(9_000) },
    {
      event: 'rules.loaded',
      time: STORY_START,
      role: `r${index}`,
      rules_hash: index.toString(16).padStart(12, '0')
    },
    { event: 'gateway.started', time: STORY_START, node: `n${index}` },
    { event: 'gateway.fault', time: STORY_START, error: `e${index}` },
    { event: `otp.made.up${index}`, time: STORY_START },
    completed({ rules_hash: index.toString(16).padStart(12, '0'), outcome: `o${index}` })
  ]).flat()
  const summary = summaryOf(lines)
  t.equal(summary.providers.length, 17)
  t.equal(summary.unknownCodes.length, 501)
  t.equal(summary.hashes.length, 101)
  t.equal(summary.troubles.length, 201)
  t.same(summary.requests.outcomes, [{ name: 'other', count: 3_000 }])
  t.same(
    summary.leftOut.map(({ name }) => name),
    ['breaker openings and closings', 'alarms', 'drains', 'changes of rules', 'starts']
  )
  t.ok(JSON.stringify(summary).length < 1_000_000)
  t.end()
})

t.test('hostile lines change nothing, and absurd times are passed over', (t) => {
  const sound = [completed(), completed({ time: STORY_START + 1000 })]
  const times = [null, 'x', 0, -1, 1e300, NOW + 2 * 24 * 60 * MINUTE, Number.NaN, Date.UTC(1999, 1)]
  const summary = summaryOf([
    ...sound,
    ...times.map((time) => completed({ time })),
    null,
    '',
    '[]',
    '{',
    '{"event":"__proto__"}',
    '{"event":"constructor","time":1}',
    '{"event":{"a":1}}',
    `{"event":"otp.constructor","time":${STORY_START}}`
  ])
  t.equal(summary.requests.total, 2)
  t.match(summary.lines, { counted: 3, untimed: times.length, foreign: 7, outside: 0 })
  const anything = fc.dictionary(
    fc.constantFrom(
      'time',
      'event',
      'provider',
      'from',
      'to',
      'country',
      'outcome',
      'result',
      'why',
      'class',
      'until'
    ),
    fc.oneof(
      fc.anything(),
      fc.constantFrom('__proto__', 'otp.failover', 'provider.alarm', 'otp.request.completed')
    )
  )
  fc.assert(
    fc.property(
      anything,
      fc.constantFrom('otp.request.completed', 'otp.failover', 'rules.loaded'),
      (line, event) => {
        const own = summaryOf([{ time: STORY_START, event, ...line }])
        const page = renderReportPage({
          files: ['x'],
          madeAtMs: NOW,
          summary: own,
          library: { script: '', style: '' }
        })
        t.ok(page.startsWith('<!doctype html>'))
        t.ok(headlinesOf(own).length > 0)
      }
    )
  )
  t.end()
})

t.test('no number, code, person or request is in a report, nor what looks like one', async (t) => {
  const secrets = {
    phone: 'SE…05',
    phone_hash: 'feedfacefeedface',
    user_hash: 'deadbeefdeadbeef',
    request_id: 'request-7',
    okta_event_id: 'event-7',
    provider_message_id: 'SM7',
    msg: 'a sentence'
  }
  const summary = summaryOf([
    completed(secrets),
    {
      ...secrets,
      event: 'otp.attempt.completed',
      time: STORY_START,
      provider: 'vonage',
      result: 'unknown',
      provider_code: '46701740605'
    },
    {
      ...secrets,
      event: 'provider.override_set',
      time: STORY_START,
      provider: 'vonage',
      channel: null,
      country: null,
      by: 'kim',
      why: 'see +46 70-174 06 05, code 123456, INC-77',
      until: '2026-11-25T05:00:00Z'
    }
  ])
  const page = renderReportPage({
    files: ['otp.ndjson'],
    madeAtMs: NOW,
    summary,
    library: { script: '', style: '' }
  })
  for (const text of [JSON.stringify(summary), page]) {
    for (const secret of [...Object.values(secrets), '46701740605', '123456', '174 06 05']) {
      t.notMatch(text, secret)
    }
    t.match(text, 'INC-77')
  }
  t.equal(summary.unknownCodes[0]?.code, 'other')
})

t.test('logs are read gzipped or not, and what can be read of a broken one counts', async (t) => {
  const random = Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 251)
  const gz = gzipSync(STORY)
  const folder = t.testdir({
    'otp.gz': gz,
    'cut.gz': gz.subarray(0, gz.length >> 1),
    garbage: Buffer.from(random),
    'garbage.gz': Buffer.from([0x1f, 0x8b, ...random]),
    empty: '',
    'long.ndjson': `${'x'.repeat(3_000_000)}\n${STORY}`,
    'prefixed.ndjson': STORY.replaceAll(/^/gmu, 'gateway-1  | '),
    'crlf.ndjson': STORY.replaceAll('\n', '\r\n')
  })
  const report = async (...files: string[]) => {
    const { out, ...ran } = await runWith(['report', '--json', ...files], { input: STORY })
    return { ...ran, requests: JSON.parse(out).requests.total as number }
  }
  const { requests: total } = await report('-')
  t.ok(total > 2_000)
  for (const name of ['otp.gz', 'long.ndjson', 'prefixed.ndjson', 'crlf.ndjson']) {
    t.match(await report(`${folder}/${name}`), { requests: total, status: 0, err: '' }, name)
  }
  t.match(await report(`${folder}/otp.gz`, '-'), { requests: 2 * total })
  const cut = await report(`${folder}/cut.gz`)
  t.match(cut, { status: 1, err: /cut\.gz cannot be read to its end: its gzip ends too early\. What came/u })
  t.ok(cut.requests > 0 && cut.requests < total)
  t.match(await report(`${folder}/garbage.gz`), { status: 1, requests: 0, err: /no sound gzip/u })
  t.match(await report(`${folder}/garbage`), { status: 1, requests: 0 })
  t.match(await report(`${folder}/empty`), { status: 1, requests: 0 })
  t.match(await report('nowhere', '-'), {
    status: 1,
    requests: total,
    err: /nowhere cannot be read: there is no such file\.\n/u
  })
  t.match(await runWith(['report', `${folder}/empty`]), {
    status: 1,
    out: /Nothing of the gateway was found/u
  })
  const bar = await runWith(['report', `${folder}/long.ndjson`], { isInteractive: true })
  t.match(bar.err, /\[#*-*\] \d+ % {2}.*: [\d,]+ lines/u)
  t.ok(bar.err.endsWith('\r\u001b[2K'))
})

t.test('what a gateway sent is what the report says, and tail can be read', async (t) => {
  const stack = await startStack(t)
  for (let index = 0; index < 6; index++) await stack.send({ phoneNumber: '+46701740605' })
  await stack.send({ phoneNumber: '+46900123456' })
  await stack.sandbox.setFault('twilio', { mode: 'status', status: 503 })
  for (let index = 0; index < 4; index++) await stack.send({ phoneNumber: '+4915123456789' })
  await stack.send({ phoneNumber: '+4915123456789' }, {}, 'the-same')
  await stack.send({ phoneNumber: '+4915123456789' }, {}, 'the-same')
  const input = stack
    .lines()
    .map((line) => JSON.stringify(line))
    .join('\n')
  const ran = await runWith(['report', '-', '--json'], { input, now: () => Date.now() })
  const summary: Summary = JSON.parse(ran.out)
  t.equal(ran.status, 0)
  t.equal(summary.requests.total, 13)
  const { wanted, failedOver, acceptedAfterFailover } = summary.requests
  t.equal(
    wanted,
    stack.events('otp.request.completed').filter(({ outcome }) => outcome === 'accepted').length
  )
  // The second code of one person begins with whoever did not have it before.
  t.ok(failedOver >= 5 && acceptedAfterFailover === failedOver)
  t.equal(summary.failovers.find(({ from }) => from === 'twilio')?.reasons[0]?.name, 'provider_error')
  const twilio = summary.providers.find(({ name }) => name === 'twilio')
  t.equal(
    twilio?.attempts,
    stack.events('otp.attempt.completed').filter(({ provider }) => provider === 'twilio').length
  )
  t.equal(summary.countries.find(({ country }) => country === 'DE')?.resends, 1)
  t.match(summary.resends, [{ country: 'DE', count: 1 }])
  t.match(summary.rules, [{ kind: 'loaded', role: 'live' }])
  t.equal(summary.lines.foreign, 0)

  const tail = await runWith(['tail'], { input })
  t.equal(tail.status, 0)
  t.match(tail.out, /^\d{4}-\d\d-\d\d\n\d\d:\d\d:\d\d\.\d{3} {2}(?:info|warn) {10}/u)
  t.match(tail.out, /\d {2}warn {3}[0-9a-f]{8} {4}from twilio to vonage: provider_error\n/u)
  t.match(
    tail.out,
    /otp accepted by vonage after 1 failover {2}sms, DE, rule otherwise, \d+ ms, \d+ ms left\n {33}1\. twilio {2}provider_error \(/u
  )
  const [last] = stack.events('otp.request.completed').slice(-1)
  const one = await runWith(['tail', '--request', last.okta_event_id, '--level', 'info'], { input })
  t.match(one.out, last.request_id.slice(0, 8))
  t.equal(new Set(one.out.match(/ [0-9a-f]{8} /gu)).size, 1)
})

t.test('tail shows no control of a terminal, and what is no JSON as it is', async (t) => {
  const input = [
    'plain \u001b[31mred\u0007 words\u202e',
    '{"level":50,"time":1e300,"msg":"a\\u001b]0;x\\u0007b\\nc","request_id":"\\u001b[2J123456"}',
    '{"level":"x","event":["a"]}',
    '{"level":30,"event":"otp.request.completed","outcome":"failed","attempts_detail":[null,1,{"provider":"\\u001b[1m"}]}',
    'null',
    `"${'x'.repeat(1_300_000)}`,
    ''
  ].join('\n')
  // As a pipe brings it: no chunk is longer.
  const stream = () => Readable.from(input.match(/[^]{1,65536}/gu)?.map((text) => Buffer.from(text)) ?? [])
  const { out, status } = await runWith(['tail', '-'], {
    openFile: async () => ({ stream: stream(), bytes: null })
  })
  t.equal(status, 0)
  t.notMatch(out.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u)
  t.match(out, 'plain  [31mred  words ')
  t.match(out, '(a line that is too long)')
  t.equal(out.split('\n').length, 8)
  t.equal((await runWith(['tail', '--level', 'info'], { input: 'no json\n' })).out, '')
  const coloured = await runWith(['tail'], { input, colour: true })
  t.match(coloured.out, '\u001b[31ma ]0;x b c')
  t.match(coloured.out, '\u001b[2mnull\u001b[22m')
  t.match(await runWith(['tail', 'nowhere']), { status: 1, err: /no such file/u })
})

t.test('tail reads a pipe, goes without colours, and ends quietly with its reader', async (t) => {
  const folder = t.testdir({ 'otp.ndjson': STORY })
  const piped = run(t, 'sh', [
    '-c',
    `"${process.execPath}" bin/switchboard.js tail < ${folder}/otp.ndjson | head -3`
  ])
  t.equal(await piped.ended, 0)
  t.equal(piped.stderr(), '')
  t.equal(piped.stdout().split('\n').length, 4)
  t.notMatch(piped.stdout(), '\u001b')
  const report = `"${process.execPath}" bin/switchboard.js report - --html ${folder}/report.html`
  const left = run(t, 'sh', ['-c', `${report} < ${folder}/otp.ndjson | head -1`])
  t.equal(await left.ended, 0)
  t.match(readFileSync(`${folder}/report.html`, 'utf8'), '</html>', 'a page is whole, whoever leaves')
})

t.test('a file is followed from its end, through rotation and being cut off', async (t) => {
  const folder = t.testdir({ 'otp.ndjson': `${'x'.repeat(70_000)}\nbefore\n` })
  const path = `${folder}/otp.ndjson`
  const stop = new AbortController()
  let text = ''
  const following = (async () => {
    for await (const chunk of followFile(path, stop.signal)) text += chunk.toString()
  })()
  await until(() => text === 'before\n')
  appendFileSync(path, 'added\n')
  await until(() => text.endsWith('added\n'))
  renameSync(path, `${path}.1`)
  appendFileSync(`${path}.1`, 'late\n')
  writeFileSync(path, 'rotated\n')
  await until(() => text.endsWith('late\nrotated\n'))
  truncateSync(path)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await until(() => text.endsWith('rotated\n'))
  writeFileSync(path, 'anew\n')
  await until(() => text.endsWith('anew\n'))
  stop.abort()
  await following
  t.equal(text, 'before\nadded\nlate\nrotated\nanew\n')
  await t.rejects(followFile(`${folder}/none`)[Symbol.asyncIterator]().next())
  const ran = await runWith(['tail', '-f', path], {
    followFile: async function* () {
      yield Buffer.from('{"msg":"hello"}\n')
    }
  })
  t.match(ran, { status: 0, out: /hello/u })
})

const library = readChartLibrary({ readFile: (path) => readFileSync(path, 'utf8') }) ?? {
  script: '',
  style: ''
}

function pageOf(lines: readonly any[], files: readonly string[] = ['otp.ndjson']): string {
  return renderReportPage({ files, madeAtMs: NOW, summary: summaryOf(lines), library })
}

const between = (text: string, start: string, end: string): string =>
  text.split(start)[1]?.split(end)[0] ?? ''
const tagNames = (html: string): string =>
  (html.replace(/<(script|style)[^]*?<\/\1>/gu, '<$1>').match(/<\/?[a-z][a-z0-9]*/gu) ?? []).join(' ')

t.test('only the page’s own script and style may run, and nothing is asked of anybody', async (t) => {
  const html = pageOf(STORY.split('\n'))
  const policy = between(html, 'http-equiv="Content-Security-Policy" content="', '"').replaceAll('&#39;', "'")
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
  const [style, script] = [between(html, '<style>', '</style>'), between(html, '<script>', '</script>')]
  t.same(policy.split('; '), [
    "default-src 'none'",
    `style-src ${hash(style)}`,
    `script-src ${hash(script)}`,
    "base-uri 'none'",
    "form-action 'none'"
  ])
  t.equal(html.match(/<script/gu)?.length, 2)
  t.equal(html.match(/<style/gu)?.length, 1)
  t.match(script, 'The MIT License')
  t.match(script, 'Leon Sorokin')
  t.notMatch(style, /url\(|@import/u)
  t.notMatch(script, /<!--|<script/u)
  t.notMatch(script, /\bfetch\(|XMLHttpRequest|innerHTML|\bimport\(|WebSocket|sendBeacon/u)
  const markupOnly = html.replace(/<(script|style)[^>]*>[^]*?<\/\1>/gu, '')
  t.notMatch(markupOnly, /https?:|[\s"](src|href|style|on[a-z]+)=/u)
  t.doesNotThrow(() => new Script(script))
  t.ok(Buffer.byteLength(html) < 400_000)
  for (const [, name] of html.matchAll(/data-chart="([a-z]+)"/gu)) t.match(script, `${name}: () =>`)
  const data = JSON.parse(between(html, 'id="data">', '</script>'))
  t.equal(data.times.length, data.outcomes[0].values.length)
  t.equal(data.times.length, data.providers[0].p50.length)
})

t.test('nothing of a log becomes markup', (t) => {
  const hostile = [
    '<script>alert(1)</script>',
    '"><img src=x onerror=alert(1)>',
    '</style></script><svg onload=x>',
    '<!-- --> &amp;',
    "' onmouseover='x",
    '${x} $& `'
  ]
  const everywhere = (text: string) =>
    pageOf(
      [
        completed({ country: text, rules_hash: text, outcome: text }),
        completed({ failover: true }),
        ...['why', 'by'].map(() => ({
          event: 'provider.override_set',
          time: STORY_START,
          provider: 'p',
          channel: text,
          country: text,
          why: text,
          by: text,
          until: text
        })),
        {
          event: 'otp.attempt.completed',
          time: STORY_START,
          provider: text,
          result: 'unknown',
          provider_code: text,
          duration_ms: 4
        },
        {
          event: 'otp.attempt.completed',
          time: STORY_START,
          provider: text,
          result: 'accepted',
          duration_ms: 4
        },
        { event: 'otp.failover', time: STORY_START, from: text, to: text, reason: text },
        { event: 'rules.loaded', time: STORY_START, role: text, file: text, rules_hash: text, by: text },
        { event: 'circuit.opened', time: STORY_START, provider: text, channel: text, cause: text },
        { event: 'provider.alarm', time: STORY_START, provider: text, channel: text, class: text },
        { event: 'gateway.started', time: STORY_START, node: text, version: text, mode: text },
        { event: 'gateway.fault', time: STORY_START, error: text },
        { event: 'otp.resend.detected', time: STORY_START, previous_provider: text, country: text }
      ],
      [text]
    )
  const plain = everywhere('plain!')
  for (const text of hostile) t.equal(tagNames(everywhere(text)), tagNames(plain), text)
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
      t.equal(tagNames(everywhere(`!${text}`)), tagNames(plain))
    }),
    { numRuns: 30 }
  )
  t.end()
})

t.test('--html writes the page beside what is printed, or says that it cannot', async (t) => {
  const folder = t.testdir({})
  const path = `${folder}/report.html`
  t.match(await runOnStory(['report', 'otp.ndjson', '--html', path]), {
    status: 0,
    out: /report\.html shows it\.\n$/u
  })
  const page = readFileSync(path, 'utf8')
  for (const text of ['Sweden (SE)', 'refuses our credentials since 03:22', 'INC-512', 'ba9876543210']) {
    t.match(page, text)
  }
  const no = await runOnStory(['report', 'otp.ndjson', '--html', path], {
    writeFile: () => Promise.reject(new Error('no'))
  })
  t.match(no, { status: 1, err: /cannot be written/u })
  t.match(await runOnStory(['report', 'otp.ndjson', '--html', path], { readFile: () => null }), {
    status: 1,
    err: /npm ci/u
  })
})

t.test('a quiet log is said in a few words', async (t) => {
  const input = JSON.stringify(completed())
  const { out } = await runWith(['report', '-'], { input })
  t.match(out, /100 % of 1 code accepted, none needed a failover\./u)
  for (const title of [
    'Breakers',
    'Alarms',
    'Drains',
    'Failovers',
    'Also',
    'Rules',
    'Asked again',
    'Worst'
  ]) {
    t.notMatch(out, title)
  }
})

t.test('words for shares and lengths', (t) => {
  t.same(
    (
      [
        [1, 1],
        [9_999, 10_000],
        [0, 5],
        [1, 5_000],
        [992, 1_000],
        [1, 8],
        [0, 0]
      ] as const
    ).map(([part, whole]) => shareInWords(part, whole)),
    ['100 %', '>99.9 %', '0 %', '<0.1 %', '99.2 %', '13 %', '-']
  )
  t.same([12_000, 41 * MINUTE, 125 * MINUTE, 120 * MINUTE, 50 * 60 * MINUTE].map(lengthInWords), [
    '12 s',
    '41 min',
    '2 h 5 min',
    '2 h',
    '2 d 2 h'
  ])
  t.end()
})
