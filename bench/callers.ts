import { parseArgs } from 'node:util'
import { SignJWT } from 'jose'
import { createSecretCheck, secretOfPair } from '../src/callers/secrets.ts'
import { readKeySet } from '../src/callers/key-set.ts'
import type { IssuerKeys } from '../src/callers/issuer-keys.ts'
import { createTokenCheck, type CheckToken } from '../src/callers/tokens.ts'
import { newKey } from '../test/fixtures/issuer.ts'

// What it costs to let somebody in, by each scheme; what keeping verified tokens saves; and what the time that a
// comparison takes tells of a secret, which should be nothing.

const { values: flags } = parseArgs({
  options: { runs: { type: 'string', default: '20000' }, quick: { type: 'boolean', default: false } }
})
const runs = flags.quick ? 500 : Number(flags.runs)

const print = (line = ''): boolean => process.stdout.write(`${line}\n`)
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

const ISSUER = 'https://acme.okta.com/oauth2/default'
const terms = {
  issuer: ISSUER,
  audience: 'api://otp-gateway',
  scope: 'otp.send',
  clientIds: ['0oa1'],
  org: null
}

const signing = await newKey('k1')
const set = await readKeySet({ keys: [signing.jwk] }, new Map())
const keys: IssuerKeys = {
  issuer: ISSUER,
  start: async () => undefined,
  find: (kid) => set?.get(kid)?.key ?? null,
  lookAgain: async () => undefined,
  condition: () => 'fresh',
  close: () => undefined
}

async function token(): Promise<string> {
  const nowS = Math.floor(Date.now() / 1000)
  return await new SignJWT({ ver: 1, jti: `AT.${Math.random()}`, cid: '0oa1', scp: ['otp.send'] })
    .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
    .setIssuer(ISSUER)
    .setAudience('api://otp-gateway')
    .setSubject('0oa1')
    .setIssuedAt(nowS)
    .setExpirationTime(nowS + 3_600)
    .sign(signing.privateKey)
}

/** Microseconds of CPU for one, the thread pool's included: a busy machine makes them wait, and not dearer. */
async function cost(check: CheckToken, tokens: readonly string[]): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < runs; i++) {
    const verdict = await check(tokens[i % tokens.length] ?? '')
    if (verdict.kind !== 'valid') throw new Error(verdict.cause)
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / runs
}

const make = (mostKept: number): CheckToken =>
  createTokenCheck({ terms: [terms], keysOf: () => keys, epoch: () => Date.now(), mostKept })

const pairs = Array.from({ length: 4 }, (_, i) => ({
  user: 'okta',
  password: `a-password-of-some-length-${i}`
}))
const find = createSecretCheck(pairs.map((pair) => [secretOfPair(pair), pair] as const))
const right = secretOfPair(pairs[0] ?? { user: '', password: '' })
const checkSecret: CheckToken = async () => {
  if (find(right) === null) throw new Error('It is one of them.')
  return { kind: 'valid', issuer: ISSUER, org: null }
}

const tokens = await Promise.all(Array.from({ length: 4 }, token))
const rounds = { secret: [] as number[], verified: [] as number[], kept: [] as number[] }
for (let round = 0; round < 5; round++) {
  rounds.secret.push(await cost(checkSecret, tokens))
  rounds.verified.push(await cost(make(0), tokens))
  rounds.kept.push(await cost(make(256), tokens))
}
const verifiedUs = median(rounds.verified)
const keptUs = median(rounds.kept)

print('| let in by | CPU us |')
print('|---|---|')
print(`| a secret, one of four | ${median(rounds.secret).toFixed(1)} |`)
print(`| a token that was verified before | ${keptUs.toFixed(1)} |`)
print(`| a token, verified | ${verifiedUs.toFixed(1)} |`)
print()
print(`A token that comes again costs a ${Math.round(verifiedUs / keptUs)}th of one that is verified.`)
print()

/** Times of single comparisons, in ns, asked in turn so that whatever else the machine does meets all of them. */
const GUESSES = {
  'wrong from the first character': secretOfPair({ user: 'okta', password: 'z-password-of-some-length-0' }),
  'wrong in the last character': secretOfPair({ user: 'okta', password: 'a-password-of-some-length-x' }),
  'right, the first of four': secretOfPair(pairs[0] ?? { user: '', password: '' }),
  'right, the last of four': secretOfPair(pairs[3] ?? { user: '', password: '' })
} as const
const times = new Map<string, number[]>(Object.keys(GUESSES).map((name) => [name, []]))
const guesses = Object.entries(GUESSES)
for (let i = 0; i < runs * 5; i++) {
  // Whoever comes first in a round finds colder caches: each is first as often as any other, by chance.
  const order = guesses.toSorted(() => Math.random() - 0.5)
  for (const [name, guess] of order) {
    const from = process.hrtime.bigint()
    find(guess)
    times.get(name)?.push(Number(process.hrtime.bigint() - from))
  }
}

/** Without the tenth that the machine disturbed most. */
function trimmed(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b).slice(0, Math.floor(values.length * 0.9))
}
const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length
const variance = (values: readonly number[]): number => {
  const middle = mean(values)
  return mean(values.map((one) => (one - middle) ** 2))
}

const reference = trimmed(times.get('wrong from the first character') ?? [])
print('| compared | ns | Welch t against the first |')
print('|---|---|---|')
for (const [name, all] of times) {
  const values = trimmed(all)
  const t =
    (mean(values) - mean(reference)) /
    Math.sqrt(variance(values) / values.length + variance(reference) / reference.length)
  print(`| ${name} | ${mean(values).toFixed(0)} | ${t.toFixed(1)} |`)
}
