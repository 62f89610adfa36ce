import t from 'tap'
import { provesContract } from '../fixtures/provider-contract.ts'
import { VENDOR_CHANNELS } from '../fixtures/vendors.ts'

for (const channel of VENDOR_CHANNELS) {
  t.test(channel.title, async (t) => provesContract(t, channel))
}
