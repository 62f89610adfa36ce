import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { providersOf, startTestGateway, THREE_PROVIDERS } from '../../test/fixtures/gateway.ts'

export type SoakStart = Pick<
  Sandbox,
  'credentials' | 'twilioUrl' | 'vonageRestUrl' | 'vonageApiUrl' | 'messagebirdUrl'
>

/** After a garbage collection. */
export interface Figures {
  readonly rssMb: number
  readonly heapMb: number
  readonly sockets: number
  readonly timers: number
  readonly listeners: number
  readonly inFlight: number
  readonly hanging: number
}

const RULES = `${THREE_PROVIDERS}
defaults: { sender: number }
otherwise:
  send: [twilio, vonage, messagebird]
`

process.once('message', (start: SoakStart) => void soak(start))

async function soak(start: SoakStart): Promise<void> {
  const gateway = await startTestGateway({
    rules: RULES,
    providers: providersOf(start),
    level: 'info',
    onLine: () => {}
  })

  function measure(): Figures {
    globalThis.gc?.()
    const { rss, heapUsed } = process.memoryUsage()
    const resources = process.getActiveResourcesInfo()
    const countOf = (kind: RegExp): number => resources.filter((name) => kind.test(name)).length
    return {
      rssMb: Math.round(rss / 1e6),
      heapMb: Math.round(heapUsed / 1e6),
      sockets: countOf(/TCP|TLS/u),
      timers: countOf(/Timeout/u),
      listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
      inFlight: gateway.inFlight(),
      hanging: gateway.hanging()
    }
  }

  process.on('message', (message) => {
    if (message === 'measure') process.send?.(measure())
    else void gateway.stop().then(() => process.exit(0))
  })
  process.send?.({ url: gateway.url })
}
