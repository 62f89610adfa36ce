import { stdTimeFunctions } from 'pino'
import {
  errorTypeOf,
  renamed,
  SERVICE_NAME,
  SHARED_NAMES,
  SHARED_NAMES_OF,
  type NameTable,
  type NameTables
} from './foreign-names.ts'
import type { LogFormat } from './log.ts'

/** https://opentelemetry.io/docs/specs/semconv/registry/attributes/ */
export const OTEL_NAMES: NameTable = SHARED_NAMES

export const OTEL_NAMES_OF: NameTables = {
  ...SHARED_NAMES_OF,
  'gateway.fault': { error: 'exception.type' }
}

/** The least of each range. https://opentelemetry.io/docs/specs/otel/logs/data-model/#field-severitynumber */
const SEVERITIES: Readonly<Record<string, number>> = {
  trace: 1,
  debug: 5,
  info: 9,
  warn: 13,
  error: 17,
  fatal: 21
}

/** What pino puts before the milliseconds. */
const TIME_PREFIX = ',"time":'

/** OpenTelemetry's log data model, under its own names: one record a line. */
export function otelFormat(version: string): LogFormat {
  return {
    pino: {
      base: { Resource: { 'service.name': SERVICE_NAME, 'service.version': version } },
      messageKey: 'Body',
      // Nanoseconds do not fit into a number of JSON: a text, as OTLP writes them.
      timestamp: () => `,"Timestamp":"${stdTimeFunctions.epochTime().slice(TIME_PREFIX.length)}000000"`,
      formatters: {
        level: (label) => ({ SeverityText: label.toUpperCase(), SeverityNumber: SEVERITIES[label] ?? 0 })
      }
    },
    fieldsOf(event, context) {
      const {
        'switchboard.trace_id': traceId,
        'switchboard.span_id': spanId,
        'switchboard.frames': frames,
        ...attributes
      } = renamed(event, context, { names: OTEL_NAMES, namesOf: OTEL_NAMES_OF })
      const errorType = errorTypeOf(event)
      return {
        EventName: event.event,
        ...(traceId === undefined ? {} : { TraceId: traceId }),
        ...(spanId === undefined ? {} : { SpanId: spanId }),
        Attributes: {
          ...(errorType === null ? {} : { 'error.type': errorType }),
          ...(Array.isArray(frames) ? { 'exception.stacktrace': frames.join('\n') } : {}),
          ...attributes
        }
      }
    }
  }
}
