import type { VNode } from 'preact'
import { h } from './h.ts'
import type { Tone } from './outcomes.ts'

const PATHS = {
  check: 'M3.5 8.5l3 3 6-7',
  cross: 'M4 4l8 8M12 4l-8 8',
  alert: 'M8 2.5L14.5 13.5H1.5zM8 6.5v3.2M8 11.6v.2',
  dash: 'M4 8h8',
  dots: 'M4 8h.01M8 8h.01M12 8h.01',
  chevron: 'M6 4l4 4-4 4',
  copy: 'M6 6V3h7v7h-3M3 6h7v7H3z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3l7 5-7 5z',
  arrow: 'M2.5 8h10M9 4.5L12.5 8 9 11.5',
  now: 'M2 8h3l2-5 3 10 2-5h2',
  providers: 'M2 3.5h12v4H2zM2 9.5h12v3.5H2zM4.5 5.5h.01M4.5 11.2h.01',
  countries:
    'M8 1.8a6.2 6.2 0 100 12.4A6.2 6.2 0 008 1.8zM2 8h12M8 1.8c-4 4-4 8.4 0 12.4M8 1.8c4 4 4 8.4 0 12.4',
  rules: 'M3 3h10M3 8h6M3 13h8M12 7l2 1.5L12 10',
  sandbox: 'M4.5 1.8h7v12.4h-7zM7.3 11.8h1.4',
  theme: 'M8 2a6 6 0 100 12zM8 2a6 6 0 010 12',
  leave: 'M6 2.5H3v11h3M7 8h6.5M10.5 5l3 3-3 3'
} as const

export type IconName = keyof typeof PATHS

/** Decoration: what it means stands beside it in words. */
export function icon(name: IconName): VNode {
  return h(
    'svg',
    { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true', focusable: 'false' },
    h('path', { d: PATHS[name] })
  )
}

const BY_TONE: Readonly<Record<Tone, IconName>> = {
  good: 'check',
  warn: 'alert',
  bad: 'cross',
  quiet: 'dash'
}

export function iconOf(tone: Tone): VNode {
  return icon(BY_TONE[tone])
}
