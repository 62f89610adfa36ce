import { Pool } from 'undici'
import type { Limits } from './provider.ts'

export interface HttpRequest {
  readonly method: 'POST' | 'HEAD'
  /** Path and query below the origin. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export type HttpAnswer =
  | {
      readonly kind: 'answered'
      readonly status: number
      readonly headers: Readonly<Record<string, string | string[] | undefined>>
      readonly body: string
    }
  /** It failed before the request was written: surely nothing was sent. */
  | { readonly kind: 'not_reached'; readonly cause: string }
  /** The request left; what came of it is not known. */
  | { readonly kind: 'no_answer'; readonly cause: string }

export interface Exchange {
  readonly request: (request: HttpRequest, limits: Limits) => Promise<HttpAnswer>
  readonly close: () => Promise<void>
}

export declare function createExchange(baseUrl: string): Exchange
void Pool
