import type { VNode } from 'preact'
import { signal } from '@preact/signals'
import type { ExplainAsked, ShownExplanation, ShownRefusal } from '../shown.ts'
import { refusalOf } from './api.ts'
import { h } from './h.ts'
import { skipInWords } from './outcomes.ts'
import { Chip, Field, Printed, Refused } from './parts.ts'
import { ask } from './store.ts'
import { countryInWords, msInWords, plain, providerInWords } from './words.ts'

// Kept while the view is left and come back to.
const number = signal('')
const channel = signal<ExplainAsked['channel']>('sms')
const refusal = signal<ShownRefusal | null>(null)
const busy = signal(false)

export const explanation = signal<ShownExplanation | null>(null)

async function explain(event: Event): Promise<void> {
  event.preventDefault()
  if (number.value.trim() === '') {
    refusal.value = { error: 'Type a number, with + and its country: +46701740605.', mistakes: [] }
    return
  }
  busy.value = true
  const asked: ExplainAsked = { number: number.value.trim(), channel: channel.value }
  const answer = await ask<ShownExplanation>('POST', 'explain', asked)
  busy.value = false
  refusal.value = refusalOf(answer)
  explanation.value = answer.kind === 'ok' ? answer.value : null
}

/** Paste a number, and see what would be done with it. */
export function Explain(): VNode {
  return h(
    'section',
    { class: 'card tool', 'aria-labelledby': 'explain' },
    h('h2', { id: 'explain' }, 'What would a number get?'),
    h(
      'p',
      { class: 'quiet-words' },
      'By the rules in force, with breakers and drains as they are now. Nothing is sent, and the number is not kept.'
    ),
    h(
      'form',
      { onSubmit: (event: Event) => void explain(event), noValidate: true, class: 'explain-form' },
      h(
        Field,
        { label: 'Number' },
        h('input', {
          type: 'tel',
          value: number.value,
          placeholder: '+46 70 174 06 05',
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
            onChange: ({ currentTarget }) => (channel.value = currentTarget.value as ExplainAsked['channel'])
          },
          h('option', { value: 'sms' }, 'SMS'),
          h('option', { value: 'voice' }, 'Voice')
        )
      ),
      h('button', { type: 'submit', class: 'main-button', disabled: busy.value }, 'Explain')
    ),
    h(Refused, { refusal: refusal.value }),
    h(
      'div',
      { 'aria-live': 'polite' },
      explanation.value === null ? null : h(Shown, { explanation: explanation.value })
    )
  )
}

function Shown({ explanation }: { readonly explanation: ShownExplanation }): VNode {
  const { phone, country, numberType, winner, variants, rules, report } = explanation
  const shown = apart(variants)
  const what = numberType === null ? 'a number' : `a number of type ${plain(numberType)}`
  return h(
    'div',
    { class: 'explained' },
    h(
      'p',
      { class: 'explained-head' },
      phone === null
        ? 'This is no number that can be reached.'
        : `${phone}, ${what}, ${countryInWords(country)}: `,
      winner === null
        ? null
        : h('b', null, winner === 'otherwise' ? 'no rule matches, “otherwise” decides' : `rule ${winner}`)
    ),
    ...shown.map((variant) => h(Variant, { variant, isOnly: shown.length === 1 })),
    rules.length === 0
      ? null
      : h(
          'details',
          { open: true },
          h('summary', null, 'Why this rule, and no other'),
          h('ol', { class: 'verdicts' }, ...rules.map((rule) => h(Verdict, { rule })))
        ),
    h(
      'details',
      null,
      h('summary', null, 'As the terminal prints it'),
      h(Printed, { text: report, label: 'Explanation' })
    )
  )
}

type OfPeople = ShownExplanation['variants'][number]

/** A split whose arms come to the same, as one of them is left out, is one answer for all. */
function apart(variants: readonly OfPeople[]): readonly OfPeople[] {
  const same = Map.groupBy(variants, (variant) => JSON.stringify({ ...variant, share: 0 }))
  return [...same.values()].flatMap((group) =>
    group.slice(0, 1).map((first) => ({ ...first, share: group.reduce((sum, { share }) => sum + share, 0) }))
  )
}

function Variant({
  variant,
  isOnly
}: {
  readonly variant: ShownExplanation['variants'][number]
  readonly isOnly: boolean
}): VNode {
  const { share, blocked, chain, skipped } = variant
  return h(
    'div',
    { class: 'variant' },
    isOnly ? null : h('p', { class: 'variant-share' }, `${Number((share * 100).toFixed(1))} % of people`),
    blocked === null
      ? h(
          'ol',
          { class: 'chain' },
          ...chain.map(({ provider, sender, timeoutMs, isLastResort }) =>
            h(
              'li',
              null,
              h('b', null, providerInWords(provider)),
              h(
                'small',
                null,
                ` from ${sender}, ${msInWords(timeoutMs)}${isLastResort ? ', as the last resort' : ''}`
              )
            )
          )
        )
      : h('p', null, h(Chip, { tone: 'quiet' }, 'blocked'), ` ${plain(blocked)}: nothing is sent.`),
    blocked === null && chain.length === 0
      ? h('p', null, h(Chip, { tone: 'bad' }, 'nobody'), ' can be asked.')
      : null,
    ...skipped.map(({ provider, reason }) =>
      h('p', { class: 'quiet-words' }, `Skipped: ${providerInWords(provider)} ${skipInWords(reason)}.`)
    )
  )
}

const VERDICTS = {
  matches: { tone: 'good', words: 'decides' },
  no: { tone: 'quiet', words: 'no' },
  would_match: { tone: 'warn', words: 'would, without shadow' },
  not_looked_at: { tone: 'quiet', words: 'not looked at' }
} as const

function Verdict({ rule }: { readonly rule: ShownExplanation['rules'][number] }): VNode {
  const { tone, words } = VERDICTS[rule.verdict]
  return h(
    'li',
    { class: rule.verdict },
    h('span', null, rule.name),
    h(Chip, { tone }, words),
    rule.because === null ? null : h('small', null, rule.because)
  )
}
