import t from 'tap'
import { DASHBOARD_FILES, queriesOf } from '../fixtures/dashboards.ts'
import { copyOfDeployed, NO_PROMETHEUS, startPrometheus } from '../fixtures/prometheus.ts'
import { RULES, startStack } from '../fixtures/stack.ts'

// Prometheus takes a moment to start, to read twice, and to evaluate.
t.setTimeout(120_000)

const asked = DASHBOARD_FILES.flatMap(({ dashboard }) => queriesOf(dashboard)).filter(
  ({ kind }) => kind === 'prometheus'
)

/** What there is nothing of in this test: no Redis, no drain, no canary, nobody overloaded, nothing late. */
const MAY_BE_EMPTY =
  /(?:otp_state_|otp_provider_override_until|alarm|canary|_late_|otp_rule_matches_total\) == 0|capacity|ALERTS|last_resort|overload|> 0)/u

const skip = NO_PROMETHEUS
t.test(
  `panels show what a real gateway did, as a real Prometheus read it${skip === false ? '' : ` (${skip})`}`,
  { skip },
  async (t) => {
    // Nobody is slow here, whatever else the machine does.
    const stack = await startStack(t, {
      rules: RULES.replace('attempt_timeout: 250ms', 'attempt_timeout: 2s')
    })
    const { directory } = copyOfDeployed(t, [new URL(stack.gateway.adminUrl ?? '').host])
    // Each counter is met once before Prometheus is: what begins with 1 has not risen.
    const traffic = async (): Promise<void> => {
      await stack.sandbox.setFault('twilio', { mode: 'status', status: 503 })
      await Promise.all(Array.from({ length: 6 }, () => stack.send()))
      await Promise.all(Array.from({ length: 2 }, (_, i) => stack.send({}, {}, `again-${i}`)))
      await stack.sandbox.setFault('twilio', null)
      await Promise.all(Array.from({ length: 20 }, () => stack.send()))
      await stack.send({ deliveryChannel: 'VOICE CALL' })
      await Promise.all(Array.from({ length: 2 }, (_, i) => stack.send({}, {}, `again-${i}`)))
    }
    await traffic()
    const prometheus = await startPrometheus(t, directory)
    const ask = async (
      query: string
    ): Promise<readonly { metric: Record<string, string>; value: [number, string] }[]> =>
      (await prometheus.ask('query', { query })).result
    const numberOf = async (query: string): Promise<number> =>
      Number((await ask(query))[0]?.value[1] ?? Number.NaN)

    await untilAsync(async () => (await numberOf('count(otp_hook_requests_total)')) > 0)
    await traffic()
    const sent = stack.events('otp.request.completed').length
    await untilAsync(async () => (await numberOf('sum(otp_hook_requests_total)')) === sent)
    await untilAsync(async () => (await ask('job_channel:otp_hook_owed:increase10m')).length > 0)

    const shown = new Map<string, number>()
    for (const { where, query } of asked) {
      const result = await ask(query)
      shown.set(`${where}: ${query}`, result.length)
      if (MAY_BE_EMPTY.test(query)) continue
      t.ok(result.length > 0, `${where} shows something: ${query}`)
      for (const { value } of result) t.not(value[1], '+Inf', where)
    }
    t.ok(
      [...shown.values()].filter((count) => count > 0).length > asked.length * 0.6,
      'most panels show something'
    )

    const of = (dashboard: string, panel: string, index = 0): string => {
      const found = asked.filter(({ where }) => where === `Switchboard: ${dashboard}, ${panel}`)[index]
      if (found === undefined) throw new Error(`There is no ${panel} on ${dashboard}.`)
      return found.query
    }
    t.equal(await numberOf(of('overview', 'Accepted')), 1, 'every code went out')
    const failovers = await numberOf(of('overview', 'Failovers a request'))
    t.ok(
      failovers > 0.1 && failovers < 1,
      `and ${failovers} failovers a request were needed: silent degradation`
    )
    const accepted = await ask(of('overview', 'Accepted, and at what price'))
    t.match(
      accepted,
      [{ metric: { channel: 'sms' }, value: [Number, '1'] }],
      'a call alone is too few for a share'
    )
    const shows = async (query: string, labels: Readonly<Record<string, string>>): Promise<void> => {
      const result = await ask(query)
      const fits = ({ metric }: (typeof result)[number]): boolean =>
        Object.entries(labels).every(([label, word]) => metric[label] === word)
      t.ok(result.some(fits), `${Object.values(labels).join(', ')} in ${query}`)
    }
    await shows(of('failover', 'Ways by reason'), { way: 'twilio to vonage', reason: 'provider_error' })
    await shows(of('failover', 'From (rows) to (columns)'), { from: 'twilio', to: 'vonage' })
    const failed = { provider: 'twilio', error_class: 'provider_error' }
    await shows(of('failover', 'Attempts that failed, by class'), failed)
    const breakers = await ask(of('failover', 'Breakers'))
    t.equal(breakers.length, 6, 'three providers, two channels')
    t.ok(
      breakers.every(({ value }) => value[1] === '0'),
      'all closed'
    )
    const byCountry = await ask(of('provider by country', 'Provider by country', 1))
    const share = (provider: string) =>
      byCountry.find(({ metric }) => metric['provider'] === provider)?.value[1]
    t.ok(Number(share('twilio')) < 0.9, `twilio took ${share('twilio')} in Germany`)
    t.equal((await ask(of('overview', 'Rules by node'))).length, 1)
    t.match(await ask(of('operations', 'Nodes', 0)), [{ value: [Number, '1'] }])

    // Where nothing happened there is no share, and no division by nothing.
    const tooFew = of('overview', 'Accepted').replaceAll('>= 20', '>= 100000')
    t.same(await ask(tooFew), [])
  }
)

/** Waits for what will be true in a moment; gives up after a minute and a half. */
async function untilAsync(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries === 900) throw new Error('It never came true.')
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
