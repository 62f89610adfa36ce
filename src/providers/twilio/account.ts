import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { askAccount, basicAuthorization, type Account, type AccountDeps, type Balance } from '../account.ts'
import { readJson } from '../refusal.ts'
import type { TwilioSettings } from './twilio.ts'

/** https://www.twilio.com/docs/usage/api/usage-balance, ApiV2010AccountBalance of the official specification. */
const Fields = Type.Object({ balance: Type.String(), currency: Type.String() })

/** Twilio's account: its balance, which subaccounts do not have. */
export function createTwilioAccount(settings: TwilioSettings, deps: AccountDeps): Account {
  const [user, password, variables] =
    'apiKey' in settings
      ? [settings.apiKey, settings.apiSecret, ['TWILIO_API_KEY', 'TWILIO_API_SECRET']]
      : [settings.accountSid, settings.authToken, ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN']]
  const path = `/2010-04-01/Accounts/${settings.accountSid}/Balance.json`
  const headers = { Authorization: basicAuthorization(user, password), Accept: 'application/json' }
  const question = { baseUrl: settings.baseUrl, path, headers: async () => headers, readBalance }
  return {
    provider: 'twilio',
    channels: ['sms', 'voice'],
    variables,
    read: (limits) => askAccount(question, limits, deps)
  }
}

function readBalance(body: string): Balance | undefined {
  const fields = readJson(body)
  if (!Value.Check(Fields, fields) || !/^-?\d+(\.\d+)?$/u.test(fields.balance)) return undefined
  return {
    amount: Number(fields.balance),
    currency: /^[A-Za-z]{3}$/u.test(fields.currency) ? fields.currency.toUpperCase() : '',
    isEndless: false
  }
}
