import { inProduction, type Lock } from './lock.ts'

/**
 * SPDX ids that may run in production: each asks for its notice to be passed on, and for nothing else.
 *
 * https://spdx.org/licenses/
 */
export const PRODUCTION_LICENCES: ReadonlySet<string> = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0'
])

/** What tools may have beside these: nothing of them is handed to anybody. */
export const DEVELOPMENT_LICENCES: ReadonlySet<string> = new Set([
  ...PRODUCTION_LICENCES,
  'CC0-1.0',
  'CC-BY-3.0',
  // axe-core, which tests run in a browser.
  'MPL-2.0'
])

/** Packages that the lock file has no licence of, with what was read by a person in their place. */
export const LICENCES_READ: Readonly<Record<string, string>> = {
  // Of tap. Its package.json has no "license"; the file beside it is MIT's.
  'jsonc-simple-parser': 'MIT'
}

/** The packages whose licence is not allowed where they are used, as "name@version: licence". */
export function forbiddenLicences({ packages }: Lock): readonly string[] {
  return packages.flatMap(({ name, version, licence, dev }) => {
    const read = licence ?? LICENCES_READ[name] ?? 'none'
    return isAllowed(read, dev ? DEVELOPMENT_LICENCES : PRODUCTION_LICENCES)
      ? []
      : [`${name}@${version}: ${read}`]
  })
}

/** Is one of the choices of `(A OR B)` allowed, or all of `A AND B`? Nothing else is understood, and then it is not. */
export function isAllowed(expression: string, allowed: ReadonlySet<string>): boolean {
  const bare = expression.replace(/^\((.*)\)$/u, '$1')
  if (/[()]/u.test(bare)) return false
  return bare.split(' OR ').some((choice) => choice.split(' AND ').every((id) => allowed.has(id)))
}

/**
 * The notices of what runs in production, as most of these licences ask for.
 *
 * @param noticeOf the text that a package brings along, by its path; null where it brings none.
 */
export function noticesOf(lock: Lock, noticeOf: (path: string) => string | null): string {
  const parts = inProduction(lock)
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ name, version, licence, path }) => {
      const notice =
        noticeOf(path)?.trim() ?? 'The package brings no text along; its licence is the one named above.'
      return `${name} ${version}\nLicence: ${licence ?? LICENCES_READ[name] ?? 'none'}\n\n${notice}\n`
    })
  const line = `\n${'-'.repeat(80)}\n\n`
  return `What Switchboard ${lock.version} uses in production, and its licences.\n${line}${parts.join(line)}`
}
