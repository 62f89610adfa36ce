import { SERVICE_NAME } from '../telemetry/foreign-names.ts'
import {
  OTLP_PROTOCOL,
  readHeaders,
  readPairs,
  readRatio,
  SAMPLERS,
  tracesUrl,
  type TracingSettings
} from '../telemetry/tracing-settings.ts'
import type { SettingFault } from './fault.ts'
import { isSafeUrl } from './forms.ts'
import type { Values } from './variables.ts'

/** What is wrong with them together, where anything is traced. */
export function tracingFaults(values: Values): readonly SettingFault[] {
  const target = tracesUrlOf(values)
  if (target === null) return []
  const { OTEL_EXPORTER_OTLP_PROTOCOL: protocol = OTLP_PROTOCOL, OTEL_EXPORTER_OTLP_HEADERS: headers } =
    values
  const faults: SettingFault[] = []
  if (protocol !== OTLP_PROTOCOL) {
    const message = `must be ${OTLP_PROTOCOL}, the one form that is spoken here: a collector takes it at its port for HTTP, most often 4318`
    faults.push({ name: 'OTEL_EXPORTER_OTLP_PROTOCOL', message })
  }
  // They are secrets.
  if (headers !== undefined && !isSafeUrl(target)) {
    const message =
      'would go there unencrypted: give an https:// endpoint (http:// only to this machine or to a host name without a dot)'
    faults.push({ name: 'OTEL_EXPORTER_OTLP_HEADERS', message })
  }
  return faults
}

/** Null: nothing is traced. */
export function tracingOf(values: Values): TracingSettings | null {
  const target = tracesUrlOf(values)
  if (target === null) return null
  const resource = readPairs(values.OTEL_RESOURCE_ATTRIBUTES ?? '') ?? {}
  return {
    url: target,
    headers: readHeaders(values.OTEL_EXPORTER_OTLP_HEADERS ?? '') ?? {},
    serviceName: values.OTEL_SERVICE_NAME ?? resource['service.name'] ?? SERVICE_NAME,
    resource,
    sampler: {
      kind: SAMPLERS.find((sampler) => sampler === values.OTEL_TRACES_SAMPLER) ?? 'parentbased_always_on',
      ratio: readRatio(values.OTEL_TRACES_SAMPLER_ARG ?? '') ?? 1
    }
  }
}

function tracesUrlOf({
  OTEL_EXPORTER_OTLP_ENDPOINT: forAll,
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: forTraces
}: Values): string | null {
  return forTraces ?? (forAll === undefined ? null : tracesUrl(forAll))
}
