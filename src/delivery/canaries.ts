import type { Result } from '../domain/delivery.ts'
import { isInCanary, type RulesInForce } from '../domain/in-force.ts'
import type { OtpRequest } from '../domain/message.ts'
import type { Router } from '../domain/router.ts'
import type { Report } from '../telemetry/events.ts'

/**
 * Who is decided by a candidate file, and whether it does them good. A candidate that is clearly worse than
 * the rules in force is stopped, on this node, until its file changes.
 */
export interface Canaries {
  /** The rules that decide this request. */
  readonly choose: (rules: RulesInForce, request: Pick<OtpRequest, 'userId' | 'phone' | 'org'>) => Router
  readonly count: (decided: { readonly rules: RulesInForce; readonly router: Router }, result: Result) => void
  readonly reading: (rules: RulesInForce) => CanaryReading | null
}

export interface CanaryReading {
  readonly hash: string
  readonly share: number
  readonly stopped: boolean
  readonly requests: number
  readonly failures: number
}

/** How far apart the shares of failures have to be, in standard errors: chance alone does that once in 30,000. */
const CLEARLY = 4

/** And by how much at least: what is less is not worth a stop. */
const LEAST_DIFFERENCE = 0.02

/** What lies further back weighs half. */
const LONG_AGO = 10_000

interface Tally {
  requests: number
  failures: number
}

export function createCanaries({ report }: { readonly report: Report }): Canaries {
  /** By the hash of the file. At most the live one and the candidate. */
  let tallies = new Map<string, Tally>()
  let stopped: string | null = null

  function tallyOf({ hash }: Router, { live, candidate }: RulesInForce): Tally {
    const known = tallies.get(hash)
    if (known !== undefined) return known
    const current = new Set([live.hash, candidate?.router.hash])
    tallies = new Map([...tallies].filter(([other]) => current.has(other)))
    const created = { requests: 0, failures: 0 }
    // What ends under rules that are gone by then is about nothing any more.
    if (current.has(hash)) tallies.set(hash, created)
    return created
  }

  function judge({ live, candidate }: RulesInForce): void {
    if (candidate?.canary == null || candidate.router.hash === stopped) return
    const { canary, router } = candidate
    const [tried, usual] = [tallies.get(router.hash), tallies.get(live.hash)]
    if (tried === undefined || usual === undefined) return
    if (Math.min(tried.requests, usual.requests) < canary.minSample || !isClearlyWorse(tried, usual)) return
    stopped = router.hash
    report({
      event: 'rules.canary_stopped',
      candidate_hash: router.hash,
      rules_hash: live.hash,
      candidate_requests: tried.requests,
      candidate_failures: tried.failures,
      live_requests: usual.requests,
      live_failures: usual.failures,
      min_sample: canary.minSample
    })
  }

  return {
    choose({ live, candidate }, request) {
      if (candidate?.canary == null || candidate.router.hash === stopped) return live
      return isInCanary(candidate.canary, request) ? candidate.router : live
    },
    count({ rules, router }, result) {
      const gotNone = GOT_NO_CODE[result.kind]
      if (gotNone === null || rules.candidate?.canary == null) return
      const tally = tallyOf(router, rules)
      tally.requests += 1
      if (gotNone) tally.failures += 1
      if (tally.requests >= 2 * LONG_AGO) {
        tally.requests /= 2
        tally.failures = Math.floor(tally.failures / 2)
      }
      if (router !== rules.live) judge(rules)
    },
    reading({ candidate }) {
      if (candidate?.canary == null) return null
      const { hash } = candidate.router
      const { requests = 0, failures = 0 } = tallies.get(hash) ?? {}
      return { hash, share: candidate.canary.share, stopped: hash === stopped, requests, failures }
    }
  }
}

/** Did somebody get no code where rules could have made a difference? Null: that says nothing of rules. */
const GOT_NO_CODE: { readonly [K in Result['kind']]: boolean | null } = {
  accepted: false,
  all_failed: true,
  undecided: true,
  no_capacity: true,
  // A candidate that blocks what others send keeps people out, meant or not.
  blocked: true,
  refused: null,
  overloaded: null,
  expired: null
}

/** A test of two proportions. */
function isClearlyWorse(tried: Tally, usual: Tally): boolean {
  const difference = tried.failures / tried.requests - usual.failures / usual.requests
  if (difference < LEAST_DIFFERENCE) return false
  const together = (tried.failures + usual.failures) / (tried.requests + usual.requests)
  const deviation = Math.sqrt(together * (1 - together) * (1 / tried.requests + 1 / usual.requests))
  return difference > CLEARLY * deviation
}
