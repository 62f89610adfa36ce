import { Command, CommanderError } from 'commander'
import { addCheck } from './check.ts'
import { CommandFault, STATUS, type AddCommand, type Io, type Status } from './command.ts'
import { addDiff } from './diff.ts'
import { addDoctor } from './doctor.ts'
import { addDrain } from './drain.ts'
import { addExplain } from './explain.ts'
import { addFmt } from './fmt.ts'
import { addInit } from './init.ts'
import { addOkta } from './okta.ts'
import { addOverrides } from './overrides.ts'
import { addReload } from './reload.ts'
import { addReplay } from './replay.ts'
import { addReport } from './report.ts'
import { addRoutes } from './routes.ts'
import { addSchema } from './schema.ts'
import { addSend } from './send.ts'
import { addStatus } from './status.ts'
import { addTail } from './tail.ts'
import { addUndrain } from './undrain.ts'

/** Every command but `start`, which is the gateway itself, by what it is for. */
const GROUPS: readonly (readonly [string, readonly AddCommand[]])[] = [
  ['Going live:', [addInit, addDoctor, addOkta]],
  ['Rules:', [addCheck, addExplain, addDiff, addReplay, addRoutes, addFmt, addSchema]],
  ['Logs:', [addReport, addTail]],
  ['A gateway that runs:', [addReload, addStatus, addDrain, addUndrain, addOverrides, addSend]]
]

const FURTHER = `
The commands of the last group ask a gateway that runs: at ADMIN_URL (http://127.0.0.1:3002, or the port in
ADMIN_PORT), with the secret in ADMIN_SECRET or in the file that ADMIN_SECRET_FILE names; --env-file .env reads these from there.
Exit status: 0 fine, 1 something was found or could not be done, 2 the command was not understood.
"switchboard COMMAND --help" has examples.
`

/** @returns the exit status: {@link STATUS}. */
export async function runCommand(io: Io): Promise<Status> {
  let status: Status = STATUS.fine
  const program = new Command('switchboard')
    .description("The gateway behind Okta's telephony inline hook.")
    .version(io.version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .showSuggestionAfterError(true)
    .showHelpAfterError('("--help" shows how it is written)')
    .addHelpText('after', FURTHER)
    .exitOverride()
    .configureOutput({
      writeOut: io.print,
      writeErr: io.complain,
      getOutHelpWidth: () => io.width,
      getErrHelpWidth: () => io.width,
      getOutHasColors: () => io.colour,
      getErrHasColors: () => false
    })
  program
    .command('start', { isDefault: false })
    .description(
      'run the gateway, with settings from the environment (.env.example); so does no command at all'
    )
  for (const [heading, commands] of GROUPS) {
    program.commandsGroup(heading)
    for (const add of commands) add(program, io, (ended) => (status = ended))
  }

  try {
    await program.parseAsync([...io.args], { from: 'user' })
    return status
  } catch (error) {
    if (error instanceof CommandFault) {
      io.complain(`${error.message}\n`)
      return STATUS.findings
    }
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? STATUS.fine : STATUS.usage
  }
}
