import type { Io } from './command.ts'
import { ok, problem, warning, type Finding } from './findings.ts'
import { readHookHeader } from './hook-caller.ts'
import { exchangeJson, transportInWords, type JsonAnswer } from './json-exchange.ts'
import { OKTA_WAITS_MS } from './okta-judge.ts'
import type { Probes } from './probes.ts'

/** So many requests that send nothing: enough for a slow one to show. */
const REQUESTS = 10

/** Of each of them; above what Okta waits, so that late is told from never. */
const WITHIN_MS = 6_000
const CERTIFICATE_WITHIN_MS = 5_000
const DAY_MS = 24 * 60 * 60_000
const SOON_DAYS = 14

/** Above that a code has little left of the three seconds, in ms. */
const SLOW_MS = 300

const PROXY = 'The proxy in front has to pass POST /telephonyHook on to the gateway'

/**
 * Is the gateway where Okta will look for it? Asked as Okta would, with the gateway's own credentials and a body that
 * it cannot understand: it answers, and sends nothing.
 */
export async function checkHook(
  io: Pick<Io, 'fetch' | 'monotonic' | 'env' | 'readFile'>,
  url: URL
): Promise<readonly Finding[]> {
  const header = readHookHeader(io)
  const ask = (): Promise<JsonAnswer> =>
    exchangeJson(io, url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(header === null ? {} : { [header.name]: header.value })
      },
      body: '{}',
      withinMs: WITHIN_MS
    })
  const first = await ask()
  const reached = whoAnswers(first, url, header !== null)
  if (reached.level === 'problem') return [reached]
  const times = [first.elapsedMs]
  // One after the other, as a single sign-in would come.
  while (times.length < REQUESTS) {
    const { kind, elapsedMs } = await ask()
    if (kind === 'no_answer') {
      const remedy = 'Look into the logs of the gateway and of the proxy at this minute'
      return [
        reached,
        problem('answer time', `request ${times.length + 1} of ${REQUESTS} got no answer`, remedy)
      ]
    }
    times.push(elapsedMs)
  }
  return [reached, timeOf(times)]
}

function whoAnswers(answer: JsonAnswer, url: URL, isSignedIn: boolean): Finding {
  const check = 'public url'
  if (answer.kind === 'no_answer') {
    return problem(check, `${url.href}: ${transportInWords(answer.cause)}`, remedyOf(answer.cause))
  }
  const { status, json } = answer
  if (status >= 300 && status < 400) {
    return problem(
      check,
      `${url.href} sends elsewhere (HTTP ${status}), and Okta follows no redirect`,
      'Set PUBLIC_URL to where it leads, and give that to Okta'
    )
  }
  if (!isOurs(json)) {
    return problem(check, `${url.href} answers with HTTP ${status}, and it is not this gateway`, PROXY)
  }
  // Whoever asks often enough is told so, and is turned away all the same.
  if (status === 401 || reasonIn(json) === 'too_many_failures') {
    return isSignedIn
      ? problem(
          check,
          `${url.href} is a Switchboard that does not take the credentials of this environment`,
          'Restart it with these settings, or run doctor with its own'
        )
      : ok(check, `${url.href} is a Switchboard, and lets nobody in without credentials`)
  }
  if (status !== 200) {
    return problem(
      check,
      `${url.href} is a Switchboard, and answers with HTTP ${status}`,
      REMEDIES[status] ?? 'Its log says why: okta.request.refused'
    )
  }
  return isSignedIn
    ? ok(check, `${url.href} is a Switchboard, and takes the credentials of this environment`)
    : problem(
        check,
        `${url.href} lets everybody in`,
        'Set OKTA_BASIC_AUTH, or another way for Okta to sign in: anybody may send codes through it'
      )
}

const REMEDIES: Readonly<Record<number, string>> = {
  403: 'ALLOWED_SOURCES keeps this machine out: run doctor where it lets in, and see that Okta is on the list (docs/okta.md)',
  429: 'SOURCE_LIMIT, or too many wrong credentials from here: wait a minute. Behind a proxy everybody is one source until TRUSTED_PROXIES names it'
}

function remedyOf(cause: string): string {
  if (cause.startsWith('CERT') || cause.includes('CERT') || cause.includes('LEAF')) {
    return 'Okta takes certificates that the public trusts, with the intermediate ones beside them, and no other'
  }
  return cause === 'ENOTFOUND' || cause === 'EAI_AGAIN'
    ? 'Make the name known to the DNS, or mend PUBLIC_URL'
    : `Is the gateway running, and may the internet reach it? ${PROXY}`
}

/** Every answer of ours that says no names its domain. */
function isOurs(json: unknown): boolean {
  return causeIn(json)?.domain === 'switchboard'
}

function reasonIn(json: unknown): unknown {
  return causeIn(json)?.reason
}

function causeIn(json: unknown): { readonly domain?: unknown; readonly reason?: unknown } | null {
  const { error } = (json ?? {}) as { readonly error?: { readonly errorCauses?: unknown } | null }
  const causes: unknown = error?.errorCauses
  return Array.isArray(causes) ? (causes[0] as { readonly domain?: unknown } | null) : null
}

function timeOf(times: readonly number[]): Finding {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] ?? 0
  const [median, p95] = [at(0.5), at(0.95)]
  const what = `${times.length} requests that send nothing: median ${median} ms, p95 ${p95} ms, of the ${OKTA_WAITS_MS} that Okta waits`
  if (p95 >= OKTA_WAITS_MS) {
    return problem('answer time', what, 'Okta hangs up before: look at the network and the proxy')
  }
  return p95 < SLOW_MS
    ? ok('answer time', what)
    : warning(
        'answer time',
        what,
        'That is lost before a provider is asked: run it nearer to Okta, or lower "deadline" in the rules'
      )
}

/** Whether it may be trusted says {@link checkHook}; this says for how long. */
export async function checkCertificate(
  { certificate }: Pick<Probes, 'certificate'>,
  url: URL,
  nowMs: number
): Promise<readonly Finding[]> {
  const check = 'certificate'
  if (url.protocol !== 'https:') {
    return [
      problem(
        check,
        `${url.origin} has none: Okta calls https:// only`,
        'Put a proxy with a certificate in front'
      )
    ]
  }
  try {
    const { validToMs } = await certificate(url, CERTIFICATE_WITHIN_MS)
    const days = Math.floor((validToMs - nowMs) / DAY_MS)
    const until = new Date(validToMs).toISOString().slice(0, 10)
    if (days < 0) return [problem(check, `it has expired on ${until}`, 'Renew it')]
    return days < SOON_DAYS
      ? [
          warning(
            check,
            `it expires in ${days} days, on ${until}`,
            'Renew it, and see why that does not happen by itself'
          )
        ]
      : [ok(check, `valid for ${days} days, until ${until}`)]
  } catch {
    return [
      problem(
        check,
        `nobody at ${url.host} shows one`,
        'Put a proxy with a certificate in front, on this port'
      )
    ]
  }
}
