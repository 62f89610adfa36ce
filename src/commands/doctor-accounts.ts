import { ok, problem, warning, type Finding } from './findings.ts'
import { transportInWords } from './json-exchange.ts'
import type { AccountProbe, AccountProbeReading } from './probes.ts'

export interface ReadAccount {
  readonly account: AccountProbe
  readonly reading: AccountProbeReading
}

/** The reading of an account in words: do its credentials open the door, and is there money behind it? */
export function accountFinding({ account, reading }: ReadAccount, lowBalance: number): Finding {
  const { provider, channels, variables } = account
  const who = `${provider} for ${channels.join(' and ')}`
  switch (reading.kind) {
    case 'signed_in':
      return balanceFinding(who, reading.balance, { check: provider, lowBalance })
    case 'refused':
      return problem(
        provider,
        `${who} refuses the credentials (HTTP ${reading.httpStatus})`,
        `Compare ${variables.join(' and ')} with what the vendor's console shows`
      )
    case 'forbidden':
      return warning(
        provider,
        `${who} tells this key nothing of the account (HTTP ${reading.httpStatus})`,
        'A restricted key or a subaccount is like that. Whether it may send shows a test code: switchboard send'
      )
    case 'unreadable':
      return warning(
        provider,
        `${who} answers with HTTP ${reading.httpStatus}, and nothing that is understood`,
        `Is the vendor in trouble, or does the base URL lead elsewhere?`
      )
    case 'no_answer':
      return problem(
        provider,
        `${who}: ${transportInWords(reading.cause)}`,
        'Let this machine reach the vendor by HTTPS: firewall, proxy, DNS'
      )
    default:
      return reading satisfies never
  }
}

function balanceFinding(
  who: string,
  balance: Extract<AccountProbeReading, { kind: 'signed_in' }>['balance'],
  { check, lowBalance }: { readonly check: string; readonly lowBalance: number }
): Finding {
  if (balance === null) return ok(check, `${who} takes the credentials`)
  const { amount, currency, isEndless } = balance
  const money = `${amount.toFixed(2)} ${currency}`.trim()
  if (isEndless) return ok(check, `${who} takes the credentials; the account does not run out`)
  if (amount <= 0) {
    return problem(check, `${who} has no money left (${money})`, 'Pay in: until then it refuses every code')
  }
  return amount < lowBalance
    ? warning(
        check,
        `${who} takes the credentials, and has ${money} left`,
        'Pay in, or let the vendor charge by itself'
      )
    : ok(check, `${who} takes the credentials, and has ${money}`)
}

/** A token of Vonage is good for minutes, and it takes none that was made in the future. */
const WRONG_MS = 30_000
const OFF_MS = 5_000

/** Held against the clocks of those who answered: of several the nearest, for a vendor's may be wrong too. */
export function clockFinding(read: readonly ReadAccount[]): Finding | null {
  const skews = read.flatMap(({ reading }) =>
    reading.kind === 'no_answer' || reading.skewMs === null ? [] : [reading.skewMs]
  )
  const [nearest] = skews.toSorted((a, b) => Math.abs(a) - Math.abs(b))
  if (nearest === undefined) return null
  const offS = Math.round(Math.abs(nearest) / 1_000)
  if (Math.abs(nearest) < OFF_MS) return ok('clock', "this machine's clock agrees with the providers'")
  const what = `this machine's clock is ${offS} s ${nearest > 0 ? 'ahead of' : 'behind'} the providers'`
  const remedy = 'Let it be set by NTP (timedatectl set-ntp true)'
  return Math.abs(nearest) < WRONG_MS
    ? warning('clock', what, remedy)
    : problem('clock', `${what}: Vonage refuses calls, and codes may count as expired`, remedy)
}
