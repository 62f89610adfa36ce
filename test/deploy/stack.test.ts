import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { SANDBOX_METRICS_SECRET } from '../../src/admin/secret.ts'
import { EVENT_NAMES } from '../../src/telemetry/events.ts'
import { isReference, parseAlloy, type AlloyBlock, type AlloyValue } from '../fixtures/alloy.ts'
import { fieldsOf } from '../fixtures/logql.ts'
import { keysOf, one, shipped, SHIPPER_FILE, wordOf } from '../fixtures/shipper.ts'

const ROOT = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, ROOT), 'utf8')
const compose = parse(read('docker-compose.yml'))
const prometheus = parse(read('deploy/prometheus/prometheus.yml'))
const loki = parse(read('deploy/loki/loki.yml'))
const { datasources } = parse(read('deploy/grafana/provisioning/datasources/switchboard.yml'))
const { providers } = parse(read('deploy/grafana/provisioning/dashboards/switchboard.yml'))
const shipper = parseAlloy(readFileSync(SHIPPER_FILE, 'utf8'))
const observers = Object.entries<any>(compose.services).filter(([, { profiles = [] }]) =>
  profiles.includes('observe')
)

/** Where each service of the stack listens in its network, as its own configuration says. */
const LISTENS: Readonly<Record<string, string>> = {
  switchboard: compose.services.switchboard.environment.ADMIN_PORT,
  prometheus: '9090',
  loki: String(loki.server.http_listen_port),
  // The image's own.
  grafana: '3000'
}

t.test(
  'the profile "observe" brings four services, pinned, limited, with a health check, for this machine only',
  async (t) => {
    t.same(
      observers.map(([name]) => name),
      ['prometheus', 'loki', 'alloy', 'grafana']
    )
    for (const [name, service] of observers) t.same(faultsOfService(service), [], name)
    t.same(
      faultsOfService({
        image: 'grafana/loki:latest',
        ports: ['3100:3100'],
        volumes: ['./deploy/loki:/etc/loki', '/var/run/docker.sock:/x:ro', './nowhere:/x:ro'],
        environment: { GF_SECURITY_ADMIN_PASSWORD: 'admin' }
      }),
      [
        'grafana/loki:latest is not one version.',
        'It has no limit of memory.',
        'It has no health check.',
        'It keeps rights that it does not need.',
        '3100:3100 is open to others.',
        './deploy/loki can be written.',
        '/var/run/docker.sock is not of this repository.',
        './nowhere is not there.',
        'GF_SECURITY_ADMIN_PASSWORD is written out.'
      ]
    )
  }
)

