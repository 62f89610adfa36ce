import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens on any free port of loopback and says where, in the form in which the gateway's log says it. */
export function listening(server: Server): void {
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    process.stdout.write(`${JSON.stringify({ event: 'gateway.started', url: `http://127.0.0.1:${port}` })}\n`)
  })
}
