import type { SenderKind } from '../domain/message.ts'
import type { Country } from '../domain/phone.ts'
import type { Canary, OnNoAnswer, ProviderEntry, Rule, SenderEntry, Step, When } from '../domain/rules.ts'
import type { Places } from './groups.ts'
import { DEFAULTS, type RulesFile } from './schema.ts'
import type { SenderCountries } from './sender-countries.ts'
import { parseDuration, parseEnd } from './values.ts'

type Written = RulesFile['rules'] extends readonly (infer Rule)[] | undefined ? Rule : never
export type WrittenRule = Written
export type WrittenWhen = Written['when']
export type WrittenSend = NonNullable<Written['send']>
export type WrittenSender = RulesFile['senders'][string]
export type WrittenProvider = NonNullable<RulesFile['providers']['twilio']>

/** A value that may be written as a list of one. */
export function asList<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T]
}

function toWhen(written: WrittenWhen, places: Places): When {
  const { country, not_country, prefix, number_type, channel, flow, locale, org } = written
  return {
    ...(country === undefined ? {} : { country: toCountries(country, places) }),
    ...(not_country === undefined ? {} : { not_country: toCountries(not_country, places) }),
    ...(prefix === undefined ? {} : { prefix: asList(prefix) }),
    ...(number_type === undefined ? {} : { number_type: asList(number_type) }),
    ...(channel === undefined ? {} : { channel: asList(channel) }),
    ...(flow === undefined ? {} : { flow: asList(flow) }),
    ...(locale === undefined ? {} : { locale: asList(locale).map((tag) => tag.toLowerCase()) }),
    ...(org === undefined ? {} : { org: asList(org).map((domain) => domain.toLowerCase()) })
  }
}

export function toProvider(written: WrittenProvider, places: Places): ProviderEntry {
  const { channels, only_for: onlyFor, not_for: notFor = [], capacity_per_second: capacity = null } = written
  return {
    channels: asList(channels),
    onlyFor: onlyFor === undefined ? null : toCountries(onlyFor, places),
    notFor: toCountries(notFor, places),
    capacityPerSecond: capacity
  }
}

/** What a sender's entry is read with. */
export interface SenderContext {
  readonly places: Places
  readonly senderCountries: SenderCountries
}

export function toSender(
  name: string,
  written: WrittenSender,
  { places, senderCountries }: SenderContext
): SenderEntry {
  const {
    kind,
    value,
    only,
    only_for: onlyFor,
    not_for: notFor = [],
    registered_in: registeredIn = []
  } = written
  return {
    name,
    kind: kind satisfies SenderKind,
    value,
    only: only === undefined ? null : asList(only),
    onlyFor: onlyFor === undefined ? null : toCountries(onlyFor, places),
    notFor: toCountries(notFor, places),
    refusedBy: kind === 'alphanumeric' ? senderCountries.refusedBy : new Map(),
    registeredIn: toCountries(registeredIn, places)
  }
}

/** All of a rule but what it does. */
export function toRule(
  rule: Pick<WrittenRule, 'name' | 'why' | 'owner' | 'until' | 'shadow' | 'when'>,
  places: Places
): Omit<Rule, 'action'> {
  const { name, why = null, owner = null, until, shadow = false, when } = rule
  const { country, not_country } = when
  return {
    name,
    why,
    owner,
    untilMs: until === undefined ? null : parseEnd(until),
    shadow,
    when: toWhen(when, places),
    written: {
      ...(country === undefined ? {} : { country: asList(country) }),
      ...(not_country === undefined ? {} : { not_country: asList(not_country) })
    }
  }
}

export function toCanary(written: NonNullable<RulesFile['canary']>): Canary {
  const { percent, org, min_sample: minSample = DEFAULTS.canary.minSample } = written
  return {
    share: percent / 100,
    orgs: org === undefined ? null : asList(org).map((domain) => domain.toLowerCase()),
    minSample
  }
}

/** @param onNoAnswer what the rule says, for steps that say nothing. */
export function toSteps(written: WrittenSend, onNoAnswer: OnNoAnswer | null): readonly Step[] {
  return written.map((step): Step => {
    if (typeof step === 'string') {
      return { kind: 'provider', provider: step, senders: null, timeoutMs: null, onNoAnswer }
    }
    const settings = {
      senders: step.sender === undefined ? null : asList(step.sender),
      timeoutMs: step.timeout === undefined ? null : parseDuration(step.timeout),
      onNoAnswer: step.on_no_answer ?? onNoAnswer
    }
    if ('provider' in step) return { kind: 'provider', provider: step.provider, ...settings }
    const arms = Object.entries(step.split).map(([provider, weight]) => ({ provider, weight: weight ?? 0 }))
    return { kind: 'split', arms, ...settings }
  })
}

function toCountries(written: string | readonly string[], places: Places): readonly Country[] {
  return [...new Set(asList(written).flatMap(places))]
}
