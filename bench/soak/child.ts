import { Writable } from 'node:stream'
import { startGateway } from '../../src/gateway.ts'
import { parseRules } from '../../src/rules/parse.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { createLog } from '../../src/telemetry/log.ts'

export type SoakStart = Pick<
  Sandbox,
  'credentials' | 'twilioUrl' | 'vonageRestUrl' | 'vonageApiUrl' | 'messagebirdUrl'
> & { readonly login: { readonly user: string; readonly password: string } }

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

const RULES = `
version: 1
providers:
  twilio: { channels: [sms, voice] }
  vonage: { channels: [sms, voice] }
  messagebird: { channels: [sms, voice] }
senders:
  number: { kind: number, value: "+12025550123" }
defaults: { sender: number }
otherwise:
  send: [twilio, vonage, messagebird]
`

process.once('message', (start: SoakStart) => void soak(start))

async function soak({ credentials, login, ...urls }: SoakStart): Promise<void> {
  const parsed = parseRules(RULES, 'soak.yaml')
  if (parsed.kind !== 'ok') throw new Error('The rules are faulty.')
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    mode: 'sandbox',
    version: '0.0.0',
    oktaBasicAuth: [login],
    providers: {
      twilio: { ...credentials.twilio, baseUrl: urls.twilioUrl },
      vonage: {
        sms: credentials.vonage,
        voice: credentials.vonage,
        restUrl: urls.vonageRestUrl,
        apiUrl: urls.vonageApiUrl
      },
      messagebird: { ...credentials.messagebird, baseUrl: urls.messagebirdUrl }
    },
    rules: parsed.rules,
    hashKey: 'the key of a soak',
    log: createLog('info', new Writable({ write: (_line, _encoding, done) => done() })),
    clock: { now: () => performance.now(), epoch: () => Date.now() },
    random: Math.random,
    maxInFlight: 1_000,
    admin: null,
    redis: null
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
