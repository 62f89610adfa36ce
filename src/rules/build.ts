import type { Action, Defaults, ReplyPolicy, RuleSet } from '../domain/rules.ts'
import { isCountry } from './countries.ts'
import { asList, toCanary, toProvider, toRule, toSender, toSteps, type SenderContext } from './entries.ts'
import { DEFAULTS, type RulesFile } from './schema.ts'
import { parseDuration, parsePercent } from './values.ts'

/** Turns a file without errors into what decisions are made from. */
export function buildRuleSet(file: RulesFile, context: SenderContext, hash: string): RuleSet {
  const { places } = context
  return {
    hash,
    providers: new Map(
      Object.entries(file.providers).map(([name, entry]) => [name, toProvider(entry, places)])
    ),
    senders: new Map(
      Object.entries(file.senders).map(([name, entry]) => [name, toSender(name, entry, context)])
    ),
    defaults: toDefaults(file.defaults),
    reply: toReply(file.reply ?? {}),
    rules: (file.rules ?? []).map((rule) => ({ ...toRule(rule, places), action: toAction(rule) })),
    otherwise: toAction(file.otherwise),
    canary: file.canary === undefined ? null : toCanary(file.canary)
  }
}

function toAction({ send, block, on_no_answer: onNoAnswer }: RulesFile['otherwise']): Action {
  if (send !== undefined) return { kind: 'send', steps: toSteps(send, onNoAnswer ?? null) }
  return { kind: 'block', reason: block?.reason ?? DEFAULTS.reason }
}

function toDefaults(written: RulesFile['defaults']): Defaults {
  const { country, breaker = {}, resend = {} } = written
  return {
    deadlineMs: parseDuration(written.deadline ?? DEFAULTS.deadline),
    attemptTimeoutMs: parseDuration(written.attempt_timeout ?? DEFAULTS.attemptTimeout),
    minAttemptMs: parseDuration(written.min_attempt ?? DEFAULTS.minAttempt),
    maxAttempts: written.max_attempts ?? DEFAULTS.maxAttempts,
    senders: asList(written.sender),
    country: country !== undefined && isCountry(country) ? country : null,
    resend: {
      withinMs: parseDuration(resend.within ?? DEFAULTS.resend.within),
      preferOtherProvider: resend.prefer_other_provider ?? DEFAULTS.resend.preferOtherProvider
    },
    breaker: {
      windowMs: parseDuration(breaker.window ?? DEFAULTS.breaker.window),
      minCalls: breaker.min_calls ?? DEFAULTS.breaker.minCalls,
      failureRate: parsePercent(breaker.failure_rate ?? DEFAULTS.breaker.failureRate),
      inARow: breaker.in_a_row ?? DEFAULTS.breaker.inARow,
      openForMs: parseDuration(breaker.open_for ?? DEFAULTS.breaker.openFor),
      openAtMostMs: parseDuration(breaker.open_at_most ?? DEFAULTS.breaker.openAtMost)
    }
  }
}

function toReply(written: NonNullable<RulesFile['reply']>): ReplyPolicy {
  return {
    allFailed: written.all_failed ?? DEFAULTS.reply.allFailed,
    undecided: written.undecided ?? DEFAULTS.reply.undecided,
    blocked: written.blocked ?? DEFAULTS.reply.blocked
  }
}
