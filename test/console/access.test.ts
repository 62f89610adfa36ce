import t from 'tap'
import { askConsole, logIn } from '../fixtures/console.ts'
import { ADMIN_SECRET, startStack } from '../fixtures/stack.ts'

t.test('who has the secret gets a session, and who ends it is out', async (t) => {
  const stack = await startStack(t)
  const { headers, status, text } = await askConsole(stack, 'POST', '/console/api/session', {
    body: { secret: ADMIN_SECRET }
  })
  t.same([status, text], [204, ''])
  t.match(
    headers.getSetCookie()[0],
    /^switchboard_console=[\w-]{43}; Max-Age=43200; Path=\/console; HttpOnly; SameSite=Strict$/u
  )
  const caller = await logIn(stack)
  t.equal((await caller.ask('DELETE', '/session')).status, 204)
  t.equal((await caller.ask('DELETE', '/session')).status, 401)
  t.same(stack.events('admin.request.refused'), [])
})

t.test('the cookie is for safe connections only where the connection is one', async (t) => {
  const stack = await startStack(t)
  for (const headers of [{ 'x-forwarded-proto': 'https' }, { forwarded: 'for=192.0.2.60;proto=https' }]) {
    const answer = await askConsole(stack, 'POST', '/console/api/session', {
      body: { secret: ADMIN_SECRET },
      headers
    })
    t.match(answer.headers.getSetCookie()[0], /; Secure/u)
  }
})

t.test('the page and its parts are served to everybody, and are asked for anew each time', async (t) => {
  const stack = await startStack(t)
  const page = await askConsole(stack, 'GET', '/console')
  t.equal(page.status, 200)
  t.match(page.headers.get('content-security-policy'), /^default-src 'none'; script-src 'self' 'sha256-/u)
  t.match((await askConsole(stack, 'GET', '/console/')).headers.get('location'), '/console')
  const lib = await askConsole(stack, 'GET', '/console/lib/preact.js')
  t.match(lib.headers.get('content-type'), 'text/javascript')
  const etag = lib.headers.get('etag') ?? ''
  const again = await askConsole(stack, 'GET', '/console/lib/preact.js', {
    headers: { 'if-none-match': etag }
  })
  t.same([again.status, again.text], [304, ''])
  for (const path of [
    '/console/lib/nothing.js',
    '/console/page/%2e%2e%2fshown.ts',
    '/console/page/tsconfig.json',
    '/console/x'
  ]) {
    t.equal((await askConsole(stack, 'GET', path)).status, 404, path)
  }
})
