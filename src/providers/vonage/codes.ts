import type { CodeTable } from '../refusal.ts'

/**
 * `messages[].status` of the SMS API, which come with HTTP 200.
 * https://developer.vonage.com/en/messaging/sms/guides/troubleshooting-sms
 * https://developer.vonage.com/en/api/sms (error table of specification 1.5.1)
 */
export const VONAGE_SMS_CODES: CodeTable = {
  1: 'throttled',
  2: 'bad_request', // Missing parameters.
  3: 'bad_request', // Invalid parameters.
  '3:to': 'recipient_refused', // The invalid one is the number.
  4: 'credentials',
  5: 'provider_error', // Internal error.
  6: 'sender_refused', // Unknown prefix: no route from here, maybe from elsewhere. Not Vonage's health.
  7: 'recipient_refused', // Number barred.
  8: 'credentials', // Account suspended.
  9: 'quota', // No credit.
  10: 'throttled', // Too many binds.
  11: 'credentials', // Account not enabled for HTTP.
  12: 'bad_request', // Message too long.
  14: 'credentials', // Invalid signature.
  15: 'sender_refused', // Sender not allowed: North America wants a number of its own.
  17: 'sender_refused', // Blocked by the provider: our sender or text.
  22: 'bad_request', // Invalid network code.
  23: 'bad_request', // Invalid callback URL.
  29: 'credentials', // Demo account: the number is not on its list.
  32: 'credentials', // Signature and secret at once.
  33: 'recipient_refused' // Number deactivated.
}

/**
 * What follows "#" in `type` of the Voice API's problem details (RFC 7807).
 * https://developer.vonage.com/en/api-errors
 */
export const VONAGE_VOICE_CODES: CodeTable = {
  unauthorized: 'credentials',
  unprovisioned: 'credentials',
  forbidden: 'credentials',
  'low-balance': 'quota',
  throttled: 'throttled',
  'invalid-json': 'bad_request',
  'invalid-params': 'bad_request',
  'not-found': 'bad_request'
}
