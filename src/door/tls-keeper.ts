import type { ReadTls, TlsFault, TlsPair } from './certificate.ts'

/** Who wanted the files to be read. */
export type TlsTrigger = 'start' | 'watch' | 'signal'

export type TlsEvent =
  | { readonly kind: 'loaded'; readonly pair: TlsPair; readonly daysLeft: number; readonly by: TlsTrigger }
  | {
      readonly kind: 'rejected'
      readonly faults: readonly TlsFault[]
      /** Of the one that stays. */
      readonly expiresMs: number
      readonly by: TlsTrigger
    }
  | { readonly kind: 'expiring'; readonly expiresMs: number; readonly daysLeft: number }

export interface TlsKeeper {
  /** Reads the files anew. What cannot be used changes nothing. Never throws. */
  readonly reload: (by: TlsTrigger) => void
  /** Says once of each of the days 30, 7, 1 and 0 that the end is near. */
  readonly look: () => void
}

export interface TlsKeeperDependencies {
  readonly initial: TlsPair
  readonly read: () => ReadTls
  /** Puts a pair in force. */
  readonly use: (pair: TlsPair) => void
  /** Ms since 1970. */
  readonly epoch: () => number
  readonly onEvent: (event: TlsEvent) => void
}

const DAY_MS = 24 * 60 * 60_000

/** The last one is for what has ended. */
const WARNING_DAYS = [30, 7, 1, 0]

/** Keeps the last good certificate in force, whatever becomes of the files. */
export function createTlsKeeper({ initial, read, use, epoch, onEvent }: TlsKeeperDependencies): TlsKeeper {
  let pair = initial
  /** What was said last of this pair, and of what is wrong with the files. */
  let warnedDays = Infinity
  let rejected: string | null = null
  say('start')

  function daysLeft(): number {
    return Math.floor((pair.expiresMs - epoch()) / DAY_MS)
  }

  function say(by: TlsTrigger): void {
    onEvent({ kind: 'loaded', pair, daysLeft: daysLeft(), by })
    look()
  }

  function look(): void {
    const leftMs = pair.expiresMs - epoch()
    const due = WARNING_DAYS.findLast((days) => leftMs <= days * DAY_MS)
    if (due === undefined || due >= warnedDays) return
    warnedDays = due
    onEvent({ kind: 'expiring', expiresMs: pair.expiresMs, daysLeft: daysLeft() })
  }

  function take(next: TlsPair, by: TlsTrigger): void {
    const isSame = next.cert === pair.cert && next.key === pair.key && next.clientCa === pair.clientCa
    // A watcher that found nothing says nothing.
    if (isSame && by === 'watch' && rejected === null) return
    if (!isSame) {
      use(next)
      pair = next
      warnedDays = Infinity
    }
    rejected = null
    say(by)
  }

  function refuse(faults: readonly TlsFault[], by: TlsTrigger): void {
    const what = JSON.stringify(faults)
    if (by === 'watch' && what === rejected) return
    rejected = what
    onEvent({ kind: 'rejected', faults, expiresMs: pair.expiresMs, by })
  }

  return {
    look,
    reload(by) {
      const now = read()
      if (now.kind === 'ok') take(now.pair, by)
      else refuse(now.faults, by)
    }
  }
}
