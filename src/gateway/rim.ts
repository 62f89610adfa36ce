import type { AddressInfo } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { isLoopback } from '../door/address.ts'
import { createListening, type Listening } from '../door/listening.ts'
import { createTlsKeeper, type TlsKeeper } from '../door/tls-keeper.ts'
import { watchFiles } from '../rules/watch.ts'
import type { Report } from '../telemetry/events.ts'
import { eventOfTls } from './events.ts'
import type { GatewayOptions } from './options.ts'

/** How often connections to providers are kept from falling asleep, in ms: they close after 30 s of rest. */
const WARM_EVERY_MS = 20_000

/** How often the end of the certificate is looked at, in ms. */
const EXPIRY_EVERY_MS = 60 * 60_000

/** How long after the deadline of the last request a stop waits for connections, in ms. */
const CUT_AFTER_MS = 500

/** What makes the servers of both doors, with TLS or without. */
export interface Listenings {
  readonly hook: Listening
  readonly admin: Listening
}

export function createListenings({ tls, admin }: Pick<GatewayOptions, 'tls' | 'admin'>): Listenings {
  const pair = tls?.initial ?? null
  return {
    hook: createListening(pair),
    // On loopback nobody listens in, and no certificate of ours is for it.
    admin: createListening(isLoopback(admin?.host) ? null : pair)
  }
}

export interface RimDependencies {
  readonly options: Pick<GatewayOptions, 'host' | 'port' | 'admin' | 'tls' | 'clock'>
  readonly app: FastifyInstance
  readonly adminApp: FastifyInstance | null
  readonly listenings: Listenings
  /** Opens connections to the providers, or keeps them awake. */
  readonly warm: () => Promise<unknown>
  /** Of the rules in force. */
  readonly deadlineMs: () => number
  readonly report: Report
}

/** Where the gateway touches the world: its ports, its certificate, the beat that keeps connections awake. */
export interface Rim {
  readonly url: string
  readonly adminUrl: string | null
  /** False once it closes: nobody should send new requests here. */
  readonly isOpen: () => boolean
  /** Reads the certificate anew, where there is one. */
  readonly renewCertificate: () => void
  /** Takes no new request, and resolves when those that came have their answer or are cut off. Never rejects. */
  readonly close: () => Promise<void>
}

/** Listens. Rejects where it may not. */
export async function openRim(deps: RimDependencies): Promise<Rim> {
  const { options, app, adminApp, warm, deadlineMs } = deps
  let isOpen = true
  // A connection that was busy when the stop began would be kept alive after its answer.
  app.addHook('onSend', async (_request, reply) => {
    if (!isOpen) void reply.header('connection', 'close')
  })
  await Promise.all([
    app.listen({ host: options.host, port: options.port }),
    adminApp?.listen({ host: options.admin?.host ?? '127.0.0.1', port: options.admin?.port ?? 0 })
  ])
  const certificate = keepCertificate(deps)
  const warming = setInterval(() => void warm(), WARM_EVERY_MS)
  warming.unref()

  return {
    url: urlOf(app),
    adminUrl: adminApp === null ? null : urlOf(adminApp),
    isOpen: () => isOpen,
    renewCertificate: () => certificate?.reload('signal'),
    async close() {
      isOpen = false
      clearInterval(warming)
      certificate?.close()
      // Whoever is still sending a request by then gets no answer any more.
      const cut = setTimeout(() => app.server.closeAllConnections(), deadlineMs() + CUT_AFTER_MS)
      await Promise.all([app.close(), adminApp?.close()])
      clearTimeout(cut)
    }
  }
}

/** Null where a proxy in front ends TLS. */
function keepCertificate({
  options: { tls = null, clock },
  listenings,
  report
}: RimDependencies): (Pick<TlsKeeper, 'reload'> & { readonly close: () => void }) | null {
  if (tls === null) return null
  const keeper = createTlsKeeper({
    initial: tls.initial,
    read: tls.read,
    use(pair) {
      listenings.hook.renew(pair)
      listenings.admin.renew(pair)
    },
    epoch: clock.epoch,
    onEvent: (event) => report(eventOfTls(event, tls.publicHost))
  })
  const unwatch =
    tls.watchEveryMs === null || tls.files.length === 0
      ? null
      : watchFiles(tls.files, { everyMs: tls.watchEveryMs, onChange: () => keeper.reload('watch') })
  const expiry = setInterval(keeper.look, EXPIRY_EVERY_MS)
  expiry.unref()
  return {
    reload: keeper.reload,
    close() {
      clearInterval(expiry)
      unwatch?.()
    }
  }
}

/** Where it listens, as somebody on this machine writes it. */
export function urlOf(app: FastifyInstance): string {
  const { address, family, port } = app.server.address() as AddressInfo
  const protocol = app.server instanceof TlsServer ? 'https' : 'http'
  return `${protocol}://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}
