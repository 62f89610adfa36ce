import type { DestinationStream, Logger, LoggerOptions } from 'pino'
import { pino } from 'pino'
import type { AttemptDetail, GatewayEvent, Report, RequestContext } from './events.ts'
import { levelOf } from './level.ts'
import type { Listener } from './listener.ts'

/** Writes a line for each event; those of one request all carry its ids. */
export type Log = Listener

/** A line in the names of somebody else's standard. It says nothing that the event does not say. */
export interface LogFormat {
  /** How pino writes what every line has: level, time, sentence, who wrote it. */
  readonly pino: Pick<LoggerOptions, 'base' | 'formatters' | 'messageKey' | 'timestamp'>
  readonly fieldsOf: (
    event: GatewayEvent,
    context: RequestContext | null
  ) => Readonly<Record<string, unknown>>
}

/**
 * One JSON object a line. Without a format in pino's usual form and our names: `level`, `time`, `event`, the event's
 * fields, `msg`.
 */
export function createLog(
  level: string,
  destination: DestinationStream,
  format: LogFormat | null = null
): Log {
  if (format !== null) return foreignLog(pino({ level, ...format.pino }, destination), format)
  const logger = pino({ level, base: null }, destination)
  return {
    report: reportTo(logger),
    forRequest: (context) => reportTo(logger.child(context))
  }
}

function reportTo(logger: Logger): Report {
  return (event: GatewayEvent) => {
    const level = levelOf(event)
    if (logger.isLevelEnabled(level)) logger[level](event, messageOf(event))
  }
}

function foreignLog(logger: Logger, { fieldsOf }: LogFormat): Log {
  const reportOf =
    (context: RequestContext | null): Report =>
    (event: GatewayEvent) => {
      const level = levelOf(event)
      if (logger.isLevelEnabled(level)) logger[level](fieldsOf(event, context), messageOf(event))
    }
  return { report: reportOf(null), forRequest: reportOf }
}

