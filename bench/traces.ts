import { parseArgs } from 'node:util'
import { createTracing } from '../src/telemetry/tracing.ts'
import { compareGateways } from './compare.ts'
import { gateway, start, stop } from './load.ts'

// What traces cost: a span that waits, and gateways with and without a collector.

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '15' }
  }
})

const COUNT = 2_000

/** Of a request with one attempt: what making its two spans takes, and what each of them holds while it waits. */
function costOfSpans(): { readonly usARequest: number; readonly kbASpan: number } {
  const tracing = createTracing({
    settings: {
      url: 'http://127.0.0.1:9/v1/traces',
      headers: {},
      serviceName: 'bench',
      resource: {},
      sampler: { kind: 'parentbased_always_on', ratio: 1 }
    },
    version: '0.0.0',
    clock: { now: () => performance.now(), epoch: () => Date.now() },
    report() {},
    onBug(error) {
      throw error
    }
  })
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  // CPU, and not time: the machine may have other work to do.
  const begun = process.cpuUsage()
  for (let i = 0; i < COUNT; i++) {
    const requestId = `520b510d-1b34-4b6f-bbc0-${String(i).padStart(12, '0')}`
    const trace = tracing.traceOf({ requestId, arrivedAtMs: performance.now(), headers: {} })
    const report = tracing.forRequest({
      request_id: requestId,
      okta_event_id: `event-${i}`,
      okta_request_id: `request-${i}`,
      rules_hash: '4ea60d24e9cf',
      ...trace
    })
    report({
      event: 'otp.attempt.started',
      attempt: 1,
      provider: 'twilio',
      trigger: 'first'
    })
    report({
      event: 'otp.request.completed',
      outcome: 'accepted',
      reason: null,
      channel: 'sms',
      flow: 'sign_in',
      country: 'SE',
      phone: null,
      phone_hash: null,
      preview: false,
      rule: 'rule-7',
      provider: 'twilio',
      provider_message_id: `SM${i}`,
      failover: false,
      last_resort: false,
      attempts: 1,
      attempts_detail: [],
      possible_duplicate: false,
      okta_status: 'SUCCESSFUL',
      duration_ms: 120,
      deadline_left_ms: 2_380
    })
  }
  const { user, system } = process.cpuUsage(begun)
  const usARequest = (user + system) / COUNT
  globalThis.gc?.()
  return { usARequest, kbASpan: (process.memoryUsage().heapUsed - before) / 1024 / COUNT / 2 }
}

// The first two warm up.
costOfSpans()
costOfSpans()
const { usARequest, kbASpan } = costOfSpans()
process.stdout.write(`The spans of a request ${usARequest.toFixed(1).padStart(22)} us\n`)
// Else it also says what was thrown away.
if (globalThis.gc !== undefined) {
  process.stdout.write(`A span that waits ${kbASpan.toFixed(1).padStart(27)} KB\n`)
}

const stub = await start(['bench/stub-provider.ts', '0'], {}, '1')
const collector = await start(['bench/stub-collector.ts'], {}, '1')
const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url }
await compareGateways(
  [
    { name: 'without traces', server: await gateway(stub.url) },
    {
      name: 'with traces, one request in ten kept',
      server: await gateway(stub.url, {
        ...traced,
        OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
        OTEL_TRACES_SAMPLER_ARG: '0.1'
      })
    },
    { name: 'with traces, all kept', server: await gateway(stub.url, traced) },
    {
      name: 'with traces, the collector down',
      server: await gateway(stub.url, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })
    }
  ],
  { rounds: Number(flags.rounds), seconds: Number(flags.seconds) }
)
await stop(collector)
await stop(stub)
process.exit(0)
