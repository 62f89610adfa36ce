import t, { type Test } from 'tap'
import { Pool } from 'undici'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts'
import { linesOf, run, runGateway, urlOf, type Running } from '../fixtures/process.ts'
import { NO_REDIS, startRedisServer, type RedisServer } from '../fixtures/redis-server.ts'
import { sampleBody, until } from '../fixtures/stack.ts'

// Two processes, as behind a load balancer: what a restart, a crash and a lost Redis cost.

const LOGIN = 'okta:a-password-of-the-test'
const ADMIN_SECRET = 'an-admin-secret-of-the-test'

interface Node {
  readonly running: Running
  readonly url: string
  readonly adminUrl: string
  readonly pool: Pool
}

interface World {
  readonly redis: RedisServer
  readonly sandbox: Sandbox
  readonly startNode: () => Promise<Node>
  /** How many messages each number got. */
  readonly received: ReadonlyMap<string, number>
}

async function startWorld(t: Test): Promise<World> {
  const redis = await startRedisServer(t)
  const received = new Map<string, number>()
  const sandbox = await startSandbox({
    now: () => Date.now(),
    random: Math.random,
    latency: { min: 20, max: 120 },
    onMessage: ({ to }) => received.set(to, (received.get(to) ?? 0) + 1)
  })
  t.teardown(() => sandbox.close())
  const { twilio, vonage, messagebird } = sandbox.credentials

  async function startNode(): Promise<Node> {
    const running = runGateway(t, {
      SANDBOX: 'off',
      OKTA_BASIC_AUTH: LOGIN,
      ADMIN_SECRET,
      REDIS_URL: redis.url,
      STATE_KEY: Buffer.alloc(32, 7).toString('base64'),
      LOG_HASH_KEY: 'a key for every node of the test',
      TWILIO_ACCOUNT_SID: twilio.accountSid,
      TWILIO_AUTH_TOKEN: twilio.authToken,
      TWILIO_BASE_URL: sandbox.twilioUrl,
      VONAGE_API_KEY: vonage.apiKey,
      VONAGE_API_SECRET: vonage.apiSecret,
      VONAGE_REST_URL: sandbox.vonageRestUrl,
      MESSAGEBIRD_ACCESS_KEY: messagebird.accessKey,
      MESSAGEBIRD_BASE_URL: sandbox.messagebirdUrl
    })
    const url = await urlOf(running)
    const adminUrl = linesOf(running).find(({ event }) => event === 'gateway.started').admin
    const pool = new Pool(url, { connections: 64 })
    t.teardown(() => pool.destroy())
    return { running, url, adminUrl, pool }
  }
  return { redis, sandbox, startNode, received }
}

async function postTo({ pool }: Node, body: string): Promise<any> {
  const { statusCode, body: answer } = await pool.request({
    method: 'POST',
    path: '/telephonyHook',
    headers: {
      authorization: `Basic ${Buffer.from(LOGIN).toString('base64')}`,
      'content-type': 'application/json'
    },
    body
  })
  if (statusCode !== 200) throw new Error(`HTTP ${statusCode}`)
  return ((await answer.json()) as any).commands?.[0].value[0]
}

const numberOf = (i: number): string => `+49151${20_000_000 + i}`

interface Told {
  readonly number: string
  readonly status: string
  readonly retried: boolean
}

