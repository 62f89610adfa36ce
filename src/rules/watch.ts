import { unwatchFile, watchFile } from 'node:fs'

export interface WatchOptions {
  /** How often each file is looked at, in ms. */
  readonly everyMs: number
  /** Told once of changes that come close to one another, when they are over. */
  readonly onChange: () => void
}

/** How long the files have to rest before they are read, as a part of `everyMs`. */
const SETTLED_AFTER = 1 / 4

/**
 * Watches files by looking at them. What a path leads to is compared, not the path: a file that an editor
 * puts in the place of another is seen, a symbolic link that Kubernetes turns, one that comes or goes, and
 * what changes on a network drive or below a container. docs/decisions/0014-rules-are-polled.md
 *
 * @returns what ends it.
 */
export function watchFiles(paths: readonly string[], { everyMs, onChange }: WatchOptions): () => void {
  let settling: NodeJS.Timeout | undefined
  const changed = (): void => {
    clearTimeout(settling)
    settling = setTimeout(onChange, everyMs * SETTLED_AFTER)
    settling.unref()
  }
  for (const path of paths) watchFile(path, { interval: everyMs, persistent: false }, changed)
  return () => {
    clearTimeout(settling)
    for (const path of paths) unwatchFile(path, changed)
  }
}
