import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export interface WatchOptions {
  /** How often the files are looked at, in ms. */
  readonly everyMs: number
  /** Told once of changes that come close to one another, when they are over; and once at the beginning. */
  readonly onChange: () => void
}

/** How long the files have to rest before they are read, as a part of `everyMs`. */
const SETTLED_AFTER = 1 / 4

/** Files that never rest are read all the same, after so many looks. */
const MOST_RESTS = 40

/**
 * Watches files by looking at them. What a path leads to is compared, not the path: a file that an editor
 * puts in the place of another is seen, a symbolic link that Kubernetes turns, one that comes or goes, and
 * what changes on a network drive or below a container. docs/decisions/0014-rules-are-polled.md
 *
 * What was before the first look nobody knows, so that it counts as a change.
 *
 * @returns what ends it.
 */
export function watchFiles(paths: readonly string[], { everyMs, onChange }: WatchOptions): () => void {
  const end = new AbortController()
  const { signal } = end

  async function pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { ref: false, signal }).catch(() => undefined)
  }

  /** Half of a file that somebody is still writing may be a good file that nobody meant. */
  async function settled(look: string): Promise<string> {
    let before = look
    for (let rests = 0; rests < MOST_RESTS && !signal.aborted; rests++) {
      await pause(everyMs * SETTLED_AFTER)
      const now = await lookAt(paths)
      if (now === before) break
      before = now
    }
    return before
  }

  async function watch(): Promise<void> {
    let known: string | null = null
    while (!signal.aborted) {
      const now = await lookAt(paths)
      if (now !== known) {
        // Looked at before it is read: what is written meanwhile is seen the next time.
        known = await settled(now)
        if (!signal.aborted) onChange()
      }
      await pause(everyMs)
    }
  }

  void watch()
  return () => end.abort()
}

/** The same text where nothing was written in between. */
async function lookAt(paths: readonly string[]): Promise<string> {
  const looks = paths.map(async (path) => {
    try {
      const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
      return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
    } catch {
      return 'nothing'
    }
  })
  return (await Promise.all(looks)).join('\n')
}
