import type { Channel } from '../domain/message.ts'
import type { Country } from '../domain/phone.ts'
import { compileRouter } from '../domain/router.ts'
import type { RuleSet } from '../domain/rules.ts'
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

/** Where every provider is well, and nobody asks again. */
export function diffRules(before: RuleSet, after: RuleSet, atMs: number): RulesDiff {
  const [old, next] = [before, after].map((file) => compileRouter(file, { shadows: false }))
  if (old === undefined || next === undefined) throw new Error('Two files are compared.')
  const changes = new Map<
    string,
    Omit<RouteChange, 'countries' | 'networks'> & { countries: Country[]; networks: string[] }
  >()
  let truncated = false

  for (const region of regionsOf([old, next], atMs)) {
    const { territory, channel, cells, describe } = region
    truncated ||= region.truncated
    const ways = groupBy(cells, ({ facts }) => ({ before: routeOf(old, facts), after: routeOf(next, facts) }))
    for (const { key, members } of ways) {
      if (JSON.stringify(key.before) === JSON.stringify(key.after)) continue
      const conditions = describe(members).filter((condition) => condition !== '')
      const text = JSON.stringify([channel, conditions, key])
      const change = changes.get(text) ?? { channel, conditions, ...key, countries: [], networks: [] }
      if (territory.country === null) change.networks.push(territory.callingCode)
      else change.countries.push(territory.country)
      changes.set(text, change)
    }
  }
  return { routes: [...changes.values()], settings: diffSettings(before, after), truncated }
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
  const shadows = rules.filter(({ shadow }) => shadow).map(({ name }) => name)
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
    ...[...senders].map(([name, { value }]) => [`senders.${name}.value`, value] as const),
    ['rules in the shadow', shadows.length === 0 ? null : shadows.join(', ')],
    ['canary.percent', canary === null ? null : String(Math.round(canary.share * 100))],
    ['canary.org', canary?.orgs?.join(', ') ?? null]
  ]
  return new Map(settings.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}
