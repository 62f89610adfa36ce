import { Option } from 'commander'
import type { ShownOverride } from '../admin/admin-app.ts'
import { CHANNELS } from '../domain/message.ts'
import { askGateway } from './admin-client.ts'
import { examples, STATUS, type AddCommand } from './command.ts'
import { envFileOption, withEnvFile } from './env-file.ts'
import { sentenceOf, undoOf } from '../words/override-words.ts'

interface Options {
  readonly for: string
  readonly why: string
  readonly by?: string
  readonly channel?: string
  readonly country?: string
  readonly envFile?: string
  readonly json?: true
}

export const addDrain: AddCommand = (program, outer, end) => {
  program
    .command('drain')
    .description('take a provider out of use for a while')
    .argument('<provider>', 'twilio, vonage or messagebird')
    .requiredOption('--for <length>', '1m to 7d')
    .requiredOption('--why <text>', 'a ticket or a sentence, for the next person')
    .option('--by <name>', 'who you are (default: USER)')
    .addOption(new Option('--channel <channel>', 'this one only').choices(CHANNELS))
    .option('--country <code>', 'numbers of this country only')
    .addOption(envFileOption())
    .option('--json', 'the answer as it came')
    .addHelpText(
      'after',
      examples(
        'drain twilio --for 2h --why INC-123',
        'drain vonage --channel voice --country SE --for 30m --why "no calls"'
      )
    )
    .action(
      async (
        provider: string,
        { for: length, why, channel, country, envFile, json, ...options }: Options
      ) => {
        const io = withEnvFile(outer, envFile)
        const by = options.by ?? io.env['USER']
        if (by === undefined || by === '') {
          io.complain('Say who you are: --by NAME.\n')
          return end(STATUS.usage)
        }
        const answer = await askGateway(io, {
          method: 'POST',
          path: '/overrides',
          body: {
            provider,
            for: length,
            why,
            by,
            ...(channel === undefined ? {} : { channel }),
            ...(country === undefined ? {} : { country: country.toUpperCase() })
          }
        })
        if (answer === null) return end(STATUS.findings)
        if (json === true) return io.print(`${JSON.stringify(answer, null, 2)}\n`)
        const { override, warnings } = answer as { override: ShownOverride; warnings: readonly string[] }
        io.print(`${sentenceOf(override)}\nTo take it back: ${undoOf(override)}\n`)
        for (const warning of warnings) io.complain(`Careful: ${warning}.\n`)
      }
    )
}
