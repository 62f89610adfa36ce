import { SANDBOX_ADMIN_SECRET, SANDBOX_METRICS_SECRET } from '../admin/secret.ts'
import { missing, type SettingFault } from './fault.ts'
import type { Values } from './variables.ts'

/** The port for people who operate it. */
export interface AdminSettings {
  readonly host: string
  readonly port: number
  readonly secrets: readonly string[]
  /** Open `GET /metrics` and nothing else. */
  readonly metricsSecrets: readonly string[]
}

const KNOWN_SECRETS: ReadonlySet<string> = new Set([SANDBOX_ADMIN_SECRET, SANDBOX_METRICS_SECRET])

/** What is wrong with them together where real messages are sent. */
export function adminFaults(values: Values): readonly SettingFault[] {
  const faults: SettingFault[] = []
  const adminName = (['ADMIN_PORT', 'ADMIN_HOST', 'METRICS_SECRET'] as const).find(
    (name) => values[name] !== undefined
  )
  if (adminName !== undefined && values.ADMIN_SECRET === undefined) {
    faults.push(missing('ADMIN_SECRET', `${adminName} is set, and nobody gets in there without a secret`))
  }
  for (const name of ['ADMIN_SECRET', 'METRICS_SECRET'] as const) {
    if (values[name]?.split(/\s+/u).some((secret) => KNOWN_SECRETS.has(secret)) !== true) continue
    const message = "holds the sandbox's secret, which everybody knows: make one (openssl rand -hex 24)"
    faults.push({ name, message })
  }
  return faults
}

/** Null: no commands are taken. */
export function adminOf(values: Values, sandbox: boolean): AdminSettings | null {
  const secrets = values.ADMIN_SECRET?.split(/\s+/u) ?? (sandbox ? [SANDBOX_ADMIN_SECRET] : null)
  if (secrets === null) return null
  return {
    host: values.ADMIN_HOST ?? '127.0.0.1',
    port: Number(values.ADMIN_PORT ?? 3002),
    secrets,
    metricsSecrets:
      values.METRICS_SECRET?.split(/\s+/u) ??
      // Known secrets come together: who has set one of their own has left the other, too.
      (values.ADMIN_SECRET === undefined ? [SANDBOX_METRICS_SECRET] : [])
  }
}
