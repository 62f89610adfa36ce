import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { formatRules } from '../../src/rules/format.ts'
import { parseRules } from '../../src/rules/parse.ts'

const corpus = new URL('../fixtures/rules/', import.meta.url)
const shipped = readFileSync(new URL('../../config/routing.yaml', import.meta.url), 'utf8')

const NOW = Date.parse('2026-11-25T12:00Z')

/** What the router would decide by, in its order, or the codes of the faults. */
function meaningOf(text: string): string {
  const parsed = parseRules(text, 'routing.yaml', { nowMs: NOW })
  if (parsed.kind === 'faulty') {
    return parsed.faults
      .map(({ code }) => code)
      .toSorted()
      .join(' ')
  }
  return JSON.stringify({ ...parsed.rules, hash: '' }, (_, value: unknown) =>
    value instanceof Map || value instanceof Set ? [...value] : value
  )
}

const cases = [
  {
    name: 'spaces, brackets, braces and indentation',
    written: `version:   1
senders:
        us:  {kind: number,value:   x , only: [ twilio,vonage ] , not_for: [ ]}
        de:
             kind: number
country_groups: {  }
rules:
- name: a
  when: {country: US}
  send:
  - twilio
  -   {provider: vonage}
  -
    - x
    -   - z
`,
    canonical: `version: 1

senders:
  us: { kind: number, value: x, only: [twilio, vonage], not_for: [] }
  de:
    kind: number

country_groups: {}

rules:
  - name: a
    when: { country: US }
    send:
      - twilio
      - { provider: vonage }
      - - x
        - - z
`
  },
  {
    name: 'keys come in their order, with their comments; unknown ones stay behind the one that they follow',
    written: `# yaml-language-server: $schema=./routing.schema.json

# What this file is.
otherwise: { send: [vonage, twilio] } # the rest
# How rules look.
rules: # from top to bottom
  # Why this one is first.
  - when: { channel: sms } # texts
    # They know.
    owner: team # ask them
    send: [vonage]
    note: of send
    # Its name.
    name: a
    # Below the rule.
  # Below the rules.
extra: 1
# The version.
version: 1 # the first
# The end.
`,
    canonical: `# yaml-language-server: $schema=./routing.schema.json

# What this file is.

# The version.
version: 1 # the first

# How rules look.
rules: # from top to bottom
  # Why this one is first.
  # Its name.
  - name: a
    # They know.
    owner: team # ask them
    when: { channel: sms } # texts
    send: [vonage]
    note: of send
    # Below the rule.
  # Below the rules.

extra: 1

otherwise: { send: [vonage, twilio] } # the rest
# The end.
`
  },
  {
    name: 'comments in awkward places',
    written: `version: # between
  1
reply:
  # above the value
  blocked
defaults: # of defaults
          # and its second line
  sender: [ # behind the bracket
    a, # behind an item
    # above an item
    b
    # below the last
  ] # behind the list
  resend: { within: 10m } # short
                          # and long
  country: # before
    US # after
  breaker: [ # in an empty list
    # and another
  ]
rules:
- # behind the dash
  # and below it
  name: a # the name
  send: # the steps
      # deeper than the step
    - twilio
      # far below the step
    # - vonage
  # of the rule
# of the next rule
- { name: b, # its name
    send: [ vonage ] # its steps
  } # its end
`,
    canonical: `version: 1 # between

defaults: # of defaults
          # and its second line
  # behind the bracket
  sender: # behind the list
    - a # behind an item
    # above an item
    - b
    # below the last
  resend: { within: 10m } # short
                          # and long
  # before
  country: US # after
  # and another
  breaker: [] # in an empty list

# above the value
reply: blocked

rules:
  # behind the dash
  # and below it
  - name: a # the name
    send: # the steps
      # deeper than the step
      - twilio
      # far below the step
      # - vonage
    # of the rule

  # of the next rule
  # its end
  - name: b # its name
    send: [vonage] # its steps
`
  },
  {
    name: 'blank lines: one at most, one between rules and keys',
    written: `

# first


# second

version: 1
# of the providers

providers:

  twilio: 1


  # of vonage


  vonage: 1

rules:

  # of a
  - name: a

    send:

      - x

      - z
  - name: b
  # of c

  - name: c

  # below

`,
    canonical: `# first

# second

version: 1

# of the providers

providers:
  twilio: 1

  # of vonage

  vonage: 1

rules:
  # of a
  - name: a

    send:
      - x

      - z

  - name: b

  # of c

  - name: c

  # below
`
  },
  {
    name: 'quotes',
    written: `version: '1'
country_groups:
  no: ['NO', 'SE', "DK", NO, "a,b"]
  "on": ["yes", 'off', y, "null", "~", "true"]
  numbers: ["1", '+442079460000', 08:30, 1_000, 2026-12-31, "0x1f", ""]
  plain: ['50%', "2500ms", 'ACME 24', "it's", 1.50, 0x10, True, ~, acme.okta.com]
  why: 'a, [b] {c}'
  hash: ["a #b", 'a: b', "- a", '"a"', 'it''s', "*a", "&a", "!a", "%a", "@a", "a:"]
  hidden: "a\\tb\\nc\\e\\u2028 \\ud800"
`,
    canonical: String.raw`version: "1"

country_groups:
  "no": ["NO", SE, DK, "NO", "a,b"]
  "on": ["yes", "off", "y", "null", "~", "true"]
  numbers: ["1", "+442079460000", "08:30", "1_000", "2026-12-31", "0x1f", ""]
  plain: [50%, 2500ms, ACME 24, it's, 1.50, 0x10, True, ~, acme.okta.com]
  why: a, [b] {c}
  hash: ["a #b", "a: b", "- a", "\"a\"", it's, "*a", "&a", "!a", "%a", "@a", "a:"]
  hidden: "a\tb\nc\u001b\u2028 \ud800"
`
  },
  {
    name: 'a flow that is too long becomes a block, from outside to inside; comments do not count',
    written: `version: 1
defaults:
  fits: [${'x'.repeat(100)}] # a comment may go beyond
  long: [${'x'.repeat(101)}]
  deep: { country: [${'SE, '.repeat(30)}SE], channel: sms } # its comment
rules:
  - name: a
    send: [{ provider: twilio, sender: [${'x'.repeat(50)}], timeout: 1000ms }, { provider: vonage }]
`,
    canonical: `version: 1

defaults:
  fits: [${'x'.repeat(100)}] # a comment may go beyond
  long:
    - ${'x'.repeat(101)}
  deep: # its comment
    country:
${'      - SE\n'.repeat(31)}    channel: sms

rules:
  - name: a
    send:
      - { provider: twilio, sender: [${'x'.repeat(50)}], timeout: 1000ms }
      - { provider: vonage }
`
  },
  {
    name: 'JSON: the file, its rules and each of them are blocks',
    written: `{"rules":[{"send":["twilio"],"when":{"country":"NO"},"name":"a"},{}],
"otherwise":{"send":["vonage"]},"reply":{},"version":1}`,
    canonical: `version: 1

reply: {}

rules:
  - name: a
    when: { country: "NO" }
    send: [twilio]

  - {}

otherwise: { send: [vonage] }
`
  },
  {
    name: 'texts of several lines',
    written: `version: 1
rules:
  - name: a
    why: short
      enough # for one line
    owner: 'It goes on
      and on: ${'word '.repeat(25)}

      end.'
  - why: ${'word '.repeat(25)}end # its comment
    name: b
  - why: >
          Folded,
          and

            deeper.


    name: c # behind a text
  - why: |- # of the text
      Lines # no comment

      stay.
      # no comment either
    # of the owner
    owner: |2
         Begins with spaces.
        Goes on.
  - why: |+
      Blank lines at its end.

  - why: |
    name: d
`,
    canonical: `version: 1

rules:
  - name: a
    why: short enough # for one line
    owner: "It goes on and on: ${'word '.repeat(15)}word
      ${'word '.repeat(8)}word\\nend."

  - name: b
    why: ${'word '.repeat(19)}word
      ${'word '.repeat(5)}end # its comment

  - name: c # behind a text
    why: >
      Folded,
      and

        deeper.

  - why: |- # of the text
      Lines # no comment

      stay.
      # no comment either
    # of the owner
    owner: |2
         Begins with spaces.
        Goes on.

  - why: "Blank lines at its end.\\n\\n"

  - name: d
    why: ""
`
  },
  {
    name: 'values that are missing, keys written out, pairs in a list',
    written: `? version # of the key
: 1 # of the value
reply:   # nothing
defaults: { sender, country: , list: [a: 1, {b: 2}] }
rules:
  - # nothing
  -
`,
    canonical: `# of the key
version: 1 # of the value

defaults: { sender:, country:, list: [{ a: 1 }, { b: 2 }] }

reply: # nothing

rules:
  - # nothing

  -
`
  },
  {
    name: 'marks, carriage returns and a byte order mark go',
    written: '\ufeff# top\r\n--- # mark\r\nversion: 1   \r\n\r\n\r\nrules: []\t# none \r\n...\r\n# end',
    canonical: '# top\n# mark\nversion: 1\n\nrules: [] # none\n# end\n'
  }
]

