import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type Span,
  type Tracer
} from '@opentelemetry/api'
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider
} from '@opentelemetry/sdk-trace'
import type { GatewayEvent, Report } from './events.ts'
import { errorTypeOf, SERVICE_NAME } from './foreign-names.ts'
import type { Listener } from './listener.ts'
import { parseTraceParent, traceOfCaller, type Arrival, type TraceOf } from './trace-context.ts'
import { attributesOf, attributesOfIds } from './tracing-attributes.ts'
import { createPipeline } from './tracing-pipeline.ts'
import type { Sampler, TracingSettings } from './tracing-settings.ts'

/**
 * A span for each request that was let in, one below it for each attempt: made of the same events as log and metrics,
 * and handed to a collector. A trace holds no code, no text and no number, masked or not.
 */
export interface Tracing extends Listener {
  /** Goes on with the trace of whoever called, or begins one. */
  readonly traceOf: TraceOf
  /** Ends what is open, and hands over what waits, within two seconds. Never rejects. */
  readonly close: () => Promise<void>
}

export interface TracingDependencies {
  readonly settings: TracingSettings
  readonly version: string
  readonly clock: {
    /** Monotonic, in ms. */
    readonly now: () => number
    /** Ms since 1970. */
    readonly epoch: () => number
  }
  readonly report: Report
  /** A span that cannot be made costs nobody a code. */
  readonly onBug: (error: unknown) => void
}

/** Requests whose spans are open at once; beyond that the oldest are ended as they are. They are there through a bug. */
export const MOST_OPEN = 5_000

/** A request, from its arrival to its last late answer. */
interface Story {
  readonly span: Span
  readonly context: Context
  /** Of the wall clock, for a time of the monotonic one: within a request it never jumps. */
  readonly epochOf: (atMs: number) => number
  /** Those that have not ended, by their number. */
  readonly attempts: Map<number, Span>
  failover: EventOf<'otp.failover'> | null
  isAnswered: boolean
}

type EventOf<K extends GatewayEvent['event']> = Extract<GatewayEvent, { readonly event: K }>

