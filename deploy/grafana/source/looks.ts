import type { Override, Threshold } from './model.ts'

type Colours = Readonly<Record<string, string>>

/** None of a provider's is red or green: those judge. */
const PROVIDERS: Colours = { twilio: 'blue', vonage: 'purple', messagebird: 'orange' }

const OUTCOMES: Colours = {
  accepted: 'green',
  refused: 'light-blue',
  blocked: 'super-light-purple',
  expired: 'super-light-blue',
  duplicate: 'text',
  not_understood: 'dark-purple',
  failed: 'red',
  undecided: 'dark-orange',
  no_capacity: 'dark-yellow',
  overloaded: 'dark-red'
}

/** What has one name has one colour, on every dashboard: by the label that a series is named after. */
const COLOURS: Readonly<Record<string, Colours>> = {
  provider: PROVIDERS,
  from: PROVIDERS,
  previous_provider: PROVIDERS,
  outcome: OUTCOMES,
  trigger: { first: 'green', failover: 'yellow', repeat: 'light-orange', last_resort: 'red' },
  result: { loaded: 'green', unchanged: 'text', rejected: 'red' },
  reason: { deadline_passed: 'yellow', okta_hung_up: 'red' },
  level: { debug: 'text', info: 'green', warn: 'yellow', error: 'red' }
}

/** The colours of the series that this legend names, by how it begins. */
export function coloursOf(legend: string): readonly Override[] {
  const [, label = ''] = /^\{\{(\w+)\}\}/u.exec(legend) ?? []
  return Object.entries(COLOURS[label] ?? {}).map(([name, colour]) => coloured(name, colour))
}

/** Those whose name begins so. */
export function coloured(begin: string, colour: string): Override {
  return {
    matcher: { id: 'byRegexp', options: `/^${begin}\\b/` },
    properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }]
  }
}

/** Okta waits so long, and so long the gateway lets itself wait where the rules file says nothing else. In s. */
export const OKTA_HANGS_UP = 3
export const DEADLINE = 2.5

/** Green until `warn`, yellow until `bad`, red from there on. */
export function risingIsBad(warn: number, bad: number): readonly Threshold[] {
  return [
    { color: 'green', value: null },
    { color: 'yellow', value: warn },
    { color: 'red', value: bad }
  ]
}

/** Red until `bad`, yellow until `warn`, green from there on. */
export function fallingIsBad(bad: number, warn: number): readonly Threshold[] {
  return [
    { color: 'red', value: null },
    { color: 'yellow', value: bad },
    { color: 'green', value: warn }
  ]
}

/** One of it is too much. */
export const ANY_IS_BAD = [
  { color: 'green', value: null },
  { color: 'red', value: 1 }
] as const satisfies readonly Threshold[]

/** It says how much, and judges nothing. */
export const NO_JUDGEMENT = [{ color: 'text', value: null }] as const satisfies readonly Threshold[]
