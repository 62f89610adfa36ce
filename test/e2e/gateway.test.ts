import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { once } from 'node:events'
import t from 'tap'
import type { Fault } from '../../src/sandbox/fault.ts'
import { RULES, sampleBody, startStack, until, type Answer } from '../fixtures/stack.ts'

const value = ({ json }: Answer) => json.commands?.[0].value[0]

t.test('every published sample of Okta gets an exact answer', async (t) => {
  const names = readdirSync(new URL('../fixtures/okta-samples/', import.meta.url)).filter((name) =>
    name.startsWith('request-')
  )
  t.equal(names.length, 4)
  for (const name of names) {
    const stack = await startStack(t)
    const answer = await stack.post(
      readFileSync(new URL(`../fixtures/okta-samples/${name}`, import.meta.url), 'utf8')
    )
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
    const [message] = stack.sandbox.inbox()
    t.match(
      message,
      name.includes('voice') ? { channel: 'voice' } : { text: '(HOOK)Your code is 11111' },
      name
    )
    const { transactionMetadata, ...told } = value(answer)
    t.same(told, { status: 'SUCCESSFUL', provider: 'TWILIO', transactionId: message?.id })
    t.match(transactionMetadata, /^attempts=1,duration=\d+ms,rule=otherwise$/u)
    t.same(Object.keys(answer.json), ['commands', 'debugContext'])
    t.same(answer.json.commands.length, 1)
    t.equal(answer.json.commands[0].type, 'com.okta.telephony.action')
    t.match(answer.json.debugContext, {
      attempts: [{ provider: 'twilio', result: 'accepted' }],
      rule: 'otherwise'
    })
  }
})

t.test('each provider carries texts and calls, and its own id goes to Okta', async (t) => {
  for (const provider of ['twilio', 'vonage', 'messagebird']) {
    const stack = await startStack(t, {
      rules: RULES.replace('[twilio, vonage, messagebird]', `[${provider}]`)
    })
    for (const [deliveryChannel, phoneNumber] of [
      ['SMS', '+4915123456789'],
      ['voice call', '+33612345678']
    ] as const) {
      const answer = await stack.send({ deliveryChannel, phoneNumber, otpCode: '04711', locale: 'fr-FR' })
      const [message] = stack.inboxOf(phoneNumber)
      t.match(message, { provider, channel: deliveryChannel === 'SMS' ? 'sms' : 'voice' })
      t.match(value(answer), {
        status: 'SUCCESSFUL',
        provider: provider.toUpperCase(),
        transactionId: message?.id
      })
      if (deliveryChannel !== 'SMS') {
        t.match(
          message?.text,
          /0\D+4\D+7\D+1\D+1.*0\D+4\D+7\D+1\D+1/u,
          'digit by digit, twice, with its zero'
        )
        t.match(message?.language, /^fr/iu)
      }
    }
  }
})

t.test("a text of ours stands in where Okta's is missing, and the code's life goes along", async (t) => {
  const { send, inboxOf } = await startStack(t)
  await send({ msgTemplate: null, locale: 'de', otpCode: '04711' })
  const [message] = inboxOf('+4915123456789')
  t.match(message?.text, /04711/u)
  t.match(message, { from: 'ACME' })
  t.ok((message?.validityMs ?? 0) > 200_000 && (message?.validityMs ?? 0) <= 294_321)
})

t.test('a phone extension is dialled for a call and stripped for a text', async (t) => {
  const { send, inboxOf } = await startStack(t)
  await send({ phoneNumber: '+1 202 555 0188 x42', deliveryChannel: 'CALL' })
  await send({ phoneNumber: '+12025550188;ext=42' })
  t.match(inboxOf('+12025550188'), [
    { channel: 'voice', extension: /42$/u },
    { channel: 'sms', extension: null, from: '+12025550123' }
  ])
})

t.test('a code whose life is over is not sent', async (t) => {
  const { send, sandbox, events } = await startStack(t)
  const answer = await send({ otpExpires: '2022-01-28T21:43:40.000Z' })
  t.equal(answer.status, 200)
  t.match(answer.json, { error: { errorSummary: 'This code has expired. Ask for a new one.' } })
  t.same(sandbox.inbox(), [])
  t.match(events('otp.request.completed'), [{ outcome: 'expired', okta_status: 'ERROR' }])
})

