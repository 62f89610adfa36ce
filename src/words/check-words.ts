import type { Fault } from '../rules/faults.ts'
import { renderFaults } from '../rules/report.ts'
import type { Printer } from './printer.ts'

interface Checked {
  readonly file: string
  /** Null where it cannot be used. */
  readonly hash: string | null
  readonly rules: number | null
  readonly faults: readonly Fault[]
  readonly text: string
}

/** Every fault of a rules file, and what it comes to. */
export function printCheck(io: Printer, { file, hash, rules, faults, text }: Checked): void {
  io.print(renderFaults(text, faults, { colour: io.colour }))
  const use = hash === null ? 'it cannot be used' : `${rules} rules (${hash})`
  io.print(`${file}: ${countOf(faults, 'error')}, ${countOf(faults, 'warning')}; ${use}\n`)
}

function countOf(faults: readonly Fault[], severity: Fault['severity']): string {
  const count = faults.filter((fault) => fault.severity === severity).length
  if (count === 0) return `no ${severity}s`
  return `${count} ${severity}${count === 1 ? '' : 's'}`
}
