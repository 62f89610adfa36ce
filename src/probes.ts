import { connect } from 'node:tls'
import { createJsonFetcher } from './callers/fetch-json.ts'
import { createIssuerKeys, KEY_TIMES } from './callers/issuer-keys.ts'
import { parseOrgs } from './callers/orgs-file.ts'
import type { CallerTerms } from './callers/terms.ts'
import type { IssuerProbe, IssuerReading, Opened, Probes, RedisReading } from './commands/probes.ts'
import type { Account } from './providers/account.ts'
import { createAccounts } from './providers/accounts.ts'
import { readSettings, type Settings } from './settings.ts'
import type { ReadSecretFile } from './settings/environment.ts'
import type { SettingFault } from './settings/fault.ts'
import { readTlsSettings } from './settings/tls.ts'
import { createMemoryState } from './state/memory.ts'
import { createSealing } from './state/sealing.ts'

export interface ProbesDependencies {
  readonly readSecretFile: ReadSecretFile
  /** Ms since 1970. */
  readonly epoch: () => number
  /** Monotonic, in ms. */
  readonly now: () => number
}

/** The gateway's own parts, as `switchboard doctor` asks them. */
export function createProbes({ readSecretFile, epoch, now }: ProbesDependencies): Probes {
  function open(env: Readonly<Record<string, string | undefined>>): Opened {
    const read = readSettings(env, readSecretFile)
    if (read.kind === 'faulty') return read
    const { mode, publicUrl, admin, logHashKey, redis } = read.settings
    const tls = readTlsSettings(env, readSecretFile, epoch())
    if (tls?.kind === 'faulty') return tls
    const terms = readTerms(env, read.settings)
    if (terms.kind === 'faulty') return terms
    let accounts: readonly Account[]
    try {
      accounts = mode.kind === 'live' ? createAccounts(mode.providers, { now: epoch }) : []
    } catch {
      // The only settings that a vendor's code looks at more closely than ours.
      return { kind: 'faulty', faults: [{ name: 'VONAGE_PRIVATE_KEY', message: 'must be an RSA key' }] }
    }
    return {
      kind: 'ok',
      mode: mode.kind,
      publicUrl,
      hasAdmin: admin !== null,
      hasHashKey: logHashKey !== null,
      accounts,
      redis: redis === null ? null : () => readRedis(redis, now),
      issuers: issuersOf(terms.callers)
    }
  }

  function readTerms(
    env: Readonly<Record<string, string | undefined>>,
    { orgsFile, oktaBasicAuth, oktaHeader, oktaOauth }: Settings
  ): ReadTerms {
    if (orgsFile === null) {
      return {
        kind: 'ok',
        callers: [{ org: null, basic: oktaBasicAuth ?? [], header: oktaHeader, oauth: oktaOauth }]
      }
    }
    const text = readSecretFile(orgsFile)
    if (text === null) {
      return { kind: 'faulty', faults: [faultOfOrgs(`names ${orgsFile}, which cannot be read`)] }
    }
    const parsed = parseOrgs(text, orgsFile, { file: readSecretFile, variable: (name) => env[name] })
    if (parsed.kind === 'ok') return parsed
    const faults = parsed.faults.map(({ file, line, code, message }) =>
      faultOfOrgs(`names ${file}, where line ${line} is wrong (${code}): ${message}`)
    )
    return { kind: 'faulty', faults }
  }

  function issuersOf(callers: readonly CallerTerms[]): readonly IssuerProbe[] {
    const issuers = new Set(callers.flatMap(({ oauth }) => oauth.map(({ issuer }) => issuer)))
    return Array.from(issuers, (issuer) => ({ issuer, read: () => readIssuer(issuer, now) }))
  }

  return { open, certificate: readCertificate }
}

function faultOfOrgs(message: string): SettingFault {
  return { name: 'ORGS_FILE', message }
}

type ReadTerms =
  | { readonly kind: 'ok'; readonly callers: readonly CallerTerms[] }
  | { readonly kind: 'faulty'; readonly faults: readonly SettingFault[] }

/** By the gateway's own code, with its limits. */
async function readIssuer(issuer: string, now: () => number): Promise<IssuerReading> {
  const fetcher = createJsonFetcher()
  let reading: IssuerReading = { kind: 'lost', cause: 'timeout' }
  const keys = createIssuerKeys({
    issuer,
    fetcher,
    report: (event) => {
      if (event.event === 'auth.keys_fetched') reading = { kind: 'reached', keys: event.keys }
      if (event.event === 'auth.keys_failed') reading = { kind: 'lost', cause: event.cause }
    },
    now,
    random: () => 0,
    times: KEY_TIMES
  })
  try {
    await keys.start()
    return reading
  } finally {
    keys.close()
    await fetcher.close()
  }
}

/** Connects, writes and reads, as a node does at its start. It has limits of its own: two seconds, and a few more. */
async function readRedis(
  { url, keys }: NonNullable<Settings['redis']>,
  now: () => number
): Promise<RedisReading> {
  const { createRedisState } = await import('./state/redis.ts')
  let lost: string | null = null
  const state = createRedisState({
    url,
    sealing: createSealing(keys),
    memory: createMemoryState({ now }),
    now,
    onEvent: (event) => {
      if (event.kind === 'lost') lost ??= event.cause
    }
  })
  try {
    await state.start()
    const beforeMs = now()
    // What other nodes have put there can be read only with their key.
    await state.entries('overrides')
    const roundTripMs = Math.round(now() - beforeMs)
    return lost === null ? { kind: 'reached', roundTripMs } : { kind: 'lost', cause: lost }
  } finally {
    await state.close()
  }
}

/** Looks at the certificate alone: whether it may be trusted, whoever asks by HTTPS finds out. */
function readCertificate({ hostname, port }: URL, withinMs: number): Promise<{ readonly validToMs: number }> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: hostname.replace(/^\[|\]$/gu, ''),
      port: port === '' ? 443 : Number(port),
      servername: hostname,
      rejectUnauthorized: false
    })
    const give = (act: () => void): void => {
      clearTimeout(timer)
      socket.destroy()
      act()
    }
    const timer = setTimeout(() => give(() => reject(new Error('timeout'))), withinMs)
    socket.once('error', (error) => give(() => reject(error)))
    socket.once('secureConnect', () => {
      const validToMs = Date.parse(socket.getPeerCertificate().valid_to)
      give(() => (Number.isNaN(validToMs) ? reject(new Error('no certificate')) : resolve({ validToMs })))
    })
  })
}
