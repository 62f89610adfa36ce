import type { ShownOverride } from '../admin/admin-app.ts'
import { askGateway, sentenceOf } from './admin-client.ts'
import { readArgs, type Command } from './command.ts'

const usage = 'undrain PROVIDER [--channel sms|voice] [--country SE] [--by oncall]'

export const undrain: Command = {
  usage,
  summary: 'puts it back into use: all that is drained of it, or what is said',
  async run(io) {
    const text = { type: 'string' } as const
    const read = readArgs(io, usage, { channel: text, country: text, by: text })
    if (read === null) return 2
    const { by = io.env['USER'], channel, country } = read.values
    const [provider, ...rest] = read.positionals
    if (provider === undefined || rest.length > 0 || by === undefined || by === '') {
      io.complain(`Give one PROVIDER, and --by.\nIt is written as: switchboard ${usage}\n`)
      return 2
    }
    const query = new URLSearchParams({
      provider,
      by,
      ...(channel === undefined ? {} : { channel }),
      ...(country === undefined ? {} : { country: country.toUpperCase() })
    })
    const answer = await askGateway(io, 'DELETE', `/overrides?${query.toString()}`)
    if (answer === null) return 1
    const { removed, still } = answer as Record<'removed' | 'still', readonly ShownOverride[]>
    if (removed.length === 0) io.complain(`Nothing of ${provider} was drained so.\n`)
    for (const override of removed) io.print(`No longer ${sentenceOf(override)}\n`)
    for (const override of still) io.print(`Still ${sentenceOf(override)}\n`)
    return removed.length === 0 ? 1 : 0
  }
}
