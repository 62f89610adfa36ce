import { useState } from 'preact/hooks'
import type { VNode } from 'preact'
import type { ShownRefusal } from '../shown.ts'
import { call, refusalOf } from './api.ts'
import { h } from './h.ts'
import { connect } from './live.ts'
import { Field, Note, Refused } from './parts.ts'
import { knownSecret, sessionEnded } from './store.ts'

export function Login(): VNode {
  const [secret, setSecret] = useState('')
  const [refusal, setRefusal] = useState<ShownRefusal | null>(null)
  const [busy, setBusy] = useState(false)

  const logIn = async (event: Event): Promise<void> => {
    event.preventDefault()
    if (secret.trim() === '') {
      setRefusal({ error: 'Type the admin secret first.', mistakes: [] })
      return
    }
    setBusy(true)
    const answer = await call<null>('POST', 'session', { secret: secret.trim() })
    const refused = refusalOf(answer)
    setRefusal(refused)
    setBusy(false)
    if (refused !== null) return
    setSecret('')
    await connect()
  }

  return h(
    'main',
    { class: 'login' },
    h('h1', null, h('img', { src: '/console/page/icon.svg', alt: '', width: 36, height: 36 }), 'Switchboard'),
    h('p', { class: 'quiet-words' }, 'See what becomes of the codes, and take a provider out.'),
    sessionEnded.value
      ? h(
          Note,
          { tone: 'warn' },
          h('p', null, 'Your session has ended. Log in again, and you are back where you were.')
        )
      : null,
    h(
      'form',
      { onSubmit: (event: Event) => void logIn(event), noValidate: true },
      // For password managers, which want a name beside a secret.
      h('input', {
        type: 'text',
        name: 'username',
        value: 'admin',
        autoComplete: 'username',
        hidden: true,
        readOnly: true
      }),
      h(
        Field,
        {
          label: 'Admin secret',
          hint:
            knownSecret.value === null
              ? 'The value of ADMIN_SECRET of this gateway.'
              : ['This is the sandbox: the secret is ', h('code', null, knownSecret.value), '.']
        },
        h('input', {
          type: 'password',
          name: 'secret',
          autoComplete: 'current-password',
          autoFocus: true,
          value: secret,
          maxLength: 512,
          onInput: ({ currentTarget }) => setSecret(currentTarget.value)
        })
      ),
      h(Refused, { refusal }),
      h('button', { type: 'submit', class: 'main-button', disabled: busy }, busy ? 'One moment …' : 'Log in')
    )
  )
}