t.test('a rule blocks', async (t) => {
  const { send, sandbox } = await startStack(t)
  const answer = await send({ phoneNumber: '+449098790000' })
  t.match(answer.json, { error: { errorCauses: [{ reason: 'blocked' }] } })
  t.same(sandbox.inbox(), [])
})

t.test('with one healthy provider left no fault of the others costs a code or comes late', async (t) => {
  const faults: readonly [Fault, string][] = [
    [{ mode: 'status', status: 500 }, 'maybe'],
    [{ mode: 'status', status: 503 }, 'no'],
    [{ mode: 'status', status: 401 }, 'no'],
    [{ mode: 'html', status: 502 }, 'maybe'],
    [{ mode: 'hang_before_read' }, 'maybe'],
    [{ mode: 'hang_after_read' }, 'maybe'],
    [{ mode: 'accept_then_hang' }, 'twice'],
    [{ mode: 'reset_before_read' }, 'maybe'],
    [{ mode: 'reset_after_read' }, 'maybe'],
    [{ mode: 'accept_then_reset' }, 'twice'],
    [{ mode: 'dribble', over_ms: 5000 }, 'twice'],
    [{ mode: 'slow', delay_ms: 5000 }, 'twice'],
    [{ mode: 'empty_200' }, 'maybe'],
    [{ mode: 'throttle' }, 'no'],
    [{ mode: 'throttle', retry_after_s: 30 }, 'no'],
    [{ mode: 'redirect' }, 'no'],
    [{ mode: 'huge_body' }, 'maybe'],
    [{ mode: 'refuse' }, 'no']
  ]
  for (const broken of [['twilio'], ['twilio', 'vonage']] as const) {
    for (const [fault, sent] of faults) {
      await t.test(`${fault.mode} ${JSON.stringify(fault)} at ${broken.join(' and ')}`, async (t) => {
        const stack = await startStack(t)
        for (const provider of broken) await stack.sandbox.setFault(provider, fault)
        const survivor = broken.length === 1 ? 'VONAGE' : 'MESSAGEBIRD'

        const answer = await stack.send()
        t.equal(answer.status, 200)
        t.match(value(answer), { status: 'SUCCESSFUL', provider: survivor })

        const [line] = stack.events('otp.request.completed')
        t.match(line, { outcome: 'accepted', failover: true, attempts: broken.length + 1 })
        t.ok(line.duration_ms < 2500, `answered in time: ${line.duration_ms} ms`)
        t.equal(line.possible_duplicate, sent !== 'no', 'it says when the code may come twice')

        const fromSurvivor = stack.sandbox.inbox().filter(({ id }) => id === value(answer).transactionId)
        t.equal(fromSurvivor.length, 1, 'the one that Okta was told of has arrived')
        if (sent !== 'twice') t.equal(stack.sandbox.inbox().length, 1, 'and no other')
      })
    }
  }
})

t.test(
  'with nobody left Okta is told so, by the deadline, and never that it failed when it may arrive',
  async (t) => {
    const everybody = ['twilio', 'vonage', 'messagebird'] as const
    const short = RULES.replace('deadline: 2500ms', 'deadline: 900ms')

    const failing = await startStack(t, { rules: short })
    for (const provider of everybody) {
      await failing.sandbox.setFault(provider, { mode: 'status', status: 503 })
    }
    t.match(value(await failing.send()), { status: 'FAILED', provider: 'MESSAGEBIRD' })
    t.match(failing.events('otp.request.completed'), [
      { outcome: 'failed', attempts: 12, possible_duplicate: false }
    ])
    t.match(
      failing.events('otp.attempt.completed').map(({ trigger }) => trigger),
      ['first', 'failover', 'failover', 'repeat', 'repeat', 'repeat']
    )
    t.same(failing.sandbox.inbox(), [])

    const hanging = await startStack(t, { rules: short })
    for (const provider of everybody) await hanging.sandbox.setFault(provider, { mode: 'hang_after_read' })
    t.match(value(await hanging.send()), { status: 'FAILED', provider: 'TWILIO' })
    t.match(hanging.events('otp.request.completed'), [{ outcome: 'undecided', attempts: 3 }])

    const pending = await startStack(t, {
      rules: `${short}\nreply: { undecided: pending, all_failed: error }\n`
    })
    for (const provider of everybody) await pending.sandbox.setFault(provider, { mode: 'hang_after_read' })
    t.match(value(await pending.send()), { status: 'PENDING' })
    for (const provider of everybody) {
      await pending.sandbox.setFault(provider, { mode: 'status', status: 503 })
    }
    t.match((await pending.send()).json, { error: { errorCauses: [{ reason: 'all_failed' }] } })
  }
)

