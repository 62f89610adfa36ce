import t from 'tap'
import {
  accessibilityFaults,
  goTo,
  logInto,
  NO_BROWSER,
  startBrowser,
  startWire,
  VIEWS,
  visit
} from '../fixtures/browser.ts'
import { askConsole } from '../fixtures/console.ts'
import { ADMIN_SECRET, startStack } from '../fixtures/stack.ts'

t.test('whoever comes to the console, and however', { skip: NO_BROWSER, timeout: 0 }, async (t) => {
  const stack = await startStack(t)
  const wire = await startWire(t, stack.gateway.adminUrl ?? '')
  const browser = await startBrowser(t)
  const { page, complaints, forget } = await visit(t, browser, wire.url)
  await logInto(page)
  await stack.send({ phoneNumber: '+33612345678' })
  await page.locator('.request-row').first().waitFor()

  await t.test('all of it is reached by the keyboard', async (t) => {
    const visitor = await visit(t, browser, wire.url)
    const { keyboard } = visitor.page
    const focused = () =>
      visitor.page.evaluate(() => (globalThis as any).document.activeElement?.textContent as string)
    await visitor.page.getByLabel('Admin secret').waitFor()
    // The field has the focus already.
    await keyboard.type(ADMIN_SECRET)
    await keyboard.press('Enter')
    await visitor.page.getByRole('navigation').waitFor()
    await keyboard.press('Tab')
    t.equal(await focused(), 'Skip to the content')
    for (let tabs = 0; (await focused()) !== 'Providers'; tabs++) {
      if (tabs === 10) throw new Error('The views are not reached.')
      await keyboard.press('Tab')
    }
    await keyboard.press('Enter')
    await visitor.page.getByRole('heading', { level: 1, name: 'Providers' }).waitFor()
    t.equal(await focused(), 'Providers', 'what is read next is the new view')
    for (let tabs = 0; (await focused()) !== 'Drain …'; tabs++) {
      if (tabs === 12) throw new Error('The lever is not reached.')
      await keyboard.press('Tab')
    }
    await keyboard.press('Enter')
    const dialog = visitor.page.getByRole('dialog')
    await dialog.waitFor()
    t.equal(await dialog.locator(':focus').count(), 1, 'the dialog has the focus')
    await keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    t.equal(await focused(), 'Drain …', 'and gives it back')
    await visitor.page.goto(`${wire.url}/console#now`)
    await visitor.page.getByRole('heading', { level: 2, name: 'Last requests' }).waitFor()
    await visitor.page.locator('.request-row').first().focus()
    await keyboard.press('Enter')
    t.equal(await visitor.page.locator('.request-row').first().getAttribute('aria-expanded'), 'true')
    t.same(visitor.complaints(), [])
  })

  await t.test('on a phone every view fits, and what is pressed is large enough', async (t) => {
    const visitor = await visit(t, browser, wire.url, {
      viewport: { width: 390, height: 844 },
      deviceScaleFactor: 2,
      isMobile: true,
      hasTouch: true,
      colorScheme: 'dark'
    })
    await logInto(visitor.page)
    await visitor.page.getByRole('navigation').waitFor()
    for (const view of VIEWS) {
      await goTo(visitor.page, view)
      const [width, small] = await visitor.page.evaluate(() => {
        const { document } = globalThis as any
        const pressed = [...document.querySelectorAll('main button, main select, nav a')]
        return [
          document.documentElement.scrollWidth,
          pressed
            .filter((one: any) => one.offsetParent !== null && one.getBoundingClientRect().height < 34)
            .map((one: any) => one.outerHTML)
        ] as const
      })
      t.ok(width <= 390, `${view} is ${width} wide`)
      t.same(small, [], view)
    }
    await goTo(visitor.page, 'Now')
    await visitor.page.locator('.request-row').first().click()
    t.same(await accessibilityFaults(visitor.page), [])
    t.same(visitor.complaints(), [])
  })

  t.same(complaints(), [], 'no error, no warning, no foreign host, nothing against the policy')

  await t.test(
    'a lost line is said, what is seen is marked as old, and it comes back by itself',
    async (t) => {
      await goTo(page, 'Now')
      wire.cut()
      await page.getByRole('status').getByText('The connection is lost').waitFor()
      t.equal(await page.locator('.is-old').count(), 1)
      t.match(await page.locator('.liveness').textContent(), 'Lost')
      t.same(await accessibilityFaults(page), [])
      const { json } = await stack.send({ phoneNumber: '+5511961234568' })
      wire.mend()
      await page.locator('.liveness.live').waitFor()
      t.equal(await page.locator('.is-old').count(), 0)
      t.match(JSON.stringify(json), 'SUCCESSFUL')
      await page.locator('.request').filter({ hasText: 'Brazil' }).first().waitFor()
      forget()
    }
  )

  await t.test('a session that ends says so, and leads back to where one was', async (t) => {
    await goTo(page, 'Countries')
    const cookies = await page.context().cookies(`${wire.url}/console`)
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    t.ok(cookies.every(({ httpOnly, sameSite }) => httpOnly && sameSite === 'Strict'))
    t.equal((await askConsole(stack, 'DELETE', '/console/api/session', { headers: { cookie } })).status, 204)
    await page.getByText('Your session has ended.').waitFor()
    t.equal(await page.locator('.request, .grid').count(), 0, 'nothing of it is left')
    await logInto(page)
    await page.getByRole('heading', { level: 1, name: 'Countries' }).waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Admin secret').waitFor()
    t.equal(await page.getByText('Your session has ended.').count(), 0)
    await page.reload()
    await page.getByLabel('Admin secret').waitFor()
  })
})
