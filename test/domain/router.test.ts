import fc from 'fast-check'
import t from 'tap'
import type { Facts } from '../../src/domain/facts.ts'
import { CHANNELS, FLOWS } from '../../src/domain/message.ts'
import { NUMBER_TYPES, parsePhone, type Country, type Phone } from '../../src/domain/phone.ts'
import type { Condition } from '../../src/domain/condition.ts'
import { compileRouter, decide, type Plan } from '../../src/domain/router.ts'
import type { Rule, RuleSet, Step, When } from '../../src/domain/rules.ts'
import { defaults, rule, ruleSet, sender, senders } from '../fixtures/rules.ts'

const phone = (number: string): Phone => {
  const parsed = parsePhone(number)
  if (parsed === undefined) throw new Error('The test names a number that is none.')
  return parsed
}

const facts = (over: Partial<Facts> & { number?: string } = {}): Facts => ({
  channel: 'sms',
  phone: phone(over.number ?? '+46701234567'),
  flow: 'sign_in',
  locale: 'en-US',
  org: 'acme.okta.com',
  atMs: 0,
  person: 'u1',
  triedLast: null,
  ...over
})

const compile = (rules: RuleSet) => compileRouter(rules, { shadows: false })

const ready = (): Condition => ({ kind: 'ready' })

const block = (name: string, when: When): Rule => rule(name, when, { kind: 'block', reason: name })

const ruleOf = (plan: Plan): string => plan.rule

const step = (provider: string, over: Partial<Step> = {}): Step =>
  ({ kind: 'provider', provider, senders: null, timeoutMs: null, onNoAnswer: null, ...over }) as Step

const order = (plan: Plan): readonly string[] =>
  plan.kind === 'send' ? plan.chain.map(({ provider }) => provider) : []

t.test('decide() takes the first rule that matches', async (t) => {
  const router = compile(
    ruleSet({
      rules: [
        block('voice-to-sweden', { country: ['SE'], channel: ['voice'] }),
        block('uk-landlines', { prefix: ['+441', '+442'] }),
        block('uk-london', { prefix: ['+4420'] }),
        block('mobiles-of-the-us', { country: ['US'], number_type: ['mobile'] }),
        block('premium', { number_type: ['premium_rate', 'satellite'] }),
        block('swiss-french', { country: ['CH'], locale: ['fr'] }),
        block('swiss-of-geneva', { country: ['CH'], locale: ['de-ch'] }),
        block('not-nordic-enrollment', { not_country: ['SE', 'NO', 'DK'], flow: ['enrollment'] }),
        block('other-org', { org: ['other.okta.com'] }),
        block('great-britain', { country: ['GB'] }),
        block('sweden', { country: ['SE'] })
      ]
    })
  )
  const cases: readonly [string, Facts, string][] = [
    ['both predicates hold', facts({ channel: 'voice' }), 'voice-to-sweden'],
    ['only one of two predicates holds', facts(), 'sweden'],
    ['a prefix', facts({ number: '+441632960001' }), 'uk-landlines'],
    ['the order of rules, not the length of the prefix', facts({ number: '+442079460123' }), 'uk-landlines'],
    ['a US number is mobile as well as fixed', facts({ number: '+12025550123' }), 'mobiles-of-the-us'],
    ['a satellite number has no country', facts({ number: '+881612345678' }), 'premium'],
    ['a language without its region', facts({ number: '+41791234567', locale: 'FR-ch' }), 'swiss-french'],
    [
      'a region is asked for and there',
      facts({ number: '+41791234567', locale: 'de-CH-1996' }),
      'swiss-of-geneva'
    ],
    ['a region is asked for and not there', facts({ number: '+41791234567', locale: 'de' }), 'otherwise'],
    ['no locale', facts({ number: '+41791234567', locale: null }), 'otherwise'],
    [
      'a country is excluded and is another',
      facts({ number: '+33612345678', flow: 'enrollment' }),
      'not-nordic-enrollment'
    ],
    ['a country is excluded and it is that one', facts({ flow: 'enrollment' }), 'sweden'],
    [
      'a country is excluded and there is none',
      facts({ number: '+80012345678', flow: 'enrollment' }),
      'not-nordic-enrollment'
    ],
    ['the org', facts({ number: '+33612345678', org: 'other.okta.com' }), 'other-org'],
    ['Guernsey is not Great Britain', facts({ number: '+447911123456' }), 'otherwise'],
    [
      'an unassigned +44 number goes by its calling code',
      facts({ number: '+447700900123' }),
      'great-britain'
    ],
    ['nothing matches', facts({ number: '+33612345678' }), 'otherwise']
  ]
  for (const [name, given, rule] of cases) t.equal(ruleOf(decide(router, given, ready)), rule, name)
})

