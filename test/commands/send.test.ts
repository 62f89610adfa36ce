import t from 'tap'
import type { Io } from '../../src/commands/command.ts'
import { runWith } from '../fixtures/commands-io.ts'
import { person } from '../fixtures/person.ts'
import { ADMIN_SECRET, RULES, startStack, type Stack } from '../fixtures/stack.ts'

const PHONE = '+4915123456789'

function sendOn(stack: Stack, over: Partial<Io> = {}) {
  const env = { ADMIN_URL: stack.gateway.adminUrl ?? '', ADMIN_SECRET, USER: 'me' }
  return (line: string) => runWith(['send', ...line.split(' ')], { env, ...over })
}

function ask(stack: Stack, body: unknown, secret = ADMIN_SECRET) {
  return fetch(`${stack.gateway.adminUrl}/send`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify(body)
  })
}

/** What the phone shows is the only place where the code is. */
function codeOn(stack: Stack, number = PHONE): string {
  return /\d{6}/u.exec(stack.inboxOf(number).at(-1)?.text ?? '')?.[0] ?? 'no code'
}

t.test('a test code goes by the live rules, and is shown attempt by attempt, without the code', async (t) => {
  const stack = await startStack(t)
  await stack.sandbox.setFault('twilio', { mode: 'status', status: 503 })
  const sent = await sendOn(stack)(`--to ${PHONE} --locale sv`)
  t.equal(sent.err, '')
  t.match(
    sent.out.replaceAll(/\d+ ms|\d+\n|[0-9a-f-]{36}/gu, 'X'),
    /^rule otherwise of [0-9a-f]{12} decides\n  attempt +provider +result +why +ms\n  1 +twilio +provider error +refused, code 20503 +X  2 +vonage +accepted +failover +Xvonage took it for DE…89 as X\. Taken is not delivered: look at the phone \(X; request_id X in the log\)\n$/u
  )
  t.equal(sent.status, 0)
  t.equal(stack.inboxOf(PHONE).length, 1)
  const code = codeOn(stack)
  t.match(code, /^\d{6}$/u)
  t.match(stack.inboxOf(PHONE)[0]?.text, /kod/iu, 'in the language that was asked for')

  const [requested] = stack.events('otp.test.requested')
  t.match(requested, { by: 'me', channel: 'sms', country: 'DE', phone: 'DE…89', locale: 'sv' })
  t.match(stack.events('otp.test.completed'), [
    { outcome: 'accepted', provider: 'vonage', attempts_detail: [{}, {}], request_id: requested.request_id }
  ])
  t.same(stack.events('otp.request.received'), [], "it is no request of Okta's")
  t.same(stack.events('otp.request.completed'), [])
  const metrics = await fetch(`${stack.gateway.adminUrl}/metrics`, {
    headers: { authorization: `Bearer ${ADMIN_SECRET}` }
  })
  t.notMatch(await metrics.text(), /^otp_hook_requests_total\{[^\n]* [1-9]/mu, 'nor counted as one')

  const again = await sendOn(stack)(`--to ${PHONE} --json`)
  t.match(JSON.parse(again.out), { outcome: 'accepted', mode: 'sandbox', phone: 'DE…89', channel: 'sms' })
  const said = [sent, again].map(({ out, err }) => out + err).join('') + JSON.stringify(stack.lines())
  for (const secret of [code, codeOn(stack), PHONE.slice(3), ADMIN_SECRET]) t.notMatch(said, secret)
})

t.test('a call, a block, nobody left: each is said, and ends with 1 where no code went out', async (t) => {
  const stack = await startStack(t)
  const send = sendOn(stack)
  t.match(await send(`--to ${PHONE} --channel voice`), { status: 0, out: /twilio took it/u })
  t.equal(stack.inboxOf(PHONE)[0]?.channel, 'voice')

  const blocked = await send('--to +19002345678')
  t.match(blocked, { status: 1, out: /rule premium of[^]*The rules block it \(premium_number\)/u })

  for (const provider of ['twilio', 'vonage', 'messagebird'] as const) {
    await stack.sandbox.setFault(provider, { mode: 'status', status: 401 })
  }
  const failed = await send('--to +46701740605')
  t.match(failed, { status: 1, out: /credentials[^]*Nobody took it, and surely nothing was sent/u })
  t.same(stack.inboxOf('+46701740605'), [])
  const drained = await startStack(t, {
    rules: RULES.replace('twilio: { channels: [sms, voice] }', 'twilio: { channels: [voice] }')
  })
  t.match(await sendOn(drained)(`--to ${PHONE}`), { out: /twilio is not asked: no channel/u })
})

t.test('where it costs money, a person is asked first', async (t) => {
  const stack = await startStack(t, { mode: 'live' })
  const nobody = await sendOn(stack)(`--to ${PHONE}`)
  t.match(nobody, { status: 2, err: /Nobody is there to ask: say --yes/u, out: '' })
  const asked: string[] = []
  const no = await sendOn(stack, { questions: person([false], asked) })(`--to ${PHONE} --channel voice`)
  t.match(no, { status: 1, err: 'Nothing was done.\n' })
  t.match(asked, [/A real call to \+4915123456789, which costs what it costs\. Go on\?/u])
  t.same(stack.sandbox.inbox(), [])
  t.match(await sendOn(stack, { questions: person([true]) })(`--to ${PHONE}`), { status: 0 })
  t.match(await sendOn(stack)('--to +46701740605 --yes'), { status: 0 })
  t.equal(stack.sandbox.inbox().length, 2)
})

t.test('the door of test codes takes what it should, and six a minute', async (t) => {
  const stack = await startStack(t)
  const good = { to: PHONE, channel: 'sms', by: 'me' }
  const bad: readonly [unknown, RegExp][] = [
    [{ ...good, to: '0701740605' }, /to is no phone number: write it with "\+"/u],
    [{ ...good, to: 'hello' }, /to is no phone number/u],
    [{ ...good, channel: 'fax' }, /channel must be one of sms, voice/u],
    [{ ...good, code: '123456' }, /additional properties \(code\)/u],
    [{ ...good, text: 'Buy this' }, /additional properties \(text\)/u],
    [{ ...good, by: 'a\nb' }, /by must match/u],
    [{ ...good, locale: 'sv; drop' }, /locale must match/u],
    [{ to: PHONE, channel: 'sms' }, /required property 'by'/u]
  ]
  for (const [body, mistake] of bad) {
    const response = await ask(stack, body)
    t.equal(response.status, 400, JSON.stringify(body))
    t.match(((await response.json()) as any).mistakes.join(), mistake)
  }
  t.equal((await ask(stack, good, 'another secret')).status, 401)
  t.same(stack.sandbox.inbox(), [])

  const answers = await Promise.all(Array.from({ length: 9 }, () => ask(stack, good)))
  t.same(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 200, 200, 200, 200, 200, 429, 429, 429]
  )
  t.match(answers.find(({ status }) => status === 429)?.headers.get('retry-after'), /^\d+$/u)
  t.match(await sendOn(stack)(`--to ${PHONE}`), { status: 1, err: /6 test codes a minute, and no more/u })
  t.equal(stack.inboxOf(PHONE).length, 6)
})

t.test('no canary and no shadow is told of a test', async (t) => {
  const candidate = `${RULES}\ncanary: { share: 100% }\n`.replace(
    '[twilio, vonage, messagebird]',
    '[vonage, twilio]'
  )
  const stack = await startStack(t, { files: { candidate } })
  await stack.gateway.reloadRules('signal')
  t.match(await sendOn(stack)(`--to ${PHONE}`), { status: 0, out: /twilio took it/u })
  t.same(stack.events('rules.shadow_diff'), [])
})
