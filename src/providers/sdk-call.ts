import { AsyncLocalStorage } from 'node:async_hooks'
import type { Answered, Exchange, HttpAnswer, HttpRequest } from './exchange.ts'
import type { Limits } from './provider.ts'

interface RunningCall {
  readonly limits: Limits
  answer: HttpAnswer | null
}

/** Of a call that has sent its request, or has ended: it sends no other. */
const OVER: HttpAnswer = { kind: 'not_reached', cause: 'not_started' }

export interface SdkResult<T> {
  /** What came over the wire. Null where the SDK failed before it sent anything. */
  readonly answer: HttpAnswer | null
  /** What the SDK read in it; undefined where it threw. */
  readonly read: T | undefined
}

export interface SdkCalls {
  /** Runs one call of an SDK, whose request then goes out within these limits. Never rejects. */
  readonly run: <T>(limits: Limits, call: () => Promise<T>) => Promise<SdkResult<T>>
  /**
   * What the SDK sends by, in the place of its own HTTP client: once for each {@link SdkCalls.run}.
   * Rejects where no answer came, which takes the SDK out of its call.
   */
  readonly send: (request: HttpRequest) => Promise<Answered>
}

/** Says nothing: it goes through an SDK that might log it. */
class NoAnswer extends Error {
  constructor() {
    super('No answer.')
  }
}

/**
 * Puts our exchange under an SDK. What the SDK throws is dropped here: its errors carry the message and the
 * credentials, and lose the headers. The answer itself is kept, and says all that they would.
 */
export function createSdkCalls(exchange: Exchange): SdkCalls {
  // Limits cannot be passed through an SDK's functions; they travel beside them.
  const running = new AsyncLocalStorage<RunningCall>()

  async function run<T>(limits: Limits, call: () => Promise<T>): Promise<SdkResult<T>> {
    const current: RunningCall = { limits, answer: null }
    const read = await running.run(current, async () => {
      try {
        return await call()
      } catch {
        return undefined
      }
    })
    const { answer } = current
    // A connection that was opened for this call remembers it for as long as it is open, and vendors' answers repeat
    // numbers and texts.
    current.answer = OVER
    return { answer, read }
  }

  async function send(request: HttpRequest): Promise<Answered> {
    const current = running.getStore()
    // A second request in one call would be a retry, and there is none.
    if (current === undefined || current.answer !== null) throw new NoAnswer()
    current.answer = OVER
    const answer = await exchange.request(request, current.limits)
    current.answer = answer
    if (answer.kind !== 'answered') throw new NoAnswer()
    return answer
  }

  return { run, send }
}
