import t from 'tap'
import {
  accessibilityFaults,
  goTo,
  logInto,
  NO_BROWSER,
  startBrowser,
  VIEWS,
  visit
} from '../fixtures/browser.ts'
import { startStack } from '../fixtures/stack.ts'

t.test(
  'no view of the console has a serious fault of accessibility, light or dark',
  { skip: NO_BROWSER, timeout: 0 },
  async (t) => {
    const stack = await startStack(t)
    const browser = await startBrowser(t)
    const { page, complaints } = await visit(t, browser, stack.gateway.adminUrl ?? '')
    await page.getByLabel('Admin secret').waitFor()
    t.same(await accessibilityFaults(page), [], 'the log-in page')
    await logInto(page)

    // Something of everything: an outcome of each colour, a drain, a fault, an explanation, a faulty candidate.
    await stack.sandbox.setFault('twilio', { mode: 'status', status: 503 })
    await stack.send({ phoneNumber: '+33612345678' })
    await stack.send({ phoneNumber: '+33891234567' })
    await stack.sandbox.setFault('vonage', { mode: 'status', status: 503 })
    await stack.sandbox.setFault('messagebird', { mode: 'status', status: 503 })
    await stack.send({ phoneNumber: '+4915123456782' })
    await goTo(page, 'Providers')
    await page.getByRole('button', { name: 'Drain Twilio' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Drain Twilio' }).click()
    await dialog.getByRole('alert').getByText('Say why').waitFor()
    t.same(await accessibilityFaults(page), [], 'a dialog')
    await dialog.getByLabel('Why').fill('INC-2214')
    await dialog.getByLabel('By').fill('maria')
    await dialog.getByRole('button', { name: 'Drain Twilio' }).click()
    await dialog.waitFor({ state: 'detached' })
    await goTo(page, 'Rules')
    await page.locator('.explain-form input').fill('+33612345678')
    await page.getByRole('button', { name: 'Explain' }).click()
    await page.locator('.explained').waitFor()
    await page.locator('textarea').fill('version: 2')
    await page.getByRole('button', { name: 'Try it' }).click()
    await page.locator('.found').waitFor()

    for (const theme of ['light', 'dark']) {
      await page.getByLabel('Theme').selectOption(theme)
      for (const view of VIEWS) {
        await goTo(page, view)
        if (view === 'Now') await page.locator('.request-row').first().click()
        if (view === 'Countries') await page.locator('.opens').first().click()
        // What a theme changes is colours.
        t.same(
          await accessibilityFaults(page, theme === 'dark' ? ['color-contrast'] : []),
          [],
          `${view}, ${theme}`
        )
      }
    }
    t.same(complaints(), [])
  }
)
