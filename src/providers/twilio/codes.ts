import type { CodeTable } from '../refusal.ts'

/**
 * Twilio's error codes, of sends and of later receipts.
 * https://www.twilio.com/docs/api/errors
 *
 * Left out: 11200 (our callback failed, not the message) and 602xx but 60205 (Twilio Verify, not used here).
 */
export const TWILIO_CODES: CodeTable = {
  // Account and credentials.
  401: 'credentials',
  10001: 'credentials', // Account is not active.
  20003: 'credentials', // Permission denied: wrong SID or token.
  20005: 'credentials', // Account not active.
  20006: 'credentials', // Access denied.
  20008: 'credentials', // Test credentials on a resource that needs live ones.
  20010: 'credentials', // Account suspended, or the action is disabled.
  30002: 'credentials', // Account suspended.
  // Limits of a trial account: it reaches nobody but verified numbers.
  10002: 'credentials',
  21210: 'credentials', // "From" not verified.
  21219: 'credentials', // "To" not verified (voice).
  21607: 'credentials', // "From" not verified.
  21608: 'credentials', // "To" not verified (SMS).

  // Too much at once.
  10004: 'throttled', // Call concurrency.
  14107: 'throttled', // SMS send rate.
  20429: 'throttled', // Too many requests: never processed.
  21611: 'throttled', // The sender's queue is full.
  30001: 'throttled', // Queue overflow.
  30022: 'throttled', // A2P 10DLC: rate of the campaign.
  30027: 'throttled', // A2P 10DLC: daily limit at T-Mobile.
  63018: 'throttled', // Rate of the channel.

  // Trouble at Twilio or behind it.
  503: 'provider_error',
  20500: 'no_answer', // Internal error: it may have gone out.
  20503: 'provider_error', // Service unavailable.
  30008: 'provider_error', // Unknown error of the carrier (receipt).
  30017: 'provider_error', // Carrier congestion.
  30020: 'provider_error',
  30021: 'provider_error',
  30410: 'provider_error', // A provider behind Twilio timed out.

  // The number.
  13223: 'recipient_refused', // Dial: invalid number format.
  13226: 'recipient_refused', // Dial: invalid country code.
  14101: 'recipient_refused', // Invalid "To".
  21201: 'recipient_refused', // No "To".
  21211: 'recipient_refused', // Invalid "To".
  21217: 'recipient_refused', // Not a valid phone number (voice).
  21401: 'recipient_refused', // Invalid phone number.
  21421: 'recipient_refused', // Invalid phone number.
  21614: 'recipient_refused', // Not a mobile number.
  21635: 'recipient_refused', // A landline.
  30003: 'recipient_refused', // Handset unreachable (receipt).
  30004: 'recipient_refused', // Blocked by carrier or person (receipt).
  30005: 'recipient_refused', // Unknown handset (receipt).
  30006: 'recipient_refused', // Landline or unreachable carrier (receipt).
  30014: 'recipient_refused', // Invalid destination.
  60205: 'recipient_refused', // A landline.

  21610: 'opted_out', // The person answered STOP.

  21202: 'fraud_blocked', // Premium-rate number.
  13225: 'fraud_blocked', // Call blocked by Twilio's list.
  21216: 'fraud_blocked', // Call blocked by Twilio's list.
  32203: 'fraud_blocked', // Call blocked by Twilio's list.
  30450: 'fraud_blocked', // SMS pumping: the prefix is closed for 15 to 30 minutes.
  60410: 'fraud_blocked', // The same, said by Verify's guard.

  // This account may not, or cannot, reach that destination; another provider may have a way there.
  13224: 'sender_refused', // Dial: number not supported.
  21214: 'sender_refused', // Number cannot be reached (voice).
  // Geographic permissions: the region is switched off in the console.
  13227: 'sender_refused',
  21203: 'sender_refused',
  21215: 'sender_refused',
  21408: 'sender_refused',
  32205: 'sender_refused',
  // The sender is not ours, or not fit for this destination or channel.
  13214: 'sender_refused',
  13247: 'sender_refused',
  21212: 'sender_refused',
  21213: 'sender_refused',
  21606: 'sender_refused',
  21612: 'sender_refused', // No way from this "From" to this "To".
  21701: 'sender_refused', // Messaging service not found.
  21703: 'sender_refused', // Messaging service has no sender.
  21704: 'sender_refused',
  21705: 'sender_refused', // Messaging service not valid.
  21708: 'sender_refused',
  21711: 'sender_refused',
  30024: 'sender_refused', // Sender not provisioned at the carrier.
  32017: 'sender_refused',
  // Filters for spam: our sender or text, not Twilio's health and not the person.
  21618: 'sender_refused',
  30007: 'sender_refused',
  30038: 'sender_refused',
  // Registration: 10DLC, toll-free, daily caps.
  30023: 'sender_refused',
  30032: 'sender_refused',
  30033: 'sender_refused',
  30034: 'sender_refused',
  30035: 'sender_refused',
  30125: 'sender_refused',

  // Its time in Twilio's queue was over (receipt): nothing was sent.
  30036: 'provider_error',

  // Our request.
  12100: 'bad_request', // TwiML does not parse.
  13510: 'bad_request', // Say and Play: TwiML attributes and text, up to 13521.
  13511: 'bad_request',
  13512: 'bad_request',
  13513: 'bad_request',
  13514: 'bad_request',
  13515: 'bad_request',
  13516: 'bad_request',
  13517: 'bad_request',
  13518: 'bad_request',
  13519: 'bad_request',
  13520: 'bad_request',
  13521: 'bad_request',
  20404: 'bad_request', // Account or resource not found: a wrong URL.
  20422: 'bad_request', // Invalid parameter.
  21205: 'bad_request', // Invalid URL.
  21206: 'bad_request',
  21207: 'bad_request',
  21208: 'bad_request',
  21209: 'bad_request',
  21218: 'bad_request', // Invalid ApplicationSid.
  21234: 'bad_request',
  21601: 'bad_request',
  21602: 'bad_request', // No body.
  21603: 'bad_request', // No "From".
  21604: 'bad_request', // No "To".
  21605: 'bad_request', // Body too long.
  21609: 'bad_request', // Invalid StatusCallback.
  21616: 'bad_request',
  21617: 'bad_request', // Body over 1600 characters.
  21619: 'bad_request', // No body, media or content.
  21624: 'bad_request', // Invalid validity period.
  21626: 'bad_request',
  21627: 'bad_request',
  21654: 'bad_request', // Contents and their variables, up to 21658.
  21655: 'bad_request',
  21656: 'bad_request',
  21657: 'bad_request',
  21658: 'bad_request'
}
