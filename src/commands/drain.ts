import type { ShownOverride } from '../admin/admin-app.ts'
import { askGateway, sentenceOf, undoOf } from './admin-client.ts'
import { readArgs, type Command } from './command.ts'

const usage = 'drain PROVIDER --for 2h --why INC-123 [--by oncall] [--channel sms|voice] [--country SE]'

export const drain: Command = {
  usage,
  summary: 'takes a provider out of use, for 1m to 7d',
  async run(io) {
    const text = { type: 'string' } as const
    const read = readArgs(io, usage, { channel: text, country: text, for: text, why: text, by: text })
    if (read === null) return 2
    const { for: length, why, by = io.env['USER'], channel, country } = read.values
    const [provider, ...rest] = read.positionals
    const missing = [
      ...(provider === undefined || rest.length > 0 ? ['one PROVIDER'] : []),
      ...(length === undefined ? ['--for'] : []),
      ...(why === undefined ? ['--why'] : []),
      ...(by === undefined || by === '' ? ['--by'] : [])
    ]
    if (missing.length > 0) {
      io.complain(`Give ${missing.join(', ')}.\nIt is written as: switchboard ${usage}\n`)
      return 2
    }
    const answer = await askGateway(io, 'POST', '/overrides', {
      provider,
      for: length,
      why,
      by,
      ...(channel === undefined ? {} : { channel }),
      ...(country === undefined ? {} : { country: country.toUpperCase() })
    })
    if (answer === null) return 1
    const { override, warnings } = answer as { override: ShownOverride; warnings: readonly string[] }
    io.print(`${sentenceOf(override)}\nTo take it back: ${undoOf(override)}\n`)
    for (const warning of warnings) io.complain(`Careful: ${warning}.\n`)
    return 0
  }
}
