import type { DataSource, LogQuery, PromQuery } from './model.ts'

/**
 * Dashboards ask the data sources that are chosen on top of them, so that they can be imported anywhere. Those that
 * deploy/grafana/provisioning makes are chosen at first.
 */
export const METRICS = { type: 'prometheus', uid: '${metrics}' } as const satisfies DataSource
export const LOGS = { type: 'loki', uid: '${logs}' } as const satisfies DataSource

export type Asked = Omit<PromQuery, 'refId'> | Omit<LogQuery, 'refId'>

/** A course over time. `legend` names each series by its labels: `{{provider}}`. */
export function course(expr: string, legend: string): Omit<PromQuery, 'refId'> {
  return { datasource: METRICS, editorMode: 'code', expr: tidy(expr), legendFormat: legend, range: true }
}

/** The same with exemplars: points that lead to one request. */
export function courseWithExemplars(expr: string, legend: string): Omit<PromQuery, 'refId'> {
  return { ...course(expr, legend), exemplar: true }
}

/** How it is at the end of the time that is looked at, as rows of a table or as one figure. */
export function now(expr: string): Omit<PromQuery, 'refId'> {
  return {
    datasource: METRICS,
    editorMode: 'code',
    expr: tidy(expr),
    format: 'table',
    instant: true,
    range: false
  }
}

/** One figure made of lines of the log, or several by label. */
export function nowFromLogs(expr: string): Omit<LogQuery, 'refId'> {
  return { datasource: LOGS, editorMode: 'code', expr: tidy(expr), queryType: 'instant' }
}

export function courseFromLogs(expr: string, legend: string): Omit<LogQuery, 'refId'> {
  return { datasource: LOGS, editorMode: 'code', expr: tidy(expr), legendFormat: legend, queryType: 'range' }
}

/** Lines, at most so many. */
export function lines(expr: string, most: number): Omit<LogQuery, 'refId'> {
  return {
    datasource: LOGS,
    editorMode: 'code',
    expr: tidy(expr),
    maxLines: most,
    queryType: 'range',
    direction: 'backward'
  }
}

/** For whom a code was owed: blocked, refused, expired and repeated requests are not among them. As in alerts.yml. */
export const OWED = 'outcome=~"accepted|failed|undecided|no_capacity|overloaded"'

/**
 * A part of a whole, where the whole is at least `atLeast`: of three requests one failure is no outage. What did not
 * happen at all counts as 0, and not as unknown.
 */
export function share(part: string, whole: string, atLeast: number): string {
  return `((${part}) or 0 * (${whole})) / ((${whole}) >= ${atLeast})`
}

/** Queries are written over several lines here, and read on one there. */
function tidy(expr: string): string {
  return expr.trim().replaceAll(/\s*\n\s*/gu, ' ')
}
