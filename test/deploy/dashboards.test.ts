import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { DASHBOARDS, textOf } from '../../deploy/grafana/source/dashboards.ts'
import type { Dashboard, Panel } from '../../deploy/grafana/source/model.ts'
import {
  DASHBOARD_FILES,
  faultsOfLayout,
  faultsOfReferences,
  faultsOfWords,
  panelsOf,
  queriesOf,
  variablesOf
} from '../fixtures/dashboards.ts'
import { fieldsOf, readLogql } from '../fixtures/logql.ts'
import { NO_PROMETHEUS, promtool } from '../fixtures/prometheus.ts'
import { readPromql } from '../fixtures/promql.ts'
import { shipped } from '../fixtures/shipper.ts'

const read = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const dashboards = DASHBOARD_FILES.map(({ dashboard }) => dashboard)
const asked = dashboards.flatMap(queriesOf)
const alertRules: readonly any[] = parse(read('deploy/prometheus/alerts.yml')).groups.flatMap(
  ({ rules }: any) => rules
)
const recorded = new Set<string>(alertRules.flatMap(({ record }) => record ?? []))
const provisioned = parse(read('deploy/grafana/provisioning/datasources/switchboard.yml')).datasources
const known = {
  sources: new Map<string, string>(provisioned.map(({ uid, type }: any) => [uid, type])),
  dashboards
}
const overview: Dashboard = JSON.parse(read('deploy/grafana/dashboards/overview.json'))
t.test(
  'the files are what deploy/grafana/source makes; if not: node deploy/grafana/source/write.ts',
  async (t) => {
    t.same(DASHBOARD_FILES.map(({ name }) => name).toSorted(), Object.keys(DASHBOARDS).toSorted())
    for (const { name, text } of DASHBOARD_FILES) {
      const dashboard = DASHBOARDS[name]
      t.ok(dashboard !== undefined && textOf(dashboard) === text, `${name} is fresh`)
    }
  }
)

t.test("Grafana's published types take every dashboard, and refuse what is spoilt", async (t) => {
  const directory = t.testdir()
  const model = new URL('../../deploy/grafana/source/model.ts', import.meta.url).pathname
  const files: Record<string, string> = Object.fromEntries(
    DASHBOARD_FILES.map(({ name, text }) => [name, text])
  )
  const text = files['overview.json'] ?? ''
  const spoilt: readonly [string, string, string, RegExp][] = [
    ['word', '"displayMode": "list"', '"displayMode": "lisst"', /lisst/u],
    ['field', '"editable": false', '"editabel": false', /editabel/u],
    ['panel', '"type": "stat"', '"type": "statt"', /statt/u],
    ['option', '"graphMode": "none"', '"graphMod": "none"', /graphMod/u],
    ['own option', '"lineInterpolation": "linear"', '"lineInterpolation": "curved"', /curved/u],
    ['query', '"instant": true', '"instantly": true', /instantly/u],
    ['number', '"graphTooltip": 1', '"graphTooltip": 7', /graphTooltip|7/u]
  ]
  for (const [name, right, wrong] of spoilt) {
    t.ok(text.includes(right), `${name}: there is something to spoil`)
    files[`spoilt ${name}`] = text.replace(right, wrong)
  }
  for (const [name, json] of Object.entries(files)) {
    const source = `import type { Dashboard } from ${JSON.stringify(model)}\nexport const dashboard: Dashboard = ${json}`
    writeFileSync(join(directory, `${name}.ts`), source)
  }
  const root = new URL('../..', import.meta.url).pathname
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { rootDir: root },
    include: ['*.ts']
  }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config))
  // What tap loads into every process that a test starts is nothing for a compiler.
  const compiler = ['-u', 'NODE_OPTIONS', join(root, 'node_modules/.bin/tsc'), '--pretty', 'false']
  const { stdout, stderr, status } = spawnSync('env', [...compiler, '-p', directory], { encoding: 'utf8' })
  t.same([status, stderr], [1, ''], 'it compiles them, and finds something')
  const complaints = stdout.split('\n').filter((line) => / error /u.test(line))
  for (const { name } of DASHBOARD_FILES) {
    t.same(
      complaints.filter((line) => line.includes(`/${name}.ts(`) || line.startsWith(`${name}.ts(`)),
      [],
      name
    )
  }
  for (const [name, , , expected] of spoilt) {
    t.match(
      stdout
        .split('\n')
        .filter((line) => line.includes(`spoilt ${name}.ts`))
        .join('\n'),
      expected,
      `spoilt: ${name}`
    )
  }
})

