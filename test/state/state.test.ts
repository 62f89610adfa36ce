import { randomBytes } from 'node:crypto'
import { createClient } from '@redis/client'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { createMemoryState, MAX_ENTRIES } from '../../src/state/memory.ts'
import { createRedisState, type RedisState } from '../../src/state/redis.ts'
import { createSealing, readStateKeys } from '../../src/state/sealing.ts'
import type { State, StateEvent } from '../../src/state/state.ts'
import { NO_REDIS, startRedisServer, type RedisServer } from '../fixtures/redis-server.ts'

const now = (): number => performance.now()
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const until = async (holds: () => boolean): Promise<void> => {
  for (let tries = 0; !holds(); tries++) {
    if (tries === 800) throw new Error('It never came true.')
    await pause(25)
  }
}

interface Node {
  readonly state: RedisState
  readonly events: StateEvent[]
}

const KEY = randomBytes(32)

async function startNode(
  t: Test,
  url: string,
  { keys = [KEY], deadlineMs = 1000 }: { keys?: readonly Buffer[]; deadlineMs?: number } = {}
): Promise<Node> {
  const events: StateEvent[] = []
  const state = createRedisState({
    url,
    sealing: createSealing(keys),
    memory: createMemoryState({ now }),
    now,
    onEvent: (event) => events.push(event),
    // Generous, as this machine may be busy; what is late is tested with a server that is frozen.
    deadlineMs,
    lookEveryMs: 50
  })
  t.teardown(state.close)
  await state.start()
  return { state, events }
}

/** What holds for every implementation. */
function contract(name: string, skip: string | false, start: (t: Test) => Promise<State>): void {
  t.test(name, { skip }, async (t) => {
    const state = await start(t)

    await t.test('a value is put once, found, replaced, removed, and expires', async (t) => {
      t.equal(await state.putIfAbsent('a', 'one', 60_000), null)
      t.equal(await state.putIfAbsent('a', 'two', 60_000), 'one')
      t.equal(await state.get('a'), 'one')
      await state.put('a', 'three', 60_000)
      t.equal(await state.get('a'), 'three')
      await state.remove('a')
      t.equal(await state.get('a'), null)
      t.equal(await state.putIfAbsent('a', 'four', 60_000), null)
      await state.put('b', 'short', 20)
      await pause(300)
      t.equal(await state.get('b'), null)
      t.equal(await state.putIfAbsent('b', 'long', 60_000), null)
      await state.put('c', '✓ "quoted"\n', 60_000)
      t.equal(await state.get('c'), '✓ "quoted"\n')
    })

    await t.test('of many at once one puts it', async (t) => {
      for (let round = 0; round < 20; round++) {
        const told = await Promise.all(
          Array.from({ length: 10 }, (_, i) => state.putIfAbsent(`race ${round}`, `${i}`, 60_000))
        )
        t.equal(told.filter((one) => one === null).length, 1)
        t.equal(new Set(told.filter((one) => one !== null)).size, 1)
      }
    })

    await t.test('a bucket holds what comes in a second, and fills again', async (t) => {
      const takes = await Promise.all(Array.from({ length: 20 }, () => state.take('bucket', 5)))
      const taken = takes.filter(Boolean).length
      t.ok(taken >= 5 && taken < 15, `${taken} of 20`)
      await pause(1100)
      t.equal(await state.take('bucket', 5), true)
      t.equal(await state.take('another', 1), true)
    })

    await t.test('a counter counts, and begins anew', async (t) => {
      t.equal(await state.increment('n', 60_000), 1)
      t.equal(await state.increment('n', 60_000), 2)
      t.equal(await state.increment('m', 20), 1)
      await pause(300)
      t.equal(await state.increment('m', 20), 1)
    })

    await t.test('a collection is read as a whole', async (t) => {
      await state.putEntry('set', 'x', 'one', 60_000)
      await state.putEntry('set', 'y', 'two', 60_000)
      await state.putEntry('set', 'x', 'three', 60_000)
      await state.putEntry('set', 'short', 'four', 20)
      await state.putEntry('other', 'z', 'five', 60_000)
      await pause(300)
      t.same(Object.fromEntries(await state.entries('set')), { x: 'three', y: 'two' })
      await state.removeEntry('set', 'x')
      t.same([...(await state.entries('set'))], [['y', 'two']])
      t.equal((await state.entries('none')).size, 0)
    })
  })
}

contract('memory', false, async () => createMemoryState({ now }))
contract('Redis', NO_REDIS, async (t) => {
  const { url } = await startRedisServer(t)
  return (await startNode(t, url)).state
})

