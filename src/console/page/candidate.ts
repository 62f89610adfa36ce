import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { signal } from '@preact/signals'
import type { ShownCandidate, ShownRefusal, ShownRulesText } from '../shown.ts'
import { refusalOf } from './api.ts'
import { h } from './h.ts'
import { Chip, Field, Printed, Refused } from './parts.ts'
import type { Tone } from './outcomes.ts'
import { ask } from './store.ts'
import { times } from './words.ts'

/** Larger files than this the gateway takes by no way. */
const MOST_BYTES = 1024 * 1024

const text = signal('')
const refusal = signal<ShownRefusal | null>(null)
const busy = signal(false)

export const candidate = signal<ShownCandidate | null>(null)

async function tryText(): Promise<void> {
  if (text.value.trim() === '') {
    refusal.value = { error: 'Drop a rules file here, or paste its text.', mistakes: [] }
    return
  }
  busy.value = true
  const answer = await ask<ShownCandidate>('POST', 'candidate', { text: text.value })
  busy.value = false
  refusal.value = refusalOf(answer)
  candidate.value = answer.kind === 'ok' ? answer.value : null
}

/** To begin with what is in force, and change a line. */
async function takeLive(): Promise<void> {
  const answer = await ask<ShownRulesText>('GET', 'rules/text')
  refusal.value = refusalOf(answer)
  if (answer.kind === 'ok') text.value = answer.value.text
}

async function take(file: File | undefined): Promise<void> {
  if (file === undefined) return
  if (file.size > MOST_BYTES) {
    refusal.value = { error: `${file.name} is larger than 1 MiB, and so no rules file.`, mistakes: [] }
    return
  }
  text.value = await file.text()
  await tryText()
}

/** Drop a file, and see what it would change before it changes anything. */
export function Candidate({ file }: { readonly file: string }): VNode {
  const [isOver, setOver] = useState(false)
  return h(
    'section',
    { class: 'card tool', 'aria-labelledby': 'candidate' },
    h('h2', { id: 'candidate' }, 'What would another file change?'),
    h(
      'p',
      { class: 'quiet-words' },
      'It is checked, compared with ',
      h('code', null, file),
      ', and tried on the requests held here. Nothing is loaded.'
    ),
    h(
      'form',
      {
        class: `drop${isOver ? ' over' : ''}`,
        onSubmit: (event: Event) => {
          event.preventDefault()
          void tryText()
        },
        onDragOver: (event: DragEvent) => {
          event.preventDefault()
          setOver(true)
        },
        onDragLeave: () => setOver(false),
        onDrop: (event: DragEvent) => {
          event.preventDefault()
          setOver(false)
          void take(event.dataTransfer?.files[0])
        }
      },
      h(
        Field,
        { label: 'Rules, as YAML', hint: 'Paste the text, drop the file, or choose it.' },
        h('textarea', {
          rows: 5,
          value: text.value,
          spellcheck: false,
          placeholder: 'version: 1\nproviders: …',
          onInput: ({ currentTarget }) => (text.value = currentTarget.value)
        })
      ),
      h(
        'div',
        { class: 'drop-end' },
        h(
          'label',
          { class: 'file-button' },
          h('span', null, 'Choose a file'),
          h('input', {
            type: 'file',
            accept: '.yaml,.yml',
            onChange: ({ currentTarget }) => {
              void take(currentTarget.files?.[0])
              // The same file again, mended, is a change as well.
              currentTarget.value = ''
            }
          })
        ),
        h('button', { type: 'button', onClick: () => void takeLive() }, 'Take the live file'),
        h(
          'button',
          { type: 'submit', class: 'main-button', disabled: busy.value },
          busy.value ? 'Trying …' : 'Try it'
        )
      )
    ),
    h(Refused, { refusal: refusal.value }),
    h(
      'div',
      { 'aria-live': 'polite' },
      candidate.value === null ? null : h(Found, { candidate: candidate.value })
    )
  )
}

function Found({ candidate: { check, diff, replay } }: { readonly candidate: ShownCandidate }): VNode {
  const checkTone: Tone = check.ok ? (check.warnings === 0 ? 'good' : 'warn') : 'bad'
  const checkWords = check.ok
    ? check.warnings === 0
      ? 'no faults'
      : times(check.warnings, 'warning')
    : times(check.errors, 'error')
  return h(
    'div',
    { class: 'found' },
    h(Result, {
      title: 'Check',
      tone: checkTone,
      words: checkWords,
      report: check.report,
      open: checkTone !== 'good'
    }),
    diff === null
      ? h('p', { class: 'quiet-words' }, 'Mend these, then it is compared and tried.')
      : h(Result, {
          title: 'Difference',
          tone: diff.changes === 0 ? 'quiet' : 'warn',
          words: diff.changes === 0 ? 'none' : times(diff.changes, 'change'),
          report: diff.report,
          open: diff.changes > 0
        }),
    replay === null
      ? null
      : h(Result, {
          title: 'Replay',
          tone: replay.changed === 0 ? 'quiet' : 'warn',
          words: `${replay.changed} of ${times(replay.requests, 'request')} would go another way`,
          report: replay.report,
          open: replay.changed > 0
        })
  )
}

function Result({
  title,
  tone,
  words,
  report,
  open
}: {
  readonly title: string
  readonly tone: Tone
  readonly words: string
  readonly report: string
  readonly open: boolean
}): VNode {
  return h(
    'details',
    { open, class: 'result' },
    h('summary', null, h('b', null, title), ' ', h(Chip, { tone }, words)),
    h(Printed, { text: report, label: title })
  )
}
