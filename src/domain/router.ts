import type { Condition } from './condition.ts'
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
  /** Messages a second that the provider's account takes; null: as many as come. */
  readonly capacityPerSecond: number | null
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
      /** What a split drew; null where the rule has none. */
      readonly split: Draw | null
    }
  | { readonly kind: 'block'; readonly rule: string; readonly reason: string }

/** The arm that came first, and whom else it would be the same plan for: draws in [from, to), within 0 to 1. */
export interface Draw {
  readonly arm: string
  readonly from: number
  readonly to: number
}

/** A plan, and the share of people who get it. */
export interface Variant {
  /** More than 0, at most 1. */
  readonly share: number
  readonly plan: Plan
}

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

/** @param shadows whether rules marked `shadow` take part, as if they were not. */
export function compileRouter(ruleSet: RuleSet, { shadows }: { readonly shadows: boolean }): Router {
  const rules = shadows ? ruleSet.rules : ruleSet.rules.filter(({ shadow }) => !shadow)
  return {
    hash: ruleSet.hash,
    defaults: ruleSet.defaults,
    reply: ruleSet.reply,
    ruleCount: rules.length,
    lookups: indexRules(rules),
    rules,
    otherwise: ruleSet.otherwise,
    providers: ruleSet.providers,
    senders: ruleSet.senders
  }
}

/**
 * Picks the first rule that matches, and says which providers to try in which order, and why the
 * others are left out.
 *
 * Pure: the same router, facts and conditions give the same plan, live and in every tool.
 */
export function decide(router: Router, facts: Facts, conditions: Conditions): Plan {
  return decideAt(stableDraw(facts.person), router, facts, conditions)
}

/**
 * Every plan that {@link decide} makes of these facts for one person or another, with its share of them.
 *
 * @param people draws in [from, to): all people where it is left out.
 */
export function variantsOf(
  router: Router,
  facts: Facts,
  conditions: Conditions,
  { from, to }: Pick<Draw, 'from' | 'to'> = EVERYBODY
): readonly Variant[] {
  const variants: Variant[] = []
  for (let at = from; at < to;) {
    const plan = decideAt(at, router, facts, conditions)
    const end = Math.min(to, plan.kind === 'send' ? (plan.split?.to ?? 1) : 1)
    variants.push({ share: (end - at) / (to - from), plan })
    at = end
  }
  return variants
}

const EVERYBODY = { from: 0, to: 1 } as const

function decideAt(draw: number, router: Router, facts: Facts, conditions: Conditions): Plan {
  const rule = router.rules[firstCommon(router.lookups, facts, router.ruleCount)]
  const name = rule?.name ?? 'otherwise'
  const action = rule?.action ?? router.otherwise

  switch (action.kind) {
    case 'block':
      return { kind: 'block', rule: name, reason: action.reason }
    case 'send':
      return { kind: 'send', rule: name, ...chainOf({ router, facts, conditions, draw }, action.steps) }
    default:
      return action satisfies never
  }
}

interface Question {
  readonly router: Router
  readonly facts: Facts
  readonly conditions: Conditions
  readonly draw: number
}

function chainOf({ router, facts, conditions, draw }: Question, steps: readonly Step[]) {
  const ready: PlannedAttempt[] = []
  const heldBack: { readonly attempt: PlannedAttempt; readonly badness: number }[] = []
  const skipped: Skipped[] = []
  let split: Draw | null = null

  for (const step of steps) {
    const { providers, drawn } = providersOf(step, draw)
    // Every split of a chain reads the same draw.
    if (drawn !== null) split = split === null ? drawn : narrow(split, drawn)

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
  return { chain, lastResorts, skipped, split }
}

/** The first arm stays the one that is named. */
function narrow(first: Draw, second: Draw): Draw {
  return { arm: first.arm, from: Math.max(first.from, second.from), to: Math.min(first.to, second.to) }
}

/** Its message may not have arrived: on a resend the others come first. */
function triedLastToTheEnd(
  chain: readonly PlannedAttempt[],
  triedLast: string | null
): readonly PlannedAttempt[] {
  const last = chain.filter(({ provider }) => provider === triedLast)
  return last.length === 0 ? chain : [...chain.filter((planned) => !last.includes(planned)), ...last]
}

/** One provider of a step, where the file lets it take the request; else the reason why not. */
export function planAttempt(
  router: Pick<Router, 'providers' | 'senders' | 'defaults'>,
  provider: string,
  step: Step,
  { channel, phone }: Pick<Facts, 'channel' | 'phone'>
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
        onNoAnswer: step.onNoAnswer ?? ON_NO_ANSWER[channel],
        capacityPerSecond: entry.capacityPerSecond
      }
    }
  }
  return 'no_sender'
}

function providersOf(
  step: Step,
  draw: number
): { readonly providers: readonly string[]; readonly drawn: Draw | null } {
  switch (step.kind) {
    case 'provider':
      return { providers: [step.provider], drawn: null }
    case 'split': {
      const drawn = drawArm(step.arms, draw)
      const rest = step.arms
        .filter(({ provider }) => provider !== drawn.arm)
        .toSorted((a, b) => b.weight - a.weight)
      return { providers: [drawn.arm, ...rest.map(({ provider }) => provider)], drawn }
    }
    default:
      return step satisfies never
  }
}

/** `draw` is in [0, 1). */
function drawArm(arms: readonly Arm[], draw: number): Draw {
  const total = arms.reduce((sum, { weight }) => sum + weight, 0)

  let sum = 0
  let from = 0
  for (const { provider, weight } of arms) {
    sum += weight
    // Exactly 1 for the last one that has a weight.
    const to = sum / total
    if (draw < to) return { arm: provider, from, to }
    from = to
  }
  throw new RangeError(`No arm for draw ${draw}: the weights are all 0, which the checker refuses.`)
}

/** A number in [0, 1) that is always the same for the same text: FNV-1a, its bits mixed as Murmur3 ends. */
export function stableDraw(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32
}
