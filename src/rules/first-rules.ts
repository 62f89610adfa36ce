import type { Country } from '../domain/phone.ts'
import type { PROVIDERS } from './providers.ts'

type ProviderName = (typeof PROVIDERS)[number]

/** What somebody says who has no rules yet. */
export interface FirstRulesDraft {
  /** In order of preference, each once; at least one. */
  readonly providers: readonly ProviderName[]
  /** Where codes are sent; empty: everywhere. */
  readonly countries: readonly Country[]
  /** What phones show where names are allowed: 1 to 11 letters, digits and spaces. Null: numbers everywhere. */
  readonly senderName: string | null
  /** Numbers bought from each, in E.164; a made-up one stands where there is none. */
  readonly numbers: Readonly<Partial<Record<ProviderName, string>>>
}

/** Reserved for fiction: they belong to nobody, and no vendor takes them. */
const MADE_UP: Readonly<Record<ProviderName, string>> = {
  twilio: '+12025550123',
  vonage: '+12025550124',
  messagebird: '+12025550125'
}

/**
 * A first rules file, with its reasons beside it: short, without errors, and safe. Who is named carries, in that order;
 * what costs thieves' money is blocked, and so is every country that is not named.
 */
export function firstRules({ providers, countries, senderName, numbers }: FirstRulesDraft): string {
  const senders = [
    ...(senderName === null ? [] : ['company']),
    ...providers.map((provider) => `${provider}_number`)
  ]
  const send = `[${providers.join(', ')}]`
  const [home] = countries
  const isEverywhere = home === undefined
  return `# Written by "switchboard init". Rules are read from top to bottom, and the first one that matches a number wins. After a change:
# "switchboard check", then "switchboard explain +46701740605"; a gateway that runs takes it by itself. docs/routing.md has every key.
# No credentials in here: they come from the environment.
version: 1

# A provider without credentials is skipped. capacity_per_second: what the account takes; more goes to the next.
providers:
${providers.map((provider) => `  ${provider}: { channels: [sms, voice] }\n`).join('')}
# Who the message comes from. A number belongs to the account that it was bought in: "only" says which.
senders:
${senderName === null ? '' : nameOf(senderName)}${providers.map((provider) => numberOf(provider, numbers[provider])).join('')}${isEverywhere ? '' : groupOf(countries)}
defaults:
  # In order of preference: the first that fits the provider, the country and the channel is used. A name makes no calls.
  sender: [${senders.join(', ')}]
  # How a number without "+" is read, such as the one that Okta's Preview sends for a user without a phone.
  country: ${quotedCountry(home ?? 'US')}

rules:
  # Numbers that cost several dollars a message, and that thieves earn from.
  - name: block-premium-and-satellite
    when: { number_type: [premium_rate, shared_cost, satellite] }
    block: { reason: premium_number }
${
  isEverywhere
    ? `
# Everywhere, in order of preference: the next one is asked when the first fails.
otherwise:
  send: ${send}
`
    : `
  # In order of preference: the next one is asked when the first fails.
  - name: served
    when: { country: served }
    send: ${send}

# No other country: codes there cost most, and fraud comes by them. "send: ${send}" lets them through.
otherwise:
  block: { reason: country_not_served }
`
}`
}

function nameOf(senderName: string): string {
  return `  # Where carriers take no names it is never used. Where they want it registered ("sender_registration") neither: once yours is,
  # list the countries as registered_in: [SG, IE], and take them out of not_for.
  company: { kind: alphanumeric, value: "${senderName}", not_for: sender_registration }
`
}

function numberOf(provider: ProviderName, number: string | undefined): string {
  const entry = `  ${provider}_number: { kind: number, value: "${number ?? MADE_UP[provider]}", only: [${provider}] }\n`
  return number === undefined
    ? `  # Made up: put your own number of ${provider} in its place.\n${entry}`
    : entry
}

function groupOf(countries: readonly Country[]): string {
  const codes = countries.map(quotedCountry)
  const lines: string[] = []
  for (let from = 0; from < codes.length; from += CODES_A_LINE) {
    lines.push(codes.slice(from, from + CODES_A_LINE).join(', '))
  }
  return `
# ISO 3166 codes: GB, not UK.
country_groups:
  served: [${lines.join(',\n    ')}]
`
}

const CODES_A_LINE = 24

/** Some tools read NO as "false". */
function quotedCountry(country: Country): string {
  return country === 'NO' ? '"NO"' : country
}
