import { createHash } from 'node:crypto'
import { Value } from 'typebox/value'
import type { RuleSet, SenderEntry, When } from '../domain/rules.ts'
import { buildRuleSet } from './build.ts'
import { checkChain, type Surroundings } from './chains.ts'
import { decode, type Draft, type Shape, type Whereabouts } from './decode.ts'
import { builtinGroups } from './builtin-groups.ts'
import {
  asList,
  toRule,
  toSender,
  type SenderContext,
  type WrittenRule,
  type WrittenSender
} from './entries.ts'
import { createFaultList, quote, type Fault, type FaultList } from './faults.ts'
import { resolveGroups } from './groups.ts'
import { checkTimes } from './limits.ts'
import { findReach, type ReachableRule } from './never-reached.ts'
import { checkReferences } from './references.ts'
import { findUnregistered } from './registration.ts'
import { DEFAULTS, RulesFile } from './schema.ts'
import { SENDER_COUNTRIES, type SenderCountries } from './sender-countries.ts'
import { checkSenders } from './senders.ts'
import { createSource, type Source, type Span } from './source.ts'
import { readYaml } from './yaml-tree.ts'

export type ParsedRules =
  | { readonly kind: 'ok'; readonly rules: RuleSet; readonly warnings: readonly Fault[] }
  /** Errors, and the warnings among them. */
  | { readonly kind: 'faulty'; readonly faults: readonly Fault[] }

/** As long as the hash in every log line. */
const HASH_LENGTH = 12

export interface ParseOptions {
  /** Ms since 1970: rules may have an end. */
  readonly nowMs: number
  /** What carriers do with names as senders; the table that ships where it is left out. */
  readonly senderCountries?: SenderCountries
  /** It is read to be tried beside the rules in force: only then `canary` counts. */
  readonly candidate?: boolean
}

/**
 * Reads and checks a rules file. Every fault is found in one run, each with its place.
 *
 * Pure, and throws on no text.
 *
 * @param file the file's name, for messages.
 */
export function parseRules(text: string, file: string, options: ParseOptions): ParsedRules {
  const source = createSource(text, file)
  const faults = createFaultList(source)
  const { root, brokenAt } = readYaml(source, faults)
  const checked = root === null ? undefined : checkTree(root, { source, faults, options })

  const found = faults.sorted(brokenAt)
  const sound = brokenAt === null && found.every(({ severity }) => severity === 'warning')
  if (!sound || checked === undefined) return { kind: 'faulty', faults: found }
  // Never false for a draft without a fault. It proves to the compiler that nothing is missing.
  if (!Value.Check(RulesFile, checked.draft)) {
    faults.add('E103', { start: 0, end: 0 }, 'the file does not follow config/routing.schema.json')
    return { kind: 'faulty', faults: faults.sorted(null) }
  }
  const rules = buildRuleSet(checked.draft, checked, hashOf(text))
  warnOfUnregistered(rules, checked)
  return { kind: 'ok', rules, warnings: faults.sorted(null) }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_LENGTH)
}

type Root = NonNullable<ReturnType<typeof readYaml>['root']>

interface Check extends SenderContext {
  readonly draft: Draft<RulesFile>
  readonly where: Whereabouts
  readonly faults: FaultList
  readonly nowMs: number
}

interface Task {
  readonly source: Source
  readonly faults: FaultList
  readonly options: ParseOptions
}

function checkTree(root: Root, { source, faults, options }: Task): Check | undefined {
  // A TypeBox schema is plain JSON Schema; its type says so less plainly.
  const decoded = decode(RulesFile as unknown as Shape, root, faults)
  if (decoded.draft === undefined) return undefined
  // The decoder leaves out what does not fit, and that is what a draft is.
  const draft = decoded.draft as Draft<RulesFile>
  const { where } = decoded

  checkReferences(draft, decoded.references, { where, faults })
  const { nowMs, senderCountries = SENDER_COUNTRIES, candidate = false } = options
  const groups = draft.country_groups ?? {}
  const places = resolveGroups(groups, builtinGroups(senderCountries), { where, faults })
  const check = { draft, where, faults, places, senderCountries, nowMs }
  if (draft.canary !== undefined && !candidate) {
    faults.add(
      'W210',
      where.ofKey(draft, 'canary'),
      'counts only in the file that ROUTING_SHADOW_FILE names; here it does nothing'
    )
  }
  checkSenders(draft.senders ?? {}, check)
  checkRules(check, source)
  return check
}