t.test('nothing lies on anything else, and everything says what it is about', async (t) => {
  for (const dashboard of dashboards) {
    t.same([...faultsOfLayout(dashboard), ...faultsOfWords(dashboard)], [], dashboard.title)
    t.match(dashboard, { editable: false, schemaVersion: 42, tags: ['switchboard'] })
  }
  t.equal(new Set(dashboards.map(({ uid }) => uid)).size, dashboards.length)

  const [first, second] = panelsOf(overview) as [Panel, Panel]
  t.same(
    faultsOfLayout({ ...overview, panels: [first, { ...second, id: first.id, gridPos: first.gridPos }] }),
    [
      `${second.title}: ${first.id} is the number of another one as well.`,
      `${second.title} lies on ${first.title}.`
    ]
  )
  t.same(faultsOfLayout({ ...overview, panels: [{ ...first, gridPos: { x: 20, y: 0, w: 5, h: 1 } }] }), [
    `${first.title} is out of the page.`
  ])
  t.same(faultsOfWords({ ...overview, panels: [{ ...first, description: 'shares' }] }), [
    `${first.title} does not say what to look at.`
  ])
})

t.test('what a dashboard speaks of is there: data sources, variables, other dashboards', async (t) => {
  for (const dashboard of dashboards) {
    t.same(faultsOfReferences(dashboard, known), [], dashboard.title)
    const names = new Set(dashboard.templating?.list?.map(({ name }) => name))
    for (const name of variablesOf(dashboard)) {
      t.ok(names.has(name) || name.startsWith('__'), `${dashboard.title} $${name}`)
    }
  }
  for (const text of [read('deploy/grafana/provisioning/datasources/switchboard.yml')]) {
    for (const [, uid = '', name = ''] of text.matchAll(/\/d\/([\w-]+)\?var-(\w+)=/gu)) {
      const target = dashboards.find((dashboard) => dashboard.uid === uid)
      t.ok(
        target?.templating?.list?.some((variable) => variable.name === name),
        `${uid} has $${name}`
      )
    }
  }
  const spoilt = (from: string, to: string) =>
    faultsOfReferences(JSON.parse(JSON.stringify(overview).replaceAll(from, to)), known)
  t.match(spoilt('switchboard-countries?', 'switchboard-country?'), [
    'No dashboard is at /d/switchboard-country.'
  ])
  t.match(spoilt('var-country=', 'var-land='), ['/d/switchboard-countries has no $land.'])
  t.match(spoilt('"value":"switchboard-loki"', '"value":"loki"'), [
    '$logs begins with loki, which is no "loki".'
  ])
  t.match(spoilt('${metrics}', '${metric}')[0], 'There is no $metric for prometheus.')
  t.match(spoilt('${metrics}', 'prometheus')[0], 'prometheus is asked whatever is chosen on top.')
  t.match(spoilt('"switchboard"]', '"gateway"]'), ['No other dashboard is tagged gateway.'])
})

