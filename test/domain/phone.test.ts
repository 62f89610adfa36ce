import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import examples from 'libphonenumber-js/examples.mobile.json'
import { getCountries, getExampleNumber } from 'libphonenumber-js/max'
import t from 'tap'
import {
  NUMBER_TYPES,
  parsePhone,
  prefixFitToLog,
  type Country,
  type E164,
  type NumberType
} from '../../src/domain/phone.ts'

interface Case {
  readonly name: string
  readonly raw: string
  readonly e164?: string
  readonly country: Country | null
  readonly routingCountry: Country | null
  readonly type: NumberType
}

t.test('parsePhone() tells country, routing country and type of awkward numbers', async (t) => {
  const cases: readonly Case[] = [
    { name: 'Guernsey', raw: '+447911123456', country: 'GG', routingCountry: 'GG', type: 'mobile' },
    {
      name: 'a reserved test range',
      raw: '+447700900123',
      country: null,
      routingCountry: 'GB',
      type: 'unknown'
    },
    {
      name: 'Puerto Rico',
      raw: '+17872345678',
      country: 'PR',
      routingCountry: 'PR',
      type: 'fixed_line_or_mobile'
    },
    {
      name: 'Puerto Rico, unassigned',
      raw: '+17870551234',
      country: null,
      routingCountry: 'PR',
      type: 'unknown'
    },
    { name: 'Jamaica', raw: '+18762101234', country: 'JM', routingCountry: 'JM', type: 'mobile' },
    { name: 'Kazakhstan', raw: '+77012345678', country: 'KZ', routingCountry: 'KZ', type: 'mobile' },
    { name: 'Russia', raw: '+74951234567', country: 'RU', routingCountry: 'RU', type: 'fixed_line' },
    { name: 'Kosovo', raw: '+38344123456', country: 'XK', routingCountry: 'XK', type: 'mobile' },
    { name: 'Vatican City', raw: '+390669812345', country: 'VA', routingCountry: 'VA', type: 'fixed_line' },
    { name: 'Cocos Islands', raw: '+61891621234', country: 'CC', routingCountry: 'CC', type: 'fixed_line' },
    {
      name: 'United States',
      raw: '+12025550123',
      country: 'US',
      routingCountry: 'US',
      type: 'fixed_line_or_mobile'
    },
    {
      name: 'Canada',
      raw: '+12042345678',
      country: 'CA',
      routingCountry: 'CA',
      type: 'fixed_line_or_mobile'
    },
    { name: 'German mobile', raw: '+4915123456789', country: 'DE', routingCountry: 'DE', type: 'mobile' },
    { name: 'Niue, 7 digits', raw: '+6834000', country: 'NU', routingCountry: 'NU', type: 'fixed_line' },
    { name: 'toll free', raw: '+18002345678', country: 'US', routingCountry: 'US', type: 'toll_free' },
    { name: 'premium rate', raw: '+19002345678', country: 'US', routingCountry: 'US', type: 'premium_rate' },
    {
      name: 'universal freephone',
      raw: '+80012345678',
      country: null,
      routingCountry: null,
      type: 'toll_free'
    },
    {
      name: 'universal premium rate',
      raw: '+979123456789',
      country: null,
      routingCountry: null,
      type: 'premium_rate'
    },
    {
      name: 'universal personal',
      raw: '+878101234567890',
      country: null,
      routingCountry: null,
      type: 'voip'
    },
    { name: 'Inmarsat', raw: '+870773111632', country: null, routingCountry: null, type: 'satellite' },
    {
      name: 'global mobile satellite',
      raw: '+881612345678',
      country: null,
      routingCountry: null,
      type: 'satellite'
    },
    {
      name: 'international networks 882',
      raw: '+8821612345678',
      country: null,
      routingCountry: null,
      type: 'satellite'
    },
    {
      name: 'international networks 883',
      raw: '+883510012345678',
      country: null,
      routingCountry: null,
      type: 'satellite'
    },
    {
      name: 'a sample of Okta, unassigned',
      raw: '+15555551212',
      country: null,
      routingCountry: 'US',
      type: 'unknown'
    }
  ]
  for (const { name, raw, country, routingCountry, type } of cases) {
    t.match(parsePhone(raw), { e164: raw, country, routingCountry, type, extension: null }, `${raw} ${name}`)
  }
})

