import { createHash } from 'node:crypto'
import { Value } from 'typebox/value'
import type { RuleSet, SenderEntry, When } from '../domain/rules.ts'
import { buildRuleSet } from './build.ts'
import { checkChain, type Surroundings } from './chains.ts'
import { decode, type Draft, type Shape, type Whereabouts } from './decode.ts'
import { asList, toSender, toWhen, type WrittenSender, type WrittenWhen } from './entries.ts'
import { createFaultList, quote, type Fault, type FaultList } from './faults.ts'
import { resolveGroups, type Places } from './groups.ts'
import { checkTimes } from './limits.ts'
import { findUnreached, type Condition } from './never-reached.ts'
import { checkReferences } from './references.ts'
import { DEFAULTS, RulesFile } from './schema.ts'
import { checkSenders } from './senders.ts'
import { createSource, type Source, type Span } from './source.ts'
import { readYaml } from './yaml-tree.ts'

export type ParsedRules =
  | { readonly kind: 'ok'; readonly rules: RuleSet; readonly warnings: readonly Fault[] }
  /** Errors, and the warnings among them. */
  | { readonly kind: 'faulty'; readonly faults: readonly Fault[] }

/** As long as the hash in every log line. */
const HASH_LENGTH = 12

/**
 * Reads and checks a rules file. Every fault is found in one run, each with its place.
 *
 * Pure, and throws on no text.
 *
 * @param file the file's name, for messages.
 */
export function parseRules(text: string, file: string): ParsedRules {
  const source = createSource(text, file)
  const faults = createFaultList(source)
  const { root, brokenAt } = readYaml(source, faults)
  const checked = root === null ? undefined : checkTree(root, source, faults)

  const found = faults.sorted(brokenAt)
  const sound = brokenAt === null && found.every(({ severity }) => severity === 'warning')
  if (!sound || checked === undefined) return { kind: 'faulty', faults: found }
  // Never false for a draft without a fault. It proves to the compiler that nothing is missing.
  if (!Value.Check(RulesFile, checked.draft)) {
    faults.add('E103', { start: 0, end: 0 }, 'the file does not follow config/routing.schema.json')
    return { kind: 'faulty', faults: faults.sorted(null) }
  }
  return { kind: 'ok', rules: buildRuleSet(checked.draft, checked.places, hashOf(text)), warnings: found }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH)
}

type Root = NonNullable<ReturnType<typeof readYaml>['root']>

interface Check {
  readonly draft: Draft<RulesFile>
  readonly places: Places
  readonly where: Whereabouts
  readonly faults: FaultList
}

function checkTree(root: Root, source: Source, faults: FaultList): Check | undefined {
  // A TypeBox schema is plain JSON Schema; its type says so less plainly.
  const decoded = decode(RulesFile as unknown as Shape, root, faults)
  if (decoded.draft === undefined) return undefined
  // The decoder leaves out what does not fit, and that is what a draft is.
  const draft = decoded.draft as Draft<RulesFile>
  const { where } = decoded

  checkReferences(draft, decoded.references, { where, faults })
  const check = { draft, where, faults, places: resolveGroups(draft.country_groups ?? {}, where, faults) }
  checkSenders(draft.senders ?? {}, check)
  checkRules(check, source)
  return check
}

function checkRules(check: Check, source: Source): void {
  const { draft, where, faults } = check
  const { rules = [], otherwise = {} } = draft
  const around = surroundingsOf(check)
  const conditions: (Condition & { readonly span: Span })[] = []
  const lines = new Map<string, number>()

  rules.forEach((rule, index) => {
    if (rule.name !== undefined) checkName(rule.name, where.of(rule, 'name'), { lines, source, faults })
    const when = soundWhen(rule, check)
    if (when !== null) {
      conditions.push({ name: rule.name ?? `number ${index + 1}`, when, span: where.of(rule, 'name') })
    }
    checkAction(rule, when, around)
  })
  checkAction(otherwise, {}, around)

  for (const { index, by } of findUnreached(conditions)) {
    const { name, span } = conditions[index] ?? { name: '', span: { start: 0, end: 0 } }
    const why =
      by === null
        ? 'its conditions exclude each other'
        : `rule ${quote(by)} above already takes everything it matches`
    faults.add('W201', span, `rule ${quote(name)} is never reached: ${why}`)
  }
}

interface Names {
  /** The line of each name seen. */
  readonly lines: Map<string, number>
  readonly source: Source
  readonly faults: FaultList
}

function checkName(name: string, span: Span, { lines, source, faults }: Names): void {
  const taken = name === 'otherwise' ? 'what follows the rules' : lineOf(name)
  if (taken === undefined) lines.set(name, source.positionOf(span.start).line)
  else faults.add('E106', span, `the name ${quote(name)} is taken by ${taken}`)

  function lineOf(known: string): string | undefined {
    const line = lines.get(known)
    return line === undefined ? undefined : `the rule in line ${line}`
  }
}

type DraftRule = NonNullable<Draft<RulesFile>['rules']>[number]

/** Null where a part is missing or faulty: then nothing can be said of what the rule matches. */
function soundWhen(rule: DraftRule, { where, faults, places }: Check): When | null {
  if (rule.when === undefined || faults.hasErrorIn(where.of(rule, 'when'))) return null
  return toWhen(rule.when as WrittenWhen, places)
}

function checkAction(holder: Draft<RulesFile['otherwise']>, when: When | null, around: Surroundings): void {
  const { where, faults } = around
  const { send, block, on_no_answer: onNoAnswer } = holder
  if (send !== undefined) {
    const span = where.ofKey(holder, 'send')
    const whole = !faults.hasErrorIn(where.of(holder, 'send'))
    checkChain({ send, span, whole, onNoAnswer }, when, around)
  }
  if (block !== undefined && onNoAnswer !== undefined) {
    const span = where.ofKey(holder, 'on_no_answer')
    faults.add('E107', span, '"on_no_answer" belongs to "send": "block" asks nobody')
  }
  if (block !== undefined && !Object.hasOwn(block, 'reason')) {
    faults.add(
      'W204',
      where.ofKey(holder, 'block'),
      `no reason given; logs and metrics will say "${DEFAULTS.reason}"`
    )
  }
}

function surroundingsOf(check: Check): Surroundings {
  const { draft, where, faults } = check
  const { providers = {}, defaults = {} } = draft
  return {
    channelsOf: new Map(
      Object.entries(providers).flatMap(([name, entry]) =>
        entry?.channels === undefined || faults.hasErrorIn(where.of(providers, name))
          ? []
          : [[name, asList(entry.channels)] as const]
      )
    ),
    senders: soundSenders(check),
    defaultSenders: defaults.sender === undefined ? null : asList(defaults.sender),
    budget: checkTimes(defaults, { where, faults }),
    where,
    faults
  }
}

function soundSenders({ draft, where, faults, places }: Check): ReadonlyMap<string, SenderEntry> {
  const { senders = {} } = draft
  const sound = new Map<string, SenderEntry>()
  for (const [name, sender] of Object.entries(senders)) {
    // Both are required: where one is missing, that is an error too, but one without a place in here.
    const whole = sender?.kind !== undefined && sender.value !== undefined
    if (!whole || faults.hasErrorIn(where.of(senders, name))) continue
    sound.set(name, toSender(name, sender as WrittenSender, places))
  }
  return sound
}