/** The line for people: what happened, in words, of the fields and nothing else. */
function messageOf(event: GatewayEvent): string {
  switch (event.event) {
    case 'gateway.started':
      return `switchboard ${event.version} listens on ${event.url} (${event.mode}); Okta's hook is ${event.hook}`
    case 'gateway.stopping':
      return `stopping on ${event.reason}, ${event.in_flight} in flight`
    case 'gateway.stopped':
      return 'stopped'
    case 'gateway.fault':
      return `a bug in ${event.where}: ${event.error}`
    case 'rules.loaded':
      return event.role === 'live'
        ? `${event.rules_count} rules loaded from ${event.file} (${event.rules_hash})`
        : `${event.file} (${event.rules_hash}) is tried beside the rules${event.canary_percent === null ? '' : `, and decides for ${event.canary_percent} %`}`
    case 'rules.rejected':
      return `${event.file} cannot be used (${rejectionInWords(event)}): ${event.rules_hash === null ? 'nothing is tried' : `${event.rules_hash} stays in force`}`
    case 'rules.unchanged':
      return `the ${event.role === 'live' ? 'rules' : 'candidate'} in force are those of the file (${event.rules_hash})`
    case 'rules.candidate_removed':
      return `${event.file} is there no more: nothing is tried beside the rules`
    case 'rules.shadow_diff':
      return `rule ${event.rule} decided; ${event.shadow_rule} would have (${event.shadow_blocked ? 'blocked' : event.shadow_providers.join(', then ') || 'nobody is left'})`
    case 'rules.canary_stopped':
      return `the candidate ${event.candidate_hash} decides no more: ${event.candidate_failures} of ${event.candidate_requests} got no code, and ${event.live_failures} of ${event.live_requests} by the rules in force`
    case 'rules.ending':
      return event.days_left === 0
        ? `rule ${event.rule} has ended`
        : `rule ${event.rule} ends in ${event.days_left} days (${event.until})${event.owner === null ? '' : `; ask ${event.owner}`}`
    case 'okta.request.refused':
      return `request refused with ${event.http_status}: ${event.reason}${event.cause === null ? '' : ` (${event.cause})`}`
    case 'auth.keys_fetched':
      return `${event.keys} keys of ${event.issuer}: ${event.added} new, ${event.removed} gone`
    case 'auth.keys_failed':
      return `the keys of ${event.issuer} cannot be fetched (${event.cause}): ${event.known_keys === 0 ? 'its tokens are refused' : 'those from before still serve'}`
    case 'otp.request.received':
      return `${event.preview ? 'preview of a ' : ''}code by ${event.channel} for ${event.phone}`
    case 'otp.request.duplicate_suppressed':
      return `the same request came again${event.age_ms === null ? ', to another node,' : ` ${event.age_ms} ms later`} and ${event.joined ? 'joins the first' : "gets the first one's answer"}`
    case 'otp.route.decided':
      return event.blocked
        ? `rule ${event.rule} blocks it`
        : `rule ${event.rule}: ${event.candidates.map(({ provider }) => provider).join(', then ') || 'nobody is left'}`
    case 'otp.attempt.started':
      return `asking ${event.provider}`
    case 'otp.attempt.completed':
      return `${event.provider} ${attemptInWords(event)} after ${event.duration_ms} ms`
    case 'otp.attempt.late_result':
      return `${event.provider} ${attemptInWords(event)} ${event.late_by_ms} ms after Okta was answered`
    case 'otp.failover':
      return `from ${event.from} to ${event.to}: ${event.reason}`
    case 'otp.request.completed':
      return completedInWords(event)
    case 'otp.test.requested':
      return `test code by ${event.channel} for ${event.phone}, sent by ${event.by}`
    case 'otp.test.completed':
      return `test code ${event.outcome === 'accepted' ? `accepted by ${event.provider}` : event.outcome}`
    case 'circuit.opened':
      return `${event.provider} ${event.channel} is out for ${event.open_ms} ms: ${event.cause}`
    case 'circuit.half_opened':
      return `${event.provider} ${event.channel} is tried by one request`
    case 'circuit.closed':
      return `${event.provider} ${event.channel} is back`
    case 'circuit.kept_closed':
      return `${event.provider} ${event.channel} fails too (${event.cause}), and stays in as the last one`
    case 'otp.resend.detected':
      return `asked for again after ${event.age_ms} ms (${event.resend_count}); ${event.previous_provider} was tried last`
    case 'otp.attempt.skipped':
      return `${event.provider} was passed over: ${event.reason}`
    case 'provider.cooling':
      return `${event.provider} ${event.channel} takes no more for ${event.for_ms} ms`
    case 'provider.alarm':
      return `${event.provider} ${event.channel} needs a person: ${ALARM_IN_WORDS[event.class] ?? event.class}`
    case 'provider.alarm_over':
      return `${event.provider} ${event.channel} accepts again after ${event.after_ms} ms`
    case 'provider.override_set':
      return `${coverage(event)} is drained by ${event.by} until ${event.until}: ${event.why}`
    case 'provider.override_ended':
      return `${coverage(event)} is no longer drained (${event.reason})`
    case 'admin.request.refused':
      return `a request to the admin port was refused: ${event.reason}`
    case 'door.refusals':
      return `${event.refused} more requests were refused at the ${event.door} door: ${event.reason}`
    case 'secrets.reloaded':
      return event.changed.length === 0 && event.until_restart.length === 0
        ? 'the secrets are those in force'
        : `secrets in force: ${event.changed.join(', ') || 'none'}${event.until_restart.length === 0 ? '' : `; after a restart: ${event.until_restart.join(', ')}`}`
    case 'secrets.rejected':
      return `the secrets cannot be used (${settingsOf(event)}): the old ones stay in force`
    case 'tls.loaded':
      return `a certificate is in force that ends in ${event.days_left} days${event.covers_public_url === false ? ', and is not for the host of PUBLIC_URL' : ''}`
    case 'tls.rejected':
      return `the certificate cannot be used (${settingsOf(event)}): the one before stays, until ${event.expires}`
    case 'tls.expiring':
      return event.days_left < 0
        ? 'the certificate has ended: Okta does not come in'
        : `the certificate ends in ${event.days_left} days (${event.expires})`
    case 'state.lost':
      return `the shared state cannot be reached (${event.cause}): this node goes on with its own memory`
    case 'state.back':
      return `the shared state is back after ${event.after_ms} ms`
    case 'gateway.overloaded':
      return `too much at once (${event.reason}, ${event.in_flight} in flight): codes are refused at once`
    case 'traces.lost':
      return `${event.spans} spans did not reach the collector (${event.cause})`
    case 'traces.back':
      return `spans reach the collector again, after ${event.after_ms} ms and ${event.spans} lost`
    case 'log.dropped':
      return `${event.lines} lines are missing here: they could not be written (${event.cause})`
    case 'gateway.overload_over':
      return `no longer too much, after ${event.after_ms} ms and ${event.refused} refused`
    default:
      return event satisfies never
  }
}

