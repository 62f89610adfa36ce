import { spawn } from 'node:child_process'
import type { Cell, CellResult } from './cell.ts'
import { FAULTS, type Latency } from './faults.ts'

export interface MatrixOptions {
  readonly requests: number
  readonly perSecond: number
  readonly latency: Latency
  readonly attemptTimeoutMs: number
  readonly long: boolean
  /** A part of a fault's name. */
  readonly only: string | undefined
  readonly channel: string | undefined
  readonly on: string | undefined
  readonly start: string | undefined
}

/** Every cell that there is: each fault, on whom, begun how, by what. */
export function cellsOf({
  only,
  channel: asked,
  on: who,
  start: begun,
  long,
  ...rest
}: MatrixOptions): readonly Cell[] {
  const cells: Cell[] = []
  for (const [fault, { everybody, address, hangs, ...more }] of Object.entries(FAULTS)) {
    if ((more.long === true && !long) || (only !== undefined && !fault.includes(only))) continue
    for (const on of everybody === true ? (['all'] as const) : (['first', 'first two'] as const)) {
      // A name that leads nowhere has led nowhere from the start.
      for (const start of address === undefined ? (['cold', 'warm'] as const) : (['cold'] as const)) {
        for (const [channel, onNoAnswer] of CHANNELS) {
          if (onNoAnswer === 'next' && hangs !== true) continue
          if (asked !== undefined && asked !== channel) continue
          if ((who !== undefined && who !== on && on !== 'all') || (begun !== undefined && begun !== start)) {
            continue
          }
          cells.push({ fault, on, start, channel, onNoAnswer, ...rest })
        }
      }
    }
  }
  return cells
}

/** For calls also with a rule that does not wait, where that makes a difference. */
const CHANNELS = [
  ['sms', null],
  ['voice', null],
  ['voice', 'next']
] as const

/** Plays cells side by side, each in a process of its own. */
export async function playAll(
  cells: readonly Cell[],
  jobs: number,
  onResult: (cell: Cell, result: CellResult) => void = () => {}
): Promise<ReadonlyMap<Cell, CellResult>> {
  const results = new Map<Cell, CellResult>()
  const waiting = [...cells]

  async function work(): Promise<void> {
    for (let cell = waiting.shift(); cell !== undefined; cell = waiting.shift()) {
      const result = await inChild(cell)
      results.set(cell, result)
      onResult(cell, result)
    }
  }
  await Promise.all(Array.from({ length: jobs }, work))
  return results
}

function inChild(cell: Cell): Promise<CellResult> {
  const child = spawn(
    process.execPath,
    [new URL('child.ts', import.meta.url).pathname, JSON.stringify(cell)],
    {
      stdio: ['ignore', 'pipe', 'inherit']
    }
  )
  let text = ''
  child.stdout.on('data', (chunk) => (text += String(chunk)))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as CellResult)
      else reject(new Error(`The cell ${JSON.stringify(cell)} ended with ${code}.`))
    })
  })
}

/** What was promised and did not come, in words; empty where all is well. */
export function missedBy(cell: Cell, result: CellResult): readonly string[] {
  const { hangs = false, unknowable = false, everybody = false } = FAULTS[cell.fault] ?? {}
  // Whoever waits for a call to be answered cannot be carried by the next provider.
  const waits = hangs && cell.channel === 'voice' && cell.onNoAnswer === null
  const aims: readonly (readonly [boolean, string])[] = [
    [result.unanswered === 0, 'unanswered'],
    [result.lies === 0, 'a lie'],
    [result.afterDeadline === 0, 'sent after the deadline'],
    [result.late === 0, 'late'],
    [waits || result.successful >= leastSuccess(cell), 'too few successes'],
    [result.twice === 0 || unknowable, 'twice, though it could be known'],
    [result.twice <= 0.1, 'too many twice'],
    [result.twiceAfterTwoSeconds <= 0.01, 'too many twice after two seconds'],
    [!hangs || everybody || waits || cell.on !== 'first' || result.p99Ms <= 1_100, 'p99 above 1.1 s'],
    [
      !hangs ||
        everybody ||
        cell.on !== 'first' ||
        cell.fault.includes('%') ||
        (result.avoidedAfterMs ?? Infinity) <= 1_200,
      'avoided too late'
    ],
    [
      FAULTS[cell.fault]?.endsAfterMs === undefined || (result.backAfterMs ?? Infinity) <= 5_000,
      'back too late'
    ]
  ]
  return aims.filter(([holds]) => !holds).map(([, words]) => words)
}

function leastSuccess({ fault, on }: Cell): number {
  if (fault === 'all hang a fifth of the time') return 0.98
  if (on === 'all' && fault !== 'none') return 0.995
  return on === 'first two' && FAULTS[fault]?.hangs === true ? 0.995 : 0.999
}

const percent = (share: number): string => (share === 0 ? '0' : `${(share * 100).toFixed(2)} %`)

export function rowOf(cell: Cell, result: CellResult): readonly string[] {
  const channel = cell.onNoAnswer === null ? cell.channel : `${cell.channel}, ${cell.onNoAnswer}`
  return [
    cell.fault,
    cell.on,
    cell.start,
    channel,
    String(result.requests),
    `${(Math.floor(result.successful * 100_000) / 1000).toFixed(2)} %`,
    percent(result.late),
    percent(result.twice),
    percent(result.twiceAfterTwoSeconds),
    percent(result.sentThoughFailed),
    String(result.p50Ms),
    String(result.p99Ms),
    result.avoidedAfterMs === null ? '' : (result.avoidedAfterMs / 1000).toFixed(1),
    result.backAfterMs === null ? '' : (result.backAfterMs / 1000).toFixed(1),
    missedBy(cell, result).join(', ')
  ]
}

export const HEAD = [
  'fault',
  'who',
  'start',
  'channel',
  'requests',
  'SUCCESSFUL',
  'late',
  'twice',
  'after 2 s',
  'sent, told FAILED',
  'p50 ms',
  'p99 ms',
  'avoided after s',
  'back after s',
  'aim missed'
] as const
