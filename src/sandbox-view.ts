import type { SandboxView } from './console/ports.ts'
import type { ShownSandbox } from './console/shown.ts'
import type { Fault } from './sandbox/fault.ts'
import type { FaultInForce } from './sandbox/fault-book.ts'
import { SANDBOX_PROVIDERS, type InboxMessage, type SandboxProvider } from './sandbox/inbox.ts'
import type { Sandbox } from './sandbox/sandbox.ts'

/** What the console shows of a sandbox; the gateway adds how a sample is sent. */
export type SandboxOfConsole = Omit<SandboxView, 'send'>

const MOST_SHOWN = 100

/** Faults that one click sets. The sandbox knows more: its own port takes them. */
const MODES: Readonly<Record<string, { readonly fault: Fault; readonly words: string }>> = {
  status_503: { fault: { mode: 'status', status: 503 }, words: 'says that it is in trouble (503)' },
  hang_after_read: { fault: { mode: 'hang_after_read' }, words: 'takes requests and never answers' },
  accept_then_hang: { fault: { mode: 'accept_then_hang' }, words: 'sends the code and never answers' },
  slow: { fault: { mode: 'slow', delay_ms: 1_500 }, words: 'sends the code and answers after 1.5 s' },
  refuse: { fault: { mode: 'refuse' }, words: 'refuses connections' },
  reset_after_read: { fault: { mode: 'reset_after_read' }, words: 'cuts connections off' },
  throttle: { fault: { mode: 'throttle', retry_after_s: 10 }, words: 'says "too much at once" (429)' },
  status_401: { fault: { mode: 'status', status: 401 }, words: 'does not know our credentials (401)' },
  html: { fault: { mode: 'html' }, words: 'has a proxy in front that answers with a page (502)' },
  half: { fault: { mode: 'status', status: 500, share: 0.5 }, words: 'fails half of the time (500)' }
}

/** Numbers that are kept for fiction, but for the German one, which nobody has. */
const SAMPLES: ShownSandbox['samples'] = [
  { number: '+46701740605', country: 'SE', channel: 'sms', words: 'a mobile phone in Sweden' },
  { number: '+12125550100', country: 'US', channel: 'sms', words: 'a phone in New York' },
  {
    number: '+442079460123',
    country: 'GB',
    channel: 'voice',
    words: 'a landline in London, which can be called'
  },
  { number: '+4915123456789', country: 'DE', channel: 'sms', words: 'a mobile phone in Germany' }
]

export function sandboxOfConsole(
  sandbox: Pick<Sandbox, 'inbox' | 'clearInbox' | 'faults' | 'setFault'>
): SandboxOfConsole {
  return {
    read: () => ({
      inbox: sandbox.inbox().slice(-MOST_SHOWN).toReversed().map(shownMessage),
      faults: SANDBOX_PROVIDERS.map((provider) => shownFaults(provider, sandbox.faults(provider))),
      modes: Object.entries(MODES).map(([mode, { words }]) => ({ mode, words })),
      samples: SAMPLES
    }),
    clearInbox: sandbox.clearInbox,
    async setFault(provider, mode) {
      const name = SANDBOX_PROVIDERS.find((one) => one === provider)
      if (name === undefined) {
        return `provider "${provider}" is unknown: it is one of ${SANDBOX_PROVIDERS.join(', ')}`
      }
      if (mode !== null && !Object.hasOwn(MODES, mode)) {
        return `mode "${mode}" is unknown: it is one of ${Object.keys(MODES).join(', ')}`
      }
      await sandbox.setFault(name, mode === null ? null : (MODES[mode]?.fault ?? null))
      return null
    }
  }
}

function shownMessage(message: InboxMessage): ShownSandbox['inbox'][number] {
  const { id, at, provider, channel, to, from, text, language } = message
  return { id, atMs: Date.parse(at), provider, channel, to, from, text, language }
}

function shownFaults(
  provider: SandboxProvider,
  [first, ...others]: readonly FaultInForce[]
): ShownSandbox['faults'][number] {
  if (first === undefined) return { provider, fault: null, mode: null }
  const [mode, known] =
    Object.entries(MODES).find(([, { fault }]) => JSON.stringify(fault) === JSON.stringify(first.fault)) ?? []
  const words = known?.words ?? first.fault.mode.replaceAll('_', ' ')
  const channels = first.channels.length === 1 ? ` (${first.channels.join()} only)` : ''
  const more = others.length === 0 ? '' : ', and more'
  return { provider, fault: `${words}${channels}${more}`, mode: mode ?? null }
}
