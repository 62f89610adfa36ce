import { generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { isLoopback, readAddress, sourceOf } from '../../src/door/address.ts'
import { readTls } from '../../src/door/certificate.ts'
import { createDoor, OPEN_DOOR } from '../../src/door/door.ts'
import { createFailures, FAILURE_WINDOW_MS, FEW_FAILURES } from '../../src/door/failures.ts'
import { readNetworks, type Networks } from '../../src/door/networks.ts'
import { createSourceLimit, readRate } from '../../src/door/source-limit.ts'
import { createTlsKeeper, type TlsEvent } from '../../src/door/tls-keeper.ts'
import { createAuthority, issue } from '../fixtures/certificates.ts'

function networksOf(text: string): Networks {
  const read = readNetworks(text, { everybody: true })
  if (read.kind === 'fault') throw new Error(read.message)
  return read.networks
}

t.test('readAddress() writes an address in one way, however a proxy has written it', async (t) => {
  const cases: readonly [string | undefined, string | null][] = [
    ['192.0.2.7', '192.0.2.7'],
    [' 192.0.2.7 ', '192.0.2.7'],
    ['192.0.2.7:51234', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::ffff:c000:207', '192.0.2.7'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:DB8:0:0::1]', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['192.0.2.256', null],
    ['0300.0.2.7', null],
    ['192.0.2.7.evil.example', null],
    ['unknown', null],
    ['_hidden', null],
    ['', null],
    ['[', null],
    ['192.0.2.7, 10.0.0.1', null],
    [undefined, null]
  ]
  for (const [text, address] of cases) t.equal(readAddress(text), address, String(text))
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (text) => {
      const address = readAddress(text)
      return address === null || (readAddress(address) === address && sourceOf(address) !== '')
    })
  )
})

t.test('sourceOf() counts 64 bits of IPv6 as one, and each IPv4 by itself', async (t) => {
  const cases: readonly [string, string][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:ffff::2', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::192.0.2.7', '0:0:0:0::/64']
  ]
  for (const [address, source] of cases) t.equal(sourceOf(readAddress(address) ?? ''), source, address)
  for (const host of ['127.0.0.1', '::1', 'localhost', '127.9.9.9']) t.ok(isLoopback(host), host)
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'gateway', undefined]) {
    t.notOk(isLoopback(host), String(host))
  }
})

t.test(
  'readNetworks() takes networks and addresses, and says which entry is none without its words',
  async (t) => {
    const some = networksOf('192.0.2.7, 198.51.100.0/24\n2001:db8::/32 203.0.113.9/32')
    const borders: readonly [string | undefined, boolean][] = [
      ['192.0.2.7', true],
      ['192.0.2.6', false],
      ['192.0.2.8', false],
      ['198.51.99.255', false],
      ['198.51.100.0', true],
      ['198.51.100.255', true],
      ['198.51.101.0', false],
      ['::ffff:198.51.100.9', true],
      ['198.51.100.9:443', true],
      ['2001:db7:ffff::', false],
      ['2001:db8::', true],
      ['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', true],
      ['2001:db9::', false],
      ['unknown', false],
      [undefined, false]
    ]
    for (const [address, isIn] of borders) t.equal(some.has(address), isIn, String(address))

    for (const wrong of [
      'secret',
      '10.0.0.0/33',
      '10.0.0/8',
      '2001:db8::/129',
      '10.0.0.0/8/8',
      '10.0.0.0/',
      '1.2.3.4/+8',
      'fe80::1%eth0'
    ]) {
      const read = readNetworks(`192.0.2.7 ${wrong}`, { everybody: true })
      t.match(read, { kind: 'fault', message: /entry 2 is none/u }, wrong)
      t.notOk(JSON.stringify(read).includes(wrong))
    }
    t.ok(networksOf('0.0.0.0/0 ::/0').has('192.0.2.7'))
    t.match(readNetworks('10.0.0.0/8 0.0.0.0/0', { everybody: false }), { message: /entry 2 ends in \/0/u })
    t.match(readNetworks('10.0.0.1 '.repeat(2_001), { everybody: true }), { message: /more than 2000/u })
  }
)

