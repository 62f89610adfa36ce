import { Value } from 'typebox/value'
import { decode, type Draft, type Whereabouts } from '../rules/decode.ts'
import { createFaultList, quote, type Fault, type FaultList } from '../rules/faults.ts'
import { createSource, type Span } from '../rules/source.ts'
import { readYaml } from '../rules/yaml-tree.ts'
import type { CallerTerms, HeaderSecrets, TokenTerms } from './terms.ts'
import { issuerFault } from './issuer.ts'
import { OrgsFile } from './orgs-schema.ts'
import { secretOfPair } from './secrets.ts'
import { headerNameFault, headerSecretsFault, pairsFault, pairsOf, wordFault, wordsOf } from './written.ts'

/** Where secrets are that the file only refers to. */
export interface SecretSources {
  /** Null where the file cannot be read. */
  readonly file: (path: string) => string | null
  readonly variable: (name: string) => string | undefined
}

export type ParsedOrgs =
  | { readonly kind: 'ok'; readonly callers: readonly CallerTerms[] }
  | { readonly kind: 'faulty'; readonly faults: readonly Fault[] }

/**
 * What is wrong, for people: each fault with its place. No line is shown, as a report of the rules would: what stands
 * here by mistake is most likely a secret.
 */
export function renderOrgsFaults(faults: readonly Fault[]): string {
  return faults
    .map(({ file, line, column, code, message }) => `  ${file}:${line}:${column} ${code} ${message}\n`)
    .join('')
}

type Entry = Draft<OrgsFile['orgs'][string]>

interface Check {
  readonly where: Whereabouts
  readonly faults: FaultList
  readonly secrets: SecretSources
}

/**
 * Reads the file of orgs, and the secrets that it refers to. Every fault is found in one run, each with its place; none
 * quotes a secret.
 *
 * @param file the file's name, for messages.
 */
export function parseOrgs(text: string, file: string, secrets: SecretSources): ParsedOrgs {
  const faults = createFaultList(createSource(text, file))
  const { root, brokenAt } = readYaml(createSource(text, file), faults)
  const decoded = root === null ? undefined : decode(OrgsFile, root, faults)
  const draft = decoded?.draft as Draft<OrgsFile> | undefined
  const callers =
    draft === undefined || decoded === undefined
      ? []
      : callersOf(draft, { where: decoded.where, faults, secrets })
  const found = faults.sorted(brokenAt)
  if (found.length > 0 || brokenAt !== null) return { kind: 'faulty', faults: found }
  // Never false for a draft without a fault. It proves that nothing is missing.
  if (!Value.Check(OrgsFile, draft)) throw new Error('A file without a fault does not follow its schema.')
  return { kind: 'ok', callers }
}

function callersOf(draft: Draft<OrgsFile>, check: Check): readonly CallerTerms[] {
  const taken = createTaken(check.faults)
  return Object.entries(draft.orgs ?? {}).flatMap(([name, entry]) => {
    if (entry === undefined) return []
    const domains = (entry.domains ?? []).map((domain) => domain.toLowerCase())
    entry.domains?.forEach((domain, index) =>
      taken.claim(`domain ${domain.toLowerCase()}`, name, {
        span: check.where.of(entry.domains ?? [], index),
        message: (other) => `${quote(domain)} is a domain of ${quote(other)} already`
      })
    )
    const door = {
      org: { name, domains },
      basic: basicOf(entry, check),
      header: headerOf(entry, check),
      oauth: oauthOf(entry, check)
    }
    if (['basic_file', 'basic_env', 'header_name', 'oauth'].every((key) => !Object.hasOwn(entry, key))) {
      const span = check.where.ofKey(draft.orgs ?? {}, name)
      check.faults.add(
        'E102',
        span,
        `${quote(name)} has no door: give it "basic_file", "header_name" or "oauth"`
      )
    }
    claimSecrets(door, entry, { check, taken })
    return [door]
  })
}

function basicOf(entry: Entry, check: Check): CallerTerms['basic'] {
  const value = secretOf(entry, { keys: ['basic_file', 'basic_env'], faultOf: pairsFault }, check)
  return value === null ? [] : pairsOf(value)
}

