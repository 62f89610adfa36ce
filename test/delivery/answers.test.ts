import t from 'tap'
import { createAnswers, type Answer, type OnceRequest } from '../../src/delivery/answers.ts'
import type { Delivery } from '../../src/domain/delivery.ts'
import { createMemoryState } from '../../src/state/memory.ts'
import { virtualTime } from '../fixtures/virtual-time.ts'

const delivery = { rule: 'one' } as Delivery
const deliver = async (): Promise<Delivery> => delivery
const request = (key: string, lifeMs = 1000, answerByMs = 2450): OnceRequest => ({ key, lifeMs, answerByMs })

t.test('createAnswers() runs a delivery once for its key, for the life of the code', async (t) => {
  let nowMs = 1
  let runs = 0
  const now = (): number => nowMs
  const answers = createAnswers({ shared: null, now })
  const counted = async (): Promise<Delivery> => {
    runs += 1
    return delivery
  }
  const once = (key: string, lifeMs?: number): Promise<Answer> => answers.once(request(key, lifeMs), counted)

  const [first, second] = await Promise.all([once('a'), once('a')])
  t.match(first, { delivery, duplicate: null })
  t.match(second, { delivery, duplicate: { joined: true } })
  t.equal(answers.knows('a'), true)
  nowMs = 901
  t.match(await once('a'), { delivery, duplicate: { joined: false, ageMs: 900 } })
  t.match(await once('b'), { duplicate: null })
  t.equal(runs, 2)
  nowMs = 1101
  t.equal((await once('a')).duplicate, null, 'the code is over, and so is its answer')
  await once('c', Infinity)
  nowMs += 61 * 60_000
  t.equal((await once('c')).duplicate, null, 'nothing is remembered for longer than an hour')
})

t.test('createAnswers() forgets the oldest above its limit, and what ended in a bug', async (t) => {
  const now = (): number => 1
  const answers = createAnswers({ shared: null, now, max: 2 })
  for (const key of ['a', 'b', 'c']) await answers.once(request(key), deliver)
  t.same(
    ['a', 'b', 'c'].map((key) => answers.knows(key)),
    [false, true, true]
  )
  for (const shared of [null, createMemoryState({ now })]) {
    const forgetful = createAnswers({ shared, now })
    const bug = forgetful.once(request('bug'), async () => {
      throw new Error('A bug.')
    })
    await t.rejects(bug)
    t.equal((await forgetful.once(request('bug'), deliver)).duplicate, null)
  }
})

t.test('createAnswers() on two nodes with one state runs a delivery once', async (t) => {
  const time = virtualTime()
  t.teardown(time.end)
  const { now } = time
  const state = createMemoryState({ now })
  const here = createAnswers({ shared: state, now })
  const there = createAnswers({ shared: state, now })
  let runs = 0
  const slow = async (): Promise<Delivery> => {
    runs += 1
    await new Promise((resolve) => setTimeout(resolve, 400))
    return delivery
  }
  const both = Promise.all([here.once(request('a'), slow), there.once(request('a'), slow)])
  await time.pass(500)
  t.match(await both, [{ duplicate: null }, { delivery, duplicate: { ageMs: null, joined: true } }])
  t.match(
    await there.once(request('a'), slow),
    { delivery, duplicate: { joined: false } },
    'and then it is known there'
  )
  t.equal(runs, 1)
})

t.test('createAnswers() waits for a node that has died until the deadline, and sends nothing', async (t) => {
  const time = virtualTime()
  t.teardown(time.end)
  const state = createMemoryState(time)
  const dead = createAnswers({ shared: state, now: time.now })
  const alive = createAnswers({ shared: state, now: time.now })
  void dead.once(request('a'), () => new Promise(() => {}))
  await time.pass(10)
  let answer: Answer | null = null
  void alive.once(request('a', 5000, 500), deliver).then((one) => (answer = one))
  await time.pass(480)
  t.equal(answer, null)
  await time.pass(50)
  t.match(answer, { delivery: null, duplicate: { joined: true } })
  t.equal(alive.knows('a'), false, 'whoever asks again may hear more')
})
