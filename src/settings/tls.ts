import { readTls, type ReadTls, type TlsMaterial } from '../door/certificate.ts'
import { collect, isSet, type Environment, type ReadSecretFile } from './environment.ts'
import { missing, type SettingFault } from './fault.ts'
import type { SettingName, Values } from './variables.ts'

/** Read by themselves: they are renewed by a machine, and are watched. */
const TLS_NAMES = ['TLS_CERT', 'TLS_KEY', 'TLS_CLIENT_CA'] as const satisfies readonly SettingName[]

/**
 * Reads the certificate and its key alone, and holds them against each other and the clock; null where none is set.
 *
 * @param nowMs since 1970.
 */
export function readTlsSettings(
  env: Environment,
  readSecretFile: ReadSecretFile,
  nowMs: number
): ReadTls | null {
  const { values, faults } = collect(onlyTls(env), readSecretFile)
  // A file that is empty is said, and not also that there is nothing.
  const own = faults.length > 0 ? faults : tlsFaults(values)
  if (own.length > 0) return { kind: 'faulty', faults: own }
  const material = tlsOf(values)
  return material === null ? null : readTls(material, nowMs)
}

/** The files that hold the certificate and what belongs to it. */
export function tlsFilesOf(env: Environment): readonly string[] {
  return TLS_NAMES.map((name) => env[`${name}_FILE`]).filter(isSet)
}

/** The environment without what {@link readTlsSettings} reads. */
export function withoutTls(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isTls(name)))
}

function onlyTls(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => isTls(name)))
}

export function isTls(name: string): boolean {
  return TLS_NAMES.some((known) => name === known || name === `${known}_FILE`)
}

export function tlsOf({ TLS_CERT: cert, TLS_KEY: key, TLS_CLIENT_CA: clientCa }: Values): TlsMaterial | null {
  return cert === undefined || key === undefined ? null : { cert, key, clientCa: clientCa ?? null }
}

/** What is wrong with them together. */
export function tlsFaults({
  TLS_CERT: cert,
  TLS_KEY: key,
  TLS_CLIENT_CA: clientCa
}: Values): readonly SettingFault[] {
  if (cert !== undefined && key === undefined) {
    return [missing('TLS_KEY', 'TLS_CERT is set, and TLS needs both')]
  }
  if (cert !== undefined) return []
  if (key !== undefined) return [missing('TLS_CERT', 'TLS_KEY is set, and TLS needs both')]
  return clientCa === undefined
    ? []
    : [missing('TLS_CERT', 'TLS_CLIENT_CA is set, and callers show their certificates where TLS ends')]
}
