import type { Skipped, SkipReason } from '../domain/router.ts'
import type { RouteChain, Route } from '../rules/routes.ts'

/** Where a file tells more kinds of requests apart than are looked at. */
export const TRUNCATED =
  'Careful: there are more kinds of requests than were looked at, and some may be missing here.\n'

/** "80 %: messagebird, then twilio; 20 %: twilio, then messagebird", or why nobody is asked. */
export function routeInWords({ blocked, chains }: Pick<Route, 'blocked' | 'chains'>): string {
  if (blocked !== null) return `blocked (${blocked})`
  return chains
    .map(({ share, steps }) => {
      const order = steps.map(({ provider }) => provider).join(', then ') || 'nobody'
      return chains.length === 1 ? order : `${percent(share)}: ${order}`
    })
    .join('; ')
}

/** What two routes that ask the same providers in the same order do otherwise; "" where they do not. */
export function detailsInWords(before: readonly RouteChain[], after: readonly RouteChain[]): string {
  const differences = new Set<string>()
  for (const [number, { steps }] of after.entries()) {
    for (const [place, step] of steps.entries()) {
      const old = before[number]?.steps[place]
      if (old === undefined) continue
      const { provider } = step
      if (old.sender !== step.sender) {
        differences.add(`${provider} from ${step.sender} instead of ${old.sender}`)
      }
      if (old.timeoutMs !== step.timeoutMs) {
        differences.add(`${provider} with ${step.timeoutMs} ms instead of ${old.timeoutMs} ms`)
      }
      if (old.onNoAnswer !== step.onNoAnswer) {
        differences.add(
          step.onNoAnswer === 'wait' ? `${provider} is waited for` : `${provider} is no longer waited for`
        )
      }
    }
  }
  return [...differences].join(', ')
}

export function skippedInWords(skipped: readonly Skipped[]): string {
  return skipped.map(({ provider, reason }) => `${provider} (${SKIP_IN_WORDS[reason]})`).join(', ')
}

const SKIP_IN_WORDS: { readonly [R in SkipReason]: string } = {
  no_credentials: 'no credentials',
  no_channel: 'does not do the channel',
  not_for_country: 'not for this country',
  no_sender: 'no sender that may be used there',
  drained: 'drained by a person',
  breaker_open: 'its breaker is open',
  cooling_down: 'it asked to be left alone',
  beyond_max_attempts: 'beyond max_attempts'
}

/** "80 %", "0.4 %". */
export function percent(share: number): string {
  const value = share * 100
  const digits = value === 0 || value >= 10 || Number.isInteger(value) ? 0 : 1
  return `${value.toFixed(digits)} %`
}
