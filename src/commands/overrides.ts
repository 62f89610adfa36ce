import type { ShownOverride } from '../admin/admin-app.ts'
import { askGateway, sentenceOf, undoOf } from './admin-client.ts'
import { readArgs, type Command } from './command.ts'

const usage = 'overrides [--json]'

export const listOverrides: Command = {
  usage,
  summary: 'lists what is drained, and the command that takes each back',
  async run(io) {
    const read = readArgs(io, usage, { json: { type: 'boolean' } })
    if (read === null) return 2
    const answer = await askGateway(io, 'GET', '/overrides')
    if (answer === null) return 1
    const { overrides } = answer as { readonly overrides: readonly ShownOverride[] }
    if (read.values.json === true) io.print(`${JSON.stringify(overrides, null, 2)}\n`)
    else if (overrides.length === 0) io.print('Nothing is drained.\n')
    else for (const override of overrides) io.print(`${sentenceOf(override)}\n    ${undoOf(override)}\n`)
    return 0
  }
}
