import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  accessibilityFaults,
  ARE_IMAGES_WANTED,
  goTo,
  logInto,
  NO_BROWSER,
  picture,
  startBrowser,
  visit
} from '../fixtures/browser.ts'
import { ROOT } from '../fixtures/process.ts'
import { startStack, type Stack } from '../fixtures/stack.ts'

/** The rules that ship; a breaker that opens stays open for the test. */
const RULES = readFileSync(`${ROOT}config/routing.yaml`, 'utf8').replace(
  'open_for: 2s, open_at_most: 4s',
  'open_for: 120s, open_at_most: 120s'
)

/** In the small hours of a day of the pictures. */
const NIGHT_MS = Date.parse('2026-11-25T02:41:00Z')

let wokenAtMs = performance.now()
let offsetMs = 0
const epoch = (): number => NIGHT_MS + offsetMs + performance.now() - wokenAtMs

/** An hour of codes of several countries, so that there is something to see. */
async function liveAnHour({ send }: Stack): Promise<void> {
  const NUMBERS = [
    '+12125550111',
    '+12125550112',
    '+12125550113',
    '+46701740611',
    '+4915123456781',
    '+33612345678',
    '+442079460124',
    '+5511961234567',
    '+819012345678',
    '+46701740612',
    '+919812345678',
    '+12125550114'
  ]
  for (let minute = 54; minute > 0; minute -= 4) {
    offsetMs = -minute * 60_000
    const count = 1 + ((minute * 7) % 5)
    for (let index = 0; index < count; index++) {
      await send({ phoneNumber: NUMBERS[(minute + index * 5) % NUMBERS.length] })
    }
  }
  offsetMs = 0
}

