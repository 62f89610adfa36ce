/** Which providers the numbers lead to by the rules that ship with the gateway. */
export type Audience = 'twilio' | 'mixed'

/** Begins of mobile numbers, to be completed by six digits: countries that `config/routing.yaml` gives to Twilio. */
const TO_TWILIO = ['+12025', '+14165', '+5511998', '+525512', '+27821', '+254712', '+971501', '+201001']

/** Europe, where Vonage comes first, and the Nordics, which MessageBird and Twilio share. */
const TO_OTHERS = ['+491512', '+336123', '+346123', '+467012', '+474123']

const BEGINS: { readonly [A in Audience]: readonly string[] } = {
  twilio: TO_TWILIO,
  mixed: [...TO_TWILIO, ...TO_OTHERS]
}

/** User and password that every server of the benchmark asks for. */
export const LOGIN = { user: 'okta', password: 'bench-only-0123456789' }

export const AUTHORIZATION = `Basic ${Buffer.from(`${LOGIN.user}:${LOGIN.password}`).toString('base64')}`

/**
 * Makes bodies of Okta's telephony hook, in the shape of its documentation. No two have the same event,
 * user or number, so that none is a duplicate or a resend.
 *
 * @param run sets this run's events apart from those of another.
 */
export function createRequests(run: string): (audience: Audience) => string {
  let count = 0

  return (audience) => {
    count += 1
    const begins = BEGINS[audience]
    const serial = String(count % 1_000_000).padStart(6, '0')
    const code = String((count * 7_919) % 1_000_000).padStart(6, '0')
    return JSON.stringify({
      eventId: `${run}${String(count).padStart(10, '0')}`,
      eventTime: '2026-11-23T12:00:00.000Z',
      eventType: 'com.okta.telephony.provider',
      eventTypeVersion: '1.0',
      contentType: 'application/json',
      cloudEventVersion: '0.1',
      source: 'https://example.okta.com/api/v1/inlineHooks/calz6lVQA77AwFeEe0g3',
      requestType: 'com.okta.user.telephony.pre-enrollment',
      data: {
        context: {
          request: {
            id: `reqRgSk8IBBRhuo0Ydl${serial}`,
            method: 'POST',
            url: { value: '/idp/idx/challenge' },
            ipAddress: '127.0.0.1'
          }
        },
        userProfile: {
          firstName: 'Test',
          lastName: 'User',
          login: `user.${serial}@example.com`,
          userId: `00uyxxSknGtK80${serial}`
        },
        messageProfile: {
          msgTemplate: `Your verification code is ${code}.`,
          phoneNumber: `${begins[count % begins.length]}${serial}`,
          otpExpires: '2026-11-23T12:05:00.000Z',
          deliveryChannel: 'SMS',
          otpCode: code,
          locale: 'EN-US'
        }
      }
    })
  }
}
