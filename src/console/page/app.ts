import type { VNode } from 'preact'
import { useEffect, useErrorBoundary, useRef } from 'preact/hooks'
import type { ShownState } from '../shown.ts'
import { call } from './api.ts'
import { Countries } from './countries.ts'
import { h } from './h.ts'
import { headlineOf } from './headline.ts'
import { icon, type IconName } from './icons.ts'
import { connect, stop } from './live.ts'
import { Login } from './login.ts'
import { Now } from './now.ts'
import { Providers } from './providers.ts'
import { Rules } from './rules.ts'
import { Sandbox } from './sandbox.ts'
import { connection, endSession, now, remember, session, sessionEnded, state, theme, view } from './store.ts'
import { lengthInWords, secondInWords } from './words.ts'

interface View {
  readonly place: string
  readonly name: string
  readonly icon: IconName
  readonly shows: (state: ShownState) => VNode
}

const VIEWS: readonly View[] = [
  { place: 'now', name: 'Now', icon: 'now', shows: (state) => h(Now, { state }) },
  { place: 'providers', name: 'Providers', icon: 'providers', shows: (state) => h(Providers, { state }) },
  { place: 'countries', name: 'Countries', icon: 'countries', shows: (state) => h(Countries, { state }) },
  { place: 'rules', name: 'Rules', icon: 'rules', shows: (state) => h(Rules, { state }) }
]

const SANDBOX: View = {
  place: 'sandbox',
  name: 'Sandbox',
  icon: 'sandbox',
  shows: (state) => h(Sandbox, { state })
}

const viewsOf = ({ node }: ShownState): readonly View[] =>
  node.mode === 'sandbox' ? [...VIEWS, SANDBOX] : VIEWS

export function App(): VNode {
  const shown = state.value
  useEffect(() => {
    if (session.value === 'out') document.title = 'Log in - Switchboard'
  }, [session.value])
  if (session.value === 'out') return h(Login, {})
  // For the moment before the first answer: nothing that would jump away.
  if (shown === null) return h('div', { 'aria-busy': true })
  return h(Console, { state: shown })
}

function Console({ state }: { readonly state: ShownState }): VNode {
  const views = viewsOf(state)
  const current = views.find(({ place }) => place === view.value) ?? views[0]
  const main = useRef<HTMLElement>(null)
  const shownBefore = useRef(false)
  const isLost = connection.value.kind === 'lost'

  useEffect(() => {
    document.title = `${current?.name ?? 'Now'} - Switchboard`
    // Whoever came by a link of the page reads on at its beginning; the first view takes nobody's focus.
    if (shownBefore.current) {
      scrollTo(0, 0)
      main.current?.querySelector('h1')?.focus({ preventScroll: true })
    }
    shownBefore.current = true
  }, [current])

  const skip = (event: Event): void => {
    event.preventDefault()
    main.current?.focus()
  }
  return h(
    'div',
    { class: `console${isLost ? ' is-old' : ''}` },
    h('a', { href: '#main', class: 'skip', onClick: skip }, 'Skip to the content'),
    h(
      'header',
      { class: 'top' },
      h(
        'a',
        { href: '#now', class: 'brand', 'aria-label': 'Switchboard, now' },
        h('img', { src: '/console/page/icon.svg', alt: '', width: 24, height: 24 }),
        h('span', null, 'Switchboard')
      ),
      state.node.mode === 'sandbox' ? h('span', { class: 'mode' }, 'Sandbox') : null,
      h(
        'nav',
        { 'aria-label': 'Views' },
        ...views.map(({ place, name, icon: mark }) =>
          h(
            'a',
            {
              key: place,
              href: `#${place}`,
              ...(place === current?.place ? { 'aria-current': 'page' as const } : {})
            },
            icon(mark),
            h('span', null, name)
          )
        )
      ),
      h('div', { class: 'top-end' }, h(Liveness, {}), h(ThemeSwitch, {}), h(Leave, {}))
    ),
    h(LostBanner, {}),
    h(
      'main',
      { id: 'main', ref: main, tabIndex: -1 },
      h(Shown, { key: current?.place, view: current, state })
    ),
    h(Foot, { state }),
    h(Announcer, { state }),
    h('span', { id: 'colour-probe', hidden: true })
  )
}

