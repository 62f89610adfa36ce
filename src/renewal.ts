import { isDeepStrictEqual } from 'node:util'
import type { CallerTerms } from './callers/terms.ts'
import { createProviders, type ProviderDeps, type ProviderSettings } from './providers/registry.ts'
import { PROVIDER_NAMES, type Provider, type ProviderName } from './providers/provider.ts'
import type { Replaceable } from './providers/replaceable.ts'
import type { Settings } from './settings.ts'
import type { SettingFault } from './settings/fault.ts'
import { NAMES_UNTIL_RESTART } from './settings/variables.ts'
import type { Report } from './telemetry/events.ts'
import { faultOf } from './telemetry/fault.ts'

/**
 * New connections of a new account, and keys of a new issuer, are waited for so long, in ms: no code should. A secret
 * that has leaked is out no later, whoever hangs.
 */
const PREPARED_WITHIN_MS = 3_000

/** The settings, and what they and the file of orgs say of who may call. */
export type ReadSecrets =
  | { readonly kind: 'ok'; readonly settings: Settings; readonly callers: readonly CallerTerms[] }
  | { readonly kind: 'faulty'; readonly faults: readonly SettingFault[] }

export interface RenewalDependencies {
  /** What stood for each secret when the process began: {@link Settings.digests}. */
  readonly digests: Settings['digests']
  readonly providerSettings: ProviderSettings
  /** Reads the settings anew, without TLS, which is read by itself. */
  readonly reread: () => ReadSecrets
  readonly callers: readonly CallerTerms[]
  /** Fetches what new callers need. It goes on where it is not waited for, and does not reject. */
  readonly prepareCallers: (callers: readonly CallerTerms[]) => Promise<void>
  readonly accounts: ReadonlyMap<ProviderName, Replaceable>
  readonly providerDeps: ProviderDeps
  /** Puts in force who may call, whom the admin port lets in, and what seals the state. Does not throw. */
  readonly use: (settings: Settings, callers: readonly CallerTerms[]) => void
  readonly report: Report
}

/** Reads the secrets anew, and puts in force what has changed: all of it or nothing. Never rejects. */
export type Renew = () => Promise<void>

/** One reading at a time. What `REDIS_URL` and `LOG_HASH_KEY` are stays until a restart. */
export function createRenewal(deps: RenewalDependencies): Renew {
  const { reread, accounts, report } = deps
  const digests = new Map(deps.digests)
  let { providerSettings, callers } = deps
  let last: Promise<void> = Promise.resolve()

  function reject(faults: readonly SettingFault[]): void {
    report({
      event: 'secrets.rejected',
      settings: faults.map(({ name, message }) => ({ setting: name, problem: message }))
    })
  }

  async function renew(): Promise<void> {
    const read = reread()
    if (read.kind === 'faulty') return reject(read.faults)
    const { settings, callers: nextCallers } = read
    const changed = changedNames(digests, settings.digests)
    const made = await makeProviders(settings)
    if (made.kind === 'faulty') return reject(made.faults)
    await within(PREPARED_WITHIN_MS, [
      deps.prepareCallers(nextCallers),
      ...[...made.providers.values()].map((provider) => provider.warm())
    ])

    const isOrgsFileChanged = settings.orgsFile !== null && !isDeepStrictEqual(callers, nextCallers)
    // All at once: no request is between two of them.
    deps.use(settings, nextCallers)
    callers = nextCallers
    for (const [name, next] of made.providers) accounts.get(name)?.replaceBy(next)
    if (settings.mode.kind === 'live') providerSettings = settings.mode.providers

    const inForce = changed.filter((name) => !waitsForRestart(name))
    for (const name of inForce) digests.set(name, settings.digests.get(name) ?? '')
    report({
      event: 'secrets.reloaded',
      changed: isOrgsFileChanged ? [...inForce, 'ORGS_FILE'] : inForce,
      until_restart: changed.filter(waitsForRestart)
    })
  }

  async function makeProviders({
    mode
  }: Settings): Promise<
    | { readonly kind: 'ok'; readonly providers: ReadonlyMap<ProviderName, Provider> }
    | { readonly kind: 'faulty'; readonly faults: readonly SettingFault[] }
  > {
    if (mode.kind === 'sandbox') return { kind: 'ok', providers: new Map() }
    const names = PROVIDER_NAMES.filter(
      (name) => !isDeepStrictEqual(mode.providers[name], providerSettings[name])
    )
    const faults: SettingFault[] = []
    const providers = new Map<ProviderName, Provider>()
    for (const name of names) {
      const provider = makeAlone(name, mode.providers)
      const fits = provider !== null && accounts.get(name)?.mayBecome(provider) === true
      if (provider !== null) providers.set(name, provider)
      if (!fits) faults.push({ name: name.toUpperCase(), message: CANNOT })
    }
    if (faults.length > 0) {
      await Promise.all([...providers.values()].map((provider) => provider.close()))
      return { kind: 'faulty', faults }
    }
    return { kind: 'ok', providers }
  }

  /** Null where its credentials are gone, or its SDK does not take them. */
  function makeAlone(name: ProviderName, settings: ProviderSettings): Provider | null {
    try {
      const none: ProviderSettings = { twilio: null, vonage: null, messagebird: null }
      return createProviders({ ...none, [name]: settings[name] }, deps.providerDeps).get(name) ?? null
    } catch (error) {
      report(faultOf(`credentials of ${name}`, error))
      return null
    }
  }

  return () => {
    last = last.then(renew).catch((error: unknown) => report(faultOf('secrets', error)))
    return last
  }
}

const CANNOT =
  'has credentials that it does not take, or that are for other channels than at the start, which needs a restart'

function changedNames(before: Settings['digests'], now: Settings['digests']): readonly string[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter(
    (name) => (before.get(name) ?? '') !== (now.get(name) ?? '')
  )
}

function waitsForRestart(name: string): boolean {
  return NAMES_UNTIL_RESTART.some((one) => one === name)
}

async function within(ms: number, works: readonly Promise<unknown>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const enough = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)))
  await Promise.race([Promise.all(works), enough])
  clearTimeout(timer)
}
