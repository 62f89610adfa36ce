import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { HARD_CAP_MS } from '../../src/delivery/deliver.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { AUTHORIZATION } from '../fixtures/gateway.ts'
import { sampleBody } from '../fixtures/stack.ts'

/** So long a provider that does not answer is heard out, and what it was sent with it. */
const HEARD_OUT_MS = HARD_CAP_MS + 2_000

interface Written {
  readonly code: string
  readonly number: string
  readonly text: string
}

t.test(
  'when a code has gone out, neither it nor the number nor the text is in memory any more',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'switchboard-heap-'))
    t.teardown(() => rmSync(folder, { recursive: true }))
    const sandbox = await startSandbox({ now: () => Date.now(), random: Math.random })
    t.teardown(() => sandbox.close())
    const child = fork(new URL('../fixtures/heap-gateway.ts', import.meta.url), {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc']
    })
    t.teardown(() => child.kill('SIGKILL'))
    const { credentials, twilioUrl, vonageRestUrl, vonageApiUrl, messagebirdUrl } = sandbox
    child.send({ sandbox: { credentials, twilioUrl, vonageRestUrl, vonageApiUrl, messagebirdUrl } })
    const [{ url }] = (await once(child, 'message')) as [{ url: string }]

    let turn = 0
    const sent: Written[] = []
    async function send(
      over: Record<string, unknown> = {},
      headers: Record<string, string> = {}
    ): Promise<void> {
      turn += 1
      const written: Written = {
        code: `Kq7Zw${String(turn).padStart(5, '0')}x`,
        number: `+49151234${String(50_000 + turn)}`,
        text: `Her code of the test, ${turn}, is Kq7Zw${String(turn).padStart(5, '0')}x`
      }
      sent.push(written)
      const body = sampleBody({
        otpCode: written.code,
        phoneNumber: written.number,
        msgTemplate: written.text,
        ...over
      })
      const answer = await fetch(`${url}/telephonyHook`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: AUTHORIZATION, ...headers },
        body
      })
      await answer.arrayBuffer()
    }
    async function snapshot(name: string): Promise<string> {
      child.send({ write: join(folder, name) })
      const [{ written }] = (await once(child, 'message')) as [{ written: string }]
      return readFileSync(written, 'latin1')
    }
    // In one pass: a heap has a hundred million letters.
    const found = (heap: string): readonly string[] => {
      const alike = heap.match(/Kq7Zw\d{5}x|491512345\d{4}|Her code of the test, \d+/gu) ?? []
      return [...new Set(alike)].filter((one) =>
        sent.some(
          ({ code, number, text }) => one === code || one === number.slice(1) || text.startsWith(`${one},`)
        )
      )
    }

    // While a provider hangs its message is there: the search finds what there is to find.
    await sandbox.setFault('twilio', { mode: 'hang_after_read' })
    await send()
    t.ok(found(await snapshot('before.heapsnapshot')).length > 0, 'what is on its way is found')

    await Promise.all(Array.from({ length: 10 }, () => send()))
    await sandbox.clear()
    for (const mode of ['status', 'reset_after_read', 'empty_200', 'huge_body'] as const) {
      await sandbox.setFault('twilio', mode === 'status' ? { mode, status: 503 } : { mode })
      await send()
      await send({ deliveryChannel: 'voice call' })
    }
    await sandbox.clear()
    await Promise.all(Array.from({ length: 30 }, () => send()))
    await send({ phoneNumber: 'nobody' })
    await send({ deliveryChannel: 'pigeon' })
    await send({ otpExpires: '2022-01-28T21:43:40.000Z' })
    await send({}, { authorization: 'Basic eDp5' })
    await send({}, { 'content-type': 'text/plain' })

    await new Promise((resolve) => setTimeout(resolve, HEARD_OUT_MS))
    // What a parser or a pattern has seen last, the next request takes the place of.
    for (let i = 0; i < 3; i++) {
      await fetch(`${url}/telephonyHook`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: AUTHORIZATION },
        body: sampleBody({ otpCode: '00000', phoneNumber: '+12025550100', msgTemplate: '00000' })
      }).then((answer) => answer.arrayBuffer())
    }
    const left = found(await snapshot('after.heapsnapshot'))
    t.same(left, [], `of ${sent.length} codes`)
  }
)
