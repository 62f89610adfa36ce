import { createMessageBird, type MessageBirdSettings } from './messagebird/messagebird.ts'
import { PROVIDER_NAMES, type Provider, type ProviderName } from './provider.ts'
import { createTwilio, type TwilioSettings } from './twilio/twilio.ts'
import { createVonage, type VonageSettings } from './vonage/vonage.ts'

/** Null: no credentials, so the provider does not exist. */
export interface ProviderSettings {
  readonly twilio: TwilioSettings | null
  readonly vonage: VonageSettings | null
  readonly messagebird: MessageBirdSettings | null
}

export interface ProviderDeps {
  /** Ms since 1970. */
  readonly now: () => number
  /** Connections at most, to each origin. */
  readonly connections?: number
}

type Makers = {
  readonly [Name in ProviderName]: (
    settings: NonNullable<ProviderSettings[Name]>,
    deps: ProviderDeps
  ) => Provider
}

const MAKERS: Makers = {
  twilio: createTwilio,
  vonage: createVonage,
  messagebird: createMessageBird
}

/**
 * The providers that have settings.
 *
 * @throws where an SDK or a key does not take its settings; the text holds no secret.
 */
export function createProviders(
  settings: ProviderSettings,
  deps: ProviderDeps
): ReadonlyMap<ProviderName, Provider> {
  const providers = new Map<ProviderName, Provider>()
  for (const name of PROVIDER_NAMES) {
    const provider = make(name, settings, deps)
    if (provider !== null) providers.set(name, provider)
  }
  return providers
}

function make<Name extends ProviderName>(
  name: Name,
  settings: { readonly [N in Name]: ProviderSettings[N] },
  deps: ProviderDeps
): Provider | null {
  const own = settings[name]
  return own === null ? null : MAKERS[name](own, deps)
}
