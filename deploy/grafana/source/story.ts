import { FIELDS_OF_LINES, leads, named, wide } from './columns.ts'
import { dashboard, storyOf, UIDS } from './frame.ts'
import type { Override, Variable } from './model.ts'
import { logs, table, words, type Shelf } from './panels.ts'
import { lines } from './queries.ts'

/** What a line can be found by. The shipper keeps these beside each line, so that none has to be opened. */
const IDS = ['request_id', 'okta_event_id', 'okta_request_id', 'trace_id', 'phone_hash', 'user_hash'] as const

const ITS_LINES = `{service_name="switchboard"} | ${IDS.map((id) => `${id}="$id"`).join(' or ')}`

const id: Variable = {
  name: 'id',
  label: 'Request, event, trace, phone or user',
  description:
    "request_id, okta_event_id, okta_request_id, trace_id: one request. phone_hash: all of a number's. user_hash: the arrival of each of a person's.",
  type: 'textbox',
  query: '',
  current: { text: '', value: '' },
  options: [{ text: '', value: '', selected: true }]
}

const RESULTS: Override = {
  matcher: { id: 'byRegexp', options: '/^(Outcome|Result)$/' },
  properties: [
    { id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } },
    { id: 'color', value: { mode: 'thresholds' } },
    {
      id: 'mappings',
      value: [
        {
          type: 'value',
          options: {
            accepted: { color: 'green', index: 0 },
            failed: { color: 'red', index: 1 },
            undecided: { color: 'dark-orange', index: 2 },
            no_answer: { color: 'dark-orange', index: 3 },
            in_flight: { color: 'yellow', index: 4 }
          }
        }
      ]
    }
  ]
}

const SUMMARY = {
  Time: 'Answered',
  outcome: 'Outcome',
  reason: 'Reason',
  provider: 'Taken by',
  country: 'Country',
  channel: 'Channel',
  flow: 'Flow',
  phone: 'Phone',
  rule: 'Rule',
  attempts: 'Attempts',
  possible_duplicate: 'Perhaps twice',
  okta_status: 'Okta was told',
  duration_ms: 'Took (ms)',
  deadline_left_ms: 'Left (ms)',
  request_id: 'Request'
} as const

const summary: Shelf = {
  height: 6,
  panels: [
    table({
      title: 'What became of it',
      description:
        'One row for each request. Accepted and not arrived: quote the transaction id of the attempt below to the provider. Not accepted: the attempts say who refused, and why. Left below 0: the answer came too late for Okta.',
      width: 24,
      queries: [
        lines(
          ITS_LINES.replace(
            '{service_name="switchboard"}',
            '{service_name="switchboard", event="otp.request.completed"}'
          ),
          100
        )
      ],
      transformations: [FIELDS_OF_LINES, named(SUMMARY)],
      overrides: [
        RESULTS,
        leads('Request', 'this request alone', storyOf('${__value.raw}')),
        wide('Request', 290)
      ],
      noValue: '-'
    })
  ]
}

const sentences: Shelf = {
  height: 13,
  panels: [
    logs({
      title: 'The story, in order',
      description:
        'What happened, as sentences: it arrives, a rule decides, providers are asked one after the other, Okta is answered, and what was still running is heard out. Open a line for all of its fields.',
      width: 14,
      oldestFirst: true,
      query: lines(`${ITS_LINES} | json msg | line_format "{{.event}}  {{.msg}}"`, 500)
    }),
    words({
      title: 'Which id, and where from?',
      description: 'How to come here from what you have.',
      width: 10,
      content: `Paste one of these into the field on top, and choose a time that includes it.

- **From Okta's System Log**: open the event. Its \`transaction.id\` (also \`debugContext.debugData.requestId\`) is the API request that
  caused the hook: our \`okta_request_id\`. The event's own \`uuid\` is not sent to a hook, and leads nowhere here.
- **From the body of the hook**: its \`eventId\` is our \`okta_event_id\`.
- **From Okta's answer**: \`debugContext.requestId\` is our \`request_id\`.
- **From a point on a graph**: click it, then *The story of this request*.
- **From a trace**: its trace id.
- **From a person**: the \`phone_hash\` or \`user_hash\` of any line of theirs. It is the same for the same number as long as
  \`LOG_HASH_KEY\` is. Lines with a number's hash are the arrival and the answer; click *Request* for all of one.
- **From nothing but a time**: the table at the bottom.

An empty page: the time is wrong, the request never came (Okta's System Log, \`inline_hook.executed\`), or it was refused at the door
(\`okta.request.refused\`, on Operations).`
    })
  ]
}

