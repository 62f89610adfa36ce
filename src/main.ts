import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import { SANDBOX_ADMIN_SECRET } from './admin/secret.ts'
import { sandboxBanner } from './banner.ts'
import type { ReadTls, TlsFault } from './door/certificate.ts'
import { schemesOf, type BasicPair, type CallerTerms } from './callers/terms.ts'
import { parseOrgs, renderOrgsFaults } from './callers/orgs-file.ts'
import { startGateway, type Gateway } from './gateway.ts'
import type { Clock } from './gateway/options.ts'
import { HOOK_PATH } from './okta/hook-route.ts'
import type { ReadSecrets } from './renewal.ts'
import type { Fault } from './rules/faults.ts'
import { loadRulesApart } from './rules/load-apart.ts'
import { loadRules } from './rules/load.ts'
import { renderFaults } from './rules/report.ts'
import {
  readSenderCountries,
  SENDER_COUNTRIES,
  type ReadSenderCountries,
  type SenderCountries
} from './rules/sender-countries.ts'
import type { SandboxOfConsole } from './sandbox-view.ts'
import type { Sandbox } from './sandbox/sandbox.ts'
import { readSettings, type Settings } from './settings.ts'
import { secretNamesIn } from './settings/environment.ts'
import type { SettingFault } from './settings/fault.ts'
import { readTlsSettings, tlsFilesOf, withoutTls } from './settings/tls.ts'
import type { Report } from './telemetry/events.ts'
import { faultOf } from './telemetry/fault.ts'
import { logFormat } from './telemetry/log-format.ts'
import { createLog, type Log } from './telemetry/log.ts'
import { createOutlet } from './telemetry/outlet.ts'
import type { Tracing } from './telemetry/tracing.ts'

/** Known to everybody: they open a sandbox and nothing else. */
const DEVELOPMENT_CREDENTIALS: BasicPair = { user: 'okta', password: 'sandbox' }

/** What is in flight is answered by its deadline; what is not by then is a bug, and is left. */
const STOP_WITHIN_MS = 8_000

/** How often the rules files, and those of the certificate, are looked at. */
const WATCH_EVERY_MS = 1_000

/** So many bytes of the log wait for whoever reads it: a minute of a hundred codes a second. */
const MOST_WAITING_LOG = 16 * 1024 * 1024

/** For the last lines on a terminal. */
const SHOWN_WITHIN_MS = 1_000

const version = (
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
).version

/** As the process was started: what is read again is read of it. */
const env: Readonly<Record<string, string | undefined>> = { ...process.env }

