import type { AdminStatus } from '../admin/admin-app.ts'
import { CHANNELS, type Channel } from '../domain/message.ts'
import { covers, type Override } from '../domain/override.ts'
import type { Rule, RuleSet } from '../domain/rules.ts'
import type { Rejection, RulesStatus } from '../rules/keeper.ts'
import { renderFaults } from '../rules/report.ts'
import type { NodeView } from './ports.ts'
import { WINDOW_MS, type RecentCounts } from './recent-counts.ts'
import type {
  ShownDrain,
  ShownProvider,
  ShownProviderChannel,
  ShownRulesInForce,
  ShownState
} from './shown.ts'

/** @returns what says how the gateway stands, for people. */
export function createStateReader({
  node,
  counts,
  epoch
}: {
  readonly node: NodeView
  readonly counts: RecentCounts
  /** Ms since 1970. */
  readonly epoch: () => number
}): () => ShownState {
  // Asked for each second, and the same as long as the file is.
  const wordsOf = lastOne(rejectionInWords)
  return () => {
    const status = node.status()
    const overrides = node.overrides()
    const { rules } = node.liveRules()
    const around = { status, overrides, rules, counts }
    const { rejection, ...rulesStatus } = node.rulesStatus()
    return {
      nowMs: epoch(),
      node: {
        version: status.version,
        mode: status.mode,
        startedAtMs: node.startedAtMs,
        state: STATES[status.state] ?? status.state,
        inFlight: status.inFlight,
        hanging: status.hanging
      },
      windowMs: WINDOW_MS,
      totals: counts.totals(),
      minutes: counts.minutes(),
      providers: status.providers.map((provider) => shownProvider(provider, around)),
      countries: counts.countries(),
      overrides: overrides.map(shownDrain),
      rules: {
        ...shownRulesInForce(status, rulesStatus, around),
        rejection: rejection === null ? null : { atMs: rejection.atMs, words: wordsOf(rejection) }
      }
    }
  }
}

/** Remembers what it made of the last one. */
function lastOne<K, V>(make: (key: K) => V): (key: K) => V {
  let last: { readonly key: K; readonly value: V } | null = null
  return (key) => {
    if (last?.key !== key) last = { key, value: make(key) }
    return last.value
  }
}

/** Of what nodes share. */
const STATES: Readonly<Record<string, string>> = {
  memory: 'alone',
  redis: 'connected',
  redis_unreachable: 'lost'
}

interface Around {
  readonly status: AdminStatus
  readonly overrides: readonly Override[]
  readonly rules: RuleSet
  readonly counts: RecentCounts
}

function shownProvider({ name, channels }: AdminStatus['providers'][number], around: Around): ShownProvider {
  const use = around.status.capacity.find(({ provider }) => provider === name)
  return {
    name,
    channels: CHANNELS.filter((channel) => channels.includes(channel)).map((channel) =>
      shownChannel(name, channel, around)
    ),
    capacity: use === undefined ? null : { perSecond: use.perSecond, taken: use.taken, refused: use.refused }
  }
}

function shownChannel(
  provider: string,
  channel: Channel,
  { status, overrides, rules, counts }: Around
): ShownProviderChannel {
  const isThis = (one: { readonly provider: string; readonly channel: Channel }): boolean =>
    one.provider === provider && one.channel === channel
  const history = counts.historyOf(provider, channel)
  return {
    channel,
    breaker: status.breakers.find(isThis)?.state ?? 'closed',
    sinceMs: history.findLast(({ to }) => to !== 'kept_closed')?.atMs ?? null,
    history,
    coolingMs: status.cooldowns.find(isThis)?.leftMs ?? null,
    isInRules: rules.providers.get(provider)?.channels.includes(channel) === true,
    isDrained: overrides.some((override) => covers(override, { provider, channel, country: null })),
    ...counts.attemptsOf(provider, channel)
  }
}

export function shownDrain({ provider, channel, country, why, by, setAt, until }: Override): ShownDrain {
  return { provider, channel, country, why, by, setAtMs: setAt, untilMs: until }
}

function shownRulesInForce(
  { rules: { candidate } }: AdminStatus,
  { file, hash, loadedAtMs }: Pick<RulesStatus, 'file' | 'hash' | 'loadedAtMs'>,
  { rules: { rules, otherwise }, counts }: Around
): Omit<ShownRulesInForce, 'rejection'> {
  const matches = counts.matches()
  const shown = (rule: Pick<Rule, 'name' | 'action' | 'shadow' | 'owner' | 'why' | 'untilMs'>) => ({
    name: rule.name,
    does: rule.action.kind,
    shadow: rule.shadow,
    owner: rule.owner,
    why: rule.why,
    untilMs: rule.untilMs,
    matchedLastHour: matches.get(rule.name) ?? 0,
    lastMatchedAtMs: counts.lastMatchAtMs(rule.name)
  })
  const last = {
    name: 'otherwise',
    action: otherwise,
    shadow: false,
    owner: null,
    why: null,
    untilMs: null
  }
  return {
    file,
    hash,
    loadedAtMs,
    candidate:
      candidate === null
        ? null
        : {
            file: candidate.file,
            hash: candidate.hash,
            canaryPercent: candidate.canaryPercent,
            canaryStopped: candidate.canaryStopped
          },
    rules: [...rules, last].map(shown)
  }
}

/** Longer lists are for `switchboard check`. */
const MOST_SHOWN = 20

function rejectionInWords({ faults, text, unreadable }: Rejection): string {
  const errors = faults.filter(({ severity }) => severity === 'error').slice(0, MOST_SHOWN)
  return text === null ? (unreadable ?? '') : renderFaults(text, errors, { colour: false })
}
