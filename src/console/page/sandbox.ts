import type { VNode } from 'preact'
import { signal } from '@preact/signals'
import type { SendAsked, ShownSandbox, ShownSent, ShownState } from '../shown.ts'
import { h } from './h.ts'
import { icon } from './icons.ts'
import { Chip, Empty, Field, Note, Refused } from './parts.ts'
import { answer, busy, refusal, send, setFault } from './sandbox-acts.ts'
import { sandbox } from './store.ts'
import { Tour } from './tour.ts'
import { channelInWords, msInWords, providerInWords, secondInWords } from './words.ts'

const number = signal('')
const channel = signal<SendAsked['channel']>('sms')
/** Three providers played on this machine: send, break, and see what happens. */
export function Sandbox({ state }: { readonly state: ShownState }): VNode {
  const shown = sandbox.value
  return h(
    'div',
    { class: 'view' },
    h('h1', { tabIndex: -1 }, 'Sandbox'),
    h(
      Note,
      { tone: 'warn' },
      h(
        'p',
        null,
        h('b', null, 'Nothing here is real. '),
        'The providers are played on this machine, no phone rings, and codes are shown on purpose. A live gateway has no such page, and shows no code anywhere.'
      )
    ),
    shown === null
      ? h(Empty, { title: 'One moment …' }, 'The sandbox has not spoken yet.')
      : h(
          'div',
          { class: 'sandbox' },
          h(Tour, { state, sandbox: shown }),
          h('div', { class: 'sandbox-levers' }, h(Send, { sandbox: shown }), h(Faults, { sandbox: shown })),
          h(Phones, { sandbox: shown })
        )
  )
}

interface OfSandbox {
  readonly sandbox: ShownSandbox
}

function Send({ sandbox: { samples } }: OfSandbox): VNode {
  const submit = (event: Event): void => {
    event.preventDefault()
    void send({ number: number.value.trim() || (samples[0]?.number ?? ''), channel: channel.value })
  }
  return h(
    'section',
    { class: 'card tool', 'aria-labelledby': 'send' },
    h('h2', { id: 'send' }, 'Send Okta’s sample'),
    h(
      'form',
      { onSubmit: submit, noValidate: true },
      h(
        'div',
        { class: 'samples', role: 'group', 'aria-label': 'Numbers' },
        ...samples.map(({ number: one, channel: by, words }) =>
          h(
            'button',
            {
              type: 'button',
              class: 'sample',
              'aria-pressed': number.value === one,
              onClick: () => {
                number.value = one
                channel.value = by
              }
            },
            h('span', null, `${words.charAt(0).toUpperCase()}${words.slice(1)}`),
            h('small', { class: 'number' }, one)
          )
        )
      ),
      h(
        'div',
        { class: 'fields' },
        h(
          Field,
          { label: 'Number' },
          h('input', {
            type: 'tel',
            value: number.value,
            placeholder: samples[0]?.number ?? '',
            maxLength: 40,
            autoComplete: 'off',
            onInput: ({ currentTarget }) => (number.value = currentTarget.value)
          })
        ),
        h(
          Field,
          { label: 'Channel' },
          h(
            'select',
            {
              value: channel.value,
              onChange: ({ currentTarget }) => (channel.value = currentTarget.value as SendAsked['channel'])
            },
            h('option', { value: 'sms' }, 'SMS'),
            h('option', { value: 'voice' }, 'Voice call')
          )
        ),
        h(
          'button',
          { type: 'submit', class: 'main-button', disabled: busy.value },
          busy.value ? 'On its way …' : 'Send'
        )
      )
    ),
    h(Refused, { refusal: refusal.value }),
    h('div', { 'aria-live': 'polite' }, answer.value === null ? null : h(Answer, { sent: answer.value }))
  )
}

function Answer({ sent }: { readonly sent: ShownSent }): VNode {
  const { requestId, httpStatus, tookMs, body } = sent
  return h(
    'div',
    { class: 'okta-answer' },
    h(
      'p',
      null,
      h('b', null, statusIn(body)),
      ` HTTP ${httpStatus} after ${msInWords(tookMs)}. `,
      requestId === null ? null : h('a', { href: `#now/${encodeURIComponent(requestId)}` }, 'What happened?')
    ),
    h(
      'details',
      null,
      h('summary', null, 'What Okta was told'),
      h(
        'pre',
        { class: 'printed', tabIndex: 0, role: 'region', 'aria-label': 'Answer to Okta' },
        laidOut(body)
      )
    )
  )
}

