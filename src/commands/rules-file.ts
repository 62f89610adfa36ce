import type { RuleSet } from '../domain/rules.ts'
import { loadRules, unreadable, type LoadedRules } from '../rules/load.ts'
import { parseRules, type ParseOptions } from '../rules/parse.ts'
import { renderFaults } from '../rules/report.ts'
import { readSenderCountries, SENDER_COUNTRIES, type SenderCountries } from '../rules/sender-countries.ts'
import { CommandFault, type Io } from './command.ts'

/** The rules file that the gateway would read. */
export function usualFile({ env }: Pick<Io, 'env'>): string {
  return env['ROUTING_FILE'] || 'config/routing.yaml'
}

/** A file, or what a path held at a revision of git: "HEAD~1:config/routing.yaml". */
const REVISION = /^[^:-][^:]*:[^:]+$/u

/** Reads and checks a rules file or a revision of one, as the gateway would. */
export async function readRules(
  io: Io,
  name: string,
  { candidate = false }: { readonly candidate?: boolean } = {}
): Promise<LoadedRules> {
  const options: ParseOptions = { nowMs: io.now(), senderCountries: senderCountriesOf(io), candidate }
  const loaded = await loadRules(name, options)
  if (loaded.kind !== 'unreadable' || !loaded.isAbsent || !REVISION.test(name)) return loaded
  const text = await io.readRevision(name)
  return text === null
    ? unreadable(name, 'there is no such file, and git knows of no such revision')
    : { ...parseRules(text, name, options), text }
}

/** Rules without errors; null where they have some, which has then been said. */
export async function soundRules(io: Io, name: string): Promise<RuleSet | null> {
  const loaded = await readRules(io, name)
  if (loaded.kind === 'ok') return loaded.rules
  if (loaded.kind === 'unreadable') io.complain(`${loaded.message}\n`)
  else {
    const errors = loaded.faults.filter(({ severity }) => severity === 'error')
    io.complain(renderFaults(loaded.text, errors, { colour: false }))
  }
  return null
}

/** @throws CommandFault where the table of SENDER_COUNTRIES_FILE cannot be used. */
export function senderCountriesOf({ env, readFile }: Pick<Io, 'env' | 'readFile'>): SenderCountries {
  const path = env['SENDER_COUNTRIES_FILE']
  if (path === undefined || path === '') return SENDER_COUNTRIES
  const json = readFile(path)
  if (json === null) throw new CommandFault(`${path} (SENDER_COUNTRIES_FILE) cannot be read.`)
  const read = readSenderCountries(json)
  if (read.kind === 'ok') return read.table
  throw new CommandFault(`${path} (SENDER_COUNTRIES_FILE) cannot be used: ${read.faults.join('; ')}.`)
}
