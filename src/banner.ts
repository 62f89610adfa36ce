import type { BasicPair, CallerTerms } from './callers/terms.ts'
import { HOOK_PATH } from './okta/hook-route.ts'

export interface BannerFacts {
  readonly gatewayUrl: string
  readonly sandboxUrl: string
  /** Of the admin port. */
  readonly adminUrl: string | null
  /** Null where somebody set their own: it is not printed. */
  readonly adminSecret: string | null
  /** Null where somebody set their own: it is not printed. */
  readonly developmentCredentials: BasicPair | null
  /** What opens: it says how, and none of it is printed. */
  readonly callers: readonly CallerTerms[]
}

/** What a newcomer reads first: that nothing here is real, and what to paste. */
export function sandboxBanner({
  gatewayUrl,
  sandboxUrl,
  adminUrl,
  adminSecret,
  developmentCredentials,
  callers
}: BannerFacts): string {
  const login = developmentCredentials === null ? loginOf(callers) : knownLogin(developmentCredentials)
  return `
  Switchboard runs in its SANDBOX: no message leaves this machine.
  Twilio, Vonage and MessageBird are played by servers on loopback, because no credentials
  of a provider are set. Set them (see .env.example) and it sends real messages.

    Okta's hook   ${gatewayUrl}${HOOK_PATH}   login ${login.inWords}
    Console       ${adminUrl}/console   secret ${adminSecret ?? 'as in ADMIN_SECRET'}
    Phone inbox   ${sandboxUrl}/inbox
    Faults        ${sandboxUrl}/faults
    Health        ${gatewayUrl}/health/ready

  Send Okta's own sample, each time with a new eventId:

${sampleRequest(`${gatewayUrl}${HOOK_PATH}`, login.option)}

  Read what the phone got:   curl -s ${sandboxUrl}/inbox
  Break Twilio and send again:
    curl -s -X PUT ${sandboxUrl}/faults/twilio -H 'content-type: application/json' -d '{"mode":"status","status":503}'
  Stop with Ctrl-C.
`
}

interface Login {
  readonly inWords: string
  /** Of curl. */
  readonly option: string
}

function knownLogin({ user, password }: BasicPair): Login {
  return { inWords: `${user}:${password}`, option: `-u ${user}:${password}` }
}

/** The easiest of what opens. Of several secrets a shell takes the first. */
function loginOf(callers: readonly CallerTerms[]): Login {
  if (callers.some(({ org }) => org !== null)) {
    return { inWords: 'as in the file of ORGS_FILE, each org its own', option: '-u "USER:PASSWORD"' }
  }
  if (callers.some(({ basic }) => basic.length > 0)) {
    return { inWords: 'as in OKTA_BASIC_AUTH', option: '-u "${OKTA_BASIC_AUTH%% *}"' }
  }
  const [name] = callers.flatMap(({ header }) => header?.name ?? [])
  return name === undefined
    ? { inWords: 'a token of OKTA_OAUTH_ISSUERS', option: '-H "authorization: Bearer $TOKEN"' }
    : {
        inWords: `the header ${name}, as in OKTA_HEADER_SECRETS`,
        option: `-H "${name}: \${OKTA_HEADER_SECRETS%% *}"`
      }
}

/** Okta's documented request, as a command for any shell of Linux or macOS. */
function sampleRequest(url: string, login: string): string {
  return `    curl -s ${url} ${login} -H 'content-type: application/json' -d '{
      "eventId": "'$(date +%s)-$RANDOM'", "eventTime": "2022-01-28T21:43:40.000Z",
      "eventType": "com.okta.telephony.provider", "eventTypeVersion": "1.0",
      "contentType": "application/json", "cloudEventVersion": "0.1",
      "source": "https://example.okta.com/api/v1/inlineHooks/calz6lVQA77AwFeEe0g3",
      "requestType": "com.okta.user.telephony.pre-enrollment",
      "data": {
        "context": { "request": { "id": "reqRgSk8IBBRhuo0YdlEDTmUw", "method": "POST",
          "url": { "value": "/api/internal/v1/inlineHooks/com.okta.telephony.provider/generatePreview" },
          "ipAddress": "127.0.0.1" } },
        "userProfile": { "firstName": "test", "lastName": "user",
          "login": "test.user@okta.com", "userId": "00uyxxSknGtK8022w0g3" },
        "messageProfile": { "msgTemplate": "(HOOK)Your code is 11111", "phoneNumber": "9876543210",
          "otpExpires": "2022-01-28T21:48:34.321Z", "deliveryChannel": "SMS",
          "otpCode": "11111", "locale": "EN-US" } } }'`
}
