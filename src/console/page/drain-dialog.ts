import type { ComponentChildren, VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { DrainAsked, ShownDrain, ShownProvider, ShownRefusal } from '../shown.ts'
import { refusalOf } from './api.ts'
import { h } from './h.ts'
import { scopeInWords } from './headline.ts'
import { Field, Refused } from './parts.ts'
import { ask, nowMs, remember, remembered } from './store.ts'
import { countryOf, momentInWords, providerInWords } from './words.ts'

interface OfDialog {
  readonly close: () => void
  readonly done: (text: string, warnings: readonly string[]) => void
}

/** The browser's own dialog: it keeps the focus, closes on Escape, and gives the focus back. */
function Dialog({
  title,
  close,
  children
}: {
  readonly title: string
  readonly close: () => void
  readonly children?: ComponentChildren
}): VNode {
  const place = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = place.current
    const before = document.activeElement
    dialog?.showModal()
    return () => {
      dialog?.close()
      if (before instanceof HTMLElement && before.isConnected) before.focus()
    }
  }, [])
  return h(
    'dialog',
    {
      ref: place,
      'aria-labelledby': 'dialog-title',
      onCancel: (event: Event) => {
        event.preventDefault()
        close()
      }
    },
    h('h2', { id: 'dialog-title' }, title),
    children
  )
}

const LENGTHS = [
  ['30m', '30 minutes'],
  ['1h', '1 hour'],
  ['2h', '2 hours'],
  ['8h', '8 hours'],
  ['1d', '1 day'],
  ['3d', '3 days'],
  ['7d', '7 days']
] as const

export function DrainDialog({
  provider,
  close,
  done
}: OfDialog & { readonly provider: ShownProvider }): VNode {
  const [channel, setChannel] = useState<'' | 'sms' | 'voice'>('')
  const [country, setCountry] = useState('')
  const [length, setLength] = useState<string>('2h')
  const [why, setWhy] = useState('')
  const [by, setBy] = useState(remembered('by'))
  const [refusal, setRefusal] = useState<ShownRefusal | null>(null)
  const [busy, setBusy] = useState(false)
  const name = providerInWords(provider.name)
  const place = countryOf(country)
  const isUnread = place === null && country.trim() !== ''

  const drain = async (event: Event): Promise<void> => {
    event.preventDefault()
    const mistakes = [
      ...(isUnread ? ['say the country by its two letters, as BR; empty is every country'] : []),
      ...mistakesOf([
        [why, 'say why: whoever is next on call reads it'],
        [by, 'say who you are']
      ])
    ]
    if (mistakes.length > 0) {
      const error = mistakes.length === 1 ? 'One thing is needed.' : 'Some things are needed.'
      setRefusal({ error, mistakes })
      return
    }
    setBusy(true)
    const asked: DrainAsked = {
      provider: provider.name,
      ...(channel === '' ? {} : { channel }),
      ...(place === null ? {} : { country: place.code }),
      for: length,
      why: why.trim(),
      by: by.trim()
    }
    const answer = await ask<{ drain: ShownDrain; warnings: readonly string[] }>('POST', 'drains', asked)
    setBusy(false)
    setRefusal(refusalOf(answer))
    if (answer.kind !== 'ok') return
    remember('by', asked.by)
    const { drain: set, warnings } = answer.value
    done(`Drained: ${scopeInWords(set)}, until ${momentInWords(set.untilMs, nowMs())}.`, warnings)
  }

  return h(
    Dialog,
    { title: `Drain ${name}`, close },
    h(
      'p',
      null,
      `${name} is not asked any more, from the next code on, as far as you say here. What is under way goes on.`
    ),
    h(
      'form',
      { onSubmit: (event: Event) => void drain(event), noValidate: true },
      h(
        'div',
        { class: 'fields' },
        h(
          Field,
          { label: 'Channel' },
          h(
            'select',
            {
              value: channel,
              onChange: ({ currentTarget }) => setChannel(currentTarget.value as '' | 'sms' | 'voice')
            },
            h('option', { value: '' }, 'SMS and voice'),
            ...provider.channels.map(({ channel: one }) =>
              h('option', { value: one }, one === 'sms' ? 'SMS' : 'Voice')
            )
          )
        ),
        h(
          Field,
          {
            label: 'Country',
            hint: place?.name ?? (isUnread ? 'By two letters, as BR.' : 'Such as BR.')
          },
          h('input', {
            value: country,
            placeholder: 'every one',
            // More than two letters: cut off, China would be Switzerland.
            maxLength: 40,
            autoComplete: 'off',
            spellcheck: false,
            onInput: ({ currentTarget }) => {
              setCountry(currentTarget.value)
              setRefusal(null)
            }
          })
        ),
        h(
          Field,
          { label: 'For' },
          h(
            'select',
            { value: length, onChange: ({ currentTarget }) => setLength(currentTarget.value) },
            ...LENGTHS.map(([value, words]) => h('option', { value }, words))
          )
        )
      ),
      h(
        Field,
        { label: 'Why' },
        h('input', {
          value: why,
          placeholder: 'INC-1234: receipts say undelivered',
          maxLength: 200,
          autoComplete: 'off',
          autoFocus: true,
          onInput: ({ currentTarget }) => {
            setWhy(currentTarget.value)
            setRefusal(null)
          }
        })
      ),
      h(By, {
        by,
        setBy: (name: string) => {
          setBy(name)
          setRefusal(null)
        }
      }),
      h(Refused, { refusal }),
      h(
        'div',
        { class: 'dialog-end' },
        h('button', { type: 'button', onClick: close }, 'Leave it'),
        h('button', { type: 'submit', class: 'danger-button', disabled: busy }, `Drain ${name}`)
      )
    )
  )
}

