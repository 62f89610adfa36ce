import type { DistinctHeaders, Org, Refusal, Scheme, Verdict } from '../domain/admission.ts'
import type { Report } from '../telemetry/events.ts'
import { schemesOf, type CallerTerms } from './terms.ts'
import { createJsonFetcher } from './fetch-json.ts'
import {
  createIssuerKeys,
  KEY_TIMES,
  type IssuerKeys,
  type KeysCondition,
  type KeyTimes
} from './issuer-keys.ts'
import { createSecretCheck, pairOfHeader, secretOfPair, type FindOwner } from './secrets.ts'
import { createTokenCheck, type CheckToken } from './tokens.ts'

export interface CallersCondition {
  readonly schemes: readonly Scheme[]
  /** Can anybody come in? Not where every door needs keys that nobody has. */
  readonly open: boolean
  readonly issuers: readonly { readonly issuer: string; readonly keys: KeysCondition }[]
}

/** Says who may call: the one place that knows secrets and tokens. */
export interface Authenticator {
  /** Who was let in, by what, for which org; or why nobody was. Waits for an unknown key at most, and not for long. */
  readonly authenticate: (headers: DistinctHeaders) => Promise<Verdict>
  /** What `WWW-Authenticate` says of a refusal: what there is to try, and nothing of what was wrong. */
  readonly challenges: (refusal: Refusal) => readonly string[]
  /** Fetches the keys of all issuers, each for a few seconds at most. */
  readonly start: () => Promise<void>
  /** Fetches the keys of issuers that are new, each for a few seconds at most; lets nobody else in yet. */
  readonly prepare: (callers: readonly CallerTerms[]) => Promise<void>
  /** Takes other secrets and terms from now on, at once. Issuers that stay, or were prepared, keep their keys. */
  readonly use: (callers: readonly CallerTerms[]) => void
  readonly condition: () => CallersCondition
  readonly close: () => Promise<void>
}

export interface AuthenticatorDependencies {
  readonly callers: readonly CallerTerms[]
  readonly report: Report
  /** Monotonic, in ms. */
  readonly now: () => number
  /** Ms since 1970. */
  readonly epoch: () => number
  /** In [0, 1). */
  readonly random: () => number
  readonly times?: Partial<KeyTimes>
}

/** Whose secret it is. A door for every org has no org, and that is not nobody. */
interface Owner {
  readonly org: Org | null
}

/** What the callers come to, ready to compare with. */
interface Locks {
  readonly schemes: readonly Scheme[]
  readonly ownerOfPair: FindOwner<Owner>
  readonly ownersByHeader: ReadonlyMap<string, FindOwner<Owner>>
  readonly checkToken: CheckToken
  readonly issuers: readonly string[]
}

export function createAuthenticator(deps: AuthenticatorDependencies): Authenticator {
  const { report, now, epoch, random } = deps
  const times = { ...KEY_TIMES, ...deps.times }
  const fetcher = createJsonFetcher()
  const keys = new Map<string, IssuerKeys>()
  let locks = locksOf(deps.callers, { keysOf: (issuer) => keys.get(issuer), epoch })
  openAll(locks.issuers)

  /** Those of them that were not open. */
  function openAll(issuers: readonly string[]): readonly IssuerKeys[] {
    return issuers
      .filter((issuer) => !keys.has(issuer))
      .map((issuer) => {
        const opened = createIssuerKeys({ issuer, fetcher, report, now, random, times })
        keys.set(issuer, opened)
        return opened
      })
  }

  return {
    authenticate: (headers) => authenticate(headers, locks),
    challenges: (refusal) => challenges(refusal, locks),
    async start() {
      await Promise.all(Array.from(keys.values(), (one) => one.start()))
    },
    async prepare(callers) {
      await Promise.all(openAll(issuersOf(callers)).map((one) => one.start()))
    },
    use(callers) {
      locks = locksOf(callers, { keysOf: (issuer) => keys.get(issuer), epoch })
      for (const one of openAll(locks.issuers)) void one.start()
      for (const [issuer, one] of keys) {
        if (locks.issuers.includes(issuer)) continue
        one.close()
        keys.delete(issuer)
      }
    },
    condition() {
      const issuers = Array.from(keys.values(), (one) => ({ issuer: one.issuer, keys: one.condition() }))
      return {
        schemes: locks.schemes,
        open:
          locks.schemes.some((scheme) => scheme !== 'oauth') ||
          issuers.some(({ keys: condition }) => condition !== 'none'),
        issuers
      }
    },
    async close() {
      for (const one of keys.values()) one.close()
      await fetcher.close()
    }
  }
}

