import type { ShownOverride } from '../admin/admin-app.ts'

/** "twilio sms SE  until 2026-11-24T17:00:00.000Z  by oncall: INC-123" */
export function sentenceOf({ provider, channel, country, until, by, why }: ShownOverride): string {
  const coverage = [provider, channel ?? 'sms and voice', country ?? 'every country'].join(', ')
  return `${coverage}: drained until ${until} by ${by}: ${why}`
}

/** The command that takes it back. */
export function undoOf({ provider, channel, country }: ShownOverride): string {
  const scope = [
    ...(channel === null ? [] : [`--channel ${channel}`]),
    ...(country === null ? [] : [`--country ${country}`])
  ]
  return ['switchboard undrain', provider, ...scope].join(' ')
}