t.test('the class of a refusal decides whether another provider may try', async (t) => {
  const cases: readonly [string, Fault, string, string][] = [
    ['an invalid number', { mode: 'status', code: 21211 }, 'ERROR', 'recipient_refused'],
    ['an opt-out', { mode: 'status', code: 21610 }, 'ERROR', 'opted_out'],
    ['a fraud block', { mode: 'status', code: 30450 }, 'ERROR', 'fraud_blocked'],
    ['dead credentials', { mode: 'status', code: 20003 }, 'SUCCESSFUL', 'credentials'],
    ['an empty account', { mode: 'status', status: 402 }, 'SUCCESSFUL', 'quota'],
    ['a refused sender', { mode: 'status', code: 21606 }, 'SUCCESSFUL', 'sender_refused'],
    ['a malformed request', { mode: 'status', code: 21605 }, 'SUCCESSFUL', 'bad_request'],
    ['too much at once', { mode: 'status', code: 20429 }, 'SUCCESSFUL', 'throttled'],
    ['a code that nobody knows', { mode: 'status', status: 400, code: 99999 }, 'SUCCESSFUL', 'unknown']
  ]
  for (const [name, fault, status, result] of cases) {
    await t.test(name, async (t) => {
      const stack = await startStack(t)
      await stack.sandbox.setFault('twilio', fault)
      const answer = await stack.send()
      t.equal(answer.status, 200)
      t.match(stack.events('otp.request.completed'), [{ okta_status: status }])
      t.match(stack.events('otp.attempt.completed')[0], { provider: 'twilio', result })
      t.equal(stack.sandbox.inbox().length, status === 'ERROR' ? 0 : 1)
      if (status === 'ERROR') t.notMatch(answer.json.error.errorSummary, /twilio|4915/iu)
    })
  }
})

t.test('the same request again, also while the first is under way, sends nothing', async (t) => {
  const { post, sandbox, events } = await startStack(t)
  await sandbox.setFault('twilio', { mode: 'slow', delay_ms: 100 })
  const body = sampleBody()
  const [first, second] = await Promise.all([post(body), post(body)])
  const third = await post(body)
  t.same(second.json.commands, first.json.commands)
  t.same(third.json.commands, first.json.commands)
  t.equal(sandbox.inbox().length, 1)
  t.match(events('otp.request.duplicate_suppressed'), [{ joined: true }, { joined: false }])
  t.match(
    events('otp.request.completed')
      .map(({ outcome }) => outcome)
      .toSorted((a, b) => a.localeCompare(b)),
    ['accepted', 'duplicate', 'duplicate']
  )

  const other = JSON.parse(body)
  other.data.messageProfile.phoneNumber = '+33612345678'
  await post(JSON.stringify(other))
  t.equal(
    sandbox.inbox().length,
    2,
    'the id with another number is another request: no success for what was not sent'
  )
})

t.test('a breaker opens on a hanging provider, is skipped, and closes again', async (t) => {
  const rules = RULES.replace(
    /breaker: .*/u,
    'breaker: { window: 10s, min_calls: 100, failure_rate: 50%, in_a_row: 3, open_for: 1s, open_at_most: 2s }'
  )
  const { send, sandbox, events, gateway } = await startStack(t, { rules })
  await sandbox.setFault('twilio', { mode: 'hang_after_read' })
  await Promise.all([send(), send(), send()])
  t.match(events('circuit.opened'), [{ provider: 'twilio', channel: 'sms', cause: 'silent' }])
  const ready = (await (await fetch(`${gateway.url}/health/ready`)).json()) as any
  t.match(
    ready.breakers.find(({ provider, channel }: any) => provider === 'twilio' && channel === 'sms'),
    { state: 'open' }
  )

  await send()
  const routes = events('otp.route.decided')
  t.match(routes.at(-1), {
    candidates: [{ provider: 'vonage' }],
    skipped: [{ provider: 'twilio', reason: 'breaker_open' }]
  })
  t.match(events('otp.request.completed').at(-1), { attempts: 1, provider: 'vonage' })

  await sandbox.clear()
  await until(() => events('circuit.half_opened').length > 0)
  await send()
  t.match(events('otp.request.completed').at(-1), { attempts: 1, provider: 'twilio' })
  t.equal(events('circuit.closed').length, 1)
})

