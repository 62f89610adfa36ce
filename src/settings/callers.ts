import type { HeaderSecrets, TokenTerms } from '../callers/terms.ts'
import { wordsOf } from '../callers/written.ts'
import { missing, type SettingFault } from './fault.ts'
import type { SettingName, Values } from './variables.ts'

const HEADER = ['OKTA_HEADER_NAME', 'OKTA_HEADER_SECRETS'] as const satisfies readonly SettingName[]
const OAUTH = [
  'OKTA_OAUTH_ISSUERS',
  'OKTA_OAUTH_AUDIENCE',
  'OKTA_OAUTH_SCOPE',
  'OKTA_OAUTH_CLIENT_IDS'
] as const satisfies readonly SettingName[]

/** What opens for every org. */
const CALLERS = ['OKTA_BASIC_AUTH', ...HEADER, ...OAUTH] as const satisfies readonly SettingName[]

/** Real messages are sent for nobody who has not shown a secret. */
export function nobodyFaults(values: Values): readonly SettingFault[] {
  if ([...CALLERS, 'ORGS_FILE' as const].some((name) => values[name] !== undefined)) return []
  const others = 'or OKTA_HEADER_NAME, OKTA_OAUTH_ISSUERS or ORGS_FILE'
  return [missing('OKTA_BASIC_AUTH', `set user:password, the pair that Okta will send (${others})`)]
}

/** What is wrong with them together. */
export function callerFaults(values: Values): readonly SettingFault[] {
  const isSetHere = (name: SettingName): boolean => values[name] !== undefined
  if (values.ORGS_FILE !== undefined) {
    return CALLERS.filter(isSetHere).map((name) => ({
      name,
      message:
        'would open for every org of ORGS_FILE: remove it, and give each org its own secret in that file'
    }))
  }
  return [
    [HEADER, 'a header needs its name and its secrets'],
    [OAUTH, 'tokens are checked for all of them: any client of the issuer could call otherwise']
  ].flatMap(([names, why]) => {
    const group = names as readonly SettingName[]
    const present = group.find(isSetHere)
    if (present === undefined) return []
    return group
      .filter((name) => !isSetHere(name))
      .map((name) => missing(name, `${present} is set, and ${String(why)}`))
  })
}

/** A header of the admin's choice; null: none. */
export function headerOf({
  OKTA_HEADER_NAME: name,
  OKTA_HEADER_SECRETS: secrets
}: Values): HeaderSecrets | null {
  return name === undefined || secrets === undefined
    ? null
    : { name: name.toLowerCase(), secrets: wordsOf(secrets) }
}

/** Tokens of OAuth 2.0 that open. */
export function oauthOf(values: Values): readonly TokenTerms[] {
  const {
    OKTA_OAUTH_ISSUERS: issuers = '',
    OKTA_OAUTH_AUDIENCE: audience = '',
    OKTA_OAUTH_SCOPE: scope = '',
    OKTA_OAUTH_CLIENT_IDS: clientIds = ''
  } = values
  return wordsOf(issuers).map((issuer) => ({ issuer, audience, scope, clientIds: wordsOf(clientIds) }))
}
