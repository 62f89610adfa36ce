import { suggest } from '../domain/suggest.ts'
import { BUILTIN_GROUP_NAMES } from './builtin-groups.ts'
import { isCountry, suggestPlace } from './countries.ts'
import type { Draft, Reference, Whereabouts } from './decode.ts'
import { didYouMean, quote, type FaultCode, type FaultList } from './faults.ts'
import { PROVIDERS } from './providers.ts'
import type { RulesFile } from './schema.ts'

/** Names that the providers had before. */
const FORMER_NAMES: Readonly<Record<string, (typeof PROVIDERS)[number]>> = {
  nexmo: 'vonage',
  bird: 'messagebird'
}

interface Unresolved {
  readonly code: FaultCode
  readonly message: string
  readonly suggestion?: string | undefined
}

/** Looks up every name that refers to something, and reports what nothing refers to. */
export function checkReferences(
  draft: Draft<RulesFile>,
  references: readonly Reference[],
  { where, faults }: { where: Whereabouts; faults: FaultList }
): void {
  for (const { to, name, span } of references) {
    const fault = lookUp(to, name, draft)
    if (fault !== undefined) faults.add(fault.code, span, fault.message, fault.suggestion)
  }

  const used = new Set(references.map(({ to, name }) => `${to} ${name}`))
  for (const name of Object.keys(draft.senders ?? {})) {
    if (used.has(`sender ${name}`)) continue
    faults.add('W205', where.ofKey(draft.senders ?? {}, name), `the sender ${quote(name)} is never used`)
  }
  for (const name of Object.keys(draft.country_groups ?? {})) {
    if (BUILTIN_GROUP_NAMES.includes(name)) {
      faults.add(
        'W209',
        where.ofKey(draft.country_groups ?? {}, name),
        `the group ${quote(name)} hides the built-in group of that name; give it a name of its own, such as "our_${name}"`
      )
    }
    if (used.has(`place ${name}`)) continue
    faults.add(
      'W205',
      where.ofKey(draft.country_groups ?? {}, name),
      `the group ${quote(name)} is never used`
    )
  }
}

function lookUp(to: Reference['to'], name: string, draft: Draft<RulesFile>): Unresolved | undefined {
  switch (to) {
    case 'provider':
      return lookUpProvider(name) ?? lookUpListed(name, draft.providers)
    case 'any_provider':
      return lookUpProvider(name)
    case 'sender':
      return lookUpSender(name, Object.keys(draft.senders ?? {}))
    case 'country':
      return isCountry(name) ? undefined : unknownPlace(name, 'is no ISO country code', [])
    case 'place':
      return lookUpPlace(name, [...Object.keys(draft.country_groups ?? {}), ...BUILTIN_GROUP_NAMES])
    default:
      return to satisfies never
  }
}

function lookUpProvider(name: string): Unresolved | undefined {
  if (PROVIDERS.some((provider) => provider === name)) return undefined
  const lowered = name.toLowerCase()
  const former = Object.hasOwn(FORMER_NAMES, lowered) ? FORMER_NAMES[lowered] : undefined
  const suggestion = former ?? suggest(name, PROVIDERS)
  const help = suggestion === undefined ? `; one of ${PROVIDERS.join(', ')}` : didYouMean(suggestion)
  return { code: 'E110', message: `unknown provider ${quote(name)}${help}`, suggestion }
}

function lookUpListed(name: string, listed: Draft<RulesFile>['providers']): Unresolved | undefined {
  // Without the section its absence is the fault, and not each use.
  if (listed === undefined || Object.hasOwn(listed, name)) return undefined
  return { code: 'E111', message: `the provider ${quote(name)} is not listed under "providers"` }
}

function lookUpSender(name: string, senders: readonly string[]): Unresolved | undefined {
  if (senders.includes(name)) return undefined
  const suggestion = suggest(name, senders)
  const help = suggestion === undefined ? '; senders are listed under "senders"' : didYouMean(suggestion)
  return { code: 'E130', message: `unknown sender ${quote(name)}${help}`, suggestion }
}

function lookUpPlace(name: string, groups: readonly string[]): Unresolved | undefined {
  if (isCountry(name) || groups.includes(name)) return undefined
  return unknownPlace(name, 'is no ISO country code and no country group', groups)
}

function unknownPlace(name: string, fault: string, groups: readonly string[]): Unresolved {
  const suggestion = suggestPlace(name, groups)
  return { code: 'E120', message: `${quote(name)} ${fault}${didYouMean(suggestion)}`, suggestion }
}
