import { createClient, type RedisClientType } from '@redis/client'
import { MAX_ENTRIES } from './memory.ts'
import { SCRIPTS } from './redis-scripts.ts'
import type { Sealing } from './sealing.ts'
import type { State, StateEvent } from './state.ts'

/** The number is that of the form of the values: nodes of another form do not read ours. */
const PREFIX = 'switchboard:1:'

/** A code waits for it: no call takes longer, in ms. */
const DEADLINE_MS = 30

/** So many calls without an answer in time, one after another, and the server counts as lost. */
const LOST_AFTER_TIMEOUTS = 3

/** While it is lost, it is looked for so often, in ms. */
const LOOK_EVERY_MS = 500

/** For a connection, its greeting and the first answer, in ms. */
const CONNECT_WITHIN_MS = 2_000

/** Commands under way at most; what comes beyond is answered from memory. */
const MAX_COMMANDS = 1_000

/** Our values have a few hundred bytes. */
const MAX_VALUE_BYTES = 64 * 1024

export interface RedisStateDependencies {
  /** `redis://` or `rediss://`; may hold a password. */
  readonly url: string
  readonly sealing: Sealing
  /** Gets every write as well, and answers where the server does not. */
  readonly memory: State
  /** Monotonic, in ms. */
  readonly now: () => number
  readonly onEvent: (event: StateEvent) => void
  readonly deadlineMs?: number
  readonly lookEveryMs?: number
}

export interface RedisState extends State {
  /** Connects, and says so with `lost` where that does not work. Never takes longer than two seconds. */
  readonly start: () => Promise<void>
}

type Client = RedisClientType

/**
 * The state on Redis or Valkey. It never rejects and never waits longer than its deadline: what the server
 * does not answer in time, or answers with an error, is answered from memory. docs/decisions/0012-shared-state.md
 */
