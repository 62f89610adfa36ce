import t from 'tap'
import { linesOf, run, runGateway, urlOf } from '../fixtures/process.ts'
import { secretFiles } from '../fixtures/secret-files.ts'
import { until } from '../fixtures/stack.ts'

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`

t.test('the file of orgs is read again by SIGHUP, and what it names is out of the environment', async (t) => {
  const files = secretFiles(t)
  const orgs = (header: string): string => `version: 1
orgs:
  acme:
    domains: [acme.okta.com]
    basic_file: ${files.write('acme', 'okta:acme-password-1')}
  bolt:
    domains: [bolt.okta.com]
    header_name: x-bolt
    ${header}
`
  const secrets = { BOLT_SECRET: 'bolt-secret-of-the-test', NEXT_SECRET: 'next-secret-of-the-test' }
  const inside = `data:text/javascript,${encodeURIComponent(
    `process.on('SIGUSR2', () => process.stderr.write('NAMES ' + Object.keys(process.env).join(' ') + ' END\\n'))`
  )}`
  const gateway = run(t, process.execPath, ['--import', inside, 'bin/switchboard.js'], {
    env: {
      ...secrets,
      OKTA_BASIC_AUTH: '',
      ORGS_FILE: files.write('orgs.yaml', orgs('header_env: BOLT_SECRET'))
    }
  })
  const url = await urlOf(gateway)
  const status = async (headers: Record<string, string>): Promise<number> => {
    const answer = await fetch(`${url}/telephonyHook`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{}'
    })
    return answer.status
  }
  const acme = (password: string) => status({ authorization: basic(`okta:${password}`) })
  const bolt = (secret: string) => status({ 'x-bolt': secret })
  const namesInside = async (): Promise<string> => {
    const before = gateway.stderr().length
    gateway.child.kill('SIGUSR2')
    await until(() => gateway.stderr().slice(before).includes(' END'))
    return gateway.stderr().slice(before)
  }
  const said = () => linesOf(gateway).filter(({ event }) => event.startsWith('secrets.'))
  const hangUp = async (): Promise<any> => {
    const before = said().length
    gateway.child.kill('SIGHUP')
    await until(() => said().length > before)
    return said().at(-1)
  }
  t.match(
    linesOf(gateway).find(({ event }) => event === 'gateway.started'),
    { auth: ['basic', 'header'] }
  )
  t.same([await acme('acme-password-1'), await bolt(secrets.BOLT_SECRET)], [200, 200])
  const names = await namesInside()
  t.match(names, /ORGS_FILE.*NEXT_SECRET|NEXT_SECRET.*ORGS_FILE/u, 'nobody knew that it is one')
  t.notMatch(names, /BOLT_SECRET/u)

  files.write('acme', 'okta:acme-password-1 okta:acme-password-2')
  t.match(await hangUp(), { event: 'secrets.reloaded', changed: ['ORGS_FILE'] })
  t.same([await acme('acme-password-1'), await acme('acme-password-2')], [200, 200])

  files.write('orgs.yaml', orgs('header_env: okta:a-secret-in-the-wrong-place'))
  t.match(await hangUp(), {
    event: 'secrets.rejected',
    settings: [{ setting: 'ORGS_FILE', problem: /line 9 \(E100\)/u }]
  })
  t.equal(await bolt(secrets.BOLT_SECRET), 200, 'nothing has changed')

  files.write('orgs.yaml', orgs('header_env: NEXT_SECRET'))
  t.match(await hangUp(), { event: 'secrets.reloaded', changed: ['ORGS_FILE'] })
  t.same([await bolt(secrets.BOLT_SECRET), await bolt(secrets.NEXT_SECRET)], [401, 200])
  t.notMatch(await namesInside(), /BOLT_SECRET|NEXT_SECRET/u)

  const again = runGateway(t, {
    ORGS_FILE: files.write('orgs.yaml', orgs('header_env: okta:a-secret-in-the-wrong-place'))
  })
  const mixedUp = runGateway(t, {
    ORGS_FILE: files.write('acme', 'okta:acme-password-1'),
    ADMIN_SECRET_FILE: files.write('acme', 'okta:acme-password-1')
  })
  t.equal(await again.ended, 1)
  t.match(again.stderr(), /orgs\.yaml:9:17 E100 "header_env" holds no name of a variable/u)
  t.equal(await mixedUp.ended, 1)
  t.match(mixedUp.stderr(), /ORGS_FILE names the same file as ADMIN_SECRET_FILE/u)
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
  for (const one of [gateway, again, mixedUp]) {
    t.notMatch(one.stdout() + one.stderr(), /password-\d|-of-the-test|wrong-place/u)
  }
})
