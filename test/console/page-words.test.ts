import t from 'tap'
import { axisOf } from '../../src/console/page/axis.ts'
import { headlineOf } from '../../src/console/page/headline.ts'
import { storyOf } from '../../src/console/page/story-words.ts'
import { stretchesOf } from '../../src/console/page/stretches.ts'
import {
  countryOf,
  lengthInWords,
  msInWords,
  shareInWords,
  windowInWords
} from '../../src/console/page/words.ts'
import type {
  ShownAttempt,
  ShownCounts,
  ShownProviderChannel,
  ShownRequest,
  ShownState
} from '../../src/console/shown.ts'

const NOW_MS = Date.parse('2026-11-25T02:41:00Z')

const COUNTS: ShownCounts = {
  requests: 200,
  wanted: 200,
  accepted: 200,
  failedOver: 0,
  late: 0,
  resends: 0,
  p50Ms: 120,
  p99Ms: 400
}

const CHANNEL: ShownProviderChannel = {
  channel: 'sms',
  breaker: 'closed',
  sinceMs: null,
  history: [],
  coolingMs: null,
  isInRules: true,
  isDrained: false,
  attempts: 0,
  accepted: 0,
  failures: [],
  p50Ms: null,
  p99Ms: null
}

function stateOf(
  totals: Partial<ShownCounts>,
  channel: Partial<ShownProviderChannel> = {},
  more: Partial<ShownState> = {}
): ShownState {
  return {
    nowMs: NOW_MS,
    node: {
      version: '1.0.0',
      mode: 'live',
      startedAtMs: 0,
      state: 'alone',
      inFlight: 0,
      hanging: 0
    },
    windowMs: 15 * 60_000,
    totals: { ...COUNTS, ...totals },
    minutes: [],
    providers: [{ name: 'vonage', channels: [{ ...CHANNEL, ...channel }], capacity: null }],
    countries: [],
    overrides: [],
    rules: {
      file: 'routing.yaml',
      hash: 'abc',
      loadedAtMs: 0,
      rejection: null,
      candidate: null,
      rules: []
    },
    ...more
  }
}

t.test('the headline says in one sentence how it stands', async (t) => {
  const isOut = { breaker: 'open', sinceMs: NOW_MS - 600_000 } as const
  const cases: readonly (readonly [ShownState, tone: string, text: RegExp])[] = [
    [stateOf({}), 'good', /^All is well: 100 % of 200 codes accepted in the last 15 minutes\.$/u],
    [stateOf({ accepted: 199 }), 'good', /^All is well: 99\.5 %/u],
    [stateOf({ accepted: 196 }), 'warn', /^Codes are lost: only 98\.0 %/u],
    [stateOf({ accepted: 100 }), 'bad', /^Codes are lost: only 50\.0 %/u],
    [stateOf({ failedOver: 40 }), 'warn', /^Failover hides a trouble: .* 20\.0 % not by the first provider/u],
    [
      stateOf({ wanted: 2, accepted: 0 }, isOut),
      'bad',
      /^Vonage SMS is out since \d\d:31: only 0 % of 2 codes/u
    ],
    [stateOf({ wanted: 4, accepted: 3 }, isOut), 'warn', /^Vonage SMS is out since \d\d:31: only 75\.0 %/u],
    [stateOf({}, isOut), 'warn', /^Vonage SMS is out since \d\d:31, others carry it: 100 %/u],
    [
      stateOf({ accepted: 150 }, isOut),
      'bad',
      /^Vonage SMS is out since .*, and codes are lost: only 75\.0 %/u
    ],
    [stateOf({ wanted: 0, accepted: 0 }, isOut), 'warn', /^Vonage SMS is out since .*No code was asked for/u],
    [stateOf({}, { ...isOut, isInRules: false }), 'good', /^All is well/u],
    [stateOf({ wanted: 0, accepted: 0 }), 'quiet', /^No code was asked for in the last 15 minutes/u],
    [stateOf({ wanted: 4, accepted: 3 }), 'quiet', /^3 of 4 codes accepted .*: too few to judge/u]
  ]
  for (const [state, tone, text] of cases) {
    const headline = headlineOf(state)
    t.match(headline.text, text)
    t.equal(headline.tone, tone, headline.text)
  }
})

