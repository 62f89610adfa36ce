import type { ShownReload, ShownRules } from '../admin/shown-rules.ts'
import { askGateway } from './admin-client.ts'
import { examples, STATUS, type AddCommand } from './command.ts'
import { envFileOption, withEnvFile } from './env-file.ts'

/** A long file takes a while to check, in ms. */
const RELOAD_WITHIN_MS = 90_000

export const addReload: AddCommand = (program, outer, end) => {
  program
    .command('reload')
    .description('let the gateway read its rules files now, and say what came of it')
    .addOption(envFileOption())
    .option('--json', 'the answer as it came')
    .addHelpText('after', examples('reload'))
    .action(async ({ envFile, json }: { readonly envFile?: string; readonly json?: true }) => {
      const io = withEnvFile(outer, envFile)
      const answer = await askGateway(io, {
        method: 'POST',
        path: '/rules/reload',
        withinMs: RELOAD_WITHIN_MS
      })
      if (answer === null) return end(STATUS.findings)
      const { reloads, ...rules } = answer as ShownRules & { readonly reloads: readonly ShownReload[] }
      if (json === true) io.print(`${JSON.stringify(answer, null, 2)}\n`)
      else for (const reload of reloads) io.print(inWords(reload, rules))
      if (reloads.some(({ result }) => result === 'rejected')) end(STATUS.findings)
    })
}

function inWords(
  { role, result, report }: ShownReload,
  { file, hash, count, candidate }: ShownRules
): string {
  const [name, its] =
    role === 'live' ? [file, hash] : [candidate?.file ?? 'the candidate', candidate?.hash ?? null]
  switch (result) {
    case 'loaded':
      return role === 'live'
        ? `${name}: in force now, ${count} rules (${its})\n`
        : `${name}: tried beside them now (${its})\n`
    case 'unchanged':
      return `${name}: it is what is in force already (${its})\n`
    case 'absent':
      return `${name}: there is no candidate\n`
    case 'rejected':
      return `${report}\n${name}: cannot be used; ${its === null ? 'nothing is tried' : `${its} stays in force`}\n`
    default:
      return result satisfies never
  }
}