t.test('parsePhone() routes an unassigned number by the main country of its calling code', async (t) => {
  const cases: readonly (readonly [string, Country])[] = [
    ['+15555551212', 'US'],
    ['+71234567890', 'RU'],
    ['+399999999', 'IT'],
    ['+447700900123', 'GB'],
    ['+4710000000', 'NO'],
    ['+61999999999', 'AU'],
    ['+212000000000', 'MA'],
    ['+262999999999', 'RE'],
    ['+2901111', 'SH'],
    ['+358999999999', 'FI'],
    ['+590999999999', 'GP'],
    ['+5991111111', 'CW'],
    ['+4912345678', 'DE']
  ]
  for (const [raw, routingCountry] of cases) {
    t.match(parsePhone(raw), { e164: raw, country: null, routingCountry, type: 'unknown' }, raw)
  }
})

t.test('parsePhone() drops a prefix only where that makes a known number', async (t) => {
  t.equal(parsePhone('+44 (0)7911 123456')?.e164, '+447911123456')
  t.equal(parsePhone('+54 11 15 2345-6789')?.e164, '+5491123456789', 'the 15 of Argentine mobiles')
  t.equal(parsePhone('+860121178345342'), undefined, 'the library would make it +86121178345342')
  t.equal(parsePhone('+61001106568'), undefined, 'the library would make it +6101106568')
})

t.test('parsePhone() reads a number without "+" only in a default country', async (t) => {
  t.equal(parsePhone('9876543210'), undefined)
  t.equal(parsePhone('447911123456'), undefined)
  t.equal(parsePhone('00447911123456'), undefined)
  const cases: readonly (readonly [string, Country, string])[] = [
    ['9876543210', 'US', '+19876543210'],
    ['(202) 555-0123', 'US', '+12025550123'],
    ['1 202 555 0123', 'US', '+12025550123'],
    ['011 44 7911 123456', 'US', '+447911123456'],
    ['07911 123456', 'GB', '+447911123456'],
    ['+447911123456', 'US', '+447911123456']
  ]
  for (const [raw, defaultCountry, e164] of cases) t.equal(parsePhone(raw, defaultCountry)?.e164, e164, raw)
})

t.test('parsePhone() tells the same of a number however it was written', async (t) => {
  t.same(parsePhone('7700 900123', 'JE'), parsePhone('+447700900123'))
  t.same(parsePhone('9876543210', 'CA'), parsePhone('+19876543210', 'CA'))
  t.same(parsePhone('9876543210', 'US'), {
    e164: '+19876543210',
    country: null,
    routingCountry: 'US',
    callingCode: '1',
    type: 'unknown',
    extension: null
  })
})

t.test('parsePhone() forgives separators and direction marks', async (t) => {
  const cases = [
    '+1 202 555 0123',
    ' +1 (202) 555-0123 ',
    '(+1) 202.555.0123',
    '+1/202/555/0123',
    '+1\u00a0202\u202f555\u20110123',
    '\u202a+12025550123\u202c',
    '\u2066+12025550123\u2069',
    '\u200e+1\u200b2025550123\ufeff'
  ]
  for (const raw of cases) t.equal(parsePhone(raw)?.e164, '+12025550123', JSON.stringify(raw))
})

t.test('parsePhone() takes an extension off the number', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['x123', '123'],
    ['X123', '123'],
    [' x 123', '123'],
    ['ext123', '123'],
    [' ext. 123', '123'],
    [' Ext: 123', '123'],
    [' extension 123', '123'],
    [';ext=123', '123'],
    [',123', '123'],
    [',,123', '123'],
    [', 123#', '123'],
    [';123', '123'],
    ['#123', '123'],
    ['x007', '007'],
    ['x1', '1'],
    [',12345678901', '12345678901']
  ]
  for (const [written, extension] of cases) {
    t.match(parsePhone(`+12025550123${written}`), { e164: '+12025550123', country: 'US', extension }, written)
  }
  t.match(parsePhone('202 555 0123 x9', 'US'), { e164: '+12025550123', extension: '9' })
})

