import type { Country } from '../domain/phone.ts'
import { isCountry } from './countries.ts'
import type { Draft, Whereabouts } from './decode.ts'
import { quote, type FaultList } from './faults.ts'
import type { RulesFile } from './schema.ts'

/** The countries behind a name: a group's, or the country itself. None behind an unknown name. */
export type Places = (name: string) => readonly Country[]

type Groups = NonNullable<Draft<RulesFile>['country_groups']>

/**
 * Resolves country groups, and reports those that contain themselves.
 *
 * @param builtin groups that hold where the file has none of that name.
 */
export function resolveGroups(
  groups: Groups,
  builtin: ReadonlyMap<string, readonly Country[]>,
  { where, faults }: { readonly where: Whereabouts; readonly faults: FaultList }
): Places {
  const resolved = new Map<string, ReadonlySet<Country>>()

  function resolve(name: string, path: readonly string[]): Iterable<Country> {
    if (isCountry(name)) return [name]
    const known = resolved.get(name)
    if (known !== undefined) return known
    if (!Object.hasOwn(groups, name) || groups[name] === undefined) return builtin.get(name) ?? []
    if (path.includes(name)) {
      reportCircle([...path.slice(path.indexOf(name)), name])
      return []
    }
    const members = new Set<Country>()
    for (const member of groups[name]) {
      for (const country of resolve(member, [...path, name])) members.add(country)
    }
    resolved.set(name, members)
    return members
  }

  function reportCircle(circle: readonly string[]): void {
    const [first = ''] = circle
    const way = circle.map((name) => quote(name).slice(1, -1)).join(' -> ')
    faults.add('E121', where.ofKey(groups, first), `the group ${quote(first)} contains itself: ${way}`)
  }

  for (const name of Object.keys(groups)) resolve(name, [])
  return (name) => [...resolve(name, [])]
}
