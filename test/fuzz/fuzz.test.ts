import t from 'tap'
import { fuzz } from '../fixtures/fuzz.ts'

const RUNS = 5_000

// `npm run fuzz -- --runs 100000` is the long form.
t.test(`${RUNS} spoilt requests and answers do no harm`, { timeout: 300_000 }, async (t) => {
  const tally = await fuzz(RUNS, undefined)
  // All kinds of them, or it would prove nothing.
  for (const [kind, count] of Object.entries(tally)) t.ok(count > RUNS / 250, `${count} ${kind}`)
})
