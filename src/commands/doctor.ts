import { CommandFault, examples, STATUS, type AddCommand, type Io } from './command.ts'
import { accountFinding, clockFinding, type ReadAccount } from './doctor-accounts.ts'
import { checkCertificate, checkHook } from './doctor-hook.ts'
import { checkRules } from './doctor-rules.ts'
import { envFileOption, withEnvFile } from './env-file.ts'
import { countInWords, findingInWords, ok, problem, warning, type Finding } from './findings.ts'
import { hookUrl } from './hook-caller.ts'
import { transportInWords } from './json-exchange.ts'
import type { IssuerReading, Opened, RedisReading, Surroundings } from './probes.ts'

interface Options {
  readonly envFile?: string
  readonly json?: true
  readonly lowBalance: string
}

/** Of a vendor's word on an account. */
const ACCOUNT_WITHIN_MS = 8_000
/** Redis has limits of its own, of two seconds. */
const REDIS_WITHIN_MS = 8_000
/** A code waits 30 ms for Redis, and no longer. */
const SLOW_REDIS_MS = 15

/** Whatever a check waits for: it ends by then, in ms. */
const CHECK_WITHIN_MS = 75_000

export const addDoctor: AddCommand = (program, outer, end) => {
  program
    .command('doctor')
    .description('check the whole way of a code without sending one: each finding with its remedy')
    .option('--low-balance <amount>', 'warn of less money at a provider than that, in its currency', '10')
    .option('--json', 'for machines')
    .addOption(envFileOption())
    .addHelpText(
      'after',
      `
It looks at the settings, the rules, the senders, each provider's sign-in and balance, the clock, Redis, the
issuers of tokens, and at PUBLIC_URL from here, as
Okta would: certificate, redirects, who answers, how long it takes. It costs nothing, and the gateway logs ten requests that it does not
understand (otp.request.completed, not_understood). Exit status 1: there is a problem.
${examples('doctor --env-file .env', 'doctor --json')}`
    )
    .action(async ({ envFile, json, lowBalance }: Options) => {
      const io = withEnvFile(outer, envFile)
      const limit = Number(lowBalance)
      if (!(limit >= 0)) {
        io.complain('--low-balance is no amount.\n')
        return end(STATUS.usage)
      }
      const findings: Finding[] = []
      // Each check runs at once; what it found is said in this order, as soon as it is known.
      for (const check of await startChecks(io, limit)) {
        for (const finding of await check) {
          findings.push(finding)
          if (json !== true) io.print(findingInWords(finding, io))
        }
      }
      if (json === true) io.print(`${JSON.stringify({ findings }, null, 2)}\n`)
      else io.print(`${countInWords(findings)}\n`)
      if (findings.some(({ level }) => level === 'problem')) end(STATUS.findings)
    })
}

type Check = Promise<readonly Finding[]>

async function startChecks(io: Io, lowBalance: number): Promise<readonly Check[]> {
  const probes = await io.probes()
  const opened = probes.open(io.env)
  const surroundings = opened.kind === 'ok' ? opened : null
  const checks: Check[] = [
    Promise.resolve(settingsFindings(opened)),
    bounded('rules', checkRules(io, surroundings))
  ]
  // Where the settings have faults, what they lead to is not known yet.
  if (surroundings === null) return checks

  const reads = surroundings.accounts.map(async (account): Promise<ReadAccount> => ({
    account,
    reading: await account.read({ withinMs: ACCOUNT_WITHIN_MS })
  }))
  for (const read of reads) {
    checks.push(
      bounded(
        'provider',
        read.then((one) => [accountFinding(one, lowBalance)])
      )
    )
  }
  checks.push(
    bounded(
      'clock',
      Promise.all(reads).then((all) => [clockFinding(all)].filter((one) => one !== null))
    )
  )
  if (surroundings.redis !== null) {
    checks.push(
      bounded(
        'redis',
        surroundings.redis(REDIS_WITHIN_MS).then((reading) => [redisFinding(reading)])
      )
    )
  }
  for (const { issuer, read } of surroundings.issuers) {
    checks.push(
      bounded(
        'issuer',
        read().then((reading) => [issuerFinding(issuer, reading)])
      )
    )
  }
  checks.push(...hookChecks(io, probes, surroundings))
  return checks
}

function hookChecks(
  io: Io,
  probes: Parameters<typeof checkCertificate>[0],
  { publicUrl }: Surroundings
): readonly Check[] {
  if (publicUrl === null) {
    const remedy =
      'Set it to the address under which Okta reaches the gateway, such as https://otp.example.com'
    return [Promise.resolve([problem('public url', 'PUBLIC_URL is not set', remedy)])]
  }
  const url = hookUrl(publicUrl)
  return [
    bounded('certificate', checkCertificate(probes, url, io.now())),
    bounded('public url', checkHook(io, url))
  ]
}