t.test('what else matters follows, each with the place where more is seen', async (t) => {
  const { remarks } = headlineOf(
    stateOf(
      {},
      { coolingMs: 12_000 },
      {
        overrides: [
          {
            provider: 'twilio',
            channel: null,
            country: 'BR',
            why: 'INC-1',
            by: 'maria',
            setAtMs: NOW_MS,
            untilMs: NOW_MS + 1
          }
        ],
        rules: {
          ...stateOf({}).rules,
          rejection: { atMs: NOW_MS, words: '' },
          candidate: { file: 'c.yaml', hash: null, canaryPercent: 5, canaryStopped: true }
        }
      }
    )
  )
  t.same(
    remarks.map(({ tone, place }) => [tone, place]),
    [
      ['warn', 'rules'],
      ['warn', 'rules'],
      ['warn', 'providers'],
      ['quiet', 'providers']
    ]
  )
  t.match(remarks.at(-1)?.text, /Twilio, SMS and voice, to Brazil, until .*, by maria: INC-1/u)
})

const REQUEST: ShownRequest = {
  id: 'r1',
  traceId: null,
  oktaEventId: null,
  arrivedAtMs: NOW_MS,
  channel: 'sms',
  flow: 'sign_in',
  country: 'SE',
  phone: 'SE…05',
  preview: false,
  org: null,
  rulesHash: 'abc',
  rule: 'nordics-sms',
  candidates: ['messagebird', 'twilio'].map((provider) => ({
    provider,
    senderKind: 'alphanumeric',
    timeoutMs: 900
  })),
  skipped: [{ provider: 'vonage', reason: 'breaker_open' }],
  resend: null,
  deadlineAfterMs: 2_500,
  attempts: [],
  end: null
}

const attempt = (more: Partial<ShownAttempt>): ShownAttempt => ({
  attempt: 1,
  provider: 'messagebird',
  trigger: 'first',
  startedAfterMs: 5,
  endedAfterMs: null,
  result: null,
  providerCode: null,
  httpStatus: null,
  transactionId: null,
  won: false,
  ...more
})

const END: NonNullable<ShownRequest['end']> = {
  afterMs: 1_230,
  outcome: 'accepted',
  reason: null,
  oktaStatus: 'SUCCESSFUL',
  provider: 'twilio',
  transactionId: 'SM1',
  failover: true,
  lastResort: false,
  possibleDuplicate: true
}

/** MessageBird is silent, Twilio wins, and MessageBird took it as well. */
const TWICE: ShownRequest = {
  ...REQUEST,
  attempts: [
    attempt({ endedAfterMs: 3_100, result: 'accepted' }),
    attempt({
      attempt: 2,
      provider: 'twilio',
      trigger: 'failover',
      startedAfterMs: 905,
      // A busy machine counts a few ms more than it took.
      endedAfterMs: 1_240,
      result: 'accepted',
      won: true
    })
  ],
  end: END
}

t.test('a story is told as to a colleague', async (t) => {
  t.same(storyOf(TWICE), [
    'A code by SMS for SE…05 (Sweden), to sign in.',
    'Rule nordics-sms chose MessageBird, then Twilio.',
    'Vonage is left out by its breaker.',
    'MessageBird was still silent after 900 ms, so Twilio was asked as well and took it after 335 ms.',
    'Okta was told SUCCESSFUL after 1.23 s, 1.27 s before the deadline.',
    'MessageBird took it 1.87 s after that.',
    'MessageBird and Twilio both took it: the phone most likely got it twice.'
  ])
  t.match(
    storyOf({ ...REQUEST, resend: { count: 2, previousProvider: 'vonage' } })[1],
    'for the 2nd time: Vonage had the code before'
  )
  t.match(
    storyOf({
      ...REQUEST,
      rule: 'premium',
      candidates: [],
      skipped: [],
      end: { ...END, outcome: 'blocked', reason: 'premium_number', oktaStatus: 'ERROR', afterMs: 3 }
    }).join(' '),
    /Rule premium blocks it: premium number\. Okta was told ERROR after 3 ms/u
  )
  t.match(
    storyOf({
      ...REQUEST,
      attempts: [attempt({})],
      end: { ...END, outcome: 'undecided', oktaStatus: 'FAILED', afterMs: 2_450, possibleDuplicate: false }
    }).join(' '),
    /MessageBird was asked; it had not answered when Okta had to be told\. The request had no provider’s answer before the deadline/u
  )
  t.match(storyOf({ ...REQUEST, attempts: [attempt({})] }).join(' '), 'it has not answered yet')
  t.match(
    storyOf({ ...REQUEST, end: { ...END, afterMs: 2_600, outcome: 'failed', oktaStatus: 'FAILED' } }).join(
      ' '
    ),
    '100 ms after the deadline'
  )
})

