import { column, FIELDS_OF_LINES, HEAT, joined, named } from './columns.ts'
import { dashboard, UIDS } from './frame.ts'
import { ANY_IS_BAD, fallingIsBad, risingIsBad } from './looks.ts'
import type { Mapping } from './model.ts'
import { bars, logs, stateTimeline, stat, table, timeSeries, type Shelf } from './panels.ts'
import { course, courseFromLogs, lines, now, nowFromLogs } from './queries.ts'

const mapped = (no: string, yes: string): readonly Mapping[] => [
  {
    type: 'value',
    options: { 0: { text: no, color: 'red', index: 0 }, 1: { text: yes, color: 'green', index: 1 } }
  }
]

const atAGlance: Shelf = {
  height: 4,
  panels: [
    stat({
      title: 'Nodes',
      description: 'How many answer Prometheus. Fewer than you run: runbook "A node does not answer".',
      width: 4,
      unit: 'short',
      thresholds: fallingIsBad(1, 1),
      query: now('sum(up{job="switchboard"})')
    }),
    stat({
      title: 'Rules files in force',
      description:
        'How many different ones nodes have. More than 1 for longer than a roll-out: runbook "Nodes disagree".',
      width: 4,
      unit: 'short',
      thresholds: risingIsBad(2, 3),
      query: now('count(count by (hash) (otp_rules_info{role="live"}))')
    }),
    stat({
      title: 'Shared state',
      description:
        'Whether every node reaches the Redis that they share. Without one there is nothing to be seen: each node has its own memory.',
      width: 4,
      unit: 'none',
      mappings: mapped('lost', 'shared'),
      thresholds: fallingIsBad(1, 1),
      noValue: 'each its own',
      query: now('min(otp_state_reachable)')
    }),
    stat({
      title: 'Bugs',
      description:
        'Caught, in the time that is looked at. "gateway.fault" in the lines at the bottom says what and where.',
      width: 4,
      unit: 'short',
      decimals: 0,
      thresholds: ANY_IS_BAD,
      query: now('sum(increase(otp_faults_total[$__range])) or vector(0)')
    }),
    stat({
      title: 'Lines of the log lost',
      description:
        'That the gateway could not write, as whoever reads it was too slow or the disk full; in the time that is looked at. What the shipper loses on its way is not among them.',
      width: 4,
      unit: 'short',
      decimals: 0,
      thresholds: ANY_IS_BAD,
      noValue: 'none',
      query: nowFromLogs(
        'sum(sum_over_time({service_name="switchboard", event="log.dropped"} | json lines | unwrap lines [$__range]))'
      )
    }),
    stat({
      title: 'Drains overdue',
      description:
        'Nodes hold to a drain that ought to have ended a minute ago: a clock is wrong. Runbook "An override is overdue".',
      width: 4,
      unit: 'short',
      thresholds: ANY_IS_BAD,
      query: now('count(time() - otp_provider_override_until_timestamp_seconds > 60) or vector(0)')
    })
  ]
}

const nodes: Shelf = {
  title: 'Nodes',
  height: 8,
  panels: [
    table({
      title: 'Nodes',
      description:
        'Each with its rules file and since when, how long it runs, its Node.js and its memory. The odd one out is the one to look at.',
      width: 14,
      queries: [
        now('max by (instance) (up{job="switchboard"})'),
        now('max by (instance, hash) (otp_rules_info{role="live"})'),
        now('1000 * max by (instance) (otp_rules_last_reload_success_timestamp_seconds{role="live"})'),
        now('1000 * max by (instance) (process_start_time_seconds{job="switchboard"})'),
        now('max by (instance, version) (nodejs_version_info{job="switchboard"})'),
        now('max by (instance) (process_resident_memory_bytes{job="switchboard"})')
      ],
      transformations: joined({
        instance: 'Node',
        'Value #A': 'Answers',
        hash: 'Rules',
        'Value #C': 'Since',
        'Value #D': 'Started',
        version: 'Node.js',
        'Value #F': 'Memory'
      }),
      overrides: [
        {
          matcher: { id: 'byName', options: 'Answers' },
          properties: [{ id: 'mappings', value: mapped('no', 'yes') }]
        },
        column('Since', 'dateTimeFromNow'),
        column('Started', 'dateTimeFromNow'),
        column('Memory', 'bytes')
      ]
    }),
    table({
      title: 'Starts',
      description:
        'Each start with its version and mode, the newest first. Two versions at once are a roll-out; a node that starts again and again does not live.',
      width: 10,
      noValue: '-',
      queries: [lines('{service_name="switchboard", event="gateway.started"}', 50)],
      transformations: [
        FIELDS_OF_LINES,
        named({ Time: 'When', version: 'Switchboard', mode: 'Mode', node: 'Node.js', start_ms: 'Took (ms)' })
      ]
    })
  ]
}

