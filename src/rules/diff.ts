import type { Channel } from '../domain/message.ts'
import type { Country } from '../domain/phone.ts'
import { compileRouter, type Router } from '../domain/router.ts'
import type { Rule, RuleSet } from '../domain/rules.ts'
import { regionsOf } from './regions.ts'
import { groupBy, routeOf, type Route } from './routes.ts'
import { writeDuration } from './values.ts'

/** Requests that go another way in the second file. */
export interface RouteChange {
  readonly channel: Channel
  /** In the order of codes. */
  readonly countries: readonly Country[]
  /** Global networks, by their calling codes without "+". */
  readonly networks: readonly string[]
  /** Which of their requests: "number type premium_rate"; none where all. */
  readonly conditions: readonly string[]
  readonly before: Route
  readonly after: Route
  /** Ms since 1970: when it begins, because a temporary rule ends then; null for now. */
  readonly fromMs: number | null
}

/** Something that holds for every request. */
export interface SettingChange {
  /** As the file names it: "defaults.deadline". */
  readonly setting: string
  /** Null where it is not there. */
  readonly before: string | null
  readonly after: string | null
}

export interface RulesDiff {
  readonly routes: readonly RouteChange[]
  readonly settings: readonly SettingChange[]
  /** More kinds of requests than were compared: some changes may be missing. */
  readonly truncated: boolean
}

/** So many ends of temporary rules are looked beyond. */
const MOST_MOMENTS = 12

/** Where every provider is well, and nobody asks again: now, and behind each end of a temporary rule. */
export function diffRules(before: RuleSet, after: RuleSet, nowMs: number): RulesDiff {
  const ends = [...before.rules, ...after.rules].flatMap(({ untilMs }) =>
    untilMs !== null && untilMs > nowMs ? [untilMs] : []
  )
  const moments = [nowMs, ...[...new Set(ends)].toSorted((a, b) => a - b)]
  const old = compileRouter(before, { shadows: false })
  const next = compileRouter(after, { shadows: false })
  const routes: RouteChange[] = []
  let truncated = moments.length > MOST_MOMENTS
  let known: ReadonlySet<string> = new Set()
  for (const atMs of moments.slice(0, MOST_MOMENTS)) {
    const found = changesAt(old, next, { atMs, fromMs: atMs === nowMs ? null : atMs, known })
    routes.push(...found.routes)
    truncated ||= found.truncated
    known = found.all
  }
  return { routes, settings: diffSettings(before, after), truncated }
}

interface Moment {
  readonly atMs: number
  readonly fromMs: number | null
  /** What changed already at the moment before. */
  readonly known: ReadonlySet<string>
}

function changesAt(old: Router, next: Router, { atMs, fromMs, known }: Moment) {
  const changes = new Map<
    string,
    Omit<RouteChange, 'countries' | 'networks'> & { countries: Country[]; networks: string[] }
  >()
  const all = new Set<string>()
  let truncated = false
  for (const region of regionsOf([old, next], atMs)) {
    const { territory, channel, cells, describe } = region
    truncated ||= region.truncated
    const ways = groupBy(cells, ({ facts }) => ({ before: routeOf(old, facts), after: routeOf(next, facts) }))
    for (const { key, members } of ways) {
      if (JSON.stringify(key.before) === JSON.stringify(key.after)) continue
      const conditions = describe(members).filter((condition) => condition !== '')
      const text = JSON.stringify([channel, conditions, key])
      const here = `${territory.country ?? territory.callingCode} ${text}`
      all.add(here)
      if (known.has(here)) continue
      const change = changes.get(text) ?? { channel, conditions, ...key, fromMs, countries: [], networks: [] }
      if (territory.country === null) change.networks.push(territory.callingCode)
      else change.countries.push(territory.country)
      changes.set(text, change)
    }
  }
  return { routes: [...changes.values()], all, truncated }
}

function diffSettings(before: RuleSet, after: RuleSet): readonly SettingChange[] {
  const [old, next] = [settingsOf(before), settingsOf(after)]
  return [...new Set([...old.keys(), ...next.keys()])]
    .map((setting) => ({ setting, before: old.get(setting) ?? null, after: next.get(setting) ?? null }))
    .filter((change) => change.before !== change.after)
}

/** What a file says that no chain shows. */
function settingsOf({
  defaults,
  reply,
  providers,
  senders,
  rules,
  canary
}: RuleSet): ReadonlyMap<string, string> {
  const { resend, breaker } = defaults
  const settings: readonly (readonly [string, string | null])[] = [
    ['defaults.deadline', writeDuration(defaults.deadlineMs)],
    ['defaults.min_attempt', writeDuration(defaults.minAttemptMs)],
    ['defaults.max_attempts', String(defaults.maxAttempts)],
    ['defaults.country', defaults.country],
    ['defaults.resend.within', writeDuration(resend.withinMs)],
    ['defaults.resend.prefer_other_provider', String(resend.preferOtherProvider)],
    ['defaults.breaker.window', writeDuration(breaker.windowMs)],
    ['defaults.breaker.min_calls', String(breaker.minCalls)],
    ['defaults.breaker.failure_rate', `${breaker.failureRate * 100}%`],
    ['defaults.breaker.in_a_row', String(breaker.inARow)],
    ['defaults.breaker.open_for', writeDuration(breaker.openForMs)],
    ['defaults.breaker.open_at_most', writeDuration(breaker.openAtMostMs)],
    ['reply.all_failed', reply.allFailed],
    ['reply.undecided', reply.undecided],
    ['reply.blocked', reply.blocked],
    ...[...providers].map(
      ([name, { capacityPerSecond: capacity }]) =>
        [`providers.${name}.capacity_per_second`, capacity === null ? null : String(capacity)] as const
    ),
    ...[...senders].flatMap(([name, { value, registeredIn }]) => [
      [`senders.${name}.value`, value] as const,
      [`senders.${name}.registered_in`, registeredIn.length === 0 ? null : registeredIn.join(', ')] as const
    ]),
    ...rules.flatMap((rule): readonly (readonly [string, string | null])[] => [
      [`rules.${rule.name}.until`, rule.untilMs === null ? null : new Date(rule.untilMs).toISOString()],
      [`rules.${rule.name} (in the shadow)`, rule.shadow ? shadowInWords(rule) : null]
    ]),
    ['canary.percent', canary === null ? null : String(Math.round(canary.share * 100))],
    ['canary.org', canary?.orgs?.join(', ') ?? null],
    ['canary.min_sample', canary === null ? null : String(canary.minSample)]
  ]
  return new Map(settings.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}

/** No chain shows what it would do: here it is whole. */
function shadowInWords({ when, action }: Rule): string {
  const does =
    action.kind === 'block'
      ? `block ${action.reason}`
      : `send ${action.steps.map((step) => (step.kind === 'split' ? `split ${step.arms.map(({ provider, weight }) => `${provider} ${weight}`).join(' ')}` : step.provider)).join(', ')}`
  return `${JSON.stringify(when)} ${does}`
}
