import {
  collectDefaultMetrics,
  Counter,
  Gauge,
  Histogram,
  Registry,
  type Metric,
  type OpenMetricsContentType
} from 'prom-client'
import { METRICS, type MetricDefinition, type MetricName } from './metrics-vocabulary.ts'

type Of<T extends MetricDefinition['type']> = {
  [N in MetricName]: (typeof METRICS)[N]['type'] extends T ? N : never
}[MetricName]

/** All of them: a label that is left out would be a time series of its own. */
export type LabelsOf<N extends MetricName> = Readonly<Record<(typeof METRICS)[N]['labels'][number], string>>

/** Whose request it was: it goes along with a figure, and makes no time series. */
export type Exemplar = Readonly<Record<string, string>>

export interface Count<N extends MetricName> {
  readonly add: (labels: LabelsOf<N>, exemplar?: Exemplar) => void
  /** Several at once. */
  readonly addSome: (labels: LabelsOf<N>, amount: number) => void
  /** From now on it is there, at 0: what appears at 1 has not risen for Prometheus. */
  readonly begin: (labels: LabelsOf<N>) => void
  readonly remove: (labels: LabelsOf<N>) => void
}

export interface Level<N extends MetricName> {
  readonly set: (labels: LabelsOf<N>, value: number) => void
  readonly remove: (labels: LabelsOf<N>) => void
  /** Takes away what was set. */
  readonly clear: () => void
}

export interface Spread<N extends MetricName> {
  readonly observe: (labels: LabelsOf<N>, value: number, exemplar?: Exemplar) => void
}

export interface MetricsPage {
  readonly contentType: string
  readonly text: string
}

/** Makes the metrics of the vocabulary, and writes them down, with those of the process and of Node. */
export interface MetricsRegistry {
  readonly counter: <N extends Of<'counter'>>(name: N) => Count<N>
  readonly gauge: <N extends Of<'gauge'>>(name: N) => Level<N>
  readonly histogram: <N extends Of<'histogram'>>(name: N) => Spread<N>
  /** @param accept the header of whoever asks: Prometheus asks for OpenMetrics, which has exemplars. */
  readonly page: (accept: string | undefined) => Promise<MetricsPage>
}

/** Gauges whose names end like those of counters: promtool and OpenMetrics object to them. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total'
]

export function createMetricsRegistry(): MetricsRegistry {
  const openMetrics = new Registry<OpenMetricsContentType>()
  openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  const registers = [openMetrics]
  let classic: Registry | undefined

  function configOf<N extends MetricName>(name: N) {
    const { help, labels, exemplars = false } = METRICS[name] as MetricDefinition
    return { name, help, labelNames: labels, enableExemplars: exemplars, registers }
  }

  collectDefaultMetrics({ register: openMetrics as unknown as Registry })
  for (const name of MISNAMED) openMetrics.removeSingleMetric(name)

  return {
    counter(name) {
      const config = configOf(name)
      const counter = new Counter(config)
      return {
        add: config.enableExemplars
          ? (labels, exemplarLabels) =>
              counter.inc(exemplarLabels === undefined ? { labels } : { labels, exemplarLabels })
          : (labels) => counter.inc(labels),
        addSome: (labels, value) =>
          config.enableExemplars ? counter.inc({ labels, value }) : counter.inc(labels, value),
        begin: (labels) =>
          config.enableExemplars ? counter.inc({ labels, value: 0 }) : counter.inc(labels, 0),
        remove: (labels) => counter.remove(labels)
      }
    },
    gauge(name) {
      const gauge = new Gauge(configOf(name))
      return {
        set: (labels, value) => gauge.set(labels, value),
        remove: (labels) => gauge.remove(labels),
        clear: () => gauge.reset()
      }
    },
    histogram(name) {
      const config = configOf(name)
      const buckets = [...((METRICS[name] as MetricDefinition).buckets ?? [])]
      const histogram = new Histogram({ ...config, buckets })
      return {
        observe: config.enableExemplars
          ? (labels, value, exemplarLabels) =>
              histogram.observe(
                exemplarLabels === undefined ? { labels, value } : { labels, value, exemplarLabels }
              )
          : (labels, value) => histogram.observe(labels, value)
      }
    },
    async page(accept) {
      classic ??= classicFormOf(openMetrics)
      const registry = prefersOpenMetrics(accept) ? openMetrics : classic
      return { contentType: registry.contentType, text: await registry.metrics() }
    }
  }
}

/**
 * The same metrics in the form of before. The client takes the `_total` off a counter's name in the counter itself as
 * it writes OpenMetrics, so that the older form, where it belongs to the name, needs one of its own.
 */
function classicFormOf(openMetrics: Registry<OpenMetricsContentType>): Registry {
  const classic = new Registry()
  for (const metric of openMetrics.getMetricsAsArray()) {
    classic.registerMetric(Object.create(metric, { name: { value: metric.name } }) as Metric)
  }
  return classic
}

/** OpenMetrics is given to whoever names it, and likes it no less than the older form. */
export function prefersOpenMetrics(accept = ''): boolean {
  const weights = new Map<string, number>()
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const written = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
    const weight = written === undefined ? 1 : Number(written)
    // One type may be named several times, for its versions.
    if (weight > (weights.get(type) ?? 0)) weights.set(type, weight)
  }
  const open = weights.get('application/openmetrics-text') ?? 0
  return open > 0 && open >= (weights.get('text/plain') ?? 0)
}
