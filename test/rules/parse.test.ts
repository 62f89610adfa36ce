import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { CHANNELS } from '../../src/domain/message.ts'
import { mayUseSender } from '../../src/domain/sender.ts'
import { suggest } from '../../src/domain/suggest.ts'
import { PROVIDER_NAMES } from '../../src/providers/provider.ts'
import { COUNTRIES } from '../../src/rules/countries.ts'
import { FAULTS, type Fault } from '../../src/rules/faults.ts'
import { loadRules } from '../../src/rules/load.ts'
import { parseRules } from '../../src/rules/parse.ts'
import { renderFaults } from '../../src/rules/report.ts'
import { PROVIDERS } from '../../src/rules/providers.ts'
import { editorSchema } from '../../src/rules/schema.ts'
import { SENDER_COUNTRIES } from '../../src/rules/sender-countries.ts'
import { parseDuration, parsePercent } from '../../src/rules/values.ts'

const corpus = new URL('../fixtures/rules/', import.meta.url)
const shippedUrl = new URL('../../config/routing.yaml', import.meta.url)
const shipped = readFileSync(shippedUrl, 'utf8')

const NOW = Date.parse('2026-11-25T12:00Z')

const HEAD = `version: 1
providers: { twilio: { channels: [sms, voice] }, vonage: { channels: [sms, voice] } }
senders: { us: { kind: number, value: "+12025550123" } }
defaults: { sender: us }
`
const TAIL = 'otherwise: { send: [vonage, twilio] }\n'

/** A file with one rule; `when` stands in line 6 from column 11 on. */
function withWhen(when: string): string {
  return `${HEAD}rules:\n- { when: ${when},\n    name: a-rule, send: [twilio, vonage] }\n${TAIL}`
}

function faultsOf(text: string): readonly Fault[] {
  const parsed = parseRules(text, 'routing.yaml', { nowMs: NOW })
  return parsed.kind === 'ok' ? parsed.warnings : parsed.faults
}

function rulesOf(t: Test, text: string) {
  const parsed = parseRules(text, 'routing.yaml', { nowMs: NOW })
  if (parsed.kind === 'faulty') {
    t.fail(renderFaults(text, parsed.faults, { colour: false }))
    throw new Error('The file has faults.')
  }
  return parsed.rules
}

t.test('each file of the corpus gets exactly the report beside it', async (t) => {
  const files = readdirSync(corpus).filter((name) => name.endsWith('.yaml'))
  for (const name of files) {
    const text = readFileSync(new URL(name, corpus), 'utf8')
    const expected = new URL(name.replace('.yaml', '.txt'), corpus)
    const report = renderFaults(text, faultsOf(text), { colour: false }).replaceAll('routing.yaml', name)
    // UPDATE_REPORTS=1 node test/rules/parse.test.ts writes them anew, to be read in the diff.
    if (process.env['UPDATE_REPORTS'] === '1') writeFileSync(expected, report)
    t.equal(report, readFileSync(expected, 'utf8'), name)
  }

  const reports = files
    .map((name) => readFileSync(new URL(name.replace('.yaml', '.txt'), corpus), 'utf8'))
    .join('')
  const elsewhere = new Set(['E190'])
  const missing = Object.keys(FAULTS).filter((code) => !elsewhere.has(code) && !reports.includes(` ${code} `))
  t.same(missing, [], 'each code is shown once at least')
})

t.test('no report shows a credential', async (t) => {
  const text = readFileSync(new URL('E140-credentials.yaml', corpus), 'utf8')
  const shown = renderFaults(text, faultsOf(text), { colour: true }) + JSON.stringify(faultsOf(text))
  for (const secret of [
    'correct horse',
    'hunter2',
    '0123456789abcdef',
    'abcdefghij0123',
    'swordfish',
    'MIIEvQ'
  ]) {
    t.notMatch(shown, secret)
  }

  const broken = `${HEAD}x: [\nauth_token: "correct horse\n`
  t.notMatch(renderFaults(broken, faultsOf(broken), { colour: false }), 'correct')
})

