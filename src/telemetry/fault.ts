import type { GatewayEvent } from './events.ts'

const MOST_FRAMES = 12

/**
 * A bug as an event. The message is left out: an error of a library may quote the code, the number or
 * the credential that it tripped over.
 */
export function faultOf(where: string, error: unknown): Extract<GatewayEvent, { event: 'gateway.fault' }> {
  if (!(error instanceof Error)) {
    return { event: 'gateway.fault', where, error: typeof error, code: null, frames: [] }
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code.slice(0, 64) : null
  return { event: 'gateway.fault', where, error: error.name.slice(0, 64), code, frames: framesOf(error) }
}

/** The stack begins with the message, whose lines may look like frames. */
function framesOf({ stack = '', message }: Error): string[] {
  return stack
    .slice(message === '' ? 0 : stack.indexOf(message) + message.length)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^at .*(?:file:\/\/|node:)\S+:\d+:\d+\)?$/u.test(line))
    .slice(0, MOST_FRAMES)
}
