import { createHash } from 'node:crypto'
import { get, type IncomingMessage } from 'node:http'
import fc from 'fast-check'
import t from 'tap'
import { SANDBOX_ADMIN_SECRET } from '../../src/admin/secret.ts'
import { EVERYWHERE } from '../../src/console/headers.ts'
import { OPEN_DOOR } from '../../src/door/door.ts'
import { readNetworks } from '../../src/door/networks.ts'
import type { ReadSecrets } from '../../src/renewal.ts'
import { readSettings } from '../../src/settings.ts'
import { askConsole, listen, logIn } from '../fixtures/console.ts'
import { callerTerms, LOGIN } from '../fixtures/gateway.ts'
import { ADMIN_SECRET, METRICS_SECRET, startStack, type Stack } from '../fixtures/stack.ts'

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

/** Every route that the admin port has, as the framework prints them. */
function routesOf({ gateway }: Stack): readonly { readonly method: string; readonly path: string }[] {
  const printed = gateway.adminApp?.printRoutes({ commonPrefix: false }) ?? ''
  const parents: string[] = []
  return printed.split('\n').flatMap((line) => {
    const [, indent = '', name = '', methods = ''] = /^([│ ]*)[├└]── (\S*) \(([^)]+)\)$/u.exec(line) ?? []
    if (methods === '') return []
    const depth = indent.length / 4
    parents.splice(depth, parents.length, name)
    const path = parents
      .slice(0, depth + 1)
      .join('')
      .replace(':provider', 'twilio')
      .replace(':name', 'main.ts')
    return methods.split(', ').map((method) => ({ method, path }))
  })
}

t.test('no route is open but the page itself and the log-in, whatever is added', async (t) => {
  const stack = await startStack(t)
  const routes = routesOf(stack)
  t.ok(routes.length > 40, `${routes.length} routes`)
  t.ok(routes.some(({ path }) => path === '/console/api/rules/text'))
  const open: string[] = []
  for (const { method, path } of routes) {
    // No client may send these.
    if (method === 'TRACE') continue
    const hasBody = method === 'POST' || method === 'PUT'
    const body = path === '/console/api/session' ? { secret: 'a guess' } : {}
    const { status, text } = await askConsole(stack, method, path, hasBody ? { body } : {})
    if (status !== 401) open.push(`${status} ${method} ${path}`)
    else t.ok(method === 'HEAD' || JSON.parse(text).error.length > 10, `${method} ${path} says why`)
  }
  t.same(
    open.toSorted((one, other) => one.localeCompare(other)),
    [
      '200 GET /console',
      '200 GET /console/api/session',
      '200 GET /console/page/main.ts',
      '200 HEAD /console',
      '200 HEAD /console/api/session',
      '200 HEAD /console/page/main.ts',
      '303 GET /console/',
      '303 HEAD /console/',
      '400 QUERY /console/*',
      '404 DELETE /console/*',
      '404 GET /console/*',
      '404 GET /console/lib/main.ts',
      '404 HEAD /console/*',
      '404 HEAD /console/lib/main.ts',
      '404 OPTIONS /console/*',
      '404 PATCH /console/*',
      '404 POST /console/*',
      '404 PUT /console/*'
    ]
  )
  for (const path of ['/nothing', '/console2', '/consoleapi/state']) {
    t.equal((await askConsole(stack, 'GET', path)).status, 401, path)
  }
})

t.test("a bearer secret is for commands, and a session is for the console's API", async (t) => {
  const stack = await startStack(t)
  const bearer = { authorization: `Bearer ${ADMIN_SECRET}` }
  t.equal((await askConsole(stack, 'GET', '/console/api/state', { headers: bearer })).status, 401)
  const { cookie } = await logIn(stack)
  t.equal((await askConsole(stack, 'GET', '/status', { headers: { cookie } })).status, 401)
  for (const other of [
    'x',
    `${cookie}x`,
    cookie.toUpperCase(),
    'switchboard_console=',
    `switchboard_console=${ADMIN_SECRET}`
  ]) {
    t.equal(
      (await askConsole(stack, 'GET', '/console/api/state', { headers: { cookie: other } })).status,
      401
    )
  }
})

