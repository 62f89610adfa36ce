import { canonicalForm } from '../rules/format.ts'
import { examples, STATUS, type AddCommand } from './command.ts'
import { readRules, usualFile } from './rules-file.ts'

interface Options {
  readonly write?: true
  readonly check?: true
  readonly json?: true
}

export const addFmt: AddCommand = (program, io, end) => {
  program
    .command('fmt')
    .description('print a rules file in its canonical form, comments kept')
    .argument('[file]', 'a rules file (default: ROUTING_FILE, or config/routing.yaml)')
    .option('--write', 'put it in the place of the file')
    .option('--check', 'say nothing but whether it has that form: exit status 1 if not')
    .option('--json', 'for machines; writes nothing')
    .addHelpText('after', examples('fmt', 'fmt --write', 'fmt --check config/routing.yaml'))
    .action(async (given: string | undefined, { write, check, json }: Options) => {
      const file = given ?? usualFile(io)
      const loaded = await readRules(io, file)
      if (loaded.kind === 'unreadable') {
        io.complain(`${loaded.message}\n`)
        return end(STATUS.findings)
      }
      const formatted = canonicalForm(loaded.text)
      if (formatted === null) {
        io.complain(`${file} is not understood well enough to be formatted: switchboard check says why.\n`)
        return end(STATUS.findings)
      }
      const isCanonical = formatted === loaded.text
      if (json === true) {
        io.print(`${JSON.stringify({ file, isCanonical, formatted }, null, 2)}\n`)
        return end(check === true && !isCanonical ? STATUS.findings : STATUS.fine)
      }
      if (check === true) {
        if (!isCanonical) {
          io.complain(`${file} is not in its canonical form: switchboard fmt --write ${file}\n`)
        }
        return end(isCanonical ? STATUS.fine : STATUS.findings)
      }
      if (write === true && io.readFile(file) === null) {
        io.complain(`${file} is no file: a revision can be printed, but not written.\n`)
        return end(STATUS.usage)
      }
      if (write !== true) io.print(formatted)
      else if (!isCanonical) {
        try {
          await io.writeFile(file, formatted)
        } catch {
          io.complain(`${file} cannot be written.\n`)
          return end(STATUS.findings)
        }
        io.print(`${file} has its canonical form now.\n`)
      }
    })
}
