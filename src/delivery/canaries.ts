import { LRUCache } from 'lru-cache'
import type { Result } from '../domain/delivery.ts'
import { drawOf, isInCanary, isMeant, type RulesInForce } from '../domain/in-force.ts'
import type { OtpRequest } from '../domain/message.ts'
import type { Router } from '../domain/router.ts'
import type { Canary } from '../domain/rules.ts'
import type { Report } from '../telemetry/events.ts'

/**
 * Who is decided by a candidate file, and whether it does them good. A candidate that is clearly worse than
 * the rules in force is stopped, on this node, until its file changes.
 */
export interface Canaries {
  /** The rules that decide this request. */
  readonly choose: (rules: RulesInForce, asker: Asker) => Router
  /** Without an asker, each request is somebody else's. */
  readonly count: (decided: Decided, result: Result, asker?: Asker) => void
  readonly reading: (rules: RulesInForce) => CanaryReading | null
}

type Asker = Pick<OtpRequest, 'userId' | 'phone' | 'org'>

interface Decided {
  readonly rules: RulesInForce
  readonly router: Router
  /** Monotonic, in ms. */
  readonly arrivedAtMs: number
}

export interface CanaryReading {
  readonly hash: string
  readonly share: number
  readonly stopped: boolean
  readonly requests: number
  readonly failures: number
}

/**
 * How strong the evidence has to be, as a logarithm: chance alone gets there once in e^10, 22,000 times. It is
 * looked at after each request, which gives chance many tries: of candidates that are no worse, one in some
 * 10,000 is stopped within 20,000 requests (simulated, with 0.2 % to 30 % of failures on both sides).
 */
const CLEARLY = 10

/** And how far apart the shares have to be at least: what is less is not worth a stop. */
const LEAST_DIFFERENCE = 0.02

/** So many requests of each side ago weighs half. */
const LONG_AGO = 10_000

/**
 * Within this time a person counts once, in ms. Who gets no code tries again, and a thief's script a hundred
 * times, always on the same side: that is one failure, and not so many.
 */
const ONE_PERSON_MS = 10 * 60_000

/** 80 a second for that time. The oldest goes first. */
const MOST_PERSONS = 50_000

interface Tally {
  requests: number
  failures: number
}

/**
 * Two files beside each other. What is compared has to be of the same time, for an outage hits both: they are
 * counted from the same moment, and forgotten at the same pace.
 */
interface Trial {
  readonly live: string
  readonly candidate: string
  readonly usual: Tally
  readonly tried: Tally
}

export function createCanaries({ report }: { readonly report: Report }): Canaries {
  let trial: Trial | null = null
  let stopped: string | null = null
  /** When they were counted. */
  const counted = new LRUCache<number, number>({ max: MOST_PERSONS })

  /** Null where these are not the two files of now. */
  function trialOf({ live, candidate }: RulesInForce): Trial | null {
    return trial?.live === live.hash && trial.candidate === candidate?.router.hash ? trial : null
  }

  function isNew(asker: Asker, atMs: number): boolean {
    const person = drawOf(asker)
    const before = counted.get(person)
    if (before !== undefined && atMs - before < ONE_PERSON_MS) return false
    counted.set(person, atMs)
    return true
  }

  function judge({ tried, usual, live, candidate }: Trial, { minSample }: Canary): void {
    if (candidate === stopped || Math.min(tried.requests, usual.requests) < minSample) return
    if (!isClearlyWorse(tried, usual)) return
    stopped = candidate
    report({
      event: 'rules.canary_stopped',
      candidate_hash: candidate,
      rules_hash: live,
      candidate_requests: tried.requests,
      candidate_failures: tried.failures,
      live_requests: usual.requests,
      live_failures: usual.failures,
      min_sample: minSample
    })
  }

  return {
    choose(rules, asker) {
      const { live, candidate } = rules
      if (candidate?.canary == null) return live
      const { canary, router } = candidate
      if (trialOf(rules) === null) {
        trial = { live: live.hash, candidate: router.hash, usual: nothingYet(), tried: nothingYet() }
        counted.clear()
      }
      return router.hash !== stopped && isInCanary(canary, asker) ? router : live
    },
    count({ rules, router, arrivedAtMs }, result, asker) {
      const gotNone = GOT_NO_CODE[result.kind]
      const canary = rules.candidate?.canary
      // What ends under rules that are gone by then says nothing of those that are here now.
      const current = trialOf(rules)
      if (gotNone === null || canary == null || current === null) return
      const { tried, usual } = current
      const isTried = router !== rules.live
      if (asker !== undefined) {
        // Other orgs have other troubles. But where all of an org are in the canary there is nobody else.
        if (!isTried && canary.share < 1 && !isMeant(canary, asker)) return
        if (!isNew(asker, arrivedAtMs)) return
      }
      const tally = isTried ? tried : usual
      tally.requests += 1
      if (gotNone) tally.failures += 1
      if (isTried) judge(current, canary)
      if (Math.min(tried.requests, usual.requests) >= 2 * LONG_AGO) [tried, usual].forEach(halve)
    },
    reading(rules) {
      const { candidate } = rules
      if (candidate?.canary == null) return null
      const { hash } = candidate.router
      const { requests, failures } = trialOf(rules)?.tried ?? nothingYet()
      return { hash, share: candidate.canary.share, stopped: hash === stopped, requests, failures }
    }
  }
}

function nothingYet(): Tally {
  return { requests: 0, failures: 0 }
}

function halve(tally: Tally): void {
  tally.requests = Math.floor(tally.requests / 2)
  tally.failures = Math.floor(tally.failures / 2)
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

/**
 * A test of two shares by their likelihood ratio: how much better do two shares explain what was counted than
 * one? The usual test in standard errors takes a few failures among few requests for more than they are: at 20
 * requests and 0.2 % of failures it stops three candidates in a hundred that are no worse.
 */
function isClearlyWorse(tried: Tally, usual: Tally): boolean {
  const [triedShare, usualShare] = [tried, usual].map(({ requests, failures }) => failures / requests) as [
    number,
    number
  ]
  if (triedShare - usualShare < LEAST_DIFFERENCE) return false
  const together = (tried.failures + usual.failures) / (tried.requests + usual.requests)
  const evidence =
    tried.requests * divergence(triedShare, together) + usual.requests * divergence(usualShare, together)
  return evidence > CLEARLY
}

/** Kullback and Leibler's, of two shares: 0 where they are the same. */
function divergence(share: number, from: number): number {
  return surprise(share, from) + surprise(1 - share, 1 - from)
}

function surprise(share: number, from: number): number {
  return share === 0 ? 0 : share * Math.log(share / from)
}
