/** One time that a provider was out. */
export interface Episode {
  readonly provider: string
  readonly channel: string
  /** Ms since 1970. */
  readonly fromMs: number
  /** Null: it still was at the end of the log. */
  readonly toMs: number | null
  readonly cause: string
  /** How often its breaker opened in it: more than once where it was tried, and failed again. */
  readonly openings: number
}

export interface BreakerEvent {
  readonly kind: 'opened' | 'closed'
  readonly provider: string
  readonly channel: string
  readonly atMs: number
  readonly cause: string
}

/**
 * Puts openings and closings together. A provider is out from the first opening until the last closing before the
 * next opening: the log does not say which node opened, and with several the last of them ends it.
 *
 * @param restarts ms since 1970; a breaker does not outlive its process. Only of one node: others go on.
 */
export function episodesOf(events: readonly BreakerEvent[], restarts: readonly number[]): readonly Episode[] {
  const circuits = Map.groupBy(events, ({ provider, channel }) => `${provider} ${channel}`)
  return [...circuits.values()]
    .flatMap((events) => episodesOfOne(events, restarts))
    .toSorted((one, other) => one.fromMs - other.fromMs)
}

function episodesOfOne(events: readonly BreakerEvent[], restarts: readonly number[]): readonly Episode[] {
  const all = [...events, ...restarts.map((atMs) => ({ kind: 'restarted' as const, atMs }))]
  const episodes: { -readonly [K in keyof Episode]: Episode[K] }[] = []
  for (const event of all.toSorted((one, other) => one.atMs - other.atMs)) {
    const current = episodes.at(-1)
    if (event.kind === 'opened') {
      const { provider, channel, atMs, cause } = event
      if (current !== undefined && current.toMs === null) current.openings += 1
      else episodes.push({ provider, channel, fromMs: atMs, toMs: null, cause, openings: 1 })
    } else if (current !== undefined && (event.kind === 'closed' || current.toMs === null)) {
      current.toMs = event.atMs
    }
  }
  return episodes
}
