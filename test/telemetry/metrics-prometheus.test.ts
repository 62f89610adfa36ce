import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { METRICS, type MetricDefinition } from '../../src/telemetry/metrics-vocabulary.ts'
import {
  copyOfDeployed,
  NO_PROMETHEUS,
  promtool,
  readMetrics,
  startPrometheus,
  type Prometheus
} from '../fixtures/prometheus.ts'
import { startStack, type Stack } from '../fixtures/stack.ts'

// Prometheus takes a moment to start, to read twice, and to evaluate.
t.setTimeout(120_000)

const DEPLOYED = new URL('../../deploy/prometheus/', import.meta.url)
const TESTS = ['alerts.test.yml', 'alerts.week.test.yml'] as const
const deployed = (name: string): string => readFileSync(new URL(name, DEPLOYED), 'utf8')
const page = readFileSync(new URL('../../docs/observability.md', import.meta.url), 'utf8')

interface Rule {
  readonly alert?: string
  readonly record?: string
  readonly expr: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

const rules: readonly Rule[] = parse(deployed('alerts.yml')).groups.flatMap(
  ({ rules }: { readonly rules: readonly Rule[] }) => rules
)
const alerts = rules.filter(({ alert }) => alert !== undefined)
/** Every one that the page has, but for its examples of how to write one. */
const queries = [
  ...page.matchAll(/`([^`\n]*(?:sum by|rate\(|increase\(|_quantile|ratio1h)[^`\n]*)`/gu),
  ...page.matchAll(/```promql\n([^]*?)\n```/gu)
]
  .map(([, query = '']) => query)
  .filter((query) => !query.includes('...') && query !== 'increase()')

/** As Prometheus knows them: a histogram is three. */
const knownNames = new Set(
  Object.entries<MetricDefinition>(METRICS).flatMap(([name, { type }]) =>
    type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]
  )
)

t.test('alerts and pages ask for no metric, and no label of it, that does not exist', async (t) => {
  const recorded = new Set(rules.flatMap(({ record }) => record ?? []))
  t.ok(queries.length >= 20, `${queries.length} queries in docs/observability.md`)
  for (const query of [...rules.map(({ expr }) => expr), ...queries]) {
    for (const [name] of query.matchAll(/[a-z_:0-9]*\botp_\w+(?::\w+)?|\botp_\w+/gu)) {
      t.ok(knownNames.has(name) || recorded.has(name), name)
    }
    for (const [, name = '', matchers = ''] of query.matchAll(/\b(otp_\w+)\{([^}]*)\}/gu)) {
      const definition = Object.entries<MetricDefinition>(METRICS).find(([known]) =>
        name.startsWith(known)
      )?.[1]
      for (const [, label = ''] of matchers.matchAll(/(\w+)\s*(?:=|!|~)/gu)) {
        if (definition !== undefined) t.ok(definition.labels.includes(label), `${name} ${label}`)
      }
    }
  }
})

t.test('every alert says how urgent it is, what it is about, and what to do', async (t) => {
  const [, alertsOfThePage = ''] = /\n## Alerts\n([^]*?)(?:\n## |$)/u.exec(page) ?? []
  const headings = new Set(
    [...alertsOfThePage.matchAll(/^### (.+)$/gmu)].map(([, heading = '']) =>
      heading.toLowerCase().replaceAll(' ', '-')
    )
  )
  const leads = new Set<string>()
  for (const { alert = '', labels, annotations } of alerts) {
    t.match(labels?.['severity'], /^(?:page|ticket)$/u, alert)
    for (const text of ['summary', 'description']) t.match(annotations?.[text], /\S/u, `${alert} ${text}`)
    const [file, anchor = ''] = annotations?.['runbook']?.split('#') ?? []
    t.equal(file, 'docs/observability.md')
    t.ok(headings.has(anchor), `${alert}: #${anchor}`)
    leads.add(anchor)
    const section = page
      .split('\n### ')
      .find((part) => part.toLowerCase().replaceAll(' ', '-').startsWith(anchor))
    t.match(section, `\`${alert}\`, ${labels?.['severity']}`, `${alert} is named in its section`)
  }
  t.same(
    [...headings].filter((heading) => !leads.has(heading)),
    [],
    'no section is about nothing'
  )
})

t.test('documents count the alerts as they are', async (t) => {
  for (const name of ['README.md', 'CHANGELOG.md']) {
    const [, count] =
      /\b(\d+)\s+alerts\b/u.exec(readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')) ?? []
    t.equal(Number(count), alerts.length, name)
  }
})

t.test('every alert has a case in which it fires, and one in which it rests', async (t) => {
  const names = TESTS.flatMap((name) =>
    parse(deployed(name)).tests.map((test: { name: string }) => test.name)
  )
  for (const { alert } of alerts) {
    for (const what of ['fires', 'rests']) {
      t.ok(
        names.some((name: string) => name.startsWith(`${alert} ${what}: `)),
        `${alert} ${what}`
      )
    }
  }
})

const skip = NO_PROMETHEUS
const because = skip === false ? '' : ` (${skip})`

t.test(`promtool takes the configuration, the rules and their tests${because}`, { skip }, async (t) => {
  const { directory } = copyOfDeployed(t, ['127.0.0.1:1'])
  const path = (name: string): string => join(directory, name)
  const asItIs = new URL('prometheus.yml', DEPLOYED).pathname
  for (const args of [
    ['check', 'config', '--syntax-only', asItIs],
    ['check', 'config', '--lint-fatal', path('prometheus.yml')],
    ['check', 'rules', '--lint-fatal', path('alerts.yml')],
    ...TESTS.map((name) => ['test', 'rules', path(name)])
  ]) {
    const { status, output } = promtool(args)
    t.equal(status, 0, `${args.slice(0, 2).join(' ')} ${output}`)
  }
})

t.test(`promtool has nothing to say of a page${because}`, { skip }, async (t) => {
  const stack = await startStack(t)
  await stack.sandbox.setFault('twilio', { mode: 'status', status: 503 })
  await stack.send()
  await stack.send({ deliveryChannel: 'VOICE CALL' })
  const { text } = await readMetrics(stack.gateway.adminUrl)
  t.same(promtool(['check', 'metrics'], text), { status: 0, output: '' })
})

t.test(
  `a real Prometheus reads a real gateway, with its exemplars, and knows what is wrong${because}`,
  {
    skip
  },
  async (t) => {
    const stack = await startStack(t)
    await stack.sandbox.setFault('twilio', { mode: 'status', status: 401 })
    for (let i = 0; i < 3; i++) await stack.send()
    const { directory } = copyOfDeployed(t, [new URL(stack.gateway.adminUrl ?? '').host])
    const prometheus = await startPrometheus(t, directory)
    const valueOf = async (query: string): Promise<number | null> => {
      const { result } = await prometheus.ask('query', { query })
      return result.length === 0 ? null : Number(result[0].value[1])
    }

    await untilAsync(async () => (await valueOf('otp_hook_requests_total{outcome="accepted"}')) !== null)
    const { activeTargets } = await prometheus.ask('targets')
    t.match(activeTargets, [{ health: 'up', lastError: '', labels: { job: 'switchboard' } }])
    t.equal(await valueOf('sum(otp_hook_requests_total{outcome="accepted"})'), 3)
    t.equal(await valueOf('sum(otp_provider_attempts_total{error_class="credentials"})'), 1)
    t.equal(await valueOf('sum(otp_hook_duration_seconds_bucket{le="+Inf"})'), 3)

    // What is seen in a page of before is all there in Prometheus.
    const { series } = await readMetrics(stack.gateway.adminUrl)
    for (const name of new Set(series.map((one) => one.name))) {
      t.not(await valueOf(`count(${name})`), null, name)
    }
    await t.test('it was given OpenMetrics', (t) => exemplarsLeadToTheLog(t, prometheus, stack))

    await untilAsync(async () => {
      const { alerts } = await prometheus.ask('alerts')
      return alerts.some(({ state }: { state: string }) => state === 'firing')
    })
    const { alerts } = await prometheus.ask('alerts')
    t.match(
      alerts.filter(({ state }: { state: string }) => state === 'firing'),
      [
        {
          labels: { alertname: 'SwitchboardProviderNeedsAPerson', provider: 'twilio', class: 'credentials' },
          annotations: { summary: 'twilio sms: credentials' }
        }
      ],
      'the codes went out, and somebody is woken'
    )

    const { groups } = await prometheus.ask('rules')
    for (const { rules } of groups) {
      for (const { name, health, lastError } of rules) t.match({ health, lastError }, { health: 'ok' }, name)
    }
    for (const query of queries) await t.resolves(prometheus.ask('query', { query }), query)
  }
)

async function exemplarsLeadToTheLog(t: Test, prometheus: Prometheus, stack: Stack): Promise<void> {
  const now = Date.now() / 1000
  const found = await prometheus.ask('query_exemplars', {
    query: 'otp_hook_duration_seconds_bucket',
    start: String(now - 60),
    end: String(now + 60)
  })
  const ids = found.flatMap(({ exemplars }: any) => exemplars.map(({ labels }: any) => labels.request_id))
  t.ok(ids.length > 0)
  const known = new Set(stack.events('otp.request.completed').map((line) => line.request_id))
  for (const id of ids) t.ok(known.has(id), id)
}

/** Waits for what will be true in a moment; gives up after half a minute. */
async function untilAsync(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries === 300) throw new Error('It never came true.')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