function locksOf(
  callers: readonly CallerTerms[],
  {
    keysOf,
    epoch
  }: { readonly keysOf: (issuer: string) => IssuerKeys | undefined; readonly epoch: () => number }
): Locks {
  const pairs = callers.flatMap(({ org, basic }) =>
    basic.map((pair) => [secretOfPair(pair), { org }] as const)
  )
  const terms = callers.flatMap(({ org, oauth }) => oauth.map((one) => ({ ...one, org })))
  const names = new Set(callers.flatMap(({ header }) => header?.name ?? []))
  const ownersByHeader = new Map(
    Array.from(names, (name) => {
      const secrets = callers.flatMap(({ org, header }) =>
        header?.name === name ? header.secrets.map((secret) => [secret, { org }] as const) : []
      )
      return [name, createSecretCheck(secrets)]
    })
  )
  return {
    schemes: schemesOf(callers),
    ownerOfPair: createSecretCheck(pairs),
    ownersByHeader,
    checkToken: createTokenCheck({ terms, keysOf, epoch }),
    issuers: issuersOf(callers)
  }
}

function issuersOf(callers: readonly CallerTerms[]): readonly string[] {
  return [...new Set(callers.flatMap(({ oauth }) => oauth.map(({ issuer }) => issuer)))]
}

/** Any of the schemes opens. Whoever showed several and none was right is told of by the last, which says most. */
async function authenticate(headers: DistinctHeaders, locks: Locks): Promise<Verdict> {
  const authorization = headers.get('authorization') ?? []
  const byHeader = [...locks.ownersByHeader].flatMap(([name, findOwner]) =>
    (headers.get(name) ?? []).map((value) => ({ name, value, findOwner }))
  )
  // Which of two is meant is for nobody to guess: a proxy in front may have looked at the other.
  const isTwofold = [...locks.ownersByHeader.keys()].some((name) => (headers.get(name) ?? []).length > 1)
  if (authorization.length > 1 || isTwofold) return refused('several_credentials', null)

  let refusal = refused('no_credentials', null)
  for (const { name, value, findOwner } of byHeader) {
    const owner = findOwner(secretOf(name, value))
    if (owner !== null) return { kind: 'admitted', auth: 'header', org: owner.org, issuer: null }
    if (value.trim() !== '') refusal = refused('wrong_secret', 'header')
  }
  const [value = ''] = authorization
  const verdict = await byAuthorization(value.trim(), locks)
  if (verdict.kind === 'admitted') return verdict
  // Behind a header of this name a word that is no scheme of ours is a secret, and was looked at as one.
  const saysMore = verdict.cause !== 'no_credentials' && verdict.cause !== 'scheme_not_accepted'
  return saysMore || refusal.cause === 'no_credentials' ? verdict : refusal
}

/** What is compared. In `Authorization` a word may stand in front of it: that header is made to have one. */
function secretOf(name: string, value: string): string {
  const secret = value.trim()
  return name === 'authorization' ? secret.replace(/^[\w-]+[ \t]+/u, '') : secret
}

async function byAuthorization(value: string, locks: Locks): Promise<Verdict> {
  if (value === '') return refused('no_credentials', null)
  const [, scheme = '', rest = ''] = /^([\w-]+)(?:[ \t]+(.*))?$/u.exec(value) ?? []
  switch (scheme.toLowerCase()) {
    case 'basic': {
      if (!locks.schemes.includes('basic')) return refused('scheme_not_accepted', 'basic')
      const pair = pairOfHeader(value)
      if (pair === null) return refused('malformed_credentials', 'basic')
      const owner = locks.ownerOfPair(secretOfPair(pair))
      return owner === null
        ? refused('wrong_secret', 'basic')
        : { kind: 'admitted', auth: 'basic', org: owner.org, issuer: null }
    }
    case 'bearer': {
      if (!locks.schemes.includes('oauth')) return refused('scheme_not_accepted', 'oauth')
      const verdict = await locks.checkToken(rest)
      return verdict.kind === 'valid'
        ? { kind: 'admitted', auth: 'oauth', org: verdict.org, issuer: verdict.issuer }
        : refused(verdict.cause, 'oauth')
    }
    default:
      return refused('scheme_not_accepted', null)
  }
}

function refused(cause: Refusal['cause'], auth: Scheme | null): Refusal {
  return { kind: 'refused', cause, auth, org: null }
}

/** https://www.rfc-editor.org/rfc/rfc6750#section-3, without its descriptions. */
function challenges({ auth }: Refusal, { schemes }: Locks): readonly string[] {
  const all: readonly (readonly [Scheme, string])[] = [
    ['basic', 'Basic realm="okta", charset="UTF-8"'],
    ['oauth', `Bearer realm="okta"${auth === 'oauth' ? ', error="invalid_token"' : ''}`]
  ]
  const fitting = all.filter(([scheme]) => schemes.includes(scheme)).map(([, challenge]) => challenge)
  // A 401 has to hold one (RFC 9110), and a header of the admin's choice has no registered name.
  return fitting.length > 0 ? fitting : ['Header realm="okta"']
}
