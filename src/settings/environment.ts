import { resolve } from 'node:path'
import type { SettingFault } from './fault.ts'
import { SECRET_NAMES, SETTING_NAMES, type Values } from './variables.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Reads a secret's file; null where it cannot be read. */
export type ReadSecretFile = (path: string) => string | null

/** Puts together what stands in variables and what stands in the files that they name. */
export function collect(
  env: Environment,
  readSecretFile: ReadSecretFile
): { readonly values: Values; readonly faults: readonly SettingFault[] } {
  const values: Values = {}
  const faults: SettingFault[] = []
  for (const name of SETTING_NAMES) {
    if (isSet(env[name])) values[name] = env[name]
  }
  for (const name of SECRET_NAMES) {
    const path = env[`${name}_FILE`]
    if (!isSet(path)) continue
    const content = readSecretFile(path)?.trim()
    if (values[name] !== undefined) {
      faults.push({ name, message: `is set, and so is ${name}_FILE: give one of them` })
    } else if (!isSet(content)) {
      faults.push({ name: `${name}_FILE`, message: 'names a file that cannot be read or is empty' })
    } else {
      values[name] = content
    }
  }
  // Many tools can pass a key only on one line.
  const key = values.VONAGE_PRIVATE_KEY
  if (key !== undefined) values.VONAGE_PRIVATE_KEY = key.replaceAll('\\n', '\n')
  return { values, faults }
}

/** A report of what is wrong with a file shows what stands in it. */
export function mixedUpFiles(env: Environment): readonly SettingFault[] {
  const secrets = new Map(
    SECRET_NAMES.flatMap((name) => {
      const path = env[`${name}_FILE`]
      return isSet(path) ? [[resolve(path), `${name}_FILE`] as const] : []
    })
  )
  return (['ROUTING_FILE', 'ROUTING_SHADOW_FILE', 'SENDER_COUNTRIES_FILE', 'ORGS_FILE'] as const).flatMap(
    (name) => {
      const path = env[name]
      const same = isSet(path) ? secrets.get(resolve(path)) : undefined
      return same === undefined
        ? []
        : [{ name, message: `names the same file as ${same}, which holds a secret` }]
    }
  )
}

/** The secrets that are set: what must not be left where children and reports of crashes find it. */
export function secretNamesIn(env: Environment): readonly string[] {
  return SECRET_NAMES.filter((name) => isSet(env[name]))
}

export function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}
