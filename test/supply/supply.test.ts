import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import { judgeAudit } from '../../supply/audit-judged.ts'
import {
  DEVELOPMENT_LICENCES,
  forbiddenLicences,
  isAllowed,
  LICENCES_READ,
  noticesOf,
  PRODUCTION_LICENCES
} from '../../supply/licences.ts'
import { inProduction, readLock, type Lock } from '../../supply/lock.ts'
import { sbomOf } from '../../supply/sbom.ts'

const root = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')
const run = promisify(execFile)

const packageJson = JSON.parse(read('package.json'))
const lock = readLock(read('package-lock.json'))

t.test(
  'the lock file pins every package by its hash, and readLock() refuses one that does not',
  async (t) => {
    t.ok(lock.packages.length > 500)
    for (const { path, integrity } of lock.packages) {
      t.match(integrity, /^sha512-[A-Za-z0-9+/]{86}==$/u, path)
    }
    for (const [kind, names] of Object.entries({
      dependencies: packageJson.dependencies,
      devDependencies: packageJson.devDependencies,
      optionalDependencies: packageJson.optionalDependencies
    })) {
      for (const [name, version] of Object.entries(names)) {
        t.match(version, /^\d+\.\d+\.\d+$/u, `${name} of ${kind} is one version`)
        const locked = lock.packages.find(({ path }) => path === `node_modules/${name}`)
        t.equal(locked?.version, version, `${name} is locked`)
        if (kind !== 'devDependencies') t.equal(locked?.dev, false, `${name} is one of ${kind}`)
      }
    }
    const entry = { version: '1.0.0', integrity: 'sha512-x' }
    const locked = (packages: object, lockfileVersion = 3) =>
      JSON.stringify({ lockfileVersion, packages: { '': {}, ...packages } })
    t.throws(() => readLock(locked({ 'node_modules/a': { version: '1.0.0' } })), /has no integrity/u)
    t.throws(() => readLock(locked({ 'node_modules/a': { integrity: 'sha512-x' } })), /has no version/u)
    t.throws(() => readLock(locked({ 'node_modules/a': entry }, 2)), /not of version 3/u)
  }
)

t.test('a package is found where Node would find it', async (t) => {
  const entry = { version: '1.0.0', integrity: 'sha512-x' }
  const { packages, uses } = readLock(
    JSON.stringify({
      lockfileVersion: 3,
      packages: {
        '': { dependencies: { a: '1', '@s/b': '1' } },
        'node_modules/a': { ...entry, dependencies: { c: '1' }, optionalDependencies: { missing: '1' } },
        'node_modules/c': entry,
        'node_modules/@s/b': { ...entry, dependencies: { c: '2', a: '1' } },
        'node_modules/@s/b/node_modules/c': { ...entry, version: '2.0.0', dependencies: { a: '1' } }
      }
    })
  )
  t.same(uses, ['node_modules/@s/b', 'node_modules/a'])
  t.same(
    packages.map(({ name, version, uses: used }) => [name, version, used]),
    [
      ['a', '1.0.0', ['node_modules/c']],
      ['c', '1.0.0', []],
      ['@s/b', '1.0.0', ['node_modules/@s/b/node_modules/c', 'node_modules/a']],
      ['c', '2.0.0', ['node_modules/a']]
    ]
  )
})

t.test('no package runs a script when it is installed, unless it is named', async (t) => {
  t.match(read('.npmrc'), /^ignore-scripts=true$/mu)
  const allowed = Object.keys(packageJson.allowScripts)
  t.same(
    lock.packages.filter(({ name, hasInstallScript }) => hasInstallScript && !allowed.includes(name)),
    [],
    'by the lock file'
  )
  // A registry could say less than the package does.
  for (const { path, name } of lock.packages) {
    if (allowed.includes(name) || !existsSync(new URL(`${path}/package.json`, root))) continue
    const { scripts = {} } = JSON.parse(read(`${path}/package.json`))
    for (const hook of ['preinstall', 'install', 'postinstall']) t.notOk(scripts[hook], `${hook} of ${path}`)
    t.notOk(existsSync(new URL(`${path}/binding.gyp`, root)), `${path} is not built`)
  }
})

