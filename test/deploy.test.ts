import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { SETTING_NAMES } from '../src/settings/variables.ts'

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const packageJson = JSON.parse(read('package.json'))

t.test('the compose file runs the sandbox by default, locked down', async (t) => {
  const { services } = parse(read('docker-compose.yml'))
  const { switchboard } = services
  t.match(switchboard, {
    build: '.',
    read_only: true,
    cap_drop: ['ALL'],
    environment: { SANDBOX: '${SANDBOX:-auto}', PORT: '3000', SANDBOX_PORT: '3001' },
    env_file: [{ path: '.env', required: false }]
  })
  // The hook, the sandbox, the console: for this machine alone.
  t.same(
    switchboard.ports,
    [3000, 3001, 3002].map((port) => `127.0.0.1:${port}:${port}`)
  )
  t.match(switchboard.environment, { ADMIN_HOST: '${ADMIN_HOST-0.0.0.0}', ADMIN_PORT: '3002' })
  for (const name of Object.keys(switchboard.environment)) {
    t.ok(
      SETTING_NAMES.some((known) => known === name),
      name
    )
  }
  for (const volume of switchboard.volumes) {
    t.ok(existsSync(new URL(`../${volume.split(':')[0]}`, import.meta.url)), volume)
  }
})

t.test('what runs in production is no development dependency', async (t) => {
  const lock = JSON.parse(read('package-lock.json'))
  for (const name of Object.keys(packageJson.dependencies)) {
    t.not(lock.packages[`node_modules/${name}`].dev, true, name)
  }
  for (const name of Object.keys(packageJson.optionalDependencies)) {
    t.match(lock.packages[`node_modules/${name}`], { optional: true, integrity: /^sha512-/u }, name)
  }
})