t.test('attempts stand on the time axis, what went on behind the answer apart', async (t) => {
  const { bars, endMs, deadlinePercent, answerPercent, ticksMs } = axisOf(TWICE, 0)
  t.ok(endMs > 3_100)
  t.ok(answerPercent !== null && answerPercent < deadlinePercent)
  t.ok((bars[0]?.latePercent ?? 0) > 50)
  t.equal(bars[1]?.latePercent, 0, 'who won was not late')
  t.ok(ticksMs.length <= 7)
  for (const { fromPercent, widthPercent } of bars) t.ok(fromPercent + widthPercent <= 100.5)

  const running = axisOf({ ...REQUEST, attempts: [attempt({})] }, 1_000).bars[0]
  t.ok(running?.isRunning)
  t.ok((running?.widthPercent ?? 0) > 30)

  const endless = axisOf({ ...TWICE, attempts: [attempt({ endedAfterMs: 9_900, result: 'no_answer' })] }, 0)
  t.ok(endless.endMs <= 2_500 * 2.2, 'a very late answer does not press the rest into a corner')
})

t.test('the strip of a breaker begins where its first transition says that it was', async (t) => {
  const HOUR_MS = 3_600_000
  const stretches = (
    breaker: ShownProviderChannel['breaker'],
    history: ShownProviderChannel['history']
  ): readonly unknown[] =>
    stretchesOf({ channel: { breaker, history }, nowMs: NOW_MS, windowMs: HOUR_MS }).map(
      ({ state, fromMs, toMs }) => [state, (fromMs - NOW_MS) / 60_000, (toMs - NOW_MS) / 60_000]
    )
  const at = (minutes: number, to: ShownProviderChannel['history'][number]['to']) => ({
    atMs: NOW_MS - minutes * 60_000,
    to,
    cause: null
  })
  t.same(stretches('closed', []), [['closed', -60, 0]])
  t.same(stretches('open', [at(10, 'open')]), [
    ['closed', -60, -10],
    ['open', -10, 0]
  ])
  t.same(stretches('closed', [at(90, 'open'), at(20, 'half_open'), at(19, 'closed')]), [
    ['open', -60, -20],
    ['half_open', -20, -19],
    ['closed', -19, 0]
  ])
  t.same(stretches('closed', [at(5, 'kept_closed')]), [['closed', -60, 0]])
})

t.test('numbers read as they are meant', async (t) => {
  t.equal(shareInWords(0, 0), '–')
  t.equal(shareInWords(9_999, 10_000), '99.9 %', 'one lost code is not none')
  t.equal(shareInWords(1, 10_000), '0.1 %')
  t.equal(shareInWords(10_000, 10_000), '100 %')
  t.equal(msInWords(null), '–')
  t.equal(msInWords(899.6), '900 ms')
  t.equal(msInWords(1_240), '1.24 s')
  t.equal(msInWords(2_500), '2.5 s')
  t.equal(lengthInWords(59_000), '59 s')
  t.equal(lengthInWords(3_600_000), '1 h')
  t.equal(lengthInWords(11_400_000), '3 h 10 min')
  t.equal(lengthInWords(187_200_000), '2 d 4 h')
  t.equal(windowInWords(900_000), 'the last 15 minutes')
  t.equal(windowInWords(3_600_000), 'the last hour')
})

t.test('a country is its two letters, and nothing that begins with them', async (t) => {
  t.same(countryOf(' de '), { code: 'DE', name: 'Germany' })
  for (const none of ['', 'China', 'Germany', 'INC-123', 'XQ', 'D', 'd3']) {
    t.equal(countryOf(none), null, none)
  }
})
