import { readAddress, sourceOf } from './address.ts'
import { createFailures } from './failures.ts'
import type { Networks } from './networks.ts'
import { createSourceLimit, type Rate } from './source-limit.ts'

export interface DoorSettings {
  /** Whose word on where a request comes from is believed; null: nobody's. */
  readonly trustedProxies: Networks | null
  /** Who may call; null: everybody. */
  readonly allowedSources: Networks | null
  /** What one source may send; null: no limit. */
  readonly sourceLimit: Rate | null
}

/** Everybody may come, and nobody is believed. */
export const OPEN_DOOR: DoorSettings = { trustedProxies: null, allowedSources: null, sourceLimit: null }

export interface DoorDependencies extends DoorSettings {
  /** A certificate that one of our authorities signed has to be shown. */
  readonly needsCertificate: boolean
  /** Monotonic, in ms. */
  readonly now: () => number
}

export interface Caller {
  /** As the connection or a trusted proxy says; it may be anything, and nothing where nobody is there any more. */
  readonly address: string | undefined
  readonly hasCertificate: boolean
}

export type DoorRefusal =
  | { readonly reason: 'source_not_allowed' | 'no_client_certificate' }
  | { readonly reason: 'too_many_requests'; readonly retryAfterMs: number }

/** What is asked of a caller before its credentials: where from, with which certificate, how often. */
export interface Door {
  /** Null: it may go on to its credentials. */
  readonly refuses: (caller: Caller) => DoorRefusal | null
  /** Its credentials were wrong. @returns whether that was once too often. */
  readonly hasFailedTooOften: (address: string | undefined) => boolean
}

/** Whose address cannot be read. */
const NOBODY = 'unknown'

/**
 * The address first, then the certificate, then the limit. Right credentials are never turned away for the failures
 * of others behind the same address: only whoever fails is told so. docs/decisions/0026-who-may-knock.md
 */
export function createDoor(deps: DoorDependencies): Door {
  const { allowedSources, sourceLimit, needsCertificate, now } = deps
  const takeFrom = sourceLimit === null ? null : createSourceLimit({ ...sourceLimit, now })
  const failedTooOften = createFailures(now)

  return {
    refuses({ address, hasCertificate }) {
      if (allowedSources !== null && !allowedSources.has(address)) return { reason: 'source_not_allowed' }
      if (needsCertificate && !hasCertificate) return { reason: 'no_client_certificate' }
      const retryAfterMs = takeFrom?.(countedAs(address)) ?? null
      return retryAfterMs === null ? null : { reason: 'too_many_requests', retryAfterMs }
    },
    hasFailedTooOften: (address) => failedTooOften(countedAs(address))
  }
}

function countedAs(address: string | undefined): string {
  const known = readAddress(address)
  return known === null ? NOBODY : sourceOf(known)
}
