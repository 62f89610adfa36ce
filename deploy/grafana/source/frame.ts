import type { Annotation, Dashboard, Link, Variable } from './model.ts'
import { layOut, type Shelf } from './panels.ts'
import { LOGS } from './queries.ts'

/** The names in their addresses, `/d/switchboard-overview`: links, bookmarks and runbooks hold to them. */
export const UIDS = {
  overview: 'switchboard-overview',
  failover: 'switchboard-failover',
  countries: 'switchboard-countries',
  story: 'switchboard-story',
  operations: 'switchboard-operations'
} as const

/** Each dashboard leads to all others, with the time that is looked at. */
const LINKS: readonly Link[] = [
  {
    type: 'dashboards',
    title: 'Switchboard',
    tooltip: 'the other dashboards of Switchboard',
    tags: ['switchboard'],
    icon: 'external link',
    asDropdown: false,
    includeVars: false,
    keepTime: true,
    targetBlank: false
  }
]

function dataSource(name: string, label: string, type: string, uid: string, text: string): Variable {
  return {
    name,
    label,
    description: `Where the ${name} are.`,
    type: 'datasource',
    query: type,
    current: { text, value: uid },
    hide: 2,
    refresh: 1
  }
}

/** Somebody who has several of either chooses; where there is one, nothing is to be seen of it. */
const DATA_SOURCES: readonly Variable[] = [
  dataSource('metrics', 'Metrics', 'prometheus', 'switchboard-prometheus', 'Prometheus'),
  dataSource('logs', 'Logs', 'loki', 'switchboard-loki', 'Loki')
]

/** What changed, as a mark on everything that has a time axis. */
const CHANGES: readonly Annotation[] = [
  {
    name: 'Rules',
    datasource: LOGS,
    enable: true,
    iconColor: 'blue',
    expr: '{service_name="switchboard", event=~"rules.loaded|rules.rejected|rules.canary_stopped"} | json msg | line_format "{{.msg}}"',
    titleFormat: '{{event}}',
    textFormat: '',
    tagKeys: 'instance'
  },
  {
    name: 'People',
    datasource: LOGS,
    enable: true,
    iconColor: 'purple',
    expr: '{service_name="switchboard", event=~"provider.override_set|provider.override_ended"} | json msg | line_format "{{.msg}}"',
    titleFormat: '{{event}}',
    textFormat: '',
    tagKeys: 'instance'
  },
  {
    name: 'Starts',
    datasource: LOGS,
    enable: true,
    iconColor: 'text',
    expr: '{service_name="switchboard", event=~"gateway.started|gateway.stopping"} | json msg | line_format "{{.msg}}"',
    titleFormat: '{{event}}',
    textFormat: '',
    tagKeys: 'instance'
  }
]

interface Framed {
  readonly uid: string
  readonly title: string
  readonly description: string
  readonly variables?: readonly Variable[]
  /** What is looked at when it is opened. */
  readonly from: string
  readonly refresh?: string
  readonly marks?: boolean
  readonly shelves: readonly Shelf[]
}

/** What all dashboards have in common. */
export function dashboard(framed: Framed): Dashboard {
  const { uid, title, description, variables = [], from, refresh = '30s', marks = true, shelves } = framed
  return {
    uid,
    title: `Switchboard: ${title}`,
    description,
    tags: ['switchboard'],
    schemaVersion: 42,
    editable: false,
    graphTooltip: 1,
    timezone: 'browser',
    time: { from, to: 'now' },
    refresh,
    links: LINKS,
    templating: { list: [...DATA_SOURCES, ...variables] },
    annotations: { list: marks ? CHANGES : [] },
    panels: layOut(shelves)
  }
}

/** To one request's story, by whatever stands in this place. */
export function storyOf(id: string): string {
  return `/d/${UIDS.story}?var-id=${id}&\${__url_time_range}`
}
