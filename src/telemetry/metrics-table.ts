import { METRICS, type MetricDefinition } from './metrics-vocabulary.ts'

/** Every metric of ours as a table in Markdown. */
export function metricsTable(): string {
  const rows = Object.entries<MetricDefinition>(METRICS).map(
    ([name, metric]) => `| \`${name}\` | ${metric.type} | ${labelsOf(metric)} | ${helpOf(metric)} |`
  )
  return ['| metric | type | labels | |', '|---|---|---|---|', ...rows].join('\n')
}

function labelsOf({ labels }: MetricDefinition): string {
  return labels.map((label) => `\`${label}\``).join(', ')
}

function helpOf({ help, buckets, exemplars }: MetricDefinition): string {
  return [
    help,
    ...(buckets === undefined ? [] : [`Up to ${buckets.join(', ')}.`]),
    ...(exemplars === undefined ? [] : ['With exemplars.'])
  ].join(' ')
}
