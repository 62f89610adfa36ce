import { Option } from 'commander'
import type { LoadedRules } from '../rules/load.ts'
import { printCheck } from '../words/check-words.ts'
import { examples, STATUS, type AddCommand, type Io } from './command.ts'
import { githubOf, jsonOf, sarifOf, type CheckedFile } from './check-formats.ts'
import { readRules, senderCountriesOf, usualFile } from './rules-file.ts'

type Format = 'text' | 'json' | 'github' | 'sarif'

interface Options {
  readonly format: Format
  readonly json?: true
  readonly candidate?: true
  readonly strict?: true
}

export const addCheck: AddCommand = (program, io, end) => {
  program
    .command('check')
    .description('say every fault and warning of a rules file, each with its place')
    .argument(
      '[file...]',
      'rules files, or revisions such as HEAD~1:config/routing.yaml (default: ROUTING_FILE, or config/routing.yaml)'
    )
    .addOption(
      new Option('--format <format>', 'for eyes, machines, GitHub annotations, or code scanning')
        .choices(['text', 'json', 'github', 'sarif'])
        .default('text')
    )
    .option('--json', 'the same as --format json')
    .option('--candidate', 'the file is to be tried beside the rules: "canary" has a meaning there')
    .option('--strict', 'warnings count as well: exit status 1')
    .addHelpText(
      'after',
      `${examples('check', 'check config/routing.yaml --strict', 'check --format sarif > rules.sarif', 'check HEAD~1:config/routing.yaml')}
Exit status: 0 no error, 1 an error (with --strict: or a warning), 2 not understood.
Each code has a section in docs/rule-faults.md.`
    )
    .action(async (files: readonly string[], options: Options) => {
      const names = files.length > 0 ? files : [usualFile(io)]
      const checked: CheckedFile[] = []
      for (const name of names) {
        const loaded = await readRules(io, name, { candidate: options.candidate === true })
        checked.push(toChecked(name, loaded))
      }
      print(io, checked, options.json === true ? 'json' : options.format)
      const bad = checked.some(
        ({ unreadable, faults }) =>
          unreadable !== null ||
          faults.some(({ severity }) => severity === 'error' || options.strict === true)
      )
      end(bad ? STATUS.findings : STATUS.fine)
    })
}

function toChecked(file: string, loaded: LoadedRules): CheckedFile {
  const nothing = { file, hash: null, rules: null, faults: [], text: '', unreadable: null }
  switch (loaded.kind) {
    case 'ok': {
      const { hash, rules } = loaded.rules
      return { ...nothing, hash, rules: rules.length, faults: loaded.warnings, text: loaded.text }
    }
    case 'faulty':
      return { ...nothing, faults: loaded.faults, text: loaded.text }
    case 'unreadable':
      return { ...nothing, unreadable: loaded.message }
    default:
      return loaded satisfies never
  }
}

function print(io: Io, checked: readonly CheckedFile[], format: Format): void {
  switch (format) {
    case 'json':
      io.print(`${JSON.stringify(jsonOf(checked, senderCountriesOf(io).version), null, 2)}\n`)
      return
    case 'github':
      io.print(githubOf(checked))
      return
    case 'sarif':
      io.print(`${JSON.stringify(sarifOf(checked, io.version), null, 2)}\n`)
      return
    case 'text':
      for (const file of checked) printText(io, file)
      return
    default:
      format satisfies never
  }
}

function printText(io: Io, { file, hash, rules, faults, text, unreadable }: CheckedFile): void {
  if (unreadable !== null) {
    io.complain(`${unreadable}\n`)
    return
  }
  printCheck(io, { file, hash, rules, faults, text })
}
