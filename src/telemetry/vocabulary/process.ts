import { amount, listOf, longText, maybe, ms, oneOf, record, text, word } from './fields.ts'
import { event } from './definition.ts'
import { channel } from './shared.ts'

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
