import { once } from 'node:events'
import { pino } from 'pino'
import { createRecent, type Recent } from '../src/console/recent.ts'
import { PROVIDER_NAMES } from '../src/providers/provider.ts'
import type { Report, RequestContext } from '../src/telemetry/events.ts'
import { createLog } from '../src/telemetry/log.ts'
import { eventsOf, everyKind, type Kind } from './request-events.ts'

// What the console costs: a request's share of what it remembers, beside the log; how much that is; and what it takes
// to say it. A gateway that has it beside one that has not: bench/metrics.ts, "with metrics".

const print = (line = ''): boolean => process.stdout.write(`${line}\n`)
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

let [passedMs, ids] = [0, 0]

function freshRecent(): Recent {
  return createRecent({
    providers: PROVIDER_NAMES,
    now: () => performance.now(),
    epoch: () => Date.now() + passedMs,
    deadlineMs: () => 2_500,
    onBug: (error) => {
      throw error
    }
  })
}

function context(): RequestContext {
  ids += 1
  return {
    request_id: `520b510d-1b34-4b6f-bbc0-${String(ids).padStart(12, '0')}`,
    trace_id: null,
    okta_event_id: null,
    okta_request_id: null,
    rules_hash: '4ea60d24e9cf'
  }
}

const USUAL: Kind = {
  provider: 'twilio',
  channel: 'sms',
  flow: 'sign_in',
  country: 'SE',
  result: 'accepted',
  trigger: 'first'
}

/** Microseconds a request, the median of several rounds. */
function costOf(forRequest: (context: RequestContext) => Report): number {
  const events = eventsOf(USUAL)
  const count = 20_000
  const times = Array.from({ length: 9 }, () => {
    const begunMs = performance.now()
    for (let i = 0; i < count; i++) {
      const report = forRequest(context())
      for (const event of events) report(event)
    }
    return ((performance.now() - begunMs) * 1_000) / count
  })
  return median(times)
}

function timed(name: string, work: () => string): void {
  const times: number[] = []
  let text = ''
  for (let i = 0; i < 15; i++) {
    const begunMs = performance.now()
    text = work()
    times.push(performance.now() - begunMs)
  }
  print(
    `${name.padEnd(36)} ${median(times).toFixed(1).padStart(6)} ms ${String(Math.round(text.length / 1024)).padStart(6)} KB`
  )
}

const sink = pino.destination({ dest: '/dev/null', sync: false })
await once(sink, 'ready')
const log = costOf(createLog('info', sink).forRequest)
const recent = costOf(freshRecent().forRequest)
print(`Node ${process.version}\n`)
print('The five events of a request         us/request')
print(`what the console remembers ${recent.toFixed(1).padStart(20)}`)
print(`the log, beside it         ${log.toFixed(1).padStart(20)}`)
print(`ratio                      ${(recent / log).toFixed(2).padStart(20)}`)

const heapKb = (): number => {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed / 1024
}
const before = heapKb()
const full = freshRecent()
const countries = Array.from(
  { length: 70 },
  (_, i) => `${String.fromCodePoint(65 + Math.floor(i / 26))}${String.fromCodePoint(65 + (i % 26))}`
)
for (let minute = 0; minute < 60; minute++) {
  passedMs += 60_000
  for (const kind of everyKind(countries, ['accepted', 'no_answer'], ['first'])) {
    const report = full.forRequest(context())
    for (const event of eventsOf(kind)) report(event)
  }
}
print(
  `\nAn hour of every country and provider: ${Math.round((heapKb() - before) / 1024)} MB are remembered${globalThis.gc === undefined ? ' (with --expose-gc: exactly)' : ''}`
)
timed('all requests that are held', () => JSON.stringify(full.requests.list()))
timed('the figures, once a second at most', () =>
  JSON.stringify([full.counts.totals(), full.counts.minutes(), full.counts.countries()])
)
process.exit(0)
