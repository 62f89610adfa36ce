import type { AdminStatus, ShownOverride } from '../admin/admin-app.ts'
import { askGateway, sentenceOf } from './admin-client.ts'
import { readArgs, type Command } from './command.ts'

const usage = 'status [--json]'

export const status: Command = {
  usage,
  summary: 'shows breakers, drains, and what is under way',
  async run(io) {
    const read = readArgs(io, usage, { json: { type: 'boolean' } })
    if (read === null) return 2
    const answer = await askGateway(io, 'GET', '/status')
    if (answer === null) return 1
    if (read.values.json === true) {
      io.print(`${JSON.stringify(answer, null, 2)}\n`)
      return 0
    }
    const { version, mode, rules, breakers, state, inFlight, hanging, overrides } = answer as AdminStatus & {
      readonly overrides: readonly ShownOverride[]
    }
    io.print(`switchboard ${version} (${mode}), rules ${rules.hash}, state: ${state}\n`)
    io.print(`${inFlight} under way, ${hanging} left running\n`)
    for (const { provider, channel, state: breaker, openMs } of breakers) {
      const since = openMs === null ? '' : ` for ${Math.round(openMs / 1000)} s`
      io.print(`${provider.padEnd(12)} ${channel.padEnd(6)} ${breaker.replace('_', '-')}${since}\n`)
    }
    for (const override of overrides) io.print(`${sentenceOf(override)}\n`)
    return 0
  }
}