t.test('a credential is reported and quoted by nobody, wherever a file holds it', async (t) => {
  const secret = '9f8e7d6c5b4a39281706f5e4d3c2b1a0'
  const places = [
    `country: ${secret}`,
    `country: AC${secret}`,
    `prefix: "${secret}"`,
    `locale: SK${secret}`,
    `channel: ${secret}`,
    `flow: test_${secret.slice(0, 25)}`,
    `${secret}: 1`
  ]
  for (const place of places) {
    const text = withWhen(`{ ${place} }`)
    const faults = faultsOf(text)
    t.ok(
      faults.some(({ code }) => code === 'E140'),
      place
    )
    t.notMatch(renderFaults(text, faults, { colour: false }) + JSON.stringify(faults), secret.slice(0, 25))
  }
  t.same(faultsOf(withWhen('{ flow: password_reset }')), [], 'password_reset is a flow')
})

t.test('YAML that is read in other ways elsewhere', async (t) => {
  const country = (text: string) => rulesOf(t, text).rules[0]?.when.country
  t.same(country(withWhen('{ country: NO }')), ['NO'], 'NO is Norway')
  t.same(country(withWhen('{ country: [NO, SE] }').replaceAll('\n', '\r\n')), ['NO', 'SE'], 'CRLF')
  t.same(country(`\ufeff${withWhen('{ country: SE }')}`), ['SE'], 'a byte order mark')
  t.same(country(`\ufeff---\n${withWhen('{ country: SE }')}...\n`), ['SE'], 'document marks')
  t.match(faultsOf(withWhen('{ prefix: +44 }')), [
    { code: 'E100', line: 6, column: 21, length: 3, suggestion: '"+44"' }
  ])
  t.match(faultsOf(withWhen('{ country: 08 }')), [{ code: 'E100' }], 'a number is no country')
  t.match(faultsOf(withWhen('{ country: ~ }')), [{ code: 'E100' }], 'null is no country')
  t.match(
    faultsOf(withWhen('{ country: }')),
    [{ code: 'E103', line: 6, column: 13 }],
    'nothing is no country'
  )
  t.match(faultsOf(withWhen('{ __proto__: SE }')), [{ code: 'E101' }], 'no key of the language is known')
  t.match(faultsOf(withWhen('{ ? [a] : b, country: SE }')), [{ code: 'E103' }], 'a list is no key')
  t.match(faultsOf('%YAML 1.1\n---\n' + withWhen('{ country: SE }')), [{ code: 'E152', line: 1 }])
  t.match(faultsOf(''), [{ code: 'E154' }])
  t.match(faultsOf('just a text'), [{ code: 'E103' }])
  t.match(faultsOf('- a\n- b\n'), [{ code: 'E103' }])
})

t.test('a file cannot exhaust the reader', async (t) => {
  const deep = faultsOf(`${HEAD}rules: ${'['.repeat(20_000)}`)
  t.ok(deep.some(({ code }) => code === 'E153'))
  const laughs = faultsOf(`a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n${HEAD}${TAIL}`)
  t.ok(laughs.some(({ code }) => code === 'E152'))
  const many = faultsOf(`${HEAD}${Array.from({ length: 3_000 }, (_, i) => `k${i}: 1\n`).join('')}${TAIL}`)
  t.equal(many.length, 201)
  t.match(many.at(-1), { code: 'E190', message: 'only the first 200 errors are shown' })
  const rules = Array.from(
    { length: 10_001 },
    (_, i) => `- {name: r${i}, when: {org: o${i}.test}, send: [twilio, vonage]}\n`
  )
  t.match(faultsOf(`${HEAD}rules:\n${rules.join('')}${TAIL}`), [{ code: 'E105' }])
})

