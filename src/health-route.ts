import type { FastifyPluginAsync } from 'fastify'
import type { ShownRules } from './admin/shown-rules.ts'
import type { BreakerReading } from './delivery/breakers.ts'
import type { Channel } from './domain/message.ts'
import type { Scheme } from './domain/admission.ts'
import type { KeysCondition } from './callers/issuer-keys.ts'
import type { StateCondition } from './state/state.ts'

export interface Readiness {
  readonly ready: boolean
  readonly mode: 'sandbox' | 'live'
  readonly version: string
  readonly rules: ShownRules
  readonly providers: readonly { readonly name: string; readonly channels: readonly Channel[] }[]
  readonly breakers: readonly BreakerReading[]
  readonly state: StateCondition
  /** How Okta may come in, and how many issuers of tokens have keys here: fetched lately, older ones, or none. */
  readonly callers: {
    readonly schemes: readonly Scheme[]
    readonly issuer_keys: Readonly<Record<KeysCondition, number>>
  }
}

export interface HealthRouteOptions {
  readonly readiness: () => Readiness
}

/** Open to everybody who gets as far as the port. */
export const HEALTH_PATHS = ['/health/live', '/health/ready'] as const

/** Liveness: the process answers. Readiness: it may be sent requests, and what it stands on. */
export const healthRoute: FastifyPluginAsync<HealthRouteOptions> = async (app, { readiness }) => {
  app.get(HEALTH_PATHS[0], () => ({ status: 'ok' }))

  app.get(HEALTH_PATHS[1], (_request, reply) => {
    const { ready, ...details } = readiness()
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not_ready', ...details })
  })
}
