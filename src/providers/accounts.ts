import type { Account, AccountDeps } from './account.ts'
import { createMessageBirdAccount } from './messagebird/account.ts'
import type { ProviderSettings } from './registry.ts'
import { createTwilioAccount } from './twilio/account.ts'
import { createVonageAccounts } from './vonage/account.ts'

/**
 * The sign-ins of all providers that have settings.
 *
 * @throws where a key does not take its settings; the text holds no secret.
 */
export function createAccounts(
  { twilio, vonage, messagebird }: ProviderSettings,
  deps: AccountDeps
): readonly Account[] {
  return [
    ...(twilio === null ? [] : [createTwilioAccount(twilio, deps)]),
    ...(vonage === null ? [] : createVonageAccounts(vonage, deps)),
    ...(messagebird === null ? [] : [createMessageBirdAccount(messagebird, deps)])
  ]
}
