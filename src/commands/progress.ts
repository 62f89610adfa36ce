import type { Io } from './command.ts'

/** A bar on a terminal, written over itself; nothing elsewhere. */
export interface Progress {
  /** @param total what `done` will be at the end; null where nobody knows. */
  readonly show: (done: number, total: number | null, what: string) => void
  readonly end: () => void
}

const WIDTH = 30

/** More often nobody can read it, in ms. */
const EVERY_MS = 100

export function createProgress({ isInteractive, complain, now }: Io): Progress {
  let shownAtMs = 0
  let isShown = false
  return {
    show(done, total, what) {
      if (!isInteractive || now() - shownAtMs < EVERY_MS) return
      shownAtMs = now()
      isShown = true
      const share = total === null || total === 0 ? null : Math.min(1, done / total)
      const filled = Math.round((share ?? 0) * WIDTH)
      const bar =
        share === null
          ? ''
          : `[${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${Math.floor(share * 100)} %  `
      complain(`\r\u001b[2K${bar}${what}`)
    },
    end() {
      if (isShown) complain('\r\u001b[2K')
      isShown = false
    }
  }
}