t.test('when every breaker is open the last resort is tried, and flagged', async (t) => {
  const rules = RULES.replace(
    /breaker: .*/u,
    'breaker: { window: 10s, min_calls: 100, failure_rate: 50%, in_a_row: 2, open_for: 10s, open_at_most: 30s }'
  )
  const { send, sandbox, events } = await startStack(t, { rules })
  for (const provider of ['twilio', 'vonage', 'messagebird'] as const) {
    await sandbox.setFault(provider, { mode: 'status', status: 503 })
  }
  await send()
  t.equal(events('circuit.opened').length, 2)
  t.match(events('circuit.kept_closed'), [{ provider: 'messagebird', channel: 'sms', cause: 'in_a_row' }])
  await sandbox.setFault('twilio', null)
  await sandbox.setFault('vonage', null)
  t.match(value(await send()), { status: 'SUCCESSFUL', provider: 'VONAGE' }, 'the one least long open')
  t.match(events('otp.request.completed').at(-1), { last_resort: true, attempts: 3 })
  t.match(events('circuit.closed'), [{ provider: 'vonage' }])
})

t.test('dead credentials are one event, however many requests meet them', async (t) => {
  const { send, sandbox, events } = await startStack(t)
  await sandbox.setFault('twilio', { mode: 'status', status: 401 })
  await Promise.all(Array.from({ length: 20 }, () => send()))
  t.match(events('provider.alarm'), [{ provider: 'twilio', channel: 'sms', class: 'credentials', level: 50 }])
  t.equal(events('provider.alarm').length, 1)
  t.match(events('circuit.opened'), [{ provider: 'twilio', cause: 'credentials' }])
})

t.test(
  'a throttled provider is left alone for as long as it asked, and its breaker stays closed',
  async (t) => {
    const { send, sandbox, events } = await startStack(t)
    await sandbox.setFault('twilio', { mode: 'throttle', retry_after_s: 30 })
    await send()
    await sandbox.setFault('twilio', null)
    t.match(value(await send()), { provider: 'VONAGE' })
    t.match(events('provider.cooling'), [{ provider: 'twilio', channel: 'sms', for_ms: 30_000 }])
    t.match(events('otp.route.decided').at(-1), { skipped: [{ provider: 'twilio', reason: 'cooling_down' }] })
    t.same(events('circuit.opened'), [])
  }
)

t.test('who asks again is sent the code by another provider', async (t) => {
  const { send, events, inboxOf } = await startStack(t)
  const phoneNumber = '+4915155550123'
  const providers = []
  for (let i = 0; i < 3; i++) providers.push(value(await send({ phoneNumber }, {}, 'the same user')).provider)
  t.same(providers, ['TWILIO', 'VONAGE', 'TWILIO'])
  t.equal(inboxOf(phoneNumber).length, 3, 'each is sent')
  t.match(events('otp.resend.detected'), [
    { resend_count: 1, previous_provider: 'twilio', country: 'DE', within_hour: 1 },
    { resend_count: 2, previous_provider: 'vonage', within_hour: 1 }
  ])
})

t.test('what is more than the limit is refused at once, and nothing is sent for it', async (t) => {
  const { send, sandbox, events, inboxOf } = await startStack(t, { maxInFlight: 2 })
  await sandbox.setFault('twilio', { mode: 'slow', delay_ms: 200 })
  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, i) => send({ phoneNumber: `+491515555020${i}` }))
  )
  const successes = answers.filter((answer) => value(answer).status === 'SUCCESSFUL')
  t.equal(successes.length, 2)
  t.equal(answers.filter((_, i) => inboxOf(`+491515555020${i}`).length > 0).length, 2)
  t.match(events('gateway.overloaded'), [{ reason: 'in_flight', in_flight: 2 }])
  const refused = events('otp.request.completed').filter(({ outcome }) => outcome === 'overloaded')
  t.match(refused, [{ reason: 'in_flight', attempts: 0 }, {}, {}, {}])
  t.match(value(await send()), { status: 'SUCCESSFUL' })
})

