import type { VNode } from 'preact'
import type { ShownRequest } from '../shown.ts'
import { axisOf, type Bar } from './axis.ts'
import { h } from './h.ts'
import { resultInWords, skipInWords, toneOfResult } from './outcomes.ts'
import { Chip, Copy } from './parts.ts'
import { now } from './store.ts'
import { isLate, storyOf } from './story-words.ts'
import { channelInWords, msInWords, plain, providerInWords } from './words.ts'

interface OfRequest {
  readonly request: ShownRequest
}

/** One request, from its arrival to its last late answer. */
export function Story({ request }: OfRequest): VNode {
  return h(
    'div',
    { class: 'story' },
    h('p', { class: 'story-words' }, storyOf(request).join(' ')),
    request.attempts.length === 0 ? null : h(TimeAxis, { request }),
    h('div', { class: 'story-facts' }, h(Choice, { request }), h(Ids, { request }))
  )
}

function TimeAxis({ request }: OfRequest): VNode {
  const isUnderWay = request.attempts.some(({ endedAfterMs }) => endedAfterMs === null)
  const axis = axisOf(request, isUnderWay ? Math.max(0, now.value - request.arrivedAtMs) : 0)
  const marks = [
    mark('deadline', axis.deadlinePercent),
    axis.answerPercent === null ? null : mark('answer', axis.answerPercent)
  ]
  return h(
    'div',
    { class: 'axis-place' },
    h(
      'table',
      { class: 'axis' },
      h('caption', { class: 'unseen' }, 'Attempts, in milliseconds since the request arrived'),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          h('th', { scope: 'col' }, 'Asked'),
          h(
            'th',
            { scope: 'col', class: 'axis-scale' },
            h('span', { class: 'unseen' }, 'When'),
            h(
              'svg',
              { 'aria-hidden': 'true' },
              ...axis.ticksMs.map((ms) => {
                const percent = (ms / axis.endMs) * 100
                return h(
                  'text',
                  {
                    x: `${percent}%`,
                    y: 11,
                    'text-anchor': percent < 3 ? 'start' : percent > 95 ? 'end' : 'middle'
                  },
                  ms === 0 ? '0' : msInWords(ms)
                )
              })
            )
          ),
          h('th', { scope: 'col' }, 'Came to')
        )
      ),
      h(
        'tbody',
        null,
        ...axis.bars.map((bar) =>
          h(
            'tr',
            { key: bar.attempt.attempt },
            h(
              'th',
              { scope: 'row' },
              h('b', null, providerInWords(bar.attempt.provider)),
              h('small', null, plain(bar.attempt.trigger))
            ),
            h('td', { class: 'axis-lane' }, h(Lane, { bar, marks })),
            h('td', { class: 'axis-result' }, h(CameTo, { request, bar }))
          )
        )
      )
    ),
    h(
      'p',
      { class: 'axis-key' },
      h(
        'span',
        { class: 'key answer' },
        request.end === null ? 'Okta waits' : `Okta’s answer, ${msInWords(request.end.afterMs)}`
      ),
      h('span', { class: 'key deadline' }, `Deadline, ${msInWords(request.deadlineAfterMs)}`),
      axis.bars.some(({ latePercent }) => latePercent > 0)
        ? h('span', { class: 'key late' }, 'Went on after the answer')
        : null
    )
  )
}

function mark(kind: string, percent: number): VNode {
  return h('line', { class: `mark ${kind}`, x1: `${percent}%`, x2: `${percent}%`, y1: 0, y2: '100%' })
}

