import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { keyTable } from '../src/rules/key-table.ts'
import { parseRules } from '../src/rules/parse.ts'
import { SETTING_NAMES } from '../src/settings/variables.ts'
import { NOW, runWith } from './fixtures/commands-io.ts'

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')

t.test('docs/routing.md shows what commands really print, and every key', async (t) => {
  const page = new URL('../docs/routing.md', import.meta.url)
  let text = read('docs/routing.md')
  for (const [block, line = '', printed] of text.matchAll(
    /```console\n\$ switchboard ([^\n]+)\n([^]*?)```/gu
  )) {
    const { out, err } = await runWith(line.split(' '))
    // UPDATE_REPORTS=1 node test/docs.test.ts writes them anew, to be read in the diff.
    if (process.env['UPDATE_REPORTS'] === '1') {
      text = text.replace(block, () => `\`\`\`console\n$ switchboard ${line}\n${out}\`\`\``)
    } else t.equal(printed, out, line)
    t.equal(err, '', line)
  }
  if (process.env['UPDATE_REPORTS'] === '1') writeFileSync(page, text)
  t.ok(text.includes(keyTable()), 'is fresh; if not: node src/rules/write-schema.ts')
  const least = /```yaml\n(version: 1[^]*?)```/u.exec(text)?.[1] ?? ''
  const parsed = parseRules(least, 'least.yaml', { nowMs: NOW })
  t.match(parsed, { kind: 'ok', warnings: [{ code: 'W202' }] }, 'the least file that there is')
})

t.test('docs/going-live.md shows what init really prints, and every variable of its commands', async (t) => {
  const page = read('docs/going-live.md')
  const [, line = '', printed] = /```console\n\$ switchboard ([^\n]+)\n([^]*?)```/u.exec(page) ?? []
  const nowhere = {
    readFile: () => null,
    writeFile: async () => undefined,
    writeSecretFile: async () => undefined
  }
  t.equal((await runWith(line.split(' '), nowhere)).out, printed)
  const commands = readdirSync(new URL('../src/commands', import.meta.url)).filter((name) =>
    name.startsWith('okta')
  )
  const names = commands.flatMap((name) => read(`src/commands/${name}`).match(/'OKTA_[A-Z_]+'/gu) ?? [])
  t.ok(new Set(names).size > 5)
  for (const name of names) t.ok(page.includes(`\`${name.slice(1, -1)}\``), name)
})

t.test('every code of docs/rule-faults.md has a wrong and a right example', async (t) => {
  const sections = read('docs/rule-faults.md').split(/^## /mu).slice(1)
  t.ok(sections.length > 30)
  for (const section of sections) {
    const code = section.slice(0, 4)
    // These speak of the file as a whole.
    if (code === 'E190') continue
    t.match(section, /```yaml\n# wrong[^]*# right/u, code)
  }
})

t.test('the README has every setting', async (t) => {
  const readme = read('README.md')
  for (const name of SETTING_NAMES) t.ok(readme.includes(`\`${name}\``), name)
})

t.test('every link between pages leads somewhere', async (t) => {
  const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md']
  const docs = readdirSync(new URL('../docs', import.meta.url), { recursive: true, encoding: 'utf8' })
  for (const page of [
    ...pages,
    ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)
  ]) {
    for (const [, target = ''] of read(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/gu)) {
      if (/^https?:/u.test(target)) continue
      const url = new URL(target, new URL(`../${page}`, import.meta.url))
      t.ok(existsSync(url), `${page}: ${target}`)
    }
  }
})
