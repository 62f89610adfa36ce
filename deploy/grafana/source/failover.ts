import { crossed, HEAT, named, wide } from './columns.ts'
import { dashboard, UIDS } from './frame.ts'
import { ANY_IS_BAD, risingIsBad } from './looks.ts'
import type { Mapping } from './model.ts'
import { logs, stateTimeline, stat, table, timeSeries, type Shelf } from './panels.ts'
import { course, courseWithExemplars, lines, now, OWED, share } from './queries.ts'

const BREAKER: readonly Mapping[] = [
  {
    type: 'value',
    options: {
      0: { text: 'closed', color: 'green', index: 0 },
      1: { text: 'half open', color: 'yellow', index: 1 },
      2: { text: 'open', color: 'red', index: 2 }
    }
  }
]

const SERVICE: readonly Mapping[] = [
  {
    type: 'value',
    options: {
      0: { text: 'in service', color: 'green', index: 0 },
      1: { text: 'drained for some countries', color: 'light-purple', index: 1 },
      2: { text: 'drained', color: 'purple', index: 2 }
    }
  }
]

const atAGlance: Shelf = {
  height: 4,
  panels: [
    stat({
      title: 'Failovers a request',
      description:
        'For each code of the last ten minutes, of 20 at least. From 10 % on it is the alert "Silent degradation".',
      width: 4,
      unit: 'percentunit',
      decimals: 1,
      thresholds: risingIsBad(0.05, 0.1),
      noValue: 'too few',
      query: now(
        share(
          'sum(increase(otp_failovers_total[10m]))',
          `sum(increase(otp_hook_requests_total{${OWED}}[10m]))`,
          20
        )
      )
    }),
    stat({
      title: 'Breakers open',
      description:
        'Providers and channels that some node leaves alone at this moment, as they failed too often. They come back by themselves.',
      width: 4,
      unit: 'short',
      thresholds: risingIsBad(1, 2),
      query: now('count(max by (provider, channel) (otp_circuit_state{state="open"}) == 1) or vector(0)')
    }),
    stat({
      title: 'Need a person',
      description:
        'Providers that refuse our credentials, or have no money of ours left. Nothing but a person mends it: runbook "Credentials or quota".',
      width: 4,
      unit: 'short',
      thresholds: ANY_IS_BAD,
      query: now('count(max by (provider, channel, class) (otp_provider_alarm) == 1) or vector(0)')
    }),
    stat({
      title: 'Drained by people',
      description:
        'Providers and channels that a person has taken out, everywhere or for some countries. Who, why and until when: the lines below, or "switchboard overrides".',
      width: 4,
      unit: 'short',
      thresholds: risingIsBad(1, 4),
      query: now(
        'count(max by (provider, channel) (otp_provider_override{state="drained"}) == 1) or vector(0)'
      )
    }),
    stat({
      title: 'Last resorts',
      description:
        'Attempts, in the time that is looked at, at a provider that a breaker or a cool-down held back, because nobody else was left. Any at all: the chain is too short, or everybody fails.',
      width: 4,
      unit: 'short',
      decimals: 0,
      thresholds: ANY_IS_BAD,
      query: now('sum(increase(otp_last_resort_total[$__range])) or vector(0)')
    }),
    stat({
      title: 'Likely second messages',
      description:
        'Attempts that were accepted after Okta had been answered, or after another had taken over: that person has most likely two codes. The dashboard Story shows one by its id.',
      width: 4,
      unit: 'short',
      decimals: 0,
      thresholds: risingIsBad(1, 20),
      query: now('sum(increase(otp_late_results_total{result="accepted"}[$__range])) or vector(0)')
    })
  ]
}

const matrix: Shelf = {
  title: 'Away from whom, to whom, and why?',
  height: 8,
  panels: [
    table({
      title: 'Ways by reason',
      description:
        'How often requests went on from one provider to the next, in the time that is looked at. A row with one dark cell is the finding. no_answer: too slow for its timeout in the rules file, or silent. sender_refused, bad_request: the rules file. throttled: its capacity_per_second. credentials, quota: a person. unknown: a code that nobody has classified.',
      width: 15,
      queries: [
        now(`
          label_join(
            sum by (from, to, reason) (increase(otp_failovers_total[$__range])) > 0,
            "way", " to ", "from", "to"
          )`)
      ],
      transformations: [crossed('way', 'reason')],
      overrides: [HEAT, wide('way\\reason', 230)]
    }),
    table({
      title: 'From (rows) to (columns)',
      description:
        'The same without the reasons: who is left, and who has to carry it. Is the one in the dark column able to (its capacity is on Operations)?',
      width: 9,
      queries: [now('sum by (from, to) (increase(otp_failovers_total[$__range])) > 0')],
      transformations: [crossed('from', 'to')],
      overrides: [HEAT]
    })
  ]
}