t.test('no panel and no alert asks for a metric, a label or a word of it that does not exist', async (t) => {
  const promql = asked.filter(({ kind }) => kind === 'prometheus')
  t.ok(promql.length > 80, `${promql.length} queries`)
  for (const { where, query, legend } of promql) {
    const { faults, grouped } = readPromql(query, recorded)
    t.same(faults, [], where)
    for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/gu)) {
      t.ok(grouped.has(label), `${where}: {{${label}}}`)
    }
  }
  for (const { alert, record, expr } of alertRules) {
    t.same(readPromql(expr, recorded).faults, [], alert ?? record)
  }

  for (const [query, fault] of [
    ['otp_hook_request_total', 'There is no metric otp_hook_request_total.'],
    ['rate(otp_hook_duration_seconds[5m])', 'There is no metric otp_hook_duration_seconds.'],
    ['otp_hook_requests_total{provider="twilio"}', 'otp_hook_requests_total has no label provider.'],
    ['otp_hook_requests_total{outcome="sent"}', 'outcome of otp_hook_requests_total is never "sent".'],
    [
      'otp_hook_requests_total{outcome=~"failed|lost"}',
      'outcome of otp_hook_requests_total is never "lost".'
    ],
    [
      'otp_provider_attempts_total{error_class!~"timeout"}',
      'error_class of otp_provider_attempts_total is never "timeout".'
    ],
    ['otp_circuit_state{state="shut"}', 'state of otp_circuit_state is never "shut".'],
    ['otp_hook_requests_total{country="brazil"}', 'country of otp_hook_requests_total is never "brazil".'],
    ['sum by (provider) (otp_hook_requests_total)', 'Nothing in it has the label provider.'],
    ['otp_faults_total / on (provider) otp_faults_total', 'Nothing in it has the label provider.'],
    [
      'job_channel:otp_hook_owed:increase10m{provider="x"}',
      'job_channel:otp_hook_owed:increase10m has no label provider.'
    ],
    ['nodejs_eventloop_lag_p98_seconds', 'There is no metric nodejs_eventloop_lag_p98_seconds.'],
    ['sum(rate(otp_faults_total[5m])', 'It cannot be read at 30: ']
  ] as const) {
    t.ok(readPromql(query, recorded).faults.includes(fault), `${query}: ${fault}`)
  }
})

t.test('no panel asks the log for a label, an event, a field or a word that does not exist', async (t) => {
  const logql = asked.filter(({ kind }) => kind === 'loki')
  t.ok(logql.length > 20, `${logql.length} queries`)
  const ship = shipped()
  for (const { where, query, legend } of logql) {
    const { faults, grouped } = readLogql(query, ship)
    t.same(faults, [], where)
    for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/gu)) {
      t.ok(grouped.has(label) || ship.labels.has(label), `${where}: {{${label}}}`)
    }
  }

  const all = 'service_name="switchboard"'
  for (const [query, fault] of [
    ['{event="otp.failover"}', 'It looks at the logs of others as well.'],
    [`{${all}, event="otp.request.finished"}`, 'event is never "otp.request.finished".'],
    [`{${all}, event=~"otp.failover|otp.failback"}`, 'event is never "otp.failback".'],
    [`{${all}, level="warning"}`, 'level is never "warning".'],
    [`{${all}, request_id="x"}`, "request_id is no label of Loki's."],
    [
      `{${all}} | provider="twilio"`,
      'provider is neither a label, nor beside the line, nor taken out of it.'
    ],
    [`{${all}, event="otp.failover"} | json provider`, 'No line that it finds has a field provider.'],
    [`{${all}, event="otp.request.completed"} | json outcome | outcome="sent"`, 'outcome is never "sent".'],
    [`{${all}, event="otp.request.completed"} | json failover | failover="yes"`, 'failover is never "yes".'],
    [`{${all}} | json`, 'It does not say which fields it takes.'],
    [`{${all}} | line_format "{{.msg}}"`, 'There is no msg to write.'],
    [`sum by (rule) (count_over_time({${all}}[1h]))`, 'Nothing in it has the label rule.'],
    [`sum(sum_over_time({${all}} | unwrap lines [1h]))`, 'There is no lines to add up.'],
    [`{${all}} | = "x"`, 'It cannot be read']
  ] as const) {
    t.ok(
      readLogql(query, ship).faults.some((one) => one.startsWith(fault)),
      `${query}: ${fault}`
    )
  }
})

