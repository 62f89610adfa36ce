import type { AdminStatus, ShownOverride } from '../admin/admin-app.ts'
import type { ProviderState } from '../domain/condition.ts'
import type { Channel } from '../domain/message.ts'
import { covers, type Override, type Use } from '../domain/override.ts'
import { sentenceOf } from './override-words.ts'

/** What a running gateway says of its providers. */
export interface NodeState {
  readonly rulesHash: string
  /** Its canary, where one decides for some people. */
  readonly canary: { readonly hash: string; readonly percent: number } | null
  readonly stateOf: (use: Use) => ProviderState
  /** Who has taken it out for this use, why, and until when; null where nobody has. */
  readonly drainInWords: (use: Use) => string | null
  /** "closed, 12 of 30 a second". */
  readonly inWords: (provider: string, channel: Channel) => string
}

/** What `GET /status` answers. */
export type NodeStatus = AdminStatus & { readonly overrides: readonly ShownOverride[] }

export function nodeStateOf({
  rules,
  providers,
  breakers,
  cooldowns,
  capacity,
  overrides
}: NodeStatus): NodeState {
  const breakerOf = (provider: string, channel: Channel) =>
    breakers.find((one) => one.provider === provider && one.channel === channel)
  const coolingOf = (provider: string, channel: Channel) =>
    cooldowns.find((one) => one.provider === provider && one.channel === channel)?.leftMs ?? null

  return {
    rulesHash: rules.hash,
    canary: canaryOf(rules.candidate),
    stateOf(use) {
      const breaker = breakerOf(use.provider, use.channel)
      return {
        hasCredentials: providers.some(
          ({ name, channels }) => name === use.provider && channels.includes(use.channel)
        ),
        isDrained: overrides.some((override) => covers(asOverride(override), use)),
        openMs: breaker === undefined || breaker.isAvailable ? null : (breaker.openMs ?? 0),
        coolingMs: coolingOf(use.provider, use.channel)
      }
    },
    drainInWords(use) {
      const drain = overrides.find((override) => covers(asOverride(override), use))
      return drain === undefined ? null : sentenceOf(drain)
    },
    inWords(provider, channel) {
      const breaker = breakerOf(provider, channel)
      const state = breaker?.state.replace('_', '-') ?? 'closed'
      const since = breaker?.openMs == null ? '' : ` for ${Math.round(breaker.openMs / 1000)} s`
      const use = capacity.find((one) => one.provider === provider)
      const busy = use === undefined ? '' : `, ${use.taken} of ${use.perSecond} a second`
      return `${state}${since}${busy}`
    }
  }
}

function canaryOf(candidate: AdminStatus['rules']['candidate']): NodeState['canary'] {
  if (candidate === null || candidate.canaryStopped) return null
  const { hash, canaryPercent: percent } = candidate
  return hash === null || percent === null ? null : { hash, percent }
}

function asOverride({ setAt, until, ...override }: ShownOverride): Override {
  return { ...override, setAt: Date.parse(setAt), until: Date.parse(until) }
}
