import { generateKeyPairSync } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { listenForLeaks } from '../fixtures/leaks.ts'
import { linesOf } from '../fixtures/process.ts'

t.test('no start that fails and no crash says a secret or a code', async (t) => {
  const { folder, secrets, tls, vonage, said, hear, finished, startWith, leaks } = await listenForLeaks(t)
  // Starts that fail: each setting is given what belongs into another, or nothing that can be used.
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const misplaced = Object.fromEntries(
    [
      'PORT',
      'PUBLIC_URL',
      'TWILIO_BASE_URL',
      'TRUSTED_PROXIES',
      'ALLOWED_SOURCES',
      'SOURCE_LIMIT',
      'LOG_LEVEL',
      'METRICS_COUNTRIES'
    ].map((name, i) => [name, Object.values(secrets)[i] ?? ''])
  )
  const starts: readonly [string, readonly string[], Record<string, string>][] = [
    ['a start with secrets in the wrong places', [], misplaced],
    [
      'a start with a key of another certificate',
      [],
      { TLS_CERT: tls.cert, TLS_KEY: privateKey.export({ type: 'pkcs8', format: 'pem' }) }
    ],
    ['a start with a spoilt key', [], { TLS_CERT: tls.cert, TLS_KEY: tls.key.slice(0, 80) }],
    ['a start with a spoilt key of a vendor', [], { VONAGE_PRIVATE_KEY: vonage.privateKey.slice(0, 200) }],
    ['a start with a secret for rules', [], { ROUTING_FILE: '/proc/self/environ' }],
    ['a start with a debug switch', [], { DEBUG: '*', NODE_DEBUG: 'tls' }],
    ['a start with a heap snapshot', ['--heapsnapshot-near-heap-limit=1'], {}]
  ]
  await Promise.all(
    starts.map(async ([where, flags, over]) =>
      t.equal(await finished(where, startWith(flags, over)), 1, where)
    )
  )

  // It falls over, with the worst words that an error could have.
  const words = `data:text/javascript,${encodeURIComponent(
    `const all = JSON.stringify(process.env)
   setInterval(() => process.listenerCount('unhandledRejection') > 0 && process.listenerCount('SIGTERM') > 0 && setImmediate(() => { throw new Error(all + '738291') }), 200)`
  )}`
  const crashed = startWith([
    '--import',
    words,
    '--report-uncaught-exception',
    `--report-directory=${folder}`
  ])
  t.equal(await finished('a crash', crashed), 1)
  t.ok(linesOf(crashed).some(({ event }) => event === 'gateway.fault'))
  for (const name of readdirSync(folder).filter((file) => file.startsWith('report.'))) {
    hear(name, readFileSync(join(folder, name), 'utf8'))
  }
  t.ok(said.length > 7, `${said.length} things were said`)
  t.same(leaks(), [])
})
