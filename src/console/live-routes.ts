import type { ServerResponse } from 'node:http'
import type { FastifyPluginAsync } from 'fastify'
import { EVERYWHERE } from './headers.ts'
import type { ConsoleDependencies } from './ports.ts'
import { refuse } from './refuse.ts'
import type { Sessions } from './sessions.ts'
import { createStateReader } from './shown-state.ts'
import { createStreams, MOST_STREAMS, type Subscriber, type Topic } from './streams.ts'
import { requestsTopic, stateTopic } from './topics.ts'

interface LiveOptions extends Pick<ConsoleDependencies, 'node' | 'recent' | 'now' | 'epoch' | 'onBug'> {
  readonly sessions: Sessions
  /** What is told besides: the sandbox. */
  readonly topics: readonly Topic[]
}

/** How often the state is looked at, in ms. */
const STATE_EVERY_MS = 1_000

/** What is seen: asked for once, or told as it changes. */
export const liveRoutes: FastifyPluginAsync<LiveOptions> = async (
  app,
  { node, recent, sessions, topics, now, epoch, onBug }
) => {
  const { requests, counts } = recent
  const state = createStateReader({ node, counts, epoch })
  const streams = createStreams({
    topics: [stateTopic(state, { everyMs: STATE_EVERY_MS, now, epoch }), requestsTopic(requests), ...topics],
    now,
    onBug
  })
  // A stop waits for nobody who only listens.
  app.addHook('preClose', async () => streams.close())

  app.get('/state', state)
  app.get('/requests', () => requests.list())

  app.get('/events', { exposeHeadRoute: false }, async ({ sessionId }, reply) => {
    if (sessionId === null) throw new Error('Somebody came in without a session.')
    if (streams.count() >= MOST_STREAMS) {
      return await refuse(reply, 503, `There are ${MOST_STREAMS} pages open already: close some of them.`)
    }
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, {
      ...EVERYWHERE,
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // nginx would keep events until there are many.
      'x-accel-buffering': 'no'
    })
    const remove = streams.add(subscriberOf(raw, () => sessions.touch(sessionId)))
    if (remove === null) raw.destroy()
    else raw.once('close', remove)
  })
}

/** A reader who does not read keeps its end waiting so long, in ms. */
const END_WITHIN_MS = 1_000

function subscriberOf(raw: ServerResponse, isAllowed: () => boolean): Subscriber {
  return {
    write: (chunk) => void raw.write(chunk),
    isBusy: () => raw.writableLength > 0,
    isAllowed,
    end() {
      raw.end()
      const cut = setTimeout(() => raw.destroy(), END_WITHIN_MS).unref()
      raw.once('close', () => clearTimeout(cut))
    },
    cut: () => void raw.destroy()
  }
}