t.test('another site can change nothing, nor read, with the session of whoever visits it', async (t) => {
  const stack = await startStack(t)
  const { ask } = await logIn(stack)
  const host = new URL(stack.gateway.adminUrl ?? '').host
  const drain = { provider: 'twilio', for: '1h', why: 'x', by: 'y' }
  const refused: readonly Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://${host}0` }
  ]
  for (const headers of refused) {
    const { status, json } = await ask('POST', '/drains', drain, headers)
    t.equal(status, 403, JSON.stringify(headers))
    t.match(json.error, /own page/u)
    const login = await askConsole(stack, 'POST', '/console/api/session', {
      body: { secret: ADMIN_SECRET },
      headers
    })
    t.equal(login.status, 403, 'nor log somebody in')
  }
  t.equal((await ask('GET', '/state', undefined, { 'sec-fetch-site': 'cross-site' })).status, 403)
  t.equal(
    (await ask('GET', '/state', undefined, { 'sec-fetch-site': 'same-site' })).status,
    403,
    'another port'
  )
  t.equal((await ask('GET', '/state', undefined, { 'sec-fetch-site': 'same-origin' })).status, 200)
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
  t.equal(await statusWith(stack, '/console', link), 200, 'a link leads here')
  const { adminUrl } = stack.gateway
  const { cookie } = await logIn(stack)
  const form = await fetch(`${adminUrl}/console/api/drains`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'provider=twilio'
  })
  t.equal(form.status, 403, 'a form has no header of its own')
  t.equal((await ask('POST', '/drains', JSON.stringify(drain), { 'content-type': 'text/plain' })).status, 415)
  t.same((await ask('GET', '/state')).json.overrides, [])
  t.equal(
    (await ask('POST', '/drains', drain, { 'sec-fetch-site': 'same-origin', origin: `http://${host}` }))
      .status,
    201
  )
  t.equal((await ask('POST', '/drains', drain, { origin: `http://${host}` })).status, 201)
  t.ok(stack.events('admin.request.refused').every(({ reason }) => reason === 'other_site'))
})

t.test('who guesses is slowed down, and what was guessed is in no line', async (t) => {
  const stack = await startStack(t)
  const statuses: number[] = []
  for (let i = 0; i < 12; i++) {
    const { status, headers, json } = await askConsole(stack, 'POST', '/console/api/session', {
      body: { secret: `guess-${i}-${ADMIN_SECRET}` }
    })
    statuses.push(status)
    t.equal(headers.getSetCookie().length, 0)
    if (status === 429) {
      t.match(headers.get('retry-after'), /^\d+$/u)
      t.match(json.error, /Try again in \d+ s/u)
    }
  }
  t.same([statuses[0], statuses.at(-1)], [401, 429])
  const right = await askConsole(stack, 'POST', '/console/api/session', { body: { secret: ADMIN_SECRET } })
  t.equal(right.status, 429, 'who is slowed down is not told whether it was right')
  const reasons = new Set(stack.events('admin.request.refused').map(({ reason }) => reason))
  t.same(reasons, new Set(['wrong_secret', 'too_many_log_ins']))
  t.notMatch(JSON.stringify(stack.lines()), /guess-|the-admin-secret/u)
})

t.test(
  'behind a proxy that is trusted each address is counted by itself, by its network and not its port',
  async (t) => {
    const trusted = readNetworks('127.0.0.1', { everybody: false })
    if (trusted.kind === 'fault') throw new Error(trusted.message)
    const behind = await startStack(t, { door: { ...OPEN_DOOR, trustedProxies: trusted.networks } })
    const guess = async (stack: Stack, from: string, secret = 'a guess') =>
      await askConsole(stack, 'POST', '/console/api/session', {
        body: { secret },
        headers: { 'x-forwarded-for': from, 'x-forwarded-proto': 'https' }
      })
    for (let i = 0; i < 10; i++) {
      t.equal((await guess(behind, `203.0.113.7:${50_000 + i}`)).status, 401)
      t.equal((await guess(behind, `2001:db8:0:1::${i + 1}`)).status, 401)
    }
    t.equal((await guess(behind, '203.0.113.7:51234')).status, 429, 'another port')
    t.equal((await guess(behind, '198.51.100.9, 203.0.113.7')).status, 429, 'whatever it writes in front')
    t.equal((await guess(behind, '2001:db8:0:1::ffff')).status, 429, 'another address of its network')
    const other = await guess(behind, '203.0.113.8', ADMIN_SECRET)
    t.equal(other.status, 204, 'a neighbour is heard')
    t.match(other.headers.getSetCookie()[0], /; Secure/u)

    const alone = await startStack(t)
    for (let i = 0; i < 10; i++) await guess(alone, `203.0.113.${i}`)
    t.equal((await guess(alone, '203.0.113.99')).status, 429, 'nobody is believed where no proxy is')
  }
)

