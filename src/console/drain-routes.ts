import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { DrainDraft, DrainRemoval, type Drains } from '../admin/drains.ts'
import { shownDrain } from './shown-state.ts'

/** Taking a provider out of use and back, as `switchboard drain` and `undrain` do. */
export const drainRoutes: FastifyPluginAsyncTypebox<{ readonly drains: Drains }> = async (
  app,
  { drains }
) => {
  app.post('/drains', { schema: { body: DrainDraft } }, async ({ body }, reply) => {
    const drained = await drains.drain(body)
    if (drained.kind === 'refused') return await reply.code(drained.status).send(drained.refusal)
    return await reply.code(201).send({ drain: shownDrain(drained.override), warnings: drained.warnings })
  })

  app.delete('/drains', { schema: { querystring: DrainRemoval } }, async ({ query }, reply) => {
    const undrained = await drains.undrain(query)
    if (undrained.kind === 'refused') return await reply.code(undrained.status).send(undrained.refusal)
    return { removed: undrained.removed.map(shownDrain), still: undrained.still.map(shownDrain) }
  })
}
