import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { askAccount, basicAuthorization, type Account, type AccountDeps, type Balance } from '../account.ts'
import { readJson } from '../refusal.ts'
import { createBearer } from './bearer.ts'
import type { VonageSettings } from './vonage.ts'

/** https://developer.vonage.com/en/api/account#getAccountBalance: in euros. */
const Fields = Type.Object({ value: Type.Number(), autoReload: Type.Optional(Type.Boolean()) })

/**
 * Vonage's two sign-ins: the balance for text messages, the newest call for calls, whose token holds a time.
 *
 * @throws where the private key is no RSA key in PEM.
 */
export function createVonageAccounts(
  { sms, voice, restUrl, apiUrl }: VonageSettings,
  deps: AccountDeps
): readonly Account[] {
  const accounts: Account[] = []
  if (sms !== null) {
    const headers = {
      Authorization: basicAuthorization(sms.apiKey, sms.apiSecret),
      Accept: 'application/json'
    }
    const question = {
      baseUrl: restUrl,
      path: '/account/get-balance',
      headers: async () => headers,
      readBalance
    }
    accounts.push({
      provider: 'vonage',
      channels: ['sms'],
      variables: ['VONAGE_API_KEY', 'VONAGE_API_SECRET'],
      read: (limits) => askAccount(question, limits, deps)
    })
  }
  if (voice !== null) {
    const { auth } = createBearer(voice, deps.now)
    const question = {
      baseUrl: apiUrl,
      path: '/v1/calls?page_size=1',
      headers: async () => ({ Authorization: await auth.createBearerHeader(), Accept: 'application/json' }),
      readBalance: (body: string) => (Value.Check(Calls, readJson(body)) ? null : undefined)
    }
    accounts.push({
      provider: 'vonage',
      channels: ['voice'],
      variables: ['VONAGE_APPLICATION_ID', 'VONAGE_PRIVATE_KEY'],
      read: (limits) => askAccount(question, limits, deps)
    })
  }
  return accounts
}

/** https://developer.vonage.com/en/api/voice#getCalls. It names numbers of calls: none of them is looked at. */
const Calls = Type.Object({ count: Type.Number() })

function readBalance(body: string): Balance | undefined {
  const fields = readJson(body)
  if (!Value.Check(Fields, fields)) return undefined
  return { amount: fields.value, currency: 'EUR', isEndless: fields.autoReload === true }
}
