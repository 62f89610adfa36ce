import type { Fault } from '../../src/sandbox/fault.ts'
import type { SandboxProvider } from '../../src/sandbox/inbox.ts'
import type { Channel } from '../../src/domain/message.ts'

/** What a provider of a cell does wrong. */
export interface CellFault {
  /** Null for a fault of the way there, which stands in `address`. */
  readonly fault: (provider: SandboxProvider, channel: Channel, healthy: Latency) => Fault | null
  /** Where the provider is looked for in place of the sandbox. */
  readonly address?: 'no_such_name' | 'no_tls'
  /** Every provider has it, or it is tried on the first and on the first two. */
  readonly everybody?: true
  /** It takes messages and does not say so: a message may come twice, whatever a gateway does. */
  readonly unknowable?: true
  /** It answers nobody: what is asked of it waits for its timeout. */
  readonly hangs?: true
  /** It ends by itself after so long. */
  readonly endsAfterMs?: number
  /** Only in the long form. */
  readonly long?: true
}

export interface Latency {
  readonly median: number
  readonly p99: number
}

const same =
  (fault: Fault): CellFault['fault'] =>
  () =>
    fault

const status = (code: number): CellFault['fault'] => same({ mode: 'status', status: code })

/** "No money left", as each says it. */
const NO_BALANCE: { readonly [P in SandboxProvider]: { readonly [C in Channel]: Fault } } = {
  twilio: { sms: { mode: 'status', status: 402 }, voice: { mode: 'status', status: 402 } },
  vonage: { sms: { mode: 'status', code: 9 }, voice: { mode: 'status', status: 402 } },
  messagebird: { sms: { mode: 'status', code: 25 }, voice: { mode: 'status', code: 25 } }
}

/** A code that no table has. */
const UNKNOWN_CODE: { readonly [P in SandboxProvider]: Fault } = {
  twilio: { mode: 'status', status: 400, code: 98_765 },
  vonage: { mode: 'status', code: 77 },
  messagebird: { mode: 'status', status: 422, code: 9_876 }
}

const MINUTE_MS = 60_000

export const FAULTS: Readonly<Record<string, CellFault>> = {
  none: { fault: () => null, everybody: true },
  'connection refused': { fault: same({ mode: 'refuse' }) },
  'no such name (DNS)': { fault: () => null, address: 'no_such_name' },
  'TLS fails': { fault: () => null, address: 'no_tls' },
  'hangs before reading': { fault: same({ mode: 'hang_before_read' }), hangs: true },
  'hangs after reading': { fault: same({ mode: 'hang_after_read' }), hangs: true },
  'resets after the body': { fault: same({ mode: 'reset_after_read' }) },
  'answers in drops': { fault: same({ mode: 'dribble', over_ms: MINUTE_MS }), unknowable: true, hangs: true },
  'HTTP 500': { fault: status(500) },
  'HTTP 502 in HTML': { fault: same({ mode: 'html' }) },
  'HTTP 503': { fault: status(503) },
  'HTTP 429': { fault: same({ mode: 'throttle' }) },
  'HTTP 429 with Retry-After': { fault: same({ mode: 'throttle', retry_after_s: 2 }) },
  'HTTP 401': { fault: status(401) },
  'no balance': { fault: (provider, channel) => NO_BALANCE[provider][channel] },
  'unknown code': {
    fault: (provider, channel) =>
      provider === 'vonage' && channel === 'voice' ? { mode: 'status', status: 418 } : UNKNOWN_CODE[provider]
  },
  'empty 200': { fault: same({ mode: 'empty_200' }) },
  'accepts, never answers': { fault: same({ mode: 'accept_then_hang' }), unknowable: true, hangs: true },
  'half fail (503)': { fault: same({ mode: 'status', status: 503, share: 0.5 }) },
  '2 % hang for a minute': { fault: same({ mode: 'hang_after_read', share: 0.02 }), hangs: true },
  '5 % hang for a minute': { fault: same({ mode: 'hang_after_read', share: 0.05 }), hangs: true },
  'four times slower': {
    fault: (_provider, _channel, { median, p99 }) => ({
      mode: 'slow',
      delay_ms: { median: median * 4, p99: p99 * 4 }
    }),
    unknowable: true
  },
  'outage of 10 s (refused)': { fault: same({ mode: 'refuse' }), endsAfterMs: 10_000 },
  'outage of 10 s (hangs)': { fault: same({ mode: 'hang_after_read' }), hangs: true, endsAfterMs: 10_000 },
  'black hole for a minute': {
    fault: same({ mode: 'hang_before_read' }),
    hangs: true,
    endsAfterMs: MINUTE_MS,
    long: true
  },
  'all fail half of the time': { fault: same({ mode: 'status', status: 503, share: 0.5 }), everybody: true },
  'all hang a fifth of the time': {
    fault: same({ mode: 'hang_after_read', share: 0.2 }),
    everybody: true,
    hangs: true
  }
}
