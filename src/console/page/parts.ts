import type { ComponentChildren, VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { ShownRefusal } from '../shown.ts'
import { h } from './h.ts'
import { icon, iconOf } from './icons.ts'
import type { Tone } from './outcomes.ts'
import { shareInWords } from './words.ts'

export function Chip({
  tone,
  children,
  plain = false
}: {
  readonly tone: Tone
  readonly children?: ComponentChildren
  readonly plain?: boolean
}): VNode {
  return h('span', { class: `chip ${tone}` }, plain ? null : iconOf(tone), h('span', null, children))
}

/** What went wrong, and what to do. Read out where it appears. */
export function Refused({ refusal }: { readonly refusal: ShownRefusal | null }): VNode {
  return h(
    'div',
    { role: 'alert', class: 'alert-place' },
    refusal === null
      ? null
      : h(
          'div',
          { class: 'note bad' },
          icon('alert'),
          h(
            'div',
            null,
            h('p', null, refusal.error),
            refusal.mistakes.length === 0
              ? null
              : h('ul', null, ...refusal.mistakes.map((mistake) => h('li', null, sentence(mistake))))
          )
        )
  )
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/u.test(text) ? '' : '.'}`
}

export function Note({
  tone,
  children
}: {
  readonly tone: Tone
  readonly children?: ComponentChildren
}): VNode {
  return h(
    'div',
    { class: `note ${tone}` },
    icon(tone === 'good' ? 'check' : 'alert'),
    h('div', null, children)
  )
}

export function Empty({
  title,
  children
}: {
  readonly title: string
  readonly children?: ComponentChildren
}): VNode {
  return h('div', { class: 'empty' }, h('p', { class: 'empty-title' }, title), h('p', null, children))
}

export function Figure({
  name,
  value,
  hint = '',
  tone = 'quiet'
}: {
  readonly name: string
  readonly value: string
  readonly hint?: string
  readonly tone?: Tone
}): VNode {
  return h(
    'div',
    { class: `figure ${tone}` },
    h('dt', null, name),
    h('dd', null, value, hint === '' ? null : h('small', null, hint))
  )
}

export function Copy({ text, what }: { readonly text: string; readonly what: string }): VNode {
  const [copied, setCopied] = useState<boolean | null>(null)
  const copy = (): void => {
    // Without HTTPS and off localhost browsers have no clipboard: then it is marked, to be copied by hand.
    void (navigator.clipboard?.writeText(text) ?? Promise.reject(new Error())).then(
      () => setCopied(true),
      () => setCopied(false)
    )
    setTimeout(() => setCopied(null), 2_000)
  }
  return h(
    'button',
    { type: 'button', class: 'copy', onClick: copy, 'aria-label': `Copy the ${what}` },
    icon(copied === true ? 'check' : 'copy'),
    h('span', { 'aria-live': 'polite' }, copied === null ? '' : copied ? 'Copied' : 'Mark it and copy')
  )
}

/** A share as a bar beside its number. */
export function Share({
  part,
  whole,
  tone
}: {
  readonly part: number
  readonly whole: number
  readonly tone: Tone
}): VNode {
  const width = whole === 0 ? 0 : Math.min(1, part / whole) * 100
  return h(
    'span',
    { class: 'share' },
    h(
      'svg',
      {
        class: `bar ${tone}`,
        viewBox: '0 0 100 6',
        preserveAspectRatio: 'none',
        'aria-hidden': 'true'
      },
      h('rect', { class: 'bar-all', width: 100, height: 6 }),
      h('rect', { class: 'bar-part', width, height: 6 })
    ),
    h('span', { class: 'number' }, shareInWords(part, whole))
  )
}

export function Field({
  label,
  hint = '',
  children
}: {
  readonly label: string
  readonly hint?: ComponentChildren
  readonly children?: ComponentChildren
}): VNode {
  return h(
    'label',
    { class: 'field' },
    h('span', { class: 'field-name' }, label),
    children,
    hint === '' ? null : h('span', { class: 'field-hint' }, hint)
  )
}

/** What a command of the terminal prints. Wide ones can be scrolled, by keyboard too. */
export function Printed({ text, label }: { readonly text: string; readonly label: string }): VNode {
  return h('pre', { class: 'printed', tabIndex: 0, role: 'region', 'aria-label': label }, text.trimEnd())
}
