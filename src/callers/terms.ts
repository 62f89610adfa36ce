import { SCHEMES, type Org, type Scheme } from '../domain/admission.ts'

export interface BasicPair {
  readonly user: string
  readonly password: string
}

export interface HeaderSecrets {
  /** In lower case, as Node has it. */
  readonly name: string
  /** All are valid at once. */
  readonly secrets: readonly string[]
}

/** What a token has to say. */
export interface TokenTerms {
  /** Exactly as `iss` has it. */
  readonly issuer: string
  readonly audience: string
  readonly scope: string
  /** The service apps whose tokens may come in. */
  readonly clientIds: readonly string[]
}

/** What opens, and for whom. */
export interface CallerTerms {
  /** Null: for every org. */
  readonly org: Org | null
  readonly basic: readonly BasicPair[]
  readonly header: HeaderSecrets | null
  readonly oauth: readonly TokenTerms[]
}

/** By what somebody may come in. */
export function schemesOf(callers: readonly CallerTerms[]): readonly Scheme[] {
  const opens: Readonly<Record<Scheme, boolean>> = {
    basic: callers.some(({ basic }) => basic.length > 0),
    header: callers.some(({ header }) => header !== null),
    oauth: callers.some(({ oauth }) => oauth.length > 0)
  }
  return SCHEMES.filter((scheme) => opens[scheme])
}
