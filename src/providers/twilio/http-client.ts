import type RequestClient from 'twilio/lib/base/RequestClient.js'
import type { SdkCalls } from '../sdk-call.ts'

/** What Twilio's client hands to its HTTP client for a POST (BaseTwilio.js, `request`). */
interface SdkRequest {
  readonly uri: string
  readonly username: string
  readonly password: string
  readonly headers: Readonly<Record<string, string>>
  readonly data: Readonly<Record<string, unknown>>
}

/**
 * Twilio's HTTP client on our exchange, in the place of axios. The host of `uri` is left aside: where it
 * goes is the exchange's matter, so TWILIO_EDGE and TWILIO_REGION change nothing.
 */
export function createHttpClient(calls: SdkCalls): RequestClient {
  async function request({ uri, username, password, headers, data }: SdkRequest) {
    const url = new URL(uri)
    const credentials = Buffer.from(`${username}:${password}`).toString('base64')
    const answer = await calls.send({
      method: 'POST',
      path: url.pathname + url.search,
      headers: { ...headers, Authorization: `Basic ${credentials}` },
      body: formBody(data)
    })
    return { statusCode: answer.status, body: answer.body, headers: answer.headers }
  }

  // The SDK asks for its own class, and calls nothing of it but `request`.
  return { request } as unknown as RequestClient
}

/** As the SDK would write it: RFC 3986, a list as its key repeated. */
export function formBody(data: SdkRequest['data']): string {
  return Object.entries(data)
    .filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) => [value].flat().map((item) => `${encode(key)}=${encode(String(item))}`))
    .join('&')
}

function encode(text: string): string {
  const encoded = encodeURIComponent(text.toWellFormed())
  return encoded.replace(/[!'()*]/gu, (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`)
}