/** A fault of one view leaves the others, and says what to do. */
function Shown({
  view,
  state
}: {
  readonly view: View | undefined
  readonly state: ShownState
}): VNode | null {
  const [error, reset] = useErrorBoundary()
  if (view === undefined) return null
  if (error === undefined) return view.shows(state)
  return h(
    'div',
    { class: 'view' },
    h('h1', { tabIndex: -1 }, view.name),
    h(
      'div',
      { role: 'alert', class: 'note bad' },
      icon('alert'),
      h(
        'div',
        null,
        h(
          'p',
          null,
          'This view met a fault of its own. Codes are not touched by it. Try again, or use the terminal: ',
          h('code', null, 'switchboard status'),
          '.'
        )
      )
    ),
    h('p', null, h('button', { type: 'button', onClick: reset }, 'Try again'))
  )
}

function Liveness(): VNode {
  const { kind } = connection.value
  const words = { live: 'Live', lost: 'Lost', connecting: 'Connecting' }[kind]
  return h(
    'span',
    { class: `liveness ${kind}` },
    h('span', { class: 'liveness-dot', 'aria-hidden': 'true' }),
    words
  )
}

function LostBanner(): VNode {
  const lost = connection.value
  return h(
    'div',
    { role: 'status' },
    lost.kind !== 'lost'
      ? null
      : h(
          'div',
          { class: 'lost' },
          icon('alert'),
          h(
            'p',
            null,
            h('b', null, `The connection is lost since ${secondInWords(lost.sinceMs)}. `),
            'What you see is from then. The console goes on trying by itself.'
          ),
          h(
            'span',
            { 'aria-hidden': 'true', class: 'number' },
            lost.nextAtMs > now.value ? `next try in ${lengthInWords(lost.nextAtMs - now.value)}` : 'trying'
          ),
          h('button', { type: 'button', onClick: () => void connect() }, 'Try now')
        )
  )
}

const THEMES = [
  ['', 'System'],
  ['light', 'Light'],
  ['dark', 'Dark']
] as const

function ThemeSwitch(): VNode {
  return h(
    'label',
    { class: 'theme' },
    icon('theme'),
    h('span', { class: 'unseen' }, 'Theme'),
    h(
      'select',
      {
        value: theme.value,
        onChange: ({ currentTarget }) => {
          theme.value = currentTarget.value
          remember('theme', currentTarget.value)
        }
      },
      ...THEMES.map(([value, words]) => h('option', { value }, words))
    )
  )
}

async function leave(): Promise<void> {
  stop()
  await call('DELETE', 'session')
  endSession()
  sessionEnded.value = false
}

function Leave(): VNode {
  return h(
    'button',
    { type: 'button', class: 'quiet-button leave', onClick: () => void leave() },
    icon('leave'),
    h('span', null, 'Log out')
  )
}

function Foot({ state }: { readonly state: ShownState }): VNode {
  const { version, startedAtMs, state: shared } = state.node
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const alone =
    shared === 'alone'
      ? 'It runs alone: figures are of this node.'
      : `Shared state: ${shared}. Figures are of this node.`
  return h(
    'footer',
    { class: 'foot' },
    h(
      'p',
      null,
      `Switchboard ${version}, up for ${lengthInWords(state.nowMs - startedAtMs)}. ${alone} Times are of ${zone}.`
    )
  )
}

/** Says aloud when it turns good or bad, and nothing else. */
function Announcer({ state }: { readonly state: ShownState }): VNode {
  const { tone, text } = headlineOf(state)
  const said = useRef({ tone, text: '' })
  if (said.current.tone !== tone) said.current = { tone, text }
  return h('p', { class: 'unseen', 'aria-live': 'polite' }, said.current.text)
}