t.test('a session ends with the secret that opened it, and with no other', async (t) => {
  let read: ReadSecrets = { kind: 'faulty', faults: [] }
  const stack = await startStack(t, { secrets: { digests: new Map(), reread: () => read } })
  const renewTo = async (adminSecret: string): Promise<void> => {
    const settings = readSettings({ SANDBOX: 'on', ADMIN_SECRET: adminSecret }, () => null)
    read = settings.kind === 'ok' ? { ...settings, callers: [callerTerms({ basic: [LOGIN] })] } : settings
    await stack.gateway.renewSecrets()
    t.equal(stack.events('secrets.reloaded').length > 0, true)
  }
  const old = await logIn(stack)
  await renewTo(`${ADMIN_SECRET} the-next-admin-secret`)
  t.equal((await old.ask('GET', '/state')).status, 200, 'both are in force')
  const next = await logIn(stack, 'the-next-admin-secret')
  const listening = await listen(stack, old.cookie)
  await renewTo('the-next-admin-secret')
  t.equal((await old.ask('GET', '/state')).status, 401)
  await listening.ended
  t.equal((await next.ask('GET', '/state')).status, 200)
  t.equal(
    (await askConsole(stack, 'POST', '/console/api/session', { body: { secret: ADMIN_SECRET } })).status,
    401
  )
  await renewTo(`${ADMIN_SECRET} the-next-admin-secret`)
  t.equal((await old.ask('GET', '/state')).status, 401, 'what has ended does not come back')
})

t.test('the secret of metrics opens no session', async (t) => {
  const stack = await startStack(t)
  const { status } = await askConsole(stack, 'POST', '/console/api/session', {
    body: { secret: METRICS_SECRET }
  })
  t.equal(status, 401)
})

t.test('who logs in with success is not counted', async (t) => {
  const stack = await startStack(t)
  for (let i = 0; i < 15; i++) await logIn(stack)
  t.same(stack.events('admin.request.refused'), [])
})

t.test(
  'with the secret that everybody knows the console answers to names of this machine only',
  async (t) => {
    const sandbox = await startStack(t, { adminSecrets: [SANDBOX_ADMIN_SECRET] })
    const live = await startStack(t)
    const { port } = new URL(sandbox.gateway.adminUrl ?? '')
    for (const [host, status] of [
      [`127.0.0.1:${port}`, 200],
      ['localhost', 200],
      ['[::1]:3002', 200],
      ['switchboard:3002', 200],
      ['evil.example', 421],
      ['127.0.0.1.evil.example:3002', 421],
      ['localhost.evil.example', 421]
    ] as const) {
      t.equal(await statusWith(sandbox, '/console/api/session', { host }), status, host)
      t.equal(await statusWith(live, '/console/api/session', { host }), 200, 'a secret of its own is enough')
    }
    t.match((await askConsole(sandbox, 'GET', '/console/api/session')).json, {
      knownSecret: SANDBOX_ADMIN_SECRET
    })
    t.match((await askConsole(live, 'GET', '/console/api/session')).json, { open: false, knownSecret: null })
  }
)