function settingsFindings(opened: Opened): readonly Finding[] {
  if (opened.kind === 'faulty') {
    return opened.faults.map(({ name, message }) =>
      problem(
        'settings',
        `${name} ${message}`,
        'The gateway does not start like that: .env.example says what it takes'
      )
    )
  }
  const { mode, hasAdmin, hasHashKey } = opened
  return [
    mode === 'live'
      ? ok('settings', 'no faults; live: real messages are sent')
      : warning(
          'settings',
          'no faults; the sandbox: no message leaves this machine',
          "Give a provider's credentials (docs/providers.md) to go live"
        ),
    ...(hasAdmin
      ? []
      : [
          warning(
            'settings',
            'ADMIN_SECRET is not set: no command reaches the gateway, and nothing reads its metrics',
            'Make one: openssl rand -hex 24'
          )
        ]),
    ...(hasHashKey
      ? []
      : [
          warning(
            'settings',
            'LOG_HASH_KEY is not set: after a restart lines about one person cannot be joined',
            'Make one: openssl rand -hex 32'
          )
        ])
  ]
}

function redisFinding(reading: RedisReading): Finding {
  if (reading.kind === 'reached') {
    const { roundTripMs } = reading
    const what = `it answers after ${roundTripMs} ms, and what nodes have put there can be read`
    return roundTripMs <= SLOW_REDIS_MS
      ? ok('redis', what)
      : warning('redis', what, 'A code waits 30 ms for it at most: put it nearer to the gateway')
  }
  const { cause } = reading
  return problem(
    'redis',
    REDIS_IN_WORDS[cause] ?? `it cannot be used (${cause})`,
    REDIS_REMEDIES[cause] ?? 'Compare REDIS_URL, and let this machine reach it'
  )
}

const REDIS_IN_WORDS: Readonly<Record<string, string>> = {
  UNREADABLE_VALUE: 'what is in it was sealed with another key',
  WRONGPASS: 'it does not take the password',
  NOAUTH: 'it wants a password',
  ECONNREFUSED: 'nobody listens there',
  ENOTFOUND: 'there is no such host',
  timeout: 'it does not answer in time',
  READONLY: 'it is a replica, and takes no writes',
  OOM: 'it is full'
}

const REDIS_REMEDIES: Readonly<Record<string, string>> = {
  UNREADABLE_VALUE: 'Every node needs the same STATE_KEY',
  READONLY: 'Let REDIS_URL lead to the primary'
}

function issuerFinding(issuer: string, reading: IssuerReading): Finding {
  if (reading.kind === 'reached') {
    return ok(
      'issuer',
      `${issuer} has ${reading.keys} ${reading.keys === 1 ? 'key' : 'keys'} to check tokens by`
    )
  }
  const { cause } = reading
  const why = ISSUER_IN_WORDS[cause] ?? transportInWords(cause)
  return problem(
    'issuer',
    `${issuer}: ${why}. No token of it can be checked`,
    ISSUER_REMEDIES[cause] ??
      'Compare OKTA_OAUTH_ISSUERS with "Issuer" in Security > API, and let this machine reach it'
  )
}

const ISSUER_IN_WORDS: Readonly<Record<string, string>> = {
  http_404: 'there is no authorization server',
  redirect: 'it leads elsewhere, and that is not followed',
  not_json: 'what answers there is no authorization server',
  wrong_shape: 'what answers there is no authorization server',
  issuer_mismatch: 'the authorization server calls itself by another name',
  foreign_jwks_uri: 'its keys are said to be at another host, which is not believed',
  no_usable_keys: 'it publishes no RSA key for signatures',
  org_authorization_server: "it is the org's own, whose tokens nobody but Okta can check"
}

const ISSUER_REMEDIES: Readonly<Record<string, string>> = {
  org_authorization_server:
    'Take a custom authorization server (Security > API): its issuer ends in /oauth2/default or /oauth2/aus...'
}

/** A check that never ends, or has a bug, is a finding as well. */
async function bounded(check: string, findings: Check): Check {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<readonly Finding[]>((resolve) => {
    const remedy = 'Run it again; if it lasts, that is what to look at'
    timer = setTimeout(
      () => resolve([problem(check, `the check did not end within ${CHECK_WITHIN_MS / 1_000} s`, remedy)]),
      CHECK_WITHIN_MS
    )
  })
  try {
    return await Promise.race([findings, late])
  } catch (error) {
    const what = error instanceof CommandFault ? error.message.replace(/\.$/u, '') : 'a bug ended the check'
    return [problem(check, what, 'Mend that first')]
  } finally {
    clearTimeout(timer)
  }
}