t.test('formatRules() writes the canonical form', async (t) => {
  for (const { name, written, canonical } of cases) {
    t.equal(formatRules(written), canonical, name)
    t.equal(formatRules(canonical), canonical, `${name}, a second time`)
    t.same(parse(canonical), parse(written.replaceAll('\r', '').replace('\ufeff', '')), `${name}, in meaning`)
  }
})

t.test('formatRules() mends only the ends of lines where a file has faults', async (t) => {
  for (const [name, text] of Object.entries({
    'a bracket is missing': 'version:   1\nrules: [\n',
    'a tab indents': 'version:   1\nrules:\n\t- a\n',
    'two documents': 'version:   1\n---\nversion: 1\n',
    'an anchor': 'version:   &a 1\n',
    'a directive': '%YAML 1.2\n---\nversion:   1\n',
    'a key twice': 'version:   1\nversion:   1\n',
    'a credential': 'version:   1\nauth_token:   abc\n',
    'a list': '-   a\n',
    'a text': 'just a text\n',
    'an empty map': '{    }\n',
    'only comments': '#   a\n\n\n# b\n'
  })) {
    t.equal(formatRules(text), text, name)
    t.equal(formatRules(`\ufeff${text.replaceAll('\n', '\r\n')}`.trimEnd()), text, `${name}, line ends`)
  }
  t.equal(formatRules(''), '')
  t.equal(formatRules('\ufeff'), '')
})

