import type { Facts } from './facts.ts'
import { firstCommon, indexRules, type Lookup } from './rule-index.ts'
import {
  ON_NO_ANSWER,
  type Action,
  type Arm,
  type Defaults,
  type OnNoAnswer,
  type ProviderEntry,
  type ReplyPolicy,
  type RuleSet,
  type SenderEntry,
  type Step
} from './rules.ts'
import { mayUseSender } from './sender.ts'

/** The state of a provider for one request at the moment of the decision. */
export type Condition =
  | { readonly kind: 'ready' }
  | { readonly kind: 'no_credentials' }
  /** A person has switched it off. That beats whatever the machine thinks. */
  | { readonly kind: 'drained' }
  | HeldBack

/** The machine leaves it alone for a while. `badness` ranks such providers: the least is the least bad to ask. */
export interface HeldBack {
  readonly kind: 'breaker_open' | 'cooling_down'
  /** Any clock's reading, the same for all: the lower, the better a last resort. */
  readonly badness: number
}

export type Conditions = (provider: string, facts: Facts) => Condition

export type SkipReason =
  | 'no_credentials'
  | 'no_channel'
  | 'not_for_country'
  | 'no_sender'
  | 'drained'
  | 'breaker_open'
  | 'cooling_down'
  | 'beyond_max_attempts'

export interface Skipped {
  readonly provider: string
  readonly reason: SkipReason
}

export interface PlannedAttempt {
  readonly provider: string
  readonly sender: SenderEntry
  readonly timeoutMs: number
  readonly onNoAnswer: OnNoAnswer
}

export type Plan =
  | {
      readonly kind: 'send'
      /** The rule's name, or "otherwise". */
      readonly rule: string
      /** In the order to try. Empty where nobody is left. */
      readonly chain: readonly PlannedAttempt[]
      /** To be asked when nobody in the chain took it: those that the machine holds back, the least bad first. */
      readonly lastResorts: readonly PlannedAttempt[]
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
  const ready: PlannedAttempt[] = []
  const heldBack: { readonly attempt: PlannedAttempt; readonly badness: number }[] = []
  const skipped: Skipped[] = []
  let splitArm: string | null = null

  for (const step of steps) {
    const providers = providersOf(step, facts.person)
    if (step.kind === 'split') splitArm ??= providers[0] ?? null

    for (const provider of providers) {
      const planned = planAttempt(router, provider, step, facts)
      if (typeof planned === 'string') {
        skipped.push({ provider, reason: planned })
        continue
      }
      const condition = conditions(provider, facts)
      switch (condition.kind) {
        case 'ready':
          ready.push(planned)
          break
        case 'breaker_open':
        case 'cooling_down':
          heldBack.push({ attempt: planned, badness: condition.badness })
          skipped.push({ provider, reason: condition.kind })
          break
        case 'no_credentials':
        case 'drained':
          skipped.push({ provider, reason: condition.kind })
          break
        default:
          condition satisfies never
      }
    }
  }

  const order = triedLastToTheEnd(ready, facts.triedLast)
  const { maxAttempts } = router.defaults
  const chain = order.slice(0, maxAttempts)
  for (const { provider } of order.slice(maxAttempts)) {
    skipped.push({ provider, reason: 'beyond_max_attempts' })
  }
  const lastResorts = heldBack
    .toSorted((a, b) => a.badness - b.badness)
    .map(({ attempt }) => attempt)
    .slice(0, Math.max(1, maxAttempts - chain.length))
  return { chain, lastResorts, skipped, splitArm }
}

/** Its message may not have arrived: on a resend the others come first. */
function triedLastToTheEnd(
  chain: readonly PlannedAttempt[],
  triedLast: string | null
): readonly PlannedAttempt[] {
  const last = chain.filter(({ provider }) => provider === triedLast)
  return last.length === 0 ? chain : [...chain.filter((planned) => !last.includes(planned)), ...last]
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
      return {
        provider,
        sender,
        timeoutMs: step.timeoutMs ?? router.defaults.attemptTimeoutMs,
        onNoAnswer: step.onNoAnswer ?? ON_NO_ANSWER[channel]
      }
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
