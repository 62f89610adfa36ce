import { column, joined, leads, named, wide } from './columns.ts'
import { dashboard, UIDS } from './frame.ts'
import { ANY_IS_BAD, coloured, DEADLINE, fallingIsBad, OKTA_HANGS_UP, risingIsBad } from './looks.ts'
import { stat, table, timeSeries, type Shelf } from './panels.ts'
import { course, courseWithExemplars, now, OWED, share } from './queries.ts'

const owed = (by: string, time = '10m') =>
  `sum by (${by}) (increase(otp_hook_requests_total{${OWED}}[${time}]))`
const taken = (by: string, time = '10m') =>
  `sum by (${by}) (increase(otp_hook_requests_total{outcome="accepted"}[${time}]))`
const durations = (by: string) => `sum by (${by}) (rate(otp_hook_duration_seconds_bucket[$__rate_interval]))`

/** Too few requests for a share to mean anything. */
const TOO_FEW = 'too few'

const atAGlance: Shelf = {
  height: 4,
  panels: [
    stat({
      title: 'Accepted',
      description:
        'Of the codes that were owed in the last ten minutes, the share that a provider took; of 20 at least. Blocked, refused, expired and repeated requests are not among them. Yellow: see below which outcome, and Countries. Red: runbook "Codes fail".',
      width: 4,
      unit: 'percentunit',
      decimals: 2,
      thresholds: fallingIsBad(0.98, 0.99),
      noValue: TOO_FEW,
      query: now(
        share(
          'sum(increase(otp_hook_requests_total{outcome="accepted"}[10m]))',
          `sum(increase(otp_hook_requests_total{${OWED}}[10m]))`,
          20
        )
      )
    }),
    stat({
      title: 'Failovers a request',
      description:
        'How often, for each code of the last ten minutes, the next provider had to be asked; of 20 at least. High while "Accepted" is green: failover hides a provider that is broken. Go to the dashboard Failover.',
      width: 4,
      unit: 'percentunit',
      decimals: 1,
      thresholds: risingIsBad(0.05, 0.1),
      noValue: TOO_FEW,
      query: now(
        share(
          'sum(increase(otp_failovers_total[10m]))',
          `sum(increase(otp_hook_requests_total{${OWED}}[10m]))`,
          20
        )
      )
    }),
    stat({
      title: 'Late answers',
      description:
        'Share of the answers of the last ten minutes that came after the deadline; of 20 at least. The deadline holds whatever providers do: this is the process, its CPU, its machine. Go to Operations.',
      width: 4,
      unit: 'percentunit',
      decimals: 2,
      thresholds: risingIsBad(0.001, 0.005),
      noValue: TOO_FEW,
      query: now(
        share(
          'sum(increase(otp_hook_late_answers_total[10m]))',
          'sum(increase(otp_hook_requests_total[10m]))',
          20
        )
      )
    }),
    stat({
      title: 'Okta waits (p99)',
      description:
        'One in a hundred requests of the last ten minutes took longer than this. After 2.5 s the gateway answers whatever it has (the deadline of the rules file), after 3 s Okta hangs up. Made of buckets: exact at their edges.',
      width: 4,
      unit: 's',
      decimals: 2,
      thresholds: risingIsBad(1.5, DEADLINE),
      noValue: TOO_FEW,
      query: now(`
        histogram_quantile(0.99, sum by (le) (increase(otp_hook_duration_seconds_bucket[10m])))
        and sum(increase(otp_hook_duration_seconds_count[10m])) >= 20`)
    }),
    stat({
      title: 'In flight',
      description:
        'Codes on their way at this moment, on all nodes. Each node refuses at once beyond its MAX_IN_FLIGHT (1000).',
      width: 4,
      unit: 'short',
      thresholds: risingIsBad(300, 800),
      query: now('sum(otp_hook_in_flight)')
    }),
    stat({
      title: 'Alerts',
      description:
        'Firing now. Which they are stands below; what to do about each, in docs/observability.md.',
      width: 4,
      unit: 'short',
      thresholds: ANY_IS_BAD,
      query: now('count(ALERTS{alertname=~"Switchboard.*", alertstate="firing"}) or vector(0)')
    })
  ]
}

