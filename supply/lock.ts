/** A package as the lock file has it. */
export interface LockedPackage {
  /** Where npm puts it, such as "node_modules/a/node_modules/b". */
  readonly path: string
  readonly name: string
  readonly version: string
  /** Subresource integrity, such as "sha512-...". */
  readonly integrity: string
  /** An SPDX expression; null where the package gives none. */
  readonly licence: string | null
  /** Of development alone. */
  readonly dev: boolean
  /** Left out where the platform is another, or with --omit=optional. */
  readonly optional: boolean
  readonly hasInstallScript: boolean
  /** The paths of what it uses. */
  readonly uses: readonly string[]
}

export interface Lock {
  readonly name: string
  readonly version: string
  readonly licence: string | null
  readonly packages: readonly LockedPackage[]
  /** The paths of what the project itself uses in production. */
  readonly uses: readonly string[]
}

interface Entry {
  readonly name?: string
  readonly version?: string
  readonly integrity?: string
  readonly license?: string
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly optional?: boolean
  readonly hasInstallScript?: boolean
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const FOLDER = 'node_modules/'

/**
 * Reads npm's lock file, version 3.
 *
 * @throws where it is of another version, or an entry has no version or no integrity: what is not pinned by its hash may be
 * anything tomorrow.
 */
export function readLock(json: string): Lock {
  const lock = JSON.parse(json) as { lockfileVersion?: number; packages?: Record<string, Entry> }
  const entries = lock.packages ?? {}
  const { '': root, ...rest } = entries
  if (lock.lockfileVersion !== 3 || root === undefined) {
    throw new Error('package-lock.json is not of version 3. Write it with npm 9 or newer.')
  }

  const packages = Object.entries(rest).map(([path, entry]): LockedPackage => {
    const { version, integrity } = entry
    if (version === undefined || integrity === undefined) {
      throw new Error(
        `package-lock.json does not pin ${path}: it has no ${version === undefined ? 'version' : 'integrity'}. Remove it and npm install it from the registry.`
      )
    }
    return {
      path,
      name: entry.name ?? path.slice(path.lastIndexOf(FOLDER) + FOLDER.length),
      version,
      integrity,
      licence: entry.license ?? null,
      dev: entry.dev === true || entry.devOptional === true,
      optional: entry.optional === true || entry.devOptional === true,
      hasInstallScript: entry.hasInstallScript === true,
      uses: usesOf(path, entry, rest)
    }
  })
  return {
    name: root.name ?? '',
    version: root.version ?? '',
    licence: root.license ?? null,
    packages,
    uses: usesOf('', { dependencies: root.dependencies ?? {} }, rest)
  }
}

/** What runs in production: neither of development nor of one platform alone. */
export function inProduction({ packages }: Lock): readonly LockedPackage[] {
  return packages.filter(({ dev, optional }) => !dev && !optional)
}

function usesOf(path: string, entry: Entry, entries: Readonly<Record<string, Entry>>): readonly string[] {
  const names = Object.keys({
    ...entry.dependencies,
    ...entry.optionalDependencies,
    ...entry.peerDependencies
  })
  return names.flatMap((name) => whereIs(name, path, entries) ?? []).toSorted()
}

/** As Node looks it up: in the package's own folder, and then in each above it. */
function whereIs(name: string, from: string, entries: Readonly<Record<string, Entry>>): string | null {
  let folder = from
  for (;;) {
    const path = `${folder === '' ? '' : `${folder}/`}${FOLDER}${name}`
    if (entries[path] !== undefined) return path
    if (folder === '') return null
    folder = folder.slice(0, Math.max(0, folder.lastIndexOf(`/${FOLDER}`)))
  }
}
