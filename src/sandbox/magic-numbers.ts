import type { Fault } from './fault.ts'
import type { SandboxProvider } from './inbox.ts'

/**
 * A phone of any country whose number ends in 990PF meets a fault without anybody setting one. P says at
 * which provider, F which fault. A fault that was set wins over the number's.
 */
const MAGIC_PROVIDERS: Readonly<Record<string, readonly SandboxProvider[]>> = {
  0: ['twilio', 'vonage', 'messagebird'],
  1: ['twilio'],
  2: ['vonage'],
  3: ['messagebird']
}

const MAGIC_FAULTS: Readonly<Record<string, Fault>> = {
  1: { mode: 'status', status: 500 },
  2: { mode: 'hang_after_read' },
  3: { mode: 'throttle' },
  4: { mode: 'reset_after_read' },
  5: { mode: 'accept_then_hang' },
  6: { mode: 'slow', delay_ms: 2_000 },
  7: { mode: 'html' }
}

/** @param to E.164 with its "+". */
export function magicFault(provider: SandboxProvider, to: string): Fault | null {
  const [, providerDigit = '', faultDigit = ''] = /990(\d)(\d)$/u.exec(to) ?? []
  if (MAGIC_PROVIDERS[providerDigit]?.includes(provider) !== true) return null
  return MAGIC_FAULTS[faultDigit] ?? null
}