t.test('memory has a limit for everything', async (t) => {
  let nowMs = 1
  const state = createMemoryState({ now: () => nowMs, maxKeys: 3 })
  for (let i = 0; i < 10; i++) {
    await state.put(`${i}`, 'value', 1000)
    await state.increment(`${i}`, 1000)
    await state.take(`${i}`, 1)
  }
  t.equal(await state.get('6'), null)
  t.equal(await state.get('7'), 'value')
  t.equal(await state.increment('6', 1000), 1)
  t.equal(await state.take('9', 1), false)
  t.equal(await state.take('0', 1), true, 'a bucket that was forgotten is full')
  for (let i = 0; i <= MAX_ENTRIES; i++) await state.putEntry('set', `${i}`, 'value', 1000)
  t.equal((await state.entries('set')).size, MAX_ENTRIES)
  nowMs = 1002
  t.equal((await state.entries('set')).size, 0)
  t.equal(state.condition(), 'memory')
})

t.test('what is sealed is opened in its place with any of the keys, and nowhere else', async (t) => {
  const older = randomBytes(32)
  const before = createSealing([older])
  const during = createSealing([KEY, older])
  const after = createSealing([KEY])
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, place) => {
      const sealed = before.seal(text, place)
      return (
        during.open(sealed, place) === text &&
        after.open(sealed, place) === null &&
        during.open(sealed, `${place}!`) === null &&
        after.open(during.seal(text, place), place) === text
      )
    })
  )
  t.not(before.seal('text', 'place'), before.seal('text', 'place'), 'never twice the same')
  for (const broken of ['', 'x', 'AAAA', `${before.seal('text', 'place').slice(0, -3)}AAA`]) {
    t.equal(before.open(broken, 'place'), null)
  }
})

t.test('readStateKeys() reads hex, base64 and base64url, one or two', async (t) => {
  const [one, two] = [randomBytes(32), randomBytes(32)]
  for (const text of [
    `${one.toString('hex')} ${two.toString('base64')}`,
    ` ${one.toString('base64url')}\n${two.toString('hex')}\n`
  ]) {
    t.same(readStateKeys(text), { kind: 'keys', keys: [one, two] })
  }
  for (const text of ['', 'short', `${one.toString('hex')}00`, `${one.toString('hex')} `.repeat(3)]) {
    t.match(readStateKeys(text), { kind: 'fault', message: /32 bytes/u })
  }
})