t.test('decide() compiled says the same as walking the rules', async (t) => {
  const countries: readonly Country[] = ['SE', 'US', 'GB', 'GG', 'DE', 'CH']
  const numbers = [
    '+46701234567',
    '+12025550123',
    '+447911123456',
    '+447700900123',
    '+442079460123',
    '+4915123456789',
    '+41791234567',
    '+80012345678',
    '+881612345678'
  ].map(phone)
  const locales = ['en', 'en-us', 'de', 'de-ch', 'fr']
  const some = <T>(values: readonly T[]) =>
    fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
  const whens = fc
    .record(
      {
        country: some(countries),
        not_country: some(countries),
        prefix: some(['+4', '+44', '+447', '+447911', '+1', '+46701234567', '+8816']),
        number_type: some(NUMBER_TYPES),
        channel: some(CHANNELS),
        flow: some(FLOWS),
        locale: some(locales),
        org: some(['a.okta.com', 'b.okta.com'])
      },
      { requiredKeys: [] }
    )
    .filter((when) => Object.keys(when).length > 0)
  const someFacts = fc.record({
    channel: fc.constantFrom(...CHANNELS),
    phone: fc.constantFrom(...numbers),
    flow: fc.constantFrom(...FLOWS, null),
    locale: fc.constantFrom('en-US', 'EN', 'de-CH', 'de-AT', 'fr-CH', 'x', null),
    org: fc.constantFrom('a.okta.com', 'c.okta.com', null),
    atMs: fc.constantFrom(0, 100, 150, 200),
    person: fc.string(),
    triedLast: fc.constantFrom(null, 'twilio', 'vonage')
  })
  fc.assert(
    fc.property(
      fc.array(whens, { maxLength: 80 }),
      fc.array(someFacts, { minLength: 1, maxLength: 5 }),
      (all, asked) => {
        const router = compile(ruleSet({ rules: all.map((when, i) => block(`r${i}`, when)) }))
        for (const one of asked) {
          const expected = all.findIndex((when) => holds(when, one))
          if (ruleOf(decide(router, one, ready)) !== (expected === -1 ? 'otherwise' : `r${expected}`)) {
            return false
          }
        }
        return true
      }
    ),
    { numRuns: 500 }
  )
  t.pass('500 random files')
})

/** The meaning of `when`, as the design says it, walked. */
function holds(
  when: When,
  { channel, phone: { e164, routingCountry, type }, flow, locale, org }: Facts
): boolean {
  const tag = (locale ?? '').toLowerCase()
  const types = type === 'fixed_line_or_mobile' ? ['mobile', 'fixed_line', type] : [type]
  return (
    (when.country?.some((country) => country === routingCountry) ?? true) &&
    !(when.not_country?.some((country) => country === routingCountry) ?? false) &&
    (when.prefix?.some((prefix) => e164.startsWith(prefix)) ?? true) &&
    (when.number_type?.some((asked) => types.includes(asked)) ?? true) &&
    (when.channel?.includes(channel) ?? true) &&
    (when.flow === undefined || (flow !== null && when.flow.includes(flow))) &&
    (when.locale?.some((asked) => tag === asked || tag.startsWith(`${asked}-`)) ?? true) &&
    (when.org === undefined || (org !== null && when.org.includes(org)))
  )
}