t.test('the file that ships and the corpus mean the same in canonical form, faults included', async (t) => {
  const names = readdirSync(corpus).filter((name) => name.endsWith('.yaml'))
  const files = names.map((name) => [name, readFileSync(new URL(name, corpus), 'utf8')] as const)
  for (const [name, text] of [['the file that ships', shipped] as const, ...files]) {
    const formatted = formatRules(text)
    t.equal(meaningOf(formatted), meaningOf(text), name)
    t.equal(formatRules(formatted), formatted, `${name}, a second time`)
  }
  t.match(meaningOf(shipped), 'twilio', 'and it is not the faults that are compared')
})

/** Draws from a row of numbers: the shorter it is, and the smaller they are, the tamer is what comes of it. */
function createDice(row: readonly number[]): (sides: number) => number {
  let at = 0
  return (sides) => (row[at++] ?? 0) % sides
}

const rows = fc.array(fc.nat(1000), { size: 'max', maxLength: 600 })

/** Writes data as YAML in one of the countless ways in which people might. */
function writeWildly(
  data: Readonly<Record<string, unknown>>,
  roll: (sides: number) => number
): { readonly text: string; readonly comments: readonly string[] } {
  const comments: string[] = []
  let inText = false

  const pad = (indent: number) => ' '.repeat(indent)
  const isMap = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
  const sizeOf = (value: object) => Object.keys(value).length

  function comment(): string {
    const text = `#${['', ' ', '# '][roll(3)]}c${comments.length}${['', ' - a: [', ' "', " '", ' }, |'][roll(5)]}`
    comments.push(text)
    return text + pad(roll(2))
  }

  function above(indent: number): string {
    if (roll(4) !== 1) return ''
    return Array.from({ length: 1 + roll(3) }, () => {
      const column = [indent, 0, indent + 2, indent + 7, roll(12)][roll(5)] ?? 0
      return roll(3) === 1 ? pad(roll(3)) : pad(inText ? Math.min(column, indent) : column) + comment()
    })
      .map((line) => `${line}\n`)
      .join('')
  }

  function behind(column: number): string {
    if (roll(5) !== 1) return `${pad(roll(2))}\n`
    const first = `${[' ', '   ', '\t'][roll(3)]}${comment()}\n`
    return roll(3) === 1 && !inText ? `${first}${pad(column + 1)}${comment()}\n` : first
  }

  function gap(indent: number): string {
    const line = `\n${pad(indent + 1 + roll(3))}`
    return ['', ' ', line, `${line}${line}`, () => ` ${comment()}${line}`, () => `${line}${comment()}${line}`]
      .map((part) => (typeof part === 'string' ? () => part : part))
      .at([0, 0, 1, 1, 2, 3, 4, 5][roll(8)] ?? 0)?.() as string
  }

  function scalar(value: unknown, indent: number): string {
    if (typeof value !== 'string') return String(value)
    const line = `\n${pad(indent + 1 + roll(3))}`
    const broken = (text: string) =>
      roll(3) === 1 ? text.replaceAll(/(?<=\w) (?=\w)/gu, () => (roll(2) === 1 ? line : ' ')) : text
    const isPlain = stringify(value, { lineWidth: 0 }) === `${value}\n` && !/[[\]{},]|^---/u.test(value)
    if (isPlain && roll(2) === 0) return broken(value)
    const isSimple = !/[\p{Cc}\p{Cs}\u2028\u2029\ufeff]/u.test(value)
    return isSimple && roll(2) === 0
      ? `'${broken(value.replaceAll("'", "''"))}'`
      : broken(JSON.stringify(value))
  }

  function key(name: string): string {
    return scalar(name, 0).includes('\n') ? JSON.stringify(name) : scalar(name, 0).replaceAll(/\n */gu, ' ')
  }

  function flow(value: unknown, indent: number): string {
    if (typeof value !== 'object' || value === null) return scalar(value, indent)
    const parts = isMap(value)
      ? Object.entries(value).map(
          ([name, member]) => `${key(name)}:${gap(indent) || ' '}${flow(member, indent)}`
        )
      : (value as unknown[]).map((item) => flow(item, indent))
    const [open, close] = isMap(value) ? '{}' : '[]'
    const inner = parts.map((part) => `${gap(indent)}${part}${gap(indent)}`).join(',')
    return `${open}${inner}${parts.length > 0 && roll(4) === 1 ? ',' : ''}${gap(indent)}${close}`
  }

  /** What follows a key's colon or a dash, with its line break. */
  function value(member: unknown, indent: number, isItem: boolean): string {
    const isFlow = typeof member !== 'object' || member === null || sizeOf(member) === 0 || roll(2) === 1
    const isText =
      typeof member === 'string' && /^\w/u.test(member) && !/\s$|[\p{Cc}\p{Cs}\u2028\u2029]/u.test(member)
    inText = false
    if (isText && roll(6) === 1) {
      const [header, indicator] = [['|-', '>-'][roll(2)], roll(3) === 1 ? '3' : '']
      const mark = roll(4) === 1 ? ` ${comment()}` : ''
      inText = true
      return ` ${header}${indicator}${mark}\n${pad(indent + 3)}${member}\n${roll(4) === 1 ? '\n' : ''}`
    }
    if (isFlow) {
      const start = gap(indent) || ' '
      const written = `${start}${flow(member, indent)}`
      return `${written}${behind(indent + written.length)}`
    }
    const isCompact = isItem && roll(2) === 0
    const deeper = isCompact ? 2 : isItem || isMap(member) || roll(2) === 0 ? 1 + roll(4) : 0
    if (!isCompact) return `${behind(indent)}${block(member, indent + deeper, true)}`
    return ` ${block(member, indent + deeper, false).trimStart()}`
  }

  function block(holder: object, indent: number, mayOpen: boolean): string {
    return Object.entries(holder)
      .map(([name, member]: [string, unknown], index) => {
        const lead = index > 0 || mayOpen ? above(indent) : ''
        if (!isMap(holder)) return `${lead}${pad(indent)}-${value(member, indent, true)}`
        if (roll(12) === 1 && roll(2) === 0) {
          return `${lead}${pad(indent)}? ${key(name)}${behind(indent)}${pad(indent)}:${value(member, indent, false)}`
        }
        return `${lead}${pad(indent)}${key(name)}:${value(member, indent, false)}`
      })
      .join('')
  }

  const mark = [() => '', () => '---\n', () => `--- ${comment()}\n`, () => `${comment()}\n---\n`][roll(4)]?.()
  const body = roll(10) === 1 ? `${flow(data, 0)}\n` : block(data, 0, true)
  const text = `${mark}${body}${above(0)}\n\n\n`
  const ends = roll(3) === 1 ? text.replaceAll('\n', '\r\n') : text
  return { text: roll(3) === 1 ? `\ufeff${ends}` : ends, comments }
}

