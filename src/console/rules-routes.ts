import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { runApart } from '../rules/apart.ts'
import { hideInText } from '../rules/credentials.ts'
import { SENDER_COUNTRIES } from '../rules/sender-countries.ts'
import type { CandidateTask } from './candidate.ts'
import type { ConsoleDependencies } from './ports.ts'
import { refuse } from './refuse.ts'
import type { ShownCandidate, ShownRulesText } from './shown.ts'

type RulesOptions = Pick<ConsoleDependencies, 'node' | 'recent' | 'senderCountries' | 'epoch'>

/** A tenth of it is a large file. */
const MOST_BYTES = 512 * 1024

/** Of JSON, in which a line break is two characters. */
const BODY_LIMIT = 2 * MOST_BYTES

const GIVE_UP_AFTER_MS = 30_000

const MOST_MEMORY_MB = 256

const Candidate = Type.Object(
  { text: Type.String({ maxLength: MOST_BYTES }) },
  { additionalProperties: false }
)

/** The file in force, and another that somebody thinks of. Nothing is loaded here. */
export const rulesRoutes: FastifyPluginAsyncTypebox<RulesOptions> = async (
  app,
  { node, recent, senderCountries = SENDER_COUNTRIES, epoch }
) => {
  let isBusy = false

  app.get('/rules/text', (): ShownRulesText => {
    const { rules, text } = node.liveRules()
    return { file: node.rulesStatus().file, hash: rules.hash, text: hideInText(text) }
  })

  app.post('/candidate', { bodyLimit: BODY_LIMIT, schema: { body: Candidate } }, async ({ body }, reply) => {
    if (Buffer.byteLength(body.text) > MOST_BYTES) {
      return await refuse(reply, 413, `The file is larger than ${MOST_BYTES / 1024} KiB.`)
    }
    if (isBusy) {
      return await refuse(reply, 409, 'Another file is being looked at. Try again in a moment.')
    }
    isBusy = true
    try {
      return await reply.send(await lookAt(body.text))
    } catch {
      // It takes too long or too much memory, or it has found a bug: its text stays out of the log.
      return await refuse(
        reply,
        422,
        'The file could not be looked at in time. "switchboard check" on a machine of your own has all the time there is.'
      )
    } finally {
      isBusy = false
    }
  })

  function lookAt(text: string): Promise<ShownCandidate> {
    const task: CandidateTask = {
      text,
      live: { file: node.rulesStatus().file, rules: node.liveRules().rules },
      past: recent.requests.past(),
      senderCountries,
      nowMs: epoch()
    }
    return runApart(new URL('./candidate-worker.ts', import.meta.url), task, {
      giveUpAfterMs: GIVE_UP_AFTER_MS,
      mostMemoryMb: MOST_MEMORY_MB
    })
  }
}
