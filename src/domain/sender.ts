import type { Channel } from './message.ts'
import type { Country } from './phone.ts'
import type { SenderEntry } from './rules.ts'

/** May this sender be shown by this provider on this channel in this country (null: none)? */
export function mayUseSender(
  sender: Pick<SenderEntry, 'kind' | 'only' | 'onlyFor' | 'notFor' | 'refusedBy'>,
  at: { readonly provider: string; readonly channel: Channel; readonly country: Country | null }
): boolean {
  if (sender.only !== null && !sender.only.includes(at.provider)) return false
  if (at.country !== null && sender.notFor.includes(at.country)) return false
  if (at.country !== null && sender.refusedBy.get(at.provider)?.includes(at.country) === true) return false
  if (sender.onlyFor !== null && (at.country === null || !sender.onlyFor.includes(at.country))) return false
  // Only a number can call, and only Twilio knows messaging services.
  if (at.channel === 'voice') return sender.kind === 'number'

  switch (sender.kind) {
    case 'messaging_service':
      return at.provider === 'twilio'
    case 'alphanumeric':
    case 'number':
    case 'short_code':
      return true
    default:
      return sender.kind satisfies never
  }
}