function Lane({ bar, marks }: { readonly bar: Bar; readonly marks: readonly (VNode | null)[] }): VNode {
  const { attempt, fromPercent, widthPercent, latePercent, isRunning } = bar
  const tone = isRunning ? 'running' : toneOfResult(attempt.result)
  const until = attempt.endedAfterMs === null ? 'runs on' : `to ${msInWords(attempt.endedAfterMs)}`
  return h(
    'div',
    null,
    h('span', { class: 'unseen' }, `from ${msInWords(attempt.startedAfterMs)} ${until}`),
    h(
      'svg',
      { 'aria-hidden': 'true' },
      ...marks,
      h('rect', {
        class: `lane ${tone}`,
        x: `${fromPercent}%`,
        width: `${Math.max(0.4, widthPercent - latePercent)}%`,
        y: 5,
        height: 12,
        rx: 2
      }),
      latePercent === 0
        ? null
        : h('rect', {
            class: `lane late ${tone}`,
            x: `${fromPercent + widthPercent - latePercent}%`,
            width: `${latePercent}%`,
            y: 8,
            height: 6
          })
    )
  )
}

function CameTo({ request, bar }: OfRequest & { readonly bar: Bar }): VNode {
  const { result, won, providerCode, httpStatus, startedAfterMs, endedAfterMs } = bar.attempt
  if (result === null || endedAfterMs === null) {
    return h('span', null, h(Chip, { tone: 'quiet' }, request.end === null ? 'no answer yet' : 'no answer'))
  }
  const codes = [
    msInWords(endedAfterMs - startedAfterMs),
    ...(providerCode === null ? [] : [`code ${providerCode}`]),
    ...(httpStatus === null ? [] : [`HTTP ${httpStatus}`])
  ]
  const tone = toneOfResult(result)
  const late = isLate(bar.attempt, request)
  const words = result === 'accepted' ? (won ? 'won' : late ? 'accepted late' : 'accepted') : plain(result)
  return h(
    'span',
    { title: resultInWords(result) },
    h(Chip, { tone: result === 'accepted' && !won ? 'warn' : tone }, words),
    h('small', null, codes.join(', '))
  )
}

function Choice({ request }: OfRequest): VNode {
  const { rule, rulesHash, candidates, skipped, channel, org } = request
  return h(
    'section',
    null,
    h('h4', null, 'How it was chosen'),
    h(
      'dl',
      { class: 'facts' },
      ...fact('Rule', rule === null ? 'none was asked' : rule, rulesHash === null ? '' : `of ${rulesHash}`),
      ...fact('Channel', channelInWords(channel)),
      ...(org === null ? [] : fact('Org', org)),
      ...(candidates.length === 0
        ? []
        : [
            h('dt', null, 'Order'),
            h(
              'dd',
              null,
              h(
                'ol',
                { class: 'chain' },
                ...candidates.map(({ provider, senderKind, timeoutMs }) =>
                  h(
                    'li',
                    null,
                    providerInWords(provider),
                    ' ',
                    h('small', null, `${plain(senderKind)}, ${msInWords(timeoutMs)}`)
                  )
                )
              )
            )
          ]),
      ...(skipped.length === 0
        ? []
        : [
            h('dt', null, 'Skipped'),
            h(
              'dd',
              null,
              ...skipped.map(({ provider, reason }) =>
                h('div', null, `${providerInWords(provider)} ${skipInWords(reason)}`)
              )
            )
          ])
    )
  )
}

function fact(name: string, value: string, hint = ''): readonly VNode[] {
  return [h('dt', null, name), h('dd', null, value, hint === '' ? null : h('small', null, ` ${hint}`))]
}

function Ids({ request }: OfRequest): VNode {
  const { id, traceId, oktaEventId, end } = request
  const ids: readonly (readonly [name: string, what: string, value: string | null])[] = [
    ['Request', 'request id', id],
    ['Okta’s event', 'id of Okta’s event', oktaEventId],
    ['Transaction', 'transaction id', end?.transactionId ?? null],
    ['Trace', 'trace id', traceId]
  ]
  return h(
    'section',
    null,
    h('h4', null, 'To look further'),
    h(
      'dl',
      { class: 'facts ids' },
      ...ids.flatMap(([name, what, value]) =>
        value === null
          ? []
          : [h('dt', null, name), h('dd', null, h('code', null, value), h(Copy, { text: value, what }))]
      )
    )
  )
}
