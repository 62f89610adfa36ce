import { Option } from 'commander'
import type { ShownOverride } from '../admin/admin-app.ts'
import { CHANNELS } from '../domain/message.ts'
import { askGateway } from './admin-client.ts'
import { examples, STATUS, type AddCommand } from './command.ts'
import { envFileOption, withEnvFile } from './env-file.ts'
import { sentenceOf } from '../words/override-words.ts'

interface Options {
  readonly by?: string
  readonly channel?: string
  readonly country?: string
  readonly envFile?: string
  readonly json?: true
}

export const addUndrain: AddCommand = (program, outer, end) => {
  program
    .command('undrain')
    .description('put a provider back into use: all that is drained of it, or what is said')
    .argument('<provider>', 'twilio, vonage or messagebird')
    .option('--by <name>', 'who you are (default: USER)')
    .addOption(new Option('--channel <channel>', 'this one only').choices(CHANNELS))
    .option('--country <code>', 'numbers of this country only')
    .addOption(envFileOption())
    .option('--json', 'the answer as it came')
    .addHelpText('after', examples('undrain twilio', 'undrain vonage --channel voice --country SE'))
    .action(async (provider: string, { channel, country, envFile, json, ...options }: Options) => {
      const io = withEnvFile(outer, envFile)
      const by = options.by ?? io.env['USER']
      if (by === undefined || by === '') {
        io.complain('Say who you are: --by NAME.\n')
        return end(STATUS.usage)
      }
      const query = new URLSearchParams({
        provider,
        by,
        ...(channel === undefined ? {} : { channel }),
        ...(country === undefined ? {} : { country: country.toUpperCase() })
      })
      const answer = await askGateway(io, { method: 'DELETE', path: `/overrides?${query.toString()}` })
      if (answer === null) return end(STATUS.findings)
      const { removed, still } = answer as Record<'removed' | 'still', readonly ShownOverride[]>
      if (json === true) io.print(`${JSON.stringify(answer, null, 2)}\n`)
      if (removed.length === 0) end(STATUS.findings)
      if (json === true) return
      if (removed.length === 0) io.complain(`Nothing of ${provider} was drained so.\n`)
      for (const override of removed) io.print(`No longer ${sentenceOf(override)}\n`)
      for (const override of still) io.print(`Still ${sentenceOf(override)}\n`)
    })
}
