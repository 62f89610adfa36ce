/** Somebody who is sent events, as {@link createStreams} sees a response: a socket, and what waits for it. */
export interface Subscriber {
  readonly write: (chunk: string) => void
  /** Does something wait that was written? Then nothing more is. */
  readonly isBusy: () => boolean
  /** Is the session in force that it came with? That it listens counts as use of it. */
  readonly isAllowed: () => boolean
  readonly end: () => void
  /** Cuts it off: it reads too slowly. */
  readonly cut: () => void
}

/** Something that is told: in full to whoever comes, and again when it has changed. */
export interface Topic {
  readonly name: string
  /** How often it is looked at, in ms. */
  readonly everyMs: number
  /**
   * What somebody is to be told who has heard all up to a version; null where there is nothing new. Without a
   * version: everything.
   */
  readonly since: (version: number | null) => { readonly version: number; readonly data: string } | null
}

export interface Streams {
  /** False where there are too many already. @returns what takes it out. */
  readonly add: (subscriber: Subscriber) => (() => void) | null
  readonly count: () => number
  /** Ends all, and takes no more. */
  readonly close: () => void
}

export interface StreamsDependencies {
  readonly topics: readonly Topic[]
  /** Monotonic, in ms. */
  readonly now: () => number
  readonly onBug: (error: unknown) => void
}

/** Streams of all people together. Each page has one. */
export const MOST_STREAMS = 20

/** How often changes are looked for, in ms: what comes in between goes out together. */
const TICK_MS = 250

/** A page that hears nothing for long calls its figures old. */
const PING_EVERY_MS = 10_000

/** Who has not read what was written for so long is cut off, in ms. */
export const SLOWEST_READER_MS = 30_000

interface Stream {
  readonly subscriber: Subscriber
  /** By topic: what it has heard, and when that was looked at. */
  readonly heard: Map<Topic, { version: number; atMs: number }>
  writtenAtMs: number
}

/**
 * Server-sent events for a few pages. What waits for a reader is never more than one look at each topic: while a
 * reader is busy nothing is written, and later it is told of all that changed since.
 */
export function createStreams({ topics, now, onBug }: StreamsDependencies): Streams {
  const streams = new Set<Stream>()
  let ticking: NodeJS.Timeout | undefined
  let isClosed = false

  function remove(stream: Stream): void {
    streams.delete(stream)
    if (streams.size > 0) return
    clearInterval(ticking)
    ticking = undefined
  }

  function serve(stream: Stream): void {
    const { subscriber } = stream
    if (!subscriber.isAllowed()) {
      remove(stream)
      subscriber.end()
      return
    }
    if (subscriber.isBusy()) {
      if (now() - stream.writtenAtMs < SLOWEST_READER_MS) return
      remove(stream)
      subscriber.cut()
      return
    }
    const news = topics.map((topic) => newsOf(topic, stream)).join('')
    const isQuiet = now() - stream.writtenAtMs >= PING_EVERY_MS
    if (news === '' && !isQuiet) return
    stream.writtenAtMs = now()
    subscriber.write(news === '' ? 'event: ping\ndata: {}\n\n' : news)
  }

  function newsOf(topic: Topic, { heard }: Stream): string {
    const last = heard.get(topic)
    if (last !== undefined && now() - last.atMs < topic.everyMs) return ''
    const news = topic.since(last?.version ?? null)
    const version = news?.version ?? last?.version
    if (version !== undefined) heard.set(topic, { version, atMs: now() })
    // What is sent is JSON in one line.
    return news === null ? '' : `event: ${topic.name}\ndata: ${news.data}\n\n`
  }

  function tick(): void {
    for (const stream of streams) {
      try {
        serve(stream)
      } catch (error) {
        onBug(error)
        remove(stream)
        stream.subscriber.cut()
      }
    }
  }

  return {
    add(subscriber) {
      if (isClosed || streams.size >= MOST_STREAMS) return null
      const stream: Stream = { subscriber, heard: new Map(), writtenAtMs: now() }
      streams.add(stream)
      ticking ??= setInterval(tick, TICK_MS).unref()
      serve(stream)
      return () => remove(stream)
    },
    count: () => streams.size,
    close() {
      isClosed = true
      for (const stream of streams) {
        remove(stream)
        stream.subscriber.end()
      }
    }
  }
}
