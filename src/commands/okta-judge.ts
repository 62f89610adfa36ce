import { ok, problem, warning, type Finding } from './findings.ts'

/** An answer of the hook, as it came over the wire. */
export interface HookAnswer {
  readonly status: number
  readonly contentType: string | null
  readonly text: string
  /** From the first byte of the request to the last of the answer. */
  readonly elapsedMs: number
}

/** Okta hangs up then, TLS and, with OAuth, its own token included. */
export const OKTA_WAITS_MS = 3_000
/** Little is left above that for what else is on the way. */
const LATE_MS = 2_700

/** https://developer.okta.com/docs/concepts/inline-hooks/ */
const MOST_BYTES = 256 * 1024

const STATUSES: ReadonlySet<unknown> = new Set(['SUCCESSFUL', 'PENDING', 'FAILED'])

/**
 * Holds an answer against what Okta documents of its telephony hook, in words that say what Okta would do with it.
 * https://developer.okta.com/docs/guides/telephony-inline-hook/nodejs/main/
 */
export function judgeAnswer(answer: HookAnswer): readonly Finding[] {
  return [statusOf(answer), timeOf(answer), sizeOf(answer), ...bodyOf(answer)]
}

function statusOf({ status }: HookAnswer): Finding {
  if (status === 200) return ok('status', 'HTTP 200')
  const skipped = 'Okta skips the hook for anything but 200, and sends by itself where it can'
  if (status === 401 || status === 403) {
    return problem(
      'status',
      `HTTP ${status}: it does not let this caller in. ${skipped}`,
      'The secret here is not among those that the gateway takes: compare OKTA_BASIC_AUTH, and restart it'
    )
  }
  if (status >= 300 && status < 400) {
    return problem(
      'status',
      `HTTP ${status}: it sends elsewhere, and Okta follows no redirect`,
      'Give Okta the address that it leads to'
    )
  }
  if (status === 404 || status === 405) {
    return problem(
      'status',
      `HTTP ${status}: the hook is not there. ${skipped}`,
      'The proxy in front has to pass on POST /telephonyHook'
    )
  }
  const remedy =
    status >= 500
      ? 'The gateway, or the proxy in front of it, is in trouble: look into their logs'
      : 'Is it the gateway that answers there?'
  return problem('status', `HTTP ${status}. ${skipped}`, remedy)
}

function timeOf({ elapsedMs }: HookAnswer): Finding {
  const took = `answered after ${Math.round(elapsedMs)} ms`
  if (elapsedMs >= OKTA_WAITS_MS) {
    return problem(
      'time',
      `${took}: Okta has hung up after 3000, and sends by itself`,
      'Lower "deadline" in the rules file, and look at how far the gateway is from Okta'
    )
  }
  if (elapsedMs >= LATE_MS) {
    return warning(
      'time',
      `${took} of the 3000 that Okta waits`,
      'Lower "deadline" in the rules file: the way from Okta takes time too'
    )
  }
  return ok('time', `${took} of the 3000 that Okta waits`)
}

function sizeOf({ text }: HookAnswer): Finding {
  const bytes = Buffer.byteLength(text)
  return bytes < MOST_BYTES
    ? ok('size', `${bytes} bytes`)
    : problem(
        'size',
        `${bytes} bytes: Okta reads less than 256 KiB`,
        'No answer of the gateway is that large: who answers there?'
      )
}

const MALFORMED = 'Okta calls it malformed, and sends the code itself: users may get two'

function bodyOf(answer: HookAnswer): readonly Finding[] {
  const { contentType, text } = answer
  const type = /^application\/json\b/iu.test(contentType ?? '')
    ? ok('type', 'application/json')
    : problem(
        'type',
        `${contentType === null ? 'no content type' : `content type ${words(contentType)}`}: Okta reads application/json`,
        'Something in front of the gateway answers in its place'
      )
  const body = parsed(text)
  if (body === undefined) {
    return [
      type,
      problem('body', `it is no JSON. ${MALFORMED}`, 'Something in front of the gateway answers in its place')
    ]
  }
  if (!isObject(body)) return [type, problem('body', `it is no JSON object. ${MALFORMED}`, ASK_US)]
  const error = body['error'] ?? null
  return [type, ...(error === null ? commandsOf(body) : errorsOf(error))]
}

const ASK_US = 'This is no answer of this gateway: is it another service, or another version of it?'

function errorsOf(error: unknown): readonly Finding[] {
  if (Array.isArray(error) || !isObject(error)) {
    return [
      problem('error', `"error" is ${Array.isArray(error) ? 'a list' : 'no object'}. ${MALFORMED}`, ASK_US)
    ]
  }
  const summary = error['errorSummary']
  if (typeof summary !== 'string' || summary === '') {
    return [
      problem(
        'error',
        '"error" has no errorSummary: users read "The callback service returned an error"',
        ASK_US
      )
    ]
  }
  return [
    ok('error', 'the form of an error is right'),
    warning(
      'outcome',
      `nothing was sent, and users may read: ${words(summary)}`,
      'The log of the gateway says why: outcome and reason of otp.request.completed'
    )
  ]
}

function wrong(what: string): readonly Finding[] {
  return [problem('commands', `${what}. ${MALFORMED}`, ASK_US)]
}

function commandsOf(body: Readonly<Record<string, unknown>>): readonly Finding[] {
  const { commands } = body
  if (!Array.isArray(commands)) return wrong('"commands" is no list')
  if (commands.length !== 1) return wrong(`"commands" holds ${commands.length}, and has to hold one`)
  const [command] = commands as unknown[]
  if (!isObject(command) || command['type'] !== 'com.okta.telephony.action') {
    return wrong('the command is not of the type com.okta.telephony.action')
  }
  const { value } = command
  if (!Array.isArray(value)) return wrong('"value" is no list, which has to hold one object')
  const [action] = value as unknown[]
  if (value.length !== 1 || !isObject(action)) return wrong('"value" has to hold one object')
  const { status } = action
  if (!STATUSES.has(status)) {
    return wrong(
      `the status ${words(JSON.stringify(status) ?? 'undefined')} is none of SUCCESSFUL, PENDING and FAILED`
    )
  }
  const strange = ['provider', 'transactionId', 'transactionMetadata'].filter(
    (name) => !['string', 'undefined'].includes(typeof action[name]) && action[name] !== null
  )
  if (strange.length > 0) return wrong(`${strange.join(', ')}: no text`)
  return [ok('commands', 'the form of the answer is right'), outcomeOf(String(status), action)]
}

function outcomeOf(status: string, action: Readonly<Record<string, unknown>>): Finding {
  const { provider, transactionId, transactionMetadata } = action
  const details = [provider, transactionId, transactionMetadata].filter((one) => typeof one === 'string')
  const by = details.length === 0 ? '' : ` (${words(details.join(', '))})`
  if (status === 'SUCCESSFUL') return ok('outcome', `SUCCESSFUL${by}: look at the phone`)
  if (status === 'PENDING') {
    return warning(
      'outcome',
      `PENDING${by}: Okta does not document what it does then`,
      'Set reply.undecided in the rules file to failed or successful'
    )
  }
  return warning(
    'outcome',
    `FAILED${by}: Okta sends the code by its own providers, where the org has them`,
    'The log of the gateway says why: attempts_detail of otp.request.completed'
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Of somebody else: one line, and not a long one. */
function words(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').slice(0, 160)
}
