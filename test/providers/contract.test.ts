import t from 'tap'
import { createProviders } from '../../src/providers/registry.ts'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { PATIENT, provesContract } from '../fixtures/provider-contract.ts'
import { call, CODE, NUMBER, sms, VENDOR_CHANNELS } from '../fixtures/vendors.ts'

for (const channel of VENDOR_CHANNELS) {
  t.test(channel.title, async (t) => provesContract(t, channel))
}

t.test(
  'the sandbox, which knows nothing of the adapters, takes messages and calls of all three',
  async (t) => {
    const sandbox = await startSandbox({ now: Date.now, random: () => 0.5 })
    t.teardown(() => sandbox.close())
    const { twilio, vonage, messagebird } = sandbox.credentials
    const providers = createProviders(
      {
        twilio: { ...twilio, baseUrl: sandbox.twilioUrl },
        vonage: {
          sms: vonage,
          voice: vonage,
          restUrl: sandbox.vonageRestUrl,
          apiUrl: sandbox.vonageApiUrl
        },
        messagebird: { ...messagebird, baseUrl: sandbox.messagebirdUrl }
      },
      { now: Date.now }
    )
    t.same([...providers.keys()], ['twilio', 'vonage', 'messagebird'])
    for (const [name, provider] of providers) {
      await provider.warm()
      for (const message of [sms(), call()]) {
        t.match(await provider.send(message, PATIENT), { class: 'accepted' }, `${name} ${message.channel}`)
      }
      await provider.close()
    }
    t.same(
      sandbox.inbox().map(({ provider, channel, to }) => [provider, channel, to]),
      [...providers.keys()].flatMap((name) => [
        [name, 'sms', NUMBER],
        [name, 'voice', NUMBER]
      ])
    )
    t.ok(sandbox.inbox().every(({ text }) => text.replace(/[^0-9A-Z]/giu, '').includes(CODE)))
  }
)
