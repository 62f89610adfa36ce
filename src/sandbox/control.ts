import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyError, FastifyReply, FastifyRequest, FastifySchemaValidationError } from 'fastify'
import { Type } from 'typebox'
import { CHANNELS, type Channel } from '../domain/message.ts'
import { readFault, type Fault } from './fault.ts'
import type { FaultInForce } from './fault-book.ts'
import { inboxPage } from './inbox-page.ts'
import { SANDBOX_PROVIDERS, type Inbox, type InboxMessage, type SandboxProvider } from './inbox.ts'
import { readJson } from './vendor.ts'

export interface ControlOptions {
  readonly inbox: Inbox
  /** What is wrong with it, in a sentence; null where it holds now. */
  readonly setFault: (
    provider: SandboxProvider,
    fault: Fault | null,
    channel?: Channel
  ) => Promise<string | null>
  readonly faults: (provider: SandboxProvider) => readonly FaultInForce[]
  readonly urls: Readonly<Record<string, string>>
}

const InboxQuery = Type.Object(
  { since: Type.Optional(Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}' })) },
  { additionalProperties: false }
)
const ChannelQuery = Type.Object(
  { channel: Type.Optional(Type.Enum([...CHANNELS])) },
  { additionalProperties: false }
)
const Provider = Type.Object({ provider: Type.Enum([...SANDBOX_PROVIDERS]) })

/** The sandbox's own HTTP API: what phones received, and how vendors fail. */
export const control: FastifyPluginAsyncTypebox<ControlOptions> = async (
  app,
  { inbox, setFault, faults, urls }
) => {
  // For people with curl, which calls what `-d` sends a form.
  app.setReplySerializer((payload) => `${JSON.stringify(payload, null, 2)}\n`)
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) => {
    const json = readJson(String(body))
    done(
      json === undefined ? Object.assign(new Error('The body is no JSON.'), { statusCode: 400 }) : null,
      json
    )
  })
  app.setErrorHandler<FastifyError>(async (error, _, reply) => {
    const mistakes = (error.validation ?? []).map(sentenceOf)
    return await reply.code(error.statusCode ?? 500).send({ error: error.message, mistakes })
  })

  app.get('/', async (_, reply) => await reply.redirect('/inbox'))
  app.get('/health', async () => ({ status: 'ok', vendors: urls }))

  app.get('/inbox', { schema: { querystring: InboxQuery } }, async (request, reply) =>
    show(request, reply, since(inbox.all(), request.query.since))
  )
  app.get(
    '/inbox/:number',
    { schema: { querystring: InboxQuery, params: Type.Object({ number: Type.String() }) } },
    async (request, reply) => {
      const digits = request.params.number.replace(/\D/gu, '')
      const messages = inbox.all().filter(({ to }) => to === `+${digits}`)
      return show(request, reply, since(messages, request.query.since))
    }
  )
  app.delete('/inbox', async (_, reply) => {
    inbox.clear()
    return await reply.code(204).send()
  })

  app.get('/faults', async () => Object.fromEntries(SANDBOX_PROVIDERS.map((name) => [name, faults(name)])))
  app.put('/faults/:provider', { schema: { params: Provider } }, async (request, reply) => {
    const reading = readFault(request.body)
    if (reading.kind === 'mistakes') return await refuse(reply, reading.mistakes)
    const { provider } = request.params
    const mistake = await setFault(provider, reading.fault, reading.fault.channel)
    return mistake === null ? { [provider]: faults(provider) } : await refuse(reply, [mistake])
  })
  app.delete(
    '/faults/:provider',
    { schema: { params: Provider, querystring: ChannelQuery } },
    async (request, reply) => {
      await setFault(request.params.provider, null, request.query.channel)
      return await reply.code(204).send()
    }
  )
  app.delete('/faults', async (_, reply) => {
    for (const provider of SANDBOX_PROVIDERS) await setFault(provider, null)
    return await reply.code(204).send()
  })
}

/** A page where it is asked for by name, which browsers do; JSON otherwise. */
async function show(request: FastifyRequest, reply: FastifyReply, messages: readonly InboxMessage[]) {
  if (!(request.headers.accept ?? '').includes('text/html')) return { messages }
  return await reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    .send(inboxPage(messages))
}

function sentenceOf({ instancePath, message = 'is wrong', params }: FastifySchemaValidationError): string {
  const values = params['allowedValues']
  return `${instancePath.slice(1)} ${message}${Array.isArray(values) ? `: ${values.join(', ')}` : ''}`
}

function since(messages: readonly InboxMessage[], from: string | undefined): readonly InboxMessage[] {
  if (from === undefined) return messages
  // What is no date finds nothing.
  const fromMs = Date.parse(from)
  return messages.filter(({ at }) => Date.parse(at) >= fromMs)
}

async function refuse(reply: FastifyReply, mistakes: readonly string[]): Promise<FastifyReply> {
  return await reply.code(400).send({ error: 'This is no fault that can be set.', mistakes })
}