t.test('parseRules() reads what the router decides by', async (t) => {
  const rules = rulesOf(
    t,
    `version: 1
providers:
  twilio: { channels: [sms, voice], not_for: nordics, capacity_per_second: 50 }
  vonage: { channels: sms, only_for: [GB, nordics] }
senders:
  acme: { kind: alphanumeric, value: ACME 24, not_for: GB }
  us: { kind: number, value: "+12025550123", only: twilio }
country_groups:
  nordics: [scandinavia, FI, SE]
  scandinavia: [SE, "NO", DK]
defaults: { sender: [acme, us], deadline: 2s, country: US, resend: { within: 5m }, breaker: { failure_rate: 12.5%, open_for: 1.5s } }
reply: { undecided: pending }
rules:
  - name: one
    when: { country: [nordics, GB], not_country: DK, locale: en-US, org: ACME.okta.com, prefix: ["+46"] }
    send:
      - split: { vonage: 0, twilio: 3 }
        timeout: 1s
    on_no_answer: wait
  - name: two
    when: { number_type: premium_rate }
    block: { reason: premium_number }
otherwise:
  send: [twilio, { provider: vonage, sender: acme, on_no_answer: next }]
`
  )
  t.match(rules.hash, /^[0-9a-f]{12}$/u)
  t.same(
    [...rules.providers],
    [
      [
        'twilio',
        { channels: ['sms', 'voice'], onlyFor: null, notFor: ['SE', 'NO', 'DK', 'FI'], capacityPerSecond: 50 }
      ],
      [
        'vonage',
        { channels: ['sms'], onlyFor: ['GB', 'SE', 'NO', 'DK', 'FI'], notFor: [], capacityPerSecond: null }
      ]
    ]
  )
  t.same(rules.senders.get('acme'), {
    name: 'acme',
    kind: 'alphanumeric',
    value: 'ACME 24',
    only: null,
    onlyFor: null,
    notFor: ['GB'],
    refusedBy: SENDER_COUNTRIES.refusedBy,
    registeredIn: []
  })
  t.same(rules.senders.get('us')?.only, ['twilio'])
  t.same(rules.defaults, {
    deadlineMs: 2000,
    attemptTimeoutMs: 900,
    minAttemptMs: 300,
    maxAttempts: 3,
    senders: ['acme', 'us'],
    country: 'US',
    resend: { withinMs: 300_000, preferOtherProvider: true },
    breaker: {
      windowMs: 10_000,
      minCalls: 5,
      failureRate: 0.125,
      inARow: 5,
      openForMs: 1500,
      openAtMostMs: 4_000
    }
  })
  t.same(rules.reply, { allFailed: 'failed', undecided: 'pending', blocked: 'error' })
  t.same(rules.rules, [
    {
      name: 'one',
      why: null,
      owner: null,
      untilMs: null,
      shadow: false,
      written: { country: ['nordics', 'GB'], not_country: ['DK'] },
      when: {
        country: ['SE', 'NO', 'DK', 'FI', 'GB'],
        not_country: ['DK'],
        locale: ['en-us'],
        org: ['acme.okta.com'],
        prefix: ['+46']
      },
      action: {
        kind: 'send',
        steps: [
          {
            kind: 'split',
            arms: [
              { provider: 'vonage', weight: 0 },
              { provider: 'twilio', weight: 3 }
            ],
            senders: null,
            timeoutMs: 1000,
            onNoAnswer: 'wait'
          }
        ]
      }
    },
    {
      name: 'two',
      why: null,
      owner: null,
      untilMs: null,
      shadow: false,
      written: {},
      when: { number_type: ['premium_rate'] },
      action: { kind: 'block', reason: 'premium_number' }
    }
  ])
  t.same(rules.otherwise, {
    kind: 'send',
    steps: [
      { kind: 'provider', provider: 'twilio', senders: null, timeoutMs: null, onNoAnswer: null },
      { kind: 'provider', provider: 'vonage', senders: ['acme'], timeoutMs: null, onNoAnswer: 'next' }
    ]
  })
})

