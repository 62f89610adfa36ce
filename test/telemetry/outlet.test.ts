import { execFileSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { closeSync, constants, createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { mock } from 'node:test'
import { pino } from 'pino'
import t, { type Test } from 'tap'
import { createOutlet, type Dropped, type Pipe } from '../../src/telemetry/outlet.ts'
import { linesOf, run, runGateway, urlOf, type Running } from '../fixtures/process.ts'
import { sampleBody, until } from '../fixtures/stack.ts'

/** A pipe as the operating system makes them, written to as standard output is. Nobody reads it yet. */
function namedPipe(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'switchboard-outlet-'))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR)
  t.teardown(() => {
    closeSync(fd)
    rmSync(folder, { recursive: true })
  })
  return {
    pipe: pino.destination({ fd, sync: false }),
    /** Reads on, line by line, until the test ends. */
    read: (onLine: (line: string) => void): void => {
      const stream = createReadStream(path)
      createInterface(stream).on('line', onLine)
      t.teardown(() => stream.destroy())
    }
  }
}

/** Writes when it is told to. */
class TestPipe extends EventEmitter implements Pipe {
  kept = ''
  isDestroyed = false
  tries = 0

  write(line: string): void {
    this.kept += line
    this.tries += 1
  }
  destroy(): void {
    this.isDestroyed = true
  }
  /** The reader takes so much. */
  take(bytes: number): void {
    this.kept = this.kept.slice(bytes)
    this.emit('write', bytes)
  }
  fail(code: string): void {
    this.emit('error', Object.assign(new Error(code), { code }))
  }
}

function outletOf(pipe: Pipe, mostBytes: number, now = () => performance.now()) {
  const told: Dropped[] = []
  const outlet = createOutlet({
    pipe,
    mostBytes,
    now,
    onDropped: (dropped) => {
      told.push(dropped)
      outlet.write(`gap ${dropped.lines}\n`)
    }
  })
  return { outlet, told }
}

t.test('what a reader that has stopped cannot take is dropped, and counted in its place', async (t) => {
  const { pipe, read } = namedPipe(t)
  const { outlet, told } = outletOf(pipe, 256 * 1024)
  const pad = 'x'.repeat(90)
  const write = (i: number): void => outlet.write(`${i} ${pad}\n`)

  const begunMs = performance.now()
  for (let i = 0; i < 20_000; i++) write(i)
  t.ok(performance.now() - begunMs < 5_000, 'who writes does not wait')
  await new Promise((resolve) => setTimeout(resolve, 50))
  t.same(told, [], 'nothing can be said yet')

  const lines: string[] = []
  read((line) => lines.push(line))
  await until(() => told.length === 1)
  for (let i = 20_000; i < 20_100; i++) write(i)
  await until(() => lines.at(-1)?.startsWith('20099 ') === true)

  const [dropped] = told
  const numbers = lines.map((line) => (line.startsWith('gap') ? line : Number(line.split(' ')[0])))
  const at = numbers.findIndex((line) => typeof line === 'string')
  t.match(dropped, { cause: 'slow_reader', bytes: Number })
  t.same(
    numbers.slice(0, at),
    Array.from({ length: at }, (_, i) => i),
    'nothing is missing before the gap'
  )
  t.equal(numbers[at], `gap ${20_000 - at}`, 'the gap is as large as it says')
  t.same(
    numbers.slice(at + 1),
    Array.from({ length: 100 }, (_, i) => 20_000 + i),
    'nor after it'
  )
  const waited = lines.slice(0, at).join('\n').length
  t.ok(waited > 256 * 1024 - 100 && waited <= 256 * 1024, 'as much waits as may')
  await outlet.close()
})

t.test('a gap is one gap: lines flow again when half of what waited has been read', async (t) => {
  const pipe = new TestPipe()
  let nowMs = 1_000
  const { outlet, told } = outletOf(pipe, 100, () => nowMs)
  outlet.write('a'.repeat(60))
  outlet.write('b'.repeat(40))
  outlet.write('c')
  nowMs += 250
  pipe.take(30)
  outlet.write('d'.repeat(5))
  t.same([pipe.kept.length, told], [70, []], 'there would be room, and the gap goes on')
  pipe.take(20)
  t.same(told, [{ lines: 2, bytes: 6, forMs: 250, cause: 'slow_reader' }])
  outlet.write('e')
  t.match(pipe.kept, /a{10}b{40}gap 2\ne$/u, 'it stands in the place of what is missing')
  outlet.write('…'.repeat(20))
  t.match(pipe.kept, /e$/u, 'bytes are counted, not characters')
  pipe.take(pipe.kept.length)
  t.match(told.at(-1), { lines: 1, bytes: 60 })
})

t.test('a disk that is full takes no code: lines wait, and are tried again', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const pipe = new TestPipe()
  const { outlet, told } = outletOf(pipe, 100)
  outlet.write('a'.repeat(80))
  pipe.fail('ENOSPC')
  pipe.fail('ENOSPC')
  outlet.write('b'.repeat(30))
  t.equal(pipe.tries, 1)
  mock.timers.tick(1_000)
  t.equal(pipe.tries, 2, 'after a second, by itself')
  pipe.fail('ENOSPC')
  mock.timers.tick(1_000)
  t.equal(pipe.tries, 3)
  pipe.take(80)
  t.match(told, [{ lines: 1, bytes: 30, cause: 'ENOSPC' }])
  mock.timers.tick(5_000)
  t.match(pipe.kept, /^gap 1\n$/u)
})

