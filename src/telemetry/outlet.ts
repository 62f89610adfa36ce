import type { DestinationStream } from 'pino'

/** pino's own destination, as far as it is needed: it writes beside everything else, and keeps what it could not write. */
export interface Pipe {
  write(line: string): unknown
  /** Forgets what is left. */
  destroy(): void
  on(event: 'write', listener: (bytes: number) => void): unknown
  on(event: 'error', listener: (error: NodeJS.ErrnoException) => void): unknown
}

export interface OutletOptions {
  readonly pipe: Pipe
  /** So much waits for a reader that is slow; what comes beyond is dropped. */
  readonly mostBytes: number
  /** Monotonic, in ms. */
  readonly now: () => number
  /** Lines flow again: say what is missing. What is written now stands in its place. */
  readonly onDropped: (dropped: Dropped) => void
}

export interface Dropped {
  readonly lines: number
  readonly bytes: number
  /** From the first that was dropped until now. */
  readonly forMs: number
  /** `slow_reader`, or the code of what the operating system says. */
  readonly cause: string
}

interface Gap {
  lines: number
  bytes: number
  readonly sinceMs: number
  cause: string
}

/** Where lines leave the process: beside the requests, never in front of them. */
export interface Outlet extends DestinationStream {
  /**
   * Waits for what is left to be read, as long as it is being read; then nothing is written any more. A reader that
   * has stopped keeps no process from ending.
   */
  readonly close: () => Promise<void>
}

/** What is dropped stays dropped until so much of the buffer is free: one gap, not one line in two. */
const FLOWS_AT = 0.5

/** How long a full disk is left alone, in ms. */
const RETRY_MS = 1_000

/** How long a process that ends waits for a reader that reads nothing, and for one that reads, in ms. */
const STALLED_MS = 1_000
const CLOSE_WITHIN_MS = 3_000

const CLOSE_STEP_MS = 10

export function createOutlet({ pipe, mostBytes, now, onDropped }: OutletOptions): Outlet {
  let waitingBytes = 0
  let lastReadMs = now()
  let gap: Gap | null = null
  /** The last error since something was written. */
  let errorCode: string | null = null
  let retry: NodeJS.Timeout | undefined
  let isGone = false

  pipe.on('write', (bytes) => {
    waitingBytes = Math.max(0, waitingBytes - bytes)
    lastReadMs = now()
    errorCode = null
    if (gap !== null && waitingBytes <= mostBytes * FLOWS_AT) tellOf(gap)
  })

  // Whatever is wrong with standard output, codes are carried.
  pipe.on('error', ({ code = 'UNKNOWN' }) => {
    errorCode = code
    if (gap !== null) gap.cause = code
    // The reader has closed its end, and there is no other.
    if (code === 'EPIPE') isGone = true
    else retry ??= setTimeout(tryAgain, RETRY_MS).unref()
  })

  /** Nothing is written by itself after an error, and while lines are dropped nothing else would be. */
  function tryAgain(): void {
    retry = undefined
    pipe.write('')
  }

  function tellOf({ sinceMs, ...dropped }: Gap): void {
    gap = null
    onDropped({ ...dropped, forMs: Math.round(now() - sinceMs) })
  }

  return {
    write(line) {
      if (isGone) return
      const bytes = Buffer.byteLength(line)
      if (gap === null && waitingBytes + bytes <= mostBytes) {
        waitingBytes += bytes
        pipe.write(line)
        return
      }
      gap ??= { lines: 0, bytes: 0, sinceMs: now(), cause: errorCode ?? 'slow_reader' }
      gap.lines += 1
      gap.bytes += bytes
    },
    async close() {
      const begunMs = now()
      const isBeingRead = (): boolean =>
        waitingBytes > 0 &&
        !isGone &&
        now() - Math.max(begunMs, lastReadMs) < STALLED_MS &&
        now() - begunMs < CLOSE_WITHIN_MS
      while (isBeingRead()) await new Promise((resolve) => setTimeout(resolve, CLOSE_STEP_MS))
      isGone = true
      clearTimeout(retry)
      // Else pino would write the rest when the process ends, and would wait for its reader for ever.
      if (waitingBytes > 0) pipe.destroy()
    }
  }
}