/** With headers that `fetch` lets nobody say. */
async function statusWith(
  { gateway }: Stack,
  path: string,
  headers: Readonly<Record<string, string>>
): Promise<number | undefined> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${gateway.adminUrl}${path}`, { headers }, resolve).on('error', reject)
  })
  response.resume()
  return response.statusCode
}

t.test('every answer says what a browser may do with it', async (t) => {
  const stack = await startStack(t)
  const { ask } = await logIn(stack)
  const answers = [
    await askConsole(stack, 'GET', '/console'),
    await askConsole(stack, 'GET', '/console/page/main.ts'),
    await askConsole(stack, 'GET', '/console/nothing'),
    await askConsole(stack, 'GET', '/console/api/state'),
    await ask('GET', '/state'),
    await ask('POST', '/drains', '{'),
    await ask('POST', '/explain', {})
  ]
  for (const { headers, status } of answers) {
    for (const [name, value] of Object.entries(EVERYWHERE)) {
      if (name !== 'content-security-policy') t.equal(headers.get(name), value, `${status} ${name}`)
    }
    const policy = headers.get('content-security-policy') ?? ''
    t.match(policy, /^default-src 'none'; .*frame-ancestors 'none'/u)
    t.notMatch(policy, /unsafe|\*|https?:/u)
    t.equal(headers.get('access-control-allow-origin'), null)
  }
  t.same(
    answers.map(({ headers }) => headers.get('cache-control')),
    ['no-cache', 'no-cache', ...Array.from({ length: 5 }, () => 'no-store')]
  )
})

t.test('what the page imports is there, and it names no other host', async (t) => {
  const stack = await startStack(t)
  const index = (await askConsole(stack, 'GET', '/console')).text
  const [, map = '{}'] = /<script type="importmap">([^]*?)<\/script>/u.exec(index) ?? []
  const imports: Record<string, string> = JSON.parse(map).imports
  const hash = createHash('sha256').update(map).digest('base64')
  t.match(
    (await askConsole(stack, 'GET', '/console')).headers.get('content-security-policy'),
    `'sha256-${hash}'`
  )
  t.notMatch(index, /\son\w+=|style=|<style|javascript:/u, 'nothing inline')

  const asked = new Set<string>()
  const waiting = [
    ...Array.from(index.matchAll(/(?:src|href)="([^"]+)"/gu), ([, path = '']) => path),
    ...Object.values(imports)
  ]
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (asked.has(path)) continue
    asked.add(path)
    t.match(path, /^\/console\//u, 'it is ours')
    const { status, text, headers } = await askConsole(stack, 'GET', path)
    t.equal(status, 200, path)
    if (path.startsWith('/console/lib/')) continue
    const said = text.replaceAll(/\/\*[^]*?\*\/|\/\/ .*$/gmu, '').replaceAll('http://www.w3.org/', '')
    t.notMatch(said, /https?:\/\/|\bimport\(|["']\/\/\w/u, path)
    if (headers.get('content-type')?.startsWith('text/javascript') !== true) continue
    t.notMatch(text, /^import type /mu, 'types are gone')
    for (const [, specifier = ''] of text.matchAll(/^(?:import|export)\b[^'"]*from\s*['"]([^'"]+)['"]/gmu)) {
      const target = specifier.startsWith('.')
        ? new URL(specifier, `http://host${path}`).pathname
        : (imports[specifier] ?? `nobody says where ${specifier} is`)
      waiting.push(target)
    }
  }
  t.ok(asked.size > 10, `${asked.size} files`)
})

t.test('whatever is sent, nothing is a bug', async (t) => {
  const stack = await startStack(t)
  const { ask } = await logIn(stack)
  const paths = [
    '/session',
    '/drains',
    '/explain',
    '/candidate',
    '/sandbox/send',
    '/sandbox/faults/twilio',
    '/events',
    '/state'
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('POST', 'PUT', 'DELETE', 'PATCH'),
      fc.constantFrom(...paths),
      fc.oneof(
        fc.json(),
        fc.string(),
        fc
          .record(
            {
              provider: fc.anything(),
              number: fc.anything(),
              channel: fc.constantFrom('sms', 'voice', 'x', null),
              text: fc.anything(),
              for: fc.anything(),
              mode: fc.anything(),
              secret: fc.anything()
            },
            { requiredKeys: [] }
          )
          .map((value) => JSON.stringify(value))
      ),
      async (method, path, body) => {
        // No log-in here: the tries of others are counted.
        if (method === 'POST' && path === '/session') return
        if (method === 'DELETE' && path === '/session') return
        const { status, json } = await ask(method, path, body)
        if (status >= 400) {
          t.ok(
            status < 500 && json.error.length > 5 && Array.isArray(json.mistakes),
            `${status} ${method} ${path}`
          )
        }
      }
    ),
    { numRuns: 60 }
  )
  t.same(stack.events('gateway.fault'), [])
})