t.test(
  'what a provider does not take in a second goes down the chain, and what nobody takes is refused',
  async (t) => {
    const rules = RULES.replaceAll(
      /(twilio|vonage): \{ channels: \[sms, voice\] \}/gu,
      '$1: { channels: [sms, voice], capacity_per_second: 2 }'
    ).replace('send: [twilio, vonage, messagebird]', 'send: [twilio, vonage]')
    const { send, events, sandbox } = await startStack(t, { rules })
    const answers = await Promise.all(Array.from({ length: 12 }, () => send()))
    const carried = answers.map((answer) => value(answer).provider)
    t.ok(carried.filter((provider) => provider === 'TWILIO').length >= 2)
    t.ok(carried.filter((provider) => provider === 'VONAGE').length >= 2)
    const refused = answers.filter((answer) => value(answer).status === 'FAILED')
    t.ok(refused.length > 0, `${refused.length} of twelve are too many`)
    t.equal(sandbox.inbox().length, 12 - refused.length)
    t.match(events('otp.attempt.skipped')[0], { provider: 'twilio', channel: 'sms', reason: 'no_capacity' })
    const outcomes = events('otp.request.completed').filter(({ outcome }) => outcome === 'no_capacity')
    t.equal(outcomes.length, refused.length)
    t.match(outcomes[0], { attempts: 0, okta_status: 'FAILED' })
  }
)

t.test('a rule says whether a call is waited for', async (t) => {
  const rules = `${RULES}  on_no_answer: next\n`
  const { send, sandbox } = await startStack(t, { rules })
  await sandbox.setFault('twilio', { mode: 'hang_after_read' })
  t.match(value(await send({ deliveryChannel: 'VOICE' })), { status: 'SUCCESSFUL', provider: 'VONAGE' })
})

t.test('a clock on the wall that jumps breaks no deadline, no breaker and no memory', async (t) => {
  let jump = 0
  const { send, post, sandbox, events } = await startStack(t, { epoch: () => Date.now() + jump })
  const body = sampleBody()
  await post(body)
  await sandbox.setFault('twilio', { mode: 'hang_after_read' })
  for (const days of [365, -365, 0.001]) {
    jump = days * 86_400_000
    t.match(value(await send()), { status: 'SUCCESSFUL', provider: 'VONAGE' })
    t.match(value(await send({ deliveryChannel: 'VOICE' })), { status: 'FAILED' }, 'by the deadline')
    t.match(value(await post(body)), { status: 'SUCCESSFUL' })
  }
  t.equal(events('otp.request.duplicate_suppressed').length, 3)
  for (const { duration_ms: durationMs, deadline_left_ms: leftMs } of events('otp.request.completed')) {
    t.equal(durationMs + leftMs, 2500)
    t.ok(durationMs >= 0 && durationMs < 25_000)
  }
})

t.test('other rules come into force between two requests, and the breakers stay as they are', async (t) => {
  const { send, sandbox, events, gateway, files } = await startStack(t)
  await sandbox.setFault('twilio', { mode: 'status', status: 401 })
  await send()
  files.live = RULES.replace('name: premium', 'name: renamed')
  t.match(await gateway.reloadRules('admin'), [{ role: 'live', result: 'loaded' }, { result: 'absent' }])
  t.match(value(await send()), { provider: 'VONAGE' })
  const [before, after] = events('otp.request.completed')
  t.not(before.rules_hash, after.rules_hash)
  t.match(events('otp.route.decided').at(-1), { skipped: [{ provider: 'twilio', reason: 'breaker_open' }] })
})

t.test('what comes after Okta was answered is logged as late', async (t) => {
  const { send, sandbox, events } = await startStack(t)
  await sandbox.setFault('twilio', { mode: 'slow', delay_ms: 600 })
  t.match(value(await send()), { provider: 'VONAGE' })
  await until(() => events('otp.attempt.late_result').length > 0)
  t.match(events('otp.attempt.late_result'), [
    { provider: 'twilio', result: 'accepted', sent_certainty: 'sent' }
  ])
})

t.test('a provider without credentials is not in the chain', async (t) => {
  const { send, events } = await startStack(t, { providers: { twilio: null } })
  t.match(value(await send()), { status: 'SUCCESSFUL', provider: 'VONAGE' })
  t.match(events('otp.route.decided')[0].skipped, [{ provider: 'twilio', reason: 'no_credentials' }])
})

