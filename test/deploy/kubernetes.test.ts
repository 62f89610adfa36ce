import { spawnSync } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { HOOK_PATH } from '../../src/okta/hook-route.ts'
import { MESSAGEBIRD_BASE_URL } from '../../src/providers/messagebird/messagebird.ts'
import { TWILIO_BASE_URL } from '../../src/providers/twilio/twilio.ts'
import { VONAGE_API_URL, VONAGE_REST_URL } from '../../src/providers/vonage/vonage.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { readSettings } from '../../src/settings.ts'
import { SECRET_NAMES, SETTING_NAMES } from '../../src/settings/variables.ts'
import { METRICS } from '../../src/telemetry/metrics-vocabulary.ts'
import { hasSchema, schemaFaults } from '../fixtures/kubernetes-schemas.ts'
import { kustomize, type KubernetesObject } from '../fixtures/kustomize.ts'
import { startStack } from '../fixtures/stack.ts'

const root = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')
const folder = new URL('deploy/kubernetes/', root).pathname
const EXAMPLE = `${folder}overlays/example`

const example = kustomize(EXAMPLE)
const only = (kind: string, name = 'switchboard', objects = example): KubernetesObject => {
  const one = objects.find((each) => each.kind === kind && each.metadata.name.startsWith(name))
  if (one === undefined) throw new Error(`No ${kind} ${name}.`)
  return one
}
const deployment = only('Deployment')
const pod = deployment['spec'].template.spec
const [container] = pod.containers
const settings: Readonly<Record<string, string>> = only('ConfigMap', 'switchboard-settings')['data']

t.test('each object is one that Kubernetes takes, to the last field', async (t) => {
  for (const name of ['base', 'overlays/example']) {
    for (const one of kustomize(folder + name)) {
      t.same(await schemaFaults(one), [], `${name}: ${one.kind} ${one.metadata.name}`)
    }
  }
  // No schema of it is to be had; components/cilium is looked at below.
  const files = globSync('**/*.yaml', { cwd: folder }).filter(
    (name) => !/(kustomization|routing|prometheus-adapter|cilium-network-policy)\.yaml$/u.test(name)
  )
  t.ok(files.length >= 9)
  for (const name of files) {
    const documents = parseAllDocuments(readFileSync(folder + name, 'utf8'))
    t.equal(documents.length, 1, `${name} is one document`)
    t.ok(hasSchema(parse(readFileSync(folder + name, 'utf8'))), name)
  }
})

t.test('a misspelt field, a wrong type and a missing one are found', async (t) => {
  const spoil = (how: (spoilt: any) => void) => {
    const spoilt = structuredClone(deployment)
    how(spoilt)
    return schemaFaults(spoilt)
  }
  t.same(await spoil(({ spec }) => (spec.replicass = 2)), ['/spec/replicass is not known'])
  t.same(await spoil(({ spec }) => (spec.template.spec.containers[0].livenessProbe.httpGett = {})), [
    '/spec/template/spec/containers/0/livenessProbe/httpGett is not known'
  ])
  t.match(await spoil(({ spec }) => (spec.minReadySeconds = 'five')), [/minReadySeconds type .*integer/u])
  t.match(await spoil(({ spec }) => delete spec.selector), [/required .*selector/u])
})

t.test('it is what kubectl makes of the same folder', { skip: noKubectl() }, async (t) => {
  const { stdout, status, stderr } = spawnSync('kubectl', ['kustomize', EXAMPLE], { encoding: 'utf8' })
  t.equal(status, 0, stderr)
  const theirs = parseAllDocuments(stdout).map((one) => one.toJS() as KubernetesObject)
  // The hash in a name is kubectl's own.
  const plain = (objects: readonly KubernetesObject[]) =>
    objects
      .map((one) =>
        JSON.parse(JSON.stringify(one).replaceAll(/switchboard-settings-[a-z0-9]{10}/gu, 'settings'))
      )
      .toSorted((a, b) => `${a.kind} ${a.metadata.name}`.localeCompare(`${b.kind} ${b.metadata.name}`))
  t.same(plain(theirs), plain(example))
})