function faultsOfService(service: any): readonly string[] {
  const {
    image,
    ports = [],
    volumes = [],
    environment = {},
    healthcheck,
    mem_limit: memory,
    cap_drop: dropped
  } = service
  return [
    ...(/^[\w/-]+:v?\d+\.\d+\.\d+$/u.test(image) ? [] : [`${image} is not one version.`]),
    ...(memory === undefined ? ['It has no limit of memory.'] : []),
    ...(healthcheck === undefined ? ['It has no health check.'] : []),
    ...(dropped?.includes('ALL') === true ? [] : ['It keeps rights that it does not need.']),
    ...ports
      .filter((port: string) => !port.startsWith('127.0.0.1:'))
      .map((port: string) => `${port} is open to others.`),
    ...volumes.flatMap((volume: string) => {
      const [source = '', , mode] = volume.split(':')
      if (keysOf(compose.volumes).includes(source)) return []
      if (!source.startsWith('./')) return [`${source} is not of this repository.`]
      if (!existsSync(new URL(source, ROOT))) return [`${source} is not there.`]
      return mode === 'ro' ? [] : [`${source} can be written.`]
    }),
    ...Object.entries<string>(environment)
      .filter(
        ([name, value]) =>
          /PASSWORD|SECRET|TOKEN|KEY/u.test(name) && !/^(?:\$\{|\/run\/secrets\/|true$|false$)/u.test(value)
      )
      .map(([name]) => `${name} is written out.`)
  ]
}

t.test('no port is taken twice, and no volume is used that nobody makes', async (t) => {
  const ports = Object.values<any>(compose.services).flatMap(({ ports = [] }) =>
    ports.map((port: string) => port.split(':')[1])
  )
  t.equal(new Set(ports).size, ports.length, ports.join(' '))
  const used = new Set(
    Object.values<any>(compose.services).flatMap(({ volumes = [] }) =>
      volumes.map((volume: string | { readonly source: string }) =>
        typeof volume === 'string' ? volume.split(':')[0] : volume.source
      )
    )
  )
  for (const name of keysOf(compose.volumes)) t.ok(used.has(name), name)
})

t.test('services find each other: by name, port and secret', async (t) => {
  const addresses = [
    ...prometheus.scrape_configs.flatMap((job: any) =>
      job.static_configs.flatMap(({ targets }: any) => targets)
    ),
    ...datasources.map(({ url }: any) => new URL(url).host),
    new URL(wordOf(one(one(shipper.blocks, 'loki.write').blocks, 'endpoint').attributes['url'])).host
  ]
  t.equal(addresses.length, 4)
  for (const address of addresses) {
    const [name = '', port] = address.split(':')
    t.ok(name in compose.services, `${name} is a service`)
    t.equal(port, LISTENS[name], `${address} is where it listens`)
  }
  for (const { names, type, port } of prometheus.scrape_configs.flatMap((job: any) => job.dns_sd_configs)) {
    t.equal(type, 'A', 'every replica has an address of its own')
    for (const name of names) {
      const { environment, networks } = compose.services[name]
      t.equal(`${port}`, environment.ADMIN_PORT)
      t.equal(environment.ADMIN_HOST, '0.0.0.0')
      t.ok(networks.includes('default'), 'Prometheus is in that network')
    }
  }
  t.match(
    new URL(wordOf(one(one(shipper.blocks, 'loki.write').blocks, 'endpoint').attributes['url'])).pathname,
    '/loki/api/v1/push'
  )

  // The engine hands the gateway's lines to the shipper through the port that it publishes on loopback.
  const { logging } = compose.services.switchboard
  const [host, outside, inside] = compose.services.alloy.ports[0].split(':')
  const listener = one(one(shipper.blocks, 'loki.source.syslog').blocks, 'listener').attributes
  t.equal(logging.options['syslog-address'], `udp://${host}:${outside}`)
  t.equal(inside, `${wordOf(listener['address']).split(':')[1]}/${wordOf(listener['protocol'])}`)
  t.match(logging, { driver: 'syslog', options: { 'syslog-format': 'rfc5424micro', mode: 'non-blocking' } })
  t.equal(listener['syslog_format'], 'rfc5424')
  t.match(logging.options.tag, /^[\w-]{1,32}$/u, 'a name of RFC 5424, and no code of a template in it')

  const { credentials_file: file } = prometheus.scrape_configs[0].authorization
  const secret = file.replace('/run/secrets/', '')
  for (const name of ['switchboard', 'prometheus']) t.same(compose.services[name].secrets, [secret], name)
  const [, standard = ''] = /^\$\{METRICS_SECRET_PATH:-(\S+)\}$/u.exec(compose.secrets[secret].file) ?? []
  t.equal(
    read(standard).trim(),
    SANDBOX_METRICS_SECRET,
    'what is in the repository reads metrics of the sandbox, and nothing else'
  )
  t.equal(compose.services.switchboard.environment.ADMIN_HOST, '${ADMIN_HOST-0.0.0.0}')
})

t.test('each program is told of the file that is mounted for it', async (t) => {
  const mounted = (name: string) => compose.services[name].volumes.map((volume: string) => volume.split(':'))
  for (const [name, argument] of [
    ['prometheus', '--config.file='],
    ['loki', '-config.file='],
    ['alloy', '/etc/alloy/config.alloy']
  ] as const) {
    const given = compose.services[name].command.find((one: string) => one.startsWith(argument))
    const path = given.slice(given.indexOf('/'))
    const [source, target] = mounted(name).find(([, inside]: string[]) => path.startsWith(inside ?? '?'))
    t.ok(existsSync(new URL(source + path.slice(target.length), ROOT)), `${name}: ${path}`)
  }
  const inGrafana = mounted('grafana')
  const [source] = inGrafana.find(([, inside]: string[]) => inside === providers[0].options.path)
  const home = compose.services.grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH
  t.ok(existsSync(new URL(source + home.slice(providers[0].options.path.length), ROOT)), home)
  t.ok(
    compose.services.prometheus.command.includes('--enable-feature=exemplar-storage'),
    'exemplars are kept'
  )
})

t.test('Grafana is told of both data sources, and can be written by nobody', async (t) => {
  t.match(datasources, [
    { uid: 'switchboard-prometheus', type: 'prometheus', editable: false },
    { uid: 'switchboard-loki', type: 'loki', editable: false }
  ])
  t.match(providers, [{ type: 'file', allowUiUpdates: false, disableDeletion: true }])
  // A single "$" would be read as a variable of the environment.
  t.notMatch(read('deploy/grafana/provisioning/datasources/switchboard.yml'), /[^$]\$\{/u)
  t.match(compose.services.grafana.environment, {
    GF_AUTH_ANONYMOUS_ORG_ROLE: 'Viewer',
    GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: 'true'
  })
  const names = new Set(datasources[0].jsonData.exemplarTraceIdDestinations.map(({ name }: any) => name))
  t.ok(names.has('request_id'), 'the label that exemplars have')
  t.equal(datasources[0].jsonData.timeInterval, prometheus.global.scrape_interval)
})

/** Of https://grafana.com/docs/loki/latest/configure/: the keys that ours may hold, by block. */
const LOKI_KEYS: Readonly<Record<string, readonly string[]>> = {
  '': [
    'auth_enabled',
    'server',
    'common',
    'schema_config',
    'compactor',
    'limits_config',
    'analytics',
    'storage_config',
    'query_range',
    'ingester',
    'querier',
    'frontend',
    'ruler'
  ],
  server: ['http_listen_port', 'grpc_listen_port', 'log_level', 'http_listen_address', 'grpc_listen_address'],
  common: ['instance_addr', 'path_prefix', 'replication_factor', 'ring', 'storage', 'compactor_address'],
  'common.ring': ['kvstore', 'instance_addr'],
  'common.ring.kvstore': ['store'],
  'common.storage': ['filesystem', 's3', 'gcs', 'azure'],
  'common.storage.filesystem': ['chunks_directory', 'rules_directory'],
  schema_config: ['configs'],
  'schema_config.configs': ['from', 'store', 'object_store', 'schema', 'index', 'chunks'],
  'schema_config.configs.index': ['prefix', 'period'],
  compactor: [
    'working_directory',
    'retention_enabled',
    'delete_request_store',
    'compaction_interval',
    'retention_delete_delay',
    'retention_delete_worker_count'
  ],
  limits_config: [
    'retention_period',
    'allow_structured_metadata',
    'max_structured_metadata_entries_count',
    'max_structured_metadata_size',
    'discover_service_name',
    'discover_log_levels',
    'max_label_names_per_series',
    'max_global_streams_per_user',
    'max_line_size',
    'max_line_size_truncate',
    'ingestion_rate_mb',
    'ingestion_burst_size_mb',
    'reject_old_samples',
    'reject_old_samples_max_age',
    'max_query_length',
    'max_query_series',
    'max_entries_limit_per_query',
    'query_timeout',
    'volume_enabled'
  ],
  analytics: ['reporting_enabled']
}

function unknownKeys(value: unknown, block = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => unknownKeys(item, block))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const path = block === '' ? key : `${block}.${key}`
    return [...(LOKI_KEYS[block]?.includes(key) === true ? [] : [path]), ...unknownKeys(inner, path)]
  })
}

