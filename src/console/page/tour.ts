import type { VNode } from 'preact'
import { signal } from '@preact/signals'
import { candidate } from './candidate.ts'
import type { SendAsked, ShownRequest, ShownSandbox, ShownState } from '../shown.ts'
import { explanation } from './explain.ts'
import { h } from './h.ts'
import { icon } from './icons.ts'
import { send, setFault } from './sandbox-acts.ts'
import { requests, remember, remembered } from './store.ts'
import { providerInWords } from './words.ts'

/** What happened once stays ticked, though the fault is mended since. */
const seen = signal<ReadonlySet<string>>(new Set())
const hidden = signal(remembered('tour') === 'hidden')

interface Scene {
  readonly state: ShownState
  readonly sandbox: ShownSandbox
  readonly requests: readonly ShownRequest[]
}

interface Step {
  readonly name: string
  readonly title: (scene: Scene) => string
  readonly words: string
  readonly isDone: (scene: Scene) => boolean
  readonly act?: { readonly label: (scene: Scene) => string; readonly run: (scene: Scene) => Promise<void> }
  readonly link?: { readonly label: string; readonly place: (scene: Scene) => string }
}

/** Who had the first code: the tour breaks that one. */
function carrierOf({ requests, sandbox }: Scene): string {
  const carrier = requests.findLast(({ attempts, country }) => attempts.length > 0 && country === 'US')
    ?.attempts[0]?.provider
  return carrier ?? sandbox.faults[0]?.provider ?? 'twilio'
}

/** An American number: by the rules that ship one provider has all of them first, so that it is known whom to break. */
function sampleOf({ sandbox: { samples } }: Scene): SendAsked {
  const sample = samples.find(({ country }) => country === 'US') ?? samples[0]
  return { number: sample?.number ?? '', channel: sample?.channel ?? 'sms' }
}

const STEPS: readonly Step[] = [
  {
    name: 'send',
    title: () => 'Send a code',
    words: 'Okta’s documented request, to this gateway’s own hook. It arrives on a phone below.',
    isDone: ({ requests }) => requests.length > 0,
    act: { label: () => 'Send', run: (scene) => send(sampleOf(scene)) }
  },
  {
    name: 'break',
    title: (scene) => `Make ${providerInWords(carrierOf(scene))} fail`,
    words: 'From now on it answers with an error.',
    isDone: ({ sandbox }) => sandbox.faults.some(({ fault }) => fault !== null),
    act: {
      label: () => 'Break it',
      run: (scene) => setFault(carrierOf(scene), scene.sandbox.modes[0]?.mode ?? null)
    }
  },
  {
    name: 'failover',
    title: () => 'Send again, and see the failover',
    words: 'The next provider carries it, within the same second. Open its story to see who was asked when.',
    isDone: ({ requests }) => requests.some(({ end }) => end?.failover === true),
    act: { label: () => 'Send', run: (scene) => send(sampleOf(scene)) },
    link: {
      label: 'Its story',
      place: ({ requests }) => {
        const failedOver = requests.find(({ end }) => end?.failover === true)
        return failedOver === undefined ? 'now' : `now/${encodeURIComponent(failedOver.id)}`
      }
    }
  },
  {
    name: 'breaker',
    title: () => 'Open a breaker',
    words: 'Whoever keeps failing is left alone for a while, and codes lose no time on it.',
    isDone: ({ state }) =>
      state.providers.some(({ channels }) =>
        channels.some(({ history }) => history.some(({ to }) => to === 'open'))
      ),
    act: { label: () => 'Send six', run: (scene) => send(sampleOf(scene), 6) },
    link: { label: 'Providers', place: () => 'providers' }
  },
  {
    name: 'drain',
    title: (scene) => `Drain ${providerInWords(carrierOf(scene))}`,
    words: 'As one does at 3 a.m.: for two hours, with a reason. Then take it back.',
    isDone: ({ state }) => state.overrides.length > 0,
    link: { label: 'Providers', place: () => 'providers' }
  },
  {
    name: 'explain',
    title: () => 'Ask what a number would get',
    words: 'Which rule, who in which order, who is skipped and why.',
    isDone: () => explanation.value !== null,
    link: { label: 'Rules', place: () => 'rules' }
  },
  {
    name: 'candidate',
    title: () => 'Try another rules file',
    words: 'Take the live file and change a line: it is checked, compared and replayed. Nothing is loaded.',
    isDone: () => candidate.value !== null,
    link: { label: 'Rules', place: () => 'rules' }
  }
]

/** Ten minutes, a step after the other. Each is ticked when it has happened, wherever that was done. */
export function Tour({ state, sandbox }: Omit<Scene, 'requests'>): VNode {
  const scene: Scene = { state, sandbox, requests: requests.value }
  const done = new Set([
    ...seen.value,
    ...STEPS.filter(({ isDone }) => isDone(scene)).map(({ name }) => name)
  ])
  if (done.size > seen.peek().size) queueMicrotask(() => (seen.value = done))
  const next = STEPS.find(({ name }) => !done.has(name))
  const hide = (isHidden: boolean): void => {
    hidden.value = isHidden
    remember('tour', isHidden ? 'hidden' : '')
  }
  return h(
    'section',
    { class: 'card tour', 'aria-labelledby': 'tour' },
    h(
      'div',
      { class: 'section-head' },
      h('h2', { id: 'tour' }, 'Ten minutes, step by step'),
      h(
        'span',
        { class: 'quiet-words' },
        next === undefined ? 'all done' : `${done.size} of ${STEPS.length} done`
      ),
      h(
        'button',
        {
          type: 'button',
          class: 'quiet-button',
          'aria-expanded': !hidden.value,
          onClick: () => hide(!hidden.value)
        },
        hidden.value ? 'Show' : 'Hide'
      )
    ),
    hidden.value
      ? null
      : h(
          'ol',
          { class: 'steps' },
          ...STEPS.map((step) =>
            h(StepLine, { key: step.name, step, scene, isDone: done.has(step.name), isNext: step === next })
          )
        )
  )
}

function StepLine({
  step,
  scene,
  isDone,
  isNext
}: {
  readonly step: Step
  readonly scene: Scene
  readonly isDone: boolean
  readonly isNext: boolean
}): VNode {
  const { title, words, act, link } = step
  return h(
    'li',
    { class: isDone ? 'done' : isNext ? 'next' : '', ...(isNext ? { 'aria-current': 'step' as const } : {}) },
    h(
      'span',
      { class: 'step-mark' },
      isDone ? icon('check') : null,
      h('span', { class: 'unseen' }, isDone ? 'Done: ' : '')
    ),
    h('div', null, h('b', null, title(scene)), h('p', null, words)),
    h(
      'div',
      { class: 'step-act' },
      link !== undefined && (isDone || act === undefined)
        ? h('a', { href: `#${link.place(scene)}` }, link.label)
        : null,
      act === undefined
        ? null
        : h(
            'button',
            { type: 'button', class: isNext ? 'main-button' : '', onClick: () => void act.run(scene) },
            act.label(scene)
          )
    )
  )
}
