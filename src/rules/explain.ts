import type { Facts } from '../domain/facts.ts'
import { mismatchOf, type Mismatch } from '../domain/mismatch.ts'
import { compileRouter, variantsOf, type Conditions, type Draw, type Variant } from '../domain/router.ts'
import type { Rule, RuleSet } from '../domain/rules.ts'

/** What one rule says to one request. */
export interface RuleVerdict {
  readonly rule: Pick<Rule, 'name' | 'why' | 'owner' | 'shadow' | 'untilMs'>
  readonly verdict:
    | { readonly kind: 'matches' }
    | { readonly kind: 'no'; readonly mismatch: Mismatch }
    /** It would, if it were not in the shadow. */
    | { readonly kind: 'would_match' }
    /** An earlier one took the request. */
    | { readonly kind: 'not_looked_at' }
}

export interface Explanation {
  /** Every rule of the file, in its order. */
  readonly rules: readonly RuleVerdict[]
  /** The rule's name, or "otherwise". */
  readonly winner: string
  /** What people get: several where a split draws. */
  readonly variants: readonly Variant[]
}

/**
 * Says how a file decides a request, and why no other rule does. The conclusion is that of `decide()`.
 *
 * @param people whose draws are meant; all people where it is left out.
 */
export function explain(
  file: RuleSet,
  facts: Facts,
  conditions: Conditions,
  people?: Pick<Draw, 'from' | 'to'>
): Explanation {
  let winner: string | null = null
  const rules = file.rules.map((one): RuleVerdict => {
    const mismatch = mismatchOf(one, facts)
    const { name, why, owner, shadow, untilMs } = one
    const rule = { name, why, owner, shadow, untilMs }
    if (winner !== null) return { rule, verdict: { kind: 'not_looked_at' } }
    if (mismatch !== null) return { rule, verdict: { kind: 'no', mismatch } }
    if (rule.shadow) return { rule, verdict: { kind: 'would_match' } }
    winner = rule.name
    return { rule, verdict: { kind: 'matches' } }
  })
  return {
    rules,
    winner: winner ?? 'otherwise',
    variants: variantsOf(compileRouter(file, { shadows: false }), facts, conditions, people)
  }
}
