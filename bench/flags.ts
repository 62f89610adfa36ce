import { parseArgs } from 'node:util'

export interface Flags {
  /** Length of one round at full speed; a round at a fixed rate takes twice as long. */
  readonly seconds: number
  /** Each server's turns; the median of them is printed. */
  readonly rounds: number
}

const USAGE = `npm run bench -- [--seconds N] [--rounds N] [--quick]

  --seconds N  length of one round, 3 by default (0.5 to 60)
  --rounds N   rounds for each server, 4 by default (1 to 50)
  --quick      one short round: does it run at all? The figures mean little.
`

/** Null where the arguments are not understood, or ask for help: then the usage has been printed. */
export function readFlags(args: readonly string[]): Flags | null {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false }
      }
    })
    const flags = {
      seconds: Number(values.seconds ?? (values.quick ? 1 : 3)),
      rounds: Number(values.rounds ?? (values.quick ? 1 : 4))
    }
    if (!values.help && within(flags.seconds, 0.5, 60) && within(flags.rounds, 1, 50)) {
      return { ...flags, rounds: Math.round(flags.rounds) }
    }
  } catch (error) {
    console.error((error as Error).message)
  }
  console.error(USAGE)
  return null
}

function within(value: number, least: number, most: number): boolean {
  return value >= least && value <= most
}