const codes: Shelf = {
  title: 'Do codes go out?',
  height: 9,
  panels: [
    timeSeries({
      title: 'Requests by outcome',
      description:
        'What became of each request. Green is the code; red and orange are codes that nobody took; grey is the same request again. A step in the whole is Okta, a campaign, or pumping: see Countries.',
      width: 12,
      unit: 'reqps',
      stacked: 'normal',
      calcs: ['sum'],
      queries: [course('sum by (outcome) (rate(otp_hook_requests_total[$__rate_interval]))', '{{outcome}}')]
    }),
    timeSeries({
      title: 'Accepted, and at what price',
      description:
        'Two lines that belong together: the share of codes that were taken (of 20 in ten minutes at least), and how many failovers that needed for each. The upper one flat at 100 % and the lower one rising is silent degradation: people only feel seconds, until the second provider fails too. Go to Failover.',
      width: 12,
      unit: 'percentunit',
      max: 1,
      limits: [
        { color: 'transparent', value: null },
        { color: 'red', value: 0.1 }
      ],
      calcs: ['min', 'max', 'lastNotNull'],
      overrides: [coloured('accepted', 'green'), coloured('failover', 'orange')],
      queries: [
        course(share(taken('channel'), owed('channel'), 20), 'accepted {{channel}}'),
        course(
          share('sum by (channel) (increase(otp_failovers_total[10m]))', owed('channel'), 20),
          'failover {{channel}}'
        )
      ]
    })
  ]
}

const time: Shelf = {
  title: 'How long does Okta wait?',
  height: 9,
  panels: [
    timeSeries({
      title: 'From request to answer',
      description:
        'Half, 95 % and 99 % of the requests were answered faster than this. The dashed lines: 2.5 s, the deadline, after which nothing new is started; 3 s, when Okta hangs up. A point is one request: click it for its story.',
      width: 12,
      unit: 's',
      limits: [
        { color: 'transparent', value: null },
        { color: 'yellow', value: DEADLINE },
        { color: 'red', value: OKTA_HANGS_UP }
      ],
      calcs: ['max', 'lastNotNull'],
      queries: [
        courseWithExemplars(`histogram_quantile(0.99, ${durations('le')})`, 'p99'),
        course(`histogram_quantile(0.95, ${durations('le')})`, 'p95'),
        course(`histogram_quantile(0.5, ${durations('le')})`, 'p50')
      ]
    }),
    timeSeries({
      title: 'What was left of the deadline',
      description:
        'In the worst one of a hundred, and in the middle. Near 0, requests use all of their time: providers hang one after another. See p99 by provider on Countries.',
      width: 6,
      unit: 's',
      limits: [
        { color: 'transparent', value: null },
        { color: 'red', value: 0.25 }
      ],
      queries: [
        course(
          'histogram_quantile(0.01, sum by (le) (rate(otp_hook_deadline_remaining_seconds_bucket[$__rate_interval])))',
          'worst of a hundred'
        ),
        course(
          'histogram_quantile(0.5, sum by (le) (rate(otp_hook_deadline_remaining_seconds_bucket[$__rate_interval])))',
          'middle'
        )
      ]
    }),
    timeSeries({
      title: 'Late answers',
      description:
        'Answers after the deadline. okta_hung_up: after 3 s, so that Okta took it for none and may send a code by itself: somebody may have two. Any at all is worth a look at Operations.',
      width: 6,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      queries: [
        courseWithExemplars(
          'sum by (reason) (increase(otp_hook_late_answers_total[$__rate_interval]))',
          '{{reason}}'
        )
      ]
    })
  ]
}