t.test('every licence is one that may be used, and the lists hold nothing that is not needed', async (t) => {
  t.same(forbiddenLicences(lock), [])
  for (const name of Object.keys(LICENCES_READ)) {
    const one = lock.packages.find((locked) => locked.name === name)
    t.equal(one?.licence, null, `${name} still needs a reader`)
    t.match(
      read(`${one?.path}/license`),
      new RegExp(`The ${LICENCES_READ[name]} License`, 'u'),
      'who read right'
    )
  }
  t.same(
    forbiddenLicences({
      ...lock,
      packages: [
        { ...blank, name: 'a', licence: 'AGPL-3.0-only' },
        { ...blank, name: 'b', licence: 'MPL-2.0' },
        { ...blank, name: 'c', licence: 'MPL-2.0', dev: true },
        { ...blank, name: 'd', licence: null }
      ]
    }),
    ['a@1.0.0: AGPL-3.0-only', 'b@1.0.0: MPL-2.0', 'd@1.0.0: none']
  )
})

const blank = {
  path: 'node_modules/x',
  name: 'x',
  version: '1.0.0',
  integrity: 'sha512-x',
  licence: 'MIT',
  dev: false,
  optional: false,
  hasInstallScript: false,
  uses: []
}

t.test('isAllowed() reads what SPDX expressions say, and refuses what it does not understand', async (t) => {
  for (const [expression, expected] of [
    ['MIT', true],
    ['GPL-3.0-only', false],
    ['(WTFPL OR MIT)', true],
    ['(GPL-2.0-only OR AGPL-3.0-only)', false],
    ['MIT AND ISC', true],
    ['MIT AND GPL-3.0-only', false],
    ['GPL-3.0-only OR MIT AND ISC', true],
    ['(MIT AND (GPL-3.0-only OR ISC))', false],
    ['SEE LICENSE IN LICENSE', false],
    ['UNLICENSED', false],
    ['', false]
  ] as const) {
    t.equal(isAllowed(expression, PRODUCTION_LICENCES), expected, expression)
  }
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...DEVELOPMENT_LICENCES), { minLength: 1 }), (ids) => {
      const every = ids.every((id) => PRODUCTION_LICENCES.has(id))
      const some = ids.some((id) => PRODUCTION_LICENCES.has(id))
      return (
        isAllowed(ids.join(' AND '), PRODUCTION_LICENCES) === every &&
        isAllowed(`(${ids.join(' OR ')})`, PRODUCTION_LICENCES) === some
      )
    })
  )
})

t.test('the bill of materials is valid CycloneDX, and the same lock file gives the same bytes', async (t) => {
  const text = sbomOf(lock, 1_767_225_600)
  const bom = JSON.parse(text)
  t.match(bom.metadata, { timestamp: '2026-01-01T00:00:00.000Z', component: { name: 'switchboard' } })

  const schemas = new URL('node_modules/@cyclonedx/cyclonedx-library/res/schema/', root)
  const schema = (name: string) => JSON.parse(readFileSync(new URL(name, schemas), 'utf8'))
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema(schema('spdx.SNAPSHOT.schema.json'), 'http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json')
  ajv.addSchema(
    schema('jsf-0.82.SNAPSHOT.schema.json'),
    'http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json'
  )
  const valid = ajv.compile(schema('bom-1.6.SNAPSHOT.schema.json'))
  t.ok(valid(bom), JSON.stringify(valid.errors?.slice(0, 3)))
  t.notOk(valid({ ...bom, components: [{ type: 'library' }] }), 'the schema is one that refuses')

  t.equal(sbomOf(lock, 1_767_225_600), text)
  const untimed = JSON.parse(sbomOf(lock, null))
  t.notOk('timestamp' in untimed.metadata)
  const fewer = { ...lock, packages: inProduction(lock).slice(1) }
  const { serialNumber } = JSON.parse(sbomOf(fewer, 1_767_225_600))
  t.not(serialNumber, bom.serialNumber, 'another list has another number')

  const refs = new Set(bom.components.map((one: Record<string, string>) => one['bom-ref']))
  t.equal(refs.size, bom.components.length, 'each once')
  for (const { ref, dependsOn } of bom.dependencies) {
    t.ok(refs.has(ref) || ref === bom.metadata.component['bom-ref'], ref)
    t.same(
      dependsOn.filter((used: string) => !refs.has(used)),
      [],
      ref
    )
  }
})

t.test('it lists what can be reached from the project, and nothing else', async (t) => {
  const byPath = new Map(lock.packages.map((one) => [one.path, one]))
  const reached = new Set<string>()
  const open = [...lock.uses]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const one = byPath.get(path)
    // A peer that is there for the tools' sake is none of production's.
    if (one === undefined || one.dev || one.optional || reached.has(path)) continue
    reached.add(path)
    open.push(...one.uses)
  }
  t.same(
    [...reached].toSorted(),
    inProduction(lock)
      .map(({ path }) => path)
      .toSorted()
  )
})

