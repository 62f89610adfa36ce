import { parseEnv } from 'node:util'
import { Option } from 'commander'
import { CommandFault, type Io } from './command.ts'

/** Commands that need the gateway's settings can read them where it does. */
export function envFileOption(): Option {
  return new Option(
    '--env-file <file>',
    'settings from this file, such as .env; what is in the environment comes first'
  )
}

/** @throws CommandFault where the file cannot be read. */
export function withEnvFile<I extends Pick<Io, 'env' | 'readFile'>>(io: I, path: string | undefined): I {
  if (path === undefined) return io
  const text = io.readFile(path)
  if (text === null) throw new CommandFault(`${path} (--env-file) cannot be read.`)
  const set = Object.entries(io.env).filter(([, value]) => value !== undefined && value !== '')
  return { ...io, env: { ...parseEnv(text), ...Object.fromEntries(set) } }
}