const attempts: Shelf = {
  height: 8,
  panels: [
    table({
      title: 'Attempts',
      description:
        'Who was asked, in which order, and what came of it. sent: with a transaction id. not_sent: surely not. unknown: it may be on its way, and nobody can say so. A row with "Late by" ended after Okta had been answered; accepted there is most likely a second message.',
      width: 24,
      queries: [
        lines(
          ITS_LINES.replace(
            '{service_name="switchboard"}',
            '{service_name="switchboard", event=~"otp.attempt.completed|otp.attempt.late_result"}'
          ),
          200
        )
      ],
      transformations: [
        FIELDS_OF_LINES,
        named({
          Time: 'Ended',
          attempt: 'Attempt',
          provider: 'Provider',
          trigger: 'Why',
          result: 'Result',
          sent_certainty: 'Sent?',
          cause: 'Cause',
          provider_code: 'Code',
          http_status: 'HTTP',
          duration_ms: 'Took (ms)',
          late_by_ms: 'Late by (ms)',
          provider_message_id: 'Transaction id',
          request_id: 'Request'
        })
      ],
      overrides: [RESULTS, wide('Transaction id', 260), wide('Request', 290)],
      noValue: '-'
    })
  ]
}

const raw: Shelf = {
  title: 'As it is written',
  height: 10,
  panels: [
    logs({
      title: 'Lines, with all of their fields',
      description:
        'What each field means stands in docs/log-events.md. There is no code, no text and no whole number in any.',
      width: 24,
      oldestFirst: true,
      laidOut: true,
      query: lines(ITS_LINES, 500)
    })
  ]
}

const recent: Shelf = {
  title: 'Which one do you mean?',
  height: 9,
  panels: [
    table({
      title: 'Requests without a code',
      description: 'The latest that nobody took, or that could not be read. Click the request.',
      width: 12,
      noValue: 'none',
      queries: [lines('{service_name="switchboard", event="otp.request.completed", level="warn"}', 100)],
      transformations: [
        FIELDS_OF_LINES,
        named({
          Time: 'Answered',
          outcome: 'Outcome',
          reason: 'Reason',
          country: 'Country',
          channel: 'Channel',
          phone: 'Phone',
          request_id: 'Request'
        })
      ],
      overrides: [RESULTS, leads('Request', 'its story', storyOf('${__value.raw}'))]
    }),
    table({
      title: 'Who may have two codes',
      description:
        'The latest for which more than one attempt was sent, or may have been. Click the request.',
      width: 12,
      noValue: 'none',
      queries: [
        lines(
          '{service_name="switchboard", event="otp.request.completed"} | json possible_duplicate | possible_duplicate="true"',
          100
        )
      ],
      transformations: [
        FIELDS_OF_LINES,
        named({
          Time: 'Answered',
          outcome: 'Outcome',
          provider: 'Taken by',
          attempts: 'Attempts',
          country: 'Country',
          phone: 'Phone',
          request_id: 'Request'
        })
      ],
      overrides: [RESULTS, leads('Request', 'its story', storyOf('${__value.raw}'))]
    })
  ]
}

export const story = dashboard({
  uid: UIDS.story,
  title: 'the story of a request',
  description:
    'Why did this user get no code? One request, from its arrival to its last late answer, out of the log.',
  from: 'now-24h',
  refresh: '',
  marks: false,
  variables: [id],
  shelves: [summary, sentences, attempts, raw, recent]
})
