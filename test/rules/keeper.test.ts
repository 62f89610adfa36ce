import { execFileSync } from 'node:child_process'
import { rename, rm, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { endingsBetween } from '../../src/rules/endings.ts'
import { createRulesKeeper, type KeeperDependencies, type RulesEvent } from '../../src/rules/keeper.ts'
import { loadRulesApart } from '../../src/rules/load-apart.ts'
import { loadRules, type LoadedRules } from '../../src/rules/load.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { THREE_PROVIDERS } from '../fixtures/gateway.ts'
import { until } from '../fixtures/stack.ts'
import { virtualTime } from '../fixtures/virtual-time.ts'

// A thread takes a while to begin.
t.setTimeout(120_000)

const DAY_MS = 24 * 60 * 60_000

/** A good file with one rule of this name. */
function fileOf(name: string, rest = ''): string {
  return `${THREE_PROVIDERS}
defaults: { sender: [name, number], country: US }
${rest}
rules:
  - { name: ${name}, when: { channel: sms }, send: [twilio, vonage] }
otherwise: { send: [vonage, twilio] }
`
}

const BAD = fileOf('bad').replace('send: [twilio', 'send: [twillio')

function parsed(text: string, nowMs = 0): Extract<LoadedRules, { kind: 'ok' }> {
  const read = { ...parseRules(text, 'live.yaml', { nowMs, candidate: true }), text }
  if (read.kind !== 'ok') throw new Error(JSON.stringify(read.faults))
  return read
}

/** As editors do it: in place, a machine that pauses would show a file that is empty. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}~`, text)
  await rename(`${path}~`, path)
}

/** A keeper over texts instead of files. */
function startKeeper(t: Test, over: Partial<KeeperDependencies> = {}) {
  const texts: { live: string; candidate: string | null } = { live: fileOf('first'), candidate: null }
  const events: RulesEvent[] = []
  const keeper = createRulesKeeper({
    files: { live: 'live.yaml', candidate: 'candidate.yaml' },
    initial: parsed(texts.live),
    load: async (path, { candidate, nowMs }) => {
      const text = candidate === true ? texts.candidate : texts.live
      return text === null
        ? { kind: 'unreadable', message: `There is no ${path}.`, isAbsent: true }
        : { ...parseRules(text, path, { nowMs, candidate: candidate === true }), text }
    },
    watchEveryMs: null,
    epoch: () => 1000,
    onEvent: (event) => events.push(event),
    ...over
  })
  t.teardown(keeper.close)
  return { keeper, texts, events, said: () => events.map(inShort) }
}

function inShort(event: RulesEvent): string {
  switch (event.kind) {
    case 'loaded':
      return `${event.role} loaded by ${event.by}`
    case 'rejected':
      return `${event.role} rejected by ${event.by}`
    case 'unchanged':
      return `${event.role} unchanged by ${event.by}`
    case 'candidate_gone':
      return 'candidate gone'
    case 'ending':
      return `${event.ending.rule} ends in ${event.ending.daysLeft}`
    default:
      return event satisfies never
  }
}

function ruleOf(keeper: ReturnType<typeof createRulesKeeper>): string | undefined {
  return keeper.current().live.rules[0]?.name
}

// The first one: threads of other tests end when they end.
t.test('reloads leave no thread behind', async (t) => {
  const path = `${t.testdir({ 'live.yaml': fileOf('first') })}/live.yaml`
  const threads = () =>
    process.getActiveResourcesInfo().filter((name) => /Worker|MessagePort/u.test(name)).length
  const before = threads()
  const { keeper } = startKeeper(t, {
    files: { live: path, candidate: null },
    load: loadRulesApart
  })
  let most = 0
  const counting = setInterval(() => (most = Math.max(most, threads())), 1)
  t.teardown(() => clearInterval(counting))
  for (let i = 0; i < 25; i++) {
    await writeFile(path, fileOf(`rule-${i}`))
    t.match(await keeper.reload('admin'), [{ result: 'loaded' }])
  }
  clearInterval(counting)
  t.ok(most > before, 'threads are what is counted')
  t.equal(ruleOf(keeper), 'rule-24')
  await until(() => threads() === before)
})

t.test('what a file comes to is said, in order, and the last good one stays in force', async (t) => {
  const { keeper, texts, events, said } = startKeeper(t)
  await keeper.start()
  const first = keeper.current()
  const firstHash = first.live.hash

  texts.live = fileOf('second')
  t.match(await keeper.reload('admin'), [{ role: 'live', result: 'loaded' }, { result: 'absent' }])
  t.equal(ruleOf(keeper), 'second')
  t.equal(first.live.rules[0]?.name, 'first', 'whoever began with the first keeps it')
  const second = keeper.current()

  texts.live = BAD
  const [rejected] = await keeper.reload('watch')
  t.match(rejected, { role: 'live', result: 'rejected', rejection: { text: BAD, hash: second.live.hash } })
  t.match(
    rejected?.rejection?.faults.filter(({ severity }) => severity === 'error'),
    [{ code: 'E110', line: 14, column: 49 }]
  )
  t.equal(keeper.current(), second)
  t.match(keeper.status(), { hash: second.live.hash, rejection: { unreadable: null, atMs: 1000 } })

  texts.live = fileOf('second')
  t.match(await keeper.reload('watch'), [{ result: 'unchanged' }, {}])
  t.equal(keeper.status().rejection, null)
  await keeper.reload('watch')
  await keeper.reload('signal')
  t.equal(keeper.current(), second, 'nothing is built anew for what is in force already')

  t.same(said(), [
    'live loaded by start',
    'live loaded by admin',
    'live rejected by watch',
    'live unchanged by watch',
    'live unchanged by signal'
  ])
  t.match(events, [
    { previousHash: null },
    { previousHash: firstHash, rules: { hash: second.live.hash } },
    { hash: second.live.hash },
    { hash: second.live.hash },
    {}
  ])
})

t.test('a candidate comes, changes, is spoilt and goes, and the rules stay what they are', async (t) => {
  const { keeper, texts, said } = startKeeper(t)
  await keeper.start()
  const candidate = () => keeper.current().candidate
  t.equal(candidate(), null)
  const { live } = keeper.current()

  texts.candidate = BAD
  t.match(await keeper.reload('watch'), [{ result: 'unchanged' }, { role: 'candidate', result: 'rejected' }])
  t.equal(candidate(), null, 'one that was never good is not tried')
  t.match(keeper.status(), { rejection: null, candidate: { hash: null, rejection: { hash: null } } })

  texts.candidate = fileOf('tried', 'canary: { percent: 7 }')
  await keeper.reload('watch')
  t.match(candidate(), { router: { rules: [{ name: 'tried' }] }, canary: { share: 0.07 } })
  const { hash = '' } = candidate()?.router ?? {}
  t.match(keeper.status().candidate, { hash, rejection: null, canary: { share: 0.07 } })

  texts.candidate = BAD
  await keeper.reload('watch')
  t.match(candidate(), { router: { hash } }, 'the last good one is tried on')
  t.match(keeper.status().candidate, { hash, rejection: { hash } })

  texts.candidate = null
  t.match(await keeper.reload('watch'), [{}, { result: 'absent', rejection: null }])
  t.equal(candidate(), null)
  t.match(keeper.status().candidate, { hash: null, rejection: null })
  await keeper.reload('watch')

  t.equal(keeper.current().live.hash, live.hash)
  t.same(said(), [
    'live loaded by start',
    'candidate rejected by watch',
    'candidate loaded by watch',
    'candidate rejected by watch',
    'candidate gone'
  ])
})

t.test('a candidate that is there at the start is read before the first code', async (t) => {
  const { keeper, texts, said } = startKeeper(t)
  texts.candidate = fileOf('tried')
  await keeper.start()
  t.equal(keeper.current().candidate?.router.rules[0]?.name, 'tried')
  t.same(said(), ['live loaded by start', 'candidate loaded by start'])
})

t.test('who asks during a reading is told of the one that begins next, and of no other', async (t) => {
  const texts = { live: fileOf('first') }
  const doors: (() => void)[] = []
  let reading = 0
  let readings = 0
  let atOnce = 0
  const { keeper, said } = startKeeper(t, {
    files: { live: 'live.yaml', candidate: null },
    load: async () => {
      readings += 1
      reading += 1
      atOnce = Math.max(atOnce, reading)
      // What is read is what the file held at the beginning.
      const read = parsed(texts.live)
      await new Promise<void>((resolve) => doors.push(resolve))
      reading -= 1
      return read
    }
  })
  const isReading = (number: number) => until(() => doors.length === number)

  const first = keeper.reload('admin')
  await isReading(1)
  texts.live = fileOf('second')
  const meanwhile = (['watch', 'signal', 'watch', 'watch'] as const).map((by) => keeper.reload(by))
  t.equal(new Set([first, ...meanwhile]).size, 2, 'they share one')
  doors[0]?.()
  t.match(await first, [{ result: 'unchanged' }])
  await isReading(2)
  texts.live = fileOf('third')
  const last = keeper.reload('watch')
  doors[1]?.()
  for (const reload of meanwhile) t.match(await reload, [{ result: 'loaded' }])
  t.equal(ruleOf(keeper), 'second')
  await isReading(3)
  doors[2]?.()
  t.match(await last, [{ result: 'loaded' }])
  t.equal(ruleOf(keeper), 'third')

  t.equal(readings, 3)
  t.equal(atOnce, 1)
  t.same(
    said(),
    ['live loaded by start', 'live unchanged by admin', 'live loaded by signal', 'live loaded by watch'],
    'of those who share one the person is named, not the watcher'
  )
})

t.test(
  'a loader that throws, rejects or talks nonsense spoils neither the rules nor what follows',
  async (t) => {
    const spoilt: readonly [string, () => unknown][] = [
      ['rejects', () => Promise.reject(new TypeError('a bug'))],
      [
        'throws',
        () => {
          throw new RangeError('a bug')
        }
      ],
      ['comes to nothing', async () => undefined],
      [
        'comes to rules that cannot be compiled',
        async () => ({ kind: 'ok', rules: { hash: 'x', rules: [{}] }, warnings: [] })
      ]
    ]
    for (const role of ['live', 'candidate'] as const) {
      for (const [name, spoil] of spoilt) {
        await t.test(`the ${role} file's loader ${name}`, async (t) => {
          let healthy = false
          const { keeper, said } = startKeeper(t, {
            load: async (_path, { candidate = false }) =>
              healthy || candidate !== (role === 'candidate')
                ? parsed(fileOf('second'))
                : (spoil() as Promise<LoadedRules>)
          })
          const before = keeper.current().live.hash
          for (let i = 0; i < 2; i++) {
            const reloads = await keeper.reload('admin')
            t.match(
              reloads.find((reload) => reload.role === role),
              {
                result: 'rejected',
                rejection: { unreadable: /^The rules file \S+ cannot be read: its check broke off/u }
              }
            )
          }
          t.match(
            reloadsLeft(keeper.status(), role),
            { unreadable: /broke off/u },
            'it is seen where people look'
          )
          t.equal(keeper.current().live.hash === before, role === 'live')
          t.equal(keeper.current().candidate === null, role === 'candidate')
          healthy = true
          t.match(
            (await keeper.reload('admin')).find((reload) => reload.role === role),
            { result: 'loaded' }
          )
          t.equal(reloadsLeft(keeper.status(), role), null)
          t.ok(said().includes(`${role} rejected by admin`))
        })
      }
    }

    function reloadsLeft(
      { rejection, candidate }: ReturnType<ReturnType<typeof createRulesKeeper>['status']>,
      role: 'live' | 'candidate'
    ) {
      return role === 'live' ? rejection : candidate?.rejection
    }
  }
)

t.test('what was written between the first reading and the first look comes into force', async (t) => {
  const path = `${t.testdir({ 'live.yaml': fileOf('first') })}/live.yaml`
  const initial = parsed(fileOf('first'))
  await writeFile(path, fileOf('second'))
  const { keeper, said } = startKeeper(t, {
    files: { live: path, candidate: null },
    initial,
    load: loadRules,
    watchEveryMs: 2_000
  })
  await keeper.start()
  await until(() => ruleOf(keeper) === 'second')
  t.same(said(), ['live loaded by start', 'live loaded by watch'])
})

t.test('a file that is bad is said to be once, however often others change', async (t) => {
  const folder = t.testdir({ live: fileOf('first'), candidate: BAD })
  const { keeper, said } = startKeeper(t, {
    files: { live: `${folder}/live`, candidate: `${folder}/candidate` },
    load: loadRules,
    watchEveryMs: 40
  })
  await keeper.start()
  for (const name of ['second', 'third']) {
    await replace(`${folder}/live`, fileOf(name))
    await until(() => ruleOf(keeper) === name)
  }
  await keeper.reload('signal')
  await replace(`${folder}/candidate`, `${BAD}\n`)
  await until(() => said().length > 6)
  t.match(keeper.status().candidate, { rejection: { text: `${BAD}\n` } })
  t.same(said(), [
    'live loaded by start',
    'candidate rejected by start',
    'live loaded by watch',
    'live loaded by watch',
    'live unchanged by signal',
    'candidate rejected by signal',
    'candidate rejected by watch'
  ])
})

t.test('files are watched from the start to the end, and both of them', async (t) => {
  const folder = t.testdir({ 'live.yaml': fileOf('first') })
  const live = `${folder}/live.yaml`
  const candidate = `${folder}/candidate.yaml`
  const { keeper, said } = startKeeper(t, {
    files: { live, candidate },
    load: loadRules,
    watchEveryMs: 40
  })
  await keeper.start()
  await replace(live, fileOf('second'))
  await until(() => ruleOf(keeper) === 'second')
  await replace(candidate, fileOf('tried'))
  await until(() => keeper.current().candidate !== null)
  await rm(candidate)
  await until(() => keeper.current().candidate === null)
  await rm(live)
  await until(() => keeper.status().rejection !== null)
  t.match(keeper.status().rejection, { unreadable: /there is no such file/u, faults: [], text: null })
  t.equal(ruleOf(keeper), 'second')
  await replace(live, fileOf('second'))
  await until(() => keeper.status().rejection === null)
  keeper.close()
  await replace(live, fileOf('third'))
  await sleep(200)
  t.equal(ruleOf(keeper), 'second', 'nobody looks any more')
  t.match(said(), [
    'live loaded by start',
    'live loaded by watch',
    'candidate loaded by watch',
    'candidate gone',
    'live rejected by watch',
    'live unchanged by watch'
  ])
})

t.test('endingsBetween() says the latest word that is due, once', async (t) => {
  const end = Date.parse('2026-12-31T00:00Z')
  const at = (day: string) => Date.parse(`2026-12-${day}`)
  const temporary = { name: 'temporary', owner: 'ops', untilMs: end }
  const cases: readonly [string, string, string, readonly number[]][] = [
    ['long before', '01T00:00Z', '23T23:59Z', []],
    ['a week before', '23T23:59Z', '24T00:00Z', [7]],
    ['nothing, where that was said before', '24T00:00Z', '24T23:59Z', []],
    ['the next day', '24T23:59Z', '25T00:01Z', [6]],
    ['the last day', '29T23:59Z', '30T00:00Z', [1]],
    ['the end', '30T23:59Z', '31T00:00Z', [0]],
    ['nothing after the end', '31T00:00Z', '31T23:00Z', []],
    ['after a long sleep the latest only', '01T00:00Z', '28T12:00Z', [3]],
    ['and the end only', '01T00:00Z', '31T12:00Z', [0]],
    ['nothing, where no time has passed', '24T00:00Z', '24T00:00Z', []],
    ['nothing, where the clock goes back', '25T00:00Z', '23T00:00Z', []]
  ]
  for (const [name, from, to, days] of cases) {
    t.same(
      endingsBetween([temporary, { name: 'lasting', owner: null, untilMs: null }], at(from), at(to)),
      days.map((daysLeft) => ({ rule: 'temporary', owner: 'ops', untilMs: end, daysLeft })),
      name
    )
  }
  let said = 0
  for (let ms = at('01T00:00Z'); ms < end + DAY_MS; ms += 60_000) {
    said += endingsBetween([temporary], ms, ms + 60_000).length
  }
  t.equal(said, 8, 'minute by minute each word comes once')
})

t.test(
  'the ends of rules are told as they come near, of the file in force, until it is closed',
  async (t) => {
    const time = virtualTime()
    t.teardown(time.end)
    const untilDay = (name: string, day: string) =>
      fileOf(name).replace('when:', `until: "${day}", owner: ops, when:`)
    // The clock begins in 1970. A day is a rule's last one.
    const { keeper, said, texts, events } = startKeeper(t, {
      initial: parsed(untilDay('first', '1970-01-09')),
      epoch: time.now
    })
    await keeper.start()
    await time.pass(1.5 * DAY_MS, DAY_MS / 24)
    t.same(said(), ['live loaded by start'])
    await time.pass(DAY_MS, DAY_MS / 24)
    t.same(said().slice(1), ['first ends in 7'])
    t.match(events.at(-1), { ending: { owner: 'ops', untilMs: 9 * DAY_MS } })
    await time.pass(DAY_MS, DAY_MS / 24)
    t.same(said().slice(2), ['first ends in 6'])

    texts.live = untilDay('second', '1970-01-04')
    await keeper.reload('admin')
    await time.pass(DAY_MS, DAY_MS / 24)
    t.same(said().slice(3), ['live loaded by admin', 'second ends in 0'], 'of the first nothing more')

    texts.live = untilDay('third', '1970-01-09')
    await keeper.reload('admin')
    const before = said().length
    keeper.close()
    await time.pass(6 * DAY_MS, DAY_MS / 24)
    t.equal(said().length, before)
  }
)

/** Takes a while to check. */
function longFile(rules: number): string {
  const lines = Array.from(
    { length: rules },
    (_, i) =>
      `  - { name: r-${i}, when: { prefix: "+${4_600_000 + i}", channel: sms }, send: [twilio, vonage] }`
  )
  return fileOf('first').replace(/^ {2}- .*$/mu, lines.join('\n'))
}

t.test('loadRulesApart() says what loadRules() says', async (t) => {
  const folder = t.testdir({ good: fileOf('first'), bad: BAD, 'not-utf-8': Buffer.from([0xff, 0xfe]) })
  const options = { nowMs: 0, candidate: true }
  for (const name of ['good', 'bad', 'not-utf-8', 'nowhere', '.']) {
    const path = `${folder}/${name}`
    t.same(await loadRulesApart(path, options), await loadRules(path, options), name)
  }
})

t.test('a file that takes long to check stops nobody meanwhile', async (t) => {
  const path = `${t.testdir({ 'long.yaml': longFile(1_500) })}/long.yaml`
  let longestMs = 0
  let lastMs = performance.now()
  const tick = (): void => {
    const now = performance.now()
    longestMs = Math.max(longestMs, now - lastMs)
    lastMs = now
  }
  const timer = setInterval(tick, 5)
  t.teardown(() => clearInterval(timer))
  const sinceMs = performance.now()
  const loaded = await loadRulesApart(path, { nowMs: 0 })
  tick()
  const tookMs = performance.now() - sinceMs
  t.match(loaded, { kind: 'ok' })
  t.ok(longestMs < tookMs / 2, `${Math.round(longestMs)} ms of ${Math.round(tookMs)} ms`)
})

t.test('a check that comes to no end is given up, and the next one begins', async (t) => {
  const folder = t.testdir({ 'long.yaml': longFile(1_500), 'live.yaml': fileOf('second') })
  let limitMs = 50
  const { keeper } = startKeeper(t, {
    files: { live: 'live.yaml', candidate: null },
    load: (_path, options) =>
      loadRulesApart(`${folder}/${limitMs === 50 ? 'long' : 'live'}.yaml`, options, limitMs)
  })
  t.match(await keeper.reload('admin'), [{ rejection: { unreadable: /its check came to no end/u } }])
  limitMs = 60_000
  t.match(await keeper.reload('admin'), [{ result: 'loaded' }])
})

t.test('a pipe in the place of a file is waited for by nobody', async (t) => {
  const path = `${t.testdir({})}/pipe`
  execFileSync('mkfifo', [path])
  const { keeper, said } = startKeeper(t, { files: { live: path, candidate: null }, load: loadRulesApart })
  t.match(await keeper.reload('admin'), [{ rejection: { unreadable: /it is no file/u } }])
  t.same(said(), ['live loaded by start', 'live rejected by admin'])
})

t.test('a candidate that was never good and is taken away is told of, so that no alarm stays', async (t) => {
  const { keeper, texts, events, said } = startKeeper(t)
  texts.candidate = BAD
  await keeper.start()
  t.equal(said().at(-1), 'candidate rejected by start')
  texts.candidate = null
  await keeper.reload('admin')
  t.match(
    events.filter(({ kind }) => kind === 'candidate_gone'),
    [{ file: 'candidate.yaml', hash: null }]
  )
  t.equal(keeper.status().candidate?.rejection, null)
})
