import { createHash } from 'node:crypto'
import { inProduction, type Lock, type LockedPackage } from './lock.ts'

/**
 * The bill of materials of what runs in production, in CycloneDX 1.6.
 *
 * The same lock file gives the same bytes: its serial number is made of what it lists, and its time is handed in.
 *
 * @param madeAt seconds since 1970 (SOURCE_DATE_EPOCH); null: it says no time.
 * @see https://cyclonedx.org/docs/1.6/json/
 */
export function sbomOf(lock: Lock, madeAt: number | null): string {
  const packages = inProduction(lock)
  const refs = new Map(packages.map((one) => [one.path, refOf(one)]))
  const root = { name: lock.name, version: lock.version }
  const components = [...new Map(packages.map((one) => [refOf(one), componentOf(one)])).values()]
  const dependsOn = (uses: readonly string[]): readonly string[] =>
    [...new Set(uses.flatMap((path) => refs.get(path) ?? []))].toSorted()
  const dependencies = new Map<string, Set<string>>()
  for (const one of packages) {
    const known = dependencies.get(refOf(one)) ?? new Set()
    for (const ref of dependsOn(one.uses)) known.add(ref)
    dependencies.set(refOf(one), known)
  }

  const listed = {
    metadata: {
      ...(madeAt === null ? {} : { timestamp: new Date(madeAt * 1000).toISOString() }),
      lifecycles: [{ phase: 'pre-build' }],
      component: {
        type: 'application',
        'bom-ref': refOf(root),
        ...root,
        ...licencesOf(lock.licence),
        purl: refOf(root)
      }
    },
    components: components.toSorted((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1)),
    dependencies: [
      { ref: refOf(root), dependsOn: dependsOn(lock.uses) },
      ...[...dependencies]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([ref, uses]) => ({ ref, dependsOn: [...uses].toSorted() }))
    ]
  }
  return `${JSON.stringify(
    {
      $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
      bomFormat: 'CycloneDX',
      specVersion: '1.6',
      serialNumber: `urn:uuid:${uuidOf(JSON.stringify(listed))}`,
      version: 1,
      ...listed
    },
    null,
    2
  )}\n`
}

function componentOf(one: LockedPackage) {
  const [alg = '', base64 = ''] = one.integrity.split(' ')[0]?.split(/-(.*)/su) ?? []
  const slash = one.name.indexOf('/')
  return {
    type: 'library',
    'bom-ref': refOf(one),
    ...(slash === -1
      ? { name: one.name }
      : { group: one.name.slice(0, slash), name: one.name.slice(slash + 1) }),
    version: one.version,
    scope: 'required',
    hashes: [{ alg: alg.replace(/^sha/u, 'SHA-'), content: Buffer.from(base64, 'base64').toString('hex') }],
    ...licencesOf(one.licence),
    purl: refOf(one)
  }
}

/** One id, or an expression of several. */
function licencesOf(licence: string | null): object {
  if (licence === null) return {}
  return { licenses: [/[ ()]/u.test(licence) ? { expression: licence } : { license: { id: licence } }] }
}

/** A package URL: https://github.com/package-url/purl-spec, type npm. */
function refOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`
}

/** RFC 9562, version 8: 122 bits of our own, here of a hash. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 0b11) | 0b1000).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32)
  ].join('-')
}