t.test('parsePhone() refuses what is no number, and never guesses', async (t) => {
  const hostile = [
    '',
    ' ',
    '+',
    '+1',
    '+12',
    '0',
    '+0123456789',
    '+99912345678',
    '+1202555012',
    '+120255501234',
    '+491234',
    '+811201234567890123',
    '++12025550123',
    '+1202+5550123',
    '+12025550123x',
    '+12025550123x123456789012',
    '+12025550123x1x2',
    '+12025550123,1,2',
    '+12025550123;ext=',
    '+12025550123;ext=12a',
    '+12025550123#',
    '+1202555012a',
    '+1-800-FLOWERS',
    'tel:+12025550123',
    'call +12025550123 now',
    '+12025550123\n',
    '+12025550123\r\nTo: +447911123456',
    '+12025550123\0',
    '+1202555\t0123',
    '+12025550123,+447911123456',
    "+12025550123' OR '1'='1",
    '+12025550123"/><Dial>900</Dial>',
    '<Say>+12025550123</Say>',
    '+12025550123%0a',
    '+12025550123&To=+447911123456',
    '\uff0b\uff11\uff12\uff10\uff12\uff15\uff15\uff15\uff10\uff11\uff12\uff13',
    '+\u0661\u0662\u0660\u0662\u0665\u0665\u0665\u0660\u0661\u0662\u0663',
    '1e10',
    'NaN',
    'undefined',
    `+1202555${' '.repeat(60)}0123`,
    '+'.repeat(10_000),
    '1'.repeat(100_000)
  ]
  for (const raw of hostile) {
    t.equal(parsePhone(raw), undefined, JSON.stringify(raw.slice(0, 40)))
    t.equal(parsePhone(raw, 'AC'), undefined, `${JSON.stringify(raw.slice(0, 40))} with a default country`)
  }
})

t.test('parsePhone() never throws, and gives nothing but E.164', async (t) => {
  const alphabet = '+0123456789 x;,#ext=()-./\u202a\u00a0'
  const raw = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 80 }),
    fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 70 }),
    fc.stringMatching(/^\+?\d{5,18}((x|;ext=|,|;)\d{1,13})?$/u)
  )
  const defaultCountry = fc.constantFrom<Country | null>(null, 'US', 'GB', 'IT', 'JP', 'DE')
  let numbers = 0
  fc.assert(
    fc.property(raw, defaultCountry, (raw, defaultCountry) => {
      const phone = parsePhone(raw, defaultCountry)
      if (phone === undefined) return true
      numbers++
      return (
        /^\+[1-9]\d{6,14}$/u.test(phone.e164) &&
        phone.e164.startsWith(`+${phone.callingCode}`) &&
        /^\d{1,11}$/u.test(phone.extension ?? '0') &&
        NUMBER_TYPES.includes(phone.type) &&
        (phone.country === null || phone.country === phone.routingCountry)
      )
    }),
    { numRuns: 1_000, examples: [['+12025550123x1', null]] }
  )
  t.ok(numbers > 10, 'numbers were among them')
})

t.test('parsePhone() reads its own answer as the same number', async (t) => {
  fc.assert(
    fc.property(fc.stringMatching(/^\+[1-9]\d{6,14}$/u), (raw) => {
      const phone = parsePhone(raw)
      return phone === undefined || isDeepStrictEqual(parsePhone(phone.e164), phone)
    })
  )
  t.pass()
})

t.test('what the log says of how a number begins leaves ten thousand numbers that are like it', async (t) => {
  for (const country of getCountries()) {
    const phone = parsePhone(getExampleNumber(country, examples)?.number ?? '')
    if (phone === undefined) continue
    const said = prefixFitToLog(phone).length - 1 - phone.callingCode.length
    const unsaid = phone.e164.length - 1 - phone.callingCode.length - said - 2
    if (said > 0 && unsaid < 4) t.fail(`${country}: ${unsaid} digits are unsaid`)
    if (said > 3) t.fail(`${country}: ${said} digits are said`)
    if (!phone.e164.startsWith(prefixFitToLog(phone))) t.fail(country)
  }
  t.equal(prefixFitToLog({ e164: '+46701740605' as E164, callingCode: '46' }), '+46701')
  t.equal(prefixFitToLog({ e164: '+3546111234' as E164, callingCode: '354' }), '+3546')
  t.equal(prefixFitToLog({ e164: '+24740123' as E164, callingCode: '247' }), '+247')
})
