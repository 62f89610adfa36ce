import { open, stat, type FileHandle } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'

/** What was written last is shown first: so much of it, in bytes. */
const BACKLOG_BYTES = 2 ** 16

const CHUNK_BYTES = 2 ** 16

/** How often it is looked for more. */
const EVERY_MS = 250

/**
 * What stands at the end of a file and what is added to it, for ever. A file that another one takes the place of is
 * read to its end, and then the other; one that is cut off is read from its beginning. Rejects where there is no such
 * file to begin with.
 */
export async function* followFile(path: string, signal?: AbortSignal): AsyncIterable<Buffer> {
  const isOver = (): boolean => signal?.aborted === true
  let file = await open(path)
  try {
    const { size } = await file.stat()
    let position = Math.max(0, size - BACKLOG_BYTES)
    // The rest of a line is no line.
    if (position > 0) position = await behindNextLine(file, position)
    while (!isOver()) {
      const chunk = await readAt(file, position)
      if (chunk.length > 0) {
        position += chunk.length
        yield chunk
        continue
      }
      const next = await successorOf(file, path, position)
      if (next === 'cut') position = 0
      else if (next !== null) {
        // What was written to it before the other took its place, and after it was looked at.
        for (let rest = await readAt(file, position); rest.length > 0; rest = await readAt(file, position)) {
          position += rest.length
          yield rest
        }
        await file.close()
        file = next
        position = 0
      } else await wait(EVERY_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {})
    }
  } finally {
    await file.close()
  }
}

async function readAt(file: FileHandle, position: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, position)
  return buffer.subarray(0, bytesRead)
}

async function behindNextLine(file: FileHandle, position: number): Promise<number> {
  const end = (await readAt(file, position)).indexOf('\n')
  return end === -1 ? position : position + end + 1
}

/** What has to be read in its place, if anything. While a file is being put in its place, there is none. */
async function successorOf(
  file: FileHandle,
  path: string,
  position: number
): Promise<FileHandle | 'cut' | null> {
  const own = await file.stat()
  if (own.size < position) return 'cut'
  try {
    const { ino, dev } = await stat(path)
    return ino === own.ino && dev === own.dev ? null : await open(path)
  } catch {
    return null
  }
}