async function main(): Promise<void> {
  hideSecrets()
  const settings = settingsOrExit()
  const tls = tlsOrExit(settings)
  const senderCountries = senderCountriesOrExit(settings)
  const callers = callersOrExit(settings)
  const rules = await rulesOrExit(settings, senderCountries)
  // Once there is a gateway, its metrics hear of the process, too.
  let report: Report = (event) => log.report(event)
  const tell: Report = (event) => report(event)
  const log = await openLog(settings, tell)

  process.on('uncaughtException', (error) => void die(log, 'uncaught exception', error))
  // A promise that nobody looked at took nothing with it; those who wait for a code still get it.
  process.on('unhandledRejection', (error) => tell(faultOf('unhandled rejection', error)))

  const hangUp = onHangUp()
  const { warnings } = rules
  if (warnings.length > 0) process.stderr.write(`${renderFaults(rules.text, warnings, { colour: false })}\n`)

  const sandbox = settings.mode.kind === 'sandbox' ? await openSandbox(settings) : null
  const clock = { now: () => performance.now(), epoch: () => Date.now() }
  const tracing = await openTracing(settings, clock, tell)
  const gateway = await startGateway({
    host: settings.host,
    port: settings.port,
    mode: settings.mode.kind,
    version,
    callers,
    providers: settings.mode.kind === 'live' ? settings.mode.providers : providersOf(sandbox as Sandbox),
    rules: {
      files: { live: settings.routingFile, candidate: settings.routingShadowFile },
      initial: rules,
      load: (path, parseOptions) => loadRulesApart(path, { ...parseOptions, senderCountries }),
      watchEveryMs: WATCH_EVERY_MS,
      senderCountries
    },
    hashKey: settings.logHashKey ?? randomBytes(32).toString('hex'),
    log,
    tracing,
    clock,
    random: Math.random,
    maxInFlight: settings.maxInFlight,
    admin: settings.admin,
    metricsCountries: settings.metricsCountries,
    redis: settings.redis,
    door: settings.door,
    tls,
    secrets: { digests: settings.digests, reread: rereadSecrets },
    sandbox: sandbox === null ? null : await viewOf(sandbox)
  })
  report = gateway.report
  log.report({
    event: 'gateway.started',
    version,
    mode: settings.mode.kind,
    url: gateway.url,
    hook: new URL(HOOK_PATH, settings.publicUrl ?? gateway.url).href,
    admin: gateway.adminUrl,
    auth: [...schemesOf(callers)],
    node: process.version,
    providers: [...gateway.providers.values()].map(({ name, channels }) => ({
      provider: name,
      channels: [...channels]
    })),
    unavailable: settings.unavailable.map(({ provider, channels, missing }) => ({
      provider,
      channels: [...channels],
      missing: [...missing]
    })),
    start_ms: Math.round(performance.now())
  })
  if (sandbox !== null) {
    process.stderr.write(
      sandboxBanner({
        gatewayUrl: gateway.url,
        sandboxUrl: sandbox.url,
        adminUrl: gateway.adminUrl,
        adminSecret:
          settings.admin?.secrets.includes(SANDBOX_ADMIN_SECRET) === true ? SANDBOX_ADMIN_SECRET : null,
        developmentCredentials: callers.some(({ basic }) => basic.includes(DEVELOPMENT_CREDENTIALS))
          ? DEVELOPMENT_CREDENTIALS
          : null,
        callers
      })
    )
  }
  hangUp.reads(gateway)
  stopOnSignals({ gateway, sandbox, tracing, log })
}

/** A child, or a report of a crash, has no use for them. What the kernel shows of the process keeps them all the same. */
function hideSecrets(): void {
  for (const name of secretNamesIn(env)) delete process.env[name]
  process.report.excludeEnv = true
  // Its first line would be the words of an error, which may hold what it tripped over.
  process.report.reportOnUncaughtException = false
}

function settingsOrExit(): Settings {
  const read = readSettings(env, readTextFile, process.execArgv)
  if (read.kind === 'ok') return read.settings
  return exitWith(read.faults)
}

function tlsOrExit({ publicUrl }: Settings) {
  const read = (): ReadTls =>
    readTlsSettings(env, readTextFile, Date.now()) ?? { kind: 'faulty', faults: [GONE] }
  const first = readTlsSettings(env, readTextFile, Date.now())
  if (first === null) return null
  if (first.kind === 'faulty') return exitWith(first.faults)
  return {
    initial: first.pair,
    read,
    files: tlsFilesOf(env),
    watchEveryMs: WATCH_EVERY_MS,
    publicHost: publicUrl === null ? null : new URL(publicUrl).hostname
  }
}

/** The environment of a process does not change: nobody should ever see it. */
const GONE: TlsFault = { name: 'TLS_CERT', message: 'is not set any more' }

function exitWith(faults: readonly SettingFault[]): never {
  const lines = faults.map(({ name, message }) => `  ${name} ${message}\n`)
  process.stderr.write(`Switchboard does not start. The environment has these faults:\n${lines.join('')}`)
  process.exit(1)
}

