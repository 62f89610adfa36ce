import { suggest } from '../domain/suggest.ts'
import type { Command, Io } from './command.ts'
import { drain } from './drain.ts'
import { listOverrides } from './overrides.ts'
import { status } from './status.ts'
import { undrain } from './undrain.ts'

/** Every command but `start`, which is the gateway itself. */
const COMMANDS: Readonly<Record<string, Command>> = { drain, undrain, overrides: listOverrides, status }

const HELP = `Switchboard, the gateway behind Okta's telephony inline hook.

  switchboard [start]                 runs the gateway, with settings from the environment (.env.example)
${Object.values(COMMANDS)
  .map(({ usage, summary }) => `  switchboard ${usage}\n      ${summary}`)
  .join('\n')}

The commands ask a gateway that runs: at ADMIN_URL (http://127.0.0.1:3002, or the port in ADMIN_PORT), with the
secret in ADMIN_SECRET or in the file that ADMIN_SECRET_FILE names.
`

/** @returns the exit status: 0 done, 1 it could not be done, 2 the command is not understood. */
export async function runCommand(io: Io): Promise<number> {
  const [name = 'help', ...args] = io.args
  if (name === 'help' || name === '--help' || name === '-h') {
    io.print(HELP)
    return 0
  }
  if (name === '--version' || name === 'version') {
    io.print(`${io.version}\n`)
    return 0
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (command === undefined) {
    const meant = suggest(name, [...Object.keys(COMMANDS), 'start', 'help'])
    const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`
    io.complain(`There is no command "${name}".${hint} "switchboard help" lists them.\n`)
    return 2
  }
  return await command.run({ ...io, args })
}