const rules: Shelf = {
  title: 'Rules',
  height: 8,
  panels: [
    stateTimeline({
      title: 'Is the file as it is now in force?',
      description:
        'Red: the file that lies there cannot be used, and the last good one goes on. "switchboard check" says why; do not restart the node meanwhile.',
      width: 8,
      mappings: mapped('rejected', 'in force'),
      queries: [course('min by (instance, role) (otp_rules_last_reload_successful)', '{{instance}} {{role}}')]
    }),
    timeSeries({
      title: 'Reloads',
      description:
        'Readings of the rules files by what came of them, and candidates that were stopped because more people got no code by them.',
      width: 8,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      queries: [
        course(
          'sum by (result, role) (increase(otp_rules_reloads_total[$__rate_interval])) > 0',
          '{{result}} {{role}}'
        ),
        course('sum(increase(otp_rules_canary_stops_total[$__rate_interval])) > 0', 'canary stopped')
      ]
    }),
    logs({
      title: 'What was said of rules',
      description:
        'Loaded, rejected and why, temporary rules that end, candidates that came, went or were stopped.',
      width: 8,
      query: lines(
        '{service_name="switchboard", event=~"rules.(loaded|rejected|unchanged|candidate_removed|canary_stopped|ending)"} | json msg | line_format "{{.msg}}"',
        200
      )
    })
  ]
}

const tried: Shelf = {
  height: 9,
  panels: [
    timeSeries({
      title: 'Requests by rule',
      description:
        'Which rules decide. A change of the mix without a change of the file is a change of who asks.',
      width: 8,
      unit: 'reqps',
      stacked: 'normal',
      calcs: ['sum'],
      queries: [course('sum by (rule) (rate(otp_rule_matches_total[$__rate_interval])) > 0', '{{rule}}')]
    }),
    table({
      title: 'Rules that nobody met',
      description:
        'Of the files in force, since each node started, and in the time that is looked at at most. Months of it: the rule may go.',
      width: 6,
      noValue: 'all are met',
      queries: [now('sum by (rule) (otp_rule_matches_total) == 0')],
      transformations: [named({ rule: 'Rule' })]
    }),
    table({
      title: 'What is tried beside the rules would do otherwise',
      description:
        'Requests that the candidate file, or rules in the shadow, would have decided differently, from the log. Before you put it in force: is each of these rows meant? "switchboard replay" tells it of past traffic.',
      width: 10,
      noValue: 'nothing',
      queries: [
        nowFromLogs(`
          topk(20, sum by (source, shadow_hash, rule, shadow_rule) (count_over_time(
            {service_name="switchboard", event="rules.shadow_diff"} | json source, shadow_hash, rule, shadow_rule [$__range]
          )))`)
      ],
      transformations: [
        named({
          source: 'What',
          shadow_hash: 'File',
          rule: 'Decided',
          shadow_rule: 'Would have',
          'Value #A': 'Requests'
        })
      ],
      overrides: [{ ...HEAT, matcher: { id: 'byName', options: 'Requests' } }],
      sortBy: 'Requests'
    })
  ]
}

const room: Shelf = {
  title: 'Is there room?',
  height: 9,
  panels: [
    bars({
      title: 'Accounts, of what they take',
      description:
        'What the nodes together gave each provider within a second, at most in five minutes, as a share of capacity_per_second in the rules file. At 100 % more goes down the chain. Sum of nodes that were busiest at different moments: it rather says too much.',
      width: 8,
      unit: 'percentunit',
      min: 0,
      max: 1,
      thresholds: risingIsBad(0.7, 0.95),
      noValue: 'no limits',
      query: course('sum by (provider) (max_over_time(otp_provider_capacity_used_ratio[5m]))', '{{provider}}')
    }),
    timeSeries({
      title: 'Passed over for want of room',
      description:
        'A provider whose turn came and whose account takes no more a second. Ask it for more, or split the traffic.',
      width: 8,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      queries: [
        course(
          'sum by (provider) (increase(otp_capacity_rejections_total[$__rate_interval])) > 0',
          '{{provider}}'
        )
      ]
    }),
    timeSeries({
      title: 'Refused at once',
      description:
        'By a node that has more to do than it can do in time. in_flight: slow providers, or more requests than a node can do. event_loop, memory: more CPU or memory. Runbook "Overloaded".',
      width: 8,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      queries: [
        course(
          'sum by (instance, reason) (increase(otp_overload_refusals_total[$__rate_interval])) > 0',
          '{{instance}}: {{reason}}'
        )
      ]
    })
  ]
}