export function UndrainDialog({ drain, close, done }: OfDialog & { readonly drain: ShownDrain }): VNode {
  const [by, setBy] = useState(remembered('by'))
  const [refusal, setRefusal] = useState<ShownRefusal | null>(null)
  const [busy, setBusy] = useState(false)

  const undrain = async (event: Event): Promise<void> => {
    event.preventDefault()
    const mistakes = mistakesOf([[by, 'say who you are']])
    if (mistakes.length > 0) {
      setRefusal({ error: 'One thing is needed.', mistakes })
      return
    }
    setBusy(true)
    const scope = new URLSearchParams({ provider: drain.provider, by: by.trim() })
    if (drain.channel !== null) scope.set('channel', drain.channel)
    if (drain.country !== null) scope.set('country', drain.country)
    const answer = await ask<{ still: readonly ShownDrain[] }>('DELETE', `drains?${String(scope)}`)
    setBusy(false)
    setRefusal(refusalOf(answer))
    if (answer.kind !== 'ok') return
    remember('by', by.trim())
    const still = answer.value.still.map((one) => `${scopeInWords(one)} is still drained`)
    done(`Back in service: ${scopeInWords(drain)}.`, still)
  }

  return h(
    Dialog,
    { title: 'Undrain', close },
    h(
      'p',
      null,
      h('b', null, scopeInWords(drain)),
      ` is asked again from the next code on. ${drain.by} drained it: ${drain.why}`
    ),
    h(
      'form',
      { onSubmit: (event: Event) => void undrain(event), noValidate: true },
      h(By, {
        by,
        setBy: (name: string) => {
          setBy(name)
          setRefusal(null)
        }
      }),
      h(Refused, { refusal }),
      h(
        'div',
        { class: 'dialog-end' },
        h('button', { type: 'button', onClick: close }, 'Leave it'),
        h('button', { type: 'submit', class: 'main-button', disabled: busy }, 'Undrain')
      )
    )
  )
}

function By({ by, setBy }: { readonly by: string; readonly setBy: (by: string) => void }): VNode {
  return h(
    Field,
    { label: 'By', hint: 'Remembered by this browser.' },
    h('input', {
      value: by,
      placeholder: 'your name',
      maxLength: 200,
      autoComplete: 'username',
      onInput: ({ currentTarget }) => setBy(currentTarget.value)
    })
  )
}

function mistakesOf(asked: readonly (readonly [value: string, mistake: string])[]): readonly string[] {
  return asked.filter(([value]) => value.trim() === '').map(([, mistake]) => mistake)
}
