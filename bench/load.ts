import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Pool } from 'undici'

// Servers in processes of their own, and what asks them.

const ROOT = new URL('..', import.meta.url).pathname
const LOGIN = 'okta:bench-secret'
export const CONNECTIONS = 32
export const TASKSET = existsSync('/usr/bin/taskset')

const children = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
})

export interface Server {
  readonly child: ChildProcess
  readonly url: string
  /** Of a gateway that takes commands. */
  readonly admin: string | null
}

/** The server on one core, everything else on the other. */
export async function start(
  args: readonly string[],
  env: Record<string, string> = {},
  core = '0'
): Promise<Server> {
  const command = TASKSET ? ['taskset', '-c', core, process.execPath, ...args] : [process.execPath, ...args]
  const child = spawn(command[0] ?? '', command.slice(1), {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', HOST: '127.0.0.1', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  children.add(child)
  const started = await new Promise<string>((resolve, reject) => {
    let text = ''
    child.stdout.on('data', (chunk) => {
      // Only the start is looked at: afterwards the log is read and thrown away, as fast as it comes.
      if (text.length > 10_000) return
      text += String(chunk)
      const found = /^.*"event":"gateway.started".*\n/mu.exec(text)?.[0]
      if (found !== undefined) resolve(found)
    })
    child.on('exit', (code) => reject(new Error(`It ended with ${code}.`)))
  })
  const { url, admin } = JSON.parse(started) as Partial<Server>
  return { child, url: url ?? '', admin: admin ?? null }
}

export async function stop({ child }: Server): Promise<void> {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await gone
  children.delete(child)
}

/** The rules that ship, for accounts that take as much as comes. */
function rulesFile(): string {
  const rules = readFileSync(join(ROOT, 'config/routing.yaml'), 'utf8')
  const path = join(mkdtempSync(join(tmpdir(), 'switchboard-bench-')), 'routing.yaml')
  writeFileSync(path, rules.replaceAll(/, capacity_per_second: \d+/gu, ''))
  return path
}

/** As it is deployed, over a provider that is played. */
export function gateway(provider: string, env: Record<string, string> = {}): Promise<Server> {
  return start(['bin/switchboard.js'], {
    ROUTING_FILE: rulesFile(),
    MAX_IN_FLIGHT: '100000',
    SANDBOX: 'off',
    OKTA_BASIC_AUTH: LOGIN,
    TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
    TWILIO_AUTH_TOKEN: 'bench-token',
    TWILIO_BASE_URL: provider,
    ...env
  })
}

const headers = {
  'content-type': 'application/json',
  authorization: `Basic ${Buffer.from(LOGIN).toString('base64')}`
}
let eventCount = 0

function body(): string {
  eventCount += 1
  return JSON.stringify({
    eventId: `bench-${eventCount}`,
    eventTime: '2026-11-23T10:00:00.000Z',
    eventType: 'com.okta.telephony.provider',
    source: 'https://example.okta.com/api/v1/inlineHooks/cal0000000000000000',
    requestType: 'com.okta.user.telephony.mfa-verification',
    data: {
      context: {
        request: { id: `req${eventCount}`, url: { value: '/idp/idx/challenge' }, ipAddress: '127.0.0.1' }
      },
      userProfile: {
        firstName: 'Test',
        lastName: 'User',
        login: 'test@example.com',
        userId: `00u${eventCount % 5000}`
      },
      messageProfile: {
        msgTemplate: 'Your code is 123456',
        phoneNumber: `+1202555${String(1000 + (eventCount % 9000))}`,
        otpExpires: '2026-11-23T10:05:00.000Z',
        deliveryChannel: 'SMS',
        otpCode: '123456',
        locale: 'en-US'
      }
    }
  })
}

export async function send(pool: Pool): Promise<void> {
  const answer = await pool.request({ method: 'POST', path: '/telephonyHook', headers, body: body() })
  const text = await answer.body.text()
  if (answer.statusCode !== 200 || !text.includes('SUCCESSFUL')) {
    throw new Error(`Refused: ${answer.statusCode} ${text}`)
  }
}

export async function closedLoop(pool: Pool, forMs: number): Promise<number> {
  const until = performance.now() + forMs
  let count = 0
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (performance.now() < until) {
        await send(pool)
        count += 1
      }
    })
  )
  return count
}

/** Requests leave at their time whether or not the ones before have come back. */
export async function openLoop(pool: Pool, perSecond: number, forMs: number): Promise<readonly number[]> {
  const times: number[] = []
  const pending: Promise<void>[] = []
  const begin = performance.now()
  for (let i = 0; i < (forMs / 1000) * perSecond; i++) {
    const due = begin + (i * 1000) / perSecond
    const wait = due - performance.now()
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait))
    pending.push(send(pool).then(() => void times.push(performance.now() - due)))
  }
  await Promise.all(pending)
  return times.toSorted((a, b) => a - b)
}

/** User and system time of a process, in ms; NaN where there is no /proc. */
export function cpuMs({ child }: Server): number {
  if (!existsSync(`/proc/${child.pid}/stat`)) return Number.NaN
  const [, , ...fields] = (readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1] ?? '').split(' ')
  // Fields 14 and 15 of proc(5), in ticks of 10 ms.
  return (Number(fields[9]) + Number(fields[10])) * 10
}

export function rssMb({ child }: Server): number {
  const line = /VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(line ?? Number.NaN) / 1024)
}
