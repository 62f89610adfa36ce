import t from 'tap'
import type { Cell } from '../../bench/faults/cell.ts'
import { missedBy, playAll } from '../../bench/faults/matrix.ts'

// The short form of `npm run bench:faults`: some telling cells, each a gateway in a process of its own. How long
// anything takes depends on the machine, and is not held here.

const cell = (fault: string, over: Partial<Cell> = {}): Cell => ({
  fault,
  on: 'first',
  start: 'warm',
  channel: 'sms',
  onNoAnswer: null,
  requests: 400,
  perSecond: 40,
  latency: { median: 80, p99: 200 },
  attemptTimeoutMs: 900,
  ...over
})

const CELLS = [
  cell('none', { on: 'all' }),
  cell('connection refused', { on: 'first two' }),
  cell('hangs after reading', { start: 'cold' }),
  cell('hangs before reading', { channel: 'voice', onNoAnswer: 'next' }),
  cell('accepts, never answers'),
  cell('HTTP 503', { on: 'first two', start: 'cold' }),
  cell('HTTP 401', { channel: 'voice' }),
  cell('5 % hang for a minute'),
  cell('all fail half of the time', { on: 'all' })
]

/** What a busy machine can make of it is no fault of the gateway. */
const OF_TIME = /^late|p99|avoided|too many twice|too few|after the deadline/u

t.test('codes go out whatever providers do', { timeout: 240_000 }, async (t) => {
  const results = await playAll(CELLS, 5)
  t.equal(results.size, CELLS.length)
  for (const [one, result] of results) {
    await t.test(`${one.fault}, ${one.on}`, async (t) => {
      t.equal(result.requests, 400)
      t.ok(result.successful >= 0.97, `${result.successful * 100} % SUCCESSFUL`)
      t.ok(result.twice <= 0.2, `${result.twice * 100} % twice`)
      t.same(
        missedBy(one, result).filter((aim) => !OF_TIME.test(aim)),
        []
      )
    })
  }
})
