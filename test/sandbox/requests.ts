import { sign } from 'node:crypto'
import type { SandboxCredentials } from '../../src/sandbox/credentials.ts'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'

/** When all of it happens: 10 September 2026. */
export const NOW_MS = Date.UTC(2026, 8, 10, 12, 0, 0)

export const NUMBER = '+4915112345678'
export const TEXT = '042137 is your code.'
export const SSML =
  '<speak>Your code: <prosody rate="slow"><say-as interpret-as="digits">0</say-as><break time="400ms"/><say-as>4</say-as></prosody></speak>'
export const TWIML = `<?xml version="1.0" encoding="UTF-8"?><Response>${SSML.replace('<speak>', '<Say language="de-DE">').replace('</speak>', '</Say>')}<Pause length="1"/></Response>`

export interface Prepared {
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

type Fields = Readonly<Record<string, unknown>>

const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'

/** Requests as they should be; `changes` goes over the fields, where undefined takes one away. */
export const FIELDS = {
  'twilio sms': { To: NUMBER, From: 'Acme', Body: TEXT, ValidityPeriod: '300' },
  'twilio voice': { To: NUMBER, From: '+4930901820', Twiml: TWIML, SendDigits: 'ww12', Timeout: '30' },
  'vonage sms': { to: NUMBER.slice(1), from: 'Acme', text: TEXT, ttl: 300_000, type: 'text' },
  'vonage voice': {
    to: [{ type: 'phone', number: NUMBER.slice(1), dtmfAnswer: 'p12' }],
    from: { type: 'phone', number: '4930901820' },
    ncco: [{ action: 'talk', text: SSML, language: 'de-DE', style: 0, loop: 2 }]
  },
  'messagebird sms': {
    originator: 'Acme',
    body: TEXT,
    recipients: [NUMBER.slice(1)],
    validity: 300,
    datacoding: 'auto'
  },
  'messagebird voice': {
    originator: '4930901820',
    body: 'Your code: 0, 4, 2.',
    recipients: NUMBER.slice(1),
    language: 'de-de',
    repeat: 2
  }
} as const satisfies Record<string, Fields>

export type EndpointName = keyof typeof FIELDS
export const ENDPOINTS = Object.keys(FIELDS) as EndpointName[]

export function prepare(sandbox: Sandbox, endpoint: EndpointName, changes: Fields = {}): Prepared {
  const { credentials } = sandbox
  const fields = { ...FIELDS[endpoint], ...changes }
  const account = `${sandbox.twilioUrl}/2010-04-01/Accounts/${credentials.twilio.accountSid}`
  const twilio = basic(credentials.twilio.accountSid, credentials.twilio.authToken)
  const messagebird = {
    authorization: `AccessKey ${credentials.messagebird.accessKey}`,
    'content-type': JSON_TYPE
  }
  const body = JSON.stringify(fields)
  switch (endpoint) {
    case 'twilio sms':
      return {
        url: `${account}/Messages.json`,
        headers: { ...twilio, 'content-type': FORM_TYPE },
        body: form(fields)
      }
    case 'twilio voice':
      return {
        url: `${account}/Calls.json`,
        headers: { ...twilio, 'content-type': FORM_TYPE },
        body: form(fields)
      }
    case 'vonage sms':
      return {
        url: `${sandbox.vonageRestUrl}/sms/json`,
        headers: {
          ...basic(credentials.vonage.apiKey, credentials.vonage.apiSecret),
          'content-type': JSON_TYPE
        },
        body
      }
    case 'vonage voice':
      return {
        url: `${sandbox.vonageApiUrl}/v1/calls`,
        headers: { authorization: `Bearer ${jwt(credentials.vonage)}`, 'content-type': JSON_TYPE },
        body
      }
    case 'messagebird sms':
      return { url: `${sandbox.messagebirdUrl}/messages`, headers: messagebird, body }
    case 'messagebird voice':
      return { url: `${sandbox.messagebirdUrl}/voicemessages`, headers: messagebird, body }
    default:
      return endpoint satisfies never
  }
}

export async function post({ url, headers, body }: Prepared) {
  const response = await fetch(url, {
    method: 'POST',
    headers,
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000)
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

export async function postJson(prepared: Prepared) {
  const { status, text } = await post(prepared)
  return { status, json: JSON.parse(text) as Record<string, unknown> }
}

export function basic(user: string, password: string): { readonly authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

export function form(fields: Fields): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined)
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
}

/** A token as Vonage's SDK makes it; `changes` goes over header and claims. */
export function jwt(
  { applicationId, privateKey }: SandboxCredentials['vonage'],
  changes: { readonly header?: Fields; readonly claims?: Fields } = {}
): string {
  const iat = NOW_MS / 1_000
  const parts = [
    { alg: 'RS256', typ: 'JWT', ...changes.header },
    { application_id: applicationId, iat, jti: 'one', exp: iat + 900, ...changes.claims }
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const signature = sign('sha256', Buffer.from(parts.join('.')), privateKey)
  return [...parts, signature.toString('base64url')].join('.')
}
