import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'

const ROOT = new URL('..', import.meta.url).pathname

/** How often its memory is looked at, in ms. The kernel keeps the peak: only what came after the last look is missed. */
const LOOK_EVERY_MS = 100

export interface MeasuredCommand {
  readonly json: unknown
  readonly seconds: number
  /** The most memory it had, in MB of 1,024 KB; 0 where this is no Linux. */
  readonly peakMb: number
}

/** Runs a command of ours that writes JSON, in a process of its own. */
export async function runMeasured(args: readonly string[]): Promise<MeasuredCommand> {
  const begunMs = performance.now()
  const child = spawn(process.execPath, ['bin/switchboard.js', ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let peakKb = 0
  const watching = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/u.exec(status)?.[1] ?? 0))
    } catch {
      // It has ended, or this is no Linux.
    }
  }, LOOK_EVERY_MS)
  let json = ''
  child.stdout.on('data', (chunk) => (json += String(chunk)))
  await once(child, 'close')
  clearInterval(watching)
  return {
    json: JSON.parse(json),
    seconds: (performance.now() - begunMs) / 1000,
    peakMb: Math.round(peakKb / 1024)
  }
}
