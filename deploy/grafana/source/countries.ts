import { column, HEAT, joined, named } from './columns.ts'
import { dashboard, UIDS } from './frame.ts'
import { DEADLINE, fallingIsBad, OKTA_HANGS_UP, risingIsBad } from './looks.ts'
import type { Variable } from './model.ts'
import { stat, table, timeSeries, type Shelf } from './panels.ts'
import { course, courseWithExemplars, METRICS, now, nowFromLogs, share } from './queries.ts'

function chosen(name: string, label: string, description: string): Variable {
  const query = `label_values(otp_provider_attempts_total, ${name})`
  return {
    name,
    label,
    description,
    type: 'query',
    datasource: METRICS,
    query: { qryType: 1, query, refId: 'A' },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] }
  }
}

const variables: readonly Variable[] = [
  chosen('provider', 'Provider', 'Whose attempts.'),
  chosen('channel', 'Channel', 'Text messages, or calls.'),
  chosen('country', 'Country', "The number's; other: not named in METRICS_COUNTRIES.")
]

const HERE = 'provider=~"$provider", channel=~"$channel", country=~"$country"'
const WITHOUT_COUNTRY = 'provider=~"$provider", channel=~"$channel"'
const attempts = (by: string, time: string, also = '') =>
  `sum by (${by}) (increase(otp_provider_attempts_total{${HERE}${also}}[${time}]))`
/** What speaks of the person says nothing about the provider. */
const ABOUT_THE_PERSON = 'recipient_refused|opted_out|fraud_blocked'
const judged = (by: string, time: string) => attempts(by, time, `, error_class!~"${ABOUT_THE_PERSON}"`)
const taken = (by: string, time: string) => attempts(by, time, ', result="accepted"')
const silent = (by: string, time: string) => attempts(by, time, ', result="no_answer"')
/** By who had the code before, under the name that attempts have for it. */
const resends = (by: string, time: string) => `
  sum by (${by}) (
    label_replace(
      increase(otp_resends_total{previous_provider=~"$provider", channel=~"$channel", country=~"$country"}[${time}]),
      "provider", "$1", "previous_provider", "(.+)"
    )
  )`

const atAGlance: Shelf = {
  height: 4,
  panels: [
    stat({
      title: 'Attempts',
      description: 'Calls to these providers for these countries, in the time that is looked at.',
      width: 6,
      unit: 'short',
      decimals: 0,
      query: now(`sum(increase(otp_provider_attempts_total{${HERE}}[$__range]))`)
    }),
    stat({
      title: 'Accepted',
      description:
        'Share of attempts that the provider took, without those that it refused for the person\'s sake; of 20 at least. Accepted is not delivered: see "Asked again".',
      width: 6,
      unit: 'percentunit',
      decimals: 1,
      thresholds: fallingIsBad(0.9, 0.97),
      noValue: 'too few',
      query: now(
        share(
          `sum(increase(otp_provider_attempts_total{${HERE}, result="accepted"}[$__range]))`,
          `sum(increase(otp_provider_attempts_total{${HERE}, error_class!~"${ABOUT_THE_PERSON}"}[$__range]))`,
          20
        )
      )
    }),
    stat({
      title: 'Asked again',
      description:
        'Share of accepted codes after which the person wanted another; of 20 at least. Compare providers in the table: it is the nearest thing to "not delivered".',
      width: 6,
      unit: 'percentunit',
      decimals: 1,
      thresholds: risingIsBad(0.05, 0.1),
      noValue: 'too few',
      query: now(
        share(
          'sum(increase(otp_resends_total{previous_provider=~"$provider", channel=~"$channel", country=~"$country"}[$__range]))',
          `sum(increase(otp_provider_attempts_total{${HERE}, result="accepted"}[$__range]))`,
          20
        )
      )
    }),
    stat({
      title: 'Slowest one of a hundred',
      description:
        'p99 of these providers, for all countries: durations are not kept by country. One that is slow in one country alone is seen by its no_answer in the table.',
      width: 6,
      unit: 's',
      decimals: 2,
      thresholds: risingIsBad(1, DEADLINE),
      noValue: 'too few',
      query: now(`
        histogram_quantile(0.99, sum by (le) (increase(otp_provider_attempt_duration_seconds_bucket{${WITHOUT_COUNTRY}}[$__range])))
        and sum(increase(otp_provider_attempt_duration_seconds_count{${WITHOUT_COUNTRY}}[$__range])) >= 20`)
    })
  ]
}

const comparison: Shelf = {
  title: 'Which provider is worse, and where?',
  height: 10,
  panels: [
    table({
      title: 'Provider by country',
      description:
        'The time that is looked at; shares of 10 attempts at least. Accepted: without refusals for the person\'s sake. No answer: too slow, or silent. Asked again: of those accepted. Two providers in one country beside each other are the comparison; one provider bad in one country alone is its route there: "switchboard drain PROVIDER --country XX --for 2h --why ...".',
      width: 24,
      queries: [
        now(`${attempts('provider, channel, country', '$__range')} > 0`),
        now(
          share(
            taken('provider, channel, country', '$__range'),
            judged('provider, channel, country', '$__range'),
            10
          )
        ),
        now(
          share(
            silent('provider, channel, country', '$__range'),
            attempts('provider, channel, country', '$__range'),
            10
          )
        ),
        now(
          share(
            resends('provider, channel, country', '$__range'),
            taken('provider, channel, country', '$__range'),
            10
          )
        )
      ],
      transformations: joined({
        country: 'Country',
        provider: 'Provider',
        channel: 'Channel',
        'Value #A': 'Attempts',
        'Value #B': 'Accepted',
        'Value #C': 'No answer',
        'Value #D': 'Asked again'
      }),
      overrides: [
        { matcher: { id: 'byName', options: 'Attempts' }, properties: [{ id: 'decimals', value: 0 }] },
        column('Accepted', 'percentunit', fallingIsBad(0.9, 0.97)),
        column('No answer', 'percentunit', risingIsBad(0.02, 0.1)),
        column('Asked again', 'percentunit', risingIsBad(0.05, 0.1))
      ],
      sortBy: 'Attempts'
    })
  ]
}

