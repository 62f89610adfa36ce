import type { Static, TProperties } from 'typebox'

export const LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** `error` is for what a person has to do something about, `warn` for what somebody may feel. */
export type Level = (typeof LEVELS)[number]

/** By what is in a field: the level of its value, another's where the value is not named. */
export interface ByValue {
  readonly by: string
  readonly levels: Readonly<Record<string, Level | undefined>>
  readonly otherwise: Level
}

/** By whether a list has something in it. */
export interface WhereSome {
  readonly whereSome: string
  readonly level: Level
  readonly otherwise: Level
}

export type LevelRule = Level | ByValue | WhereSome

/** The same, for an event with these fields: it names one of them, and values that it may have. */
type LevelRuleOf<F extends TProperties> =
  | Level
  | {
      [K in keyof F & string]:
        | {
            readonly by: K
            readonly levels: { readonly [V in Extract<Static<F[K]>, string>]?: Level }
            readonly otherwise: Level
          }
        | { readonly whereSome: K; readonly level: Level; readonly otherwise: Level }
    }[keyof F & string]

/** Where it stands in docs/log-events.md. */
export type Section = 'gateway' | 'rules' | 'door' | 'request' | 'breakers' | 'providers'

export interface Definition<F extends TProperties> {
  readonly section: Section
  /** `request`: its lines carry the ids of the request that they are about. `either`: some do. */
  readonly about: 'process' | 'request' | 'either'
  readonly level: LevelRuleOf<F>
  /** In Markdown, for docs/log-events.md: what happened, and what follows from it. */
  readonly description: string
  readonly fields: F
}

/** One event of the vocabulary. */
export function event<const F extends TProperties>(definition: Definition<F>): Definition<F> {
  return definition
}
