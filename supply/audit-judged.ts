import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'

const Advisory = Type.Object({
  name: Type.String(),
  title: Type.String(),
  severity: Type.String(),
  url: Type.String(),
  range: Type.String()
})

/** What `npm audit --json` prints, as far as it is read: https://docs.npmjs.com/cli/commands/npm-audit */
const AuditReport = Type.Object({
  auditReportVersion: Type.Literal(2),
  vulnerabilities: Type.Record(
    Type.String(),
    Type.Object({ via: Type.Array(Type.Union([Type.String(), Advisory])) })
  )
})

const Exceptions = Type.Array(
  Type.Object(
    {
      advisory: Type.String({ pattern: '^GHSA(-[0-9a-z]{4}){3}$' }),
      package: Type.String({ minLength: 1 }),
      /** Why it does no harm here, so that somebody else can judge it. */
      why: Type.String({ minLength: 40 }),
      /** The last day it holds, YYYY-MM-DD: somebody looks again. */
      until: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' })
    },
    { additionalProperties: false }
  ),
  { maxItems: 20 }
)

const isReport = Compile(AuditReport)
const areExceptions = Compile(Exceptions)

export interface JudgedAudit {
  readonly ok: boolean
  /** What was found and what became of it, for people. */
  readonly lines: readonly string[]
}

/**
 * Holds what npm knows against the lock file's packages to the exceptions: each finding is one that is explained, for the
 * package and until the day that the explanation names. An exception that nothing needs any more is a fault as well.
 *
 * @param today YYYY-MM-DD
 */
export function judgeAudit(report: unknown, exceptions: unknown, today: string): JudgedAudit {
  if (!areExceptions.Check(exceptions)) {
    return fail(
      'supply/audit-exceptions.json is not as it should be: a list of { advisory, package, why, until }.'
    )
  }
  if (!isReport.Check(report)) {
    return fail(
      'This is no report of npm audit --json: the registry may not have answered. Nothing is known.'
    )
  }

  const found = advisoriesOf(report)
  const faults: string[] = []
  const explained: string[] = []
  for (const { name, title, severity, url, range } of found) {
    const id = url.slice(url.lastIndexOf('/') + 1)
    const words = `${name} ${range}: ${title} (${severity}, ${id})`
    const exception = exceptions.find((one) => one.advisory === id && one.package === name)
    if (exception === undefined) faults.push(`not explained: ${words}`)
    else if (exception.until < today) faults.push(`explained until ${exception.until}: ${words}`)
    else explained.push(`explained: ${words}. ${exception.why}`)
  }
  for (const { advisory, package: name } of exceptions) {
    if (!found.some((one) => one.name === name && one.url.endsWith(`/${advisory}`))) {
      faults.push(`not needed any more: the exception of ${name}, ${advisory}. Take it out.`)
    }
  }
  const summary = `${found.length} found, ${explained.length} explained, ${faults.length} to mend`
  return { ok: faults.length === 0, lines: [...explained, ...faults, summary] }
}

function fail(line: string): JudgedAudit {
  return { ok: false, lines: [line] }
}

/** One that reaches a package on several ways is one. */
function advisoriesOf({ vulnerabilities }: Static<typeof AuditReport>) {
  const all = Object.values(vulnerabilities).flatMap(({ via }) =>
    via.flatMap((one) => (typeof one === 'string' ? [] : [one]))
  )
  return [...new Map(all.map((one) => [`${one.name} ${one.url}`, one])).values()]
}
