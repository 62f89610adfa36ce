import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import type { SenderKind } from '../domain/message.ts'
import type { Draft, Whereabouts } from './decode.ts'
import { quote, type FaultList } from './faults.ts'
import type { RulesFile } from './schema.ts'

interface Form {
  readonly holds: (value: string) => boolean
  readonly fault: string
}

/** What a sender of each kind looks like. */
const FORMS: Readonly<Record<SenderKind, Form>> = {
  // GSM's limit for a name in place of a number, 3GPP TS 23.040, 9.1.2.5.
  alphanumeric: {
    holds: (value) => /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/u.test(value) && value === value.trim(),
    fault: 'is no alphanumeric sender: 1 to 11 letters, digits and spaces, at least one letter'
  },
  number: {
    holds: (value) => /^\+\d{6,15}$/u.test(value) && parsePhoneNumberFromString(value)?.isPossible() === true,
    fault: 'is no phone number: "+", country and number without spaces, in quotes'
  },
  short_code: {
    holds: (value) => /^\d{3,8}$/u.test(value),
    fault: 'is no short code: 3 to 8 digits, in quotes'
  },
  messaging_service: {
    holds: (value) => /^MG[0-9a-f]{32}$/u.test(value),
    fault: 'is no messaging service of Twilio: MG and 32 hex digits'
  }
}

/** Holds the value of each sender against its kind. */
export function checkSenders(
  senders: NonNullable<Draft<RulesFile>['senders']>,
  { where, faults }: { where: Whereabouts; faults: FaultList }
): void {
  for (const sender of Object.values(senders)) {
    if (sender?.kind === undefined) continue
    const { kind, value, only } = sender
    const { holds, fault } = FORMS[kind]
    if (value !== undefined && !holds(value)) {
      faults.add('E131', where.of(sender, 'value'), `${quote(value)} ${fault}`)
    }
    if (kind === 'messaging_service' && only !== undefined && ![only].flat().includes('twilio')) {
      faults.add(
        'E131',
        where.of(sender, 'only'),
        'a messaging service belongs to Twilio; write only: [twilio]'
      )
    }
  }
}