const courses: Shelf = {
  title: 'Since when?',
  height: 9,
  panels: [
    timeSeries({
      title: 'Accepted',
      description:
        'Share of the attempts of half an hour (10 at least) that each provider took. A gap is too few attempts.',
      width: 12,
      unit: 'percentunit',
      max: 1,
      limits: [
        { color: 'transparent', value: null },
        { color: 'red', value: 0.9 }
      ],
      calcs: ['min', 'lastNotNull'],
      queries: [course(share(taken('provider', '30m'), judged('provider', '30m'), 10), '{{provider}}')]
    }),
    timeSeries({
      title: 'p99 by provider and channel',
      description:
        "One in a hundred took longer. All countries together. Beyond its timeout in the rules file the next provider is asked; the dashed lines are the deadline (2.5 s) and the end of Okta's patience (3 s). A point is one request: click it.",
      width: 12,
      unit: 's',
      limits: [
        { color: 'transparent', value: null },
        { color: 'yellow', value: DEADLINE },
        { color: 'red', value: OKTA_HANGS_UP }
      ],
      calcs: ['max', 'lastNotNull'],
      queries: [
        courseWithExemplars(
          `histogram_quantile(0.99, sum by (le, provider, channel) (rate(otp_provider_attempt_duration_seconds_bucket{${WITHOUT_COUNTRY}}[$__rate_interval])))`,
          '{{provider}} {{channel}}'
        )
      ]
    })
  ]
}

const delivered: Shelf = {
  height: 9,
  panels: [
    timeSeries({
      title: 'Asked again',
      description:
        'Of the codes of an hour that a provider took for a country (10 at least), the share that was asked for again. One line that leaves the others: that provider takes messages there and does not deliver them. All lines together: the carriers, or something of ours.',
      width: 12,
      unit: 'percentunit',
      calcs: ['max', 'lastNotNull'],
      queries: [
        course(
          share(resends('provider, country', '1h'), taken('provider, country', '1h'), 10),
          '{{provider}} {{country}}'
        )
      ]
    }),
    timeSeries({
      title: 'Failures by class',
      description:
        'What attempts came to that were not accepted. Classes are explained in docs/log-events.md.',
      width: 12,
      unit: 'short',
      as: 'bars',
      stacked: 'normal',
      calcs: ['sum'],
      queries: [
        course(
          `sum by (provider, error_class) (increase(otp_provider_attempts_total{${HERE}, result!="accepted"}[$__rate_interval])) > 0`,
          '{{provider}}: {{error_class}}'
        )
      ]
    })
  ]
}

const CODES = `
  {service_name="switchboard", event=~"otp.attempt.completed|otp.attempt.late_result"}
  | json provider, channel, country, result, provider_code
  | provider=~"$provider" | channel=~"$channel" | country=~"$country"`

const codes: Shelf = {
  title: "In the vendor's own words",
  height: 9,
  panels: [
    timeSeries({
      title: 'Who is asked first',
      description:
        'The share of first attempts that each provider gets: what the splits of the rules file come to. A provider whose breaker is open or that is drained has none.',
      width: 8,
      unit: 'percentunit',
      stacked: 'percent',
      queries: [
        course(
          `sum by (provider) (rate(otp_provider_attempts_total{${HERE}, trigger="first"}[$__rate_interval]))`,
          '{{provider}}'
        )
      ]
    }),
    table({
      title: 'Codes that nobody has classified',
      description:
        "Refusals that are in no table of ours, from the log: each counts as half a failure. Read what the vendor's page says of the code, and add a row to its codes.ts (CONTRIBUTING.md).",
      width: 8,
      noValue: 'none',
      queries: [
        nowFromLogs(`
          topk(20, sum by (provider, provider_code) (count_over_time(
            ${CODES} | result="unknown" [$__range]
          )))`)
      ],
      transformations: [named({ provider: 'Provider', provider_code: 'Code', 'Value #A': 'Times' })],
      overrides: [{ ...HEAT, matcher: { id: 'byName', options: 'Times' } }],
      sortBy: 'Times'
    }),
    table({
      title: 'All codes of refusals',
      description:
        'The codes of the vendors that refused, from the log, with the class that we make of each: what to quote in a ticket to them.',
      width: 8,
      noValue: 'none',
      queries: [
        nowFromLogs(`
          topk(20, sum by (provider, result, provider_code) (count_over_time(
            ${CODES} | provider_code!="" [$__range]
          )))`)
      ],
      transformations: [
        named({ provider: 'Provider', provider_code: 'Code', result: 'Class', 'Value #A': 'Times' })
      ],
      overrides: [{ ...HEAT, matcher: { id: 'byName', options: 'Times' } }],
      sortBy: 'Times'
    })
  ]
}

export const countries = dashboard({
  uid: UIDS.countries,
  title: 'provider by country',
  description: 'Which provider is worse where: taken, silent, slow, and asked for again.',
  from: 'now-24h',
  refresh: '1m',
  variables,
  shelves: [atAGlance, comparison, courses, delivered, codes]
})