t.test('times and percentages', async (t) => {
  const times = { '2500ms': 2500, '2.5s': 2500, '2.3s': 2300, '10m': 600_000, '0.5m': 30_000, '1.001s': 1001 }
  for (const [written, ms] of Object.entries(times)) t.equal(parseDuration(written), ms, written)
  for (const wrong of ['', '2500', 's', '1h', '0.5ms', '1 s', '-1s', '1e3ms', '1.2345s', '٣s']) {
    t.same(parseDuration(wrong), Number.NaN, wrong)
  }
  t.equal(parsePercent('50%'), 0.5)
  t.same(parsePercent('50'), Number.NaN)
})

t.test('suggest() names what is near, and nothing where nothing is', async (t) => {
  const candidates = ['twilio', 'vonage', 'messagebird']
  for (const [word, nearest] of [
    ['twillio', 'twilio'],
    ['Twilio', 'twilio'],
    ['twiloi', 'twilio'],
    ['message-bird', 'messagebird'],
    ['sinch', undefined],
    ['', undefined],
    ['x'.repeat(100_000), undefined]
  ] as const) {
    t.equal(suggest(word, candidates), nearest, word.slice(0, 20))
  }
})

t.test('the file that ships', async (t) => {
  const rules = rulesOf(t, shipped)
  t.same(faultsOf(shipped), [], 'has no faults and no warnings')

  for (const [name, { channels, notFor }] of rules.providers) {
    for (const channel of channels) {
      const without = [...COUNTRIES, null].filter(
        (country) =>
          (country === null || !notFor.includes(country)) &&
          !rules.defaults.senders.some((sender) => {
            const entry = rules.senders.get(sender)
            return entry !== undefined && mayUseSender(entry, { provider: name, channel, country })
          })
      )
      t.same(without, [], `${name} has a default sender for ${channel} everywhere`)
    }
  }
  const chain = rules.otherwise.kind === 'send' ? rules.otherwise.steps : []
  t.equal(chain.length, PROVIDER_NAMES.length, 'uses every provider for the rest of the world')
  t.ok([...rules.providers.values()].every(({ channels }) => channels.length === CHANNELS.length))
})

t.test('the schema for editors', async (t) => {
  const committed = readFileSync(new URL('../../config/routing.schema.json', import.meta.url), 'utf8')
  t.equal(committed, editorSchema(), 'is fresh; if not: node src/rules/write-schema.ts')
  t.same(PROVIDERS, PROVIDER_NAMES, 'knows the providers that there are')

  const ajv = new Ajv({ strictRequired: false, allErrors: true })
  ajv.addKeyword('patternErrorMessage')
  const validate = ajv.compile(JSON.parse(committed) as object)
  const example = parse(shipped) as { rules: object[] }
  t.ok(validate(example), JSON.stringify(validate.errors))
  t.notOk(validate({ ...example, rulez: [] }), 'refuses an unknown key')
  t.notOk(validate({ ...example, rules: [{ ...example.rules[0], when: {} }] }), 'refuses an empty condition')
  t.notOk(
    validate({ ...example, rules: [{ ...example.rules[0], send: ['twilio'] }] }),
    'refuses send beside block'
  )
  t.same(undescribed(JSON.parse(committed), '#'), [], 'describes every key')
})

/** Keys of a schema that say nothing about themselves. */
function undescribed(schema: unknown, path: string): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const { properties = {}, ...others } = schema as { properties?: Record<string, { description?: string }> }
  const here = Object.entries(properties).filter(([, { description }]) => description === undefined)
  const below = [...Object.entries(properties), ...Object.entries(others)]
  return here
    .map(([key]) => `${path}/${key}`)
    .concat(below.flatMap(([key, value]) => undescribed(value, `${path}/${key}`)))
}

