import type { AdminStatus, ShownOverride } from '../admin/admin-app.ts'
import { askGateway } from './admin-client.ts'
import { examples, STATUS, type AddCommand } from './command.ts'
import { envFileOption, withEnvFile } from './env-file.ts'
import { sentenceOf } from '../words/override-words.ts'

export const addStatus: AddCommand = (program, outer, end) => {
  program
    .command('status')
    .description('show the rules in force, breakers, drains, and what is under way')
    .addOption(envFileOption())
    .option('--json', 'the answer as it came')
    .addHelpText('after', examples('status', 'status --json'))
    .action(async ({ envFile, json }: { readonly envFile?: string; readonly json?: true }) => {
      const io = withEnvFile(outer, envFile)
      const answer = await askGateway(io, { method: 'GET', path: '/status' })
      if (answer === null) return end(STATUS.findings)
      if (json === true) return io.print(`${JSON.stringify(answer, null, 2)}\n`)
      for (const line of linesOf(answer as StatusAnswer)) io.print(`${line}\n`)
    })
}

type StatusAnswer = AdminStatus & { readonly overrides: readonly ShownOverride[] }

function linesOf({
  version,
  mode,
  rules,
  breakers,
  cooldowns,
  capacity,
  state,
  callers,
  inFlight,
  hanging,
  overrides
}: StatusAnswer): readonly string[] {
  const { candidate, rejection } = rules
  return [
    `switchboard ${version} (${mode}), state: ${state}`,
    `rules ${rules.hash} of ${rules.file}, in force since ${rules.loadedAt}`,
    ...(rejection === null
      ? []
      : [`the file as it is now was rejected at ${rejection.at}: switchboard reload says why`]),
    ...(candidate === null ? [] : candidateInWords(candidate)),
    `Okta comes in by ${callers.schemes.join(', ')}`,
    ...callers.issuers.map(({ issuer, keys }) => `${issuer}: ${KEYS[keys] ?? keys}`),
    `${inFlight} under way, ${hanging} left running`,
    ...breakers.map(({ provider, channel, state: breaker, openMs }) => {
      const since = openMs === null ? '' : ` for ${Math.round(openMs / 1000)} s`
      return `${provider.padEnd(12)} ${channel.padEnd(6)} ${breaker.replace('_', '-')}${since}`
    }),
    ...cooldowns.map(
      ({ provider, channel, leftMs }) =>
        `${provider.padEnd(12)} ${channel.padEnd(6)} left alone for ${Math.ceil(leftMs / 1000)} s more`
    ),
    ...capacity.map(
      ({ provider, perSecond, taken, refused }) =>
        `${provider.padEnd(12)} ${taken} of ${perSecond} a second${refused > 0 ? `, ${refused} too many` : ''}`
    ),
    ...overrides.map(sentenceOf)
  ]
}

/** How old an issuer's keys are, in words. */
const KEYS: Readonly<Record<string, string>> = {
  fresh: 'its keys are here',
  stale: 'it does not answer, and its keys of before still serve',
  none: 'it does not answer, and none of its tokens is let in'
}

function candidateInWords({
  file,
  hash,
  rejection,
  canaryPercent: percent,
  canaryStopped: isStopped,
  canaryRequests: requests,
  canaryFailures: failures
}: NonNullable<AdminStatus['rules']['candidate']>): readonly string[] {
  if (rejection !== null) {
    const tried = hash === null ? 'nothing is tried' : `${hash} is still tried`
    return [`${file} was rejected at ${rejection.at}, and ${tried}: switchboard reload says why`]
  }
  if (hash === null) return [`${file}: there is no such file, and nothing is tried beside them`]
  const tried = `${hash} of ${file} is tried beside them`
  if (percent === null) return [tried]
  const counted = `${failures} of ${requests} got no code`
  return [
    isStopped
      ? `${tried}; its canary was stopped: ${counted}`
      : `${tried}, and decides for ${percent} %: ${counted}`
  ]
}
