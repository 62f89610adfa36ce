import type { OtpRequest } from './message.ts'
import { compileRouter, stableDraw, type Router } from './router.ts'
import type { Canary, RuleSet } from './rules.ts'

/**
 * The rules that decide, and those that are tried beside them. One snapshot that never changes: a reload
 * makes another, and a request keeps the one that it began with.
 */
export interface RulesInForce {
  readonly live: Router
  /** The same file as if its rules in the shadow were not; null where it has none. */
  readonly unshadowed: Router | null
  /** Another file, tried beside it; null where there is none. */
  readonly candidate: Candidate | null
}

export interface Candidate {
  readonly router: Router
  /** Whose requests it decides; null for nobody's. */
  readonly canary: Canary | null
}

export function rulesInForce(live: RuleSet, candidate: RuleSet | null): RulesInForce {
  return withCandidate(withLive(null, live), candidate)
}

/** Compiles the live file, and keeps the candidate as it is. */
export function withLive(current: RulesInForce | null, live: RuleSet): RulesInForce {
  return {
    live: compileRouter(live, { shadows: false }),
    unshadowed: live.rules.some(({ shadow }) => shadow) ? compileRouter(live, { shadows: true }) : null,
    candidate: current?.candidate ?? null
  }
}

/** Compiles the candidate, and keeps the live rules as they are. */
export function withCandidate(current: RulesInForce, candidate: RuleSet | null): RulesInForce {
  if (candidate === null) return { ...current, candidate: null }
  const router = compileRouter(candidate, { shadows: false })
  return { ...current, candidate: { router, canary: candidate.canary } }
}

type Asker = Pick<OtpRequest, 'userId' | 'phone' | 'org'>

/** One person is always in a canary of a given share, or never, on every node. */
export function isInCanary(canary: Canary, asker: Asker): boolean {
  return isMeant(canary, asker) && drawOf(asker) < canary.share
}

/** Could a canary have taken this request, had the draw been another? */
export function isMeant({ orgs }: Canary, { org }: Asker): boolean {
  return orgs === null || (org !== null && orgs.includes(org))
}

/** Stands for a person, and names nobody. Drawn apart from splits: a canary has its part of each arm. */
export function drawOf({ userId, phone }: Asker): number {
  return stableDraw(`canary/${userId ?? phone.e164}`)
}
