import type { GraphFieldConfig, TableFieldOptions } from '@grafana/schema'
import type * as BarGauge from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen'
import type * as Logs from '@grafana/schema/dist/esm/raw/composable/logs/panelcfg/x/LogsPanelCfg_types.gen'
import type * as Stat from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen'
import type * as StateTimeline from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen'
import type * as Table from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen'
import type * as Text from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen'
import type * as TimeSeries from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen'
import type * as Published from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen'
import type { Dataquery as PrometheusQuery } from '@grafana/grafana-foundation-sdk/prometheus'
import type { dataquery as LokiQuery } from '@grafana/grafana-foundation-sdk/loki'

/**
 * A dashboard as Grafana publishes it (`@grafana/schema`, made of the schemas of the release that
 * docker-compose.yml pins), with what is `unknown` there filled in from the schemas of each panel and of each kind
 * of query. Types alone are published, no JSON Schema: test/deploy/dashboards.test.ts compiles the JSON files
 * against these.
 */
export interface Dashboard extends Omit<
  Plain<Published.Dashboard>,
  'panels' | 'annotations' | 'uid' | 'title'
> {
  readonly uid: string
  readonly title: string
  readonly panels: readonly (Panel | Row)[]
  readonly annotations: { readonly list: readonly Annotation[] }
}

export type Panel =
  | PanelOf<'timeseries', TimeSeries.Options, GraphFieldConfig>
  | PanelOf<'stat', Stat.Options, Record<string, never>>
  | PanelOf<'table', Table.Options, Partial<TableFieldOptions>>
  | PanelOf<'state-timeline', StateTimeline.Options, StateTimeline.FieldConfig>
  | PanelOf<'bargauge', BarGauge.Options, Record<string, never>>
  | PanelOf<'logs', Logs.Options, Record<string, never>>
  | PanelOf<'text', Text.Options, Record<string, never>>

export type Row = Plain<Published.RowPanel>

interface PanelOf<Type extends string, Options, Custom> extends Omit<
  Plain<Published.Panel>,
  'type' | 'options' | 'fieldConfig' | 'targets' | 'title' | 'description' | 'gridPos' | 'id' | 'datasource'
> {
  readonly type: Type
  readonly id: number
  readonly gridPos: Plain<Published.GridPos>
  readonly title: string
  readonly description: string
  readonly datasource?: DataSource
  readonly options: Plain<Options>
  readonly fieldConfig: {
    readonly defaults: Shown & { readonly custom?: Plain<Custom> }
    readonly overrides: readonly Override[]
  }
  readonly targets?: readonly Query[]
}

/** How a figure is shown, without what is a panel's own. */
export type Shown = Omit<Plain<Published.FieldConfig>, 'custom'>

export type Override = Plain<Published.FieldConfigSource>['overrides'][number]
export type Transformation = Plain<Published.DataTransformerConfig>
export type Mapping = Plain<Published.ValueMapping>
export type Threshold = Plain<Published.Threshold>
export type Variable = Plain<Published.VariableModel>
export type Link = Plain<Published.DashboardLink>

export type DataSource =
  | { readonly type: 'prometheus'; readonly uid: string }
  | { readonly type: 'loki'; readonly uid: string }

type Query = PromQuery | LogQuery

type Fields<Q> = Omit<Plain<Q>, '_implementsDataqueryVariant' | 'datasource' | 'refId'> & {
  readonly refId: string
}

export type PromQuery = Fields<PrometheusQuery> & {
  readonly datasource: Extract<DataSource, { type: 'prometheus' }>
}
export type LogQuery = Fields<LokiQuery> & { readonly datasource: Extract<DataSource, { type: 'loki' }> }

/** The schema knows annotations of Grafana's own store only; Loki's have their query beside the rest. */
export interface Annotation extends Omit<Plain<Published.AnnotationQuery>, 'datasource' | 'target' | 'type'> {
  readonly datasource: DataSource
  readonly expr: string
  readonly titleFormat: string
  readonly textFormat: string
  readonly tagKeys: string
}

/** What a type is in JSON: an enum is one of its values, and nothing is changed in place. */
export type Plain<T> = unknown extends T
  ? T
  : T extends string
    ? `${T}`
    : T extends number
      ? `${T}` extends `${infer N extends number}`
        ? N
        : never
      : T extends boolean | null | undefined
        ? T
        : T extends readonly (infer Item)[]
          ? readonly Plain<Item>[]
          : { readonly [K in keyof T]: Plain<T[K]> }
