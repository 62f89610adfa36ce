import t from 'tap'
import { listen, logIn } from '../fixtures/console.ts'
import { startStack, until } from '../fixtures/stack.ts'

t.test('a page hears of everything at once, and then of what changes', async (t) => {
  const stack = await startStack(t)
  await stack.send()
  const { cookie, ask } = await logIn(stack)
  const page = await listen(stack, cookie)
  await until(() => page.events().length >= 2)
  t.match(page.events(), [
    {
      name: 'state',
      data: { node: { mode: 'sandbox', state: 'alone' }, totals: { requests: 1, accepted: 1 } }
    },
    { name: 'requests', data: [{ phone: 'DE…89', end: { outcome: 'accepted', provider: 'twilio' } }] }
  ])
  await stack.sandbox.setFault('twilio', { mode: 'status', status: 503 })
  await stack.send()
  await until(() => page.last('requests')[0].end?.provider === 'vonage')
  t.match(page.last('requests')[0], {
    rule: 'otherwise',
    deadlineAfterMs: 2500,
    attempts: [
      { attempt: 1, provider: 'twilio', result: 'provider_error', httpStatus: 503, won: false },
      { attempt: 2, provider: 'vonage', trigger: 'failover', result: 'accepted', won: true }
    ]
  })
  await until(() => page.last('state').totals.failedOver === 1)
  const { json: state } = await ask('GET', '/state')
  t.match(state, {
    totals: { requests: 2, wanted: 2, accepted: 2, failedOver: 1, late: 0 },
    minutes: { 59: { wanted: 2 } },
    countries: [{ country: 'DE', providers: [{ provider: 'twilio', attempts: 2, failoversFrom: 1 }, {}] }],
    rules: {
      rules: [
        { name: 'premium', does: 'block' },
        { name: 'otherwise', matchedLastHour: 2 }
      ]
    }
  })
  t.equal((await ask('GET', '/requests')).json.length, 2)
  page.stop()
})

t.test('a stop does not wait for those who listen', async (t) => {
  const stack = await startStack(t)
  const { cookie } = await logIn(stack)
  const page = await listen(stack, cookie)
  await stack.gateway.stop()
  await page.ended
})