export function createTracing(deps: TracingDependencies): Tracing {
  const { settings, version, clock, report, onBug } = deps
  const pipeline = createPipeline({ ...settings, now: clock.now, report, onBug })
  const tracer: Tracer = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.version': version,
        ...settings.resource,
        'service.name': settings.serviceName
      })
    ),
    sampler: samplerOf(settings.sampler),
    spanProcessors: [pipeline.processor]
  }).getTracer(SERVICE_NAME, version)
  /** By request id, the oldest first. */
  const open = new Map<string, Story>()

  function begin({ requestId, arrivedAtMs, headers }: Arrival): { trace_id: string; span_id?: string } {
    const offsetMs = clock.epoch() - clock.now()
    const parent = parentOf(headers)
    const span = tracer.startSpan(
      'otp.request',
      { kind: SpanKind.SERVER, startTime: arrivedAtMs + offsetMs },
      parent
    )
    const { traceId, spanId } = span.spanContext()
    if (!span.isRecording()) return { trace_id: traceId }
    makeRoom()
    open.set(requestId, {
      span,
      context: trace.setSpan(ROOT_CONTEXT, span),
      epochOf: (atMs) => atMs + offsetMs,
      attempts: new Map(),
      failover: null,
      isAnswered: false
    })
    return { trace_id: traceId, span_id: spanId }
  }

  function makeRoom(): void {
    if (open.size < MOST_OPEN) return
    const [oldest] = open
    if (oldest !== undefined) giveUp(...oldest)
  }

  /** What there is of it is better than nothing. */
  function giveUp(requestId: string, { span, attempts, isAnswered, epochOf }: Story): void {
    open.delete(requestId)
    for (const one of isAnswered ? attempts.values() : [...attempts.values(), span]) {
      fail(one, UNFINISHED)
      one.end(epochOf(clock.now()))
    }
  }

  function hear(story: Story, event: GatewayEvent): void {
    const { span, attempts, epochOf } = story
    const at = epochOf(clock.now())
    switch (event.event) {
      case 'otp.request.received':
      case 'otp.request.duplicate_suppressed':
      case 'otp.resend.detected':
      case 'otp.route.decided':
        span.setAttributes(attributesOf(event))
        return
      case 'otp.failover':
        // Told just before the attempt that it leads to.
        story.failover = event
        return
      case 'otp.attempt.started':
        attempts.set(event.attempt, startAttempt(story, event, at))
        story.failover = null
        return
      case 'otp.attempt.completed':
      case 'otp.attempt.late_result':
        endAttempt(attempts, event, at)
        return
      case 'otp.attempt.skipped':
        span.addEvent(event.event, attributesOf(event), at)
        return
      case 'gateway.fault':
        span.addEvent('exception', attributesOf(event), at)
        return
      case 'otp.request.completed':
        span.setAttributes(attributesOf(event))
        if (OUR_FAILURES.has(event.outcome)) fail(span, event.outcome)
        span.end(at)
        story.isAnswered = true
        return
      default:
    }
  }

  function startAttempt(
    { context, attempts, failover }: Story,
    event: EventOf<'otp.attempt.started'>,
    at: number
  ): Span {
    return tracer.startSpan(
      'otp.attempt',
      {
        kind: SpanKind.CLIENT,
        startTime: at,
        attributes: {
          [PEER]: event.provider,
          ...attributesOf(event),
          ...(failover?.attempt === event.attempt ? attributesOf(failover) : {})
        },
        // Both may send: whoever looks at one has to see the other.
        links: [...attempts.values()].map((other) => ({ context: other.spanContext() }))
      },
      context
    )
  }

  function guarded(requestId: string, work: () => void): void {
    try {
      work()
      const story = open.get(requestId)
      if (story?.isAnswered === true && story.attempts.size === 0) open.delete(requestId)
    } catch (error) {
      onBug(error)
    }
  }

  return {
    traceOf(arrival) {
      try {
        return begin(arrival)
      } catch (error) {
        onBug(error)
        return traceOfCaller(arrival)
      }
    },
    report(event) {
      // One that was let in and came to nothing, by a bug of ours.
      if (event.event !== 'okta.request.refused') return
      const story = open.get(event.request_id)
      if (story === undefined) return
      guarded(event.request_id, () => {
        story.span.setAttributes(attributesOf(event))
        fail(story.span, event.reason)
        story.span.end(story.epochOf(clock.now()))
        story.isAnswered = true
      })
    },
    forRequest(context) {
      const story = open.get(context.request_id)
      if (story === undefined) return () => {}
      guarded(context.request_id, () => story.span.setAttributes(attributesOfIds(context)))
      return (event: GatewayEvent) => guarded(context.request_id, () => hear(story, event))
    },
    async close() {
      for (const story of open) giveUp(...story)
      await pipeline.close()
    }
  }
}

/** The service that is called. https://opentelemetry.io/docs/specs/semconv/registry/attributes/ */
const PEER = 'server.service.name'

/** What ends neither by an answer nor by its limit: the process stopped, or a bug. */
const UNFINISHED = 'unfinished'

/** Where nobody got a code and neither the number, nor a rule, nor Okta is the reason. */
const OUR_FAILURES: ReadonlySet<EventOf<'otp.request.completed'>['outcome']> = new Set([
  'failed',
  'undecided',
  'no_capacity',
  'overloaded',
  'not_understood'
])

function endAttempt(
  attempts: Map<number, Span>,
  event: EventOf<'otp.attempt.completed' | 'otp.attempt.late_result'>,
  at: number
): void {
  const span = attempts.get(event.attempt)
  if (span === undefined) return
  attempts.delete(event.attempt)
  span.setAttributes(attributesOf(event))
  const errorType = errorTypeOf(event)
  if (errorType !== null) fail(span, errorType)
  span.end(at)
}

function fail(span: Span, errorType: string): void {
  span.setAttribute('error.type', errorType)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

function parentOf(headers: Arrival['headers']): Context {
  const caller = parseTraceParent(headers['traceparent'])
  if (caller === null) return ROOT_CONTEXT
  const state = headers['tracestate']
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId: caller.traceId,
    spanId: caller.spanId,
    traceFlags: caller.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
    isRemote: true,
    // Several headers are one list. What is none is dropped, as the rest would be beyond 32 members or 512 characters.
    ...(state === undefined ? {} : { traceState: createTraceState([state].flat().join(',')) })
  })
}

function samplerOf({ kind, ratio }: Sampler): ParentBasedSampler {
  switch (kind) {
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() })
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() })
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) })
    default:
      return kind satisfies never
  }
}
