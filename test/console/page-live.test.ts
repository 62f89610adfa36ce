import t from 'tap'
import { logInto, NO_BROWSER, startBrowser, VIEWS, visit } from '../fixtures/browser.ts'
import { startStack, until } from '../fixtures/stack.ts'

t.test('the console of a live gateway', { skip: NO_BROWSER, timeout: 0 }, async (t) => {
  const stack = await startStack(t, { mode: 'live' })
  const browser = await startBrowser(t)
  const { page, complaints } = await visit(t, browser, stack.gateway.adminUrl ?? '')

  await t.test('has no sandbox, no code and no number, and nothing says its secret', async (t) => {
    t.match(await page.locator('.field-hint').textContent(), 'The value of ADMIN_SECRET')
    await logInto(page)
    await page.getByText('The first code that Okta asks for appears here').waitFor()
    t.same(await page.locator('nav a').allTextContents(), VIEWS.slice(0, 4))
    await stack.send({ phoneNumber: '+46701740605', otpCode: '918273', msgTemplate: 'Your code is 918273' })
    await page.locator('.request-row').click()
    await page.locator('.story').waitFor()
    await until(() => stack.events('otp.request.completed').length === 1)
    const content = await page.content()
    t.notMatch(content, '918273', 'no code')
    t.notMatch(content, '701740605', 'no number')
    await page.locator('.request-row').click()
  })

  await t.test('keeps a list of 200 while hundreds come, and answers', async (t) => {
    for (let sent = 0; sent < 240; sent += 40) {
      await Promise.all(
        Array.from({ length: 40 }, (_, index) => stack.send({ phoneNumber: `+46701740${600 + index}` }))
      )
    }
    await page.getByText('200 requests shown').waitFor()
    t.equal(await page.locator('.request').count(), 200)
    await page.getByLabel('Outcome').selectOption('blocked')
    await page.getByText('Nothing like that.').waitFor()
    await page.getByLabel('Outcome').selectOption('')
    await page.locator('.request-row').last().click()
    await page.locator('.story').waitFor()
  })

  t.same(complaints(), [], 'no error, no warning, no foreign host, nothing against the policy')
})
