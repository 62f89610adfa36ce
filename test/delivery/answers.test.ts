import t from 'tap'
import { createAnswers } from '../../src/delivery/answers.ts'
import type { Delivery } from '../../src/domain/delivery.ts'

const delivery = {} as Delivery

t.test('createAnswers() runs a delivery once for its key, for the life of the code', async (t) => {
  let nowMs = 1
  let runs = 0
  const answers = createAnswers(() => nowMs)
  const deliver = async (): Promise<Delivery> => {
    runs += 1
    return delivery
  }
  t.equal(answers.once('a', 1000, deliver).duplicate, null)
  t.match(answers.once('a', 1000, deliver).duplicate, { joined: true })
  await answers.once('a', 1000, deliver).delivery
  nowMs = 901
  t.match(answers.once('a', 1000, deliver).duplicate, { joined: false, ageMs: 900 })
  t.equal(answers.once('b', 1000, deliver).duplicate, null)
  t.equal(runs, 2)
  nowMs = 1100
  t.equal(answers.once('a', 1000, deliver).duplicate, null, 'the code is over, and so is its answer')
  nowMs += 61 * 60_000
  answers.once('c', Infinity, deliver)
  nowMs += 61 * 60_000
  t.equal(
    answers.once('c', Infinity, deliver).duplicate,
    null,
    'nothing is remembered for longer than an hour'
  )
})

t.test('createAnswers() forgets the oldest above its limit, and what ended in a bug', async (t) => {
  const answers = createAnswers(() => 1, 2)
  const deliver = async (): Promise<Delivery> => delivery
  for (const key of ['a', 'b', 'c']) answers.once(key, 1000, deliver)
  t.not(answers.once('c', 1000, deliver).duplicate, null)
  t.not(answers.once('b', 1000, deliver).duplicate, null)
  t.equal(answers.once('a', 1000, deliver).duplicate, null)

  const bug = answers.once('bug', 1000, async () => {
    throw new Error('A bug.')
  })
  await t.rejects(bug.delivery)
  t.equal(answers.once('bug', 1000, deliver).duplicate, null)
})
