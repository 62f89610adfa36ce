import { CommandFault, type Io } from './command.ts'

/**
 * A secret of the environment, or of the file that `NAME_FILE` names.
 *
 * @returns null where neither is set.
 * @throws CommandFault where both are, or the file cannot be read.
 */
export function readSecret({ env, readFile }: Pick<Io, 'env' | 'readFile'>, name: string): string | null {
  const value = env[name]?.trim() || null
  const path = env[`${name}_FILE`]
  if (path === undefined || path === '') return value
  if (value !== null) throw new CommandFault(`${name} is set, and so is ${name}_FILE: give one of them.`)
  const text = readFile(path)?.trim()
  if (text === undefined || text === '') {
    throw new CommandFault(`${name}_FILE names a file that cannot be read or is empty.`)
  }
  return text
}

/** Stands in the place of a secret. */
export const HIDDEN = '••••••••'

/** Takes secrets out of a text that came from somewhere else, also as they look inside JSON and URLs. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) =>
      secret.length < SHORTEST
        ? []
        : [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]
    )
    .toSorted((a, b) => b.length - a.length)
    .reduce((shown, secret) => shown.replaceAll(secret, HIDDEN), text)
}

/** Shorter ones would take words out of every sentence. */
const SHORTEST = 6