/** Another order of the keys of the file and of each rule. */
function shuffle(data: Record<string, unknown>, roll: (sides: number) => number): Record<string, unknown> {
  const turn = (map: object) =>
    Object.fromEntries(
      Object.entries(map)
        .map((entry) => ({ entry, at: roll(4) }))
        .toSorted((a, b) => a.at - b.at)
        .map(({ entry }) => entry)
    )
  return turn({ ...data, rules: (data['rules'] as object[]).map(turn) })
}

function provesCanonical({ text, comments }: ReturnType<typeof writeWildly>): string {
  const formatted = formatRules(text)
  equal(formatRules(formatted), formatted, 'is the same a second time')
  deepEqual(parse(formatted), parse(text), 'holds the same data')
  for (const comment of comments) {
    equal(formatted.split('\n').filter((line) => line.endsWith(comment)).length, 1, `${comment} stands once`)
  }
  // Each text ends in blank lines: the safety net would give them back.
  notEqual(formatted.slice(-2), '\n\n', 'did not fall back')
  return formatted
}

t.test('whatever way the rules are written in, the canonical form keeps meaning and comments', async (t) => {
  const data = parse(shipped) as Record<string, unknown>
  const meaning = meaningOf(shipped)
  fc.assert(
    fc.property(rows, (row) => {
      const roll = createDice(row)
      const wild = writeWildly(shuffle(data, roll), roll)
      deepEqual(parse(wild.text), data, 'the test wrote what it meant to')
      equal(meaningOf(provesCanonical(wild)), meaning)
    }),
    { numRuns: 100 }
  )
  t.pass()
})

