import type { ShownOverride } from '../admin/admin-app.ts'
import { askGateway } from './admin-client.ts'
import { examples, STATUS, type AddCommand } from './command.ts'
import { envFileOption, withEnvFile } from './env-file.ts'
import { sentenceOf, undoOf } from '../words/override-words.ts'

export const addOverrides: AddCommand = (program, outer, end) => {
  program
    .command('overrides')
    .description('list what is drained, and the command that takes each back')
    .addOption(envFileOption())
    .option('--json', 'the answer as it came')
    .addHelpText('after', examples('overrides'))
    .action(async ({ envFile, json }: { readonly envFile?: string; readonly json?: true }) => {
      const io = withEnvFile(outer, envFile)
      const answer = await askGateway(io, { method: 'GET', path: '/overrides' })
      if (answer === null) return end(STATUS.findings)
      const { overrides } = answer as { readonly overrides: readonly ShownOverride[] }
      if (json === true) io.print(`${JSON.stringify(overrides, null, 2)}\n`)
      else if (overrides.length === 0) io.print('Nothing is drained.\n')
      else for (const override of overrides) io.print(`${sentenceOf(override)}\n    ${undoOf(override)}\n`)
    })
}
