import type { AdminStatus } from '../admin/admin-app.ts'
import type { Drains } from '../admin/drains.ts'
import type { Keyring } from '../admin/secret.ts'
import type { Override } from '../domain/override.ts'
import type { Phone } from '../domain/phone.ts'
import type { RuleSet } from '../domain/rules.ts'
import type { RulesStatus } from '../rules/keeper.ts'
import type { SenderCountries } from '../rules/sender-countries.ts'
import type { Report } from '../telemetry/events.ts'
import type { Recent } from './recent.ts'
import type { SendAsked, ShownSandbox, ShownSent } from './shown.ts'

/** What the console is given of the gateway: it reads through these, and reaches into nothing. */
export interface ConsoleDependencies {
  /** What opens the admin port. It takes the same time whatever is asked, and changes when secrets are read anew. */
  readonly secrets: Keyring
  /** Is one of them the sandbox's own, which everybody knows? */
  readonly isSecretKnown: () => boolean
  readonly node: NodeView
  readonly recent: Pick<Recent, 'requests' | 'counts'>
  readonly drains: Drains
  /** Null where the gateway is live. */
  readonly sandbox: SandboxView | null
  /** What may be said of a number: "SE…67". */
  readonly mask: (phone: Phone) => string
  /** What carriers do with names as senders; the table that ships where it is left out. */
  readonly senderCountries?: SenderCountries | undefined
  readonly report: Report
  readonly onBug: (error: unknown) => void
  /** Monotonic, in ms. */
  readonly now: () => number
  /** Ms since 1970. */
  readonly epoch: () => number
}

/** The gateway, as it stands at this moment. */
export interface NodeView {
  /** Ms since 1970. */
  readonly startedAtMs: number
  readonly status: () => AdminStatus
  readonly rulesStatus: () => RulesStatus
  /** The live file that is in force, and as it was read. */
  readonly liveRules: () => { readonly rules: RuleSet; readonly text: string }
  readonly overrides: () => readonly Override[]
}

/** The sandbox that the gateway sends to. */
export interface SandboxView {
  readonly read: () => ShownSandbox
  readonly clearInbox: () => void
  /**
   * Sets the fault of one of {@link ShownSandbox.modes}; null makes it healthy.
   *
   * @returns what is wrong with that, in a sentence; null where it holds now.
   */
  readonly setFault: (provider: string, mode: string | null) => Promise<string | null>
  /** Sends Okta's documented sample to this gateway's own hook. Rejects where nobody answers. */
  readonly send: (asked: SendAsked) => Promise<ShownSent>
}