const states: Shelf = {
  title: 'Since when?',
  height: 8,
  panels: [
    stateTimeline({
      title: 'Breakers',
      description:
        'The worst state of each provider and channel over all nodes. Red in pieces that come and go: it comes back and fails again, and a drain is calmer. Long red: runbook "A breaker stays open".',
      width: 12,
      mappings: BREAKER,
      queries: [
        course(
          `max by (provider, channel) (
            otp_circuit_state{state="half_open"} + ignoring (state) 2 * otp_circuit_state{state="open"}
          )`,
          '{{provider}} {{channel}}'
        )
      ]
    }),
    stateTimeline({
      title: 'Drains',
      description:
        'What people have taken out, and for how long. It beats the machine, and is never undone by it.',
      width: 12,
      mappings: SERVICE,
      queries: [
        course(
          `max by (provider, channel) (
            2 * otp_provider_override{state="drained", scope="everywhere"}
            or otp_provider_override{state="drained", scope="some_countries"}
          )`,
          '{{provider}} {{channel}}'
        )
      ]
    })
  ]
}

const courses: Shelf = {
  height: 9,
  panels: [
    timeSeries({
      title: 'Failovers',
      description: 'Each bar says from whom, and why. A point is one request: click it for its story.',
      width: 12,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      calcs: ['sum'],
      queries: [
        courseWithExemplars(
          'sum by (from, reason) (increase(otp_failovers_total[$__rate_interval])) > 0',
          '{{from}}: {{reason}}'
        )
      ]
    }),
    timeSeries({
      title: 'Attempts that failed, by class',
      description:
        'What they came to. recipient_refused, opted_out and fraud_blocked speak of the person and end the delivery; all others go on to the next provider. One class at all providers at once is likely ours: DNS, the way out, a sender that all refuse.',
      width: 12,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      calcs: ['sum'],
      queries: [
        course(
          'sum by (provider, error_class) (increase(otp_provider_attempts_total{result!="accepted"}[$__rate_interval])) > 0',
          '{{provider}}: {{error_class}}'
        )
      ]
    })
  ]
}

const price: Shelf = {
  title: 'What does it cost?',
  height: 8,
  panels: [
    timeSeries({
      title: 'Why attempts are made',
      description:
        'first: the rule wanted this one. failover: the one before failed or was silent. repeat: it surely was not sent, and there was time. last_resort: nobody else was left. Everything but green is time that people wait.',
      width: 8,
      unit: 'reqps',
      stacked: 'normal',
      queries: [
        course('sum by (trigger) (rate(otp_provider_attempts_total[$__rate_interval]))', '{{trigger}}')
      ]
    }),
    timeSeries({
      title: 'Results that came too late',
      description:
        'Where nobody waited any more: a timeout does not end a call, it is heard out for ten seconds. accepted: most likely a second message. If one provider has most of them, its timeout in the rules file is too short, or it is slow (p99 on Countries).',
      width: 8,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      queries: [
        courseWithExemplars(
          'sum by (provider, result) (increase(otp_late_results_total[$__rate_interval])) > 0',
          '{{provider}}: {{result}}'
        )
      ]
    }),
    timeSeries({
      title: 'Last resorts, and passed over',
      description:
        'Attempts at somebody whom the machine held back, and providers that were passed over because their account takes no more a second.',
      width: 8,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      queries: [
        course(
          'sum by (provider) (increase(otp_last_resort_total[$__rate_interval])) > 0',
          '{{provider}}: last resort'
        ),
        course(
          'sum by (provider) (increase(otp_capacity_rejections_total[$__rate_interval])) > 0',
          '{{provider}}: no capacity'
        )
      ]
    })
  ]
}

const machine: Shelf = {
  title: 'What did the machine do, and what did people?',
  height: 9,
  panels: [
    table({
      title: 'Why breakers opened',
      description:
        'Changes to open, in the time that is looked at. failure_rate, in_a_row: it fails. silent: it is slow. probe_failed: it was tried and failed again. kept_closed: it ought to have opened and is the last that is not out.',
      width: 10,
      queries: [
        now(
          'sum by (provider, channel, to, cause) (increase(otp_circuit_transitions_total{to=~"open|kept_closed"}[$__range])) > 0'
        )
      ],
      transformations: [
        named({ provider: 'Provider', channel: 'Channel', to: 'To', cause: 'Cause', Value: 'Times' })
      ],
      overrides: [{ ...HEAT, matcher: { id: 'byName', options: 'Times' } }],
      sortBy: 'Times'
    }),
    logs({
      title: 'Breakers, cool-downs, alarms, drains',
      description:
        'Line by line, the newest first: what changed, who did it and why. A cool-down is a provider that said "too much" and is left alone for as long as it asked.',
      width: 14,
      query: lines(
        '{service_name="switchboard", event=~"circuit.+|provider.+"} | json msg | line_format "{{.event}}  {{.msg}}"',
        500
      )
    })
  ]
}

export const failover = dashboard({
  uid: UIDS.failover,
  title: 'failover',
  description:
    'Who fails, why, since when, and who carries it. There are no hedges: the next provider is asked when the one before has failed or its time is up, and the one before is heard out all the same.',
  from: 'now-6h',
  shelves: [atAGlance, matrix, states, courses, price, machine]
})