t.test('no table names a column that is not there', async (t) => {
  const ship = shipped()
  for (const dashboard of dashboards) {
    for (const panel of panelsOf(dashboard)) {
      if (panel.type !== 'table') continue
      const fromLines = panel.transformations?.some(({ id }) => id === 'extractFields') === true
      const queries = queriesOf({
        ...dashboard,
        panels: [panel],
        annotations: { list: [] },
        templating: { list: [] }
      })
      const columns = new Set(
        queries.flatMap(({ kind, query }, i) => {
          const letter = String.fromCodePoint(65 + i)
          if (kind === 'prometheus') {
            return [
              ...readPromql(query, recorded).grouped,
              queries.length === 1 ? 'Value' : `Value #${letter}`
            ]
          }
          const { grouped, events } = readLogql(query, ship)
          return fromLines
            ? ['Time', ...events.flatMap((event) => Object.keys(fieldsOf(event)))]
            : [...grouped, `Value #${letter}`]
        })
      )
      for (const { id, options } of panel.transformations ?? []) {
        const named: readonly string[] =
          id === 'organize'
            ? Object.keys((options as any).renameByName)
            : id === 'groupingToMatrix'
              ? [(options as any).rowField, (options as any).columnField, (options as any).valueField]
              : []
        for (const name of named) t.ok(columns.has(name), `${dashboard.title}, ${panel.title}: ${name}`)
      }
      const shown = new Set(
        panel.transformations?.flatMap(({ options }) => Object.values((options as any).renameByName ?? {}))
      )
      for (const { matcher } of panel.fieldConfig.overrides) {
        if (matcher.id !== 'byName' || shown.size === 0) continue
        t.ok(
          shown.has(matcher.options),
          `${dashboard.title}, ${panel.title}: shows ${String(matcher.options)}`
        )
      }
    }
  }
})

t.test('the queries that docs/observability.md prints are sound', async (t) => {
  const page = read('docs/observability.md')
  const blocks = (language: string): readonly string[] =>
    [...page.matchAll(new RegExp(`\\n\`\`\`${language}\\n([^]*?)\`\`\`\\n`, 'gu'))].map(([, query = '']) =>
      query.trim()
    )
  const inline = [
    ...page.matchAll(/`((?:sum|count|max|min|histogram_quantile|rate)[ (][^`\n]*|otp_\w+\{[^`\n]*)`/gu)
  ]
    .map(([, query = '']) => query)
    .filter((query) => !query.includes('...'))
  for (const found of [blocks('promql'), blocks('logql'), inline]) {
    t.ok(found.length >= 5, `${found.length} queries`)
  }
  for (const query of [...blocks('promql'), ...inline]) t.same(readPromql(query, recorded).faults, [], query)
  for (const query of blocks('logql')) t.same(readLogql(query, shipped()).faults, [], query)
  for (const [, uid = ''] of page.matchAll(/\/d\/([\w-]+)\)/gu)) {
    t.ok(
      dashboards.some((dashboard) => dashboard.uid === uid),
      uid
    )
  }
  for (const [, name = ''] of page.matchAll(/\]\(#([\w-]+)\)/gu)) {
    const anchors = [...page.matchAll(/^#+ (.+)$/gmu)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/gu, '')
        .replaceAll(' ', '-')
    )
    t.ok(anchors.includes(name), `#${name}`)
  }
})

const skip = NO_PROMETHEUS
t.test(`promtool takes every query${skip === false ? '' : ` (${skip})`}`, { skip }, async (t) => {
  const directory = t.testdir()
  const file = join(directory, 'queries.json')
  const check = (queries: readonly string[]) => {
    const rules = queries.map((expr, i) => ({ record: `query:${i}`, expr }))
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }))
    return promtool(['check', 'rules', file])
  }
  const queries = asked.filter(({ kind }) => kind === 'prometheus').map(({ query }) => query)
  const { status, output } = check(queries)
  t.equal(status, 0, output)
  t.not(check([...queries, 'sum by (x) (rate(otp_faults_total))']).status, 0, 'and not every query')
})
