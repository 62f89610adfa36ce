import type { RecentRequests } from './recent-requests.ts'
import type { ShownState } from './shown.ts'
import type { Topic } from './streams.ts'

/** The last requests: all of them, then those that changed. */
export function requestsTopic(requests: RecentRequests): Topic {
  // Streams are told at the same time, mostly of the same.
  let last = { since: -1, version: -1, data: '' }
  return {
    name: 'requests',
    everyMs: 0,
    since(version) {
      const current = requests.version()
      const since = version ?? 0
      if (version === current) return null
      if (last.since !== since || last.version !== current) {
        last = { since, version: current, data: JSON.stringify(requests.list(since)) }
      }
      return last
    }
  }
}

/** How the gateway stands, where it stands otherwise than before. */
export function stateTopic(
  read: () => ShownState,
  {
    everyMs,
    now,
    epoch
  }: { readonly everyMs: number; readonly now: () => number; readonly epoch: () => number }
): Topic {
  let state: ShownState | null = null
  let readAtMs = -Infinity
  let version = 0
  let known = ''

  function look(): ShownState {
    if (state !== null && now() - readAtMs < everyMs) return state
    readAtMs = now()
    state = read()
    // That time goes by is no news.
    const said = JSON.stringify({ ...state, nowMs: 0 })
    if (said !== known) {
      known = said
      version += 1
    }
    return state
  }

  return {
    name: 'state',
    everyMs,
    since(heard) {
      const current = look()
      if (heard === version) return null
      return { version, data: JSON.stringify({ ...current, nowMs: epoch() }) }
    }
  }
}

/** What is small enough to be compared as it is told. */
export function valueTopic(name: string, everyMs: number, read: () => unknown): Topic {
  let version = 0
  let known = ''
  return {
    name,
    everyMs,
    since(heard) {
      const data = JSON.stringify(read())
      if (data !== known) {
        known = data
        version += 1
      }
      return heard === version ? null : { version, data }
    }
  }
}