t.test('what npm lists is in it, with the same hash and licence', async (t) => {
  // Not the other way round: npm 11.19 leaves out what a development dependency names as a peer as well (ajv-formats).
  const { stdout } = await run(
    'npm',
    ['sbom', '--package-lock-only', '--omit=dev', '--omit=optional', '--sbom-format=cyclonedx'],
    { cwd: root, maxBuffer: 64 * 1024 * 1024 }
  )
  interface Component {
    readonly purl: string
    readonly hashes: unknown
    readonly licenses: unknown
  }
  const listed = (json: string): readonly Component[] => JSON.parse(json).components
  const ours = new Map(listed(sbomOf(lock, null)).map((one) => [one.purl, one]))
  const theirs = listed(stdout)
  t.ok(theirs.length > 100)
  for (const { purl, hashes, licenses } of theirs) t.match(ours.get(purl), { hashes, licenses }, purl)
})

t.test('the notices have a text for every package that brings one', async (t) => {
  const small: Lock = {
    ...lock,
    packages: [
      { ...blank, path: 'node_modules/b', name: 'b' },
      { ...blank, path: 'node_modules/a', name: 'a' },
      { ...blank, name: 'tool', dev: true }
    ]
  }
  const text = noticesOf(small, (path) => (path === 'node_modules/a' ? 'Copyright A.\n' : null))
  t.match(
    text,
    /a 1\.0\.0\nLicence: MIT\n\nCopyright A\.[^]+b 1\.0\.0\nLicence: MIT\n\nThe package brings no/u
  )
  t.notMatch(text, /tool/u)

  const folder = t.testdir()
  await run(process.execPath, ['supply/write.ts', 'licences', folder], { cwd: root })
  const notices = readFileSync(`${folder}/licences.txt`, 'utf8')
  for (const { name, version } of inProduction(lock)) t.ok(notices.includes(`${name} ${version}\n`), name)
  t.match(notices, /fastify [^]+Permission is hereby granted/u)
})

t.test('what runs in production is little, and each of it is known', async (t) => {
  const names = new Set(inProduction(lock).map(({ name }) => name))
  t.ok(names.size < 200, `${names.size} packages`)
  for (const name of Object.keys(packageJson.dependencies)) t.ok(names.has(name), name)
})

t.test('judgeAudit() wants an explanation for each finding, and no explanation too many', async (t) => {
  const advisory = {
    source: 1,
    name: 'qs',
    title: 'Denial of service',
    severity: 'high',
    url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc',
    range: '<6.1.0'
  }
  const report = {
    auditReportVersion: 2,
    vulnerabilities: { qs: { via: [advisory] }, body: { via: ['qs', advisory] } }
  }
  const exception = {
    advisory: 'GHSA-aaaa-bbbb-cccc',
    package: 'qs',
    why: 'It parses query strings, and no route of ours takes one that a stranger may write.',
    until: '2026-12-31'
  }
  const clean = { auditReportVersion: 2, vulnerabilities: {} }
  for (const [name, given, exceptions, ok, words] of [
    ['clean', clean, [], true, /0 found/u],
    [
      'found',
      report,
      [],
      false,
      /not explained: qs <6\.1\.0: Denial of service \(high, GHSA-aaaa-bbbb-cccc\)/u
    ],
    ['explained', report, [exception], true, /1 found, 1 explained, 0 to mend/u],
    ['explained on its last day', report, [{ ...exception, until: '2026-11-25' }], true, /1 explained/u],
    ['explained too long ago', report, [{ ...exception, until: '2026-11-24' }], false, /until 2026-11-24/u],
    [
      'explained for another',
      report,
      [{ ...exception, package: 'q' }],
      false,
      /not explained[^]+not needed/u
    ],
    ['not needed any more', clean, [exception], false, /not needed any more/u],
    ['explained in a word', report, [{ ...exception, why: 'fine' }], false, /audit-exceptions\.json/u],
    ['no answer', { error: { code: 'ENOTFOUND' } }, [], false, /no report[^]+Nothing is known/u]
  ] as const) {
    const judged = judgeAudit(given, exceptions, '2026-11-25')
    t.equal(judged.ok, ok, name)
    t.match(judged.lines.join('\n'), words, name)
  }
  t.ok(judgeAudit(clean, JSON.parse(read('supply/audit-exceptions.json')), '2026-11-25').ok)
})
