import type { Io } from './command.ts'
import { paint } from '../words/paint.ts'

/** What a check found out, for eyes and for machines. Holds no secret. */
export interface Finding {
  /** The check: "settings", "certificate". */
  readonly check: string
  readonly level: 'ok' | 'warning' | 'problem'
  /** A sentence without its full stop. */
  readonly what: string
  /** What to do; null where there is nothing to do. */
  readonly remedy: string | null
}

export function ok(check: string, what: string): Finding {
  return { check, level: 'ok', what, remedy: null }
}

export function warning(check: string, what: string, remedy: string): Finding {
  return { check, level: 'warning', what, remedy }
}

export function problem(check: string, what: string, remedy: string): Finding {
  return { check, level: 'problem', what, remedy }
}

/** "problem  redis     it cannot be reached", and the remedy below it. */
export function findingInWords(
  { check, level, what, remedy }: Finding,
  { colour }: Pick<Io, 'colour'>
): string {
  const { dim, warn, alarm } = paint(colour)
  const style = { ok: dim, warning: warn, problem: alarm }[level]
  const lines = [`${style(level.padEnd(8))} ${check.padEnd(12)} ${what}\n`]
  if (remedy !== null) lines.push(`${' '.repeat(22)}${remedy}\n`)
  return lines.join('')
}

/** "1 problem, 2 warnings, 9 in order". */
export function countInWords(findings: readonly Finding[]): string {
  const count = (level: Finding['level']): number => findings.filter((one) => one.level === level).length
  const [problems, warnings] = [count('problem'), count('warning')]
  return [
    `${problems === 0 ? 'no' : problems} problem${problems === 1 ? '' : 's'}`,
    `${warnings === 0 ? 'no' : warnings} warning${warnings === 1 ? '' : 's'}`,
    `${count('ok')} in order`
  ].join(', ')
}
