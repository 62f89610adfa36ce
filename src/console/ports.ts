import type { Report } from '../telemetry/events.ts'

/** What the console is given of the gateway: it reads through these, and reaches into nothing. */
export interface ConsoleDependencies {
  /** Is it a secret that opens the admin port? Takes the same time whatever it is. */
  readonly isSecret: (secret: string) => boolean
  /** The secret is the sandbox's own, which everybody knows. */
  readonly isSecretKnown: boolean
  readonly report: Report
  readonly onBug: (error: unknown) => void
  /** Monotonic, in ms. */
  readonly now: () => number
}