t.test('a source may send what its limit says at once, and then evenly', async (t) => {
  let now = 0
  const take = createSourceLimit({ requests: 3, perMs: 1_000, now: () => now, mostSources: 2 })
  t.same([take('a'), take('a'), take('a'), take('a')], [null, null, null, 334])
  t.equal(take('b'), null, 'another one has its own')
  now = 334
  t.same([take('a'), take('a')], [null, 333])
  now = 10_000
  t.same(
    [take('a'), take('a'), take('a'), take('a')].filter((ms) => ms === null).length,
    3,
    'no more is saved up'
  )
  take('c')
  take('d')
  t.equal(take('a'), null, 'who was forgotten begins anew')

  for (const [text, rate] of [
    ['100/s', { requests: 100, perMs: 1_000 }],
    ['6000/m', { requests: 6_000, perMs: 60_000 }],
    ['0/s', null],
    ['100', null],
    ['1.5/s', null],
    ['-1/s', null],
    ['100/h', null],
    ['9999999/s', null]
  ] as const) {
    t.same(readRate(text), rate, text)
  }
})

t.test('however requests come, a source gets no more than its limit and what it had saved', async () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 200 })
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 20 }), (waits, requests) => {
      let now = 0
      const take = createSourceLimit({ requests, perMs: 1_000, now: () => now })
      let taken = 0
      for (const wait of waits) {
        now += wait
        if (take('a') === null) taken += 1
      }
      return taken <= requests + (now / 1_000) * requests + 1e-6
    })
  )
})

t.test('wrong credentials are too many after some in a window, of each source by itself', async (t) => {
  let now = 0
  const failed = createFailures(() => now)
  const first = Array.from({ length: FEW_FAILURES }, () => failed('a'))
  t.notOk(first.includes(true))
  t.equal(failed('a'), true)
  t.equal(failed('b'), false)
  now = FAILURE_WINDOW_MS
  t.equal(failed('a'), false, 'a new window')
})

t.test('the door asks for the address first, then the certificate, then the limit', async (t) => {
  const door = createDoor({
    ...OPEN_DOOR,
    allowedSources: networksOf('192.0.2.0/24'),
    sourceLimit: { requests: 1, perMs: 1_000 },
    needsCertificate: true,
    now: () => 0
  })
  t.same(door.refuses({ address: '198.51.100.1', hasCertificate: true }), { reason: 'source_not_allowed' })
  t.same(door.refuses({ address: 'garbage', hasCertificate: true }), { reason: 'source_not_allowed' })
  t.same(door.refuses({ address: undefined, hasCertificate: true }), { reason: 'source_not_allowed' })
  t.same(door.refuses({ address: '192.0.2.1', hasCertificate: false }), { reason: 'no_client_certificate' })
  t.equal(door.refuses({ address: '192.0.2.1', hasCertificate: true }), null)
  t.match(door.refuses({ address: '192.0.2.1', hasCertificate: true }), {
    reason: 'too_many_requests',
    retryAfterMs: 1_000
  })
  const open = createDoor({ ...OPEN_DOOR, needsCertificate: false, now: () => 0 })
  t.equal(open.refuses({ address: 'garbage', hasCertificate: false }), null)
})

const DAY_MS = 24 * 60 * 60_000
const NOW = Date.UTC(2031, 0, 1)
const authority = createAuthority('An authority', undefined, {
  from: NOW - DAY_MS,
  until: NOW + 999 * DAY_MS
})
const between = createAuthority('One in between', authority, { from: NOW - DAY_MS, until: NOW + 99 * DAY_MS })
const times = { from: NOW - DAY_MS, until: NOW + 90 * DAY_MS }
const good = issue(between, { name: 'otp.example.com', hosts: ['otp.example.com'], ...times })
const chained = { cert: good.cert + between.pem, key: good.key, clientCa: null }

t.test('readTls() takes a pair that fits, and says what it is for and until when', async (t) => {
  const read = readTls({ ...chained, clientCa: authority.pem }, NOW)
  t.match(read, { kind: 'ok', pair: { expiresMs: times.until, chain: 2, fingerprint: /^[0-9a-f]{64}$/u } })
  if (read.kind !== 'ok') return
  t.ok(read.pair.isFor('otp.example.com'))
  t.notOk(read.pair.isFor('other.example.com'))
})