/** Kustomize 5, which knows components and generator options, is in kubectl 1.27 and newer. */
function noKubectl(): false | string {
  const { stdout, status } = spawnSync('kubectl', ['version', '--client', '--output', 'json'], {
    encoding: 'utf8'
  })
  if (status !== 0) return 'no kubectl is installed here'
  const minor = Number.parseInt(JSON.parse(stdout).clientVersion.minor, 10)
  return minor >= 27 ? false : `kubectl 1.${minor} is too old for these manifests`
}

t.test('the gateway starts with these settings and the secrets that they name', async (t) => {
  for (const name of Object.keys(settings)) {
    const known =
      SETTING_NAMES.some((one) => one === name) || SECRET_NAMES.some((one) => `${one}_FILE` === name)
    t.ok(known, name)
    t.notOk(
      SECRET_NAMES.some((one) => one === name),
      `${name} is in no ConfigMap`
    )
  }
  const secrets: Readonly<Record<string, string>> = {
    OKTA_BASIC_AUTH: 'okta:a-password-of-the-test',
    ADMIN_SECRET: 'an-admin-secret-of-the-test',
    METRICS_SECRET: 'a-metrics-secret-of-the-test',
    LOG_HASH_KEY: 'a-hash-key-of-the-test',
    REDIS_URL: 'redis://valkey:6379',
    STATE_KEY: Buffer.alloc(32, 7).toString('base64'),
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_API_KEY: `SK${'0'.repeat(32)}`,
    TWILIO_API_SECRET: 'a-secret-of-the-test',
    MESSAGEBIRD_ACCESS_KEY: 'a-key-of-the-test'
  }
  const asked: string[] = []
  const result = readSettings({ ...settings, SANDBOX: 'off' }, (path) => {
    asked.push(path)
    return secrets[path.split('/').at(-1) ?? ''] ?? null
  })
  t.match(result, { kind: 'ok', settings: { mode: { kind: 'live' } } })
  const { mountPath } = mountOf('secrets')
  for (const path of asked) t.ok(path.startsWith(`${mountPath}/`), path)

  const base = only('ConfigMap', 'switchboard-settings', kustomize(`${folder}base`))['data']
  t.match(
    readSettings({ ...base, SANDBOX: 'off' }, (path) => secrets[path.split('/').at(-1) ?? ''] ?? null),
    {
      kind: 'faulty',
      faults: [{ name: 'TWILIO_ACCOUNT_SID', message: /no provider has credentials/u }]
    }
  )
})

function mountOf(name: string): { readonly mountPath: string; readonly subPath?: string } {
  return container.volumeMounts.find((mount: { name: string }) => mount.name === name)
}

t.test(
  'the rules are a folder that is renewed, under a name that stays, and hold what is sound',
  async (t) => {
    const mount = mountOf('rules')
    t.equal(mount.subPath, undefined)
    t.equal(settings['ROUTING_FILE'], `${mount.mountPath}/routing.yaml`)
    const volume = pod.volumes.find(({ name }: { name: string }) => name === 'rules')
    t.equal(volume.configMap.name, 'switchboard-rules', 'no hash: a change rolls no pod')
    t.match(container.envFrom[0].configMapRef.name, /^switchboard-settings-.{10}$/u, 'a hash: a change does')
    t.ok(
      example.some(
        ({ kind, metadata }) =>
          kind === 'ConfigMap' && metadata.name === container.envFrom[0].configMapRef.name
      )
    )

    const { data } = only('ConfigMap', 'switchboard-rules') as any
    const parsed = parseRules(data['routing.yaml'], 'routing.yaml', { nowMs: Date.now() })
    t.match(parsed, { kind: 'ok' })
    t.equal(
      read('deploy/kubernetes/base/routing.yaml'),
      read('config/routing.yaml'),
      'the base has those that ship'
    )
  }
)