const where: Shelf = {
  title: 'Where, and what else',
  height: 9,
  panels: [
    table({
      title: 'Countries',
      description:
        'Codes of the last hour by country, of 10 at least for a share. Look at red cells: click the country for its providers. "other" are the countries that METRICS_COUNTRIES does not name, "none" are numbers of no country.',
      width: 12,
      queries: [
        now(owed('country', '1h')),
        now(share(taken('country', '1h'), owed('country', '1h'), 10)),
        now(`sum by (country) (increase(otp_resends_total[1h]))`)
      ],
      transformations: joined({
        country: 'Country',
        'Value #A': 'Codes',
        'Value #B': 'Accepted',
        'Value #C': 'Asked again'
      }),
      overrides: [
        leads(
          'Country',
          'its providers',
          `/d/${UIDS.countries}?var-country=\${__value.raw}&\${__url_time_range}`
        ),
        { matcher: { id: 'byName', options: 'Codes' }, properties: [{ id: 'decimals', value: 0 }] },
        column('Accepted', 'percentunit', fallingIsBad(0.95, 0.98)),
        { matcher: { id: 'byName', options: 'Asked again' }, properties: [{ id: 'decimals', value: 0 }] }
      ],
      sortBy: 'Codes'
    }),
    timeSeries({
      title: 'Asked again',
      description:
        'People who wanted another code, by the provider that had the one before. A few are in a hurry; many after one provider are messages that were taken and not delivered: the earliest sign there is.',
      width: 6,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      queries: [
        course(
          'sum by (previous_provider) (increase(otp_resends_total[$__rate_interval]))',
          '{{previous_provider}}'
        )
      ]
    }),
    timeSeries({
      title: 'Not let in, and not sent on purpose',
      description:
        'Requests that were refused at the door (unauthorized: is it Okta, with an old secret?), and those that a rule blocked, by its reason.',
      width: 6,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      queries: [
        course('sum by (reason) (increase(otp_hook_refusals_total[$__rate_interval]))', 'door: {{reason}}'),
        course('sum by (reason) (increase(otp_blocked_total[$__rate_interval]))', 'rule: {{reason}}')
      ]
    })
  ]
}

const nodes: Shelf = {
  title: 'Nodes and alerts',
  height: 8,
  panels: [
    table({
      title: 'Alerts that fire',
      description:
        'Each has a section in docs/observability.md that says what to do. "page" wakes somebody, "ticket" waits for the morning.',
      width: 12,
      noValue: 'none',
      queries: [
        now(
          'max by (alertname, severity, provider, channel, country, instance) (ALERTS{alertname=~"Switchboard.*", alertstate="firing"})'
        )
      ],
      transformations: [
        named({
          alertname: 'Alert',
          severity: 'Severity',
          provider: 'Provider',
          channel: 'Channel',
          country: 'Country',
          instance: 'Node'
        })
      ],
      overrides: [wide('Alert', 260)]
    }),
    table({
      title: 'Rules by node',
      description:
        'Which rules file decides on each node, by the first digits of its SHA-256, and since when. Two hashes for longer than a roll-out: runbook "Nodes disagree".',
      width: 6,
      queries: [
        now('max by (instance, hash) (otp_rules_info{role="live"})'),
        now('1000 * max by (instance) (otp_rules_last_reload_success_timestamp_seconds{role="live"})')
      ],
      transformations: joined({ instance: 'Node', hash: 'Rules', 'Value #B': 'Since' }),
      overrides: [column('Since', 'dateTimeFromNow')]
    }),
    timeSeries({
      title: 'In flight by node',
      description:
        'Codes on their way. A node that climbs while the others do not has lost its way to a provider, or gets more than its part.',
      width: 6,
      unit: 'short',
      queries: [course('sum by (instance) (otp_hook_in_flight)', '{{instance}}')]
    })
  ]
}

/** The one that is open on the wall. */
export const overview = dashboard({
  uid: UIDS.overview,
  title: 'overview',
  description: 'Do codes go out, in time, and at what price? From here to who, where, and why.',
  from: 'now-6h',
  shelves: [atAGlance, codes, time, where, nodes]
})
