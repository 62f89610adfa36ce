import { randomBytes } from 'node:crypto'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket, type SecureContextOptions } from 'node:tls'
import type { TlsPair } from './certificate.ts'

/** A request has come by then: head and body. Okta has hung up long before. In ms. */
const REQUEST_WITHIN_MS = 10_000
const HEAD_WITHIN_MS = 5_000

/** How often those that are too slow are looked for, in ms. */
const LOOK_EVERY_MS = 1_000

/** Longer than the 60 s after which load balancers let go of a connection. */
const KEEP_ALIVE_MS = 75_000

const HANDSHAKE_WITHIN_MS = 5_000

/** All headers of one request, in bytes. Okta's have less than a tenth. */
const HEAD_LIMIT = 16 * 1024

/** Idle ones and slow ones together: what is beyond is not accepted. */
const MOST_CONNECTIONS = 4_000

/** What TLS servers were made with; TLS 1.2 is the least that Node speaks of itself. */
export interface Listening {
  /** For Fastify, which makes one for each address that a name stands for. */
  readonly serverFactory: (handler: RequestListener) => Server
  /** Connections from now on are begun with it; none of an earlier one is resumed. */
  readonly renew: (pair: TlsPair) => void
}

/** The servers of one door, with their limits. @param tls null for plain HTTP. */
export function createListening(tls: TlsPair | null): Listening {
  const tlsServers: TlsServer[] = []
  let current = tls

  function createOne(handler: RequestListener): Server {
    const limits = {
      requestTimeout: REQUEST_WITHIN_MS,
      headersTimeout: HEAD_WITHIN_MS,
      connectionsCheckingInterval: LOOK_EVERY_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      maxHeaderSize: HEAD_LIMIT
    }
    if (current === null) return createServer(limits, handler)
    const server = createTlsServer(
      {
        ...limits,
        ...contextOf(current),
        minVersion: 'TLSv1.2',
        handshakeTimeout: HANDSHAKE_WITHIN_MS,
        // Whoever shows none is told so in HTTP, and probes of health need none.
        requestCert: current.clientCa !== null,
        rejectUnauthorized: false
      },
      handler
    )
    tlsServers.push(server)
    return server
  }

  return {
    serverFactory(handler) {
      const server = createOne(handler)
      server.maxConnections = MOST_CONNECTIONS
      return server
    },
    renew(pair) {
      current = pair
      for (const server of tlsServers) {
        // Typed for certificates alone; it takes whatever a secure context is made of.
        server.setSecureContext({ ...contextOf(pair), minVersion: 'TLSv1.2' })
        // A session remembers that its certificate was good, which other authorities may see otherwise.
        server.setTicketKeys(randomBytes(48))
      }
    }
  }
}

function contextOf({ cert, key, clientCa }: TlsPair): SecureContextOptions {
  return { cert, key, ...(clientCa === null ? {} : { ca: clientCa }) }
}

/** Has whoever connected shown a certificate that one of our authorities signed? */
export function hasCertificate(socket: Socket): boolean {
  return socket instanceof TLSSocket && socket.authorized
}
