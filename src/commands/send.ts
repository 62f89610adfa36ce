import { Option } from 'commander'
import type { AdminStatus } from '../admin/admin-app.ts'
import type { TestSend } from '../admin/test-send.ts'
import type { Attempt } from '../domain/delivery.ts'
import { CHANNELS } from '../domain/message.ts'
import { askGateway } from './admin-client.ts'
import { examples, STATUS, type AddCommand } from './command.ts'
import { askFirst } from './confirm.ts'
import { envFileOption, withEnvFile } from './env-file.ts'
import { tableInWords } from '../words/table.ts'

interface Options {
  readonly to: string
  readonly channel: string
  readonly locale?: string
  readonly by?: string
  readonly yes?: true
  readonly json?: true
  readonly envFile?: string
}

/** The deadline of a code may be 2.9 s at most; in ms. */
const ANSWER_WITHIN_MS = 15_000

export const addSend: AddCommand = (program, outer, end) => {
  program
    .command('send')
    .description('send one test code to a phone of yours, by the rules in force')
    .requiredOption('--to <number>', 'with "+" and the country code')
    .addOption(new Option('--channel <channel>', 'how').choices(CHANNELS).default('sms'))
    .option('--locale <locale>', 'the language, such as sv or pt-BR (default: English)')
    .option('--by <name>', 'who you are, for the log (default: USER)')
    .option('--yes', 'do not ask, although it costs what a message costs')
    .addOption(envFileOption())
    .option('--json', 'the answer as it came')
    .addHelpText(
      'after',
      `
The gateway makes up a code and sends it, as it would send Okta's; the code is on the phone and nowhere else. Its log calls it
otp.test.requested. A second one to the same phone within ten minutes is a resend: another provider is tried first.
${examples('send --to +46701740605', 'send --to +442079460123 --channel voice --locale en-GB --yes')}`
    )
    .action(async ({ to, channel, locale, yes, json, envFile, ...options }: Options) => {
      const io = withEnvFile(outer, envFile)
      const by = options.by ?? io.env['USER']
      if (by === undefined || by === '') {
        io.complain('Say who you are: --by NAME.\n')
        return end(STATUS.usage)
      }
      const status = (await askGateway(io, { method: 'GET', path: '/status' })) as AdminStatus | null
      if (status === null) return end(STATUS.findings)
      if (status.mode === 'live') {
        const kind = channel === 'sms' ? 'text message' : 'call'
        const question = `A real ${kind} to ${to}, which costs what it costs. Go on?`
        const ended = await askFirst(io, { question, yes: yes === true })
        if (ended !== null) return end(ended)
      }
      const answer = await askGateway(io, {
        method: 'POST',
        path: '/send',
        body: { to, channel, by, ...(locale === undefined ? {} : { locale }) },
        withinMs: ANSWER_WITHIN_MS
      })
      if (answer === null) return end(STATUS.findings)
      const sent = answer as TestSend
      io.print(json === true ? `${JSON.stringify(sent, null, 2)}\n` : inWords(sent))
      if (sent.outcome !== 'accepted') end(STATUS.findings)
    })
}

function inWords(sent: TestSend): string {
  const { requestId, rule, rulesHash, attempts, skipped, durationMs } = sent
  return [
    `rule ${rule ?? 'none'} of ${rulesHash} decides\n`,
    attempts.length === 0
      ? ''
      : tableInWords(['attempt', 'provider', 'result', 'why', 'ms'], attempts.map(lineOf), 0),
    ...skipped.map(({ provider, reason }) => `  ${provider} is not asked: ${reason.replaceAll('_', ' ')}\n`),
    `${OUTCOME_IN_WORDS[sent.outcome](sent)} (${durationMs} ms; request_id ${requestId} in the log)\n`
  ].join('')
}

function lineOf({ number, provider, result, cause, providerCode, durationMs, trigger }: Attempt): string[] {
  const why = [
    ...(trigger === 'first' ? [] : [trigger.replace('_', ' ')]),
    ...(cause === null ? [] : [cause]),
    ...(providerCode === null ? [] : [`code ${providerCode}`])
  ]
  return [String(number), provider, result.replaceAll('_', ' '), why.join(', '), String(durationMs)]
}

const OUTCOME_IN_WORDS: { readonly [O in TestSend['outcome']]: (sent: TestSend) => string } = {
  accepted: ({ provider, transactionId, phone }) =>
    `${provider} took it for ${phone} as ${transactionId}. Taken is not delivered: look at the phone`,
  refused: ({ reason }) =>
    `Refused for the recipient's sake (${reason?.replaceAll('_', ' ') ?? 'unknown'}): nobody else is asked`,
  all_failed: () => 'Nobody took it, and surely nothing was sent',
  undecided: ({ provider }) =>
    `The deadline came first: ${provider ?? 'somebody'} may have sent it. Look at the phone`,
  blocked: ({ reason }) => `The rules block it (${reason ?? 'no reason given'}): nothing was sent`,
  expired: () => 'It expired before it was sent',
  no_capacity: () => 'Everybody has as much as the rules say they take: nothing was sent',
  overloaded: ({ reason }) => `The gateway has too much to do (${reason ?? ''}): nothing was sent`
}
