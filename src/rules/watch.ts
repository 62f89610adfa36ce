import { unwatchFile, watchFile } from 'node:fs'
import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

export interface WatchOptions {
  /** How often each file is looked at, in ms. */
  readonly everyMs: number
  /** Told once of changes that come close to one another, when they are over. */
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
 * @returns what ends it.
 */
export function watchFiles(paths: readonly string[], { everyMs, onChange }: WatchOptions): () => void {
  const end = new AbortController()
  const { signal } = end
  let settling = false

  /** Half of a file that somebody is still writing may be a good file that nobody meant. */
  async function settle(): Promise<void> {
    if (settling) return
    settling = true
    let before = await lookAt(paths)
    for (let rests = 0; rests < MOST_RESTS; rests++) {
      await sleep(everyMs * SETTLED_AFTER, undefined, { ref: false, signal }).catch(() => undefined)
      const now = await lookAt(paths)
      if (now === before) break
      before = now
    }
    settling = false
    if (!signal.aborted) onChange()
  }

  const changed = (): void => void settle()
  for (const path of paths) watchFile(path, { interval: everyMs, persistent: false }, changed)
  return () => {
    end.abort()
    for (const path of paths) unwatchFile(path, changed)
  }
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
