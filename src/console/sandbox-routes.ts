import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { wrong } from '../admin/refusal.ts'
import { CHANNELS } from '../domain/message.ts'
import type { SandboxView } from './ports.ts'
import { refuse } from './refuse.ts'

const Provider = Type.Object({ provider: Type.String({ maxLength: 64 }) })
const Mode = Type.Object({ mode: Type.String({ maxLength: 64 }) }, { additionalProperties: false })
const Send = Type.Object(
  {
    number: Type.String({ minLength: 1, maxLength: 64 }),
    channel: Type.Enum([...CHANNELS]),
    again: Type.Optional(Type.Boolean())
  },
  { additionalProperties: false }
)

/** Samples at one time: each is a request of its own to the hook. */
const MOST_SENDING = 8

/** Phones, faults and samples. There are none of these routes where the gateway is live. */
export const sandboxRoutes: FastifyPluginAsyncTypebox<{ readonly sandbox: SandboxView }> = async (
  app,
  { sandbox }
) => {
  let sending = 0

  app.get('/sandbox', () => sandbox.read())

  app.delete('/sandbox/inbox', () => {
    sandbox.clearInbox()
    return sandbox.read()
  })

  app.put(
    '/sandbox/faults/:provider',
    { schema: { params: Provider, body: Mode } },
    async (request, reply) => {
      const mistake = await sandbox.setFault(request.params.provider, request.body.mode)
      return mistake === null ? sandbox.read() : await reply.code(400).send(wrong([mistake]))
    }
  )

  app.delete('/sandbox/faults/:provider', { schema: { params: Provider } }, async (request, reply) => {
    const mistake = await sandbox.setFault(request.params.provider, null)
    return mistake === null ? sandbox.read() : await reply.code(400).send(wrong([mistake]))
  })

  app.post('/sandbox/send', { schema: { body: Send } }, async ({ body }, reply) => {
    if (sending >= MOST_SENDING) {
      return await refuse(reply, 429, 'Some samples are on their way already. Wait for their answers.')
    }
    sending += 1
    try {
      return await sandbox.send(body)
    } catch {
      return await refuse(reply, 502, "The gateway's own hook did not answer.")
    } finally {
      sending -= 1
    }
  })
}