t.test('readTls() says every fault by its setting, and nothing of what is in it', async (t) => {
  const other = issue(between, { name: 'x', ...times })
  const ended = issue(authority, { name: 'x', from: NOW - 9 * DAY_MS, until: NOW - DAY_MS })
  const early = issue(authority, { name: 'x', from: NOW + DAY_MS, until: NOW + 9 * DAY_MS })
  const weak = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const locked = weak.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x'
  })
  const cases: readonly [string, Partial<typeof chained> | { clientCa: string }, readonly RegExp[]][] = [
    ['no certificate', { cert: '/etc/tls/secret.pem' }, [/^TLS_CERT must be .*TLS_CERT_FILE/u]],
    ['the key for the certificate', { cert: good.key }, [/^TLS_CERT must be/u]],
    ['a spoilt certificate', { cert: good.cert.replace('MI', 'AA') }, [/^TLS_CERT must be/u]],
    ['no key', { key: 'secret' }, [/^TLS_KEY must be .*TLS_KEY_FILE/u]],
    ['a key with a passphrase', { key: locked }, [/^TLS_KEY must be .*without a passphrase/u]],
    ['the key of another', { key: other.key }, [/^TLS_KEY is not the key of the first/u]],
    [
      'a chain in disorder',
      { cert: good.cert + authority.pem },
      [/^TLS_CERT is in disorder: certificate 2/u]
    ],
    [
      'the authority first',
      { cert: between.pem + good.cert },
      [/^TLS_CERT is in disorder/u, /^TLS_KEY is not/u]
    ],
    ['one that has ended', { ...ended }, [/^TLS_CERT has ended on 2030-12-31$/u]],
    ['one that is not yet', { ...early }, [/^TLS_CERT does not hold before 2031-01-02$/u]],
    ['no authority', { clientCa: 'secret' }, [/^TLS_CLIENT_CA must be/u]]
  ]
  for (const [name, over, expected] of cases) {
    const read = readTls({ ...chained, ...over }, NOW)
    const faults = read.kind === 'faulty' ? read.faults.map((fault) => `${fault.name} ${fault.message}`) : []
    t.match(faults, expected, name)
    t.equal(faults.length, expected.length, name)
    t.notMatch(faults.join(' '), /secret|BEGIN|[A-Za-z0-9+/]{40}/u)
  }
})

t.test(
  'a renewed pair is used, a faulty one is said once and changes nothing, and ends are said in time',
  async (t) => {
    let now = NOW
    const events: TlsEvent[] = []
    const used: string[] = []
    const initial = readTls(chained, NOW)
    if (initial.kind !== 'ok') throw new Error('It should be good.')
    let files = readTls(chained, NOW)
    const keeper = createTlsKeeper({
      initial: initial.pair,
      read: () => files,
      use: ({ fingerprint }) => used.push(fingerprint),
      epoch: () => now,
      onEvent: (event) => events.push(event)
    })
    const said = () =>
      events.splice(0).map((event) => (event.kind === 'expiring' ? `expiring ${event.daysLeft}` : event.kind))
    t.same(said(), ['loaded'])
    keeper.reload('watch')
    t.same(said(), [], 'a watcher that found nothing says nothing')

    for (const days of [59, 60, 61, 82.5, 83, 89, 90.5, 95]) {
      now = NOW + days * DAY_MS
      keeper.look()
    }
    t.same(said(), ['expiring 30', 'expiring 7', 'expiring 1', 'expiring -1'])

    now = NOW + 60 * DAY_MS
    files = readTls({ ...chained, key: 'nothing' }, now)
    keeper.reload('watch')
    keeper.reload('watch')
    t.same(said(), ['rejected'], 'once')
    t.same(used, [])
    files = readTls(chained, now)
    keeper.reload('watch')
    t.same(said(), ['loaded'], 'the old one is back')

    const next = issue(between, { name: 'otp.example.com', from: NOW, until: NOW + 80 * DAY_MS })
    files = readTls({ cert: next.cert, key: next.key, clientCa: null }, now)
    keeper.reload('watch')
    t.same(said(), ['loaded', 'expiring 20'])
    t.equal(used.length, 1)
  }
)