t.test('ports, names and labels fit each other', async (t) => {
  const ports = new Map(
    container.ports.map(({ name, containerPort }: { name: string; containerPort: number }) => [
      name,
      containerPort
    ])
  )
  t.same(
    [...ports],
    [
      ['hook', Number(settings['PORT'])],
      ['admin', Number(settings['ADMIN_PORT'])]
    ]
  )
  const labels = deployment['spec'].template.metadata.labels
  const fits = (selector: object, what: string): void => void t.match(labels, selector, what)
  fits(deployment['spec'].selector.matchLabels, 'Deployment')
  fits(only('PodDisruptionBudget')['spec'].selector.matchLabels, 'PodDisruptionBudget')
  fits(only('NetworkPolicy')['spec'].podSelector.matchLabels, 'NetworkPolicy')
  for (const { labelSelector } of pod.topologySpreadConstraints) fits(labelSelector.matchLabels, 'spread')
  for (const { metadata, spec } of example.filter(({ kind }) => kind === 'Service')) {
    fits(spec.selector, metadata.name)
    t.equal(spec.type, 'ClusterIP', `${metadata.name} is reached from the cluster alone`)
    for (const { targetPort } of spec.ports) t.ok(ports.has(targetPort), `${metadata.name}: ${targetPort}`)
  }
  const monitor = only('ServiceMonitor')['spec']
  t.match(only('Service', 'switchboard-admin').metadata['labels'], monitor.selector.matchLabels)
  for (const { port, authorization } of monitor.endpoints) {
    t.equal(port, 'admin')
    t.equal(`/run/secrets/switchboard/${authorization.credentials.key}`, settings['METRICS_SECRET_FILE'])
    t.equal(authorization.credentials.name, pod.volumes.at(-1).secret.secretName)
  }
  t.same(only('HorizontalPodAutoscaler')['spec'].scaleTargetRef, {
    apiVersion: deployment.apiVersion,
    kind: 'Deployment',
    name: deployment.metadata.name
  })
  t.equal(pod.serviceAccountName, only('ServiceAccount').metadata.name)
  for (const one of example) t.equal(one.metadata.namespace, 'switchboard', one.kind)
})

t.test('the way in leads to the hook and a sign of life, and nowhere else', async (t) => {
  const [rule] = only('Ingress')['spec'].rules
  t.same(
    rule.http.paths.map(({ path, pathType }: any) => [path, pathType]),
    [
      [HOOK_PATH, 'Exact'],
      ['/health/live', 'Exact']
    ]
  )
  const services = new Map(
    example.filter(({ kind }) => kind === 'Service').map((one) => [one.metadata.name, one])
  )
  for (const { backend } of rule.http.paths) {
    const service = services.get(backend.service.name)
    t.ok(service?.['spec'].ports.some(({ name }: { name: string }) => name === backend.service.port.name))
    t.not(backend.service.name, 'switchboard-admin')
  }
  t.equal(`https://${rule.host}`, settings['PUBLIC_URL'])
})

t.test('probes ask what the gateway answers', async (t) => {
  const { gateway } = await startStack(t)
  for (const name of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    const { httpGet } = container[name]
    t.equal(httpGet.port, 'hook', name)
    t.equal((await fetch(gateway.url + httpGet.path)).status, 200, name)
  }
  t.not(container.livenessProbe.httpGet.path, container.readinessProbe.httpGet.path)
})

t.test('a pod that leaves has time to be forgotten, and to answer what it has', async (t) => {
  const stopWithinMs = Number(
    /^const STOP_WITHIN_MS = ([\d_]+)$/mu.exec(read('src/main.ts'))?.[1]?.replaceAll('_', '')
  )
  const sleep = container.lifecycle.preStop.sleep.seconds
  t.ok(stopWithinMs > 0)
  t.ok(sleep >= 5, 'endpoints are told')
  t.ok(pod.terminationGracePeriodSeconds >= sleep + stopWithinMs / 1000 + 2, 'before it is killed')
  // The image has no shell and no sleep of its own.
  t.same(Object.keys(container.lifecycle.preStop), ['sleep'])
})

t.test(
  'it may do nothing that Pod Security "restricted" forbids, and asks Kubernetes for nothing',
  async (t) => {
    const user = /^USER (\d+):(\d+)$/mu.exec(read('Dockerfile'))
    t.match(pod.securityContext, {
      runAsNonRoot: true,
      runAsUser: Number(user?.[1]),
      runAsGroup: Number(user?.[2]),
      seccompProfile: { type: 'RuntimeDefault' }
    })
    t.same(container.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] }
    })
    t.equal(pod.automountServiceAccountToken, false)
    t.equal(only('ServiceAccount')['automountServiceAccountToken'], false)
    for (const name of ['hostNetwork', 'hostPID', 'hostIPC']) t.notOk(name in pod, name)
    for (const volume of pod.volumes) {
      const [, kind] = Object.keys(volume)
      t.ok(kind === 'configMap' || kind === 'secret', volume.name)
    }
    // Readable by the group that the process has, and by nobody else.
    t.equal(pod.volumes.at(-1).secret.defaultMode, 0o440)
    t.equal(pod.securityContext.fsGroup, pod.securityContext.runAsGroup)
    t.ok(container.resources.requests.cpu && container.resources.limits.memory)
  }
)