const process: Shelf = {
  title: 'The process',
  height: 8,
  panels: [
    timeSeries({
      title: 'How late the event loop is (p99)',
      description:
        'Above 0.2 s the process is short of CPU; at 0.5 s on average it refuses requests. Late answers come from here.',
      width: 6,
      unit: 's',
      limits: [
        { color: 'transparent', value: null },
        { color: 'yellow', value: 0.2 },
        { color: 'red', value: 0.5 }
      ],
      queries: [
        course('max by (instance) (nodejs_eventloop_lag_p99_seconds{job="switchboard"})', '{{instance}}')
      ]
    }),
    timeSeries({
      title: 'Memory',
      description:
        'What the process holds, and what of it is JavaScript. It rises and falls; one that only rises for days is a leak.',
      width: 6,
      unit: 'bytes',
      queries: [
        course('max by (instance) (process_resident_memory_bytes{job="switchboard"})', '{{instance}}'),
        course('max by (instance) (nodejs_heap_size_used_bytes{job="switchboard"})', '{{instance}} heap')
      ]
    }),
    timeSeries({
      title: 'CPU',
      description: 'Of one core. A node does most of its work on one.',
      width: 6,
      unit: 'percentunit',
      queries: [
        course(
          'sum by (instance) (rate(process_cpu_seconds_total{job="switchboard"}[$__rate_interval]))',
          '{{instance}}'
        )
      ]
    }),
    timeSeries({
      title: 'On their way',
      description:
        'Codes, and attempts that nobody waits for any more and that are still heard out. Many of these: a provider hangs.',
      width: 6,
      unit: 'short',
      queries: [
        course('sum by (instance) (otp_hook_in_flight)', '{{instance}} codes'),
        course('sum by (instance) (otp_attempts_hanging)', '{{instance}} heard out')
      ]
    })
  ]
}

const others: Shelf = {
  title: 'What it stands on',
  height: 8,
  panels: [
    stateTimeline({
      title: 'Shared state',
      description:
        'Whether each node reaches Redis. While it is lost, the same request to two nodes may be sent twice, and a drain has to be given to each node.',
      width: 8,
      mappings: mapped('lost', 'shared'),
      queries: [course('min by (instance) (otp_state_reachable)', '{{instance}}')]
    }),
    table({
      title: 'Drains, and how long yet',
      description:
        'By node. A time that has passed is overdue. Who and why: "switchboard overrides", or the lines on Failover.',
      width: 8,
      noValue: 'none',
      queries: [
        now(
          '1000 * min by (instance, provider, channel, scope) (otp_provider_override_until_timestamp_seconds)'
        )
      ],
      transformations: [
        named({ provider: 'Provider', channel: 'Channel', scope: 'Where', instance: 'Node', Value: 'Ends' })
      ],
      overrides: [column('Ends', 'dateTimeFromNow')]
    }),
    timeSeries({
      title: 'Repeated, and turned away',
      description:
        'The same request again (nothing was sent for it), and requests to the admin port without its secret: somebody tries doors, or a tool has an old one.',
      width: 8,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      queries: [
        course(
          'sum by (reason) (increase(otp_duplicates_suppressed_total[$__rate_interval])) > 0',
          'repeated: {{reason}}'
        ),
        course(
          'sum by (reason) (increase(otp_admin_refusals_total[$__rate_interval])) > 0',
          'admin: {{reason}}'
        ),
        course('sum(increase(otp_state_losses_total[$__rate_interval])) > 0', 'state lost')
      ]
    })
  ]
}

const log: Shelf = {
  title: 'The log',
  height: 9,
  panels: [
    timeSeries({
      title: 'Lines by level',
      description:
        'error is for what a person has to do something about, warn for what somebody may feel. None at all: does the shipper run?',
      width: 8,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      queries: [
        courseFromLogs(
          'sum by (level) (count_over_time({service_name="switchboard"} [$__auto]))',
          '{{level}}'
        )
      ]
    }),
    logs({
      title: 'Errors, and who was not let in',
      description:
        'Each is about something that a person has to look at. What each event means stands in docs/log-events.md.',
      width: 16,
      query: lines(
        '{service_name="switchboard", level=~"error|warn", event!~"otp.+|circuit.+|provider.+"} | json msg | line_format "{{.event}}  {{.msg}}"',
        300
      )
    })
  ]
}

export const operations = dashboard({
  uid: UIDS.operations,
  title: 'operations',
  description: 'The gateway itself: nodes and versions, rules, room, the process, what it stands on.',
  from: 'now-6h',
  shelves: [atAGlance, nodes, rules, tried, room, process, others, log]
})