t.test('the page on faults has a section for each code', async (t) => {
  const page = readFileSync(new URL('../../docs/rule-faults.md', import.meta.url), 'utf8')
  const sections = [...page.matchAll(/^## ([EW]\d+) (.+)$/gmu)].map(([, code, title]) => [code, title])
  t.same(
    sections,
    Object.entries(FAULTS).map(([code, { title }]) => [code, title])
  )
})

t.test('loadRules()', async (t) => {
  t.match(await loadRules(shippedUrl.pathname, { nowMs: NOW }), { kind: 'ok', text: shipped, warnings: [] })

  const folder = t.testdir({
    big: '#'.repeat(2 ** 20 + 1),
    latin: Buffer.from([0xe9, 0x0a]),
    bad: 'version: 2\n'
  })
  const cases = [
    ['none', /none cannot be read: there is no such file\.$/u],
    ['', /cannot be read: it is a directory\.$/u],
    ['big', /it has 1048577 bytes; at most 1048576 are read\.$/u],
    ['latin', /it is not UTF-8\.$/u]
  ] as const
  for (const [name, message] of cases) {
    t.match(await loadRules(`${folder}/${name}`, { nowMs: NOW }), { kind: 'unreadable', message })
  }
  t.match(await loadRules(`${folder}/bad`, { nowMs: NOW }), { kind: 'faulty', text: 'version: 2\n' })
})

function render(text: string, colour = false): string {
  return renderFaults(text, faultsOf(text), { colour })
}

t.test('renderFaults() stands the carets under the fault', async (t) => {
  t.match(render(`${HEAD}\u001b[2J: 1\n${TAIL}`), '\ufffd[2J', 'and lets no control character through')
  t.match(render(`${HEAD}#\t\nx:\t1\n${TAIL}`), '     6 | x:\t1\n       | ^\n')
  t.match(render('version:\t2\n'), '     1 | version:\t2\n       |         \t^\n', 'behind a tab too')
  t.match(render('version: 2\n', true), '\u001b[31merror\u001b[0m E104')
  const long = render(withWhen(`{ country: [${'SE, '.repeat(200)}XX] }`))
  t.ok(
    long.split('\n').every((line) => line.length < 130),
    'and shows a window of a long line'
  )
  t.match(long, 'XX')
})

/** What people and accidents do to a file. */
const mutations = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.nat(30),
    insert: fc.oneof(
      fc.constantFrom(
        ':',
        '- ',
        '[',
        ']',
        '{',
        '}',
        '"',
        "'",
        '\t',
        '\r',
        '&a ',
        '*a',
        '!!str ',
        '<<: ',
        '|',
        '\n',
        '#',
        '? '
      ),
      fc.constantFrom(
        'null',
        '~',
        '[]',
        '{}',
        '-1',
        '1e999',
        'true',
        '2026-01-01',
        '__proto__',
        'constructor: 1'
      ),
      fc.string({ unit: 'binary', maxLength: 5 })
    )
  }),
  { minLength: 1, maxLength: 6 }
)

function mustHold(text: string): void {
  const parsed = parseRules(text, 'routing.yaml', { nowMs: NOW })
  const faults = parsed.kind === 'ok' ? parsed.warnings : parsed.faults
  renderFaults(text, faults, { colour: false })
  if (parsed.kind === 'faulty' && !faults.some(({ severity }) => severity === 'error')) {
    throw new Error('A file is faulty without an error.')
  }
  if (faults.some(({ message }) => message.startsWith('the file does not follow'))) {
    throw new Error('The checker let through what the schema does not.')
  }
  const lines = text.split('\n')
  for (const { line, column } of faults) {
    if (column < 1 || column > (lines[line - 1] ?? '').length + 2) {
      throw new Error(`No place: ${line}:${column}`)
    }
  }
}

t.test('parseRules() and renderFaults() throw on no text, and every fault has a place in it', async (t) => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), mustHold), { numRuns: 300 })
  fc.assert(
    fc.property(mutations, (changes) => {
      let text = shipped
      for (const { at, remove, insert } of changes) {
        const place = Math.floor(at * text.length)
        text = text.slice(0, place) + insert + text.slice(place + remove)
      }
      mustHold(text)
    }),
    { numRuns: 300 }
  )
  t.pass()
})
