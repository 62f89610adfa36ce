import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { askAccount, type Account, type AccountDeps, type Balance } from '../account.ts'
import { readJson } from '../refusal.ts'
import type { MessageBirdSettings } from './messagebird.ts'

/** https://developers.messagebird.com/api/balance; "When postpaid is your payment method, the amount will be 0." */
const Fields = Type.Object({
  payment: Type.String(),
  type: Type.String(),
  amount: Type.Number()
})

/** MessageBird's account: its balance. */
export function createMessageBirdAccount(settings: MessageBirdSettings, deps: AccountDeps): Account {
  const headers = { Authorization: `AccessKey ${settings.accessKey}`, Accept: 'application/json' }
  const question = { baseUrl: settings.baseUrl, path: '/balance', headers: async () => headers, readBalance }
  return {
    provider: 'messagebird',
    channels: ['sms', 'voice'],
    variables: ['MESSAGEBIRD_ACCESS_KEY'],
    read: (limits) => askAccount(question, limits, deps)
  }
}

function readBalance(body: string): Balance | undefined {
  const fields = readJson(body)
  if (!Value.Check(Fields, fields)) return undefined
  return {
    amount: fields.amount,
    currency: /^[A-Za-z]{3,10}$/u.test(fields.type) ? fields.type : '',
    isEndless: fields.payment === 'postpaid'
  }
}
