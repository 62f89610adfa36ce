import { compileRouter } from '../domain/router.ts'
import type { RuleSet } from '../domain/rules.ts'
import { diffRules } from '../rules/diff.ts'
import { parseRules } from '../rules/parse.ts'
import { createReplay, type PastRequest } from '../rules/replay.ts'
import type { SenderCountries } from '../rules/sender-countries.ts'
import { printCheck } from '../words/check-words.ts'
import { printDiff } from '../words/diff-words.ts'
import { gathering } from '../words/printer.ts'
import { printReplay } from '../words/replay-words.ts'
import type { ShownCandidate } from './shown.ts'

/** A rules file that somebody thinks of, and what it is held against. */
export interface CandidateTask {
  readonly text: string
  readonly live: { readonly file: string; readonly rules: RuleSet }
  /** Oldest first. */
  readonly past: readonly PastRequest[]
  readonly senderCountries: SenderCountries
  /** Ms since 1970. */
  readonly nowMs: number
}

/** What it is called in what is said of it. */
const CANDIDATE_NAME = 'candidate'

/** What a file would change, as `check`, `diff` and `replay` say it. Takes seconds where the file is long. */
export function lookAtCandidate({ text, live, past, senderCountries, nowMs }: CandidateTask): ShownCandidate {
  const parsed = parseRules(text, CANDIDATE_NAME, { nowMs, senderCountries })
  const rules = parsed.kind === 'ok' ? parsed.rules : null
  const faults = parsed.kind === 'ok' ? parsed.warnings : parsed.faults
  const errors = faults.filter(({ severity }) => severity === 'error').length
  const page = gathering()
  printCheck(page, {
    file: CANDIDATE_NAME,
    hash: rules?.hash ?? null,
    rules: rules?.rules.length ?? null,
    faults,
    text
  })
  return {
    check: { ok: rules !== null, errors, warnings: faults.length - errors, report: page.text() },
    diff: rules === null ? null : diffWith(live, rules, nowMs),
    replay: rules === null ? null : replayBy(rules, past)
  }
}

function diffWith(live: CandidateTask['live'], rules: RuleSet, nowMs: number): ShownCandidate['diff'] {
  const diff = diffRules(live.rules, rules, nowMs)
  const page = gathering()
  printDiff(page, diff, {
    before: `${live.file} (${live.rules.hash})`,
    after: `${CANDIDATE_NAME} (${rules.hash})`,
    isSameText: live.rules.hash === rules.hash
  })
  return { changes: diff.routes.length + diff.settings.length, report: page.text() }
}

function replayBy(rules: RuleSet, past: readonly PastRequest[]): ShownCandidate['replay'] {
  const router = compileRouter(rules, { shadows: false })
  const replay = createReplay(router)
  for (const request of past) replay.add(request)
  const result = replay.result()
  const page = gathering()
  if (result.requests === 0) page.print('No request has been decided yet that it could be replayed over.\n')
  else printReplay(page, result, { unread: 0, currency: null, ruleCount: router.ruleCount })
  return { requests: result.requests, changed: Math.round(result.moved), report: page.text() }
}
