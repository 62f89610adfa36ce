import type { Org } from '../domain/admission.ts'

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