t.test('nobody gets in without the secret, and nobody is told why', async (t) => {
  const { post, gateway, sandbox, events } = await startStack(t)
  const basic = (pair: string) => `Basic ${Buffer.from(pair).toString('base64')}`
  const texts = new Set<string>()
  for (const authorization of [
    '',
    'Basic',
    'Basic !!!',
    'Bearer x',
    basic('okta'),
    basic('okta:wrong'),
    basic('no:an-okta-secret'),
    basic(':')
  ]) {
    const { status, json } = await post(sampleBody(), { authorization })
    t.equal(status, 401, authorization.slice(0, 8))
    texts.add(JSON.stringify(json.error))
  }
  t.equal(texts.size, 1, 'every refusal reads the same')
  const none = await fetch(`${gateway.url}/telephonyHook`, { method: 'POST', body: '{' })
  t.equal(none.status, 401, 'the body is not even read')
  t.same(sandbox.inbox(), [])
  t.equal(events('okta.request.refused').length, 9)

  t.equal(
    (await post(sampleBody(), { authorization: basic('okta:the-next-secret') })).status,
    200,
    'the second secret'
  )
})

t.test('bad input gets a clear answer, and nothing is sent', async (t) => {
  const stack = await startStack(t)
  const { post, send, sandbox } = stack
  const httpErrors: readonly [string, string, Record<string, string>, number, string][] = [
    ['broken JSON', '{"data":', {}, 400, 'invalid_json'],
    ['no body', '', {}, 400, 'invalid_json'],
    [
      'another type',
      'a=b',
      { 'content-type': 'application/x-www-form-urlencoded' },
      415,
      'unsupported_media_type'
    ],
    ['text', '{}', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['a huge body', JSON.stringify({ x: 'x'.repeat(65 * 1024) }), {}, 413, 'body_too_large']
  ]
  for (const [name, body, headers, status, reason] of httpErrors) {
    const answer = await post(body, headers)
    t.equal(answer.status, status, name)
    t.match(answer.json, { error: { errorCauses: [{ reason, domain: 'switchboard' }] } }, name)
  }
  const bodies = [
    'null',
    '[]',
    '1',
    '"x"',
    '{}',
    '{"data":null}',
    '{"data":{"messageProfile":[]}}',
    '{"__proto__":{"x":1}}'
  ]
  for (const body of bodies) {
    const answer = await post(body)
    t.equal(answer.status, 200, body)
    t.match(answer.json, { error: { errorCauses: [{ reason: 'wrong_shape' }] } }, body)
  }
  const profiles: readonly Record<string, unknown>[] = [
    { deliveryChannel: 'email' },
    { phoneNumber: 'nobody' },
    { phoneNumber: '+1' },
    { phoneNumber: "+14155550123'; DROP TABLE users" },
    { phoneNumber: '\u0000+14155550123' },
    { otpCode: '</Say><Dial>+1900</Dial>', deliveryChannel: 'voice' },
    { otpCode: '1\u202e1', msgTemplate: null },
    { otpCode: null, deliveryChannel: 'voice' },
    { msgTemplate: 'Code\u0007 11111' },
    { msgTemplate: '\u202e11111 edoc' }
  ]
  for (const profile of profiles) {
    const answer = await send(profile)
    t.equal(answer.status, 200, JSON.stringify(profile))
    t.ok(answer.json.error.errorSummary.length > 10)
    t.notMatch(answer.text, /DROP|Dial|\u202e/u, 'nothing is echoed')
  }
  t.same(sandbox.inbox(), [])
  t.equal(
    stack.events('otp.request.completed').length,
    bodies.length + profiles.length,
    'one summary line each'
  )
  t.same(stack.events('gateway.fault'), [])
})

t.test(
  'a template never becomes a command: markup is text in an SMS, and a call speaks our own words',
  async (t) => {
    const { send, inboxOf } = await startStack(t)
    const msgTemplate = '<Response><Dial>+1900</Dial></Response> & "11111" 😀'
    await send({ msgTemplate })
    await send({ msgTemplate, deliveryChannel: 'voice' })
    const [text, call] = inboxOf('+4915123456789')
    t.equal(text?.text, msgTemplate)
    t.notMatch(call?.spoken, /Dial|1900/u)
  }
)

t.test('health says what the gateway stands on', async (t) => {
  const { gateway, send } = await startStack(t, { providers: { messagebird: null } })
  await send()
  const live = await fetch(`${gateway.url}/health/live`)
  t.same([live.status, await live.json()], [200, { status: 'ok' }])
  const ready = await fetch(`${gateway.url}/health/ready`)
  t.equal(ready.status, 200)
  t.match(await ready.json(), {
    status: 'ready',
    rules: { hash: /^[0-9a-f]{12}$/u, count: 1 },
    providers: [{ name: 'twilio', channels: ['sms', 'voice'] }, { name: 'vonage' }],
    breakers: [{ provider: 'twilio', channel: 'sms', state: 'closed', openMs: null, isAvailable: true }, {}]
  })
  const lost = await fetch(`${gateway.url}/nowhere`)
  t.equal(lost.status, 404)
})

t.test('a stop answers what is in flight and takes nothing new', async (t) => {
  const { gateway, send, sandbox } = await startStack(t)
  await sandbox.setFault('twilio', { mode: 'slow', delay_ms: 200 })
  const inFlight = send()
  await until(() => gateway.inFlight() === 1)
  const stopped = gateway.stop()
  t.match(value(await inFlight), { status: 'SUCCESSFUL' })
  await stopped
  t.equal(gateway.inFlight(), 0)
  await t.rejects(send())
})

t.test('a caller who hangs up takes nobody down, and the code is sent all the same', async (t) => {
  const { gateway, sandbox, events } = await startStack(t)
  await sandbox.setFault('twilio', { mode: 'slow', delay_ms: 150 })
  const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1')
  await once(socket, 'connect')
  const body = sampleBody()
  const authorization = `Basic ${Buffer.from('okta:an-okta-secret').toString('base64')}`
  socket.write(
    `POST /telephonyHook HTTP/1.1\r\nhost: x\r\nauthorization: ${authorization}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
  await until(() => gateway.inFlight() === 1)
  socket.destroy()
  await until(() => events('otp.request.completed').length === 1)
  t.equal(sandbox.inbox().length, 1)
  await until(() => gateway.inFlight() === 0)
})

t.test('every line of the log keeps to the vocabulary', async (t) => {
  const stack = await startStack(t)
  await stack.sandbox.setFault('twilio', { mode: 'hang_after_read', channel: 'sms' })
  await stack.sandbox.setFault('vonage', { mode: 'status', status: 503, channel: 'sms' })
  for (const over of [
    {},
    { deliveryChannel: 'voice' },
    { deliveryChannel: 'x' },
    { phoneNumber: '+449098790000' }
  ]) {
    await stack.send(over)
  }
  await stack.post('{')
  // Each of them is held against the vocabulary as it is written (fixtures/vocabulary.ts).
  const seen = new Set(stack.lines().map(({ event }) => event))
  for (const event of [
    'otp.request.received',
    'otp.route.decided',
    'otp.attempt.completed',
    'otp.failover',
    'otp.request.completed',
    'okta.request.refused'
  ]) {
    t.ok(seen.has(event), event)
  }
})

t.test('the same request after a reload is answered as the rules of the first one say', async (t) => {
  const { post, sandbox, gateway, files } = await startStack(t)
  for (const provider of ['twilio', 'vonage', 'messagebird'] as const) {
    await sandbox.setFault(provider, { mode: 'status', status: 401 })
  }
  const body = sampleBody()
  t.match(value(await post(body)), { status: 'FAILED' })
  files.live = `${RULES}\nreply: { all_failed: error }\n`
  t.match(await gateway.reloadRules('admin'), [{ role: 'live', result: 'loaded' }, {}])
  t.match(value(await post(body)), { status: 'FAILED' }, 'not as an error, as the rules of now would')
  t.match((await post(sampleBody())).json, { error: {} }, 'which another request is')
})

t.test('a number that a candidate cannot read is decided by the live rules', async (t) => {
  const { send, gateway, files, events } = await startStack(t)
  files.candidate = `${RULES.replace('  country: US\n', '')}\ncanary: { percent: 100 }\n`
  t.match(await gateway.reloadRules('admin'), [{}, { role: 'candidate', result: 'loaded' }])
  const [live, candidate] = ['live', 'candidate'].map(
    (role) => events('rules.loaded').find((line) => line.role === role)?.rules_hash
  )
  t.match(value(await send({ phoneNumber: '2125550100' })), { status: 'SUCCESSFUL' })
  t.match(value(await send({ phoneNumber: '+12125550101' })), { status: 'SUCCESSFUL' })
  t.same(
    events('otp.request.completed').map(({ rules_hash: hash }) => hash),
    [live, candidate]
  )
})