t.test(
  "Loki's file has keys that Loki knows, ends what it keeps, and takes what dashboards ask",
  async (t) => {
    t.same(unknownKeys(loki), [])
    t.same(unknownKeys({ ...loki, limit_config: {}, server: { port: 1 } }), ['server.port', 'limit_config'])
    const hours = (text: string) => Number(/^(\d+)h$/u.exec(text)?.[1])
    t.match(loki, {
      compactor: { retention_enabled: true, delete_request_store: 'filesystem' },
      limits_config: { allow_structured_metadata: true, reject_old_samples: true },
      schema_config: { configs: [{ store: 'tsdb', schema: 'v13', object_store: 'filesystem' }] },
      analytics: { reporting_enabled: false }
    })
    t.equal(hours(loki.limits_config.retention_period), 744)
    t.equal(hours(loki.limits_config.retention_period) % hours(loki.schema_config.configs[0].index.period), 0)
    t.ok(hours(loki.limits_config.max_query_length) >= hours(loki.limits_config.retention_period))
    t.ok(loki.limits_config.max_label_names_per_series >= shipped().labels.size)
    t.ok(loki.limits_config.max_structured_metadata_entries_count >= shipped().metadata.size)
    const dashboards = ['overview', 'failover', 'countries', 'story', 'operations'].map((name) =>
      read(`deploy/grafana/dashboards/${name}.json`)
    )
    for (const [, most] of dashboards.join('').matchAll(/"maxLines": (\d+)/gu)) {
      t.ok(Number(most) <= loki.limits_config.max_entries_limit_per_query)
    }
    const where = [
      loki.common.path_prefix,
      loki.compactor.working_directory,
      ...Object.values<string>(loki.common.storage.filesystem)
    ]
    const kept = compose.services.loki.volumes
      .map((volume: string) => volume.split(':'))
      .find(([name]: string[]) => name === 'loki-data')?.[1]
    for (const path of where) t.ok(path.startsWith(kept), `${path} is in the volume`)
  }
)

