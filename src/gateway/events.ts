import type { Transition } from '../delivery/breaker.ts'
import type { TlsEvent } from '../door/tls-keeper.ts'
import type { Channel } from '../domain/message.ts'
import type { Fault } from '../rules/faults.ts'
import type { RulesEvent } from '../rules/keeper.ts'
import type { StateEvent } from '../state/state.ts'
import type { GatewayEvent } from '../telemetry/events.ts'

/** Longer lists are told of by their length. */
const MOST_ERRORS_LOGGED = 20

/** What became of the rules files, in the words of the vocabulary. */
export function eventOfRules(event: RulesEvent): GatewayEvent {
  switch (event.kind) {
    case 'loaded': {
      const { role, file, rules, previousHash, warnings, by } = event
      const shadowRules = rules.rules.filter(({ shadow }) => shadow).length
      return {
        event: 'rules.loaded',
        role,
        file,
        rules_hash: rules.hash,
        previous_hash: previousHash,
        rules_count: rules.rules.length - shadowRules,
        shadow_rules: shadowRules,
        canary_percent:
          role === 'candidate' && rules.canary !== null ? Math.round(rules.canary.share * 100) : null,
        warnings: placesOf(warnings),
        by
      }
    }
    case 'rejected': {
      const { role, file, hash, faults, unreadable, by } = event
      const errors = faults.filter(({ severity }) => severity === 'error')
      return {
        event: 'rules.rejected',
        role,
        file,
        rules_hash: hash,
        errors: placesOf(errors.slice(0, MOST_ERRORS_LOGGED)),
        errors_count: errors.length,
        unreadable,
        by
      }
    }
    case 'unchanged':
      return { event: 'rules.unchanged', role: event.role, rules_hash: event.hash, by: event.by }
    case 'candidate_gone':
      return { event: 'rules.candidate_removed', file: event.file, rules_hash: event.hash }
    case 'ending': {
      const { rule, owner, untilMs, daysLeft } = event.ending
      return {
        event: 'rules.ending',
        rule,
        owner,
        until: new Date(untilMs).toISOString(),
        days_left: daysLeft
      }
    }
    default:
      return event satisfies never
  }
}

function placesOf(faults: readonly Fault[]) {
  return faults.map(({ line, column, code }) => ({ line, column, code }))
}

/** @param publicHost what the certificate should be for; null where nobody says. */
export function eventOfTls(event: TlsEvent, publicHost: string | null): GatewayEvent {
  switch (event.kind) {
    case 'loaded': {
      const { pair, daysLeft, by } = event
      return {
        event: 'tls.loaded',
        fingerprint: pair.fingerprint.slice(0, 16),
        expires: new Date(pair.expiresMs).toISOString(),
        days_left: daysLeft,
        chain: pair.chain,
        covers_public_url: publicHost === null ? null : pair.isFor(publicHost),
        by
      }
    }
    case 'rejected':
      return {
        event: 'tls.rejected',
        settings: event.faults.map(({ name, message }) => ({ setting: name, problem: message })),
        expires: new Date(event.expiresMs).toISOString(),
        by: event.by
      }
    case 'expiring':
      return {
        event: 'tls.expiring',
        expires: new Date(event.expiresMs).toISOString(),
        days_left: event.daysLeft
      }
    default:
      return event satisfies never
  }
}

/** The shared state went or came. */
export function eventOfState(event: StateEvent): GatewayEvent {
  return event.kind === 'lost'
    ? { event: 'state.lost', cause: event.cause }
    : { event: 'state.back', after_ms: event.afterMs }
}

/** A breaker changed its state. */
export function eventOfBreaker(provider: string, channel: Channel, transition: Transition): GatewayEvent {
  switch (transition.to) {
    case 'open': {
      const { cause, failures, calls, openForMs } = transition
      return {
        event: 'circuit.opened',
        provider,
        channel,
        cause,
        failures,
        window_n: calls,
        open_ms: openForMs
      }
    }
    case 'half_open':
      return { event: 'circuit.half_opened', provider, channel }
    case 'closed':
      return { event: 'circuit.closed', provider, channel }
    case 'kept_closed':
      return { event: 'circuit.kept_closed', provider, channel, cause: transition.cause }
    default:
      return transition satisfies never
  }
}