function readTextFile(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

/** What opens for Okta: for every org, or as the file of orgs says. */
function callersOrExit(settings: Settings): readonly CallerTerms[] {
  const read = readCallers(settings)
  if (read.kind === 'ok') return read.callers
  const { file, text, faults } = read
  const report = text === null ? 'It cannot be read.' : renderOrgsFaults(faults)
  process.stderr.write(`Switchboard does not start. ${file} (ORGS_FILE) cannot be used:\n${report}\n`)
  process.exit(1)
}

type ReadCallers =
  | { readonly kind: 'ok'; readonly callers: readonly CallerTerms[] }
  | {
      readonly kind: 'faulty'
      readonly file: string
      /** Null: it cannot be read. */
      readonly text: string | null
      readonly faults: readonly Fault[]
    }

function readCallers({ oktaBasicAuth, oktaHeader, oktaOauth, orgsFile }: Settings): ReadCallers {
  if (orgsFile === null) {
    const isLocked = oktaBasicAuth !== null || oktaHeader !== null || oktaOauth.length > 0
    const basic = oktaBasicAuth ?? (isLocked ? [] : [DEVELOPMENT_CREDENTIALS])
    return { kind: 'ok', callers: [{ org: null, basic, header: oktaHeader, oauth: oktaOauth }] }
  }
  const text = readTextFile(orgsFile)
  if (text === null) return { kind: 'faulty', file: orgsFile, text, faults: [] }
  const parsed = parseOrgs(text, orgsFile, { file: readTextFile, variable: takeVariable })
  return parsed.kind === 'ok' ? parsed : { kind: 'faulty', file: orgsFile, text, faults: parsed.faults }
}

/** What a file names as the place of a secret is hidden as those are that we know by name. */
function takeVariable(name: string): string | undefined {
  delete process.env[name]
  return env[name]
}

/** As they stand now: what the process was started with, and the files that it names. */
function rereadSecrets(): ReadSecrets {
  const read = readSettings(withoutTls(env), readTextFile)
  if (read.kind === 'faulty') return read
  const callers = readCallers(read.settings)
  if (callers.kind === 'ok') return { ...read, callers: callers.callers }
  const [first] = callers.faults
  const where = first === undefined ? 'cannot be read' : `is wrong in line ${first.line} (${first.code})`
  return { kind: 'faulty', faults: [{ name: 'ORGS_FILE', message: `${where}: the old one stays in force` }] }
}

function senderCountriesOrExit({ senderCountriesFile: path }: Settings): SenderCountries {
  if (path === null) return SENDER_COUNTRIES
  const json = readTextFile(path)
  const read: ReadSenderCountries =
    json === null ? { kind: 'faulty', faults: ['it cannot be read'] } : readSenderCountries(json)
  if (read.kind === 'ok') return read.table
  const lines = read.faults.map((fault) => `  ${fault}\n`).join('')
  process.stderr.write(
    `Switchboard does not start. ${path} (SENDER_COUNTRIES_FILE) cannot be used:\n${lines}`
  )
  process.exit(1)
}

async function rulesOrExit({ routingFile }: Settings, senderCountries: SenderCountries) {
  const loaded = await loadRules(routingFile, { nowMs: Date.now(), senderCountries })
  if (loaded.kind === 'ok') return loaded
  const report =
    loaded.kind === 'faulty' ? renderFaults(loaded.text, loaded.faults, { colour: false }) : loaded.message
  process.stderr.write(`Switchboard does not start. The rules cannot be used:\n${report}\n`)
  process.exit(1)
}

interface OpenLog extends Log {
  /** Resolves when the last line has been written, or nobody reads it. */
  readonly close: () => Promise<void>
}

/** JSON, one object a line; on a terminal the sentences alone. */
async function openLog({ logLevel, logFormat: format }: Settings, report: Report): Promise<OpenLog> {
  if (process.stdout.isTTY) {
    const { default: pretty } = await import('pino-pretty')
    const terminal = pretty({
      colorize: process.env['NO_COLOR'] === undefined,
      include: 'level,time'
    })
    // It ends by itself before that: ending it by force could write lines in the wrong order.
    const close = () => new Promise<void>((resolve) => setTimeout(resolve, SHOWN_WITHIN_MS).unref())
    return { ...createLog(logLevel, terminal), close }
  }
  const outlet = createOutlet({
    pipe: pino.destination({ fd: 1, sync: false }),
    mostBytes: MOST_WAITING_LOG,
    now: () => performance.now(),
    onDropped: ({ lines, bytes, forMs, cause }) =>
      report({ event: 'log.dropped', lines, bytes, for_ms: forMs, cause })
  })
  const log = createLog(logLevel, outlet, logFormat(format, version))
  return { ...log, close: outlet.close }
}

/** The SDK is not even loaded where nobody takes spans. */
async function openTracing({ tracing: settings }: Settings, clock: Clock, report: Report) {
  if (settings === null) return null
  const { createTracing } = await import('./telemetry/tracing.ts')
  return createTracing({
    settings,
    version,
    clock,
    report,
    onBug: (error) => report(faultOf('tracing', error))
  })
}

async function openSandbox({ host, sandboxPort }: Settings): Promise<Sandbox> {
  const { startSandbox } = await import('./sandbox/sandbox.ts')
  return startSandbox({ host, port: sandboxPort, now: () => Date.now(), random: Math.random })
}

async function viewOf(sandbox: Sandbox): Promise<SandboxOfConsole> {
  const { sandboxOfConsole } = await import('./sandbox-view.ts')
  return sandboxOfConsole(sandbox)
}

function providersOf({ credentials, twilioUrl, vonageRestUrl, vonageApiUrl, messagebirdUrl }: Sandbox) {
  const { twilio, vonage, messagebird } = credentials
  return {
    twilio: { accountSid: twilio.accountSid, authToken: twilio.authToken, baseUrl: twilioUrl },
    vonage: {
      sms: { apiKey: vonage.apiKey, apiSecret: vonage.apiSecret },
      voice: { applicationId: vonage.applicationId, privateKey: vonage.privateKey },
      restUrl: vonageRestUrl,
      apiUrl: vonageApiUrl
    },
    messagebird: { accessKey: messagebird.accessKey, baseUrl: messagebirdUrl }
  }
}

/** SIGHUP reads the rules, the secrets and the certificate anew, each by itself; one that comes while the gateway starts is kept until it has. */
function onHangUp(): { readonly reads: (gateway: Gateway) => void } {
  let running: Gateway | null = null
  let isWaiting = false
  process.on('SIGHUP', () => {
    if (running === null) isWaiting = true
    else readAnew(running)
  })
  return {
    reads(gateway) {
      running = gateway
      if (isWaiting) readAnew(gateway)
    }
  }
}

function readAnew(gateway: Gateway): void {
  void gateway.reloadRules('signal')
  void gateway.renewSecrets()
}

interface ToStop {
  readonly gateway: Gateway
  readonly sandbox: Sandbox | null
  readonly tracing: Tracing | null
  readonly log: OpenLog
}

function stopOnSignals({ gateway, sandbox, tracing, log }: ToStop): void {
  let stopping = false

  async function stop(signal: string): Promise<void> {
    if (stopping) return
    stopping = true
    log.report({ event: 'gateway.stopping', reason: signal, in_flight: gateway.inFlight() })
    const force = setTimeout(() => void die(log, 'stop', new Error('It took too long.')), STOP_WITHIN_MS)
    await gateway.stop()
    await sandbox?.close()
    await tracing?.close()
    clearTimeout(force)
    log.report({ event: 'gateway.stopped', reason: signal })
    await log.close()
    process.exit(0)
  }

  process.on('SIGTERM', () => void stop('SIGTERM'))
  process.on('SIGINT', () => void stop('SIGINT'))
}

async function die(log: OpenLog, where: string, error: unknown): Promise<void> {
  log.report(faultOf(where, error))
  await log.close()
  process.exit(1)
}

/** Why it could not start, for whoever started it. */
function startFault(error: unknown): string {
  if (!(error instanceof Error)) return 'Switchboard does not start.'
  const { code, port, address } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  switch (code) {
    case 'EADDRINUSE':
      return `Switchboard does not start: something else listens on ${address}:${port}. Stop it, or set PORT, ADMIN_PORT or SANDBOX_PORT to another.`
    case 'EACCES':
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `Switchboard does not start: it may not listen on ${address ?? 'HOST'}:${port ?? 'PORT'} (${code}). Set HOST or PORT to another.`
    default:
      return `Switchboard does not start:\n${error.stack}`
  }
}

try {
  await main()
} catch (error) {
  process.stderr.write(`${startFault(error)}\n`)
  process.exit(1)
}