export function createRedisState(deps: RedisStateDependencies): RedisState {
  const { url, sealing, memory, now, onEvent, deadlineMs = DEADLINE_MS } = deps
  let client: Client | null = null
  let timeouts = 0
  let lostAtMs: number | null = null
  /** What somebody with another key has put there. As long as it stands, nothing is to be had from there. */
  let unreadable: string | null = null
  let closed = false
  let looking: NodeJS.Timeout | undefined

  /** One connection, and no second: when it is lost another one is made, to whatever the name then leads to. */
  async function connect(): Promise<string | null> {
    const candidate: Client = createClient({
      url,
      socket: { connectTimeout: CONNECT_WITHIN_MS, reconnectStrategy: false },
      disableOfflineQueue: true,
      commandsQueueMaxLength: MAX_COMMANDS,
      disableClientInfo: true,
      maintNotifications: 'disabled'
    })
    // A connection that breaks says so in one of these ways. Unheard, an error would end the process.
    const broken = (error: unknown): void => {
      if (client === candidate) lose(error === undefined ? 'closed' : causeOf(error))
    }
    candidate.on('error', broken)
    candidate.on('end', broken)
    const check = async (): Promise<void> => {
      await candidate.connect()
      // A replica, a full server and one that loads its data answer a read, and take nothing.
      await candidate.set(`${PREFIX}look`, '1', { PX: 10_000 })
      const sealed = unreadable === null ? null : await candidate.get(unreadable)
      if (sealed !== null && unreadable !== null) opened(sealed, unreadable)
      unreadable = null
    }
    const checked = await within(CONNECT_WITHIN_MS, check)
    if (checked.kind === 'value' && !closed) {
      client = candidate
      return null
    }
    end(candidate)
    return checked.kind === 'value' ? 'closed' : checked.cause
  }

  function end(candidate: Client): void {
    try {
      candidate.destroy()
    } catch {
      // It was not open.
    }
  }

  function lose(cause: string): void {
    if (client !== null) {
      const gone = client
      client = null
      end(gone)
    }
    if (closed) return
    if (lostAtMs === null) {
      lostAtMs = now()
      onEvent({ kind: 'lost', cause })
    }
    look()
  }

  function look(): void {
    clearTimeout(looking)
    looking = setTimeout(async () => {
      const fault = await connect()
      if (closed) return
      if (fault !== null) {
        look()
        return
      }
      timeouts = 0
      const afterMs = lostAtMs === null ? 0 : Math.round(now() - lostAtMs)
      lostAtMs = null
      onEvent({ kind: 'back', afterMs })
    }, deps.lookEveryMs ?? LOOK_EVERY_MS)
    looking.unref()
  }

  /** Asks the server, and the memory where the server does not answer. */
  async function ask<T>(command: (open: Client) => Promise<T>, instead: () => Promise<T>): Promise<T> {
    const open = client
    if (open === null) return await instead()
    const answer = await within(deadlineMs, () => command(open))
    if (answer.kind === 'value') {
      timeouts = 0
      return answer.value
    }
    if (client === open) {
      timeouts += 1
      if (answer.cause !== TIMEOUT || timeouts >= LOST_AFTER_TIMEOUTS) lose(answer.cause)
    }
    return await instead()
  }

  function run(script: keyof typeof SCRIPTS, keys: readonly string[], args: readonly (string | number)[]) {
    return (open: Client): Promise<unknown> =>
      open.sendCommand(['EVAL', SCRIPTS[script], String(keys.length), ...keys, ...args.map(String)])
  }

  function opened(sealed: unknown, key: string): string {
    const text = typeof sealed === 'string' ? sealing.open(sealed, key) : null
    if (text !== null) return text
    unreadable = key
    throw new Error('UNREADABLE_VALUE')
  }

  return {
    async start() {
      const fault = await connect()
      if (fault !== null) lose(fault)
    },
    async putIfAbsent(name, value, ttlMs) {
      const key = PREFIX + name
      const instead = (): Promise<string | null> => memory.putIfAbsent(name, value, ttlMs)
      if (!fits(value)) return await instead()
      const put = run('putIfAbsent', [key], [sealing.seal(value, key), whole(ttlMs)])
      return await ask<string | null>(async (open) => {
        const there = await put(open)
        if (there !== null) return opened(there, key)
        await memory.put(name, value, ttlMs)
        return null
      }, instead)
    },
    async put(name, value, ttlMs) {
      const key = PREFIX + name
      await memory.put(name, value, ttlMs)
      if (!fits(value)) return
      await ask<unknown>((open) => open.set(key, sealing.seal(value, key), { PX: whole(ttlMs) }), nothing)
    },
    get(name) {
      const key = PREFIX + name
      return ask<string | null>(
        async (open) => {
          const sealed = await open.get(key)
          return sealed === null ? null : opened(sealed, key)
        },
        () => memory.get(name)
      )
    },
    async remove(name) {
      await memory.remove(name)
      await ask<unknown>((open) => open.del(PREFIX + name), nothing)
    },
    async take(bucket, perSecond) {
      // Both are emptied, so that the one which is left when the server goes is not full.
      const inMemory = memory.take(bucket, perSecond)
      const take = run('take', [`${PREFIX}bucket:${bucket}`], [perSecond])
      return await ask<boolean>(
        async (open) => (await take(open)) === 1,
        () => inMemory
      )
    },
    increment(counter, ttlMs) {
      const increment = run('increment', [`${PREFIX}count:${counter}`], [whole(ttlMs)])
      return ask<number>(
        async (open) => Number(await increment(open)),
        () => memory.increment(counter, ttlMs)
      )
    },
    async putEntry(collection, id, value, ttlMs) {
      const key = `${PREFIX}entry:${collection}:${id}`
      await memory.putEntry(collection, id, value, ttlMs)
      if (!fits(value)) return
      const args = [id, sealing.seal(value, key), whole(ttlMs), MAX_ENTRIES]
      await ask<unknown>(run('putEntry', [`${PREFIX}entries:${collection}`, key], args), nothing)
    },
    async removeEntry(collection, id) {
      await memory.removeEntry(collection, id)
      await ask<unknown>(async (open) => {
        await open.sRem(`${PREFIX}entries:${collection}`, id)
        return await open.del(`${PREFIX}entry:${collection}:${id}`)
      }, nothing)
    },
    entries(collection) {
      const front = `${PREFIX}entry:${collection}:`
      const read = run('entries', [`${PREFIX}entries:${collection}`], [front])
      return ask<ReadonlyMap<string, string>>(
        async (open) => {
          const found = (await read(open)) as readonly string[]
          const entries = new Map<string, string>()
          for (let i = 0; i + 1 < found.length; i += 2) {
            const id = String(found[i])
            entries.set(id, opened(found[i + 1], front + id))
          }
          return entries
        },
        () => memory.entries(collection)
      )
    },
    condition: () => (client === null ? 'redis_unreachable' : 'redis'),
    async close() {
      closed = true
      clearTimeout(looking)
      const open = client
      client = null
      // Last writes get their time, and no more.
      if (open !== null) {
        await within(deadlineMs * 10, () => open.close())
        end(open)
      }
      await memory.close()
    }
  }
}

const whole = (ms: number): number => Math.max(1, Math.round(ms))
const fits = (value: string): boolean => value.length <= MAX_VALUE_BYTES
const nothing = (): Promise<unknown> => Promise.resolve(null)

const TIMEOUT = 'timeout'

type Settled<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'fault'; readonly cause: string }

/** Never rejects. What comes later is not heard. */
function within<T>(ms: number, act: () => Promise<T>): Promise<Settled<T>> {
  return new Promise((resolve) => {
    // After a pause of the whole process, what has come meanwhile is read before the time is up.
    const timer = setTimeout(() => setImmediate(() => resolve({ kind: 'fault', cause: TIMEOUT })), ms)
    const settle = (settled: Settled<T>): void => {
      clearTimeout(timer)
      resolve(settled)
    }
    act().then(
      (value) => settle({ kind: 'value', value }),
      (error: unknown) => settle({ kind: 'fault', cause: causeOf(error) })
    )
  })
}

/** A code of the system or of the server ("ECONNREFUSED", "READONLY"), and nothing else of an error. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown_error'
  if ('code' in error && typeof error.code === 'string' && /^\w{1,40}$/u.test(error.code)) return error.code
  return /^[A-Z_]{2,40}\b/u.exec(error.message)?.[0] ?? error.name.slice(0, 40)
}
