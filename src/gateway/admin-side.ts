import type { FastifyInstance, FastifyServerFactory } from 'fastify'
import { buildAdminApp } from '../admin/admin-app.ts'
import { createDrains } from '../admin/drains.ts'
import { createKeyring, SANDBOX_ADMIN_SECRET } from '../admin/secret.ts'
import { shownReload } from '../admin/shown-rules.ts'
import { createTestSends } from '../admin/test-send.ts'
import type { NodeView, SandboxView } from '../console/ports.ts'
import type { Dispatch } from '../delivery/dispatch.ts'
import type { Overrides } from '../delivery/overrides.ts'
import { createSampleSender } from '../okta/sample-request.ts'
import { PROVIDER_NAMES, type Provider, type ProviderName } from '../providers/provider.ts'
import type { RulesKeeper } from '../rules/keeper.ts'
import { faultOf } from '../telemetry/fault.ts'
import type { Masking } from '../telemetry/masking.ts'
import type { Hearing } from './hearing.ts'
import type { GatewayOptions } from './options.ts'
import type { Readings } from './readings.ts'
import type { SecretsInForce } from './secrets-in-force.ts'

export interface AdminSideDependencies {
  readonly options: GatewayOptions
  readonly hearing: Hearing
  readonly secrets: SecretsInForce
  readonly rules: RulesKeeper
  readonly overrides: Overrides
  readonly providers: ReadonlyMap<ProviderName, Provider>
  readonly readings: Readings
  readonly dispatch: Dispatch
  readonly masking: Masking
  readonly serverFactory: FastifyServerFactory
  /** Where the hook listens, once it does. */
  readonly hookUrl: () => string
}

/** The door for people: commands, test codes, metrics and the console. Null where there is none. */
export function buildAdminSide(deps: AdminSideDependencies): FastifyInstance | null {
  const { options, secrets, rules, overrides, readings, dispatch, masking } = deps
  const { report, forRequest, forPeople } = deps.hearing
  const { admin, clock, mode, door } = options
  if (admin === null || forPeople === null) return null

  const drains = createDrains({
    overrides,
    providers: new Map([...deps.providers.values()].map(({ name, channels }) => [name, channels])),
    knownProviders: PROVIDER_NAMES
  })
  const node: NodeView = {
    startedAtMs: clock.epoch(),
    status: readings.status,
    rulesStatus: rules.status,
    liveRules: rules.live,
    overrides: overrides.list
  }
  return buildAdminApp({
    drains,
    secrets: secrets.admin,
    metricsSecrets: secrets.metrics,
    serverFactory: deps.serverFactory,
    trustsProxy: (address) => door?.trustedProxies?.has(address) === true,
    status: readings.status,
    rules: readings.rules,
    reloadRules: async () => (await rules.reload('admin')).map(shownReload),
    metrics: forPeople.metrics,
    testSends: {
      sendTest: createTestSends({
        mode,
        dispatch,
        rules: rules.current,
        forRequest,
        masking,
        now: clock.now
      }),
      now: clock.now
    },
    report,
    console: forPeople.createConsole({
      secrets: createKeyring(secrets.admin),
      isSecretKnown: () => secrets.admin().includes(SANDBOX_ADMIN_SECRET),
      node,
      recent: forPeople.recent,
      drains,
      sandbox: sandboxOf(deps),
      mask: masking.phone,
      senderCountries: options.rules.senderCountries,
      report,
      onBug: (error) => report(faultOf('console', error)),
      now: clock.now,
      epoch: clock.epoch
    })
  })
}

/** Somebody may send himself codes there, as Okta would. */
function sandboxOf({ options, secrets, hookUrl }: AdminSideDependencies): SandboxView | null {
  const [login] = secrets.callers().flatMap(({ basic }) => basic)
  if (options.sandbox == null || login === undefined) return null
  return { ...options.sandbox, send: createSampleSender({ url: hookUrl, login, now: options.clock.now }) }
}