t.test('the console in a real browser', { skip: NO_BROWSER, timeout: 0 }, async (t) => {
  wokenAtMs = performance.now()
  const stack = await startStack(t, { rules: RULES, epoch })
  const url = stack.gateway.adminUrl ?? ''
  const browser = await startBrowser(t)
  await liveAnHour(stack)
  const { page, complaints, forget } = await visit(t, browser, url)

  await t.test('who does not know the secret is told so, and who knows it is let in', async (t) => {
    await page.getByLabel('Admin secret').waitFor()
    t.same(complaints(), [], 'the first visit is no error')
    t.same(await accessibilityFaults(page), [])
    await logInto(page, 'guessed')
    t.match(await page.getByRole('alert').textContent(), /not the value of ADMIN_SECRET/u)
    t.ok(complaints().every((text) => text.includes('401')))
    forget()
    await logInto(page)
    await page
      .getByRole('heading', { level: 1, name: /^All is well: 100 % of \d+ codes accepted/u })
      .waitFor()
    t.equal(await page.title(), 'Now - Switchboard')
  })

  await t.test(
    'the tour: a sample that is sent arrives on a phone and in the list, and has a story',
    async (t) => {
      await goTo(page, 'Sandbox')
      const step = page.locator('.steps li')
      await step.nth(0).getByRole('button').click()
      const phone = page.getByRole('article', { name: 'Phone +12125550100' })
      await phone.waitFor()
      t.match(await phone.textContent(), /Your code is \d+.*by Twilio/u)
      t.match(await page.locator('.okta-answer').textContent(), /SUCCESSFUL by TWILIO, HTTP 200/u)
      await page.getByRole('link', { name: 'What happened?' }).click()
      const story = page.locator('.story')
      await story.waitFor()
      t.match(
        await story.textContent(),
        /A preview of Okta’s admin console: a code by SMS for US…00 \(United States\).*Rule north-america-sms chose Twilio, then Vonage\. Twilio was asked and took it after/u
      )
      t.equal(await story.locator('.axis tbody tr').count(), 1)
      t.ok((await story.getByRole('button', { name: /^Copy the/u }).count()) >= 3, 'ids to look further')
    }
  )

  await t.test(
    'the tour: a provider that fails is seen to be carried by the next, and then left alone',
    async (t) => {
      await goTo(page, 'Sandbox')
      const step = page.locator('.steps li')
      await step.nth(1).getByRole('button', { name: 'Break it' }).click()
      await page.getByRole('switch', { name: 'Twilio fails', checked: true }).waitFor()
      await step.nth(2).getByRole('button', { name: 'Send' }).click()
      await step.nth(2).getByRole('link', { name: 'Its story' }).click()
      const story = page.locator('.story')
      await story.waitFor()
      t.match(
        await story.textContent(),
        /Twilio was asked and is in trouble itself .*Vonage was asked next and took it.*Okta was told SUCCESSFUL/u
      )
      t.same(await story.locator('.axis tbody th b').allTextContents(), ['Twilio', 'Vonage'])

      await goTo(page, 'Sandbox')
      await step.nth(3).getByRole('button', { name: 'Send six' }).click()
      await page.locator('.steps li.done', { hasText: 'Open a breaker' }).waitFor()
      await picture(page, 'console-sandbox')
      await goTo(page, 'Now')
      await page.getByRole('heading', { level: 1, name: /Twilio SMS is out since 02:4/u }).waitFor()
      await page.getByLabel('Outcome').selectOption('failover')
      t.ok((await page.locator('.request').count()) >= 1)
      for (const row of await page.locator('.request .path').allTextContents()) {
        t.match(row, /Twilio.*Vonage/u)
      }
      await page.getByLabel('Outcome').selectOption('')
      await goTo(page, 'Providers')
      await page.getByRole('region', { name: 'Twilio SMS' }).getByText('out', { exact: true }).waitFor()
    }
  )

  await t.test('an answer that comes too late is seen on the time axis, and said', async (t) => {
    await stack.sandbox.setFault('vonage', { mode: 'slow', delay_ms: 1_600 })
    await goTo(page, 'Now')
    await stack.send({ phoneNumber: '+4915123456789' })
    await stack.sandbox.setFault('vonage', null)
    await page.locator('.request-row', { hasText: 'Germany' }).first().click()
    const story = page.locator('.story')
    await story.getByText('the phone most likely got it twice').waitFor()
    t.match(
      await story.textContent(),
      /Vonage was still silent after .*, so MessageBird was asked as well and took it.*accepted late.*won/su
    )
    t.ok((await story.locator('.lane.late').count()) >= 1)
    await picture(page, 'console-now')
    await page.locator('.request-row[aria-expanded="true"]').click()
  })

  await t.test('a list that stands still says what it missed', async (t) => {
    await goTo(page, 'Now')
    await page.getByRole('button', { name: 'Pause' }).click()
    const before = await page.locator('.request').count()
    await stack.send({ phoneNumber: '+4915123456782' })
    await page.getByRole('button', { name: 'Go on, 1 new' }).click()
    t.equal(await page.locator('.request').count(), before + 1)
    await page.getByLabel('Country').selectOption('DE')
    t.ok((await page.locator('.request').count()) < before)
    for (const row of await page.locator('.request-to').allTextContents()) t.match(row, 'Germany')
    await page.getByRole('button', { name: 'Show all' }).click()
  })

  await t.test('a drain asks for a reason, takes effect, warns, and is taken back', async (t) => {
    await goTo(page, 'Providers')
    await page.getByRole('button', { name: 'Drain Vonage' }).click()
    const dialog = page.getByRole('dialog')
    t.same(await accessibilityFaults(page), [])
    await dialog.getByRole('button', { name: 'Drain Vonage' }).click()
    t.match(await dialog.getByRole('alert').textContent(), /Say why.*Say who you are/u)
    await dialog.getByLabel('Channel').selectOption('sms')
    // Its first two letters are Switzerland.
    await dialog.getByLabel('Country').fill('China')
    await dialog.getByRole('button', { name: 'Drain Vonage' }).click()
    t.match(await dialog.getByRole('alert').textContent(), /Say the country by its two letters/u)
    await dialog.getByLabel('Country').fill('de')
    await dialog.getByText('Germany', { exact: true }).waitFor()
    await dialog.getByLabel('Why').fill('INC-2214: receipts say undelivered')
    await dialog.getByLabel('By').fill('maria')
    await dialog.getByRole('button', { name: 'Drain Vonage' }).click()
    await page.getByRole('status').getByText('Drained: Vonage, SMS, to Germany').waitFor()
    t.equal(await dialog.count(), 0)
    const drains = page.getByRole('region', { name: 'Drained by people' })
    t.match(await drains.textContent(), /INC-2214: receipts say undelivered.*by maria/u)
    await picture(page, 'console-providers')

    const { json } = await stack.send({ phoneNumber: '+4915123456783' })
    t.notMatch(JSON.stringify(json), /VONAGE/u, 'it is not asked any more')

    await drains.getByRole('button', { name: /^Undrain/u }).click()
    t.equal(await dialog.getByLabel('By').inputValue(), 'maria', 'it remembers who')
    await dialog.getByRole('button', { name: 'Undrain' }).click()
    await page.getByText('Back in service: Vonage, SMS, to Germany.').waitFor()
    await drains.waitFor({ state: 'detached' })
  })

  await t.test('who drains everybody is warned', async () => {
    await goTo(page, 'Providers')
    for (const name of ['Twilio', 'Vonage', 'MessageBird']) {
      await page.getByRole('button', { name: `Drain ${name}` }).click()
      await page.getByRole('dialog').getByLabel('Country').fill('NZ')
      await page.getByRole('dialog').getByLabel('Why').fill('INC-2215')
      await page
        .getByRole('dialog')
        .getByRole('button', { name: `Drain ${name}` })
        .click()
      await page.getByText(`Drained: ${name}, SMS and voice, to New Zealand`).first().waitFor()
    }
    await page.getByText('nobody is left for sms to NZ').waitFor()
  })

  await t.test(
    'a number is explained: who in which order, who is skipped, and why no other rule',
    async (t) => {
      await goTo(page, 'Rules')
      const explain = page.getByRole('region', { name: 'What would a number get?' })
      await explain.getByRole('button', { name: 'Explain' }).click()
      t.match(await explain.getByRole('alert').textContent(), 'Type a number')
      await explain.getByLabel('Number').fill('+46 70 174 06 05')
      await explain.getByRole('button', { name: 'Explain' }).click()
      await explain.getByText('rule nordics-sms').waitFor()
      t.match(
        await explain.textContent(),
        /SE…05.*MessageBird.*Vonage.*Twilio.*as the last resort.*Twilio is left out by its breaker.*country SE is not in us_and_canada/su
      )
      t.notMatch(
        await explain.locator('.explained').textContent(),
        '174060',
        'nothing but the mask comes back'
      )
    }
  )

  await t.test('a faulty file is refused with its place, a good one compared and tried', async (t) => {
    await goTo(page, 'Rules')
    const tool = page.getByRole('region', { name: 'What would another file change?' })
    await tool.getByRole('button', { name: 'Take the live file' }).click()
    const text = tool.getByLabel('Rules, as YAML')
    await page.waitForFunction(() => (globalThis as any).document.querySelector('textarea').value !== '')
    const live = await text.inputValue()
    t.equal(live, RULES)
    const faulty = live.replace('- { provider: vonage }', '- { provider: vonnage }')
    await text.fill(faulty)
    await tool.getByRole('button', { name: 'Try it' }).click()
    await tool.getByText('1 error', { exact: true }).waitFor()
    t.match(await tool.textContent(), /E110.*vonnage.*did you mean "vonage"/su)
    t.equal(await tool.getByText('Difference').count(), 0)

    // As a file this time.
    await tool.getByLabel('Choose a file').setInputFiles({
      name: 'candidate.yaml',
      mimeType: 'application/yaml',
      buffer: Buffer.from(live.replace('messagebird: 80, twilio: 20', 'messagebird: 0, twilio: 100'))
    })
    await tool.getByText('no faults').waitFor()
    t.match(await tool.textContent(), /1 change.*DK, FI, IS, NO, SE/su)
    t.match(await tool.textContent(), /[1-9]\d* of \d+ requests would go another way/u)
    await picture(page, 'console-rules', { whole: true })

    // And dropped, the faulty one.
    const dropped = await page.evaluateHandle((content) => {
      const { DataTransfer: Transfer, File: Dropped } = globalThis as any
      const transfer = new Transfer()
      transfer.items.add(new Dropped([content], 'dropped.yaml'))
      return transfer
    }, faulty)
    await tool.locator('form').dispatchEvent('drop', { dataTransfer: dropped })
    await tool.getByText('1 error', { exact: true }).waitFor()
    t.equal(await text.inputValue(), faulty)
  })

  await t.test('countries stand with the worst first, and open to their providers', async (t) => {
    await goTo(page, 'Countries')
    const names = page.locator('.grid > tbody > tr:first-child .opens > span')
    const worst = await names.allTextContents()
    t.ok(worst.length >= 5)
    await page.getByRole('columnheader', { name: 'Codes' }).getByRole('button').click()
    const counts = await page.locator('.grid td[data-name="Codes"]').allTextContents()
    t.same(
      counts.map(Number),
      counts.map(Number).toSorted((a, b) => b - a)
    )
    await page.getByRole('button', { name: /United States/u }).click()
    t.match(await page.locator('.by-provider').textContent(), /Twilio.*Vonage/su)
    t.match(page.url(), /#countries\/US$/u)
    await picture(page, 'console-countries')
    await page.getByLabel('With at least').selectOption('100')
    await page.getByText('No country has that many codes yet.').waitFor()
    await page.getByLabel('With at least').selectOption('1')
  })

  await t.test('a theme that was chosen is remembered, and there before anything is drawn', async (t) => {
    const background = () =>
      page.evaluate(() => {
        const { document, getComputedStyle } = globalThis as any
        return getComputedStyle(document.body).backgroundColor as string
      })
    const light = await background()
    await page.getByLabel('Theme').selectOption('dark')
    const dark = await background()
    t.not(dark, light)
    await page.reload({ waitUntil: 'commit' })
    await page.waitForFunction(() => (globalThis as any).document.body !== null)
    t.equal(await background(), dark)
    await page.getByRole('navigation').waitFor()
    await goTo(page, 'Now')
    await page.locator('.request-row').nth(3).click()
    await picture(page, 'console-now-dark')
    await page.locator('.request-row').nth(3).click()
  })

  if (ARE_IMAGES_WANTED) {
    const phone = await visit(t, browser, url, {
      viewport: { width: 390, height: 844 },
      isMobile: true,
      hasTouch: true,
      colorScheme: 'dark'
    })
    await logInto(phone.page)
    await phone.page.locator('.request-row').first().waitFor()
    await picture(phone.page, 'console-phone')
    const late = phone.page.locator('.request-row', { hasText: /Vonage.*MessageBird/u }).first()
    await late.click()
    await late.evaluate((row: any) => row.scrollIntoView())
    // Below the bar at the top. A wheel would still be turning in the picture.
    await phone.page.evaluate('scrollBy(0, -60)')
    await picture(phone.page, 'console-phone-story')
  }

  t.same(complaints(), [], 'no error, no warning, no foreign host, nothing against the policy')
})