/** As a load balancer does it: round robin, and what fails at one node is given to the other. */
async function askThrough(
  nodes: readonly [Node, Node],
  from: number,
  count: number
): Promise<readonly Told[]> {
  const asked: Promise<Told>[] = []
  for (let i = from; i < from + count; i++) {
    asked.push(askOne(nodes[i % 2] ?? nodes[0], nodes[(i + 1) % 2] ?? nodes[1], numberOf(i)))
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return await Promise.all(asked)
}

async function askOne(first: Node, second: Node, phoneNumber: string): Promise<Told> {
  const body = sampleBody({ phoneNumber })
  try {
    return { number: phoneNumber, status: (await postTo(first, body))?.status ?? 'ERROR', retried: false }
  } catch {
    return { number: phoneNumber, status: (await postTo(second, body))?.status ?? 'ERROR', retried: true }
  }
}

t.test('two nodes', { skip: NO_REDIS }, async (t) => {
  const { redis, sandbox, startNode, received } = await startWorld(t)
  const [one, two] = await Promise.all([startNode(), startNode()])

  await t.test('the same request at both at once is sent once, and both say the same', async (t) => {
    for (let round = 0; round < 10; round++) {
      const phoneNumber = numberOf(round)
      const body = sampleBody({ phoneNumber })
      const [first, second] = await Promise.all([postTo(one, body), postTo(two, body)])
      t.equal(first.status, 'SUCCESSFUL')
      t.equal(first.transactionId, second.transactionId)
      t.equal(received.get(phoneNumber), 1)
    }
  })

  await t.test('who asks again at the other node is sent it by another provider', async (t) => {
    const phoneNumber = numberOf(50)
    const first = await postTo(one, sampleBody({ phoneNumber }, {}, 'somebody'))
    // Nobody waits until it is written down who had it; people are slower than that.
    await new Promise((resolve) => setTimeout(resolve, 300))
    const second = await postTo(two, sampleBody({ phoneNumber }, {}, 'somebody'))
    t.not(first.provider, second.provider)
  })

  await t.test('a drain at one is in force at the other, and survives a restart', async (t) => {
    const command = run(
      t,
      process.execPath,
      ['bin/switchboard.js', 'drain', 'vonage', '--for', '1h', '--why', 'x'],
      {
        env: { ADMIN_URL: one.adminUrl, ADMIN_SECRET, USER: 'oncall' }
      }
    )
    t.equal(await command.ended, 0, command.stderr())
    t.match(command.stdout(), /^vonage, sms and voice, every country: drained until/u)
    await new Promise((resolve) => setTimeout(resolve, 2500))
    const later = await startNode()
    for (const node of [one, two, later]) {
      const { provider } = await postTo(node, sampleBody({ phoneNumber: numberOf(60) }))
      t.not(provider, 'VONAGE')
      const list = run(t, process.execPath, ['bin/switchboard.js', 'overrides'], {
        env: { ADMIN_URL: node.adminUrl, ADMIN_SECRET }
      })
      await list.ended
      t.match(list.stdout(), /vonage.*by oncall: x/u)
    }
    later.running.child.kill('SIGTERM')
    await later.running.ended
  })

  await t.test('a Redis that freezes and dies costs no code', async (t) => {
    const asking = askThrough([one, two], 100, 300)
    setTimeout(redis.freeze, 500)
    setTimeout(redis.thaw, 1500)
    setTimeout(() => void redis.kill(), 2000)
    const told = await asking
    t.equal(told.filter(({ status }) => status === 'SUCCESSFUL').length, 300)
    t.equal(told.filter(({ number }) => received.get(number) !== 1).length, 0)
    for (const { running } of [one, two]) {
      t.ok(
        linesOf(running).filter(({ event }) => event === 'state.lost').length <= 3,
        'said, and not each time'
      )
    }
    await redis.start()
    await until(() =>
      [one, two].every(
        ({ running }) =>
          linesOf(running).findLast(({ event }) => event.startsWith('state.'))?.event === 'state.back'
      )
    )
  })

  await t.test('one is stopped under load: nothing is lost, nothing is sent twice', async (t) => {
    const asking = askThrough([one, two], 500, 300)
    setTimeout(() => one.running.child.kill('SIGTERM'), 1000)
    const told = await asking
    t.equal(await one.running.ended, 0)
    t.equal(told.filter(({ status }) => status === 'SUCCESSFUL').length, 300)
    t.equal(told.filter(({ number }) => received.get(number) !== 1).length, 0)
  })

  await t.test(
    'one is killed: the other one knows what it had under way, and nothing else is touched',
    async (t) => {
      const three = await startNode()
      const asking = askThrough([two, three], 1000, 300)
      setTimeout(() => three.running.child.kill('SIGKILL'), 1000)
      const told = await asking
      // The other one asks Redis who has it, and waits 30 ms for that: where this machine takes longer, it sends it too.
      // Without a shared state it would do so with all of the dozen.
      const twice = told.filter(({ number }) => (received.get(number) ?? 0) > 1)
      t.ok(
        twice.every(({ retried }) => retried),
        'nothing but what was under way'
      )
      t.ok(twice.length < 5, `${twice.length} were sent twice`)
      const untouched = told.filter(({ retried }) => !retried)
      t.equal(untouched.filter(({ status }) => status === 'SUCCESSFUL').length, untouched.length)
      const failed = told.filter(({ status }) => status !== 'SUCCESSFUL')
      // A dozen were under way; those that it had not claimed yet the other one sent.
      t.ok(failed.length < 60, `${failed.length} were told that it failed`)
      const without = told.filter(({ number, status }) => status === 'SUCCESSFUL' && !received.has(number))
      t.same(without, [], 'no success without a message')
    }
  )
  await sandbox.close()
})
