import { editorSchema } from '../rules/schema.ts'
import { examples, type AddCommand } from './command.ts'

export const addSchema: AddCommand = (program, io) => {
  program
    .command('schema')
    .description('print the JSON Schema of rules files, for editors')
    .addHelpText('after', examples('schema > config/routing.schema.json'))
    .action(() => io.print(editorSchema()))
}
