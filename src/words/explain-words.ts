import { conditionOf } from '../domain/condition.ts'
import type { Facts } from '../domain/facts.ts'
import type { Channel, Flow } from '../domain/message.ts'
import { mismatchInWords } from '../domain/mismatch.ts'
import type { Phone } from '../domain/phone.ts'
import type { Conditions, Plan, Variant } from '../domain/router.ts'
import type { RuleSet } from '../domain/rules.ts'
import type { Explanation, RuleVerdict } from '../rules/explain.ts'
import { printable } from '../rules/faults.ts'
import { percent, skippedInWords } from './chain-words.ts'
import type { NodeState } from './node-words.ts'
import { paint } from './paint.ts'
import type { Printer } from './printer.ts'

/** What is asked of a number, as people write it. */
export interface AskedOfNumber {
  readonly phone: Phone
  readonly channel: Channel
  readonly flow: Flow
  readonly locale: string | null
  readonly org: string | null
  /** Ms since 1970. */
  readonly atMs: number
}

/** As the gateway reads them out of Okta's request. */
export function factsOf({ locale, org, ...asked }: AskedOfNumber): Facts {
  return {
    ...asked,
    locale: locale?.replaceAll('_', '-') ?? null,
    org:
      org
        ?.toLowerCase()
        .replace(/^https:\/\//u, '')
        .replace(/\/.*$/u, '') ?? null,
    person: '',
    triedLast: null
  }
}

/** How providers are at a node; all are well where there is none. */
export function conditionsAt(node: NodeState | null): Conditions {
  if (node === null) return () => ({ kind: 'ready' })
  return (provider, { channel, phone }) =>
    conditionOf(node.stateOf({ provider, channel, country: phone.routingCountry }))
}

export interface Explained {
  readonly rules: RuleSet
  readonly file: string
  readonly facts: Facts
  /** Whose state was looked at; null: none. */
  readonly node: NodeState | null
  readonly explanation: Explanation
  /** The number, or what stands for it. */
  readonly shownAs: string
}

export function printExplanation(
  io: Printer,
  { rules, file, facts, node, explanation, shownAs }: Explained
): void {
  const { bold, dim } = paint(io.colour)
  io.print(`${bold(shownAs)}  ${phoneInWords(facts.phone)}\n`)
  io.print(`${askedInWords(facts)}  ${dim(`rules ${rules.hash} of ${file}`)}\n`)
  if (node !== null && node.rulesHash !== rules.hash) {
    io.print(`Careful: that gateway runs other rules (${node.rulesHash}).\n`)
  }
  if (node?.canary != null) {
    io.print(
      `Careful: a candidate (${node.canary.hash}) decides there for ${node.canary.percent} % of people.\n`
    )
  }
  io.print('\n')
  printRules(io, explanation.rules, explanation.winner)
  printVariants(io, explanation.variants, facts, node)
}

function phoneInWords({ country, routingCountry, callingCode, type, extension }: Phone): string {
  const place =
    country !== null
      ? `country ${country}`
      : routingCountry === null
        ? 'no country'
        : `no known range; rules read it as ${routingCountry}`
  const dialled = extension === null ? '' : `  extension ${extension}`
  return `${place} (calling code ${callingCode})  type ${type}${dialled}`
}

function askedInWords({ channel, flow, locale, org }: Facts): string {
  return [
    `channel ${channel}`,
    `flow ${flow}`,
    ...(locale === null ? [] : [`locale ${locale}`]),
    ...(org === null ? [] : [`org ${org}`])
  ].join('  ')
}

function printRules(io: Printer, verdicts: readonly RuleVerdict[], winner: string): void {
  const { bold, dim } = paint(io.colour)
  const looked = verdicts.filter(({ verdict }) => verdict.kind !== 'not_looked_at')
  const width = Math.max(winner.length, ...looked.map(({ rule }) => rule.name.length))
  for (const { rule, verdict } of looked) {
    const name = rule.name.padEnd(width)
    switch (verdict.kind) {
      case 'no':
        io.print(dim(`  ${name}  no: ${mismatchInWords(verdict.mismatch)}`) + '\n')
        break
      case 'would_match':
        io.print(`  ${name}  would match, and is in the shadow\n`)
        break
      case 'matches':
        io.print(bold(`> ${name}  matches${rule.why === null ? '' : `: ${printable(rule.why)}`}`) + '\n')
        if (rule.owner !== null) io.print(`  ${' '.repeat(width)}  ask ${printable(rule.owner)}\n`)
        break
      case 'not_looked_at':
        break
      default:
        verdict satisfies never
    }
  }
  const rest = verdicts.length - looked.length
  if (rest > 0) io.print(dim(`  ${rest} more below, which are not looked at`) + '\n')
  if (winner === 'otherwise') {
    io.print(`${bold(`> ${'otherwise'.padEnd(width)}  holds for what no rule matches`)}\n`)
  }
}

function printVariants(
  io: Printer,
  variants: readonly Variant[],
  facts: Facts,
  node: NodeState | null
): void {
  for (const { share, plan } of variants) {
    io.print('\n')
    if (plan.kind === 'block') {
      io.print(`Blocked: ${plan.reason}. Nothing is sent.\n`)
      continue
    }
    if (variants.length > 1) io.print(`${percent(share)} of people:\n`)
    else if (plan.split !== null && plan.split.to - plan.split.from < 1) {
      io.print(`This person gets the arm of ${plan.split.arm}:\n`)
    }
    printChain(io, plan, facts, node)
  }
}

function printChain(
  io: Printer,
  plan: Extract<Plan, { kind: 'send' }>,
  { channel, phone }: Facts,
  node: NodeState | null
): void {
  const asked = [...plan.chain, ...plan.lastResorts]
  if (asked.length === 0) io.print('  Nobody is left to ask: the code is not sent.\n')
  const width = Math.max(0, ...asked.map(({ provider }) => provider.length))
  asked.forEach(({ provider, sender, timeoutMs, onNoAnswer }, place) => {
    const resort = place >= plan.chain.length ? ', only when nobody else took it' : ''
    const live = node === null ? '' : `, ${node.inWords(provider, channel)}`
    const wait = onNoAnswer === 'wait' ? ' and longer' : ''
    io.print(
      `  ${place + 1}. ${provider.padEnd(width)}  from ${sender.name} (${sender.kind}), ${timeoutMs} ms${wait}${live}${resort}\n`
    )
  })
  if (plan.skipped.length > 0) io.print(`  passed over: ${skippedInWords(plan.skipped)}\n`)
  for (const { provider, reason } of plan.skipped) {
    const use = { provider, channel, country: phone.routingCountry }
    const drain = reason === 'drained' ? node?.drainInWords(use) : null
    if (drain != null) io.print(`    ${printable(drain)}\n`)
  }
}