t.test('there are two at least, spread, and never all gone at once', async (t) => {
  t.ok(only('Deployment', 'switchboard', kustomize(`${folder}base`))['spec'].replicas >= 2)
  t.notOk('replicas' in deployment['spec'], 'with the autoscaler nobody else counts')
  const { minReplicas, maxReplicas, metrics } = only('HorizontalPodAutoscaler')['spec']
  t.ok(minReplicas >= 2 && maxReplicas > minReplicas)
  t.equal(only('PodDisruptionBudget')['spec'].maxUnavailable, 1)
  t.same(deployment['spec'].strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 })
  t.same(
    pod.topologySpreadConstraints.map(({ topologyKey }: any) => topologyKey),
    ['topology.kubernetes.io/zone', 'kubernetes.io/hostname']
  )

  const [{ pods }] = metrics
  const known = new Map<string, { readonly type: string }>(Object.entries(METRICS))
  t.equal(known.get(pods.metric.name)?.type, 'gauge', 'it scales by a metric that there is')
  const mostInFlight = 1_000
  t.match(read('.env.example'), `(${mostInFlight})\nMAX_IN_FLIGHT=`)
  t.ok(2 * Number(pods.target.averageValue) < mostInFlight, 'one has room for two')
  const [rule] = parse(readFileSync(`${folder}components/autoscaling/prometheus-adapter.yaml`, 'utf8')).rules
    .custom
  t.ok(rule.seriesQuery.startsWith(`${pods.metric.name}{`), 'and the adapter hands it on')
})

t.test('it is reached by few and reaches few', async (t) => {
  const { ingress, egress, policyTypes } = only('NetworkPolicy')['spec']
  t.same(policyTypes, ['Ingress', 'Egress'])
  for (const { from, ports } of ingress) t.ok(from.length > 0 && ports.length === 1)
  for (const { to, ports } of egress) t.ok(to.length > 0 && ports.length > 0)
  t.same(
    egress.flatMap(({ ports }: any) => ports.map(({ port }: any) => port)),
    [53, 53, 443, 6379]
  )
  const [{ ipBlock: v4 }, { ipBlock: v6 }] = egress[1].to
  const own = ['169.254.0.0/16', '10.0.0.0/8', '192.168.0.0/16']
  for (const range of own) t.ok(v4.except.includes(range), range)
  t.ok(v6.except.includes('fc00::/7'))
})

t.test("Cilium's policy names each vendor, and leaves no other way out", async (t) => {
  const overlay = t.testdir({
    'kustomization.yaml': [
      `resources: [${relative(t.testdirName, `${folder}base`)}]`,
      `components: [${relative(t.testdirName, `${folder}components/cilium`)}]`
    ].join('\n')
  })
  const objects = kustomize(overlay)
  t.same(
    only('NetworkPolicy', 'switchboard', objects)['spec'].egress.flatMap(({ ports }: any) =>
      ports.map(({ port }: any) => port)
    ),
    [53, 53, 6379]
  )
  const policy: any = only('CiliumNetworkPolicy', 'switchboard', objects)
  t.match(policy, {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    spec: { endpointSelector: { matchLabels: { 'app.kubernetes.io/name': 'switchboard' } } }
  })
  const names = policy.spec.egress[1].toFQDNs.map((one: any) => one.matchName ?? one.matchPattern)
  t.same(names, [
    ...[TWILIO_BASE_URL, VONAGE_REST_URL, VONAGE_API_URL, MESSAGEBIRD_BASE_URL].map(
      (url) => new URL(url).host
    ),
    '*.okta.com'
  ])
})

t.test('what an overlay or a component names is there', async (t) => {
  for (const name of globSync('**/kustomization.yaml', { cwd: folder })) {
    const { resources = [], components = [] } = parse(readFileSync(folder + name, 'utf8'))
    for (const one of [...resources, ...components]) {
      t.ok(existsSync(new URL(one, new URL(name, `file://${folder}`))), `${name}: ${one}`)
    }
  }
})
