import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runWith } from '../fixtures/commands-io.ts'
import { logIn } from '../fixtures/console.ts'
import { ADMIN_SECRET, RULES, startStack } from '../fixtures/stack.ts'

/** With a split, a rule in the shadow, a reason and an owner. */
const RICH = RULES.replace(
  'otherwise:',
  `  - name: shadowed
    when: { country: SE }
    shadow: true
    block: { reason: tried_out }
  - name: swedes
    when: { country: SE }
    why: It is cheaper there.
    owner: messaging@example.com
    send: [{ split: { messagebird: 80, twilio: 20 } }, vonage]
otherwise:`
)

t.test('a number is explained as the command does, with the state of the node, and masked', async (t) => {
  const stack = await startStack(t, { rules: RICH })
  const { ask } = await logIn(stack)
  await ask('POST', '/drains', { provider: 'vonage', for: '1h', why: 'INC-1', by: 'me' })
  const file = join(t.testdir(), 'test.yaml')
  writeFileSync(file, RICH)
  const number = '+46701740605'
  for (const [body, flags] of [
    [{ channel: 'sms' }, []],
    [
      { channel: 'voice', locale: 'sv_SE', org: 'https://ACME.okta.com/x' },
      ['--locale', 'sv_SE', '--org', 'https://ACME.okta.com/x']
    ]
  ] as const) {
    const { status, json } = await ask('POST', '/explain', { number, ...body })
    t.equal(status, 200)
    const { out } = await runWith(
      [
        'explain',
        number,
        '--file',
        file,
        '--at-state',
        stack.gateway.adminUrl ?? '',
        '--channel',
        body.channel,
        ...flags
      ],
      { env: { ADMIN_SECRET }, now: () => Date.now() }
    )
    t.equal(json.report, out.replace(number, 'SE…05').replace(file, 'test.yaml'))
    t.match(json, {
      phone: 'SE…05',
      country: 'SE',
      numberType: 'mobile',
      winner: 'swedes',
      rules: [
        { name: 'premium', verdict: 'no', because: /number_type/u },
        { name: 'shadowed', verdict: 'would_match' },
        { name: 'swedes', verdict: 'matches', because: 'It is cheaper there.' }
      ],
      variants: [
        {
          share: 0.8,
          blocked: null,
          chain: [{ provider: 'messagebird' }, { provider: 'twilio' }],
          skipped: [{ provider: 'vonage', reason: 'drained' }]
        },
        { share: Number, chain: [{ provider: 'twilio' }, { provider: 'messagebird' }] }
      ]
    })
    t.notMatch(JSON.stringify(json), /701740605|1740605/u)
  }
  t.match((await ask('POST', '/explain', { number: 'nobody', channel: 'sms' })).json, {
    error: 'That cannot be read as a phone number.'
  })
  t.notMatch(
    JSON.stringify((await ask('POST', '/explain', { number: `${number}x123456`, channel: 'sms' })).json),
    /123456/u
  )
  t.notMatch(JSON.stringify(stack.lines()), /701740605|nobody"/u, 'and is in no line of the log')
})

t.test(
  'another file is checked, compared and replayed as the commands do, and nothing is loaded',
  async (t) => {
    const stack = await startStack(t)
    const { ask } = await logIn(stack)
    const other = RULES.replace('send: [twilio, vonage, messagebird]', 'send: [vonage, twilio, messagebird]')

    const early = await ask('POST', '/candidate', { text: other })
    t.match(early.json.replay, { requests: 0, changed: 0, report: /No request has been decided yet/u })

    for (let i = 0; i < 3; i++) await stack.send()
    const { status, json } = await ask('POST', '/candidate', { text: other })
    t.equal(status, 200)
    const dir = t.testdir({ 'test.yaml': RULES, candidate: other })
    const said = (out: string) => out.replaceAll(`${dir}/`, '')
    const now = () => Date.now()
    t.equal(json.check.report, said((await runWith(['check', join(dir, 'candidate')], { now })).out))
    t.equal(
      json.diff.report,
      said((await runWith(['diff', join(dir, 'test.yaml'), join(dir, 'candidate')], { now })).out)
    )
    const log = stack
      .lines()
      .map((line) => JSON.stringify(line))
      .join('\n')
    writeFileSync(join(dir, 'otp.ndjson'), log)
    const replayed = await runWith(['replay', join(dir, 'candidate'), '--log', join(dir, 'otp.ndjson')], {
      now
    })
    const lines = (text: string) => text.split('\n').filter((line) => !/^\d+ requests from/u.test(line))
    t.same(lines(json.replay.report), lines(replayed.out).slice(1), 'but for the line that names the log')
    t.match(json, {
      check: { ok: true, errors: 0 },
      diff: { changes: Number },
      replay: { requests: 3, changed: 3 }
    })
    t.equal((await ask('GET', '/state')).json.rules.hash, stack.events('rules.loaded')[0].rules_hash)
  }
)

t.test('a file with faults is told of them, and its secrets are hidden', async (t) => {
  const stack = await startStack(t)
  const { ask } = await logIn(stack)
  const secret = `AC${'0123456789abcdef'.repeat(2)}`
  const { json } = await ask('POST', '/candidate', { text: `${RULES}\nauth_token: ${secret}\n` })
  t.match(json, { check: { ok: false, errors: 1, report: /E140/u }, diff: null, replay: null })
  t.notMatch(JSON.stringify(json), secret)
  t.notMatch(JSON.stringify(stack.lines()), secret)
  for (const text of ['', '{', '[1', 'a: &a [*a]', '\u0000', 'x'.repeat(300_000)]) {
    const answer = await ask('POST', '/candidate', { text })
    t.match([answer.status, answer.json.check.ok], [200, false])
  }
  t.match(await ask('POST', '/candidate', { text: 'x'.repeat(512 * 1024 + 1) }), { status: 400 })
  t.match(await ask('POST', '/candidate', { text: 'ä'.repeat(500_000) }), { status: 413 })
  t.match(await ask('POST', '/candidate', { text: '\n'.repeat(600_000) }), { status: 413 })
})

t.test('one file is looked at at a time', async (t) => {
  const stack = await startStack(t)
  const { ask } = await logIn(stack)
  const answers = await Promise.all([1, 2, 3].map(() => ask('POST', '/candidate', { text: RULES })))
  t.same(
    answers.map(({ status }) => status).toSorted((one, other) => one - other),
    [200, 409, 409]
  )
  t.match(answers.find(({ status }) => status === 409)?.json, { error: /Try again in a moment/u })
  t.equal((await ask('POST', '/candidate', { text: RULES })).status, 200)
})

t.test('the file in force is shown, not the one that was rejected', async (t) => {
  const stack = await startStack(t)
  const { ask } = await logIn(stack)
  const before = (await ask('GET', '/rules/text')).json
  t.same([before.file, before.text], ['test.yaml', RULES])
  stack.files.live = 'version: 2'
  await stack.gateway.reloadRules('admin')
  t.same((await ask('GET', '/rules/text')).json, before)
  t.match((await ask('GET', '/state')).json.rules.rejection, { words: /^test.yaml:1:1 error E102/u })
  stack.files.live = `${RULES}# changed\n`
  await stack.gateway.reloadRules('admin')
  t.match((await ask('GET', '/rules/text')).json.text, /# changed\n$/u)
  t.equal((await ask('GET', '/state')).json.rules.rejection, null)
})
