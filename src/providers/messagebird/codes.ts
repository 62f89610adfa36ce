import type { CodeTable } from '../refusal.ts'

/**
 * `errors[].code` of the classic API, alone or with the `parameter` it names.
 * https://developers.messagebird.com/api/#api-errors
 * https://github.com/messagebird/openapi-specs (sms/openapi.yaml: examples of 2 and 9)
 */
export const MESSAGEBIRD_CODES: CodeTable = {
  2: 'credentials', // Request not allowed: a wrong access key.
  7: 'unknown', // Seen, and in none of the vendor's lists.
  9: 'bad_request', // Missing parameters.
  '9:recipient': 'recipient_refused', // "no (correct) recipients found"
  '9:recipients': 'recipient_refused',
  '9:originator': 'sender_refused',
  10: 'bad_request', // Invalid parameters.
  '10:recipient': 'recipient_refused',
  '10:recipients': 'recipient_refused',
  '10:originator': 'sender_refused',
  20: 'bad_request', // Not found.
  21: 'bad_request', // Bad request.
  25: 'quota', // Not enough balance.
  98: 'bad_request', // API not found.
  99: 'provider_error', // Internal error, said in so many words.
  1001: 'credentials'
}
