import { parseArgs } from 'node:util'
import { fuzz } from '../test/fixtures/fuzz.ts'

// Spoilt requests and answers, as many as there is time for. A failure names its seed and the smallest case.

const { values: flags } = parseArgs({
  options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string' } }
})
const runs = Number(flags.runs)
const beganMs = performance.now()
const tally = await fuzz(runs, flags.seed === undefined ? undefined : Number(flags.seed))
process.stdout.write(
  `${runs} spoilt requests and answers did no harm, in ${Math.round((performance.now() - beganMs) / 1000)} s: ${JSON.stringify(tally)}.\n`
)
process.exit(0)