/** SUCCESSFUL, FAILED or PENDING and by whom, or Okta's error summary. */
function statusIn(body: string): string {
  const found = /"status"\s*:\s*"(?<status>\w+)"(?:.*?"provider"\s*:\s*"(?<provider>\w+)")?/su.exec(
    body
  )?.groups
  if (found?.['status'] === undefined) return body.includes('"error"') ? 'Error,' : 'Answered,'
  return `${found['status']}${found['provider'] === undefined ? '' : ` by ${found['provider']}`},`
}

function laidOut(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2)
  } catch {
    return body
  }
}

function Faults({ sandbox: { faults, modes } }: OfSandbox): VNode {
  return h(
    'section',
    { class: 'card tool', 'aria-labelledby': 'faults' },
    h('h2', { id: 'faults' }, 'Break a provider'),
    h(
      'ul',
      { class: 'faults' },
      ...faults.map(({ provider, fault, mode }) =>
        h(
          'li',
          { key: provider },
          h(
            'span',
            { class: 'fault-name' },
            h('b', null, providerInWords(provider)),
            fault === null ? h(Chip, { tone: 'good' }, 'healthy') : h(Chip, { tone: 'bad' }, fault)
          ),
          h(
            'select',
            {
              'aria-label': `What ${providerInWords(provider)} does`,
              value: mode ?? '',
              onChange: ({ currentTarget }) => void setFault(provider, currentTarget.value || null)
            },
            h('option', { value: '' }, 'is healthy'),
            ...modes.map(({ mode: one, words }) => h('option', { value: one }, words)),
            mode !== null && !modes.some((known) => known.mode === mode)
              ? h('option', { value: mode }, fault)
              : null
          ),
          h(
            'button',
            {
              type: 'button',
              role: 'switch',
              class: 'switch',
              'aria-checked': fault !== null,
              'aria-label': `${providerInWords(provider)} fails`,
              onClick: () => void setFault(provider, fault === null ? (modes[0]?.mode ?? null) : null)
            },
            h('span', { class: 'switch-knob', 'aria-hidden': 'true' }),
            h('span', null, fault === null ? 'fine' : 'fails')
          )
        )
      )
    )
  )
}

/** As many as a screen takes. */
const MOST_PHONES = 12
const MOST_MESSAGES = 4

function Phones({ sandbox: { inbox } }: OfSandbox): VNode {
  const phones = [...Map.groupBy(inbox, ({ to }) => to)].slice(0, MOST_PHONES)
  return h(
    'section',
    { class: 'phones', 'aria-labelledby': 'phones' },
    h('h2', { id: 'phones' }, 'Phones ', h('span', { class: 'mode' }, 'codes shown on purpose')),
    phones.length === 0
      ? h(
          Empty,
          { title: 'No phone has got anything yet.' },
          'Send Okta’s sample, and its message appears here.'
        )
      : h(
          'div',
          { class: 'phone-grid' },
          ...phones.map(([to, messages]) =>
            h(
              'article',
              { key: to, class: 'phone', 'aria-label': `Phone ${to}` },
              h('h3', { class: 'number' }, icon('sandbox'), to),
              ...messages.slice(0, MOST_MESSAGES).map((message) => h(Message, { key: message.id, message })),
              messages.length > MOST_MESSAGES
                ? h('p', { class: 'quiet-words' }, `and ${messages.length - MOST_MESSAGES} before`)
                : null
            )
          )
        )
  )
}

function Message({ message }: { readonly message: ShownSandbox['inbox'][number] }): VNode {
  const { channel, from, text, provider, atMs, language } = message
  const what = channel === 'sms' ? 'Text' : `Call${language === null ? '' : ` in ${language}`}`
  return h(
    'div',
    { class: 'message' },
    h('small', null, `${what} from ${from}`),
    h('p', { dir: 'auto' }, text),
    h(
      'small',
      null,
      `by ${providerInWords(provider)}, `,
      h('span', { class: 'number' }, secondInWords(atMs)),
      channel === 'voice' ? `, ${channelInWords(channel).toLowerCase()}` : ''
    )
  )
}