t.test('Redis', { skip: NO_REDIS }, async (t) => {
  await t.test('two nodes share what they know, and one of them is first', async (t) => {
    const { url } = await startRedisServer(t)
    const [here, there] = [await startNode(t, url), await startNode(t, url)]
    for (let round = 0; round < 50; round++) {
      const told = await Promise.all([
        here.state.putIfAbsent(`race ${round}`, 'here', 60_000),
        there.state.putIfAbsent(`race ${round}`, 'there', 60_000)
      ])
      t.equal(told.filter((one) => one === null).length, 1)
    }
    const takes = await Promise.all(
      [here, there].flatMap(({ state }) => Array.from({ length: 50 }, () => state.take('bucket', 20)))
    )
    t.ok(takes.filter(Boolean).length < 60, 'one bucket, not two')
    await here.state.putEntry('set', 'x', 'value', 60_000)
    t.same([...(await there.state.entries('set'))], [['x', 'value']])
    t.same([here.events, there.events], [[], []])
    t.equal(here.state.condition(), 'redis')
  })

  await t.test('nobody reads there what we wrote, and all of it expires', async (t) => {
    const { url } = await startRedisServer(t)
    const { state } = await startNode(t, url)
    await state.put('key', 'a secret', 60_000)
    await state.putIfAbsent('claim', 'a secret', 60_000)
    await state.putEntry('set', 'x', 'a secret', 60_000)
    await state.increment('n', 60_000)
    await state.take('bucket', 5)
    const dump = await rawDump(url)
    t.equal(dump.length, 7)
    for (const { key, text, ttlMs } of dump) {
      t.notMatch(text, /secret/u, key)
      t.ok(ttlMs > 0, `${key} expires`)
    }
  })

  await t.test('the key changes while the gateway runs', async (t) => {
    const { url } = await startRedisServer(t)
    const next = randomBytes(32)
    const old = await startNode(t, url)
    await old.state.put('a', 'old', 60_000)
    const during = await startNode(t, url, { keys: [next, KEY] })
    t.equal(await during.state.get('a'), 'old')
    await during.state.put('b', 'new', 60_000)
    const after = await startNode(t, url, { keys: [next] })
    t.equal(await after.state.get('b'), 'new')
    t.equal(await after.state.get('a'), null)
    t.match(after.events, [{ kind: 'lost', cause: 'UNREADABLE_VALUE' }], 'a node with other keys is said')
    await pause(400)
    t.equal(after.events.length, 1, 'once, as long as that value is there')
    await old.state.remove('a')
    await until(() => after.events.length === 2)
    t.equal(after.state.condition(), 'redis')
  })

  await t.test('frozen, it costs no more than its deadlines, and comes back', async (t) => {
    const server = await startRedisServer(t)
    const { state, events } = await startNode(t, server.url, { deadlineMs: 100 })
    await state.put('before', 'value', 60_000)
    server.freeze()
    const startedAtMs = now()
    for (let i = 0; i < 50; i++) {
      t.equal(await state.get('before'), 'value', 'what this node wrote it still knows')
    }
    // Three deadlines and then no more: with a deadline for each it were five seconds.
    t.ok(now() - startedAtMs < 3500)
    t.match(events, [{ kind: 'lost', cause: 'timeout' }])
    t.equal(state.condition(), 'redis_unreachable')
    t.equal(await state.putIfAbsent('meanwhile', 'value', 60_000), null)
    server.thaw()
    await until(() => events.length === 2)
    t.match(events, [{ kind: 'lost' }, { kind: 'back', afterMs: Number }])
    await shares(t, server, state)
  })

  await t.test('killed and started again, it is used again', async (t) => {
    const server = await startRedisServer(t)
    const { state, events } = await startNode(t, server.url)
    await state.put('before', 'value', 60_000)
    await server.kill()
    await until(() => events.length === 1)
    t.equal(await state.get('before'), 'value')
    t.equal(await state.take('bucket', 5), true)
    t.equal(await state.increment('n', 60_000), 1)
    await server.start()
    await until(() => events.length === 2)
    t.match(events, [{ kind: 'lost' }, { kind: 'back' }])
    await shares(t, server, state)
  })

  await t.test('full, or a replica, it takes nothing, and that is said', async (t) => {
    const full = await startRedisServer(t, ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'])
    const node = await startNode(t, full.url)
    const raw = createClient({ url: full.url })
    await raw.connect()
    await raw.set('filler', 'x'.repeat(1000))
    await raw.configSet('maxmemory', '1kb')
    t.equal(await node.state.putIfAbsent('a', 'one', 60_000), null)
    t.equal(await node.state.putIfAbsent('a', 'two', 60_000), 'one', 'from memory')
    t.match(node.events, [{ kind: 'lost', cause: 'OOM' }])
    await raw.configSet('maxmemory', '0')
    await until(() => node.events.length === 2)

    await raw.sendCommand(['REPLICAOF', '127.0.0.1', '1'])
    await node.state.put('b', 'three', 60_000)
    t.match(node.events[2], { kind: 'lost', cause: 'READONLY' })
    t.equal(await node.state.get('b'), 'three')
    await raw.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await until(() => node.events.length === 4)
    raw.destroy()
  })

  await t.test(
    'not there at the start, or with another password, the gateway starts all the same',
    async (t) => {
      const server = await startRedisServer(t, ['--requirepass', 'the-password'])
      await server.kill()
      const url = server.url.replace('//', '//:the-password@')
      const { state, events } = await startNode(t, url)
      t.match(events, [{ kind: 'lost', cause: 'ECONNREFUSED' }])
      t.equal(await state.putIfAbsent('a', 'one', 60_000), null)
      await server.start()
      await until(() => events.length === 2)
      t.equal(state.condition(), 'redis')

      const wrong = await startNode(t, server.url.replace('//', '//:another@'))
      t.equal(wrong.events.length, 1)
      t.match(wrong.events, [{ kind: 'lost', cause: /^[A-Z]\w+$/u }])
      t.notMatch(JSON.stringify([events, wrong.events]), /password|another/u)
    }
  )
})

async function shares(t: Test, { url }: RedisServer, state: State): Promise<void> {
  const other = await startNode(t, url)
  await state.put('after', 'shared', 60_000)
  t.equal(await other.state.get('after'), 'shared')
}

async function rawDump(url: string) {
  const raw = createClient({ url })
  await raw.connect()
  const dump = []
  for (const key of await raw.keys('*')) {
    const type = await raw.type(key)
    const text =
      type === 'string'
        ? await raw.get(key)
        : JSON.stringify(await raw.sendCommand([type === 'set' ? 'SMEMBERS' : 'HGETALL', key]))
    dump.push({ key, text: `${key} ${text}`, ttlMs: await raw.pTTL(key) })
  }
  raw.destroy()
  return dump
}
