import { batch, computed, effect, signal } from '@preact/signals'
import type { ShownRequest, ShownSandbox, ShownState } from '../shown.ts'
import { call, type Answer } from './api.ts'

/** What the page knows. Everything drawn is made of these. */

/** `unknown` until the gateway has said whether somebody is logged in. */
export const session = signal<'unknown' | 'out' | 'in'>('unknown')
/** Said on the log-in page: why somebody is there again. */
export const sessionEnded = signal(false)
/** The sandbox's own, where nobody gave it another: said to everybody. */
export const knownSecret = signal<string | null>(null)
export const state = signal<ShownState | null>(null)
export const sandbox = signal<ShownSandbox | null>(null)
/** Newest first. */
export const requests = signal<readonly ShownRequest[]>([])

export type Connection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** By the gateway's clock: since when nothing is heard of it, and when it is asked again. */
  | { readonly kind: 'lost'; readonly sinceMs: number; readonly nextAtMs: number }

export const connection = signal<Connection>({ kind: 'connecting' })

/** As many as are drawn. The gateway's log has the rest. */
export const MOST_REQUESTS = 200

/** Changes far less often than the rest of the state. */
export const providerNames = computed(() => state.value?.providers.map(({ name }) => name).join(' ') ?? '')

let clockOffsetMs = 0

/** The gateway's clock: a phone's may be wrong. */
export function nowMs(): number {
  return performance.now() + clockOffsetMs
}

/** Ticks once a second, for what shows an age. */
export const now = signal(0)

export function learnState(next: ShownState): void {
  batch(() => {
    clockOffsetMs = next.nowMs - performance.now()
    now.value = next.nowMs
    state.value = next
    session.value = 'in'
  })
}

export function learnRequests(changed: readonly ShownRequest[]): void {
  const byId = new Map(requests.peek().map((request) => [request.id, request]))
  for (const request of changed) byId.set(request.id, request)
  requests.value = [...byId.values()]
    .toSorted((a, b) => b.arrivedAtMs - a.arrivedAtMs)
    .slice(0, MOST_REQUESTS)
}

/** Everything of the gateway is forgotten with the session. */
export function endSession(): void {
  batch(() => {
    sessionEnded.value = session.peek() === 'in'
    session.value = 'out'
    state.value = null
    sandbox.value = null
    requests.value = []
  })
}

/** As {@link call}; where the session is over, the log-in page follows. */
export async function ask<T>(...what: Parameters<typeof call>): Promise<Answer<T>> {
  const answer = await call<T>(...what)
  if (answer.kind === 'refused' && answer.status === 401) endSession()
  return answer
}

/** What is looked at: `#now/REQUEST-ID`, `#rules`. A link to it can be sent to somebody. */
export const place = signal(location.hash.slice(1))
addEventListener('hashchange', () => (place.value = location.hash.slice(1)))

export const view = computed(() => place.value.split('/')[0] ?? '')
export const detail = computed(() => decoded(place.value.split('/')[1] ?? ''))

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

/** Remembered by this browser; private windows and strict settings forget. */
export function remembered(name: string): string {
  try {
    return localStorage.getItem(`switchboard.${name}`) ?? ''
  } catch {
    return ''
  }
}

export function remember(name: string, value: string): void {
  try {
    localStorage.setItem(`switchboard.${name}`, value)
  } catch {
    // Then it is asked again.
  }
}

export const theme = signal(remembered('theme'))
effect(() => {
  const { dataset } = document.documentElement
  if (theme.value === '') delete dataset['theme']
  else dataset['theme'] = theme.value
})
