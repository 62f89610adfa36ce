import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { CHANNELS } from '../domain/message.ts'
import { parsePhone } from '../domain/phone.ts'
import type { SendTest } from './test-send.ts'

export interface SendRouteOptions {
  readonly sendTest: SendTest
  /** Monotonic, in ms. */
  readonly now: () => number
}

/** Each costs money, and whoever stole the secret must not make a business of it. Of this node. */
const MOST_TESTS_A_MINUTE = 6
const MINUTE_MS = 60_000

const Body = Type.Object(
  {
    to: Type.String({ minLength: 1, maxLength: 64 }),
    channel: Type.Enum([...CHANNELS]),
    locale: Type.Optional(
      Type.String({ pattern: '^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$', maxLength: 35 })
    ),
    by: Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000-\\u001f\\u007f]+$' })
  },
  { additionalProperties: false }
)

/** `POST /send`: one test code by the rules in force. The bearer check and the errors are those of the admin port. */
export function sendRoute(app: FastifyInstance, { sendTest, now }: SendRouteOptions): void {
  let sentAtMs: readonly number[] = []

  app
    .withTypeProvider<TypeBoxTypeProvider>()
    .post('/send', { schema: { body: Body } }, async ({ body }, reply) => {
      const { to, channel, locale = null, by } = body
      const phone = parsePhone(to)
      if (phone === undefined) {
        const mistake = 'to is no phone number: write it with "+" and the country code'
        return await reply
          .code(400)
          .send({ error: 'The request is not as it should be.', mistakes: [mistake] })
      }
      sentAtMs = sentAtMs.filter((atMs) => now() - atMs < MINUTE_MS)
      const [oldest = 0] = sentAtMs
      if (sentAtMs.length >= MOST_TESTS_A_MINUTE) {
        const waitS = Math.max(1, Math.ceil((oldest + MINUTE_MS - now()) / 1_000))
        return await reply
          .code(429)
          .header('retry-after', waitS)
          .send({
            error: `${MOST_TESTS_A_MINUTE} test codes a minute, and no more. Try again in ${waitS} s.`,
            mistakes: []
          })
      }
      sentAtMs = [...sentAtMs, now()]
      return await sendTest({ phone, channel, locale, by })
    })
}