function settingsOf({
  settings
}: Extract<GatewayEvent, { event: 'secrets.rejected' | 'tls.rejected' }>): string {
  return settings.map(({ setting }) => setting).join(', ')
}

const RESULT_IN_WORDS: { readonly [R in AttemptDetail['result']]: string } = {
  accepted: 'accepted',
  in_flight: 'is still being asked',
  not_reached: 'was not reached',
  no_answer: 'gave no answer that can be read',
  provider_error: 'is in trouble',
  throttled: 'takes no more for the moment',
  credentials: 'refused our credentials',
  quota: 'has no money of ours left',
  sender_refused: 'refused the sender',
  bad_request: 'did not understand us',
  recipient_refused: 'refused the number',
  opted_out: 'says that the person has opted out',
  fraud_blocked: 'takes it for fraud',
  unknown: 'refused with a code that nobody has classified'
}

/** What a person has to do. */
const ALARM_IN_WORDS: Partial<Record<AttemptDetail['result'], string>> = {
  credentials: 'it refuses our credentials. Renew them, or drain it',
  quota: 'our money there is used up. Pay in, or drain it'
}

function coverage({
  provider,
  channel,
  country
}: Extract<GatewayEvent, { event: 'provider.override_set' | 'provider.override_ended' }>): string {
  return [provider, channel, country].filter((part) => part !== null).join(' ')
}

function attemptInWords({ result, provider_code: code, cause }: AttemptDetail): string {
  const why = [cause, code === null ? null : `code ${code}`].filter((part) => part !== null)
  return why.length === 0 ? RESULT_IN_WORDS[result] : `${RESULT_IN_WORDS[result]} (${why.join(', ')})`
}

/** "line 13:21 E110", of the first error. */
function rejectionInWords({
  unreadable,
  errors: [first],
  errors_count: count
}: Extract<GatewayEvent, { event: 'rules.rejected' }>): string {
  if (first === undefined) return unreadable ?? 'it has faults'
  const more = count > 1 ? `, and ${count - 1} more` : ''
  return `line ${first.line}:${first.column} ${first.code}${more}`
}

function completedInWords(event: Extract<GatewayEvent, { event: 'otp.request.completed' }>): string {
  const reason = event.reason === null ? '' : ` (${event.reason})`
  if (event.outcome === 'accepted') {
    const failovers = new Set(event.attempts_detail.map(({ provider }) => provider)).size - 1
    const after = failovers === 0 ? '' : ` after ${failovers} failover${failovers === 1 ? '' : 's'}`
    return `otp accepted by ${event.provider}${after}`
  }
  return `otp ${event.outcome}${reason}, Okta is told ${event.okta_status}`
}
