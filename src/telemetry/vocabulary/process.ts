import { amount, listOf, longText, maybe, ms, oneOf, record, text, word, yesNo } from './fields.ts'
import { event } from './definition.ts'
import { auth, channel } from './shared.ts'

const tracesCause = () =>
  word('why', {
    ECONNREFUSED: "or another code of the transport's",
    timeout: '',
    http_500: 'or another status',
    rejected: 'the collector took the rest',
    queue_full: 'more than it takes in time',
    stopped: 'the process ended before'
  })
const tlsTrigger = () =>
  oneOf('who wanted it read', { start: '', watch: 'a change of a file', signal: '`SIGHUP`' })

/** The process: how it is, and what it stands on. */
export const PROCESS_EVENTS = {
  'gateway.started': event({
    section: 'gateway',
    about: 'process',
    level: 'info',
    description: 'It listens, and takes requests.',
    fields: {
      version: text("Switchboard's own"),
      mode: oneOf('whether messages leave this machine', {
        sandbox: 'the providers are played here',
        live: 'real messages are sent'
      }),
      url: longText('where it listens'),
      hook: longText('what Okta has to call: below `PUBLIC_URL`, or below `url`'),
      admin: maybe(longText('where commands are taken; null where there is no `ADMIN_SECRET`')),
      auth: listOf('how Okta may come in', auth('one of them')),
      node: text('the version of Node.js'),
      providers: listOf(
        'those that have credentials',
        record({ provider: text('its name'), channels: listOf('what it carries', channel()) })
      ),
      unavailable: listOf(
        'those that have none',
        record({
          provider: text('its name'),
          channels: listOf('what it cannot carry', channel()),
          missing: listOf('names a variable that would be needed', text('a variable of the environment'))
        })
      ),
      start_ms: ms('since the process began')
    }
  }),
  'gateway.stopping': event({
    section: 'gateway',
    about: 'process',
    level: 'info',
    description: 'It was told to stop. It takes nothing new, and answers what is on its way.',
    fields: {
      reason: text('the signal'),
      in_flight: amount('requests', 'codes on their way, which are answered first')
    }
  }),
  'gateway.stopped': event({
    section: 'gateway',
    about: 'process',
    level: 'info',
    description: 'Everything is closed: the last line.',
    fields: { reason: text('the signal') }
  }),
  'gateway.fault': event({
    section: 'gateway',
    about: 'either',
    level: 'error',
    description:
      "Something that should not happen: a bug. The error's words are left out on purpose, as they may hold what it tripped over. It carries a request's ids where it happened in one.",
    fields: {
      where: text('which part of the gateway'),
      error: text('its name'),
      code: maybe(text('its code; null where it has none')),
      frames: listOf('where in the code, at most 12', longText('one call, the innermost first'))
    }
  }),
  'gateway.overloaded': event({
    section: 'gateway',
    about: 'process',
    level: 'error',
    description:
      'More than this process can do in time: from now on requests are answered at once as `reply.all_failed` says. Written when it begins, not for each request.',
    fields: {
      reason: oneOf('what there is too much of', {
        in_flight: 'above `MAX_IN_FLIGHT`',
        event_loop: 'it answers 500 ms late',
        memory: '92 % of the heap'
      }),
      in_flight: amount('requests', 'codes on their way when it began')
    }
  }),
  'gateway.overload_over': event({
    section: 'gateway',
    about: 'process',
    level: 'info',
    description: 'It takes requests again.',
    fields: {
      after_ms: ms('since it began'),
      refused: amount('requests', 'answered at once meanwhile')
    }
  }),
  'state.lost': event({
    section: 'gateway',
    about: 'process',
    level: 'error',
    description:
      'The shared state (`REDIS_URL`) does not answer in time, or answers with an error. This node goes on with its own memory, and looks for it twice a second. Written once.',
    fields: {
      cause: word('one word', {
        timeout: '',
        closed: '',
        ECONNREFUSED: '',
        OOM: '',
        READONLY: '',
        WRONGPASS: '',
        UNREADABLE_VALUE: 'another `STATE_KEY`'
      })
    }
  }),
  'state.back': event({
    section: 'gateway',
    about: 'process',
    level: 'info',
    description: 'The shared state answers again.',
    fields: { after_ms: ms('since it was lost') }
  }),
  'admin.request.refused': event({
    section: 'gateway',
    about: 'process',
    level: 'warn',
    description: 'Somebody knocked at the admin port without its secret.',
    fields: {
      reason: word('why', {
        unauthorized: "no secret, or another one, in a command's request",
        wrong_secret: 'somebody tried to log in to the console with another one',
        too_many_log_ins: 'so often that no more are heard for a minute',
        other_site: 'a request to the console that its own page did not make',
        foreign_name: "the console of a sandbox was called by a name that is not this machine's"
      }),
      http_status: amount('HTTP status', 'what was answered')
    }
  }),
  'traces.lost': event({
    section: 'gateway',
    about: 'process',
    level: 'warn',
    description:
      'Spans did not reach the collector (`OTEL_EXPORTER_OTLP_ENDPOINT`), and are dropped; no code waits for them. Written once when it begins, and once more at the end of the process if it lasts.',
    fields: {
      cause: tracesCause(),
      spans: amount('spans', 'lost so far', 1)
    }
  }),
  'traces.back': event({
    section: 'gateway',
    about: 'process',
    level: 'info',
    description: 'Spans have reached the collector again, and none was lost for ten seconds.',
    fields: {
      after_ms: ms('from the first that was lost'),
      spans: amount('spans', 'lost meanwhile', 1)
    }
  }),
  'secrets.reloaded': event({
    section: 'gateway',
    about: 'process',
    level: 'info',
    description:
      'The secrets were read anew (`SIGHUP`), and those that have changed are in force. What is on its way ends with the old ones.',
    fields: {
      changed: listOf('in force now', text('a variable of the environment')),
      until_restart: listOf(
        'changed, and not in force before a restart',
        text('a variable of the environment')
      )
    }
  }),
  'secrets.rejected': event({
    section: 'gateway',
    about: 'process',
    level: 'error',
    description:
      'The secrets were read anew and cannot be used. Nothing has changed: the old ones are in force.',
    fields: {
      settings: listOf(
        'what is wrong',
        record({
          setting: text('a variable of the environment'),
          problem: longText('in words; never a value')
        })
      )
    }
  }),
  'tls.loaded': event({
    section: 'gateway',
    about: 'process',
    level: 'info',
    description: 'A certificate is in force. Connections that are open keep the one they began with.',
    fields: {
      fingerprint: text('the first 16 digits of the SHA-256 of the certificate'),
      expires: text('ISO 8601'),
      days_left: amount('days', 'until then, rounded down'),
      chain: amount(
        'certificates',
        'that are shown; with 1, callers that do not know its issuer do not come in',
        1
      ),
      covers_public_url: maybe(
        yesNo(
          'it is for the host of `PUBLIC_URL`; null where that is not set. Where it is not, Okta does not come in'
        )
      ),
      by: tlsTrigger()
    }
  }),
  'tls.rejected': event({
    section: 'gateway',
    about: 'process',
    level: 'error',
    description: 'A certificate or its key is there and cannot be used. The one before stays in force.',
    fields: {
      settings: listOf(
        'what is wrong',
        record({
          setting: text('a variable of the environment'),
          problem: longText('in words; never a value')
        })
      ),
      expires: text('ISO 8601: when the one that stays in force ends'),
      by: tlsTrigger()
    }
  }),
  'tls.expiring': event({
    section: 'gateway',
    about: 'process',
    level: 'error',
    description:
      'The certificate in force comes to its end, and no newer one is there: 30 days before, 7, 1, and when it has. Okta does not call what has ended.',
    fields: {
      expires: text('ISO 8601'),
      days_left: amount('days', 'until then, rounded down; below 0: it has ended')
    }
  }),
  'log.dropped': event({
    section: 'gateway',
    about: 'process',
    level: 'error',
    description:
      'Whoever reads standard output did not keep up, or its disk is full. 16 MiB of lines wait for it; what came beyond was dropped, so that no code waits and memory does not grow. It stands in the place of the lines that are missing, and is written when lines flow again.',
    fields: {
      lines: amount('lines', 'that are missing here', 1),
      bytes: amount('bytes', 'that they had', 1),
      for_ms: ms('from the first that was dropped until now'),
      cause: word('why they could not be written', {
        slow_reader: '',
        ENOSPC: "or another code of the operating system's"
      })
    }
  })
} as const
