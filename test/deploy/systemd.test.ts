import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { SECRET_NAMES, SETTING_NAMES } from '../../src/settings/variables.ts'

const root = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')

const UNIT = new URL('deploy/systemd/switchboard.service', root).pathname
const unit = readFileSync(UNIT, 'utf8')
const valuesOf = (key: string): readonly string[] =>
  [...unit.matchAll(new RegExp(`^${key}=(.*)$`, 'gmu'))].map(([, value = '']) => value)

const systemd = spawnSync('systemd-analyze', ['--version'])
const skip = systemd.status === 0 ? false : 'no systemd is installed here'

t.test(
  'systemd finds no fault in the unit, and little that it could still be kept from',
  { skip },
  async (t) => {
    const { stderr } = spawnSync('systemd-analyze', ['verify', UNIT], { encoding: 'utf8' })
    const faults = stderr
      .split('\n')
      // Nobody has installed it here.
      .filter(
        (line) =>
          line !== '' && !line.includes('/opt/switchboard/') && !line.includes('switchboard.service: Command')
      )
    t.same(faults, [])

    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', UNIT], {
      encoding: 'utf8'
    })
    const exposure = Number(/exposure level for \S+: ([\d.]+)/u.exec(stdout)?.[1])
    t.ok(exposure < 2, `exposure ${exposure} of 10`)
  }
)

t.test('it starts what is there, with settings that there are, and secrets as files', async (t) => {
  t.same(valuesOf('ExecStart'), ['/opt/switchboard/node_modules/.bin/node bin/switchboard.js start'])
  t.ok(existsSync(new URL('bin/switchboard.js', root)))
  t.ok(existsSync(new URL('node_modules/.bin/node', root)))
  t.ok(existsSync(new URL('docs/operations.md', root)))

  const names = valuesOf('Environment').flatMap((line) => line.split(' ').map((pair) => pair.split('=')))
  for (const [name = '', value = ''] of names) {
    if (name.startsWith('NODE_')) continue
    const secret = SECRET_NAMES.find((one) => `${one}_FILE` === name)
    t.ok(secret !== undefined || SETTING_NAMES.some((one) => one === name), name)
    if (secret === undefined) continue
    t.equal(value, `%d/${secret}`)
    t.ok(valuesOf('LoadCredential').includes(`${secret}:/etc/switchboard/secrets/${secret}`), secret)
  }
  t.equal(valuesOf('LoadCredential').length, 4)
})

t.test('it has the time to answer what it has', async (t) => {
  const stopWithinMs = Number(
    /^const STOP_WITHIN_MS = ([\d_]+)$/mu.exec(read('src/main.ts'))?.[1]?.replaceAll('_', '')
  )
  t.ok(Number(valuesOf('TimeoutStopSec')[0]) >= stopWithinMs / 1000 + 2)
  t.same(valuesOf('KillSignal'), ['SIGTERM'])
  t.match(valuesOf('ExecReload'), [/-HUP/u])
})