t.test('decide() plans the chain and says why others are left out', async (t) => {
  const router = compile(
    ruleSet({
      providers: new Map([
        ['twilio', { channels: ['sms', 'voice'], onlyFor: null, notFor: [], capacityPerSecond: null }],
        ['vonage', { channels: ['sms'], onlyFor: null, notFor: ['SE'], capacityPerSecond: null }],
        [
          'messagebird',
          { channels: ['sms', 'voice'], onlyFor: ['SE', 'US'], notFor: [], capacityPerSecond: null }
        ]
      ])
    })
  )
  const skippedOf = (plan: Plan) =>
    plan.kind === 'send' ? plan.skipped.map(({ provider, reason }) => `${provider} ${reason}`) : []

  const sweden = decide(router, facts(), ready)
  t.same(order(sweden), ['twilio', 'messagebird'])
  t.same(skippedOf(sweden), ['vonage not_for_country'])

  const voice = decide(router, facts({ channel: 'voice', number: '+33612345678' }), ready)
  t.same(order(voice), ['twilio'])
  t.same(skippedOf(voice), ['vonage no_channel', 'messagebird not_for_country'])

  const nobody = decide(router, facts(), () => ({ kind: 'no_credentials' }))
  t.same(order(nobody), [])
  t.match(nobody, { lastResorts: [] })

  const open = decide(router, facts(), (provider) => ({
    kind: 'breaker_open',
    badness: provider === 'twilio' ? 9 : 5
  }))
  t.same(order(open), [])
  t.match(open, { lastResorts: [{ provider: 'messagebird' }, { provider: 'twilio' }] }, 'the least bad first')

  const held = decide(router, facts(), (provider) =>
    provider === 'twilio' ? { kind: 'drained' } : { kind: 'cooling_down', badness: 1 }
  )
  t.same(skippedOf(held), ['twilio drained', 'vonage not_for_country', 'messagebird cooling_down'])
  t.match(
    held,
    { chain: [], lastResorts: [{ provider: 'messagebird' }] },
    'never the one that a person drained'
  )

  const two = compile(ruleSet({ defaults: { ...defaults, maxAttempts: 2 } }))
  t.same(skippedOf(decide(two, facts(), ready)), ['messagebird beyond_max_attempts'])

  const resent = facts({ triedLast: 'twilio' })
  t.same(order(decide(compile(ruleSet()), resent, ready)), ['vonage', 'messagebird', 'twilio'])
  t.same(order(decide(two, resent, ready)), ['vonage', 'messagebird'])
  t.same(order(decide(router, facts({ triedLast: 'vonage' }), ready)), ['twilio', 'messagebird'])
})

t.test('decide() takes the first sender that may be used there', async (t) => {
  const pool = sender({ name: 'pool', kind: 'messaging_service', value: 'MG0', only: ['twilio'] })
  const router = compile(
    ruleSet({
      defaults: { ...defaults, senders: ['pool', 'alpha', 'number'] },
      senders: new Map([...senders, pool].map((sender) => [sender.name, sender]))
    })
  )
  const sendersOf = (plan: Plan) => (plan.kind === 'send' ? plan.chain.map(({ sender }) => sender.name) : [])
  t.same(sendersOf(decide(router, facts(), ready)), ['pool', 'alpha', 'alpha'])
  t.same(sendersOf(decide(router, facts({ number: '+12025550123' }), ready)), ['pool', 'number', 'number'])
  t.same(sendersOf(decide(router, facts({ channel: 'voice' }), ready)), ['number', 'number', 'number'])

  const alphaOnly = compile(ruleSet({ defaults: { ...defaults, senders: ['alpha'] } }))
  const plan = decide(alphaOnly, facts({ number: '+12025550123' }), ready)
  t.match(plan, {
    chain: [],
    skipped: [{ reason: 'no_sender' }, { reason: 'no_sender' }, { reason: 'no_sender' }]
  })
})

t.test('decide() splits by weight, the same for one person, and fails over from each arm', async (t) => {
  const split: Step = {
    kind: 'split',
    arms: [
      { provider: 'messagebird', weight: 80 },
      { provider: 'twilio', weight: 20 }
    ],
    senders: null,
    timeoutMs: 700,
    onNoAnswer: null
  }
  const router = compile(ruleSet({ otherwise: { kind: 'send', steps: [split, step('vonage')] } }))
  const firsts = { messagebird: 0, twilio: 0 }
  for (let person = 0; person < 2000; person++) {
    const plan = decide(router, facts({ person: `user-${person}` }), ready)
    const [first, second, third] = order(plan)
    t.same(decide(router, facts({ person: `user-${person}` }), ready), plan)
    if (first !== 'messagebird' && first !== 'twilio') throw new Error('The split drew a stranger.')
    firsts[first] += 1
    t.equal(second, first === 'twilio' ? 'messagebird' : 'twilio')
    t.equal(third, 'vonage')
    t.match(plan, {
      split: first === 'messagebird' ? { arm: first, from: 0, to: 0.8 } : { arm: first, from: 0.8, to: 1 }
    })
  }
  t.ok(
    firsts.messagebird > 1500 && firsts.messagebird < 1700,
    `80 % of 2000 are about 1600: ${firsts.messagebird}`
  )
})
