import t from 'tap'
import { faultOf } from '../../src/telemetry/fault.ts'
import { createMasking } from '../../src/telemetry/masking.ts'
import { parsePhone } from '../../src/domain/phone.ts'

t.test('faultOf() keeps where a bug is and drops what it says', async (t) => {
  const error = Object.assign(new TypeError('the code 738291\n    at +4915123456789:1:1'), {
    code: 'ERR_SOMETHING'
  })
  const fault = faultOf('a test', error)
  t.match(fault, { event: 'gateway.fault', where: 'a test', error: 'TypeError', code: 'ERR_SOMETHING' })
  t.ok(fault.frames.length > 0 && fault.frames.length <= 12)
  t.ok(fault.frames[0]?.includes('fault.test.ts'))
  t.notMatch(JSON.stringify(fault), /738291|4915123456789/u)
  t.match(faultOf('a test', 'the code 738291'), { error: 'string', frames: [] })
})

t.test('createMasking() says the country and the last two digits, and hashes with the key', async (t) => {
  const phone = parsePhone('+46701234567')
  const satellite = parsePhone('+881612345678')
  if (phone === undefined || satellite === undefined) throw new Error('The test names no numbers.')
  const masking = createMasking('one key')
  t.equal(masking.phone(phone), 'SE…67')
  t.equal(masking.phone(satellite), '+881…78')
  t.match(masking.phoneHash(phone), /^[0-9a-f]{16}$/u)
  t.equal(masking.phoneHash(phone), createMasking('one key').phoneHash(phone))
  t.not(masking.phoneHash(phone), createMasking('another key').phoneHash(phone))
  t.not(masking.userHash(phone.e164), masking.phoneHash(phone), 'a user is no phone')
})
