import type { RuleSet } from '../domain/rules.ts'
import type { Io } from './command.ts'
import { ok, problem, warning, type Finding } from './findings.ts'
import type { Surroundings } from './probes.ts'
import { readRules, usualFile } from './rules-file.ts'

/** Numbers that belong to nobody (+1 ... 555 01xx), and what stands in the file that ships. */
const MADE_UP = /^\+1\d{3}55501\d\d$|^\+4420794609\d\d$|^MG0123456789abcdef/u

/** What a warning of the checker means for codes. */
const SENDERS_CODE = 'W208'

/** The rules as the gateway would read them, and whether they fit the accounts that there are. */
export async function checkRules(
  io: Io,
  surroundings: Pick<Surroundings, 'mode' | 'accounts'> | null
): Promise<readonly Finding[]> {
  const file = usualFile(io)
  const loaded = await readRules(io, file)
  if (loaded.kind === 'unreadable') {
    return [
      problem(
        'rules',
        loaded.message.replace(/\.$/u, ''),
        'switchboard init writes a first one; ROUTING_FILE names it'
      )
    ]
  }
  if (loaded.kind === 'faulty') {
    const errors = loaded.faults.filter(({ severity }) => severity === 'error')
    const [first] = errors
    const where = first === undefined ? '' : `, the first in line ${first.line} (${first.code})`
    return [
      problem(
        'rules',
        `${file} has ${errors.length} errors${where}: the gateway does not start`,
        `switchboard check ${file}`
      )
    ]
  }
  const { rules, warnings } = loaded
  const others = warnings.filter(({ code }) => code !== SENDERS_CODE)
  return [
    ok('rules', `${file}: ${rules.rules.length} rules, no errors`),
    ...others.map(({ code, line, message }) =>
      warning('rules', `line ${line}: ${message} (${code})`, `docs/rule-faults.md#${code.toLowerCase()}`)
    ),
    ...sendersOf(
      rules,
      warnings.filter(({ code }) => code === SENDERS_CODE)
    ),
    ...(surroundings === null || surroundings.mode === 'sandbox'
      ? []
      : accountsFor(rules, surroundings.accounts))
  ]
}

function sendersOf(
  rules: RuleSet,
  unregistered: readonly { readonly line: number; readonly message: string }[]
): readonly Finding[] {
  const invented = [...rules.senders.values()].filter(({ value }) => MADE_UP.test(value))
  const findings = [
    ...invented.map(({ name }) =>
      problem(
        'senders',
        `"${name}" is made up, and belongs to nobody`,
        'Put a number of yours in its place, from the vendor that "only" names'
      )
    ),
    ...unregistered.map(({ line, message }) =>
      warning(
        'senders',
        `line ${line}: ${message}`,
        'Register it with the vendor and list the countries in registered_in, or send under a number there'
      )
    )
  ]
  return findings.length > 0
    ? findings
    : [ok('senders', 'every sender may be used where the rules use it, as far as is known')]
}

/** A provider of the rules without credentials is skipped, and nobody notices. */
function accountsFor(rules: RuleSet, accounts: Surroundings['accounts']): readonly Finding[] {
  return [...rules.providers].flatMap(([name, { channels }]) => {
    const missing = channels.filter(
      (channel) =>
        !accounts.some((account) => account.provider === name && account.channels.includes(channel))
    )
    if (missing.length === 0) return []
    return [
      warning(
        name,
        `the rules send ${missing.join(' and ')} by ${name}, which has no credentials for it`,
        'Give them, or take it out of the rules: until then it is skipped'
      )
    ]
  })
}
