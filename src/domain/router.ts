import type { Facts } from './facts.ts'
import type { Channel } from './message.ts'
import { firstCommon, indexRules, type Lookup } from './rule-index.ts'
import type {
  Action,
  Arm,
  Defaults,
  ProviderEntry,
  ReplyPolicy,
  RuleSet,
  SenderEntry,
  Step
} from './rules.ts'
import { mayUseSender } from './sender.ts'

/** The state of a provider for one channel at the moment of the decision. */
export type Condition =
  | { readonly kind: 'ready' }
  | { readonly kind: 'no_credentials' }
  /** `sinceMs` is any clock's reading of when it opened; the latest is the least long open. */
  | { readonly kind: 'breaker_open'; readonly sinceMs: number }

export type Conditions = (provider: string, channel: Channel) => Condition

export type SkipReason =
  | 'no_credentials'
  | 'no_channel'
  | 'not_for_country'
  | 'no_sender'
  | 'breaker_open'
  | 'beyond_max_attempts'

export interface Skipped {
  readonly provider: string
  readonly reason: SkipReason
}

export interface PlannedAttempt {
  readonly provider: string
  readonly sender: SenderEntry
  readonly timeoutMs: number
}

export type Plan =
  | {
      readonly kind: 'send'
      /** The rule's name, or "otherwise". */
      readonly rule: string
      /** In the order to try. Empty where nobody is left. */
      readonly chain: readonly PlannedAttempt[]
      /** To be tried once when nobody in the chain took it: the one whose breaker is open for the least time. */
      readonly lastResort: PlannedAttempt | null
      readonly skipped: readonly Skipped[]
      /** The arm that a split drew; null where the rule has none. */
      readonly splitArm: string | null
    }
  | { readonly kind: 'block'; readonly rule: string; readonly reason: string }

/** A rules file compiled for deciding. Immutable: a reload makes a new one. */
export interface Router {
  readonly hash: string
  readonly defaults: Defaults
  readonly reply: ReplyPolicy
  readonly ruleCount: number
  readonly lookups: readonly Lookup[]
  readonly rules: RuleSet['rules']
  readonly otherwise: Action
  readonly providers: ReadonlyMap<string, ProviderEntry>
  readonly senders: ReadonlyMap<string, SenderEntry>
}

export function compileRouter(rules: RuleSet): Router {
  return {
    hash: rules.hash,
    defaults: rules.defaults,
    reply: rules.reply,
    ruleCount: rules.rules.length,
    lookups: indexRules(rules.rules.map(({ when }) => when)),
    rules: rules.rules,
    otherwise: rules.otherwise,
    providers: rules.providers,
    senders: rules.senders
  }
}

/**
 * Picks the first rule that matches, and says which providers to try in which order, and why the
 * others are left out.
 *
 * Pure: the same router, facts and conditions give the same plan, live and in every tool.
 */
export function decide(router: Router, facts: Facts, conditions: Conditions): Plan {
  const rule = router.rules[firstCommon(router.lookups, facts, router.ruleCount)]
  const name = rule?.name ?? 'otherwise'
  const action = rule?.action ?? router.otherwise

  switch (action.kind) {
    case 'block':
      return { kind: 'block', rule: name, reason: action.reason }
    case 'send':
      return { kind: 'send', rule: name, ...chainOf(router, action.steps, facts, conditions) }
    default:
      return action satisfies never
  }
}

function chainOf(router: Router, steps: readonly Step[], facts: Facts, conditions: Conditions) {
  const chain: PlannedAttempt[] = []
  const skipped: Skipped[] = []
  let splitArm: string | null = null
  let lastResort: { readonly attempt: PlannedAttempt; readonly sinceMs: number } | null = null

  for (const step of steps) {
    const providers = providersOf(step, facts.person)
    if (step.kind === 'split') splitArm ??= providers[0] ?? null

    for (const provider of providers) {
      const planned = planAttempt(router, provider, step, facts)
      if (typeof planned === 'string') {
        skipped.push({ provider, reason: planned })
        continue
      }
      const condition = conditions(provider, facts.channel)
      if (condition.kind !== 'ready') {
        skipped.push({ provider, reason: condition.kind })
        if (condition.kind === 'breaker_open' && condition.sinceMs > (lastResort?.sinceMs ?? -Infinity)) {
          lastResort = { attempt: planned, sinceMs: condition.sinceMs }
        }
        continue
      }
      if (chain.length === router.defaults.maxAttempts) {
        skipped.push({ provider, reason: 'beyond_max_attempts' })
        continue
      }
      chain.push(planned)
    }
  }
  return { chain, lastResort: lastResort?.attempt ?? null, skipped, splitArm }
}

function planAttempt(
  router: Router,
  provider: string,
  step: Step,
  { channel, phone }: Facts
): PlannedAttempt | SkipReason {
  const entry = router.providers.get(provider)
  if (entry === undefined || !entry.channels.includes(channel)) return 'no_channel'

  const country = phone.routingCountry
  if (country !== null && entry.notFor.includes(country)) return 'not_for_country'
  if (entry.onlyFor !== null && (country === null || !entry.onlyFor.includes(country))) {
    return 'not_for_country'
  }

  for (const name of step.senders ?? router.defaults.senders) {
    const sender = router.senders.get(name)
    if (sender !== undefined && mayUseSender(sender, { provider, channel, country })) {
      return { provider, sender, timeoutMs: step.timeoutMs ?? router.defaults.attemptTimeoutMs }
    }
  }
  return 'no_sender'
}

function providersOf(step: Step, person: string): readonly string[] {
  switch (step.kind) {
    case 'provider':
      return [step.provider]
    case 'split': {
      const first = drawArm(step.arms, stableDraw(person))
      const rest = step.arms.filter((arm) => arm !== first).toSorted((a, b) => b.weight - a.weight)
      return [first, ...rest].map(({ provider }) => provider)
    }
    default:
      return step satisfies never
  }
}

/** `draw` is in [0, 1). */
function drawArm(arms: readonly Arm[], draw: number): Arm {
  const total = arms.reduce((sum, { weight }) => sum + weight, 0)

  let remaining = draw * total
  for (const arm of arms) {
    remaining -= arm.weight
    if (remaining < 0) return arm
  }
  throw new RangeError(`No arm for draw ${draw}: the weights are all 0, which the checker refuses.`)
}

/** A number in [0, 1) that is always the same for the same text: FNV-1a, its bits mixed as Murmur3 ends. */
function stableDraw(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
