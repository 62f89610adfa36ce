import { batch } from '@preact/signals'
import type { ShownRequest, ShownSandbox, ShownSession, ShownState } from '../shown.ts'
import { call } from './api.ts'
import {
  connection,
  endSession,
  knownSecret,
  learnRequests,
  learnState,
  now,
  nowMs,
  sandbox,
  session
} from './store.ts'

/** The gateway says at least this often that it is there. */
const SILENCE_MS = 30_000
/** Between two tries: the first follows at once, the last is repeated. */
const WAITS_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000] as const
/** What comes within this is drawn together. */
const GATHER_MS = 150

let source: EventSource | null = null
let tries = 0
let retry: ReturnType<typeof setTimeout> | undefined
let lastHeardMs = 0

let waiting = new Map<string, ShownRequest>()
let latest: ShownState | null = null
let gathering = false

/** Asks whether somebody is logged in, and listens where somebody is. */
export async function connect(): Promise<void> {
  clearTimeout(retry)
  const asked = await call<ShownSession>('GET', 'session')
  if (asked.kind === 'ok') knownSecret.value = asked.value.knownSecret
  if (asked.kind === 'ok' && !asked.value.open) {
    stop()
    endSession()
    return
  }
  const answer = await call<ShownState>('GET', 'state')
  if (answer.kind === 'ok') {
    learnState(answer.value)
    listen()
    return
  }
  if (answer.kind === 'refused' && answer.status === 401) {
    stop()
    endSession()
    return
  }
  // Before the first answer there is nothing to show as old: the log-in page says what is wrong.
  if (session.peek() === 'unknown') session.value = 'out'
  if (session.peek() === 'in') lose()
}

export function stop(): void {
  source?.close()
  source = null
  clearTimeout(retry)
  tries = 0
  connection.value = { kind: 'connecting' }
}

function listen(): void {
  source?.close()
  const opened = new EventSource('/console/api/events')
  source = opened
  lastHeardMs = performance.now()
  const on = (event: string, learn: (data: unknown) => void): void => {
    opened.addEventListener(event, ({ data }: MessageEvent<string>) => {
      heard()
      learn(JSON.parse(data))
    })
  }
  opened.addEventListener('open', heard)
  on('ping', () => undefined)
  on('state', (data) => {
    latest = data as ShownState
    gather()
  })
  on('requests', (data) => {
    for (const request of data as readonly ShownRequest[]) waiting.set(request.id, request)
    gather()
  })
  on('sandbox', (data) => (sandbox.value = data as ShownSandbox))
  // The browser's own tries know neither patience nor the end of a session.
  opened.addEventListener('error', lose)
}

function heard(): void {
  lastHeardMs = performance.now()
  tries = 0
  if (connection.peek().kind !== 'live') connection.value = { kind: 'live' }
}

/** Hundreds of codes a second are drawn a few times a second. */
function gather(): void {
  if (gathering) return
  gathering = true
  setTimeout(() => {
    gathering = false
    if (session.peek() !== 'in') return
    batch(() => {
      if (latest !== null) learnState(latest)
      if (waiting.size > 0) learnRequests([...waiting.values()])
    })
    latest = null
    waiting = new Map()
  }, GATHER_MS)
}

function lose(): void {
  source?.close()
  source = null
  const waitMs = WAITS_MS[Math.min(tries, WAITS_MS.length - 1)] ?? 0
  tries += 1
  const before = connection.peek()
  connection.value = {
    kind: 'lost',
    sinceMs: before.kind === 'lost' ? before.sinceMs : nowMs(),
    nextAtMs: nowMs() + waitMs
  }
  clearTimeout(retry)
  retry = setTimeout(() => void connect(), waitMs)
}

/** A laptop that slept has connections that nobody ends. */
export function watch(): void {
  setInterval(() => {
    now.value = nowMs()
    if (source !== null && performance.now() - lastHeardMs > SILENCE_MS) lose()
  }, 1_000)
  addEventListener('online', () => {
    if (connection.peek().kind === 'lost') void connect()
  })
}
