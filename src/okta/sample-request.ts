import { randomInt, randomUUID } from 'node:crypto'
import type { Channel } from '../domain/message.ts'
import { HOOK_PATH } from './hook-route.ts'

export interface SampleAsked {
  /** As Okta would send it. */
  readonly number: string
  readonly channel: Channel
  /** For the person of the last sample: a resend. */
  readonly again?: boolean
}

/** What Okta would be told. */
export interface SampleAnswer {
  readonly requestId: string | null
  readonly httpStatus: number
  readonly tookMs: number
  readonly body: string
}

export interface SampleSenderDependencies {
  /** Where the gateway listens. */
  readonly url: () => string
  readonly login: { readonly user: string; readonly password: string }
  /** Monotonic, in ms. */
  readonly now: () => number
}

/** Longer than Okta waits, in ms. */
const GIVE_UP_AFTER_MS = 10_000

/** Sends Okta's documented request to this gateway, over HTTP as Okta does, with another code each time. */
export function createSampleSender({
  url,
  login,
  now
}: SampleSenderDependencies): (asked: SampleAsked) => Promise<SampleAnswer> {
  const authorization = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`
  let userId = newUserId()

  return async ({ number, channel, again = false }) => {
    // The same person again would be a resend, which goes to somebody else first.
    if (!again) userId = newUserId()
    const begunAtMs = now()
    const response = await fetch(new URL(HOOK_PATH, url()), {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(sampleRequest({ number, channel, userId, code: newCode() })),
      signal: AbortSignal.timeout(GIVE_UP_AFTER_MS)
    })
    const body = await response.text()
    return {
      requestId: requestIdIn(body),
      httpStatus: response.status,
      tookMs: Math.round(now() - begunAtMs),
      body
    }
  }
}

/** https://developer.okta.com/docs/reference/telephony-hook/ : the sample of a request, with these in the place of its own. */
export function sampleRequest({
  number,
  channel,
  userId,
  code
}: {
  readonly number: string
  readonly channel: Channel
  readonly userId: string
  readonly code: string
}) {
  return {
    eventId: randomUUID(),
    eventTime: '2022-01-28T21:43:40.000Z',
    eventType: 'com.okta.telephony.provider',
    eventTypeVersion: '1.0',
    contentType: 'application/json',
    cloudEventVersion: '0.1',
    source: 'https://example.okta.com/api/v1/inlineHooks/calz6lVQA77AwFeEe0g3',
    requestType: 'com.okta.user.telephony.pre-enrollment',
    data: {
      context: {
        request: {
          id: 'reqRgSk8IBBRhuo0YdlEDTmUw',
          method: 'POST',
          url: { value: '/api/internal/v1/inlineHooks/com.okta.telephony.provider/generatePreview' },
          ipAddress: '127.0.0.1'
        }
      },
      userProfile: { firstName: 'test', lastName: 'user', login: 'test.user@okta.com', userId },
      messageProfile: {
        msgTemplate: `(HOOK)Your code is ${code}`,
        phoneNumber: number,
        otpExpires: '2022-01-28T21:48:34.321Z',
        deliveryChannel: channel === 'voice' ? 'voice call' : 'SMS',
        otpCode: code,
        locale: 'EN-US'
      }
    }
  }
}

function newUserId(): string {
  return `00u${randomUUID().replaceAll('-', '').slice(0, 17)}`
}

function newCode(): string {
  return String(randomInt(1_000_000)).padStart(6, '0')
}

function requestIdIn(body: string): string | null {
  try {
    const answer = JSON.parse(body) as { debugContext?: { requestId?: unknown } } | null
    const id = answer?.debugContext?.requestId
    return typeof id === 'string' ? id : null
  } catch {
    return null
  }
}
