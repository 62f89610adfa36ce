import Fastify from 'fastify'
import { CHANNELS, type Channel } from '../domain/message.ts'
import { control } from './control.ts'
import { createCredentials, type SandboxCredentials } from './credentials.ts'
import { readFault, type Delay, type Fault, type FaultScope } from './fault.ts'
import { createFaultBook, type FaultInForce } from './fault-book.ts'
import {
  createInbox,
  SANDBOX_PROVIDERS,
  type Delivery,
  type InboxMessage,
  type SandboxProvider
} from './inbox.ts'
import { createMessageBirdVendor } from './messagebird.ts'
import { createTwilioVendor } from './twilio.ts'
import { startVendorServer, type VendorServer } from './vendor-server.ts'
import type { Vendor } from './vendor.ts'
import { createVonageSmsVendor } from './vonage-sms.ts'
import { createVonageVoiceVendor } from './vonage-voice.ts'

export interface SandboxOptions {
  /** Where the inbox and the faults are served; the vendors themselves are on loopback only. */
  readonly host?: string
  /** Of the inbox and the faults; 0 for any. */
  readonly port?: number
  /** How long a healthy answer takes; no time, where it is missing. */
  readonly latency?: Delay
  /** Told of each message that a phone receives: the inbox forgets. */
  readonly onMessage?: (message: InboxMessage) => void
  /** Made at start where they are missing. */
  readonly credentials?: SandboxCredentials
  /** Epoch ms. */
  readonly now: () => number
  /** In [0, 1). Draws shares and delays. */
  readonly random: () => number
}

export interface Sandbox {
  /** The inbox and the faults. */
  readonly url: string
  readonly twilioUrl: string
  /** Vonage's SMS API. */
  readonly vonageRestUrl: string
  /** Vonage's Voice API. */
  readonly vonageApiUrl: string
  readonly messagebirdUrl: string
  readonly credentials: SandboxCredentials
  /** The newest 1,000, newest last. */
  readonly inbox: () => readonly InboxMessage[]
  /**
   * Null clears. The scope narrows the fault: `channel`, `share`, `count`, `duration_ms`. It holds at once;
   * the promise is for `refuse`, which takes a turn of the loop to close and open listeners.
   *
   * @throws TypeError on a fault that its schema refuses.
   */
  readonly setFault: (provider: SandboxProvider, fault: Fault | null, scope?: FaultScope) => Promise<void>
  readonly faults: (provider: SandboxProvider) => readonly FaultInForce[]
  readonly clearInbox: () => void
  /** Empties the inbox and clears every fault. Resolves when every listener is open again. */
  readonly clear: () => Promise<void>
  /** Cuts every connection, those that hang on purpose too. */
  readonly close: () => Promise<void>
}

const INBOX_LIMIT = 1_000

/**
 * Twilio, Vonage and MessageBird on loopback, and the phones that they reach. It knows nothing of the
 * gateway: it takes and refuses what the real APIs would, in their words.
 */
export async function startSandbox({
  host = '127.0.0.1',
  port = 0,
  now,
  random,
  latency,
  onMessage,
  credentials: given
}: SandboxOptions): Promise<Sandbox> {
  const credentials = given ?? (await createCredentials())
  const inbox = createInbox(INBOX_LIMIT)
  const book = createFaultBook({ now, random })
  const reopenings = new Set<NodeJS.Timeout>()

  function start(vendor: Vendor): Promise<VendorServer> {
    const { provider } = vendor
    const deliver = (channel: Channel, deliveries: readonly Delivery[]): void => {
      const at = new Date(now()).toISOString()
      for (const { id, ...rest } of deliveries) {
        const message = { id, provider, channel, ...rest, at }
        inbox.add(message)
        onMessage?.(message)
      }
    }
    return startVendorServer(vendor, {
      draw: (channel) => book.draw(provider, channel),
      deliver,
      latency: latency ?? null,
      now,
      random
    })
  }

  const [twilio, vonageRest, vonageApi, messagebird] = await Promise.all([
    start(createTwilioVendor({ credentials: credentials.twilio, now })),
    start(createVonageSmsVendor(credentials.vonage)),
    start(createVonageVoiceVendor({ credentials: credentials.vonage, now })),
    start(createMessageBirdVendor({ credentials: credentials.messagebird, now }))
  ])
  const servers = { twilio: [twilio], vonage: [vonageRest, vonageApi], messagebird: [messagebird] }

  /** Opens and closes the listeners as the book says. */
  async function settle(provider: SandboxProvider): Promise<void> {
    await Promise.all(
      servers[provider].map((server) =>
        server.setRefusing(server.channels.some((channel) => book.peek(provider, channel)?.mode === 'refuse'))
      )
    )
  }

  /** A listener that serves both channels cannot refuse one of them. */
  function mistakeIn(provider: SandboxProvider, fault: Fault | null, channel?: Channel): string | null {
    if (fault?.mode !== 'refuse' || channel === undefined) return null
    const isShared = servers[provider].some(({ channels }) => channels.length === CHANNELS.length)
    return isShared ? `refuse takes no channel: ${provider} has one host for both` : null
  }

  async function set(
    provider: SandboxProvider,
    fault: Fault | null,
    channel?: Channel
  ): Promise<string | null> {
    const mistake = mistakeIn(provider, fault, channel)
    if (mistake !== null) return mistake
    book.set(provider, fault, channel)
    if (fault?.mode === 'refuse' && fault.duration_ms !== undefined) {
      reopen(provider, fault, fault.duration_ms)
    }
    await settle(provider)
    return null
  }

  function reopen(provider: SandboxProvider, fault: Fault, afterMs: number): void {
    const timer = setTimeout(() => {
      reopenings.delete(timer)
      // The timer's word is enough: a clock that runs behind it would leave the listener closed.
      for (const channel of CHANNELS) {
        if (book.peek(provider, channel) === fault) book.set(provider, null, channel)
      }
      void settle(provider)
    }, afterMs)
    reopenings.add(timer)
  }

  async function setFault(
    provider: SandboxProvider,
    fault: Fault | null,
    scope: FaultScope = {}
  ): Promise<void> {
    const reading = fault === null ? null : readFault({ ...fault, ...scope })
    if (reading?.kind === 'mistakes') throw new TypeError(`No such fault: ${reading.mistakes.join('; ')}.`)
    const read = reading?.fault ?? null
    const mistake = await set(provider, read, read === null ? scope.channel : read.channel)
    if (mistake !== null) throw new TypeError(`No such fault: ${mistake}.`)
  }

  async function clear(): Promise<void> {
    inbox.clear()
    await Promise.all(SANDBOX_PROVIDERS.map((provider) => set(provider, null)))
  }

  const urls = {
    twilioUrl: twilio.url,
    vonageRestUrl: vonageRest.url,
    vonageApiUrl: vonageApi.url,
    messagebirdUrl: messagebird.url
  }
  const app = Fastify({
    forceCloseConnections: true,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: false } }
  })
  await app.register(control, { inbox, setFault: set, faults: book.list, urls })

  async function close(): Promise<void> {
    for (const timer of reopenings) clearTimeout(timer)
    await Promise.all([
      app.close(),
      ...Object.values(servers)
        .flat()
        .map((server) => server.close())
    ])
  }

  try {
    const url = await app.listen({ host, port })
    return {
      url,
      ...urls,
      credentials,
      inbox: inbox.all,
      setFault,
      faults: book.list,
      clearInbox: inbox.clear,
      clear,
      close
    }
  } catch (error) {
    // A port that is taken: nothing of the sandbox stays behind.
    await close()
    throw error
  }
}
