import type { FastifyReply } from 'fastify'
import type { ShownRefusal } from './shown.ts'

/** Says no, in words. */
export async function refuse(
  reply: FastifyReply,
  status: number,
  error: string,
  mistakes: readonly string[] = []
): Promise<FastifyReply> {
  const refusal: ShownRefusal = { error, mistakes }
  return await reply.code(status).send(refusal)
}