t.test('standard output that takes nothing at all is no reason to fall over', async (t) => {
  const fd = openSync('/dev/full', 'w')
  t.teardown(() => closeSync(fd))
  const { outlet, told } = outletOf(pino.destination({ fd, sync: false }), 1_000)
  for (let i = 0; i < 100; i++) {
    outlet.write(`${'x'.repeat(100)}\n`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await outlet.close()
  t.same(told, [], 'nothing flows, and nothing is said')
})

t.test('a reader that is gone is written to no more', async (t) => {
  const pipe = new TestPipe()
  const { outlet, told } = outletOf(pipe, 100)
  outlet.write('a')
  pipe.fail('EPIPE')
  for (let i = 0; i < 50; i++) outlet.write('b'.repeat(30))
  t.same([pipe.kept, told], ['a', []])
  await outlet.close()
})

t.test('who ends waits for a reader that reads, and for no other', async (t) => {
  const pipe = new TestPipe()
  let nowMs = 0
  const { outlet } = outletOf(pipe, 1_000, () => nowMs)
  const tick = (ms: number, bytes: number) => {
    nowMs += ms
    if (bytes > 0) pipe.take(bytes)
  }
  outlet.write('a'.repeat(100))
  let isClosed = false
  const closed = outlet.close().then(() => (isClosed = true))
  const turn = () => new Promise((resolve) => setTimeout(resolve, 25))
  for (let i = 0; i < 2; i++) {
    tick(900, 10)
    await turn()
  }
  t.notOk(isClosed, 'it is being read')
  tick(900, 80)
  await closed
  t.notOk(pipe.isDestroyed, 'all of it was')
  outlet.write('b')
  t.equal(pipe.kept, '', 'nothing is written after that')

  const stuck = new TestPipe()
  nowMs = 0
  const other = outletOf(stuck, 1_000, () => nowMs).outlet
  other.write('a')
  const given = other.close()
  await turn()
  t.notOk(stuck.isDestroyed)
  nowMs = 1_000
  await given
  t.ok(stuck.isDestroyed, 'after a second in which nothing was read the rest is forgotten')

  const trickle = new TestPipe()
  nowMs = 0
  const third = outletOf(trickle, 1_000, () => nowMs).outlet
  third.write('a'.repeat(100))
  const late = third.close()
  for (let i = 0; i < 4; i++) {
    nowMs += 800
    trickle.take(1)
    await turn()
  }
  await late
  t.ok(trickle.isDestroyed, 'after three seconds also one that reads is left')
})

/** Posts codes as Okta does, to the sandbox. */
async function codes(url: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const answer = await fetch(`${url}/telephonyHook`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from('okta:sandbox').toString('base64')}`
      },
      body: sampleBody()
    })
    const { commands } = (await answer.json()) as any
    if (commands?.[0].value[0].status !== 'SUCCESSFUL') throw new Error('A code did not go out.')
  }
}

/** As much as a pipe and the test's own end of it hold, several times over: 150 codes at two kilobytes each. */
const CODES = 150

const exited = ({ child }: Running) => once(child, 'exit').then(([code, signal]) => code ?? signal)

t.test('codes go out while nobody reads the log, and no line is lost when somebody does again', async (t) => {
  const gateway = runGateway(t, { LOG_LEVEL: 'debug' })
  const url = await urlOf(gateway)
  gateway.child.stdout?.pause()
  await codes(url, CODES)
  const completed = () => linesOf(gateway).filter(({ event }) => event === 'otp.request.completed').length
  t.ok(completed() < CODES, 'the pipe is full')
  gateway.child.stdout?.resume()
  await until(() => completed() === CODES)
  t.notOk(linesOf(gateway).some(({ event }) => event === 'log.dropped'))
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
  t.equal(linesOf(gateway).at(-1).event, 'gateway.stopped')
})

t.test('a process whose log nobody reads ends when it is told to', async (t) => {
  const gateway = runGateway(t, { LOG_LEVEL: 'debug' })
  const url = await urlOf(gateway)
  gateway.child.stdout?.pause()
  await codes(url, CODES)
  const ended = exited(gateway)
  gateway.child.kill('SIGTERM')
  t.equal(await ended, 0)
})

t.test('codes go out when the reader of the log has died, and when its disk is full', async (t) => {
  const gateway = runGateway(t)
  const url = await urlOf(gateway)
  gateway.child.stdout?.destroy()
  await codes(url, 3)
  const ended = exited(gateway)
  gateway.child.kill('SIGTERM')
  t.equal(await ended, 0)

  const full = run(t, 'bash', ['-c', `exec "${process.execPath}" bin/switchboard.js > /dev/full`])
  await until(() => full.stderr().includes('Stop with Ctrl-C'))
  const address = /http:\S+(?=\/telephonyHook)/u.exec(full.stderr())?.[0] ?? ''
  await codes(address, 3)
  full.child.kill('SIGTERM')
  t.equal(await full.ended, 0)
})