function checkRules(check: Check, source: Source): void {
  const { draft, where, faults, nowMs } = check
  const { rules = [], otherwise = {} } = draft
  const around = surroundingsOf(check)
  const sound: (ReachableRule & { readonly name: string; readonly span: Span })[] = []
  const lines = new Map<string, number>()

  rules.forEach((rule, index) => {
    if (rule.name !== undefined) checkName(rule.name, where.of(rule, 'name'), { lines, source, faults })
    const read = soundRule(rule, check)
    if (read !== null) {
      sound.push({ ...read, name: rule.name ?? `number ${index + 1}`, span: where.of(rule, 'name') })
    }
    if (read?.untilMs !== undefined && read.untilMs !== null) {
      warnOfEnd(read.untilMs, nowMs, { span: where.of(rule, 'until'), faults })
    }
    checkAction(rule, read?.when ?? null, around)
  })
  checkAction(otherwise, {}, around)

  findReach(sound, nowMs).forEach((reach, index) => {
    const { name, span } = sound[index] ?? { name: '', span: { start: 0, end: 0 } }
    const say = (why: string) => faults.add('W201', span, `rule ${quote(name)} is never reached: ${why}`)
    if (reach.kind === 'impossible') say('its conditions exclude each other')
    if (reach.kind === 'covered') say(sayCovered(reach.by.map((number) => sound[number]?.name ?? '')))
  })
}

const MOST_NAMED = 5

function sayCovered(names: readonly string[]): string {
  const [only] = names
  if (names.length === 1) return `rule ${quote(only ?? '')} above already takes everything it matches`
  const shown = names.slice(0, MOST_NAMED).map(quote).join(', ')
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''
  return `the rules ${shown}${more} above together already take everything it matches`
}

const SOON_MS = 7 * 24 * 60 * 60_000

function warnOfEnd(
  untilMs: number,
  nowMs: number,
  { span, faults }: { readonly span: Span; readonly faults: FaultList }
): void {
  const leftMs = untilMs - nowMs
  const end = new Date(untilMs).toISOString().replace('.000Z', 'Z')
  if (leftMs <= 0) {
    faults.add('W206', span, `ended at ${end}: the rule is passed over; take it out or renew it`)
  } else if (leftMs <= SOON_MS) {
    const days = Math.ceil(leftMs / (24 * 60 * 60_000))
    faults.add('W207', span, `ends at ${end}, within ${days === 1 ? 'a day' : `${days} days`}`)
  }
}

/** Names of senders that are used where they would have to be registered, and are not said to be. */
function warnOfUnregistered(rules: RuleSet, { draft, where, faults, senderCountries, nowMs }: Check): void {
  for (const [name, countries] of findUnregistered(rules, senderCountries.registration, nowMs)) {
    const shown = countries.slice(0, MOST_NAMED).join(', ')
    const more = countries.length > MOST_NAMED ? ` and ${countries.length - MOST_NAMED} more` : ''
    faults.add(
      'W208',
      where.ofKey(draft.senders ?? {}, name),
      `carriers in ${shown}${more} take only registered names: list under "registered_in" where ${quote(name)} is registered, or keep it out by "not_for: sender_registration"`
    )
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
function soundRule(rule: DraftRule, { where, faults, places }: Check) {
  const faulty = (key: 'when' | 'until' | 'shadow'): boolean => faults.hasErrorIn(where.of(rule, key))
  if (rule.when === undefined || faulty('when') || faulty('until') || faulty('shadow')) return null
  return toRule(rule as WrittenRule, places)
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

function soundSenders({
  draft,
  where,
  faults,
  places,
  senderCountries
}: Check): ReadonlyMap<string, SenderEntry> {
  const { senders = {} } = draft
  const sound = new Map<string, SenderEntry>()
  for (const [name, sender] of Object.entries(senders)) {
    // Both are required: where one is missing, that is an error too, but one without a place in here.
    const whole = sender?.kind !== undefined && sender.value !== undefined
    if (!whole || faults.hasErrorIn(where.of(senders, name))) continue
    sound.set(name, toSender(name, sender as WrittenSender, { places, senderCountries }))
  }
  return sound
}