/** Of https://grafana.com/docs/alloy/latest/reference/: what the blocks that we use may hold, `*` what they have to. */
const ALLOY_BLOCKS: Readonly<
  Record<string, { readonly attributes: readonly string[]; readonly blocks?: readonly string[] }>
> = {
  logging: { attributes: ['level', 'format', 'write_to'] },
  'loki.source.syslog': { attributes: ['forward_to*', 'relabel_rules'], blocks: ['listener'] },
  listener: {
    attributes: [
      'address*',
      'idle_timeout',
      'label_structured_data',
      'labels',
      'max_message_length',
      'protocol',
      'syslog_format',
      'use_incoming_timestamp',
      'use_rfc5424_message'
    ]
  },
  'loki.relabel': { attributes: ['forward_to*', 'max_cache_size'], blocks: ['rule'] },
  rule: {
    attributes: ['action', 'modulus', 'regex', 'replacement', 'separator', 'source_labels', 'target_label']
  },
  'loki.process': {
    attributes: ['forward_to*'],
    blocks: ['stage.json', 'stage.timestamp', 'stage.template', 'stage.labels', 'stage.structured_metadata']
  },
  'stage.json': { attributes: ['expressions*', 'drop_malformed', 'source'] },
  'stage.timestamp': {
    attributes: ['source*', 'format*', 'action_on_failure', 'fallback_formats', 'location']
  },
  'stage.template': { attributes: ['source*', 'template*'] },
  'stage.labels': { attributes: ['values*'] },
  'stage.structured_metadata': { attributes: ['values'] },
  'loki.write': { attributes: ['external_labels', 'max_streams'], blocks: ['endpoint', 'wal'] },
  endpoint: {
    attributes: ['url*', 'name', 'remote_timeout', 'batch_size', 'batch_wait', 'max_backoff_retries']
  }
}

const ALLOY_EXPORTS: Readonly<Record<string, readonly string[]>> = {
  'loki.relabel': ['receiver', 'rules'],
  'loki.process': ['receiver'],
  'loki.write': ['receiver']
}

