import type { IncomingHttpHeaders } from 'node:http'
import type { Channel } from '../domain/message.ts'
import type { Delivery, SandboxProvider } from './inbox.ts'

export interface VendorRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface VendorAnswer {
  readonly status: number
  readonly json: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** What the vendor makes of a request. Nothing has been delivered yet. */
export interface Verdict {
  readonly answer: VendorAnswer
  /** One for each phone; empty where the request is refused. */
  readonly deliveries: readonly Delivery[]
}

/** What a fault asks for, where it names a status or a code. */
export interface Failure {
  readonly status: number | undefined
  readonly code: string | undefined
}

/** One path of a vendor that messages are posted to. */
export interface Endpoint {
  readonly channel: Channel
  readonly path: RegExp
  readonly judge: (request: VendorRequest) => Verdict
  /** An error in the shape in which this vendor words errors. */
  readonly fail: (failure: Failure) => VendorAnswer
  /** "Too many requests", as this vendor says it. */
  readonly throttled: VendorAnswer
}

/** One path of a vendor that is read with the account's credentials. Nothing is sent, and no fault holds for it. */
export interface Reading {
  readonly path: RegExp
  readonly answer: (request: Pick<VendorRequest, 'path' | 'headers'>) => VendorAnswer
}

/** One host of a vendor. Vonage has two. */
export interface Vendor {
  readonly provider: SandboxProvider
  readonly endpoints: readonly Endpoint[]
  readonly readings: readonly Reading[]
  readonly notFound: (path: string) => VendorAnswer
}

export function refuse(answer: VendorAnswer): Verdict {
  return { answer, deliveries: [] }
}

/** The user and password of HTTP Basic. Null where there are none. */
export function readBasicAuth(
  headers: IncomingHttpHeaders
): readonly [user: string, password: string] | null {
  const [, encoded] = /^Basic ([A-Za-z0-9+/]+=*)$/iu.exec(headers.authorization ?? '') ?? []
  if (encoded === undefined) return null
  const decoded = Buffer.from(encoded, 'base64').toString()
  const colon = decoded.indexOf(':')
  return colon < 0 ? null : [decoded.slice(0, colon), decoded.slice(colon + 1)]
}

/** Undefined where it is no JSON. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isUrl(text: string): boolean {
  return /^https?:\/\//iu.test(text) && URL.canParse(text)
}

/** A whole number written in digits, within the limits. */
export function isWithin(text: string, minimum: number, maximum: number): boolean {
  return /^\d{1,12}$/u.test(text) && Number(text) >= minimum && Number(text) <= maximum
}