function headerOf(entry: Entry, check: Check): HeaderSecrets | null {
  const { where, faults } = check
  const { header_name: name } = entry
  const value = secretOf(entry, { keys: ['header_file', 'header_env'], faultOf: headerSecretsFault }, check)
  const fault = name === undefined ? null : headerNameFault(name)
  if (fault !== null) faults.add('E100', where.of(entry, 'header_name'), `${quote(name ?? '')} ${fault}`)
  const given = (['header_name', 'header_file', 'header_env'] as const).filter((key) =>
    Object.hasOwn(entry, key)
  )
  const [first] = given
  if (given.length === 1 && first !== undefined) {
    const missing = first === 'header_name' ? '"header_file" or "header_env"' : '"header_name"'
    faults.add(
      'E102',
      where.ofKey(entry, first),
      `a header needs its name and its secrets: ${missing} is missing`
    )
  }
  return name === undefined || value === null ? null : { name: name.toLowerCase(), secrets: wordsOf(value) }
}

function oauthOf(entry: Entry, { where, faults }: Check): readonly TokenTerms[] {
  const { oauth } = entry
  if (oauth === undefined) return []
  const { issuers = [], audience, scope, client_ids: clientIds = [] } = oauth
  const hold = (value: string, span: Span, faultOf: (value: string) => string | null): void => {
    const fault = faultOf(value)
    if (fault !== null) faults.add('E100', span, `${quote(value)} ${fault}`)
  }
  issuers.forEach((issuer, index) => hold(issuer, where.of(issuers, index), issuerFault))
  clientIds.forEach((id, index) => hold(id, where.of(clientIds, index), wordFault))
  if (audience !== undefined) hold(audience, where.of(oauth, 'audience'), wordFault)
  if (scope !== undefined) hold(scope, where.of(oauth, 'scope'), wordFault)
  if (audience === undefined || scope === undefined) return []
  return issuers.map((issuer) => ({ issuer, audience, scope, clientIds }))
}

type Reference = 'basic_file' | 'basic_env' | 'header_file' | 'header_env'

/** What is where the file says; null where that is nothing, or nothing fit. */
function secretOf(
  entry: Entry,
  {
    keys: [fileKey, variableKey],
    faultOf
  }: { readonly keys: readonly [Reference, Reference]; readonly faultOf: (value: string) => string | null },
  { where, faults, secrets }: Check
): string | null {
  const path = entry[fileKey]
  const variable = entry[variableKey]
  if (path !== undefined && variable !== undefined) {
    faults.add(
      'E107',
      where.ofKey(entry, variableKey),
      `both ${quote(fileKey)} and ${quote(variableKey)} are there: keep one of them`
    )
    return null
  }
  const key = path === undefined ? variableKey : fileKey
  const reference = path ?? variable
  if (reference === undefined) return null
  const value = (path === undefined ? secrets.variable(reference) : secrets.file(reference))?.trim() ?? ''
  const what = path === undefined ? 'a variable that is not set' : 'a file that cannot be read or is empty'
  const fault = value === '' ? `names ${what}` : faultOf(value)
  if (fault === null) return value
  faults.add(
    'E100',
    where.of(entry, key),
    value === '' ? `${quote(key)} ${fault}` : `what ${quote(key)} names ${fault}`
  )
  return null
}

interface Claim {
  readonly span: Span
  /** Without the secret in it. */
  readonly message: (other: string) => string
}

interface Taken {
  /** Says so where another org has it already. */
  readonly claim: (what: string, org: string, claim: Claim) => void
}

function createTaken(faults: FaultList): Taken {
  const owners = new Map<string, string>()
  return {
    claim(what, org, { span, message }) {
      const owner = owners.get(what) ?? org
      owners.set(what, owner)
      if (owner !== org) faults.add('E100', span, message(owner))
    }
  }
}

/** One secret that opens two callers would make one org out of two. */
function claimSecrets(
  { org, basic, header, oauth }: CallerTerms,
  entry: Entry,
  { check: { where }, taken }: { readonly check: Check; readonly taken: Taken }
): void {
  const name = org?.name ?? ''
  const claim = (what: string, span: Span, of: string): void =>
    taken.claim(what, name, { span, message: (other) => `${of} opens the door of ${quote(other)} as well` })
  const keyOf = (keys: readonly Reference[]): Span =>
    where.of(entry, keys.find((key) => Object.hasOwn(entry, key)) ?? '')
  for (const pair of basic) {
    claim(`pair ${secretOfPair(pair)}`, keyOf(['basic_file', 'basic_env']), 'one of these pairs')
  }
  for (const secret of header?.secrets ?? []) {
    claim(`secret ${secret}`, keyOf(['header_file', 'header_env']), 'one of these secrets')
  }
  for (const { issuer, clientIds } of oauth) {
    for (const id of clientIds) {
      const span = where.of(entry.oauth ?? {}, 'client_ids')
      claim(`client ${JSON.stringify([issuer, id])}`, span, `the client ${quote(id)} of this issuer`)
    }
  }
}
