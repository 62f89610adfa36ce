import type { Log } from 'sarif'
import { FAULTS, type Fault } from '../rules/faults.ts'
import { createSource } from '../rules/source.ts'

/** A rules file with what was found in it. */
export interface CheckedFile {
  /** As it was given. */
  readonly file: string
  /** Null where it cannot be used. */
  readonly hash: string | null
  readonly rules: number | null
  readonly faults: readonly Fault[]
  readonly text: string
  /** One sentence where it could not be read at all. */
  readonly unreadable: string | null
}

/** @param senderCountries the version of the table of what carriers do with names. */
export function jsonOf(checked: readonly CheckedFile[], senderCountries: string): unknown {
  return {
    senderCountries,
    files: checked.map(({ file, hash, rules, faults, unreadable }) => ({
      file,
      hash,
      rules,
      unreadable,
      faults
    }))
  }
}

/**
 * Annotations of a workflow of GitHub, a line each.
 * https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
 */
export function githubOf(checked: readonly CheckedFile[]): string {
  return checked
    .flatMap(({ file, faults, text, unreadable }) => [
      ...(unreadable === null ? [] : [`::error file=${property(file)}::${message(unreadable)}\n`]),
      ...faults.map((fault) => {
        const { code, severity, line, column } = fault
        const end = endOf(text, fault)
        const place = [
          `file=${property(file)}`,
          `line=${line}`,
          `endLine=${end.line}`,
          // A column beyond one line is refused.
          ...(end.line === line ? [`col=${column}`, `endColumn=${end.column}`] : []),
          `title=${property(`${code} ${FAULTS[code].title}`)}`
        ]
        return `::${severity} ${place.join(',')}::${message(fault.message)}\n`
      })
    ])
    .join('')
}

function message(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return message(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

const SARIF_SCHEMA =
  'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json'

/** For code scanning. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html */
export function sarifOf(checked: readonly CheckedFile[], version: string): Log {
  const codes = Object.keys(FAULTS) as (keyof typeof FAULTS)[]
  return {
    $schema: SARIF_SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'switchboard',
            semanticVersion: version,
            rules: codes.map((code) => ({
              id: code,
              shortDescription: { text: FAULTS[code].title },
              help: { text: `See the section ${code} of docs/rule-faults.md.` },
              defaultConfiguration: { level: code.startsWith('E') ? 'error' : 'warning' }
            }))
          }
        },
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: checked.every(({ unreadable }) => unreadable === null),
            toolExecutionNotifications: checked.flatMap(({ unreadable }) =>
              unreadable === null ? [] : [{ level: 'error', message: { text: unreadable } }]
            )
          }
        ],
        results: checked.flatMap(({ file, text, faults }) =>
          faults.map((fault) => {
            const end = endOf(text, fault)
            return {
              ruleId: fault.code,
              ruleIndex: codes.indexOf(fault.code),
              level: fault.severity,
              message: { text: fault.message },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: { uri: encodeURI(file) },
                    region: {
                      startLine: fault.line,
                      startColumn: fault.column,
                      endLine: end.line,
                      endColumn: end.column
                    }
                  }
                }
              ]
            }
          })
        )
      }
    ]
  }
}

function endOf(text: string, fault: Fault) {
  const source = createSource(text, fault.file)
  return source.positionOf(source.offsetOf(fault) + fault.length)
}
