import { renderFaults } from '../rules/report.ts'
import { formatRules } from '../rules/format.ts'
import { examples, STATUS, type AddCommand } from './command.ts'
import { readRules, usualFile } from './rules-file.ts'

interface Options {
  readonly write?: true
  readonly check?: true
}

export const addFmt: AddCommand = (program, io, end) => {
  program
    .command('fmt')
    .description('print a rules file in its canonical form, comments kept')
    .argument('[file]', 'a rules file (default: ROUTING_FILE, or config/routing.yaml)')
    .option('--write', 'put it in the place of the file')
    .option('--check', 'say nothing but whether it has that form: exit status 1 if not')
    .addHelpText('after', examples('fmt', 'fmt --write', 'fmt --check config/routing.yaml'))
    .action(async (given: string | undefined, { write, check }: Options) => {
      const file = given ?? usualFile(io)
      const loaded = await readRules(io, file)
      if (loaded.kind === 'unreadable') {
        io.complain(`${loaded.message}\n`)
        return end(STATUS.findings)
      }
      // What is not understood is not touched.
      const broken =
        loaded.kind === 'faulty' ? loaded.faults.filter(({ code }) => code.startsWith('E15')) : []
      if (broken.length > 0) {
        io.complain(renderFaults(loaded.text, broken, { colour: false }))
        return end(STATUS.findings)
      }
      const formatted = formatRules(loaded.text)
      const isCanonical = formatted === loaded.text
      if (check === true) {
        if (!isCanonical) {
          io.complain(`${file} is not in its canonical form: switchboard fmt --write ${file}\n`)
        }
        return end(isCanonical ? STATUS.fine : STATUS.findings)
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
