import { BatchSpanProcessor, type SpanProcessor } from '@opentelemetry/sdk-trace'
import type { Report } from './events.ts'
import { createExporter } from './tracing-exporter.ts'
import { createLosses } from './tracing-losses.ts'

/** From a span that has ended to the collector: beside the requests, with a limit for everything. */
export interface Pipeline {
  readonly processor: SpanProcessor
  /** Hands over what waits; gives it up after two seconds. Never rejects. */
  readonly close: () => Promise<void>
}

export interface PipelineDependencies {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Monotonic, in ms. */
  readonly now: () => number
  readonly report: Report
  readonly onBug: (error: unknown) => void
}

/** Spans that have ended and have not reached the collector: some 6 MB. What comes beyond is dropped and counted. */
export const MOST_WAITING = 4_096

/** Of so many the text is made in about a millisecond, for which requests are held up. */
const BATCH = 128

const SEND_EVERY_MS = 1_000
const CLOSE_WITHIN_MS = 2_000

/** The SDK's own limit, above ours: it forgets a batch, and ours counts it. */
const NEVER_REACHED_MS = 60_000

export function createPipeline({ url, headers, now, report, onBug }: PipelineDependencies): Pipeline {
  const losses = createLosses({ report, now })
  let waiting = 0

  const exporter = createExporter({
    url,
    headers,
    now,
    onBug,
    onEnd(spans, exported) {
      waiting -= spans
      if (exported.kind === 'lost') return losses.lose(spans, exported.cause)
      losses.lose(exported.rejected, 'rejected')
      losses.arrived()
    }
  })
  const batches = new BatchSpanProcessor({
    exporter,
    maxQueueSize: MOST_WAITING,
    maxExportBatchSize: BATCH,
    scheduledDelayMillis: SEND_EVERY_MS,
    exportTimeoutMillis: NEVER_REACHED_MS
  })

  return {
    processor: {
      onStart: (span, context) => batches.onStart(span, context),
      // Counted here, with what is under way: the SDK counts what waits, and tells nobody what it drops.
      onEnd(span) {
        if (waiting >= MOST_WAITING) return losses.lose(1, 'queue_full')
        waiting += 1
        batches.onEnd(span)
      },
      forceFlush: () => batches.forceFlush(),
      shutdown: () => batches.shutdown()
    },
    async close() {
      const cut = setTimeout(exporter.cut, CLOSE_WITHIN_MS)
      // It rejects at the first batch that is lost, and does not wait for one that is under way.
      await batches.shutdown().catch(() => {})
      await exporter.settled()
      clearTimeout(cut)
      losses.close()
    }
  }
}
