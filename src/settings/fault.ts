import type { SettingName } from './variables.ts'

/** A variable of the environment that is wrong, in words that say what to do. Never holds a value. */
export interface SettingFault {
  readonly name: string
  readonly message: string
}

export function missing(name: SettingName, message: string): SettingFault {
  return { name, message: `is missing: ${message}` }
}
