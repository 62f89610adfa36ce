import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { CHANNELS } from '../src/domain/message.ts'
import { PROVIDER_NAMES } from '../src/providers/provider.ts'
import type { Report, RequestContext } from '../src/telemetry/events.ts'
import { createLog } from '../src/telemetry/log.ts'
import { METRICS_COUNTRIES } from '../src/telemetry/metrics-countries.ts'
import { createMetrics, type Metrics } from '../src/telemetry/metrics.ts'
import { compareGateways, median } from './compare.ts'
import { gateway, start, stop } from './load.ts'
import { CLASSES, eventsOf, everyKind, TRIGGERS, type Kind } from './request-events.ts'

// What metrics cost: a request's share of them, a page of them, and a gateway with them beside one without.

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '15' }
  }
})
const seconds = Number(flags.seconds)
const rounds = Number(flags.rounds)

const print = (line = ''): boolean => process.stdout.write(`${line}\n`)

function freshMetrics(): Metrics {
  return createMetrics({
    providers: PROVIDER_NAMES,
    countries: METRICS_COUNTRIES,
    orgs: () => [],
    epoch: () => Date.now(),
    readings: () => ({
      inFlight: 0,
      hanging: 0,
      breakers: PROVIDER_NAMES.flatMap((provider) =>
        CHANNELS.map((channel) => ({ provider, channel, state: 'closed' as const }))
      ),
      inService: [],
      overrides: [],
      capacity: [],
      issuers: [],
      state: 'redis',
      rules: { names: Array.from({ length: 50 }, (_, i) => `rule-${i}`), blockReasons: ['premium_number'] }
    }),
    onBug: (error) => {
      throw error
    }
  })
}

/** Microseconds a request, the median of several rounds. */
function costOf(forRequest: (context: RequestContext) => Report): number {
  const events = eventsOf({
    provider: 'twilio',
    channel: 'sms',
    flow: 'sign_in',
    country: 'SE',
    result: 'accepted',
    trigger: 'first'
  })
  const count = 20_000
  const times = Array.from({ length: 9 }, () => {
    const begunMs = performance.now()
    for (let i = 0; i < count; i++) {
      const report = forRequest({
        request_id: '520b510d-1b34-4b6f-bbc0-9f349e3c3faa',
        trace_id: null,
        okta_event_id: null,
        okta_request_id: null,
        rules_hash: '4ea60d24e9cf'
      })
      for (const event of events) report(event)
    }
    return ((performance.now() - begunMs) * 1_000) / count
  })
  return median(times)
}

async function costOfPage(name: string, kinds: Iterable<Kind>): Promise<void> {
  const metrics = freshMetrics()
  for (const kind of kinds) for (const event of eventsOf(kind)) metrics.forRequest(ids)(event)
  const times: number[] = []
  let text = ''
  for (let i = 0; i < 15; i++) {
    const begunMs = performance.now()
    ;({ text } = await metrics.page('application/openmetrics-text'))
    times.push(performance.now() - begunMs)
  }
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length
  print(
    `${name.padEnd(44)} ${String(series).padStart(7)} ${String(Math.round(text.length / 1024)).padStart(6)} ${median(times).toFixed(1).padStart(6)}`
  )
}

const ids: RequestContext = {
  request_id: '520b510d-1b34-4b6f-bbc0-9f349e3c3faa',
  trace_id: null,
  okta_event_id: null,
  okta_request_id: null,
  rules_hash: '4ea60d24e9cf'
}

/** CPU a request, in microseconds, of gateways that take turns: the machine's speed drifts, the ratios do not. */
async function costOfGateways(): Promise<void> {
  const stub = await start(['bench/stub-provider.ts', '0'], {}, '1')
  const secret = 'the-admin-secret-of-a-bench'
  const scraped = { ADMIN_SECRET: secret, ADMIN_PORT: '0' }
  const headers = { authorization: `Bearer ${secret}`, accept: 'application/openmetrics-text' }
  await compareGateways(
    [
      { name: 'without metrics (no ADMIN_SECRET)', server: await gateway(stub.url) },
      { name: 'with metrics', server: await gateway(stub.url, scraped) },
      {
        name: 'with metrics, read every second',
        server: await gateway(stub.url, scraped),
        everySecond: async ({ admin }) => {
          const page = await fetch(`${admin}/metrics`, { headers })
          await page.text()
        }
      }
    ],
    { rounds, seconds }
  )
  await stop(stub)
}

const log = createLog('info', pino.destination({ dest: '/dev/null', sync: false }))
const metrics = freshMetrics()
print(`Node ${process.version}\n`)
print('The five events of a request         us/request')
print(`metrics, with exemplars ${costOf(metrics.forRequest).toFixed(1).padStart(23)}`)
print(`the log, beside them    ${costOf(log.forRequest).toFixed(1).padStart(23)}`)

print('\nA page, OpenMetrics                             lines     KB     ms')
await costOfPage('a node that has just started', [])
await costOfPage(
  '5 countries, all goes well',
  everyKind(['SE', 'NO', 'DK', 'FI', 'US'], ['accepted'], ['first'])
)
await costOfPage(
  '41 countries, 3 kinds of failure, failovers',
  everyKind(
    [...METRICS_COUNTRIES, 'ZZ'],
    ['accepted', 'no_answer', 'provider_error', 'throttled'],
    ['first', 'failover']
  )
)
await costOfPage('everything that can be', everyKind([...METRICS_COUNTRIES, 'ZZ'], CLASSES, TRIGGERS))

await costOfGateways()
process.exit(0)
