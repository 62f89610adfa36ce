import { nodeStateOf, type NodeState, type NodeStatus } from '../words/node-words.ts'
import { askGateway } from './admin-client.ts'
import type { Io } from './command.ts'

/** Null where it could not be asked, which has then been said. */
export async function readNode(io: Io, base: string): Promise<NodeState | null> {
  const answer = await askGateway(io, { method: 'GET', path: '/status', base })
  return answer === null ? null : nodeStateOf(answer as NodeStatus)
}