t.test('whatever a file holds, the canonical form keeps it', async (t) => {
  const values = fc.dictionary(
    fc.string({ unit: 'binary' }).filter((name) => name !== '<<'),
    fc.jsonValue({ stringUnit: 'binary' })
  )
  fc.assert(
    fc.property(values, rows, (other, row) => {
      provesCanonical(writeWildly({ version: 1, other, rules: [other] }, createDice(row)))
    }),
    { numRuns: 100 }
  )
  t.pass()
})

/** Of a text in which no value holds a "#". */
function commentsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?<=^|\s)#.*/gmu)].map(([comment]) => comment.trimEnd()).toSorted()
}

/** What people do to a line. Not each of them fits each line: some leave YAML behind. */
const edits: readonly ((line: string, index: number) => string)[] = [
  (line) => `${line}   `,
  (line) => `\n\n${line}`,
  (line, index) => `# above ${index}\n${line}`,
  (line, index) => `       # far above ${index}\n\n${line}`,
  (line, index) =>
    line.includes('#') ? line : `${line}   # behind ${index}\n${line.replaceAll(/./gu, ' ')}   # on ${index}`,
  (line, index) => (line.includes('#') ? line : line.replace(/, /u, `, # inside ${index}\n      `)),
  (line) => (line.includes('#') ? line : line.replaceAll(/([[{,:]) ?(?=\S)/gu, '$1   ')),
  (line) => (line.includes('#') ? line : line.replaceAll(/(?<=[[ ])[a-z_]+(?=[,\]])/gu, "'$&'")),
  (line) => (line.includes('#') ? line : line.replaceAll(', ', ',\n        ')),
  (line) =>
    line.replace(/^(\s*)([a-z_]+): \[([^\]]+)\]$/u, (_, pad: string, key: string, items: string) =>
      [`${pad}${key}:`, ...items.split(', ').map((item) => `${pad}- ${item}`)].join('\n')
    )
]

t.test('whatever people do to the lines of the file that ships, its comments stay', async (t) => {
  const lines = shipped.trimEnd().split('\n')
  const places = fc.array(fc.record({ at: fc.nat(lines.length - 1), edit: fc.constantFrom(...edits) }), {
    size: 'max',
    maxLength: 40
  })
  let readable = 0
  fc.assert(
    fc.property(places, (changes) => {
      const edited = [...lines]
      for (const { at, edit } of changes) if (edited[at] === lines[at]) edited[at] = edit(lines[at] ?? '', at)
      const text = `${edited.join('\n')}\n\n\n`
      const formatted = formatRules(text)
      equal(formatRules(formatted), formatted)
      deepEqual(commentsOf(formatted), commentsOf(text))
      equal(meaningOf(formatted), meaningOf(text))
      if (!formatted.endsWith('\n\n')) readable += 1
    }),
    { numRuns: 100 }
  )
  t.ok(readable > 50, `${readable} of 100 could be formatted`)
})
