import { ecsFormat } from './ecs.ts'
import type { LogFormat } from './log.ts'
import { otelFormat } from './otel.ts'

export const LOG_FORMATS = ['native', 'ecs', 'otel'] as const
export type LogFormatName = (typeof LOG_FORMATS)[number]

/** Null for our own names, which cost nothing. */
export function logFormat(name: LogFormatName, version: string): LogFormat | null {
  switch (name) {
    case 'native':
      return null
    case 'ecs':
      return ecsFormat(version)
    case 'otel':
      return otelFormat(version)
    default:
      return name satisfies never
  }
}
