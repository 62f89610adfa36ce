import type { VNode } from 'preact'
import type { ShownRulesInForce, ShownState } from '../shown.ts'
import { Candidate } from './candidate.ts'
import { Explain } from './explain.ts'
import { h } from './h.ts'
import { Chip, Copy, Note, Printed } from './parts.ts'
import { countInWords, lengthInWords, momentInWords } from './words.ts'

/** What decides, and what another file would. */
export function Rules({ state }: { readonly state: ShownState }): VNode {
  const { rules, nowMs } = state
  return h(
    'div',
    { class: 'view' },
    h('h1', { tabIndex: -1 }, 'Rules'),
    h(InForce, { rules, nowMs }),
    h(Table, { rules, nowMs, upForMs: nowMs - state.node.startedAtMs }),
    h('div', { class: 'two' }, h(Explain, {}), h(Candidate, { file: rules.file }))
  )
}

interface OfRules {
  readonly rules: ShownRulesInForce
  readonly nowMs: number
}

function InForce({ rules, nowMs }: OfRules): VNode {
  const { file, hash, loadedAtMs, rejection, candidate } = rules
  return h(
    'section',
    { class: 'in-force', 'aria-label': 'In force' },
    h(
      'p',
      { class: 'in-force-line' },
      h('code', null, file),
      h('span', { class: 'hash' }, h('code', null, hash), h(Copy, { text: hash, what: 'hash' })),
      h(
        'span',
        { class: 'quiet-words' },
        `in force since ${momentInWords(loadedAtMs, nowMs)}, for ${lengthInWords(nowMs - loadedAtMs)}`
      )
    ),
    rejection === null
      ? null
      : h(
          Note,
          { tone: 'bad' },
          h(
            'p',
            null,
            h('b', null, `The file as it is now has faults, since ${momentInWords(rejection.atMs, nowMs)}.`),
            ' Codes go on by the rules before it. Mend the file, and it is read again by itself.'
          ),
          h(Printed, { text: rejection.words, label: 'Faults' })
        ),
    candidate === null ? null : h(CandidateFile, { candidate })
  )
}

function CandidateFile({
  candidate: { file, hash, canaryPercent, canaryStopped }
}: {
  readonly candidate: NonNullable<ShownRulesInForce['candidate']>
}): VNode {
  if (hash === null) {
    return h(
      Note,
      { tone: 'quiet' },
      h(
        'p',
        null,
        'A candidate file is named, and not in use: ',
        h('code', null, file),
        ' is not there, or has faults.'
      )
    )
  }
  const does = canaryStopped
    ? 'Its canary was stopped, as it did worse than the rules in force.'
    : canaryPercent === null
      ? 'It decides nothing: only differences are logged.'
      : `It decides for ${canaryPercent} % of people.`
  return h(
    Note,
    { tone: canaryStopped ? 'bad' : 'quiet' },
    h(
      'p',
      null,
      h('b', null, 'A candidate is tried beside it: '),
      h('code', null, file),
      ' ',
      h('code', null, hash),
      `. ${does}`
    )
  )
}

function Table({ rules: { rules }, nowMs, upForMs }: OfRules & { readonly upForMs: number }): VNode {
  const hour = upForMs < HOUR_MS ? 'Since the start' : 'Last hour'
  const most = Math.max(1, ...rules.map(({ matchedLastHour }) => matchedLastHour))
  const never = rules.filter(({ lastMatchedAtMs, name }) => lastMatchedAtMs === null && name !== 'otherwise')
  return h(
    'section',
    { 'aria-labelledby': 'rules-hit' },
    h('h2', { id: 'rules-hit' }, 'What each decided'),
    h(
      'div',
      { class: 'table-place' },
      h(
        'table',
        { class: 'grid rules-table' },
        h(
          'thead',
          null,
          h(
            'tr',
            null,
            h('th', { scope: 'col' }, 'Rule'),
            h('th', { scope: 'col', class: 'number' }, hour),
            h('th', { scope: 'col' }, 'Last'),
            h('th', { scope: 'col' }, 'Notes')
          )
        ),
        h(
          'tbody',
          null,
          ...rules.map((rule) =>
            h(
              'tr',
              { key: rule.name },
              h('th', { scope: 'row' }, rule.name),
              h(
                'td',
                { class: 'number', 'data-name': hour },
                h(Volume, { part: rule.matchedLastHour, most })
              ),
              h(
                'td',
                { 'data-name': 'Last' },
                rule.lastMatchedAtMs === null
                  ? h(Chip, { tone: 'quiet' }, 'never')
                  : h('span', { class: 'number' }, momentInWords(rule.lastMatchedAtMs, nowMs))
              ),
              h('td', { class: 'notes' }, h(RuleNotes, { rule, nowMs }))
            )
          )
        )
      )
    ),
    never.length === 0
      ? null
      : h(
          'p',
          { class: 'quiet-words' },
          `“never” is since the start, ${lengthInWords(upForMs)} ago. A rule that nothing reaches for weeks is one that nobody needs, or one that never comes to its turn.`
        )
  )
}

const HOUR_MS = 60 * 60 * 1_000

function Volume({ part, most }: { readonly part: number; readonly most: number }): VNode {
  return h(
    'span',
    { class: 'share' },
    h(
      'svg',
      { class: 'bar volume', viewBox: '0 0 100 6', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      h('rect', { class: 'bar-all', width: 100, height: 6 }),
      h('rect', { class: 'bar-part', width: (part / most) * 100, height: 6 })
    ),
    h('span', { class: 'number' }, countInWords(part))
  )
}

function RuleNotes({
  rule,
  nowMs
}: {
  readonly rule: ShownRulesInForce['rules'][number]
  readonly nowMs: number
}): VNode {
  const { does, shadow, owner, why, untilMs } = rule
  return h(
    'div',
    null,
    does === 'block' ? h(Chip, { tone: 'quiet', plain: true }, 'blocks') : null,
    shadow ? h(Chip, { tone: 'quiet', plain: true }, 'shadow: decides nothing') : null,
    untilMs === null
      ? null
      : h(Chip, { tone: 'warn', plain: true }, `until ${momentInWords(untilMs, nowMs)}`),
    why === null ? null : h('span', null, why),
    owner === null ? null : h('small', null, ` ${owner}`)
  )
}
