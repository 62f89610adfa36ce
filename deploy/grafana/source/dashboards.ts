import { countries } from './countries.ts'
import { failover } from './failover.ts'
import type { Dashboard } from './model.ts'
import { operations } from './operations.ts'
import { overview } from './overview.ts'
import { story } from './story.ts'

/** Every dashboard, by the name of its file in deploy/grafana/dashboards. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  'overview.json': overview,
  'failover.json': failover,
  'countries.json': countries,
  'story.json': story,
  'operations.json': operations
}

export function textOf(dashboard: Dashboard): string {
  return `${JSON.stringify(dashboard, null, 2)}\n`
}
