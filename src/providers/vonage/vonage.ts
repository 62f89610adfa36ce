import type { Channel, OutboundMessage } from '../../domain/message.ts'
import { failed, type Outcome } from '../../domain/outcome.ts'
import { createExchange, type ExchangeSettings } from '../exchange.ts'
import type { Limits, Provider } from '../provider.ts'
import { createBearer } from './bearer.ts'
import { createVonageSms, type VonageSmsSettings } from './sms.ts'
import { createVonageVoice } from './voice.ts'

export const VONAGE_REST_URL = 'https://rest.nexmo.com'
export const VONAGE_API_URL = 'https://api.nexmo.com'

export interface VonageSettings {
  /** Null: no SMS by Vonage. */
  readonly sms: VonageSmsSettings | null
  /** Null: no calls by Vonage. `privateKey` is an RSA key in PEM. */
  readonly voice: { readonly applicationId: string; readonly privateKey: string } | null
  /** Of the SMS API. */
  readonly restUrl: string
  /** Of the Voice API. */
  readonly apiUrl: string
}

export interface VonageDeps {
  /** Ms since 1970. */
  readonly now: () => number
  readonly connections?: ExchangeSettings['connections']
}

/**
 * Vonage: SMS API and Voice API, which sign in each in its own way and may be configured one without the
 * other. The SDK builds and reads, our exchange sends.
 *
 * @throws where the private key is no RSA key in PEM.
 */
export function createVonage(settings: VonageSettings, deps: VonageDeps): Provider {
  const sms = settings.sms && openSms(settings.sms, settings.restUrl, deps)
  const voice = settings.voice && openVoice(settings.voice, settings.apiUrl, deps)
  const open = [sms, voice].filter((api) => api !== null)

  async function send(message: OutboundMessage, limits: Limits): Promise<Outcome> {
    if (message.channel === 'sms') return sms === null ? noChannel() : sms.send(message, limits)
    return voice === null ? noChannel() : voice.send(message, limits)
  }

  return {
    name: 'vonage',
    channels: new Set<Channel>([...(sms ? (['sms'] as const) : []), ...(voice ? (['voice'] as const) : [])]),
    send,
    warm: async () => {
      await Promise.all(open.map((api) => api.warm()))
    },
    close: async () => {
      await Promise.all(open.map((api) => api.close()))
    }
  }
}

function openSms(settings: VonageSmsSettings, baseUrl: string, { now, connections }: VonageDeps) {
  const exchange = createExchange({ baseUrl, ...(connections && { connections }) })
  return { send: createVonageSms(settings, exchange, now), warm: exchange.warm, close: exchange.close }
}

function openVoice(
  settings: NonNullable<VonageSettings['voice']>,
  baseUrl: string,
  { now, connections }: VonageDeps
) {
  const exchange = createExchange({ baseUrl, ...(connections && { connections }) })
  const bearer = createBearer(settings, now)

  async function warm(): Promise<void> {
    await Promise.all([bearer.renew(), exchange.warm()])
  }

  return { send: createVonageVoice(bearer, exchange, now), warm, close: exchange.close }
}

/** The router plans no channel that a provider lacks. */
function noChannel(): Outcome {
  return failed('bad_request', 'no_channel')
}
