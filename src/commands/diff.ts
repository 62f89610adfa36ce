import { diffRules } from '../rules/diff.ts'
import { printDiff } from '../words/diff-words.ts'
import { examples, STATUS, type AddCommand } from './command.ts'
import { soundRules } from './rules-file.ts'

export const addDiff: AddCommand = (program, io, end) => {
  program
    .command('diff')
    .description('say which countries and channels go another way in another file, and what else changes')
    .argument('<old>', 'a rules file, or a revision of one such as HEAD~1:config/routing.yaml')
    .argument('<new>', 'the same')
    .option('--json', 'for machines')
    .addHelpText(
      'after',
      `${examples('diff config/routing.yaml new.yaml', 'diff HEAD~1:config/routing.yaml config/routing.yaml')}
Exit status: 0 the same, 1 they differ or have errors, 2 not understood.`
    )
    .action(async (oldName: string, newName: string, { json }: { readonly json?: true }) => {
      const [before, after] = [await soundRules(io, oldName), await soundRules(io, newName)]
      if (before === null || after === null) return end(STATUS.findings)
      const diff = diffRules(before, after, io.now())
      const isSame = diff.routes.length === 0 && diff.settings.length === 0 && !diff.truncated
      if (json === true) {
        const files = { old: { file: oldName, hash: before.hash }, new: { file: newName, hash: after.hash } }
        io.print(`${JSON.stringify({ ...files, ...diff }, null, 2)}\n`)
      } else {
        printDiff(io, diff, {
          before: `${oldName} (${before.hash})`,
          after: `${newName} (${after.hash})`,
          isSameText: before.hash === after.hash
        })
      }
      end(isSame ? STATUS.fine : STATUS.findings)
    })
}