function faultsOfAlloy(file: AlloyBlock): readonly string[] {
  const exports = new Set(
    file.blocks.flatMap(({ name, label }) =>
      (ALLOY_EXPORTS[name] ?? []).map((one) => `${name}.${label}.${one}`)
    )
  )
  const faultsOf = ({ name, label, attributes, blocks }: AlloyBlock): readonly string[] => {
    const known = ALLOY_BLOCKS[name]
    if (known === undefined) return [`There is no ${name}.`]
    const required = known.attributes.flatMap((one) => (one.endsWith('*') ? one.slice(0, -1) : []))
    const allowed = new Set(known.attributes.map((one) => one.replace('*', '')))
    return [
      ...(name.includes('.') && !name.startsWith('stage.') && label === null
        ? [`${name} has no label.`]
        : []),
      ...required.filter((one) => !(one in attributes)).map((one) => `${name} has no ${one}.`),
      ...keysOf(attributes)
        .filter((one) => !allowed.has(one))
        .map((one) => `${name} knows no ${one}.`),
      ...blocks
        .filter((one) => known.blocks?.includes(one.name) !== true)
        .map((one) => `${name} holds no ${one.name}.`),
      ...Object.values(attributes)
        .flatMap(referencesIn)
        .filter((path) => !exports.has(path))
        .map((path) => `Nothing exports ${path}.`),
      ...blocks.flatMap(faultsOf)
    ]
  }
  return file.blocks.flatMap(faultsOf)
}

function referencesIn(value: AlloyValue): readonly string[] {
  if (typeof value !== 'object' || value === null) return []
  return isReference(value) ? [value.exportOf] : Object.values(value).flatMap(referencesIn)
}

t.test("the shipper's file is of Alloy's language, and its parts fit", async (t) => {
  t.same(faultsOfAlloy(shipper), [])
  const text = readFileSync(SHIPPER_FILE, 'utf8')
  const spoilt = (from: string | RegExp, to: string) => faultsOfAlloy(parseAlloy(text.replace(from, to)))
  t.same(spoilt('loki.write.loki.receiver', 'loki.write.logs.receiver'), [
    'Nothing exports loki.write.logs.receiver.'
  ])
  t.same(spoilt('stage.labels {', 'stage.label {'), [
    'loki.process holds no stage.label.',
    'There is no stage.label.'
  ])
  t.same(spoilt('max_message_length', 'max_length'), ['listener knows no max_length.'])
  t.same(spoilt(/address +=.*\n/u, ''), ['listener has no address.'])
  t.same(spoilt('loki.write "loki"', 'loki.write'), [
    'Nothing exports loki.write.loki.receiver.',
    'loki.write has no label.'
  ])
  for (const [from, to] of [
    ['}', ''],
    ['"UnixMs"', 'UnixMs"'],
    ['source = "time"', 'source "time"'],
    ['event = "",', 'event = ""'],
    ['[loki.process.lines.receiver]', '[loki.process.lines.receiver']
  ] as const) {
    t.throws(() => parseAlloy(text.replace(from, to)), `${from}: ${to}`)
  }
})

t.test('labels of Loki are words of short lists, and no line is labelled by whom it is about', async (t) => {
  const { labels, metadata } = shipped()
  t.same([...labels].toSorted(), ['event', 'instance', 'level', 'service_name'])
  t.same([...metadata].toSorted(), [
    'okta_event_id',
    'okta_request_id',
    'phone_hash',
    'request_id',
    'trace_id',
    'user_hash'
  ])

  const lines = one(shipper.blocks, 'loki.process')
  const taken = keysOf(one(lines.blocks, 'stage.json').attributes['expressions'])
  for (const name of taken) {
    t.ok(
      EVENT_NAMES.some((event) => name in fieldsOf(event)),
      `${name} is a field of some line`
    )
  }
  const used = [...labels, ...metadata, 'time'].filter((name) => !['service_name', 'instance'].includes(name))
  t.same(taken.toSorted(), used.toSorted(), 'what is taken out of a line is used, and nothing else is')

  // In the order in which they run: a level is made a word before it becomes a label.
  t.same(
    lines.blocks.map(({ name }) => name),
    ['stage.json', 'stage.timestamp', 'stage.template', 'stage.labels', 'stage.structured_metadata']
  )
  const { template } = one(lines.blocks, 'stage.template').attributes
  t.same(
    [...wordOf(template).matchAll(/eq \.Value "(\d+)" \}\}(\w+)/gu)].map(([, number, word]) => [
      number,
      word
    ]),
    [
      ['20', 'debug'],
      ['30', 'info'],
      ['40', 'warn'],
      ['50', 'error']
    ]
  )
})
